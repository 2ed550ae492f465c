/** Cutting packets into fragments, and putting together those that are for the host itself. */
import { copyPacket, type Packet, PROTOCOL, packetLength, transportHeaderLength } from "@pierhead/core";
import { ipPayloadLength } from "./errors.ts";

/**
 * Fragments of a packet for links of `mtu` octets (`ip_fragment`, `ip6_fragment`); also of a packet that is itself a
 * fragment. Null when not even 8 octets fit. The first keeps the transport header, the others have none.
 */
export function cut(packet: Packet, mtu: number, identification: number): Packet[] | null {
  const total = ipPayloadLength(packet);
  const header = packetLength(packet) - total + (packet.family === 6 && packet.fragment === null ? 8 : 0);
  const room = Math.max(0, mtu - header) & ~7;
  if (room < 8) return null;
  const base = packet.fragment?.offset ?? 0;
  const lastMore = packet.fragment?.more ?? false;
  const id = packet.fragment?.id ?? identification;
  const fragments: Packet[] = [];
  for (let offset = 0; offset < total; offset += room) {
    const length = Math.min(room, total - offset);
    fragments.push(piece(packet, base + offset, length, offset + length < total || lastMore, id));
  }
  return fragments;
}

/** Cuts a packet into `count` fragments of nearly equal size: how a test sender does it. */
export function cutInto(packet: Packet, count: number, identification: number): Packet[] {
  const total = ipPayloadLength(packet);
  const size = Math.max(8, (Math.ceil(total / count) + 7) & ~7);
  const fragments: Packet[] = [];
  for (let offset = 0; offset < total || offset === 0; offset += size) {
    const length = Math.min(size, total - offset);
    fragments.push(piece(packet, offset, length, offset + length < total, identification));
  }
  return fragments;
}

function piece(packet: Packet, offset: number, length: number, more: boolean, id: number): Packet {
  const fragment = copyPacket(packet);
  fragment.fragment = { id, offset, more };
  if (packet.family === 4) fragment.id = id;
  if (offset > 0) {
    fragment.sourcePort = 0;
    fragment.destinationPort = 0;
    fragment.tcp = null;
    fragment.icmp = null;
    fragment.sctpChunk = null;
    fragment.payloadLength = length;
    // Only options marked as copied go into every fragment (RFC 791 3.1); IPv6 headers before the fragment header do.
    if (packet.family === 4) fragment.options = packet.options.filter((option) => (option.type & 0x80) !== 0);
  } else {
    fragment.payloadLength = length - transportHeaderLength(fragment);
  }
  return fragment;
}

/** Which packet a fragment belongs to (RFC 791, RFC 8200 4.5). */
export function fragmentKey(packet: Packet): string {
  const protocol = packet.family === 4 ? packet.protocol : PROTOCOL.fragment;
  return `${packet.source} ${packet.destination} ${protocol} ${packet.fragment?.id ?? 0}`;
}

/**
 * Puts a fragment among those that wait. What overlaps is cut off as `ip_reass()` does it: from the front of the new
 * fragment what the one before it has, from the front of those behind it what the new one has.
 */
export function withFragment(waiting: readonly Packet[], packet: Packet): Packet[] {
  const sorted = [...waiting].sort((a, b) => offsetOf(a) - offsetOf(b));
  if (packet.family === 6) return [...sorted, packet];
  const before = sorted.filter((one) => offsetOf(one) <= offsetOf(packet));
  const last = before.at(-1);
  const fresh = last === undefined ? packet : withoutFront(packet, endOf(last) - offsetOf(packet));
  if (fresh === null) return sorted;
  const behind = sorted.slice(before.length).map((one) => withoutFront(one, endOf(fresh) - offsetOf(one)));
  return [...before, fresh, ...behind.filter((one) => one !== null)];
}

function offsetOf(packet: Packet): number {
  return packet.fragment?.offset ?? 0;
}

function endOf(packet: Packet): number {
  return offsetOf(packet) + ipPayloadLength(packet);
}

/** A fragment without its first octets; null when nothing is left. */
function withoutFront(packet: Packet, octets: number): Packet | null {
  if (octets <= 0) return packet;
  if (octets >= ipPayloadLength(packet) || packet.fragment === null) return null;
  const length = ipPayloadLength(packet) - octets;
  const { id, offset, more } = packet.fragment;
  return piece(packet, offset + octets, length, more, id);
}

/** The whole packet, when these fragments have all of it; null otherwise. Overlaps do not make one. */
export function assemble(fragments: readonly Packet[]): Packet | null {
  const sorted = [...fragments].sort((a, b) => (a.fragment?.offset ?? 0) - (b.fragment?.offset ?? 0));
  let at = 0;
  for (const fragment of sorted) {
    if (fragment.fragment?.offset !== at) return null;
    at += ipPayloadLength(fragment);
  }
  const first = sorted[0];
  if (first === undefined || sorted.at(-1)?.fragment?.more !== false) return null;
  const whole = copyPacket(first);
  whole.fragment = null;
  whole.payloadLength = at - transportHeaderLength(whole);
  return whole;
}
