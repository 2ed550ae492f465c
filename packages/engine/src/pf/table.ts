import { type Address, maskWord } from "@pierhead/core";
import type { TableEntry } from "@pierhead/lang/pf";

/** Packets and bytes of one table or entry: index direction (in 0, out 1) * operations + operation. */
export const TABLE_OPERATION = { block: 0, match: 1, pass: 2, xpass: 3 } as const;

/** One address or network of a table, with what the kernel counts for it (`struct pfr_kentry`). */
export class Entry {
  readonly address: Address;
  readonly length: number;
  negated: boolean;
  readonly weight: number;
  /** Interface of a pool member; null without. */
  readonly interface: string | null;
  /** The entry was given a weight or stands in a pool that counts states. */
  readonly hasCost: boolean;
  packets: Float64Array | null = null;
  bytes: Float64Array | null = null;
  /** States that least-states counts for this address. */
  states = 0;
  /** When its counters were cleared: seconds of the host's clock. */
  cleared: number;
  next: Entry | null = null;

  constructor(entry: TableEntry, now: number) {
    this.address = entry.address.masked(entry.length);
    this.length = entry.length;
    this.negated = entry.negated;
    this.weight = entry.weight === undefined || entry.weight === 0 ? 1 : entry.weight;
    this.hasCost = entry.weight !== undefined && entry.weight > 0;
    this.interface = entry.interface ?? null;
    this.cleared = now;
  }

  get isNetwork(): boolean {
    return this.length < this.address.bits;
  }
}

/**
 * Addresses by longest prefix. The kernel has a radix tree; here is one hash per prefix length, and a sorted list,
 * made when somebody walks, in the order in which the tree is walked: by address, longer prefixes first.
 */
export class PrefixSet {
  readonly family: 4 | 6;
  /** By prefix length: entries by hash of their address. */
  readonly #byLength: (Map<number, Entry> | null)[];
  /** Lengths in use, longest first. */
  #lengths: number[] = [];
  #sorted: Entry[] | null = null;
  #positive: Entry[] | null = null;
  size = 0;

  constructor(family: 4 | 6) {
    this.family = family;
    this.#byLength = new Array<Map<number, Entry> | null>(family === 4 ? 33 : 129).fill(null);
  }

  /** The most specific entry that holds `address`. */
  lookup(address: Address): Entry | null {
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const found = this.find(address, lengths[i] as number);
      if (found !== null) return found;
    }
    return null;
  }

  /** The entry for exactly this network. */
  find(address: Address, length: number): Entry | null {
    const map = this.#byLength[length];
    if (map === null || map === undefined) return null;
    const w0 = (address.w0 & maskWord(length, 0)) >>> 0;
    if (this.family === 4) return map.get(w0) ?? null;
    const w1 = (address.w1 & maskWord(length, 1)) >>> 0;
    const w2 = (address.w2 & maskWord(length, 2)) >>> 0;
    const w3 = (address.w3 & maskWord(length, 3)) >>> 0;
    for (let entry = map.get(mix(w0, w1, w2, w3)) ?? null; entry !== null; entry = entry.next) {
      const own = entry.address;
      if (own.w0 === w0 && own.w1 === w1 && own.w2 === w2 && own.w3 === w3) return entry;
    }
    return null;
  }

  /** Adds an entry whose network is not there yet. */
  add(entry: Entry): void {
    let map = this.#byLength[entry.length];
    if (map === null || map === undefined) {
      map = new Map();
      this.#byLength[entry.length] = map;
      this.#lengths = [...this.#lengths, entry.length].sort((a, b) => b - a);
    }
    const hash = this.#hash(entry);
    entry.next = map.get(hash) ?? null;
    map.set(hash, entry);
    this.size++;
    this.#forget();
  }

  remove(entry: Entry): void {
    const map = this.#byLength[entry.length];
    if (map === null || map === undefined) return;
    const hash = this.#hash(entry);
    let previous: Entry | null = null;
    for (let at = map.get(hash) ?? null; at !== null; previous = at, at = at.next) {
      if (at !== entry) continue;
      if (previous !== null) previous.next = at.next;
      else if (at.next !== null) map.set(hash, at.next);
      else map.delete(hash);
      this.size--;
      this.#forget();
      break;
    }
    if (map.size === 0) {
      this.#byLength[entry.length] = null;
      this.#lengths = this.#lengths.filter((length) => length !== entry.length);
    }
  }

  clear(): void {
    this.#byLength.fill(null);
    this.#lengths = [];
    this.size = 0;
    this.#forget();
  }

  /** All entries in walking order. */
  entries(): readonly Entry[] {
    if (this.#sorted === null) {
      const all: Entry[] = [];
      for (const map of this.#byLength) {
        if (map === null) continue;
        for (const head of map.values()) for (let at: Entry | null = head; at !== null; at = at.next) all.push(at);
      }
      this.#sorted = all.sort((a, b) => a.address.compare(b.address) || b.length - a.length);
    }
    return this.#sorted;
  }

  /** Entry number `index` of those that are not negated: what pools count by. */
  positive(index: number): Entry | null {
    this.#positive ??= this.entries().filter((entry) => !entry.negated);
    return this.#positive[index] ?? null;
  }

  /** An entry changed its negation. */
  touched(): void {
    this.#forget();
  }

  #hash(entry: Entry): number {
    const { w0, w1, w2, w3 } = entry.address;
    return this.family === 4 ? w0 : mix(w0, w1, w2, w3);
  }

  #forget(): void {
    this.#sorted = null;
    this.#positive = null;
  }
}

