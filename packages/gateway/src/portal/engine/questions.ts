/**
 * What RADIUS asked people for besides their password and waits to hear (Access-Challenge, RFC 2865, 4.4): a code that was
 * sent to them, a new PIN. Its State stays here; the page only has a key that is good for one answer of one device.
 */
import { randomBytes } from "node:crypto";

/** Devices that are asked at a time; whoever was asked first is forgotten first. */
const MOST = 4_096;
/** Milliseconds people have to answer unless the server says less. */
const LIFE = 300_000;
/** Questions one after the other. */
export const MOST_ROUNDS = 8;

export interface Question {
  readonly key: string;
  readonly user: string;
  readonly state: Uint8Array;
  /** Acct-Session-Id of the request that was answered with it. */
  readonly id: string;
  /** Questions before this one. */
  readonly rounds: number;
  /** Milliseconds of the monotonic clock. */
  readonly until: number;
}

export class Questions {
  readonly #asked: Map<string, Question> = new Map();

  /**
   * A device is asked one thing at a time: the newest.
   * @param patience seconds the server waits; null when it does not say
   * @returns the key
   */
  ask(mac: string, asked: Omit<Question, "key" | "until">, patience: number | null, now: number): string {
    const key = randomBytes(16).toString("base64url");
    const life = patience === null ? LIFE : Math.min(LIFE, patience * 1000);
    this.#asked.delete(mac);
    this.#asked.set(mac, { ...asked, key, until: now + life });
    if (this.#asked.size > MOST) {
      const oldest = this.#asked.keys().next();
      if (oldest.done !== true) this.#asked.delete(oldest.value);
    }
    return key;
  }

  /** The question the key is of; null when it is over, answered, or another device's. */
  find(mac: string, key: string, now: number): Question | null {
    const question = this.#asked.get(mac);
    if (question === undefined || question.key !== key) return null;
    if (now < question.until) return question;
    this.#asked.delete(mac);
    return null;
  }

  answered(mac: string): void {
    this.#asked.delete(mac);
  }

  get size(): number {
    return this.#asked.size;
  }
}
