/** What btrace(8) of OpenBSD prints of its maps: `@name[key, key]: value`, most first (usr.sbin/btrace/map.c). */
import { type Bucket, type KeyCounts, type OutputReader, type Reading, splitKey, tableName } from "./types.ts";

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  P: 2 ** 50,
};

export function btraceReader(keys: KeyCounts): OutputReader {
  let open: { table: string; buckets: Bucket[] } | null = null;
  const close = (): Reading[] => {
    if (open === null) return [];
    const { table, buckets } = open;
    open = null;
    return [{ kind: "histogram", table, key: [], buckets }];
  };
  return {
    line(text) {
      if (open !== null) {
        const bucket = bucketOf(text);
        if (bucket !== null) {
          open.buckets.push(bucket);
          return [];
        }
      }
      const done = close();
      if (text.trim() === "") return done;
      const dropped = /^(\d+) events? (?:dropped|read, (\d+) dropped)/.exec(text);
      if (dropped !== null) return [...done, { kind: "lost", count: Number(dropped[2] ?? dropped[1]), text }];
      const title = /^@(\w*):$/.exec(text);
      if (title !== null) {
        const table = tableName(title[1] as string);
        if (keys(table) !== null) open = { table, buckets: [] };
        return done;
      }
      const row = /^@(\w*)(?:\[(.*)\])?: (-?\d+)$/.exec(text);
      if (row === null) return [...done, { kind: "unread", text }];
      const table = tableName(row[1] as string);
      const count = keys(table);
      if (count === null) return done;
      return [...done, { kind: "total", table, key: rowKey(row[2] ?? "", count), value: Number(row[3]) }];
    },
    end: close,
  };
}

/** A table may have more keys than btrace can fill; what is between its first and its last is not known there. */
function rowKey(text: string, count: number): string[] {
  if (count < 3) return splitKey(text, count, ", ");
  const [first, last] = splitKey(text, 2, ", ");
  return [first ?? "", ...new Array<string>(count - 2).fill("-"), last ?? ""];
}

function bucketOf(text: string): Bucket | null {
  const found = /^(?:\[(\d+)([KMGTP]?)(?:, (\d+)([KMGTP]?)\)|\])|\(\.\.\., 0\))\s+(\d+)\s*\|[@ ]*\|$/.exec(text);
  if (found === null) return null;
  const scale = (digits: string, suffix: string): number => Number(digits) * (SUFFIXES[suffix] as number);
  const count = Number(found[5]);
  if (found[1] === undefined) return { from: Number.NEGATIVE_INFINITY, to: 0, count };
  const from = scale(found[1], found[2] as string);
  return { from, to: found[3] === undefined ? from + 1 : scale(found[3], found[4] as string), count };
}
