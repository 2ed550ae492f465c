/** Answers of probes, for people and for machines. */
import type { Probe, ProbeFacts, ProbeTable, ProbeUnit } from "@pierhead/lang/probe";
import { type HistogramRow, inWords, quantile, type Row, type Snapshot } from "@pierhead/lang/probe-output";
import { type Colors, plural, printable } from "../terminal.ts";
import { bar, short, sparkline } from "./spark.ts";

const ROWS_SHOWN = 12;
const BAR_WIDTH = 16;
const SPARK_WIDTH = 20;
const WIDEST = 44;

const UNITS: Readonly<Record<ProbeUnit, string>> = { bytes: "B", packets: "packets", events: "", microseconds: "µs" };

/** What each row did in the last seconds, for its sparkline. */
export class History {
  readonly #rows: Map<string, number[]> = new Map();

  push(snapshot: Snapshot): void {
    const seen = new Set<string>();
    for (const row of snapshot.rows.slice(0, 200)) {
      const name = `${row.table}\t${row.key.join("\t")}`;
      seen.add(name);
      const values = this.#rows.get(name) ?? [];
      values.push(row.delta);
      if (values.length > SPARK_WIDTH) values.shift();
      this.#rows.set(name, values);
    }
    for (const name of this.#rows.keys()) if (!seen.has(name)) this.#rows.delete(name);
  }

  of(row: Row): readonly number[] {
    return this.#rows.get(`${row.table}\t${row.key.join("\t")}`) ?? [];
  }
}

export interface AnswerView {
  readonly probe: Probe;
  readonly facts: ProbeFacts;
  readonly snapshot: Snapshot;
  readonly seconds: number;
  /** Null where there is no room or no time to show what happened lately. */
  readonly history: History | null;
  readonly full: boolean;
}

function cells(table: ProbeTable, row: Row | HistogramRow, facts: ProbeFacts): string[] {
  return table.keys.map((column, at) => {
    const text = printable(inWords(table.name, column, row.key[at] ?? "", facts));
    return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
  });
}

function padded(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] as number)).join("  "));
}

function sums(table: ProbeTable, view: AnswerView, colors: Colors): string[] {
  const rows = view.snapshot.rows.filter((row) => row.table === table.name);
  if (rows.length === 0) return [];
  const shown = rows.slice(0, ROWS_SHOWN);
  const highest = shown[0]?.total ?? 0;
  const unit = UNITS[table.unit];
  const heads = padded([table.keys, ...shown.map((row) => cells(table, row, view.facts))]);
  const out = [colors.bold(table.title)];
  heads.forEach((head, at) => {
    if (at === 0) {
      const tail = `${"total".padStart(12)}  ${"a second".padStart(12)}`;
      out.push(colors.dim(`  ${head}  ${tail}`));
      return;
    }
    const row = shown[at - 1] as Row;
    const rate = view.history === null ? row.total / Math.max(view.seconds, 1) : row.delta;
    const numbers = `${`${short(row.total)}${unit}`.padStart(12)}  ${`${short(rate)}${unit}`.padStart(12)}`;
    const spark = view.history === null ? "" : ` ${sparkline(view.history.of(row)).padStart(SPARK_WIDTH)}`;
    out.push(
      `  ${head}  ${numbers}  ${colors.cyan(bar(row.total / highest, BAR_WIDTH))}${colors.green(spark)}`.trimEnd(),
    );
  });
  if (rows.length > shown.length) out.push(colors.dim(`  … and ${plural(rows.length - shown.length, "more row")}`));
  return out;
}

function bucketName(from: number, to: number | null): string {
  if (from === Number.NEGATIVE_INFINITY) return `below ${to ?? 0} µs`;
  return to === null ? `${short(from)}µs and more` : `${short(from)} – ${short(to)}µs`;
}

function histograms(table: ProbeTable, view: AnswerView, colors: Colors): string[] {
  const out: string[] = [];
  for (const one of view.snapshot.histograms.filter((row) => row.table === table.name).slice(0, 5)) {
    const at = (share: number): string => {
      const value = quantile(one.buckets, share);
      return value === null ? "?" : `${short(value)}µs`;
    };
    const half = `half within ${at(0.5)}, 99 % within ${at(0.99)}`;
    out.push(
      `${colors.bold(`${table.title} ${cells(table, one, view.facts).join(" ")}`)}  ${plural(one.count, "time")}; ${half}`,
    );
    const highest = Math.max(...one.buckets.map(({ count }) => count));
    const names = padded(one.buckets.map(({ from, to }) => [bucketName(from, to)]));
    one.buckets.forEach(({ count }, row) => {
      out.push(`  ${names[row]}  ${short(count).padStart(8)}  ${colors.cyan(bar(count / highest, 30))}`.trimEnd());
    });
  }
  return out;
}

/** Everything that is known now. */
export function answer(view: AnswerView, colors: Colors): string {
  const { probe, snapshot } = view;
  const out = [`${colors.bold(probe.name)}: ${probe.question}  ${colors.dim(`${view.seconds.toFixed(0)} s`)}`];
  for (const table of probe.tables) {
    const lines = table.shape === "sum" ? sums(table, view, colors) : histograms(table, view, colors);
    if (lines.length > 0) out.push("", ...lines);
  }
  if (out.length === 1) out.push("", "nothing so far");
  if (snapshot.lost > 0)
    out.push("", colors.yellow(`${plural(snapshot.lost, "event")} lost: the true numbers are higher`));
  if (view.full) out.push("", colors.yellow("a table is full: rows that came later were not counted"));
  return `${out.join("\n")}\n`;
}

/** One line of the JSON stream. */
export function answerJson(view: AnswerView, time: string, last: boolean): string {
  const { probe, snapshot, facts } = view;
  const named = (table: ProbeTable, row: Row | HistogramRow): Record<string, string> =>
    Object.fromEntries(table.keys.map((column, at) => [column, inWords(table.name, column, row.key[at] ?? "", facts)]));
  const tables: Record<string, unknown[]> = {};
  for (const table of probe.tables) {
    tables[table.name] =
      table.shape === "sum"
        ? snapshot.rows
            .filter((row) => row.table === table.name)
            .map((row) => ({ ...named(table, row), [table.unit]: row.total, new: row.delta }))
        : snapshot.histograms
            .filter((row) => row.table === table.name)
            .map((row) => ({
              ...named(table, row),
              count: row.count,
              unit: table.unit,
              buckets: row.buckets.map(({ from, to, count }) => ({
                from: Number.isFinite(from) ? from : null,
                to,
                count,
              })),
            }));
  }
  return JSON.stringify({
    probe: probe.name,
    time,
    seconds: Number(view.seconds.toFixed(3)),
    last,
    ...tables,
    lost: snapshot.lost,
    full: view.full,
  });
}
