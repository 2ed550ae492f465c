import { type Address, type Family, PROTOCOL } from "@pierhead/core";
import { ICMP, ICMP6, IN, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { type LoadedPool, POOL } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { FirstAddress } from "./pool.ts";
import { mapFromList } from "./pool-list.ts";
import type { RuleContext } from "./rule-context.ts";
import { NODE } from "./source-node.ts";

export interface SourceAndPort {
  readonly address: Address;
  readonly port: number;
}

const MOST_ADDRESSES = 1024;

/**
 * Finds a source address and a port that no state uses toward this destination (`pf_get_sport()` of FreeBSD).
 *
 * @param present what the packet has now
 * @param maps whether `endpoint-independent` is looked at
 * @returns null when there is none
 */
export function allocateSource(
  core: FilterCore,
  rule: LoadedRule,
  context: RuleContext,
  pool: LoadedPool,
  lowest: number,
  highest: number,
  present: SourceAndPort,
  maps: boolean,
): SourceAndPort | null {
  const packet = context.description;
  const { protocol, newFamily: family } = packet;
  const source = packet.newSource;
  const isMapped = maps && protocol === PROTOCOL.udp && pool.pool.endpointIndependent;
  if (isMapped) {
    const known = core.udpMappings.acquire(source, packet.newSourcePort);
    if (known !== null) {
      context.udpMapping = known;
      return { address: known.outside, port: known.outsidePort };
    }
  }
  const first: FirstAddress = { address: null };
  let now: Address = present.address;
  const take = (): Address | null =>
    mapFromList(core, { rule, pool, source, family, node: NODE.nat, nodeFamily: family, first, present: now })
      ?.address ?? null;
  const taken = take();
  if (taken === null) return null;
  let address: Address = taken;
  let low = lowest;
  let high = highest;
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) {
    const echo = protocol === PROTOCOL.icmp ? ICMP.echo : ICMP6.echoRequest;
    const isIdentified = core.kernel.icmpKeys === "id" || packet.newDestinationPort === echo;
    if (!isIdentified) return { address, port: present.port };
    low = 1;
    high = 65_535;
  }
  const searches =
    (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.icmp) && (low !== 0 || high !== 0);
  const mapTo = (outside: Address, port: number): boolean => {
    if (!isMapped) return false;
    context.udpMapping = core.udpMappings.add(source, packet.newSourcePort, outside, port);
    return context.udpMapping !== null;
  };
  for (let tries = 0; tries < MOST_ADDRESSES; tries++) {
    const from = address;
    const isFree = (port: number): boolean => isFreeToward(core, context, packet.newFamily, from, port);
    const use = (port: number): boolean => (isMapped ? mapTo(from, port) : isFree(port));
    if (protocol === PROTOCOL.sctp && core.kernel.tracksSctp) {
      return isFree(packet.newSourcePort) ? { address, port: packet.newSourcePort } : null;
    }
    if (!searches) {
      if (isFree(packet.newSourcePort)) {
        mapTo(from, packet.newSourcePort);
        return { address, port: packet.newSourcePort };
      }
    } else if (low === high) {
      if (isFree(low) && use(low)) return { address, port: low };
    } else {
      const port = search(core, Math.min(low, high), Math.max(low, high), protocol, pool.pool.mapE === null, use);
      if (port !== 0) return { address, port };
    }
    if (pool.type !== POOL.random && pool.type !== POOL.roundRobin) return null;
    // No port left for this address: the pool may have another.
    now = address;
    const next = take();
    if (next === null) return null;
    address = next;
    if (first.address === null ? address.isUnspecified() : address.equals(first.address)) return null;
  }
  return null;
}

/** `map-e-portset`: ports of one port set of RFC 7597 only (`pf_get_mape_sport()`). */
export function allocateWithPortSet(
  core: FilterCore,
  rule: LoadedRule,
  context: RuleContext,
  pool: LoadedPool,
  set: { readonly offset: number; readonly length: number; readonly id: number },
  present: SourceAndPort,
): SourceAndPort | null {
  const block = 16 - set.offset;
  const shift = block - set.length;
  const identifier = (set.id & ((1 << set.length) - 1)) << shift;
  const last = (1 << shift) - 1;
  const blocks = (1 << set.offset) - 1;
  const cut = core.random() & blocks || 1;
  core.possible.push({ what: "source port", outcomes: portSets(blocks, block, identifier, last) });
  const attempt = (index: number): SourceAndPort | null => {
    const low = (index << block) | identifier;
    return allocateSource(core, rule, context, pool, low, low | last, present, true);
  };
  for (let index = cut; index <= blocks; index++) {
    const found = attempt(index);
    if (found !== null) return found;
  }
  for (let index = cut - 1; index > 0; index--) {
    const found = attempt(index);
    if (found !== null) return found;
  }
  return null;
}

function portSets(blocks: number, block: number, identifier: number, last: number): string[] {
  const sets: string[] = [];
  for (let index = 1; index <= blocks && index <= 16; index++) {
    const low = (index << block) | identifier;
    sets.push(`${low}-${low | last}`);
  }
  return sets;
}

/** Whether no state that answers would belong to has this source already. */
export function isFreeToward(
  core: FilterCore,
  context: RuleContext,
  family: Family,
  from: Address,
  port: number,
): boolean {
  const packet = context.description;
  const first = packet.sourceIndex === 0;
  return !core.states.isTaken(
    family,
    packet.protocol,
    first ? from : packet.newDestination,
    first ? packet.newDestination : from,
    first ? port : packet.newDestinationPort,
    first ? packet.newDestinationPort : port,
    0,
    packet.direction === IN ? OUT : IN,
  );
}

/** From a random port up, then from there down. @returns 0 when none will do */
function search(
  core: FilterCore,
  low: number,
  high: number,
  protocol: number,
  notes: boolean,
  use: (port: number) => boolean,
): number {
  const bad = protocol === PROTOCOL.tcp ? core.kernel.badPortsTcp : core.kernel.badPortsUdp;
  const cut = core.randomBelow(1 + high - low) + low;
  const what = protocol === PROTOCOL.icmp ? "ICMP id" : "source port";
  if (notes) core.possible.push({ what, outcomes: [`${low}-${high}`] });
  for (let port = cut; port <= high; port++) if (!bad.has(port) && use(port)) return port;
  for (let port = cut - 1; port >= low; port--) if (!bad.has(port) && use(port)) return port;
  return 0;
}
