import type { Address, Family } from "@pierhead/core";
import type { FilterCore } from "./core.ts";
import type { Kif } from "./interface-table.ts";
import { ADDRESS } from "./loaded-address.ts";
import { type LoadedPool, POOL, ZERO4, ZERO6 } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import {
  type Block,
  combine,
  type FirstAddress,
  hashAddress,
  hashAsAddress,
  increase,
  isZero,
  noteChoice,
  randomInBlock,
  takeFromTable,
} from "./pool.ts";
import { poolTable } from "./pool-states.ts";

/** An address of a pool with the interface it is reached by. */
export interface Mapped {
  readonly address: Address;
  readonly kif: Kif | null;
}

/** What a pool is asked for. */
export interface PoolRequest {
  readonly rule: LoadedRule;
  readonly pool: LoadedPool;
  /** Address the choice depends on, and whose source node is looked for. */
  readonly source: Address;
  /** Family of the packet; `prefer-ipv6-nexthop` may answer an IPv4 packet with an IPv6 address. */
  readonly family: Family;
  /** Kind of source node ({@link NODE}), and the family its address is looked for in. */
  readonly node: number;
  readonly nodeFamily: Family;
  readonly first: FirstAddress | null;
  /** Address the caller has now: a sticky pool has no other. */
  readonly present: Address | null;
}

/**
 * Takes the next address of a pool that is a list, as pools of FreeBSD and the 4.6 family are (`pf_map_addr_sn()`).
 *
 * @returns null when the pool has none to give
 */
export function mapFromList(core: FilterCore, request: PoolRequest): Mapped | null {
  const { pool, rule, source } = request;
  // Under af-to the node of the other family is looked for, and not found.
  if (pool.sticky && pool.type !== POOL.none && request.nodeFamily === source.family) {
    const node = core.sourceNodes.find(rule, request.node, source);
    if (node !== null && node.mapped !== null && !node.mapped.isUnspecified()) {
      if (request.present?.equals(node.mapped) === true) return null;
      return { address: node.mapped, kif: node.kif };
    }
  }
  const address = nextOfList(core, request);
  return address === null ? null : { address, kif: memberOf(pool).kif };
}

function memberOf(pool: LoadedPool): LoadedPool["members"][number] {
  return pool.members[pool.current] as LoadedPool["members"][number];
}

function nextOfList(core: FilterCore, request: PoolRequest): Address | null {
  const { pool, source } = request;
  const wanted = pool.address;
  if (wanted.kind === ADDRESS.noRoute) return null;
  let family = request.family;
  const listed = wanted.address?.family ?? 0;
  const hasTable = poolTable(wanted) !== null;
  const single =
    pool.type === POOL.none ||
    pool.type === POOL.bitmask ||
    ((pool.type === POOL.random || pool.type === POOL.sourceHash) && !hasTable);
  if (single) {
    if (pool.pool.preferIpv6NextHop) {
      if (listed === 4 && family === 6) return null;
      if (listed !== 0) family = listed;
    } else if (listed !== 0 && listed !== family) return null;
  }
  if (hasTable && pool.type !== POOL.roundRobin && wanted.dynamic === null && !pool.isDynamicType) return null;
  const block = pool.type === POOL.roundRobin ? null : blockOf(pool, family);
  if (block === null && pool.type !== POOL.roundRobin && !hasTable) return null;
  switch (pool.type) {
    case POOL.none:
      return block === null ? null : block.address;
    case POOL.bitmask:
      return block === null ? null : combine(block, source);
    case POOL.random:
      return hasTable
        ? chosenFromTable(core, request, (size) => core.randomBelow(size), true)
        : randomInBlock(core, family, request.first, pool, block as Block);
    case POOL.sourceHash:
      return hashed(core, request, family, block, hasTable);
    case POOL.roundRobin:
      return inTurn(request);
    default:
      return null;
  }
}

