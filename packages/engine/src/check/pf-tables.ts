/** What tables hold: entries that another entry of the same table makes superfluous, and tables that are the same. */
import { type Diagnostic, diagnostic, formatPrefix } from "@pierhead/core";
import type { Table, TableEntry } from "@pierhead/lang/pf";
import type { LoadedPf } from "../build/index.ts";
import { loadsOf } from "./pf-walk.ts";

/** Named in one message at most. */
const MOST_NAMED = 3;

export function checkTableEntries(pf: LoadedPf): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const load of loadsOf(pf)) {
    const byContent = new Map<string, Table>();
    for (const table of load.configuration.main.tables.values()) {
      if (table.origin === null) continue;
      const covered = superfluous(table.entries);
      if (covered.length > 0) {
        const shown = covered
          .slice(0, MOST_NAMED)
          .map(([inner, outer]) => `${formatPrefix(inner)} (in ${formatPrefix(outer)})`);
        const more = covered.length > MOST_NAMED ? ` and ${covered.length - MOST_NAMED} more` : "";
        const message = `Table <${table.name}> holds entries that others of it cover: ${shown.join(", ")}${more}.`;
        found.push(diagnostic("pf/table-overlap", "note", message, table.origin.source, table.origin.span));
      }
      if (table.entries.length === 0) continue;
      const content = table.entries
        .map((one) => `${one.negated ? "!" : ""}${one.address}/${one.length}`)
        .sort()
        .join(" ");
      const twin = byContent.get(content);
      if (twin === undefined || twin.origin === null) byContent.set(content, table);
      else {
        found.push(
          diagnostic(
            "pf/same-table",
            "note",
            `Table <${table.name}> holds the same addresses as <${twin.name}>: one of the two is enough, unless they are filled from elsewhere.`,
            table.origin.source,
            table.origin.span,
            { related: [{ ...twin.origin, message: `<${twin.name}> is here` }] },
          ),
        );
      }
    }
  }
  return found;
}

/**
 * Entries whose narrowest wider entry says the same (in or out): without them nothing changes. Sorted by address and
 * length, an entry's wider ones are on a stack.
 */
function superfluous(entries: readonly TableEntry[]): [TableEntry, TableEntry][] {
  const sorted = [...entries].sort(
    (a, b) => a.address.masked(a.length).compare(b.address.masked(b.length)) || a.length - b.length,
  );
  const open: TableEntry[] = [];
  const found: [TableEntry, TableEntry][] = [];
  for (const entry of sorted) {
    while (open.length > 0) {
      const outer = open.at(-1) as TableEntry;
      if (outer.length <= entry.length && entry.address.isIn(outer.address, outer.length)) break;
      open.pop();
    }
    const outer = open.at(-1);
    if (outer !== undefined && outer.negated === entry.negated) found.push([entry, outer]);
    else open.push(entry);
  }
  return found;
}
