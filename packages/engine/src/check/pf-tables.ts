/** What tables hold: entries that another entry of the same table makes superfluous, and tables that are the same. */
import { type Diagnostic, diagnostic, formatPrefix } from "@pierhead/core";
import type { Rule, Table, TableEntry } from "@pierhead/lang/pf";
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
  return [...found, ...contradictions(pf)];
}

/** Addresses in two tables of which rules pass one and block the other, at the same place. */
function contradictions(pf: LoadedPf): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const load of loadsOf(pf)) {
    const { main } = load.configuration;
    const uses: { readonly rule: Rule; readonly table: Table; readonly side: "from" | "to" }[] = [];
    for (const rule of main.filter) {
      if (rule.action !== "pass" && rule.action !== "block") continue;
      for (const side of ["from", "to"] as const) {
        const { address, negated } = rule[side];
        const table = address.kind === "table" && !negated ? main.tables.get(address.name) : undefined;
        if (table !== undefined && table.entries.length > 0) uses.push({ rule, table, side });
      }
    }
    const told = new Set<string>();
    for (const [i, a] of uses.slice(0, MOST_USES).entries()) {
      for (const b of uses.slice(i + 1, MOST_USES)) {
        const key = [a.table.name, b.table.name].sort().join(" ");
        if (a.table === b.table || a.side !== b.side || a.rule.action === b.rule.action || told.has(key)) continue;
        if (!canMeet(a.rule, b.rule)) continue;
        const shared = sharedEntry(a.table.entries, b.table.entries);
        if (shared === null || b.rule.origin === null || a.rule.origin === null) continue;
        told.add(key);
        const winner = a.rule.quick ? a : b;
        const does = winner.rule.action === "pass" ? "passes" : "blocks";
        found.push(
          diagnostic(
            "pf/tables-disagree",
            "note",
            `${formatPrefix(shared)} is in <${a.table.name}> and in <${b.table.name}>, of which one is passed and the other blocked; the rule for <${winner.table.name}> ${does} it.`,
            b.rule.origin.source,
            b.rule.origin.span,
            { related: [{ ...a.rule.origin, message: `<${a.table.name}> is used here` }] },
          ),
        );
      }
    }
  }
  return found;
}

/** Rules with tables that are compared, each with each. */
const MOST_USES = 100;

/** Both may see the same packet; only what is the same or open in both is taken to meet. */
function canMeet(a: Rule, b: Rule): boolean {
  const open = <T>(one: T, other: T, any: T): boolean => one === other || one === any || other === any;
  return (
    open(a.direction, b.direction, null) &&
    open(a.interface, b.interface, null) &&
    !a.interfaceNegated &&
    !b.interfaceNegated &&
    open<number>(a.protocol, b.protocol, 0) &&
    open(a.family, b.family, null) &&
    a.tagged === b.tagged &&
    JSON.stringify(a.to.port) === JSON.stringify(b.to.port)
  );
}

/** The narrower of two entries that overlap; exceptions of a table count. */
function sharedEntry(a: readonly TableEntry[], b: readonly TableEntry[]): TableEntry | null {
  if (a.length * b.length > 100_000) return null;
  for (const one of a) {
    for (const other of b) {
      if (one.negated || other.negated || one.address.family !== other.address.family) continue;
      if (!one.address.isIn(other.address, Math.min(one.length, other.length))) continue;
      const shared = one.length >= other.length ? one : other;
      const isExcepted = [...a, ...b].some(
        (each) =>
          each.negated &&
          each.address.family === shared.address.family &&
          shared.length >= each.length &&
          shared.address.isIn(each.address, each.length),
      );
      if (!isExcepted) return shared;
    }
  }
  return null;
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
