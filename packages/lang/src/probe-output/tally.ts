import type { Bucket, Reading } from "./types.ts";

/** A row of an answer: the total so far, and how much of it came since the last look. */
export interface Row {
  readonly table: string;
  readonly key: readonly string[];
  readonly total: number;
  readonly delta: number;
}

export interface HistogramRow {
  readonly table: string;
  readonly key: readonly string[];
  readonly buckets: readonly Bucket[];
  readonly count: number;
}

/** What is known at one moment. Rows of a table come with the largest total first. */
export interface Snapshot {
  readonly rows: readonly Row[];
  readonly histograms: readonly HistogramRow[];
  /** Events that the tool lost. */
  readonly lost: number;
}

interface Total {
  readonly table: string;
  readonly key: readonly string[];
  base: number;
  total: number;
  before: number;
}

/** Adds up what a tool says. */
export class Tally {
  readonly #totals: Map<string, Total> = new Map();
  readonly #histograms: Map<string, HistogramRow> = new Map();
  readonly #limit: number;
  #lost = 0;
  #counted = false;

  /** @param limit most rows that are kept; the rest is not counted and `full` says so */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether rows may be missing because there are too many. */
  get full(): boolean {
    return this.#totals.size >= this.#limit;
  }

  /** Readings of one look at counters, or of one line. */
  add(readings: readonly Reading[]): void {
    for (const reading of readings) this.#addOne(reading);
    if (readings.some(({ kind }) => kind === "counter")) this.#counted = true;
  }

  #addOne(reading: Reading): void {
    switch (reading.kind) {
      case "total": {
        const row = this.#row(reading);
        if (row !== null) row.total = reading.value;
        return;
      }
      case "event": {
        const row = this.#row(reading);
        if (row !== null) row.total += 1;
        return;
      }
      case "counter": {
        const known = this.#totals.has(identity(reading));
        const row = this.#row(reading);
        if (row === null) return;
        // The first look is where counting begins; what appears later (a new rule) began at nothing.
        if (!known && !this.#counted) row.base = reading.value;
        // A counter that went back was set to zero.
        else if (reading.value < row.base + row.total) row.base = reading.value - row.total;
        row.total = reading.value - row.base;
        return;
      }
      case "histogram": {
        const count = reading.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
        const { table, key, buckets } = reading;
        if (this.#histograms.size < this.#limit || this.#histograms.has(identity(reading))) {
          this.#histograms.set(identity(reading), { table, key, buckets, count });
        }
        return;
      }
      case "lost":
        this.#lost += Math.max(reading.count, 1);
        return;
      case "attached":
      case "unread":
        return;
    }
  }

  #row(reading: { readonly table: string; readonly key: readonly string[] }): Total | null {
    const name = identity(reading);
    const known = this.#totals.get(name);
    if (known !== undefined) return known;
    if (this.full) return null;
    const row: Total = { table: reading.table, key: reading.key, base: 0, total: 0, before: 0 };
    this.#totals.set(name, row);
    return row;
  }

  /** What is known now; the next look counts its deltas from here. */
  look(): Snapshot {
    const rows: Row[] = [];
    for (const row of this.#totals.values()) {
      if (row.total !== 0)
        rows.push({ table: row.table, key: row.key, total: row.total, delta: row.total - row.before });
      row.before = row.total;
    }
    rows.sort((a, b) => b.total - a.total);
    const histograms = [...this.#histograms.values()].sort((a, b) => b.count - a.count);
    return { rows, histograms, lost: this.#lost };
  }
}

function identity({ table, key }: { readonly table: string; readonly key: readonly string[] }): string {
  return `${table}\t${key.join("\t")}`;
}

/**
 * A quantile of a histogram: the upper end of the bucket that holds it, so that it is never told too small. Null when
 * nothing was counted, or when that bucket has no upper end.
 *
 * @param share from 0 to 1
 */
export function quantile(buckets: readonly Bucket[], share: number): number | null {
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { to, count } of buckets) {
    seen += count;
    if (count > 0 && seen >= all * share) return to;
  }
  return null;
}
