/**
 * Group commit. One transaction runs at a time; what arrives meanwhile waits and goes together into the next, so that one
 * wait for the disk serves all of it. Nothing is held back: a single call on an idle store runs at once.
 */
import type { Transaction } from "kysely";
import { StoreError } from "../store.ts";
import type { Database, Tables } from "./schema.ts";

/** One kind of work, for many calls at once. */
export interface Work<Input, Output> {
  /** Within a transaction, kinds of work run in this order. */
  readonly order: number;
  /** Rows it writes, about. */
  weight(input: Input): number;
  /**
   * Does it for all, or throws. A result for each input.
   * @param again a try before may have been committed: what is found done is done
   */
  run(trx: Transaction<Tables>, inputs: readonly Input[], again: boolean): Promise<readonly Output[]>;
}

interface Job {
  readonly work: Work<unknown, unknown>;
  readonly input: unknown;
  readonly weight: number;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows in one transaction, unless one call alone has more. */
const LARGEST = 1_000;
/** Calls that may wait: a store that does not keep up says so before memory runs out. */
const LONGEST = 20_000;

export class Batches {
  readonly #database: Database;
  #waiting: Job[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  add<Input, Output>(work: Work<Input, Output>, input: Input): Promise<Output> {
    if (this.#closed) return Promise.reject(new StoreError("The store is closed.", "unreachable"));
    if (this.#waiting.length >= LONGEST) {
      return Promise.reject(new StoreError(`The store does not keep up: ${LONGEST} calls are waiting.`, "unreachable"));
    }
    return new Promise<Output>((resolve, reject) => {
      this.#waiting.push({
        work: work as Work<unknown, unknown>,
        input,
        weight: work.weight(input),
        resolve: resolve as (output: unknown) => void,
        reject,
      });
      this.#running ??= this.#drain();
    });
  }

  /** Finishes what has been asked for, takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // What is asked for in this same turn of the event loop comes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#do(this.#take());
    this.#running = null;
  }

  #take(): readonly Job[] {
    let weight = 0;
    let count = 0;
    for (const job of this.#waiting) {
      weight += job.weight;
      if (count > 0 && weight > LARGEST) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #do(jobs: readonly Job[]): Promise<void> {
    let outputs: ReadonlyMap<Job, unknown>;
    try {
      outputs = await this.#database.write((trx, again) => runAll(trx, jobs, again));
    } catch (error) {
      // Nothing of it was done. When one of them is to blame, the others shall not suffer: halves find it quickly, and need
      // no savepoint for each of the many that are fine.
      if (jobs.length > 1 && !concernsAll(error)) {
        const middle = jobs.length >> 1;
        await this.#do(jobs.slice(0, middle));
        await this.#do(jobs.slice(middle));
        return;
      }
      for (const job of jobs) job.reject(error);
      return;
    }
    for (const job of jobs) job.resolve(outputs.get(job));
  }
}

async function runAll(
  trx: Transaction<Tables>,
  jobs: readonly Job[],
  again: boolean,
): Promise<ReadonlyMap<Job, unknown>> {
  const kinds: Map<Work<unknown, unknown>, Job[]> = new Map();
  for (const job of jobs) {
    const same = kinds.get(job.work);
    if (same === undefined) kinds.set(job.work, [job]);
    else same.push(job);
  }
  const outputs: Map<Job, unknown> = new Map();
  for (const [work, same] of [...kinds].sort(([a], [b]) => a.order - b.order)) {
    const results = await work.run(
      trx,
      same.map(({ input }) => input),
      again,
    );
    for (const [index, job] of same.entries()) outputs.set(job, results[index]);
  }
  return outputs;
}

function concernsAll(error: unknown): boolean {
  return error instanceof StoreError && error.trouble !== "conflict" && error.trouble !== "broken";
}
