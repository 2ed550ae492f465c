import type { Family } from "@pierhead/core";
import type { AddressWrap } from "../rule.ts";
import { formatAddress } from "./address.ts";
import { PLAIN } from "./options.ts";

/** What one `table` statement initializes its table with, in order: a file, or one address list. */
export type TableSource =
  | { readonly file: string }
  | {
      readonly hosts: readonly {
        readonly address: AddressWrap;
        readonly family: Family | null;
        readonly negated: boolean;
        /** OpenBSD: `address@interface`. */
        readonly interface: string | null;
      }[];
    };

export interface TableDefinition {
  readonly name: string;
  readonly const: boolean;
  readonly persist: boolean;
  readonly counters: boolean;
  /** An address list or file was given, an empty one too. */
  readonly initialized: boolean;
  readonly sources: readonly TableSource[];
}

/** `print_tabledef`: the statement as `pfctl -nv` echoes it, without a line end. Adjacent lists print as one. */
export function formatTable(table: TableDefinition): string {
  let text = `table <${table.name}>`;
  if (table.const) text += " const";
  if (table.persist) text += " persist";
  if (table.counters) text += " counters";
  let open = false;
  for (const source of table.sources) {
    if ("file" in source) {
      if (open) text += " }";
      open = false;
      text += ` file "${source.file}"`;
      continue;
    }
    if (!open) text += " {";
    open = true;
    for (const host of source.hosts) {
      text += host.negated ? " !" : " ";
      text += formatAddress(host.address, host.family, PLAIN);
      if (host.interface !== null) text += `@${host.interface}`;
    }
  }
  if (open) text += " }";
  if (table.initialized && table.sources.length === 0) text += " { }";
  return text;
}
