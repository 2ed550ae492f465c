import type { Ikev2Chosen, Ikev2Suites, Phase1Transform } from "@pierhead/lang/ike";

export type IkeVersion = 1 | 2;

/** One list of proposals to ask with, as a client would send it. */
export type ProbeOffer =
  | { readonly name: string; readonly version: 1; readonly transforms: readonly Phase1Transform[] }
  | { readonly name: string; readonly version: 2; readonly suites: readonly Ikev2Suites[] };

/** What came back to one question. */
export type Answer =
  | {
      readonly kind: "chosen";
      readonly chosen: Choice;
      readonly vendorIds: readonly Uint8Array[];
      readonly nat: NatSeen | null;
      /** The responder asked for its cookie back first (RFC 7296 2.6). */
      readonly cookie: boolean;
    }
  | { readonly kind: "refused"; readonly notification: string }
  /** INVALID_KE_PAYLOAD: it takes the offer with another group (RFC 7296 1.2). */
  | { readonly kind: "other-group"; readonly group: string }
  | { readonly kind: "silent" }
  /** An ICMP error, or a local one: what the system calls it. */
  | { readonly kind: "unreachable"; readonly error: string }
  /** An answer that is none: what is wrong with it. */
  | { readonly kind: "garbled"; readonly why: string };

export type Choice =
  | { readonly version: 1; readonly transform: Phase1Transform }
  | { readonly version: 2; readonly suite: Ikev2Chosen };

/** What hashes of addresses told (RFC 3947 3.2, RFC 7296 2.23). */
export interface NatSeen {
  /** Our address arrives as another one: we are behind NAT. */
  readonly us: boolean;
  /** The responder knows itself by another address than the one we sent to. */
  readonly them: boolean;
}

/** Whether anybody answers at a port, and how. */
export interface PortAnswer {
  readonly port: number;
  readonly version: IkeVersion;
  readonly answer: Answer;
}

/** A set of values any of which can be combined with any of the others, as found by asking one by one. */
export type AcceptedSuites = Ikev2Suites;

export interface Enumeration {
  /** Null when IKEv1 does not answer. */
  readonly ikev1: readonly Phase1Transform[] | null;
  readonly ikev2: readonly AcceptedSuites[] | null;
  /** What was not asked because a bound was reached; null when all was. */
  readonly cut: string | null;
}

export interface OfferResult {
  readonly name: string;
  readonly version: IkeVersion;
  /** Port it was asked at. */
  readonly port: number;
  readonly answer: Answer;
}

/** What aggressive mode brought; `answers` is what matters: a hash made with the pre-shared key was handed out. */
export interface AggressiveResult {
  readonly asked: boolean;
  readonly answers: boolean;
  /** What came back, or why nothing was asked. */
  readonly text: string;
  /** What was offered; null when nothing was. */
  readonly transform: Phase1Transform | null;
}

export interface ProbeReport {
  readonly ports: readonly PortAnswer[];
  readonly offers: readonly OfferResult[];
  readonly vendorIds: readonly Uint8Array[];
  /** IKEv1: vendor IDs for NAT traversal; IKEv2: NAT_DETECTION notifications. Null when that version chose nothing. */
  readonly natTraversal: { readonly ikev1: boolean | null; readonly ikev2: boolean | null };
  readonly nat: NatSeen | null;
  readonly aggressive: AggressiveResult;
  readonly enumeration: Enumeration | null;
  /** The head-end stopped answering for a while after so many negotiations were open, and went on later. */
  readonly limited: boolean;
  readonly cookies: boolean;
  readonly packets: { readonly sent: number; readonly received: number; readonly strange: number };
  /** Why it ended before all was asked; null when it did not. */
  readonly cut: string | null;
  readonly seconds: number;
}

export interface ProbeOptions {
  readonly address: string;
  /** UDP 500. */
  readonly port: number;
  /** UDP 4500, where a marker stands before IKE (RFC 3948 2.2). */
  readonly natPort: number;
  readonly offers: readonly ProbeOffer[];
  /** Milliseconds for an answer, retransmissions included. */
  readonly timeout: number;
  /** Milliseconds between one question and the next. */
  readonly pause: number;
  /** Milliseconds to wait for half-open negotiations to end when the head-end has stopped answering. */
  readonly patience: number;
  readonly enumerate: boolean;
  /** Whether to ask for aggressive mode once. */
  readonly aggressive: boolean;
  /** Most datagrams to send. */
  readonly mostPackets: number;
  /** Most milliseconds for everything. */
  readonly mostTime: number;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}
