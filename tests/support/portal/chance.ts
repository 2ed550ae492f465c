/** A world in which every call waits, may fail and may be the last one of the process that made it; all by one seed. */

/** Never settles: the process that waits for it is dead. */
export const NEVER: Promise<never> = new Promise(() => {});

export interface Life {
  alive: boolean;
}

export interface Odds {
  /** Of 1,000 calls. */
  readonly fail: number;
  readonly die: number;
}

export class Chance {
  readonly #random: (bound: number) => number;
  readonly #pending: (() => void)[] = [];
  odds: Odds = { fail: 0, die: 0 };
  /** Nothing waits its turn. */
  immediate = false;
  deaths = 0;
  failures = 0;

  constructor(random: (bound: number) => number) {
    this.#random = random;
  }

  pick(bound: number): number {
    return this.#random(bound);
  }

  /**
   * One call to the world: it waits its turn, and then the effect happens, or it fails, or the caller dies before or after.
   * @param failure made when it fails; null: it never does
   */
  async call<Result>(life: Life, effect: () => Result, failure: (() => Error) | null): Promise<Result> {
    if (!life.alive) return NEVER;
    if (!this.immediate) {
      await new Promise<void>((resolve) => {
        this.#pending.push(resolve);
      });
    }
    if (!life.alive) return NEVER;
    const dice = this.#random(1000);
    const { fail, die } = this.odds;
    if (failure !== null && dice < fail) {
      this.failures++;
      throw failure();
    }
    if (dice >= 1000 - die) {
      life.alive = false;
      this.deaths++;
      if (dice % 2 === 0) effect();
      return NEVER;
    }
    return effect();
  }

  /** Lets waiting calls go on, one at a time in any order, until none waits or `until` is true. */
  async run(until: () => boolean): Promise<void> {
    for (;;) {
      await settle();
      if (until() || this.#pending.length === 0) return;
      const [next] = this.#pending.splice(this.#random(this.#pending.length), 1);
      next?.();
    }
  }

  /** Calls of the dead. */
  forget(): void {
    this.#pending.length = 0;
  }
}

/** Everything that can go on without the world goes on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
