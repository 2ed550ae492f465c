/**
 * Numbers of sessions: small, because queues of the kernel have 16 bits for them, and reused as late as that allows, because
 * connections of the last owner may still carry one.
 */
export class NumberPool {
  readonly #used: Set<number> = new Set();
  #last = 0;
  #size: number;

  /** @param size the numbers go round at this one while at least a quarter of them is free */
  constructor(size = 65_000) {
    this.#size = size;
  }

  take(): number {
    while (this.#used.size >= this.#size * 0.75 && this.#size < 2 ** 30) this.#size *= 2;
    do this.#last = this.#last >= this.#size ? 1 : this.#last + 1;
    while (this.#used.has(this.#last));
    this.#used.add(this.#last);
    return this.#last;
  }

  /** A number that is in use already, from the store or the kernel. */
  reserve(number: number): void {
    this.#used.add(number);
    if (number > this.#last && number <= this.#size) this.#last = number;
  }

  /** The number that was taken last before a restart. */
  goOnAfter(number: number): void {
    if (number <= this.#size) this.#last = number;
  }

  free(number: number): void {
    this.#used.delete(number);
  }
}
