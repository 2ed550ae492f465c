import type { SipKey } from "./siphash.ts";

/** Keys and counts of syncookies (pf_syncookies.c). */
export class SyncookieState {
  mode: "never" | "always" | "adaptive" = "never";
  active = false;
  /** Two keys in turn: index of the one in use. */
  turn = 0;
  readonly keys: SipKey[] = [ZERO_KEY, ZERO_KEY];
  /** SYN+ACKs that were sent with each key and not answered. */
  readonly inFlight: [number, number] = [0, 0];
  /** Half-open states that start and end them, for `adaptive`. */
  high = 25_000;
  low = 12_000;
  /** When the key in use ends; null without one. */
  rotateAt: number | null = null;
}

export const ZERO_KEY: SipKey = { words: [0, 0, 0, 0] };
