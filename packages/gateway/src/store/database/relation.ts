/** Many rows as one parameter: the same statement whatever their number, compiled and planned once. */
import { type RawBuilder, sql } from "kysely";
import type { DatabaseKind } from "./schema.ts";

export type ColumnType = "text" | "bigint" | "blob";

type Value = string | bigint | null;

/**
 * A relation `n` to select, insert or update from. Rows go as JSON with integers as text, which JSON's numbers could not
 * hold; a blob is `\x…` as PostgreSQL writes it ({@link hex}).
 */
export function relation<Column extends string>(
  kind: DatabaseKind,
  columns: Readonly<Record<Column, ColumnType>>,
  rows: readonly Readonly<Record<Column, Value>>[],
): RawBuilder<unknown> {
  const names = Object.keys(columns) as Column[];
  const lists = rows.map((row) => names.map((name) => (typeof row[name] === "bigint" ? String(row[name]) : row[name])));
  const json = JSON.stringify(lists);
  if (kind === "postgresql") {
    // ->> of a text gives it without quotes, and null for null.
    const fields = names.map((name, index) => {
      const type = columns[name] === "blob" ? "bytea" : columns[name];
      return sql`(value->>${sql.lit(index)})::${sql.raw(type)} as ${sql.ref(name)}`;
    });
    return sql`(select ${sql.join(fields)} from jsonb_array_elements(${json}::jsonb)) as n`;
  }
  const fields = names.map((name, index) => {
    const field = sql`value->>${sql.lit(index)}`;
    if (columns[name] === "bigint") return sql`cast(${field} as integer) as ${sql.ref(name)}`;
    if (columns[name] === "blob") return sql`unhex(substr(${field}, 3)) as ${sql.ref(name)}`;
    return sql`${field} as ${sql.ref(name)}`;
  });
  return sql`(select ${sql.join(fields)} from json_each(${json})) as n`;
}

/** For `column in …`. */
export function anyOf(kind: DatabaseKind, values: readonly string[]): RawBuilder<string> {
  const json = JSON.stringify(values);
  return kind === "postgresql"
    ? sql<string>`(select jsonb_array_elements_text(${json}::jsonb))`
    : sql<string>`(select value from json_each(${json}))`;
}

export function hex(octets: Uint8Array): string {
  return `\\x${Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex")}`;
}

/** A NUL is no text to PostgreSQL, half a surrogate pair is none to anybody; who sends them may be hostile. */
export function clean(text: string): string {
  if (!UNCLEAN.test(text)) return text;
  return Buffer.from(text, "utf8").toString("utf8").replaceAll("\0", "\uFFFD");
}

const UNCLEAN = /[\0\uD800-\uDFFF]/;
