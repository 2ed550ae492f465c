import type { Address } from "@pierhead/core";
import type { Table, TableEntry } from "@pierhead/lang/pf";
import { AddressTable, clearEntry, Entry, type PendingTable } from "./table.ts";

/** What became of one address of a `pfctl -T` command (`PFR_FB_*`). */
export type Feedback =
  | "none"
  | "match"
  | "added"
  | "deleted"
  | "changed"
  | "cleared"
  | "duplicate"
  | "not-match"
  | "conflict";

/** Why a table command failed: there is no such (active) table, or it is `const`. */
export type TableError = "no-table" | "const";

export interface AddressFeedback {
  readonly entry: TableEntry;
  readonly feedback: Feedback;
}

/** All tables of all anchors (pf_table.c): who refers to them, which are defined, what a load will change. */
export class TableStore {
  /** By anchor path and name, joined by a NUL, which neither can hold. */
  readonly #tables = new Map<string, AddressTable>();
  readonly #now: () => number;
  /** Called when the last table of an anchor went. */
  onEmptied: (anchor: string) => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  get(anchor: string, name: string): AddressTable | null {
    return this.#tables.get(key(anchor, name)) ?? null;
  }

  /** Defined tables only. */
  active(anchor: string, name: string): AddressTable | null {
    const table = this.get(anchor, name);
    return table?.active === true ? table : null;
  }

