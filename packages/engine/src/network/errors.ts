/** ICMP and ICMPv6 errors: when one may be sent, what it quotes, which address it comes from. */
import {
  Address,
  copyPacket,
  type Family,
  type IcmpHeader,
  type Packet,
  PROTOCOL,
  packetLength,
  plainPacket,
  transportHeaderLength,
} from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { PacketContext } from "../pf/types.ts";

/** An error by type and code of its own family. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU; 0 when the error carries none. */
  readonly mtu: number;
}

/** The errors forwarding makes, in both families (RFC 792, RFC 4443). */
export const ICMP_ERROR = {
  timeExceeded: (family: Family): IcmpError => ({ type: family === 4 ? 11 : 3, code: 0, mtu: 0 }),
  noRoute: (family: Family): IcmpError => ({ type: family === 4 ? 3 : 1, code: family === 4 ? 1 : 0, mtu: 0 }),
  hostUnreachable: (family: Family): IcmpError => ({ type: family === 4 ? 3 : 1, code: family === 4 ? 1 : 3, mtu: 0 }),
  beyondScope: (): IcmpError => ({ type: 1, code: 2, mtu: 0 }),
  rejectRoute: (): IcmpError => ({ type: 1, code: 6, mtu: 0 }),
  tooBig: (family: Family, mtu: number): IcmpError => ({ type: family === 4 ? 3 : 2, code: family === 4 ? 4 : 0, mtu }),
} as const;

/** Types of ICMP messages that are not errors (`ICMP_INFOTYPE`): an error about them is allowed. */
const INFORMATIONAL: ReadonlySet<number> = new Set([0, 8, 9, 10, 13, 14, 15, 16, 17, 18]);

/** Whether a packet came to all hosts of a link, by its address. */
function isLinkBroadcast(machine: Machine, destination: Address): boolean {
  if (destination.family === 6) return false;
  if (destination.w0 === 0xffffffff) return true;
  return machine.interfaces().some((one) => one.addresses.some((own) => own.broadcast?.equals(destination) === true));
}

/** Whether an error about this packet may be sent at all (RFC 1122 3.2.2, RFC 4443 2.4 e). */
export function mayComplain(machine: Machine, about: Packet, error: IcmpError): boolean {
  if (about.fragment !== null && about.fragment.offset > 0) return false;
  if (about.family === 4) {
    if (about.protocol === PROTOCOL.icmp && about.icmp !== null && !INFORMATIONAL.has(about.icmp.type)) return false;
    if (about.destination.isMulticast() || isLinkBroadcast(machine, about.destination)) return false;
    return !about.source.isMulticast() && !about.source.isUnspecified();
  }
  if (about.destination.isMulticast() && error.type !== 2) return false;
  if (about.source.isUnspecified() || about.source.isMulticast()) return false;
  if (about.protocol !== PROTOCOL.icmp6 || about.icmp === null) return true;
  return about.icmp.type >= 128 && about.icmp.type !== 137;
}

/**
 * The packet as an error quotes it. OpenBSD quotes the IP header and 8 octets; FreeBSD up to 548 octets after the
 * header (`net.inet.icmp.quotelen`); ICMPv6 as much as fits into 1280 octets. A negative payload length says that
 * the transport header itself is cut.
 */
export function quote(about: Packet, machine: Machine): Packet {
  const inner = copyPacket(about);
  if (inner.icmp !== null) inner.icmp.inner = null;
  const header = packetLength(about) - ipPayloadLength(about);
  const whole = ipPayloadLength(about);
  const room = about.family === 6 ? 1232 - header : machine.system.family === "freebsd" ? 548 : 8;
  inner.payloadLength = Math.min(whole, room) - transportHeaderLength(inner);
  return inner;
}

/**
 * What OpenBSD's IPv6 forwarding keeps of a packet for errors that come up later (`ip6_forward`): of the protocols it
 * knows no more than the header, when nothing stands between it and the IPv6 header. Shortens `about` in place.
 */
export function keepForErrors(about: Packet): void {
  if (about.fragment !== null || about.options.length > 0) return;
  const transport = transportHeaderLength(about);
  switch (about.protocol) {
    case PROTOCOL.tcp:
      about.payloadLength = Math.min(about.payloadLength, 60 - transport);
      break;
    case PROTOCOL.udp:
      about.payloadLength = Math.min(about.payloadLength, 0);
      break;
    case PROTOCOL.esp:
      about.payloadLength = Math.min(about.payloadLength, 8);
      break;
  }
}

/** Octets after the IP header and extension headers. */
export function ipPayloadLength(packet: Packet): number {
  const payload = packet.icmp?.inner
    ? Math.max(packet.payloadLength, quotedLength(packet.icmp.inner, packet.family))
    : packet.payloadLength;
  return transportHeaderLength(packet) + payload;
}

