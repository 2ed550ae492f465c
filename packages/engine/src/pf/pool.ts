import { Address, type Family, maskWord } from "@pierhead/core";
import type { FilterCore } from "./core.ts";
import { ADDRESS } from "./loaded-address.ts";
import { type LoadedPool, POOL, ZERO4, ZERO6 } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { increaseStates, poolTable } from "./pool-states.ts";
import { type SipKey, sipHash24 } from "./siphash.ts";
import type { NodeSlots } from "./source-node.ts";
import { findSticky, insertNode, removeNode } from "./source-tracking.ts";
import type { AddressTable, Entry } from "./table.ts";

/** The first address a pool gave during one search for a port: the search ends when it comes round again. */
export interface FirstAddress {
  address: Address | null;
}

/** Network that an address of a pool came from. */
export interface Block {
  readonly address: Address;
  readonly length: number;
}

/**
 * Takes the next address of a pool (`pf_map_addr()` of OpenBSD).
 *
 * @returns null when the pool has none to give
 */
export function mapAddress(
  core: FilterCore,
  family: Family,
  rule: LoadedRule,
  source: Address,
  first: FirstAddress | null,
  nodes: NodeSlots,
  pool: LoadedPool,
  type: number,
): Address | null {
  if (nodes[type] === null && pool.sticky && pool.type !== POOL.none) {
    const sticky = findSticky(core, rule, source, nodes, pool, type);
    if (sticky !== null) return sticky;
  }
  const mapped = nextAddress(core, family, source, first, pool);
  if (mapped === null) return null;
  if (pool.sticky) {
    const node = nodes[type];
    if (node != null) {
      removeNode(core, node);
      nodes[type] = null;
    }
    if (!insertNode(core, nodes, rule, type, family, source, mapped, pool.kif)) return null;
  }
  return mapped;
}

function nextAddress(
  core: FilterCore,
  family: Family,
  source: Address,
  first: FirstAddress | null,
  pool: LoadedPool,
): Address | null {
  const wanted = pool.address;
  const table = poolTable(wanted);
  let block: Block;
  if (wanted.kind === ADDRESS.noRoute) return null;
  if (wanted.dynamic !== null) {
    wanted.dynamic.refresh();
    const count = family === 4 ? wanted.dynamic.count4 : wanted.dynamic.count6;
    if (count < 1 && !pool.isDynamicType) return null;
    block = (family === 4 ? wanted.dynamic.first4 : wanted.dynamic.first6) ?? EMPTY;
  } else if (table !== null) {
    if (!pool.isDynamicType) return null;
    block = EMPTY;
  } else block = { address: inFamily(wanted.address ?? ZERO4, family), length: wanted.length };

  switch (pool.type) {
    case POOL.none:
      return block.address;
    case POOL.bitmask:
      return combine(block, source);
    case POOL.random:
      return randomAddress(core, family, first, pool, block, table);
    case POOL.sourceHash:
      return hashedAddress(core, family, source, pool, block, table);
    case POOL.roundRobin:
      return roundRobin(family, first, pool, block, table);
    default:
      return leastStates(family, first, pool, block, table);
  }
}

const EMPTY: Block = { address: ZERO4, length: 0 };

function randomAddress(
  core: FilterCore,
  family: Family,
  first: FirstAddress | null,
  pool: LoadedPool,
  block: Block,
  table: AddressTable | null,
): Address | null {
  if (table !== null) {
    const active = table.select();
    if (active === null) return null;
    pool.tableIndex = active.size === 0 ? 0 : core.randomBelow(active.size);
    pool.counter = null;
    noteChoice(core, active, family);
    return takeFromTable(pool, family) === null ? null : pool.counter;
  }
  return randomInBlock(core, family, first, pool, block);
}

/** A random address of a network; the next one when this search already has its first. */
export function randomInBlock(
  core: FilterCore,
  family: Family,
  first: FirstAddress | null,
  pool: LoadedPool,
  block: Block,
): Address {
  if (first !== null && isZero(first.address)) {
    const counter = pool.counterIn(family);
    const words: [number, number, number, number] = [counter.w0, counter.w1, counter.w2, counter.w3];
    for (let i = family === 4 ? 0 : 3; i >= 0; i--) {
      const mask = maskWord(block.length, i);
      // A word that is not fixed at all counts to 2^32, which the kernel's 32 bits take for nothing.
      if (mask === 0xffffffff) break;
      words[i] = core.randomBelow((~mask >>> 0) + 1 > 0xffffffff ? 0 : (~mask >>> 0) + 1);
    }
    pool.counter = new Address(family, ...words);
    const mapped = combine(block, pool.counter);
    core.possible.push({ what: "pool address", outcomes: [`${block.address}/${block.length}`] });
    first.address = mapped;
    return mapped;
  }
  pool.counter = increase(pool.counterIn(family));
  return combine(block, pool.counter);
}

