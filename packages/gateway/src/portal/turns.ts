/** One after the other for each name: two sign-ins of one device must not pass each other. */
export class Turns {
  readonly #last: Map<string, { readonly done: Promise<void>; waiting: number }> = new Map();
  readonly #most: number;

  /** @param most that may wait for one name */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns null when too many wait for this name already */
  async take<Result>(name: string, action: () => Promise<Result>): Promise<Result | null> {
    const before = this.#last.get(name);
    const waiting = (before?.waiting ?? 0) + 1;
    if (waiting > this.#most) return null;
    let leave: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const mine = { done, waiting };
    this.#last.set(name, mine);
    try {
      await before?.done;
      return await action();
    } finally {
      const now = this.#last.get(name);
      if (now === mine) this.#last.delete(name);
      else if (now !== undefined) now.waiting--;
      leave();
    }
  }
}
