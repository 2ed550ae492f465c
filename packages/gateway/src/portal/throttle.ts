/** Wrong passwords and codes cost time, and twice as much each time. Bounded: the oldest is forgotten first. */
const FREE_TRIES = 3;

interface Tries {
  failed: number;
  /** Milliseconds of the monotonic clock. */
  blockedUntil: number;
  last: number;
}

export class Throttle {
  readonly #longest: number;
  readonly #most: number;
  readonly #forget: number;
  readonly #tries: Map<string, Tries> = new Map();

  /**
   * @param longest seconds of the longest wait
   * @param most names that are remembered
   * @param forget seconds without a wrong try after which all is forgiven
   */
  constructor(longest: number, most = 20_000, forget = 900) {
    this.#longest = longest;
    this.#most = most;
    this.#forget = forget;
  }

  /** Seconds to wait until the next try is listened to; 0: none. */
  wait(name: string, now: number): number {
    const tries = this.#tries.get(name);
    if (tries === undefined) return 0;
    if (now - tries.last > this.#forget * 1000) {
      this.#tries.delete(name);
      return 0;
    }
    return Math.max(0, Math.ceil((tries.blockedUntil - now) / 1000));
  }

  /** @returns how often it has failed now */
  failed(name: string, now: number): number {
    const tries = this.#tries.get(name) ?? { failed: 0, blockedUntil: 0, last: now };
    tries.failed++;
    tries.last = now;
    const beyond = tries.failed - FREE_TRIES;
    if (beyond >= 0) tries.blockedUntil = now + Math.min(this.#longest, 2 ** Math.min(beyond, 20)) * 1000;
    // At the end of the map: what was not touched longest is in front.
    this.#tries.delete(name);
    this.#tries.set(name, tries);
    if (this.#tries.size > this.#most) {
      const oldest = this.#tries.keys().next();
      if (oldest.done !== true) this.#tries.delete(oldest.value);
    }
    return tries.failed;
  }

  succeeded(name: string): void {
    this.#tries.delete(name);
  }

  get size(): number {
    return this.#tries.size;
  }
}
