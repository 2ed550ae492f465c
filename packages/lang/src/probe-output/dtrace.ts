/**
 * What our D scripts print: `table TAB key… TAB total`, and for a histogram `histogram TAB table TAB key…` followed by the
 * picture that DTrace draws of a quantize() (dtrace(1), FreeBSD; libdtrace/dt_consume.c).
 */
import { type Bucket, type KeyCounts, type OutputReader, type Reading, tableName } from "./types.ts";

export function dtraceReader(keys: KeyCounts): OutputReader {
  let open: { table: string; key: readonly string[]; rows: { from: number; count: number }[] } | null = null;

  const close = (): Reading[] => {
    if (open === null) return [];
    const { table, key, rows } = open;
    open = null;
    const buckets: Bucket[] = [];
    rows.forEach(({ from, count }, at) => {
      if (count > 0) buckets.push({ from, to: rows[at + 1]?.from ?? null, count });
    });
    return [{ kind: "histogram", table, key, buckets }];
  };

  return {
    line(text) {
      if (open !== null) {
        const row = /^\s*(-?\d+)\s*\|[@ ]*\|?\s*(\d+)\s*$/.exec(text);
        if (row !== null) {
          open.rows.push({ from: Number(row[1]), count: Number(row[2]) });
          return [];
        }
        if (/^\s*(?:value\s+-+ Distribution -+ count\s*)?$/.test(text)) return [];
      }
      if (text.trim() === "") return close();
      const done = close();
      const fields = text.split("\t");
      if (fields[0] === "histogram" && fields.length > 1) {
        const table = tableName(fields[1] as string);
        if (keys(table) !== null) open = { table, key: fields.slice(2), rows: [] };
        return done;
      }
      const dropped = /^dtrace: (\d+) .*drop/.exec(text) ?? /(\d+) (?:dynamic variable|aggregation) drops?/.exec(text);
      if (dropped !== null) return [...done, { kind: "lost", count: Number(dropped[1]), text }];
      const table = tableName(fields[0] as string);
      const value = fields.at(-1) as string;
      if (fields.length < 3 || keys(table) === null || !/^-?\d+$/.test(value))
        return [...done, { kind: "unread", text }];
      return [...done, { kind: "total", table, key: fields.slice(1, -1), value: Number(value) }];
    },
    end: close,
  };
}
