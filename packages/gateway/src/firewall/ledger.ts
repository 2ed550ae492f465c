/** Which sessions are open as the driver knows it, and how to take a step back when the kernel refuses one. */
import type { Opening } from "./driver.ts";

export interface Entry extends Opening {
  /** Its class in tc, the same on both interfaces; 0 when nothing limits it. */
  readonly slot: number;
}

export class Ledger {
  readonly #byNumber: Map<number, Entry> = new Map();
  readonly #byMac: Map<string, number> = new Map();
  #undo: (() => void)[] = [];

  get size(): number {
    return this.#byNumber.size;
  }

  entry(number: number): Entry | undefined {
    return this.#byNumber.get(number);
  }

  withMac(mac: string): Entry | undefined {
    const number = this.#byMac.get(mac);
    return number === undefined ? undefined : this.#byNumber.get(number);
  }

  entries(): Iterable<Entry> {
    return this.#byNumber.values();
  }

  put(entry: Entry): void {
    const before = this.#byNumber.get(entry.number);
    if (before !== undefined) this.remove(entry.number);
    this.#byNumber.set(entry.number, entry);
    this.#byMac.set(entry.mac, entry.number);
    this.#undo.push(() => {
      this.#byNumber.delete(entry.number);
      this.#byMac.delete(entry.mac);
    });
  }

  remove(number: number): void {
    const before = this.#byNumber.get(number);
    if (before === undefined) return;
    this.#byNumber.delete(number);
    this.#byMac.delete(before.mac);
    this.#undo.push(() => {
      this.#byNumber.set(number, before);
      this.#byMac.set(before.mac, number);
    });
  }

  clear(): void {
    this.#byNumber.clear();
    this.#byMac.clear();
    this.#undo = [];
  }

  /** What was done since the last commit is done. */
  commit(): void {
    this.#undo = [];
  }

  /** As if nothing had been done since the last commit. */
  rollback(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo = [];
  }
}
