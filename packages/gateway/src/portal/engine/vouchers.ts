/** How much of its volume a voucher has left, shared by all devices that use it. */
import type { Voucher } from "../../store/store.ts";
import { totalOctets } from "./counters.ts";
import type { Entry, SessionTable } from "./table.ts";

interface Budget {
  readonly code: string;
  readonly octets: bigint | null;
  /** As the store last said or was told. */
  used: bigint;
  readonly shared: boolean;
}

export class VoucherBudgets {
  readonly #table: SessionTable;
  readonly #budgets: Map<string, Budget> = new Map();

  constructor(table: SessionTable) {
    this.#table = table;
  }

  /** What the store says of it now. */
  learn(voucher: Voucher): void {
    const { id, code, octets, usedOctets, devices } = voucher;
    this.#budgets.set(id, { code, octets, used: usedOctets, shared: devices > 1 });
  }

  /** Octets left, what the store does not know yet taken off; null without limit, or when nothing is known. */
  left(id: string): bigint | null {
    const budget = this.#budgets.get(id);
    if (budget === undefined || budget.octets === null) return null;
    let left = budget.octets - budget.used;
    for (const entry of this.#table.voucher(id)) left -= totalOctets(entry.now) - totalOctets(entry.stored);
    return left;
  }

  /** The store has taken octets of a session of this voucher. */
  written(id: string, octets: bigint): void {
    const budget = this.#budgets.get(id);
    if (budget !== undefined) budget.used += octets;
  }

  /** Vouchers in use here whose volume others may use too, or of which nothing is known yet; by code. */
  unsure(): readonly string[] {
    const codes: string[] = [];
    for (const id of this.#table.vouchers()) {
      const budget = this.#budgets.get(id);
      if (budget !== undefined && (budget.octets === null || !budget.shared)) continue;
      const code = budget?.code ?? userOf(this.#table.voucher(id));
      if (code !== null) codes.push(code);
    }
    return codes;
  }

  /** Forgets those that nobody uses here any more. */
  tidy(): void {
    for (const id of this.#budgets.keys()) if (this.#table.voucher(id).size === 0) this.#budgets.delete(id);
  }
}

/** A voucher's code is its sessions' User-Name. */
function userOf(entries: ReadonlySet<Entry>): string | null {
  for (const entry of entries) return entry.now.user;
  return null;
}