function hashedAddress(
  core: FilterCore,
  family: Family,
  source: Address,
  pool: LoadedPool,
  block: Block,
  table: AddressTable | null,
): Address | null {
  if (pool.hashKey === null) {
    pool.hashKey = { words: [core.random(), core.random(), core.random(), core.random()] };
  }
  const keyed = pool.pool.hashKey !== null;
  const { low, high } = hashAddress(pool.hashKey, source);
  if (table !== null) {
    const active = table.select();
    if (active === null) return null;
    const hash = (BigInt(high) << 32n) | BigInt(low);
    pool.tableIndex = active.size === 0 ? 0 : Number(hash % BigInt(active.size));
    pool.counter = null;
    if (!keyed) noteChoice(core, active, family);
    return takeFromTable(pool, family) === null ? null : pool.counter;
  }
  if (!keyed) core.possible.push({ what: "pool address", outcomes: [`${block.address}/${block.length}`] });
  return combine(block, hashAsAddress(family, low, high));
}

/** A hash as the kernel writes it over an address: little-endian numbers in the place of network order. */
export function hashAsAddress(family: Family, low: number, high: number): Address {
  return family === 4
    ? new Address(4, turn(low))
    : new Address(6, turn(low), turn(high), turn(~high >>> 0), turn(~low >>> 0));
}

function roundRobin(
  family: Family,
  first: FirstAddress | null,
  pool: LoadedPool,
  block: Block,
  table: AddressTable | null,
): Address | null {
  let from = block;
  if (table !== null) {
    let taken = takeFromTable(pool, family);
    if (taken === null) {
      // The address in turn may have been removed: start again.
      pool.counter = null;
      taken = takeFromTable(pool, family);
      if (taken === null) return null;
    }
    from = taken;
    if (table.costEntries > 0) {
      do {
        taken = takeFromTable(pool, family);
        if (taken === null) return null;
        from = taken;
        if (pool.weight >= pool.currentWeight) break;
        pool.counter = increase(pool.counterIn(family));
      } while (pool.counter !== null);
    }
  } else if (isZero(pool.counterIn(family))) {
    if (block.length === block.address.bits) return block.address;
  } else if (pool.counterIn(family).isIn(block.address, block.length)) return null;
  const counter = pool.counterIn(family);
  const mapped = combine(from, counter);
  if (first !== null && isZero(first.address)) first.address = counter;
  pool.counter = increase(counter);
  return mapped;
}

function leastStates(
  family: Family,
  first: FirstAddress | null,
  pool: LoadedPool,
  block: Block,
  table: AddressTable | null,
): Address | null {
  let from: Block | null = block;
  if (table !== null) {
    from = takeFromTable(pool, family);
    if (from === null) {
      pool.counter = null;
      from = takeFromTable(pool, family);
      if (from === null) return null;
    }
  } else if (pool.counterIn(family).isIn(block.address, block.length)) return null;
  const weighted = (table?.costEntries ?? 0) > 0;
  const loadOf = (): number => (weighted ? Math.trunc((65_535 * pool.states) / pool.weight) : pool.states);
  let states = pool.states;
  let load = loadOf();
  let kif = pool.kif;
  const start = pool.counterIn(family);
  let mapped = start;
  if (first !== null && isZero(first.address)) first.address = mapped;
  // Once round the whole table, looking for the address with the least to do.
  do {
    pool.counter = increase(pool.counterIn(family));
    if (table !== null) {
      from = takeFromTable(pool, family);
      if (from === null) return null;
    } else if (pool.counterIn(family).isIn(block.address, block.length)) return null;
    if (loadOf() < load) {
      states = pool.states;
      load = loadOf();
      kif = pool.kif;
      mapped = pool.counterIn(family);
      if (first !== null && isZero(first.address)) first.address = mapped;
    }
  } while (states > 0 && !start.isIn(pool.counterIn(family).masked(from.length), from.length));
  if (!increaseStates(pool, mapped)) return null;
  pool.kif = kif;
  return mapped;
}

