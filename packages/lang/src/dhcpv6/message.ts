import type { Address } from "@pierhead/core";

/** The lifetime or timer that never ends (RFC 8415 7.7). */
export const INFINITE = 0xffff_ffff;

export interface Status6 {
  readonly code: number;
  /** The server's words, as it sent them. */
  readonly text: string;
}

/** An address or a delegated prefix in an identity association. */
export interface IaLease {
  readonly address: Address;
  /** 128 for an address. */
  readonly length: number;
  /** Seconds; {@link INFINITE}. */
  readonly preferred: number;
  readonly valid: number;
  readonly status: Status6 | null;
}

/** IA_NA, IA_TA or IA_PD. */
export interface IdentityAssociation {
  readonly kind: "IA_NA" | "IA_TA" | "IA_PD";
  readonly id: number;
  /** Seconds, 0 when the server leaves it to the client; IA_TA has none. */
  readonly t1: number;
  readonly t2: number;
  readonly leases: readonly IaLease[];
  readonly status: Status6 | null;
}

/** A DHCPv6 message, out of its relays. */
export interface Dhcpv6Message {
  readonly type: number;
  readonly transactionId: number;
  readonly clientId: Uint8Array | null;
  readonly serverId: Uint8Array | null;
  readonly associations: readonly IdentityAssociation[];
  readonly status: Status6 | null;
  readonly rapidCommit: boolean;
  /** 0 to 255; null when absent, which counts as 0. */
  readonly preference: number | null;
  /** Hundredths of a second since the client began the exchange. */
  readonly elapsed: number | null;
  readonly authenticated: boolean;
  readonly unicast: Address | null;
  /** What a Reconfigure asks for: a message type. */
  readonly reconfigure: number | null;
  readonly acceptsReconfigure: boolean;
  /** Seconds of SOL_MAX_RT and INF_MAX_RT (RFC 7083). */
  readonly solicitMaxRt: number | null;
  readonly informationMaxRt: number | null;
  readonly informationRefreshTime: number | null;
  /** Relay agents the message came through, the nearest to the server first. */
  readonly relays: readonly Relay6[];
  readonly problems: readonly Problem6[];
}

export interface Relay6 {
  readonly type: number;
  readonly hopCount: number;
  readonly linkAddress: Address;
  readonly peerAddress: Address;
}

/** Something that the octets do not do right. */
export interface Problem6 {
  readonly code: string;
  readonly message: string;
}
