/** One after the other: what a driver knows is read anew at a start, and must not change meanwhile. */
export class Exclusive {
  #before: Promise<unknown> = Promise.resolve();

  run<R>(action: () => Promise<R>): Promise<R> {
    const done = this.#before.then(action);
    this.#before = done.catch(() => undefined);
    return done;
  }
}
