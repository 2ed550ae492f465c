/** From what was said about a packet to the packet. */
import {
  type Address,
  type Family,
  type IpOption,
  type Packet,
  PROTOCOL,
  packetLength,
  transportHeaderLength,
} from "@pierhead/core";
import { unspecified } from "../network/errors.ts";
import type { Endpoint, PacketSpec } from "./packet-spec.ts";

/** Where saved names lead, and which sequence numbers a connection has reached. */
export interface PacketContextOfScenario {
  saved(name: string): { readonly address: Address; readonly port: number } | null;
  /**
   * Sequence and acknowledgement a segment between these ends would have on a wire (the interface it comes in by; null:
   * the host's own); null when nothing is known.
   */
  next(packet: Packet, wire: string | null): { readonly sequence: number; readonly acknowledgement: number } | null;
}

const NOTHING: PacketContextOfScenario = { saved: () => null, next: () => null };

/** Octets of data in an echo request that ping(8) sends. */
const PING_DATA = 56;

/** Makes a packet. @returns a message when something needed was not said */
export function buildPacket(spec: PacketSpec, context: PacketContextOfScenario = NOTHING): Packet | string {
  const from = resolveEnd(spec.from, context);
  const to = resolveEnd(spec.to, context);
  if (typeof from === "string") return from;
  if (typeof to === "string") return to;
  const family = from?.address.family ?? to?.address.family ?? null;
  if (family === null) return "A packet needs `from` and `to`.";
  if (to === null) return "A packet needs `to`, the address it is for.";
  if (from !== null && from.address.family !== to.address.family) {
    return `\`from\` is an IPv${from.address.family} address and \`to\` an IPv${to.address.family} one.`;
  }
  const carried = spec.carried === null ? null : buildPacket(spec.carried, context);
  if (typeof carried === "string") return `The carried packet: ${carried}`;
  const protocol = spec.protocol ?? guessProtocol(spec, family, from?.port ?? to.port, carried);
  if (protocol === null) return "A packet needs `proto`: tcp, udp, icmp, icmp6, or another protocol.";
  const ports = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.sctp;
  const packet: Packet = {
    family,
    source: from?.address ?? unspecified(family),
    destination: to.address,
    protocol,
    sourcePort: ports ? (from?.port ?? 40000) : 0,
    destinationPort: ports ? (to.port ?? 0) : 0,
    ttl: spec.ttl ?? 64,
    tos: spec.tos ?? 0,
    dontFragment: spec.df ?? false,
    id: 0,
    fragment: null,
    options: buildOptions(spec.options ?? [], family),
    payloadLength: 0,
    tcp: null,
    icmp: null,
    sctpChunk: null,
  };
  if (ports && to.port === null && spec.to !== null) return "`to` needs a port, like 192.0.2.1:80.";
  if (protocol === PROTOCOL.tcp) {
    packet.tcp = {
      flags: spec.flags ?? 2,
      sequence: 0,
      acknowledgement: 0,
      window: 65535,
      mss: spec.mss,
      windowScale: null,
      timestamps: null,
      sackPermitted: false,
      rawOptions: null,
    };
  } else if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) {
    const problem = addIcmp(packet, spec, context);
    if (problem !== null) return problem;
  } else if (protocol === PROTOCOL.sctp) packet.sctpChunk = spec.chunk ?? 1;
  else if (protocol === PROTOCOL.igmp) {
    // IGMP stays on its link (RFC 2236 2).
    packet.payloadLength = 8;
    packet.ttl = spec.ttl ?? 1;
  }
  if (carried !== null) {
    packet.carried = carried;
    packet.payloadLength = packetLength(carried);
  }
  const problem = setLength(packet, spec);
  if (problem !== null) return problem;
  if (packet.tcp !== null) {
    const next = context.next(packet, spec.out === null ? spec.in : null);
    packet.tcp.sequence = spec.seq ?? next?.sequence ?? 1000;
    packet.tcp.acknowledgement = spec.ack ?? next?.acknowledgement ?? ((packet.tcp.flags & 16) !== 0 ? 1 : 0);
  }
  return packet;
}

