/**
 * The last counters of what is deleted. The kernel tells everyone who listens of a deleted element with its counter as it
 * was when the transaction took effect (nf_tables_setelem_notify), so reading and deleting are one step and cost the
 * same with ten thousand sessions; `nft get element` and `nft list set` (1.0.6) read the whole set first, 0.1 to 0.2 s.
 */
import type { ChildProcess } from "node:child_process";
import { listener } from "./command.ts";
import { FirewallError } from "./driver.ts";
import { type Count, readDestroyed } from "./nft-listing.ts";

export interface LastCounts {
  readonly up: Count;
  readonly down: Count;
}

/** Milliseconds until a farewell that was not heard is taken as lost. */
const PATIENCE = 3_000;

interface Waiting {
  readonly wanted: Map<number, { up: Count | null; down: Count | null }>;
  left: number;
  readonly done: () => void;
}

export class Farewell {
  readonly #prefix: readonly string[];
  readonly #touch: (number: number) => Promise<void>;
  #process: ChildProcess | null = null;
  #ready: Promise<void> | null = null;
  #heard = 0;
  #rest = "";
  readonly #waiting: Map<number, Waiting> = new Map();
  #probed: (() => void) | null = null;

  /** @param touch puts an element into the set `probe` and takes it away again */
  constructor(prefix: readonly string[], touch: (number: number) => Promise<void>) {
    this.#prefix = prefix;
    this.#touch = touch;
  }

  /** Listening, and proved to hear. */
  ready(): Promise<void> {
    this.#ready ??= this.#listen().catch((error: unknown) => {
      this.stop();
      throw error;
    });
    return this.#ready;
  }

  /** Call before deleting; `ended` waits for what was heard. Numbers that nobody spoke of are missing. */
  expect(numbers: readonly number[]): { ended: () => Promise<Map<number, LastCounts>>; forget: () => void } {
    const wanted: Waiting["wanted"] = new Map(numbers.map((number) => [number, { up: null, down: null }]));
    let done = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    const waiting: Waiting = { wanted, left: numbers.length * 2, done };
    for (const number of numbers) this.#waiting.set(number, waiting);
    const forget = (): void => {
      for (const number of numbers) this.#waiting.delete(number);
    };
    const ended = async (): Promise<Map<number, LastCounts>> => {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, PATIENCE);
      });
      await Promise.race([all, patience]);
      clearTimeout(timer);
      forget();
      const counts = new Map<number, LastCounts>();
      for (const [number, { up, down }] of wanted) {
        if (up !== null && down !== null) counts.set(number, { up, down });
      }
      return counts;
    };
    if (numbers.length === 0) waiting.done();
    return { ended, forget };
  }

  stop(): void {
    this.#process?.kill("SIGKILL");
    this.#process = null;
    this.#ready = null;
  }

  async #listen(): Promise<void> {
    const child = listener(this.#prefix, ["nft", "monitor", "destroy", "elements"]);
    this.#process = child;
    this.#rest = "";
    const gone = (): void => {
      if (this.#process !== child) return;
      this.#process = null;
      this.#ready = null;
    };
    child.on("error", gone).on("exit", gone);
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    child.unref();
    (child.stdout as unknown as { unref(): void }).unref();
    // It says nothing when it begins to listen: speak until it repeats.
    for (let attempt = 0; attempt < 100; attempt++) {
      const number = ++this.#heard;
      const repeated = new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 50);
        this.#probed = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      await this.#touch(number);
      if (await repeated) return;
      if (this.#process !== child) break;
    }
    throw new FirewallError("nft monitor does not tell what it hears, so the last counters of sessions would be lost");
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const said = readDestroyed(line);
      if (said === null) continue;
      if (said.set === "probe") {
        this.#probed?.();
        continue;
      }
      const waiting = this.#waiting.get(said.number);
      const counts = waiting?.wanted.get(said.number);
      if (waiting === undefined || counts === undefined || counts[said.set] !== null) continue;
      counts[said.set] = said.count;
      if (--waiting.left === 0) waiting.done();
    }
  }
}
