/** Ways a machine puts packets into packets: tunnel interfaces, IPsec, PPP over L2TP. */
import type { Address, Packet, Prefix } from "@pierhead/core";

/** Ends of a gif(4), or of a sit interface: IP in IP (RFC 2003, RFC 4213), one family in any. */
export interface Tunnel {
  readonly local: Address;
  readonly remote: Address;
  /** TTL of the packet outside. */
  readonly ttl: number;
}

/** Which packets of the machine an IPsec policy takes: the outgoing side of a flow (`ipsecctl -s flow`). */
export interface Selector {
  /** Protocol number; 0 is any. */
  readonly protocol: number;
  readonly source: Prefix;
  readonly destination: Prefix;
  /** 0 is any. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A flow with the security associations that serve it in both directions. */
export interface SecurityAssociation {
  /** Who it is with, for people. */
  readonly name: string;
  readonly mode: "transport" | "tunnel";
  readonly selector: Selector;
  readonly local: Address;
  /** As it is seen on the wire: of the NAT device when there is one. */
  readonly peer: Address;
  /** The peer's port when ESP is carried in UDP because of NAT (RFC 3948); null for plain ESP. */
  readonly peerPort: number | null;
  /** pf(4) tag of what comes out of it; null without. */
  readonly tag: string | null;
  /** Who has taken its flow over: the kernel drops what comes by it (OpenBSD's `ipsp_spd_lookup`). */
  readonly replacedBy?: string;
}

/** One user's PPP link over L2TP. */
export interface PppSession {
  readonly user: string;
  /** pppx(4), one for each session, or the pppac(4) all share. */
  readonly interface: string;
  /** Ends of the L2TP tunnel, inside of IPsec when there is that. */
  readonly local: Address;
  readonly peer: Address;
  readonly peerPort: number;
  /** What the client was given. */
  readonly framed: Address;
  /** npppd's `ingress-filter`: packets from other addresses than the framed one are dropped. */
  readonly ingressFilter: boolean;
}

/** Whether a selector takes a packet that leaves. Fragments other than the first have no ports. */
export function selects(selector: Selector, packet: Packet): boolean {
  const { source, destination, protocol, sourcePort, destinationPort } = selector;
  if (source.address.family !== packet.family || destination.address.family !== packet.family) return false;
  if (!packet.source.isIn(source.address, source.length)) return false;
  if (!packet.destination.isIn(destination.address, destination.length)) return false;
  if (protocol !== 0 && protocol !== packet.protocol) return false;
  if (sourcePort !== 0 && sourcePort !== packet.sourcePort) return false;
  return destinationPort === 0 || destinationPort === packet.destinationPort;
}
