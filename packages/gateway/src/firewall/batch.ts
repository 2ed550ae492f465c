/**
 * Calls that come while one batch runs go together in the next, so that the number of processes does not grow with the
 * number of calls, and a single call waits for nobody.
 */
export class Batch<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly (R | Error)[]>;
  readonly #most: number;
  #waiting: { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }[] = [];
  #running: Promise<void> | null = null;

  /** @param work gives a result or an error for every item, in order; `most` items at a time */
  constructor(most: number, work: (items: readonly T[]) => Promise<readonly (R | Error)[]>) {
    this.#most = most;
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
    while (this.#waiting.length > 0) {
      const now = this.#waiting.splice(0, this.#most);
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
