/** The ruleset optimizer over a whole loaded configuration, anchor by anchor as pfctl loads them. */
import type { Family, System } from "@pierhead/core";
import { Address } from "@pierhead/core";
import type { AutomaticTable, TableNames } from "../optimize/index.ts";
import { optimizeRuleset } from "../optimize/index.ts";
import type { PfEvent } from "../result.ts";
import type { AddressWrap, Anchor, TableEntry } from "../rule.ts";

/** Tables made for the rules of each anchor, by the anchor's path, as they print before its rules. */
export type OptimizerTables = ReadonlyMap<string, readonly PfEvent[]>;

/**
 * Optimizes the filter rules of an anchor and of the inline anchors in it, and defines the tables that come of it in
 * the outermost one.
 *
 * @param withoutTables called where there is something to make a table of and no tables are loaded: then pfctl has no
 *   rules left to load
 */
export function optimizeAnchors(
  root: Anchor,
  system: System,
  names: TableNames,
  isGroup: (name: string) => boolean,
  withoutTables: (() => void) | null,
): OptimizerTables {
  const printed = new Map<string, PfEvent[]>();
  const visit = (anchor: Anchor): void => {
    const { rules, tables, combined } = optimizeRuleset(anchor.filter, { system, names, isGroup });
    if (combined && withoutTables !== null) {
      withoutTables();
      anchor.filter = [];
      return;
    }
    anchor.filter = rules;
    for (const table of tables) define(root, table);
    if (tables.length > 0) printed.set(anchor.path, tables.map(eventOf));
    for (const rule of rules) {
      if (!rule.anchor?.inline) continue;
      const child = anchor.children.get(rule.anchor.path.slice(rule.anchor.path.lastIndexOf("/") + 1));
      if (child !== undefined && !printed.has(child.path)) visit(child);
    }
  };
  visit(root);
  return printed;
}

function define(root: Anchor, table: AutomaticTable): void {
  root.tables.set(table.name, {
    name: table.name,
    persist: false,
    const: true,
    counters: false,
    entries: table.entries.map((wrap) => entryOf(wrap, table.family)),
    initialized: true,
    origin: null,
  });
}

function entryOf(wrap: AddressWrap, family: Family | null): TableEntry {
  if (wrap.kind === "prefix") return { address: wrap.address, length: wrap.length, negated: false };
  return { address: new Address(family ?? 4, 0), length: 0, negated: false };
}

function eventOf(table: AutomaticTable): PfEvent {
  const entries = table.entries.map((address) => ({
    negated: false,
    address,
    family: table.family ?? (0 as const),
    interface: null,
  }));
  return {
    kind: "table",
    name: table.name,
    const: true,
    persist: false,
    counters: false,
    initialized: true,
    parts: [{ entries }],
  };
}