function resolveEnd(
  end: Endpoint | null,
  context: PacketContextOfScenario,
): { address: Address; port: number | null } | null | string {
  if (end === null) return null;
  if (end.saved === null) return { address: end.address as Address, port: end.port };
  return context.saved(end.saved) ?? `Nothing was saved as \`${end.saved}\` before this step.`;
}

function guessProtocol(spec: PacketSpec, family: Family, port: number | null, carried: Packet | null): number | null {
  if (carried !== null) return carried.family === 4 ? PROTOCOL.ipv4 : PROTOCOL.ipv6;
  if (spec.flags !== null || spec.mss !== null) return PROTOCOL.tcp;
  if (spec.chunk !== null) return PROTOCOL.sctp;
  if (spec.type !== null) return family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  return port === null ? null : PROTOCOL.tcp;
}

function addIcmp(packet: Packet, spec: PacketSpec, context: PacketContextOfScenario): string | null {
  const six = packet.protocol === PROTOCOL.icmp6;
  const type = spec.type ?? (six ? 128 : 8);
  let inner: Packet | null = null;
  if (spec.inner !== null) {
    const built = buildPacket(spec.inner, context);
    if (typeof built === "string") return `The quoted packet: ${built}`;
    inner = built;
    if (packet.family === 4) inner.payloadLength = 8 - transportHeaderLength(inner);
  }
  packet.icmp = {
    type,
    code: spec.code ?? 0,
    id: spec.id ?? 0,
    sequence: 0,
    mtu: spec.mtu ?? 0,
    target: spec.target,
    inner,
  };
  const echo = six ? type === 128 || type === 129 : type === 8 || type === 0;
  if (echo) packet.payloadLength = PING_DATA;
  // Neighbour discovery is only believed with the largest hop limit, MLD with the smallest (RFC 4861, RFC 2710).
  if (six && spec.ttl === null && type >= 133 && type <= 137) packet.ttl = 255;
  if (six && spec.ttl === null && ((type >= 130 && type <= 132) || type === 143)) packet.ttl = 1;
  return null;
}

function setLength(packet: Packet, spec: PacketSpec): string | null {
  if (spec.length === null) return null;
  packet.payloadLength = 0;
  const least = packetLength(packet);
  if (spec.length < least) return `\`length\` counts the whole packet: the headers alone have ${least} octets.`;
  packet.payloadLength = spec.length - least;
  return null;
}

function buildOptions(names: readonly (string | number)[], family: Family): IpOption[] {
  const options: IpOption[] = [];
  for (const name of names) {
    if (family === 4) options.push(ipv4Option(name));
    else if (name === "router-alert") {
      // Router alert lives in a hop-by-hop header; one that was just named takes it in.
      const last = options.at(-1);
      if (last?.type === 0 && last.inner === undefined) options.pop();
      options.push({ type: 0, inner: [5] });
    } else {
      const type = name === "hop-by-hop" ? 0 : name === "destination-options" ? 60 : name === "routing" ? 43 : name;
      if (typeof type === "number") options.push({ type });
    }
  }
  return options;
}

function ipv4Option(name: string | number): IpOption {
  switch (name) {
    case "nop":
    case 1:
      return { type: 1, bytes: Uint8Array.of(1) };
    case "eol":
    case 0:
      return { type: 0, bytes: Uint8Array.of(0) };
    case "router-alert":
    case 148:
      return { type: 148, bytes: Uint8Array.of(148, 4, 0, 0) };
    case "record-route":
    case 7: {
      const bytes = new Uint8Array(39);
      bytes.set([7, 39, 4]);
      return { type: 7, bytes };
    }
    default: {
      const type = typeof name === "number" ? name : 1;
      return { type, bytes: Uint8Array.of(type, 4, 0, 0) };
    }
  }
}
