/** A rate of so many events in so many seconds (`struct pf_threshold`): estimated, or counted from window to window. */
export class Threshold {
  readonly limit: number;
  readonly seconds: number;
  /** Counts start again when the seconds are over (FreeBSD `counter_ratecheck()`). */
  readonly inWindows: boolean;
  /** Thousandths of an event. */
  count = 0;
  last: number;

  constructor(limit: number, seconds: number, now: number, inWindows: boolean) {
    this.inWindows = inWindows;
    this.limit = (limit * 1000) >>> 0;
    this.seconds = seconds;
    this.last = now;
  }

  /** One more event at `now`, in whole seconds. */
  add(now: number): void {
    const elapsed = now - this.last;
    if (this.inWindows) {
      if (elapsed >= this.seconds) {
        this.count = 0;
        this.last = now;
      }
      this.count += 1000;
      return;
    }
    if (elapsed >= this.seconds) this.count = 0;
    // The kernel multiplies in 32 bits.
    else this.count -= Math.trunc(((this.count * elapsed) % 0x1_0000_0000) / this.seconds);
    this.count += 1000;
    this.last = now;
  }

  get isOver(): boolean {
    return this.count > this.limit;
  }
}
