/** What bpftrace prints with `-f json`: one object a line (bpftrace(8), and its docs on output). */
import { type Bucket, type KeyCounts, type OutputReader, type Reading, splitKey, tableName } from "./types.ts";

export function bpftraceReader(keys: KeyCounts): OutputReader {
  return { line: (text) => readLine(text, keys), end: () => [] };
}

function readLine(text: string, keys: KeyCounts): Reading[] {
  if (text.trim() === "") return [];
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return [{ kind: "unread", text }];
  }
  if (!isRecord(message) || typeof message["type"] !== "string") return [{ kind: "unread", text }];
  const data = message["data"];
  switch (message["type"]) {
    case "attached_probes":
      return [{ kind: "attached" }];
    case "lost_events": {
      const count = isRecord(data) ? data["events"] : 0;
      return [{ kind: "lost", count: typeof count === "number" ? count : 0, text: "" }];
    }
    case "map":
      return isRecord(data) ? Object.entries(data).flatMap(([name, rows]) => totals(name, rows, keys)) : [];
    case "hist":
      return isRecord(data) ? Object.entries(data).flatMap(([name, rows]) => histograms(name, rows, keys)) : [];
    default:
      return [{ kind: "unread", text }];
  }
}

function totals(name: string, rows: unknown, keys: KeyCounts): Reading[] {
  const table = tableName(name);
  const count = keys(table);
  if (count === null || !isRecord(rows)) return [];
  const found: Reading[] = [];
  for (const [key, value] of Object.entries(rows)) {
    if (typeof value === "number") found.push({ kind: "total", table, key: splitKey(key, count, ","), value });
  }
  return found;
}

function histograms(name: string, rows: unknown, keys: KeyCounts): Reading[] {
  const table = tableName(name);
  const count = keys(table);
  if (count === null) return [];
  if (Array.isArray(rows)) return [{ kind: "histogram", table, key: [], buckets: buckets(rows) }];
  if (!isRecord(rows)) return [];
  return Object.entries(rows).flatMap(([key, list]): Reading[] =>
    Array.isArray(list) ? [{ kind: "histogram", table, key: splitKey(key, count, ","), buckets: buckets(list) }] : [],
  );
}

/** Both ends of a bucket belong to it; the first may have no lower and the last no upper end. */
function buckets(list: readonly unknown[]): Bucket[] {
  const found: Bucket[] = [];
  for (const one of list) {
    if (!isRecord(one) || typeof one["count"] !== "number") continue;
    const { min, max } = one;
    found.push({
      from: typeof min === "number" ? min : Number.NEGATIVE_INFINITY,
      to: typeof max === "number" ? max + 1 : null,
      count: one["count"],
    });
  }
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
