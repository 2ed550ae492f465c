/** One way to one server: what UDP and TLS have in common. */

/** A request as it goes out under one identifier. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** What the answer is checked against. */
  readonly authenticator: Uint8Array;
}

export interface Question {
  /** Makes the packet, or makes it anew for another identifier. */
  make(identifier: number): Outgoing;
  /** Whether octets that came under the identifier are an answer that can be believed; they are a sound packet. */
  believes(bytes: Uint8Array, outgoing: Outgoing): boolean;
  /** How often it is sent, and milliseconds until the next time. */
  readonly attempts: number;
  readonly timeout: number;
  /** Asked before it is sent once more: false gives up early. */
  worthwhile(): boolean;
}

export type RoadAnswer =
  | { readonly kind: "answer"; readonly bytes: Uint8Array /** Milliseconds. */; readonly roundTrip: number }
  | { readonly kind: "lost"; readonly reason: string };

/** What a road counts for {@link RadiusServerStatus}. */
export interface RoadCounts {
  requests: number;
  timeouts: number;
  discarded: number;
  roundTrip: number | null;
  /** Milliseconds of a monotonic clock: when the last answer came; null before the first. */
  answered: number | null;
}

export interface Road {
  readonly counts: RoadCounts;
  ask(question: Question): Promise<RoadAnswer>;
  /** Forgets what it knows about the way: the name may mean another address now. */
  renew(): void;
  /** Pending questions are lost. */
  close(): void;
}

export function noCounts(): RoadCounts {
  return { requests: 0, timeouts: 0, discarded: 0, roundTrip: null, answered: null };
}
