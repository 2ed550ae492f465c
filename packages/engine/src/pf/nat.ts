import { type Address, copyPacket, type Packet, PROTOCOL } from "@pierhead/core";
import { ICMP, ICMP6, IN, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { translateFamily } from "./family-translation.ts";
import { POOL } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { combine, type FirstAddress, mapAddress } from "./pool.ts";
import { decreaseStates } from "./pool-states.ts";
import type { SourceAndPort } from "./port-search.ts";
import type { RuleContext } from "./rule-context.ts";
import { NODE } from "./source-node.ts";

/**
 * Works out what a rule translates addresses and ports to (`pf_get_transaddr()`). The description holds the result;
 * the packet itself changes when its state is made.
 *
 * @returns false when there is no address or port to be had: the packet is dropped
 */
export function translate(core: FilterCore, rule: LoadedRule, context: RuleContext): boolean {
  const packet = context.description;
  if (packet.family !== packet.newFamily) {
    const { newFamily } = packet;
    return translateFamily(rule, context, {
      source: () => allocateSource(core, rule, context),
      destination: (pool, source) => mapAddress(core, newFamily, rule, source, null, context.nodes, pool, NODE.rdr),
      keepsPort: false,
    });
  }
  if (rule.nat === null && rule.rdr === null) return true;
  const before = context.steps === null ? null : snapshot(context);
  if (rule.nat !== null) {
    const allocated = allocateSource(core, rule, context);
    if (allocated === null) return false;
    const previous = context.natRule?.nat ?? null;
    if (previous !== null && previous.type === POOL.leastStates) decreaseStates(previous, packet.newSource);
    context.natRule = rule;
    packet.newSource = allocated.address;
    packet.newSourcePort = allocated.port;
  }
  if (rule.rdr !== null) {
    const pool = rule.rdr;
    let mapped = mapAddress(core, packet.family, rule, packet.newSource, null, context.nodes, pool, NODE.rdr);
    if (mapped === null) return false;
    if (pool.type === POOL.bitmask) {
      mapped = combine({ address: mapped, length: pool.address.length }, packet.newDestination);
    }
    let port = 0;
    if (pool.portHigh !== 0) {
      const span = (pool.portHigh - pool.portLow + 1) & 0xffff || 1;
      // Below the rule's first port the difference is negative, and then a very large unsigned number.
      const shifted = (((packet.newDestinationPort - rule.destination.portFirst) % span) + pool.portLow) >>> 0;
      port = (shifted > 65_535 ? shifted - 65_535 : shifted) & 0xffff;
    } else port = pool.portLow;
    const previous = context.natRule?.rdr ?? null;
    if (previous !== null && previous.type === POOL.leastStates) decreaseStates(previous, packet.newDestination);
    context.natRule = rule;
    packet.newDestination = mapped;
    if (port !== 0) packet.newDestinationPort = port;
  }
  if (before !== null) {
    const what = rule.nat !== null && rule.rdr !== null ? "binat" : rule.nat !== null ? "nat" : "rdr";
    context.steps?.push({ kind: "translate", rule: rule.rule, what, before, after: snapshot(context) });
  }
  return true;
}

/** The packet as rules see it now. */
export function snapshot(context: RuleContext): Packet {
  const { description } = context;
  const packet = copyPacket(description.packet);
  packet.family = description.newSource.family;
  packet.source = description.newSource;
  packet.destination = description.newDestination;
  if (description.hasPorts) {
    packet.sourcePort = description.newSourcePort;
    packet.destinationPort = description.newDestinationPort;
  }
  return packet;
}

/** Finds a source address and a port that no other state uses toward this destination (`pf_get_sport()`). */
export function allocateSource(core: FilterCore, rule: LoadedRule, context: RuleContext): SourceAndPort | null {
  const packet = context.description;
  const pool = rule.nat;
  if (pool === null) return null;
  const first: FirstAddress = { address: null };
  const family = packet.newFamily;
  const { protocol } = packet;
  const source = packet.newSource;
  const take = (): Address | null => mapAddress(core, family, rule, source, first, context.nodes, pool, NODE.nat);
  let address = take();
  if (address === null) return null;
  let low = pool.portLow;
  let high = pool.portHigh;
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) {
    const echo = protocol === PROTOCOL.icmp ? ICMP.echo : ICMP6.echoRequest;
    // Other messages have no id to change; the kernel leaves the port at 0.
    if (packet.newDestinationPort !== echo) return { address, port: 0 };
    low = 1;
    high = 65_535;
  }
  const hasPorts =
    protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6;
  const side = packet.direction === IN ? OUT : IN;
  const sourceFirst = packet.sourceIndex === 0;
  // In a network the kernel may never come back to where it began; nobody waits for that.
  for (let tries = 0; tries < MOST_ADDRESSES; tries++) {
    const from: Address = address;
    const isFree = (port: number): boolean =>
      !core.states.isTaken(
        family,
        protocol,
        sourceFirst ? from : packet.newDestination,
        sourceFirst ? packet.newDestination : from,
        sourceFirst ? port : packet.newDestinationPort,
        sourceFirst ? packet.newDestinationPort : port,
        packet.routingDomain,
        side,
      );
    if (!hasPorts || (low === 0 && high === 0)) {
      if (isFree(packet.newSourcePort)) return { address, port: packet.newSourcePort };
    } else if (low === high) {
      if (isFree(low)) return { address, port: low };
    } else {
      const port = searchPort(core, Math.min(low, high), Math.max(low, high), protocol, isFree);
      if (port !== 0) return { address, port };
    }
    if (pool.type !== POOL.random && pool.type !== POOL.roundRobin && pool.type !== POOL.leastStates) return null;
    // No port left for this address: the pool may have another.
    address = take();
    if (address === null) return null;
    if (first.address === null ? address.isUnspecified() : address.equals(first.address)) return null;
  }
  return null;
}

const MOST_ADDRESSES = 1024;

/** From a random port up, then from there down. @returns 0 when all are taken */
function searchPort(
  core: FilterCore,
  low: number,
  high: number,
  protocol: number,
  isFree: (port: number) => boolean,
): number {
  const bad =
    protocol === PROTOCOL.tcp ? core.kernel.badPortsTcp : protocol === PROTOCOL.udp ? core.kernel.badPortsUdp : null;
  const cut = core.randomBelow(1 + high - low) + low;
  const isIcmp = bad === null;
  core.possible.push({ what: isIcmp ? "ICMP id" : "source port", outcomes: [`${low}-${high}`] });
  for (let port = cut; port <= high; port++) if (isFree(port) && bad?.has(port) !== true) return port;
  for (let port = cut - 1; port >= low; port--) if (isFree(port) && bad?.has(port) !== true) return port;
  return 0;
}
