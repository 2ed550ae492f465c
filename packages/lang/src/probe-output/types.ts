/** A bucket of a histogram: values from `from` (included) up to `to` (not included; null is without end). */
export interface Bucket {
  readonly from: number;
  readonly to: number | null;
  readonly count: number;
}

/** One thing that a tool's output said. */
export type Reading =
  /** A total, of everything since the script began; `counter` for one that began before, when the machine did. */
  | {
      readonly kind: "total" | "counter";
      readonly table: string;
      readonly key: readonly string[];
      readonly value: number;
    }
  /** One more of something. */
  | { readonly kind: "event"; readonly table: string; readonly key: readonly string[] }
  | {
      readonly kind: "histogram";
      readonly table: string;
      readonly key: readonly string[];
      readonly buckets: readonly Bucket[];
    }
  /** The script is loaded and counts from now on. */
  | { readonly kind: "attached" }
  /** The tool was not fast enough and lost this many events; 0 when it did not say how many. */
  | { readonly kind: "lost"; readonly count: number; readonly text: string }
  /** A line that is none of the tool's answers. */
  | { readonly kind: "unread"; readonly text: string };

/** Reads the output of a tool line by line. The last line may wait for the next: `end` gives what is left. */
export interface OutputReader {
  line(text: string): readonly Reading[];
  end(): readonly Reading[];
}

/** How many keys a row of a table has; null for a table that is not part of the answer. */
export type KeyCounts = (table: string) => number | null;

/** A script's name of a table without the address family that it may end in. */
export function tableName(name: string): string {
  return name.replace(/^@/, "").replace(/[46]$/, "");
}

/**
 * Keys that a tool printed with `separator` between them. The last one takes what is left over: it is the one that may
 * hold the separator itself, like the name of a process.
 */
export function splitKey(text: string, count: number, separator: string): string[] {
  const parts = text.split(separator);
  if (parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}
