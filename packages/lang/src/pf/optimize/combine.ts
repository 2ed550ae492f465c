import { type AddressWrap, Rule, type RuleAddress } from "../rule.ts";
import type { Features } from "./features.ts";

/** From how many addresses on a table is faster than rules (`TABLE_THRESHOLD`). */
const THRESHOLD = 6;

/** A table that the optimizer makes. */
export interface AutomaticTable {
  readonly name: string;
  /** Family of all entries; null when the rules had none. */
  readonly family: Rule["family"];
  /** Addresses in the order of the rules they came from. */
  readonly entries: AddressWrap[];
}

/** Names tables of one pfctl run: `__automatic_0` and on, shared with the pools of nat-to, rdr-to and route-to. */
export interface TableNames {
  next: number;
}

interface Join {
  readonly table: AutomaticTable;
  readonly isFrom: boolean;
  done: boolean;
}

/** Rules that differ in one address only, in order, and how far it was walked. */
interface Alike {
  readonly rows: number[];
  at: number;
}

/**
 * Joins rules that differ only in their source, or only in their destination, into one rule with a table
 * (`combine_rules`). Fewer than six stay as they are.
 *
 * @param rows rows of `features`, in order
 * @returns the rows left, and for those that got a table, the new rule
 */
export function combineRules(
  rows: readonly number[],
  features: Features,
  names: TableNames,
): { rows: number[]; changed: Map<number, Rule>; tables: AutomaticTable[] } {
  const groups = new Map<number, Map<number, number[]>>();
  for (const row of rows) {
    const company = features.company[row] as number;
    let byCombination = groups.get(company);
    if (byCombination === undefined) {
      byCombination = new Map();
      groups.set(company, byCombination);
    }
    const combination = features.combination[row] as number;
    const members = byCombination.get(combination);
    if (members === undefined) byCombination.set(combination, [row]);
    else members.push(row);
  }
  // Rows that may join others on the other address, by the address they share.
  const sameFrom = new Map<number, Alike>();
  const sameTo = new Map<number, Alike>();
  for (const byCombination of groups.values()) {
    for (const members of byCombination.values()) {
      if (members.length < 2) continue;
      const byFrom = new Map<number, Alike>();
      const byTo = new Map<number, Alike>();
      for (const row of members) {
        if (features.length(features.to[row] as number) >= 0) file(byFrom, sameFrom, features.from[row] as number, row);
        if (features.length(features.from[row] as number) >= 0) file(byTo, sameTo, features.to[row] as number, row);
      }
    }
  }

  const joins = new Map<number, Join>();
  for (const row of rows) {
    if (joins.has(row)) continue;
    const byFrom = sameFrom.get(row);
    const byTo = sameTo.get(row);
    const nextByFrom = byFrom === undefined ? -1 : nextFree(byFrom, row, joins);
    const nextByTo = byTo === undefined ? -1 : nextFree(byTo, row, joins);
    if (nextByFrom < 0 && nextByTo < 0) continue;
    // The nearest partner decides which address goes into the table.
    const isFrom = nextByFrom < 0 || (nextByTo >= 0 && nextByTo < nextByFrom);
    const alike = (isFrom ? byTo : byFrom) as Alike;
    const rule = features.rules[row] as Rule;
    const table: AutomaticTable = { name: `__automatic_${names.next++}`, family: rule.family, entries: [] };
    const join: Join = { table, isFrom, done: false };
    joins.set(row, join);
    table.entries.push(isFrom ? rule.from.address : rule.to.address);
    for (; alike.at < alike.rows.length; alike.at++) {
      const partner = alike.rows[alike.at] as number;
      if (partner <= row || joins.has(partner)) continue;
      joins.set(partner, join);
      const other = features.rules[partner] as Rule;
      table.entries.push(isFrom ? other.from.address : other.to.address);
    }
  }

  const left: number[] = [];
  const changed = new Map<number, Rule>();
  const tables: AutomaticTable[] = [];
  for (const row of rows) {
    const join = joins.get(row);
    if (join === undefined || join.table.entries.length < THRESHOLD) {
      left.push(row);
      continue;
    }
    if (join.done) continue;
    join.done = true;
    tables.push(join.table);
    left.push(row);
    changed.set(row, withTable(features.rules[row] as Rule, join));
  }
  return { rows: left, changed, tables };
}

function file(lists: Map<number, Alike>, ofRow: Map<number, Alike>, address: number, row: number): void {
  let alike = lists.get(address);
  if (alike === undefined) {
    alike = { rows: [], at: 0 };
    lists.set(address, alike);
  }
  alike.rows.push(row);
  ofRow.set(row, alike);
}

// The next row after `row` that has no table yet; what lies behind is never looked at again.
function nextFree(alike: Alike, row: number, joins: ReadonlyMap<number, Join>): number {
  while (alike.at < alike.rows.length) {
    const candidate = alike.rows[alike.at] as number;
    if (candidate > row && !joins.has(candidate)) return candidate;
    alike.at++;
  }
  return -1;
}

function withTable(rule: Rule, join: Join): Rule {
  const copy = Object.assign(new Rule(), rule);
  const address: RuleAddress = {
    ...(join.isFrom ? rule.from : rule.to),
    address: { kind: "table", name: join.table.name },
  };
  if (join.isFrom) copy.from = address;
  else copy.to = address;
  return copy;
}