/** Network of the member in turn; null for a table, or a dynamic address that has none of this family. */
function blockOf(pool: LoadedPool, family: Family): Block | null {
  const wanted = pool.address;
  if (wanted.dynamic !== null) {
    wanted.dynamic.refresh();
    return family === 4 ? wanted.dynamic.first4 : wanted.dynamic.first6;
  }
  if (wanted.table !== null) return null;
  const address = wanted.address ?? (family === 4 ? ZERO4 : ZERO6);
  return { address, length: wanted.length };
}

function hashed(
  core: FilterCore,
  request: PoolRequest,
  family: Family,
  block: Block | null,
  hasTable: boolean,
): Address | null {
  const { pool, source } = request;
  pool.hashKey ??= { words: [core.random(), core.random(), core.random(), core.random()] };
  const keyed = pool.pool.hashKey !== null;
  const { low, high } = hashAddress(pool.hashKey, source);
  if (hasTable) {
    const hash = (BigInt(high) << 32n) | BigInt(low);
    return chosenFromTable(core, request, (size) => Number(hash % BigInt(size)), !keyed);
  }
  if (block === null) return null;
  if (!keyed) core.possible.push({ what: "pool address", outcomes: [`${block.address}/${block.length}`] });
  return combine(block, hashAsAddress(family, low, high));
}

/** An entry of the table by number; with `prefer-ipv6-nexthop` an IPv4 one only when there is no other. */
function chosenFromTable(
  core: FilterCore,
  request: PoolRequest,
  choose: (size: number) => number,
  isRandom: boolean,
): Address | null {
  const { pool, family } = request;
  const active = poolTable(pool.address)?.select() ?? null;
  if (active === null) return null;
  pool.tableIndex = active.size === 0 ? 0 : choose(active.size);
  pool.counter = null;
  const prefers = pool.pool.preferIpv6NextHop;
  const families: readonly Family[] = prefers ? (family === 4 ? [6, 4] : [6]) : [family];
  for (const one of families) {
    if (takeFromTable(pool, one, false, true) === null) continue;
    if (isRandom) noteChoice(core, active, one);
    return pool.counter;
  }
  return null;
}

/** Round-robin over all members, each walked through to its end. */
function inTurn(request: PoolRequest): Address | null {
  const { pool, family, first } = request;
  const prefers = pool.pool.preferIpv6NextHop;
  const begun = pool.current;
  let found: Address | null = null;
  for (;;) {
    const wanted = prefers ? pool.nextHopFamily : family;
    found = continueMember(pool, wanted);
    if (found !== null || !prefers || family !== 4 || wanted !== 6) break;
    pool.tableIndex = -1;
    pool.nextHopFamily = 4;
  }
  while (found === null) {
    pool.nextHopFamily = 6;
    pool.current = (pool.current + 1) % pool.members.length;
    for (;;) {
      pool.tableIndex = -1;
      const wanted = prefers ? pool.nextHopFamily : family;
      found = beginMember(pool, wanted);
      if (found !== null || !prefers || family !== 4 || wanted !== 6) break;
      pool.nextHopFamily = 4;
    }
    if (found === null && pool.current === begun) return null;
  }
  if (first !== null && isZero(first.address)) first.address = found;
  pool.counter = increase(found);
  return found;
}

/** The next address of the member in turn, while its counter is in it. */
function continueMember(pool: LoadedPool, family: Family): Address | null {
  const wanted = pool.address;
  if (poolTable(wanted) !== null) {
    wanted.dynamic?.refresh();
    return takeFromTable(pool, family, true, wanted.dynamic !== null) === null ? null : pool.counterIn(family);
  }
  const block = blockOf(pool, family);
  if (block === null || block.address.family !== family) return null;
  const counter = pool.counterIn(family);
  return counter.isIn(block.address, block.length) ? counter : null;
}

/** The first address of a member that has just come to its turn. */
function beginMember(pool: LoadedPool, family: Family): Address | null {
  const wanted = pool.address;
  if (poolTable(wanted) !== null) {
    wanted.dynamic?.refresh();
    return takeFromTable(pool, family, true, wanted.dynamic !== null) === null ? null : pool.counterIn(family);
  }
  const address = wanted.address;
  if (address === null || address.family !== family) return null;
  pool.counter = address;
  return address;
}