  /** Tables of one anchor, or of all (null), by name and then anchor. */
  list(anchor: string | null): AddressTable[] {
    const tables = [...this.#tables.values()].filter((table) => anchor === null || table.anchor === anchor);
    return tables.sort((a, b) => compareText(a.name, b.name) || compareText(a.anchor, b.anchor));
  }

  /** A rule refers to the table: it exists from now on, if only as a name (`pfr_attach_table()`). */
  attach(anchor: string, name: string): AddressTable {
    const table = this.#create(anchor, name);
    table.ruleReferences++;
    return table;
  }

  detach(table: AddressTable): void {
    if (table.ruleReferences > 0) table.ruleReferences--;
    this.#settle(table);
  }

  /** Defines a table for the load that is under way in its anchor; {@link commit} makes it real. */
  define(anchor: string, definition: Table): void {
    const table = this.#create(anchor, definition.name);
    table.pending = {
      persist: definition.persist,
      const: definition.const,
      counters: definition.counters,
      entries: definition.initialized ? definition.entries : null,
    };
  }

  /** Ends the load of one anchor: what was defined becomes active (`pfr_ina_commit()`). */
  commit(anchor: string): void {
    for (const table of this.list(anchor)) {
      if (table.pending === null) continue;
      const pending = table.pending;
      table.pending = null;
      this.#commitTable(table, pending);
      this.#settle(table);
    }
  }

  /** A table must exist and be changeable before `-T` does something with it. */
  writable(anchor: string, name: string): AddressTable | TableError {
    const table = this.active(anchor, name);
    if (table === null) return "no-table";
    return table.const ? "const" : table;
  }

  /** `pfctl -T add` and `replace` make a table that is not there. @returns whether it was made */
  create(anchor: string, name: string): boolean {
    const isNew = this.get(anchor, name) === null;
    const table = this.#create(anchor, name);
    if (!table.active) {
      table.active = true;
      table.persist = true;
    }
    return isNew;
  }

  /** `pfctl -T add`. */
  addAddresses(table: AddressTable, entries: readonly TableEntry[]): AddressFeedback[] {
    const now = this.#now();
    const seen = new Set<string>();
    // The kernel takes the list from its end.
    const feedback: AddressFeedback[] = [];
    for (const entry of [...entries].reverse()) {
      const there = table.find(entry.address, entry.length);
      const name = entryKey(entry);
      if (seen.has(name)) feedback.push({ entry, feedback: "duplicate" });
      else if (there === null) {
        seen.add(name);
        table.add(new Entry(entry, now));
        feedback.push({ entry, feedback: "added" });
      } else feedback.push({ entry, feedback: there.negated === entry.negated ? "none" : "conflict" });
    }
    return feedback;
  }

  /** `pfctl -T delete`. */
  deleteAddresses(table: AddressTable, entries: readonly TableEntry[]): AddressFeedback[] {
    const gone = new Set<Entry>();
    const feedback = entries.map((entry): AddressFeedback => {
      const there = table.find(entry.address, entry.length);
      if (there === null) return { entry, feedback: "none" };
      if (there.negated !== entry.negated) return { entry, feedback: "conflict" };
      if (gone.has(there)) return { entry, feedback: "duplicate" };
      gone.add(there);
      return { entry, feedback: "deleted" };
    });
    for (const entry of gone) table.remove(entry);
    return feedback;
  }

  /** `pfctl -T replace`. */
  replaceAddresses(table: AddressTable, entries: readonly TableEntry[]): AddressFeedback[] {
    const now = this.#now();
    const kept = new Set<Entry>();
    const added = new Set<string>();
    const fresh: Entry[] = [];
    const feedback: AddressFeedback[] = [];
    for (const entry of entries) {
      const there = table.find(entry.address, entry.length);
      if (there !== null) {
        if (kept.has(there)) feedback.push({ entry, feedback: "duplicate" });
        else {
          kept.add(there);
          const changed = there.negated !== entry.negated;
          if (changed) this.#negate(table, there, entry.negated, now);
          feedback.push({ entry, feedback: changed ? "changed" : "none" });
        }
      } else if (added.has(entryKey(entry))) feedback.push({ entry, feedback: "duplicate" });
      else {
        added.add(entryKey(entry));
        fresh.push(new Entry(entry, now));
        feedback.push({ entry, feedback: "added" });
      }
    }
    for (const old of table.entries()) {
      if (kept.has(old)) continue;
      table.remove(old);
      const { address, length, negated } = old;
      feedback.push({ entry: { address, length, negated }, feedback: "deleted" });
    }
    for (const entry of fresh) table.add(entry);
    return feedback;
  }

  /** An address that max-src-conn puts into its overload table (`pfr_insert_kentry()`). */
  insert(table: AddressTable, address: Address): void {
    if (table.find(address, address.bits) !== null) return;
    table.add(new Entry({ address, length: address.bits, negated: false }, this.#now()));
  }

  /** The same for a network (`pfr_insert_kentry()`, `pfr_remove_kentry()`). */
  setNetwork(table: AddressTable, network: Address, length: number, present: boolean): void {
    const entry = table.find(network, length);
    if (present && entry === null) table.add(new Entry({ address: network, length, negated: false }, this.#now()));
    else if (!present && entry !== null) table.remove(entry);
  }

  /** `pfctl -T kill`: the table is no longer defined; it stays as a name while rules refer to it. */
  kill(table: AddressTable): void {
    table.active = false;
    this.#settle(table);
  }

  /** `pfctl -F Tables` for one anchor. @returns how many were defined */
  killAll(anchor: string): number {
    const tables = this.list(anchor).filter((table) => table.active);
    for (const table of tables) this.kill(table);
    return tables.length;
  }

  #negate(table: AddressTable, entry: Entry, negated: boolean, now: number): void {
    entry.negated = negated;
    clearEntry(entry, now);
    table.set(entry.address.family).touched();
  }

  #create(anchor: string, name: string): AddressTable {
    const known = this.get(anchor, name);
    if (known !== null) return known;
    const table = new AddressTable(name, anchor, this.#now());
    this.#tables.set(key(anchor, name), table);
    if (anchor !== "") {
      const root = this.#create("", name);
      root.anchorReferences++;
      table.root = root;
    }
    return table;
  }

  #commitTable(table: AddressTable, pending: PendingTable): void {
    const now = this.#now();
    if (pending.entries === null) {
      if (!table.active) table.clearCounters(now, true);
    } else if (table.active) {
      const kept = new Set<Entry>();
      const fresh: Entry[] = [];
      const seen = new Set<string>();
      for (const entry of pending.entries) {
        if (seen.has(entryKey(entry))) continue;
        seen.add(entryKey(entry));
        const there = table.find(entry.address, entry.length);
        if (there === null) fresh.push(new Entry(entry, now));
        else {
          kept.add(there);
          if (there.negated !== entry.negated) this.#negate(table, there, entry.negated, now);
        }
      }
      for (const old of table.entries()) if (!kept.has(old)) table.remove(old);
      for (const entry of fresh) table.add(entry);
    } else {
      table.clear();
      for (const entry of pending.entries) {
        if (table.find(entry.address, entry.length) === null) table.add(new Entry(entry, now));
      }
      table.clearCounters(now, false);
    }
    table.active = true;
    table.persist = pending.persist;
    table.const = pending.const;
    table.counters = pending.counters;
  }

  /** What nobody refers to or wants to keep is not defined; what is not even a name goes (`pfr_setflags_ktable()`). */
  #settle(table: AddressTable): void {
    if (table.ruleReferences === 0 && table.anchorReferences === 0 && !table.persist) table.active = false;
    if (!table.active) {
      table.persist = false;
      table.const = false;
      table.counters = false;
      table.clear();
    }
    if (table.active || table.pending !== null || table.ruleReferences > 0 || table.anchorReferences > 0) return;
    if (this.#tables.get(key(table.anchor, table.name)) !== table) return;
    this.#tables.delete(key(table.anchor, table.name));
    if (table.root !== null) {
      table.root.anchorReferences--;
      this.#settle(table.root);
    }
    this.onEmptied(table.anchor);
  }

  /** Whether an anchor has tables, defined or only referred to. */
  has(anchor: string): boolean {
    for (const table of this.#tables.values()) if (table.anchor === anchor) return true;
    return false;
  }
}

function key(anchor: string, name: string): string {
  return `${anchor}\0${name}`;
}

function entryKey(entry: TableEntry): string {
  return `${entry.address.masked(entry.length)}/${entry.length}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
