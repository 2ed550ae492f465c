import type { PfEvent } from "../result.ts";
import { formatAddress } from "./address.ts";
import { PLAIN } from "./options.ts";

/** A `table` statement as it is read. */
export type TableEvent = Extract<PfEvent, { kind: "table" }>;

/** `print_tabledef`: the statement as `pfctl -nv` echoes it, without a line end. Adjacent lists print as one. */
export function formatTable(table: TableEvent): string {
  let text = `table <${table.name}>`;
  if (table.const) text += " const";
  if (table.persist) text += " persist";
  if (table.counters) text += " counters";
  let open = false;
  for (const part of table.parts) {
    if ("file" in part) {
      if (open) text += " }";
      open = false;
      text += ` file "${part.file}"`;
      continue;
    }
    if (!open) text += " {";
    open = true;
    for (const entry of part.entries) {
      text += entry.negated ? " !" : " ";
      text += formatAddress(entry.address, entry.family === 0 ? null : entry.family, null, PLAIN);
      if (entry.interface !== null) text += `@${entry.interface}`;
    }
  }
  if (open) text += " }";
  if (table.initialized && table.parts.length === 0) text += " { }";
  return text;
}
