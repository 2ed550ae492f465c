/** What a chilli.conf says in the end: values by name, lists taken apart, what is not given as it is by default. */

import { CHILLI_OPTIONS } from "./options.ts";
import type { ChilliConf, ChilliEntry } from "./parse.ts";

/** Files in the order chilli reads them: an include stands where its line is, and the first value counts. */
export class ChilliSettings {
  readonly #entries = new Map<string, ChilliEntry[]>();

  constructor(entries: Iterable<ChilliEntry>) {
    for (const entry of entries) {
      const same = this.#entries.get(entry.option.name);
      if (same === undefined) this.#entries.set(entry.option.name, [entry]);
      else if (entry.option.multiple) same.push(entry);
    }
  }

  /** Null when no line gives it. */
  entry(name: string): ChilliEntry | null {
    return this.#entries.get(name)?.[0] ?? null;
  }

  entries(name: string): readonly ChilliEntry[] {
    return this.#entries.get(name) ?? [];
  }

  names(): Iterable<string> {
    return this.#entries.keys();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The value, or what it is by default; "" when there is neither. */
  text(name: string): string {
    return this.entry(name)?.value ?? CHILLI_OPTIONS.get(name)?.initial ?? "";
  }

  /** As strtol(3) reads it with base 0. */
  number(name: string): number {
    const match = /^\s*([-+]?)(0[xX])?(0?)([\da-fA-F]*)/.exec(this.text(name));
    const digits = match?.[4] ?? "";
    if (match === null || digits === "") return 0;
    const base = match[2] !== undefined ? 16 : match[3] === "0" ? 8 : 10;
    return (match[1] === "-" ? -1 : 1) * Number.parseInt(digits, base);
  }

  /** All values of a list option, with the entry each is from; `\,` is a comma. */
  list(name: string): { readonly text: string; readonly entry: ChilliEntry }[] {
    return this.entries(name).flatMap((entry) =>
      (entry.value ?? "")
        .split(/(?<!\\),/)
        .map((text) => ({ text: text.replaceAll("\\,", ",").trim(), entry }))
        .filter(({ text }) => text !== ""),
    );
  }
}

/** Settings of one file alone. */
export function settingsOf(conf: ChilliConf): ChilliSettings {
  return new ChilliSettings(conf.entries);
}
