/** The answer of the far end to a packet, or a router's error about it. */
import { type Address, copyPacket, type Packet, PROTOCOL, type System, transportHeaderLength } from "@pierhead/core";
import { icmpCodeByName, icmpTypeByName } from "@pierhead/lang/names";
import { icmpPacket } from "../network/errors.ts";
import type { Memory } from "./memory.ts";
import type { ReplySpec } from "./types.ts";

/**
 * Makes the answer to `last`, the packet as it left by `wire` (null: delivered here).
 * @returns a message when there is none
 */
export function buildReply(
  spec: ReplySpec,
  last: Packet,
  wire: string | null,
  system: System,
  memory: Memory,
): Packet | string {
  if (spec.error !== null) return buildError(spec, last, system);
  const packet = copyPacket(last);
  packet.source = spec.packet.from?.address ?? last.destination;
  packet.destination = spec.packet.to?.address ?? last.source;
  packet.sourcePort = spec.packet.from?.port ?? last.destinationPort;
  packet.destinationPort = spec.packet.to?.port ?? last.sourcePort;
  packet.ttl = spec.packet.ttl ?? 64;
  packet.tos = spec.packet.tos ?? 0;
  packet.dontFragment = spec.packet.df ?? false;
  packet.options = [];
  packet.fragment = null;
  packet.id = 0;
  if (packet.tcp !== null) {
    const wasSyn = ((last.tcp?.flags ?? 0) & 18) === 2;
    packet.tcp = {
      flags: spec.packet.flags ?? (wasSyn ? 18 : 16),
      sequence: 0,
      acknowledgement: 0,
      window: 65535,
      mss: spec.packet.mss,
      windowScale: null,
      timestamps: null,
      sackPermitted: false,
      rawOptions: null,
    };
    packet.payloadLength = 0;
    const next = memory.next(packet, wire);
    packet.tcp.sequence = spec.packet.seq ?? next?.sequence ?? 5000;
    packet.tcp.acknowledgement = spec.packet.ack ?? next?.acknowledgement ?? 0;
  } else if (packet.icmp !== null) {
    const answer = answerType(packet.family, packet.icmp.type);
    packet.icmp = {
      ...packet.icmp,
      type: spec.packet.type ?? answer,
      code: spec.packet.code ?? packet.icmp.code,
      id: spec.packet.id ?? packet.icmp.id,
      target: spec.packet.target ?? packet.icmp.target,
    };
    if (packet.family === 6 && answer === 136) packet.ttl = spec.packet.ttl ?? 255;
  } else if (packet.protocol === PROTOCOL.sctp) {
    packet.sctpChunk = spec.packet.chunk ?? (last.sctpChunk === 1 ? 2 : (last.sctpChunk ?? 0));
  }
  if (spec.packet.length !== null) {
    const header = packet.family === 4 ? 20 : 40;
    packet.payloadLength = Math.max(0, spec.packet.length - header - transportHeaderLength(packet));
  }
  return packet;
}

/** ICMP type that answers another; itself when nothing does. */
function answerType(family: 4 | 6, type: number): number {
  const pairs: Readonly<Record<number, number>> =
    family === 4 ? { 8: 0, 13: 14, 15: 16, 17: 18, 10: 9 } : { 128: 129, 133: 134, 135: 136, 130: 131, 139: 140 };
  return pairs[type] ?? type;
}

function buildError(spec: ReplySpec, last: Packet, system: System): Packet | string {
  const { family } = last;
  const name = spec.error ?? "";
  const type = /^\d+$/.test(name) ? Number(name) : icmpTypeByName(system, family, name);
  if (type === null) return `\`${name}\` is no ICMP type for IPv${family}.`;
  const text = spec.code;
  const code = text === null ? 0 : /^\d+$/.test(text) ? Number(text) : icmpCodeByName(system, family, type, text);
  if (code === null) return `\`${text}\` is no code of ${name}.`;
  const by: Address = spec.by ?? last.destination;
  const inner = copyPacket(last);
  inner.fragment = null;
  // By the time it reached the router it had lost a hop or more.
  inner.ttl = Math.max(1, last.ttl - 1);
  // A router quotes the header and 8 octets at least (RFC 792); ICMPv6 as much as fits (RFC 4443).
  if (family === 4) inner.payloadLength = 8 - transportHeaderLength(inner);
  const packet = icmpPacket(by, last.source, spec.packet.ttl ?? 64, { type, code, mtu: spec.mtu ?? 0, inner });
  return packet;
}
