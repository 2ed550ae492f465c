import type { Address, Family } from "./address.ts";

/** Protocol numbers the code speaks of by name (IANA assigned internet protocol numbers). */
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  igmp: 2,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  noNext: 59,
  destinationOptions: 60,
  carp: 112,
  pfsync: 240,
  sctp: 132,
} as const;

/** TCP flag bits (RFC 9293 3.1), in pf's order `FSRPAUEW`. */
export const TCP_FLAG = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, W: 128 } as const;

export interface TcpHeader {
  /** Bits of {@link TCP_FLAG}. */
  flags: number;
  sequence: number;
  acknowledgement: number;
  window: number;
  /** Maximum segment size option, null when absent. */
  mss: number | null;
  /** Window scale option, null when absent. */
  windowScale: number | null;
  /** Timestamps option, null when absent. */
  timestamps: { value: number; echo: number } | null;
  sackPermitted: boolean;
  /** The options as they are on the wire, when they were given in bytes; null when they follow from the fields. */
  rawOptions: Uint8Array | null;
}

export interface IcmpHeader {
  type: number;
  code: number;
  /** Echo identifier and sequence; 0 for other types. */
  id: number;
  sequence: number;
  /** Next-hop MTU of fragmentation-needed and packet-too-big; 0 otherwise. */
  mtu: number;
  /** Target of neighbour discovery. */
  target: Address | null;
  /** The packet an error is about: its header and the first bytes. */
  inner: Packet | null;
}

export interface Fragment {
  id: number;
  /** Octets of the unfragmented IP payload that lie before this fragment. */
  offset: number;
  /** More fragments follow. */
  more: boolean;
}

/** One IPv4 option or IPv6 option header. */
export interface IpOption {
  /** IPv4: option type octet (7 record route, 148 router alert). IPv6: protocol number of the header (0, 60, 43). */
  readonly type: number;
  /** IPv6 hop-by-hop: option types inside (5 router alert). */
  readonly inner?: readonly number[];
  readonly bytes?: Uint8Array;
}

/**
 * An IP packet. Mutable: pf rewrites it on its way. Copy with {@link copyPacket} to keep what it was.
 *
 * A packet that is one fragment has `fragment`; unless its offset is 0 it has no transport header (ports 0, `tcp`
 * and `icmp` null).
 */
export interface Packet {
  family: Family;
  source: Address;
  destination: Address;
  /** Transport protocol number; for IPv6 the one after all extension headers. */
  protocol: number;
  /** TCP, UDP, SCTP; 0 otherwise. */
  sourcePort: number;
  destinationPort: number;
  /** TTL or hop limit. */
  ttl: number;
  /** Type of service or traffic class octet. */
  tos: number;
  dontFragment: boolean;
  /** IPv4 identification. */
  id: number;
  fragment: Fragment | null;
  options: readonly IpOption[];
  /** Octets after the IP header(s) and the transport header; negative in a quoted packet whose transport header is cut. */
  payloadLength: number;
  tcp: TcpHeader | null;
  icmp: IcmpHeader | null;
  /** SCTP: type of the first chunk (RFC 9260 3.2); null otherwise. */
  sctpChunk: number | null;
  /**
   * The packet inside of one that carries another: IP in IP (RFC 2003, RFC 4213), what ESP protects (RFC 4303; in
   * transport mode with the addresses outside), PPP in L2TP (RFC 2661). `payloadLength` counts its octets and those of
   * the headers between.
   */
  carried?: Packet;
}

/** Octets of the transport header that {@link Packet} stands for. */
export function transportHeaderLength(packet: Packet): number {
  if (packet.fragment !== null && packet.fragment.offset > 0) return 0;
  switch (packet.protocol) {
    case PROTOCOL.tcp:
      return 20 + tcpOptionsLength(packet.tcp);
    case PROTOCOL.udp:
    case PROTOCOL.icmp:
      return 8;
    case PROTOCOL.icmp6:
      return packet.icmp?.target != null ? 24 : 8;
    case PROTOCOL.sctp:
      return 12;
    default:
      return 0;
  }
}

function tcpOptionsLength(tcp: TcpHeader | null): number {
  if (tcp === null) return 0;
  if (tcp.rawOptions !== null) return (tcp.rawOptions.length + 3) & ~3;
  const length =
    (tcp.mss === null ? 0 : 4) +
    (tcp.windowScale === null ? 0 : 3) +
    (tcp.sackPermitted ? 2 : 0) +
    (tcp.timestamps === null ? 0 : 10);
  return (length + 3) & ~3;
}

/** Octets of the IP header, options and extension headers included. */
export function ipHeaderLength(packet: Packet): number {
  let header = packet.family === 4 ? 20 : 40;
  const { options } = packet;
  for (let i = 0; i < options.length; i++) header += options[i]?.bytes?.length ?? (packet.family === 4 ? 4 : 8);
  if (packet.family === 4) return (header + 3) & ~3;
  return packet.fragment === null ? header : header + 8;
}

/** Octets of the whole IP packet, headers included. */
export function packetLength(packet: Packet): number {
  let data = packet.payloadLength;
  const inner = packet.icmp?.inner;
  if (inner) {
    // Quoted are the header and 8 octets (RFC 792), or as much as fits into the smallest MTU (RFC 4443).
    const most = packet.family === 4 ? ipHeaderLength(inner) + 8 : 1232;
    data = Math.max(data, Math.min(packetLength(inner), most));
  }
  return ipHeaderLength(packet) + transportHeaderLength(packet) + data;
}

/** A deep copy: changing the copy leaves the original alone. Addresses are shared, they never change. */
export function copyPacket(packet: Packet): Packet {
  return {
    ...packet,
    fragment: packet.fragment === null ? null : { ...packet.fragment },
    tcp:
      packet.tcp === null
        ? null
        : { ...packet.tcp, timestamps: packet.tcp.timestamps === null ? null : { ...packet.tcp.timestamps } },
    icmp:
      packet.icmp === null
        ? null
        : { ...packet.icmp, inner: packet.icmp.inner === null ? null : copyPacket(packet.icmp.inner) },
    ...(packet.carried === undefined ? null : { carried: copyPacket(packet.carried) }),
  };
}

/** A packet of nothing but an IP header, of the family of its destination; the caller fills in the rest. */
export function plainPacket(source: Address, destination: Address, protocol: number, ttl: number): Packet {
  return {
    family: destination.family,
    source,
    destination,
    protocol,
    sourcePort: 0,
    destinationPort: 0,
    ttl,
    tos: 0,
    dontFragment: false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: 0,
    tcp: null,
    icmp: null,
    sctpChunk: null,
  };
}
