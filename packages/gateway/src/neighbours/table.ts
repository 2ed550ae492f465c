/** Addresses and MACs, bounded: a guest that answers for a whole /64 pushes out its own addresses, not other people's. */
import type { NeighbourChange } from "./neighbours.ts";

/** A device with privacy addresses has a dozen. */
const PER_MAC = 64;
const IN_ALL = 65_536;

export class NeighbourTable {
  /** Oldest news first. */
  readonly #macs: Map<string, string> = new Map();
  readonly #addresses: Map<string, Set<string>> = new Map();
  readonly #listeners: Set<(change: NeighbourChange) => void> = new Set();

  get size(): number {
    return this.#macs.size;
  }

  macOf(address: string): string | null {
    return this.#macs.get(address) ?? null;
  }

  addressesOf(mac: string): readonly string[] {
    return [...(this.#addresses.get(mac) ?? [])];
  }

  known(): readonly string[] {
    return [...this.#macs.keys()];
  }

  /** @returns a way to hear no more */
  watch(listener: (change: NeighbourChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(address: string, mac: string): void {
    const before = this.#macs.get(address);
    if (before !== undefined && before !== mac) this.remove(address);
    // Set anew, so that what is heard of last is last.
    this.#macs.delete(address);
    this.#macs.set(address, mac);
    const own = this.#addresses.get(mac) ?? new Set();
    this.#addresses.set(mac, own);
    own.delete(address);
    own.add(address);
    if (before !== mac) this.#tell({ mac, address, present: true });
    if (own.size > PER_MAC) this.#drop(own);
    if (this.#macs.size > IN_ALL) this.#drop(this.#macs.keys());
  }

  remove(address: string): void {
    const mac = this.#macs.get(address);
    if (mac === undefined) return;
    this.#macs.delete(address);
    const own = this.#addresses.get(mac);
    own?.delete(address);
    if (own?.size === 0) this.#addresses.delete(mac);
    this.#tell({ mac, address, present: false });
  }

  #drop(oldestFirst: Iterable<string>): void {
    for (const address of oldestFirst) {
      this.remove(address);
      return;
    }
  }

  #tell(change: NeighbourChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