function quotedLength(inner: Packet, family: Family): number {
  return Math.min(packetLength(inner), family === 4 ? 28 : 1232);
}

/** A new ICMP or ICMPv6 packet. */
export function icmpPacket(
  source: Address,
  destination: Address,
  ttl: number,
  icmp: Partial<IcmpHeader> & { readonly type: number },
): Packet {
  const protocol = destination.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  const packet = plainPacket(source, destination, protocol, ttl);
  packet.icmp = { code: 0, id: 0, sequence: 0, mtu: 0, target: null, inner: null, ...icmp };
  return packet;
}

/** The unspecified address of a family. */
export function unspecified(family: Family): Address {
  return new Address(family, 0);
}

/** The error about a packet, from the address the system would choose; null when none may or can be sent. */
export function makeError(machine: Machine, about: Packet, error: IcmpError, context: PacketContext): Packet | null {
  if (!mayComplain(machine, about, error)) return null;
  const source = errorSource(machine, about, context);
  if (source === null) return null;
  return icmpPacket(source, about.source, errorTtl(machine, about.family), {
    ...error,
    inner: quote(about, machine),
  });
}

/** OpenBSD sends IPv4 errors with the largest TTL (`icmp_reflect`), everything else takes the default. */
export function errorTtl(machine: Machine, family: Family): number {
  if (family === 4 && machine.system.family !== "freebsd") return 255;
  return Number(machine.sysctls.get(family === 4 ? "net.inet.ip.ttl" : "net.inet6.ip6.hlim") ?? 64);
}

/**
 * The address an error about `about` comes from (`icmp_reflect`, `icmp6_reflect`): the one the packet was for, when
 * it is ours; else one of the link it would go back by. The unspecified address when output has to choose; null when
 * there is no way back.
 */
export function errorSource(machine: Machine, about: Packet, context: PacketContext): Address | null {
  const { family, source, destination } = about;
  if (machine.system.family === "freebsd") {
    if (!destination.isMulticast() && machine.ownerOf(destination) !== null) return destination;
    if (family === 4 && context.receivedOn !== null) {
      const own = machine.interface(context.receivedOn)?.addresses.find((one) => one.broadcast?.equals(destination));
      if (own !== undefined) return own.address;
    }
    const back = machine.lookup(source, context.rtable);
    if (back === null || back.interface === null) return null;
    return family === 4 ? back.source : selectSource(machine, back.interface, source, back.source);
  }
  const toward = machine.lookup(destination, context.rtable, null, context.receivedOn);
  if (toward?.origin === "local") return destination;
  if (toward?.origin === "broadcast" && family === 4) return toward.source;
  const scope = family === 6 && source.isLinkLocal() ? context.receivedOn : null;
  if (scope !== null) return selectSource(machine, scope, destination, null);
  const back = machine.lookup(source, context.rtable);
  if (family === 6) {
    if (back === null || back.interface === null) return null;
    return selectSource(machine, back.interface, destination, back.source);
  }
  if (back !== null && back.gateway === null && back.interface !== null) return back.source;
  return unspecified(family);
}

/** Scope of an IPv6 address: 2 link-local, 14 global. */
function scopeOf(address: Address): number {
  if (address.isMulticast()) return (address.w0 >>> 16) & 15;
  return address.isLinkLocal() || address.isLoopback() ? 2 : 14;
}

/**
 * An IPv6 source address on an interface for a destination: of the same scope, with the longest common prefix
 * (in6.c `in6_ifawithscope`, RFC 6724 rules 2 and 8); `fallback` when it has none.
 */
export function selectSource(
  machine: Machine,
  name: string,
  destination: Address,
  fallback: Address | null,
): Address | null {
  const wanted = scopeOf(destination);
  let best: Address | null = null;
  let bestScope = -1;
  let bestLength = -1;
  for (const { address } of machine.interface(name)?.addresses ?? []) {
    if (address.family !== 6) continue;
    const scope = scopeOf(address);
    const length = commonPrefix(address, destination);
    let better: boolean;
    if (best === null) better = true;
    else if (scope !== bestScope) {
      // The smallest scope that reaches; failing that, the largest.
      better = bestScope < wanted ? scope > bestScope : scope >= wanted && scope < bestScope;
    } else better = length > bestLength;
    if (!better) continue;
    best = address;
    bestScope = scope;
    bestLength = length;
  }
  return best ?? fallback;
}

function commonPrefix(a: Address, b: Address): number {
  for (let i = 0; i < 4; i++) {
    const difference = (a.word(i) ^ b.word(i)) >>> 0;
    if (difference !== 0) return i * 32 + Math.clz32(difference);
  }
  return 128;
}
