import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls that come while one batch runs go together in the next, so that the number of processes does not grow with the
 * number of calls, and a single call waits for nobody.
 *
 * Starting a process stops ours for as long as the kernel copies its page tables, 4 ms with 200 MB: where many calls come
 * a batch begins no sooner than `pace` after the last one began.
 */
export class Batch<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly (R | Error)[]>;
  readonly #most: number;
  readonly #pace: number;
  #begun = Number.NEGATIVE_INFINITY;
  #waiting: { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }[] = [];
  #running: Promise<void> | null = null;

  /**
   * @param work gives a result or an error for every item, in order; `most` items at a time
   * @param pace milliseconds
   */
  constructor(most: number, work: (items: readonly T[]) => Promise<readonly (R | Error)[]>, pace = 0) {
    this.#most = most;
    this.#pace = pace;
    this.#work = work;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // What the same turn of the event loop brings goes along.
    await new Promise((resolve) => setImmediate(resolve));
    for (let before = 1; this.#waiting.length > 0; ) {
      const early = this.#begun + this.#pace - performance.now();
      if (early > 0 && Math.max(before, this.#waiting.length) > 1 && this.#waiting.length < this.#most)
        await sleep(early);
      this.#begun = performance.now();
      const now = this.#waiting.splice(0, this.#most);
      before = now.length;
      try {
        const results = await this.#work(now.map((one) => one.item));
        now.forEach((one, index) => {
          const result = results[index];
          if (result instanceof Error) one.reject(result);
          else one.resolve(result as R);
        });
      } catch (error) {
        for (const one of now) one.reject(error);
      }
    }
    this.#running = null;
  }
}
