/** Takes one item and does it with others. */
export interface Together<Item, Result> {
  add(item: Item): Promise<Result>;
}

/** What arrives while a call is under way goes along with the next one: one transaction for many. */
export class Batch<Item, Result> implements Together<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #most: number;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  #running = false;

  /**
   * @param run one result for each item, in order; when it fails, all of them have failed
   * @param most items of one call
   */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, most: number) {
    this.#run = run;
    this.#most = most;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // Those that come in the same turn share the call.
      queueMicrotask(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, this.#most);
      try {
        const results = await this.#run(taken.map(({ item }) => item));
        taken.forEach(({ resolve }, index) => {
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#running = false;
  }
}