function mix(w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(w0 ^ (w0 >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ w1 ^ (hash >>> 12), 0x297a2d39);
  hash = Math.imul(hash ^ w2 ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ w3 ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What a table has to hold, whoever defined it: `struct pfr_ktable`. */
export class AddressTable {
  readonly name: string;
  /** Path of the anchor it is in; "" is the main ruleset. */
  readonly anchor: string;
  readonly ipv4: PrefixSet = new PrefixSet(4);
  readonly ipv6: PrefixSet = new PrefixSet(6);
  /** The table of the same name in the main ruleset, used while this one is not active. */
  root: AddressTable | null = null;
  persist = false;
  const = false;
  counters = false;
  active = false;
  ruleReferences = 0;
  anchorReferences = 0;
  /** Definition of a load that is under way. */
  pending: PendingTable | null = null;
  matched = 0;
  notMatched = 0;
  readonly packets: Float64Array = new Float64Array(8);
  readonly bytes: Float64Array = new Float64Array(8);
  cleared: number;
  /** Entries with a weight, their greatest common divisor and maximum: for weighted round-robin. */
  costEntries = 0;
  weightDivisor = 0;
  maximumWeight = 1;

  constructor(name: string, anchor: string, now: number) {
    this.name = name;
    this.anchor = anchor;
    this.cleared = now;
  }

  /** `pfr_ktable_select_active()`: this table, the main one behind it, or null when neither is defined. */
  select(): AddressTable | null {
    let table: AddressTable = this;
    if (!table.active && table.root !== null) table = table.root;
    return table.active ? table : null;
  }

  get size(): number {
    return this.ipv4.size + this.ipv6.size;
  }

  /** Most specific entry for an address, of the active table; null when there is none. */
  lookup(address: Address): Entry | null {
    const table = this.active ? this : this.select();
    if (table === null) return null;
    return address.family === 4 ? table.ipv4.lookup(address) : table.ipv6.lookup(address);
  }

  /** Whether a packet's address is in the table; counted (`pfr_match_addr()`). */
  match(address: Address): boolean {
    const entry = this.lookup(address);
    const matched = entry !== null && !entry.negated;
    if (matched) this.matched++;
    else this.notMatched++;
    return matched;
  }

  set(family: 4 | 6): PrefixSet {
    return family === 4 ? this.ipv4 : this.ipv6;
  }

  find(address: Address, length: number): Entry | null {
    return this.set(address.family).find(address, length);
  }

  add(entry: Entry): void {
    this.set(entry.address.family).add(entry);
    if (entry.hasCost) this.costEntries++;
    this.#weigh(entry);
  }

  remove(entry: Entry): void {
    this.set(entry.address.family).remove(entry);
    if (entry.hasCost) this.costEntries--;
    if (this.costEntries > 0) {
      this.weightDivisor = 0;
      this.maximumWeight = 1;
      for (const other of this.entries()) this.#weigh(other);
    }
  }

  clear(): number {
    const count = this.size;
    this.ipv4.clear();
    this.ipv6.clear();
    this.costEntries = 0;
    this.weightDivisor = 0;
    this.maximumWeight = 1;
    return count;
  }

  /** IPv4 before IPv6, each in walking order. */
  entries(): Entry[] {
    return [...this.ipv4.entries(), ...this.ipv6.entries()];
  }

  clearCounters(now: number, entriesToo: boolean): void {
    this.packets.fill(0);
    this.bytes.fill(0);
    this.matched = 0;
    this.notMatched = 0;
    this.cleared = now;
    if (entriesToo) for (const entry of this.entries()) clearEntry(entry, now);
  }

  #weigh(entry: Entry): void {
    if (this.costEntries === 0) return;
    if (this.weightDivisor === 0) this.weightDivisor = entry.weight;
    this.weightDivisor = greatestCommonDivisor(entry.weight, this.weightDivisor);
    if (this.maximumWeight < entry.weight) this.maximumWeight = entry.weight;
  }
}

/** A table as a load defines it; `entries` null keeps what is there. */
export interface PendingTable {
  readonly persist: boolean;
  readonly const: boolean;
  readonly counters: boolean;
  readonly entries: readonly TableEntry[] | null;
}

export function clearEntry(entry: Entry, now: number): void {
  entry.packets = null;
  entry.bytes = null;
  entry.states = 0;
  entry.cleared = now;
}

function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Books a packet of a rule that names the table (`pfr_update_stats()`). */
export function countTable(
  table: AddressTable,
  address: Address,
  out: boolean,
  length: number,
  operation: number,
  negatedInRule: boolean,
): void {
  const active = table.select();
  if (active === null) return;
  const entry = active.lookup(address);
  let op = operation;
  if ((entry === null || entry.negated) !== negatedInRule) op = TABLE_OPERATION.xpass;
  const direction = out ? 1 : 0;
  active.packets[direction * 4 + op] = (active.packets[direction * 4 + op] as number) + 1;
  active.bytes[direction * 4 + op] = (active.bytes[direction * 4 + op] as number) + length;
  if (entry === null || op === TABLE_OPERATION.xpass || !active.counters) return;
  entry.packets ??= new Float64Array(6);
  entry.bytes ??= new Float64Array(6);
  entry.packets[direction * 3 + op] = (entry.packets[direction * 3 + op] as number) + 1;
  entry.bytes[direction * 3 + op] = (entry.bytes[direction * 3 + op] as number) + length;
}