/**
 * The address in turn of a table (`pfr_pool_get()`): the pool's counter when it still lies in the entry in turn, else
 * the first address of the next entry. Entries nested in others are left out.
 *
 * @returns the entry the address is of; null when there is none
 */
export function takeFromTable(
  pool: LoadedPool,
  family: Family,
  loopOnce = false,
  skipsLinkLocal: boolean = pool.address.dynamic !== null,
): Entry | null {
  const wanted = pool.address;
  const table = poolTable(wanted)?.select() ?? null;
  if (table === null) return null;
  const set = table.set(family);
  let index = pool.tableIndex;
  let useCounter = true;
  if (index < 0 || index >= table.size) {
    index = 0;
    useCounter = false;
  }
  const start = index;
  let looped = false;
  for (;;) {
    if (looped && start === index) break;
    let entry = set.positive(index);
    if (entry === null) {
      if (looped || loopOnce) break;
      entry = set.positive(0);
      if (entry === null) break;
      index = 0;
      looped = true;
    }
    if (index === 0 && useCounter && table.costEntries > 0) {
      pool.currentWeight -= table.weightDivisor;
      if (pool.currentWeight < 1) pool.currentWeight = table.maximumWeight;
    }
    let address = entry.address;
    const counter = pool.counterIn(family);
    if (useCounter && !isZero(counter)) {
      if (!counter.isIn(entry.address, entry.length)) {
        index++;
        useCounter = false;
        continue;
      }
      address = counter;
    }
    const found = entry.isNetwork
      ? skipNested(table, entry, address, skipsLinkLocal)
      : skipsLinkLocal && isLinkLocal6(address)
        ? null
        : address;
    if (found === null) {
      index++;
      // Past a network the counter says nothing about the next one; past a single address it is still asked.
      if (entry.isNetwork) useCounter = false;
      continue;
    }
    pool.counter = found;
    pool.tableIndex = index;
    table.matched++;
    pool.states = entry.states;
    pool.weight = entry.weight;
    pool.entryInterface = entry.interface;
    return entry;
  }
  table.notMatched++;
  return null;
}

/** First address from `start` on that belongs to `entry` and to no entry inside it; null when there is none. */
function skipNested(table: AddressTable, entry: Entry, start: Address, dynamic: boolean): Address | null {
  let address = start;
  for (;;) {
    const owner = table.set(address.family).lookup(address);
    if (owner === entry && !(dynamic && isLinkLocal6(address))) return address;
    // The kernel takes the mask of an IPv6 entry for none here: nested IPv6 networks end the search in this entry.
    if (owner === null || address.family === 6) return null;
    address = increase(address.filled(owner.length));
    if (!address.isIn(entry.address, entry.length)) return null;
  }
}

export function noteChoice(core: FilterCore, table: AddressTable, family: Family): void {
  const outcomes: string[] = [];
  for (const entry of table.set(family).entries()) if (!entry.negated) outcomes.push(`${entry.address}`);
  if (outcomes.length > 1) core.possible.push({ what: "pool address", outcomes });
}

/** `pf_hash()`. */
export function hashAddress(key: SipKey, address: Address): { readonly low: number; readonly high: number } {
  const octets = new Uint8Array(address.family === 4 ? 4 : 16);
  for (let i = 0; i < octets.length; i++) octets[i] = (address.word(i >> 2) >>> (24 - (i & 3) * 8)) & 255;
  return sipHash24(key, octets);
}

/** `pf_poolmask()`: the network of a block with the host part of another address. */
export function combine(block: Block, host: Address): Address {
  const { address, length } = block;
  const word = (i: number): number =>
    ((address.word(i) & maskWord(length, i)) | (host.word(i) & ~maskWord(length, i))) >>> 0;
  return address.family === 4 ? new Address(4, word(0)) : new Address(6, word(0), word(1), word(2), word(3));
}

/** The next address, wrapping at the last one (`pf_addr_inc()`). */
export function increase(address: Address): Address {
  return address.next() ?? (address.family === 4 ? ZERO4 : ZERO6);
}

function inFamily(address: Address, family: Family): Address {
  return address.family === family ? address : new Address(family, address.w0, address.w1, address.w2, address.w3);
}

export function isZero(address: Address | null): boolean {
  return address === null || address.isUnspecified();
}

function isLinkLocal6(address: Address): boolean {
  return address.family === 6 && address.isLinkLocal();
}

function turn(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0;
}
