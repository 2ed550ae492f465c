/** Devices that were asked about by their MAC: once each time they come, not with every packet. Bounded. */
const MOST = 20_000;
/** Milliseconds until a device that was refused is asked about again, and one that signed out. */
const AGAIN = 60_000;
const AFTER_SIGN_OUT = 300_000;

export class MacAttempts {
  /** Monotonic milliseconds until which nothing is asked. */
  readonly #quiet: Map<string, number> = new Map();

  /** Whether to ask now; from now on it is quiet for a while. */
  begin(mac: string, now: number): boolean {
    if ((this.#quiet.get(mac) ?? Number.NEGATIVE_INFINITY) > now) return false;
    this.#put(mac, now + AGAIN);
    return true;
  }

  /** Whoever signs out wants to be out, and not back in by the next packet. */
  signedOut(mac: string, now: number): void {
    this.#put(mac, now + AFTER_SIGN_OUT);
  }

  #put(mac: string, until: number): void {
    this.#quiet.delete(mac);
    this.#quiet.set(mac, until);
    if (this.#quiet.size <= MOST) return;
    const oldest = this.#quiet.keys().next();
    if (oldest.done !== true) this.#quiet.delete(oldest.value);
  }
}
