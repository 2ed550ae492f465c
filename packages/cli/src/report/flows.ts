/** Tables of flows, for people and for machines. */
import type { ExporterStatus } from "@pierhead/gateway/flows";
import { type FlowRow, type FlowTable, GROUPING_COLUMNS } from "@pierhead/lang/flow-export";
import { type Colors, plural, printable } from "../terminal.ts";
import { bar, short } from "./spark.ts";

const PROTOCOLS: Readonly<Record<string, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  47: "gre",
  50: "esp",
  58: "icmp6",
  132: "sctp",
};

export interface FlowView {
  readonly table: FlowTable;
  readonly exporters: readonly ExporterStatus[];
  readonly problems: ReadonlyMap<string, { readonly message: string; readonly count: number }>;
  readonly seconds: number;
  readonly rows: number;
}

function cells(view: FlowView, row: FlowRow): string[] {
  const columns = GROUPING_COLUMNS[view.table.grouping];
  return columns.map((column, at) => {
    const text = row.key[at] ?? "";
    return column === "protocol" ? (PROTOCOLS[text] ?? text) : printable(text);
  });
}

/** Everything that is known now. */
export function flowAnswer(view: FlowView, colors: Colors): string {
  const { table, exporters, problems } = view;
  const rows = table.top(view.rows);
  const columns = GROUPING_COLUMNS[table.grouping];
  const shown = [columns, ...rows.map((row) => cells(view, row))];
  const widths = columns.map((_, at) => Math.max(...shown.map((row) => (row[at] ?? "").length)));
  const line = (texts: readonly string[]): string =>
    texts.map((text, at) => text.padEnd(widths[at] as number)).join("  ");
  const { all, others } = table;
  const out = [
    `${plural(all.flows, "flow")}, ${short(all.bytes)}B, ${short(all.packets)}packets from ${plural(exporters.length, "exporter")}  ${colors.dim(`${view.seconds.toFixed(0)} s`)}`,
  ];
  if (rows.length > 0) {
    out.push(
      "",
      colors.dim(`  ${line(columns)}  ${"bytes".padStart(10)}  ${"packets".padStart(9)}  ${"flows".padStart(8)}`),
    );
    const highest = rows[0]?.bytes ?? 0;
    rows.forEach((row, at) => {
      const numbers = `${`${short(row.bytes)}B`.padStart(10)}  ${short(row.packets).padStart(9)}  ${short(row.flows).padStart(8)}`;
      const share = highest === 0 ? 0 : row.bytes / highest;
      out.push(`  ${line(shown[at + 1] as string[])}  ${numbers}  ${colors.cyan(bar(share, 20))}`.trimEnd());
    });
    const rest = table.size - rows.length;
    if (rest > 0) out.push(colors.dim(`  … and ${plural(rest, "more row")}`));
    if (others.flows > 0)
      out.push(
        colors.yellow(`  ${plural(others.flows, "flow")} of rows that are too many to keep: ${short(others.bytes)}B`),
      );
  }
  const lossy = exporters.filter(({ lost }) => lost > 0);
  if (lossy.length > 0) {
    out.push("", ...lossy.map((one) => colors.yellow(`${printable(one.address)}: ${one.lost} lost on the way`)));
  }
  const said = [...problems].filter(([code]) => code !== "flows/lost");
  if (said.length > 0) {
    out.push(
      "",
      ...said.map(
        ([code, { message, count }]) =>
          `${colors.yellow("note")} ${colors.dim(`[${code}]`)} ${printable(message)}${count > 1 ? ` (${count} times)` : ""}`,
      ),
    );
  }
  return `${out.join("\n")}\n`;
}

/** One line of the JSON stream. */
export function flowJson(view: FlowView, time: string, last: boolean): string {
  const columns = GROUPING_COLUMNS[view.table.grouping];
  const named = (row: FlowRow): Record<string, unknown> => ({
    ...Object.fromEntries(columns.map((column, at) => [column, cells(view, row)[at]])),
    bytes: row.bytes,
    packets: row.packets,
    flows: row.flows,
  });
  const { all, others } = view.table;
  const sums = (row: FlowRow): Record<string, number> => ({ bytes: row.bytes, packets: row.packets, flows: row.flows });
  return JSON.stringify({
    time,
    seconds: Number(view.seconds.toFixed(3)),
    last,
    all: sums(all),
    rows: view.table.top(view.rows).map(named),
    others: sums(others),
    exporters: view.exporters,
    problems: [...view.problems].map(([code, { message, count }]) => ({ code, message, count })),
  });
}
