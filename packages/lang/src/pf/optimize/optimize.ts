import { isAtLeast, type System } from "@pierhead/core";
import type { Rule } from "../rule.ts";
import { type BlockRules, superblocks } from "./block.ts";
import { type AutomaticTable, combineRules, type TableNames } from "./combine.ts";
import { withoutCovered } from "./duplicates.ts";
import { Features } from "./features.ts";
import { reorderRules, type SkipField } from "./reorder.ts";

/** What the ruleset optimizer needs besides the rules. */
export interface OptimizeOptions {
  readonly system: System;
  /** Counter of automatic table names; moved on by what is made. */
  readonly names: TableNames;
  /**
   * FreeBSD: whether a name is an interface group. Elsewhere pfctl goes by the name: groups do not end in a digit.
   */
  isGroup?(name: string): boolean;
}

export interface OptimizedRuleset {
  /** The rules left, in their new order and with new numbers. A rule that got a table is a copy. */
  readonly rules: Rule[];
  /** Tables in the order pfctl prints them. They belong to the ruleset that is loaded, not to the anchor. */
  readonly tables: readonly AutomaticTable[];
  /** Whether rules were looked through for tables that could stand for them. */
  readonly combined: boolean;
}

const SKIP_FIELDS: Record<"openbsd" | "freebsd" | "4.6", readonly SkipField[]> = {
  openbsd: ["interface", "direction", "rdomain", "family", "protocol", "from", "to", "fromPort", "toPort"],
  freebsd: ["interface", "direction", "family", "protocol", "from", "to", "fromPort", "toPort"],
  "4.6": ["interface", "direction", "family", "protocol", "from", "fromPort", "to", "toPort"],
};

/** The order in which the system's kernel skips over rules. */
export function skipFields(system: System): readonly SkipField[] {
  return SKIP_FIELDS[generation(system)];
}

/**
 * What `set ruleset-optimization basic` does to one list of filter rules (`pfctl_optimize_ruleset`): rules that
 * others cover go, rules that differ in one address become a table, and the rest is put in an order that the kernel
 * skips well over. The result is pfctl's, the way there is not: it compares every pair of rules, this looks them up,
 * and so takes time in proportion to the rules.
 *
 * `profile` is the same: pfctl compares the loaded rules with the new ones including who loaded them, finds none
 * equal, and falls back to `basic`.
 */
export function optimizeRuleset(rules: readonly Rule[], options: OptimizeOptions): OptimizedRuleset {
  const kind = generation(options.system);
  const how: BlockRules = {
    system: options.system,
    poolValues: kind === "openbsd",
    familyFree: kind === "openbsd",
    isGroup: kind === "freebsd" && options.isGroup !== undefined ? options.isGroup : endsWithoutDigit,
  };
  const fields = SKIP_FIELDS[kind];
  const result: Rule[] = [];
  const tables: AutomaticTable[] = [];
  const features = new Features();
  let combined = false;
  for (const block of superblocks(rules, how)) {
    if (block.length === 1) {
      result.push(block[0] as Rule);
      continue;
    }
    const rows: number[] = [];
    for (const rule of block) {
      rows.push(features.rules.length);
      features.add(rule);
    }
    const kept = combineRules(withoutCovered(rows, features), features, options.names);
    combined = true;
    for (const table of kept.tables) tables.push(table);
    for (const [row, rule] of kept.changed) features.replace(row, rule);
    for (const row of reorderRules(kept.rows, features, fields, kind !== "4.6"))
      result.push(features.rules[row] as Rule);
  }
  for (let i = 0; i < result.length; i++) (result[i] as Rule).number = i;
  return { rules: result, tables, combined };
}

function endsWithoutDigit(name: string): boolean {
  const last = name.charCodeAt(name.length - 1);
  return !(last >= 48 && last <= 57);
}

function generation(system: System): "openbsd" | "freebsd" | "4.6" {
  if (system.family === "freebsd") return "freebsd";
  return isAtLeast(system, "openbsd", 4, 7) ? "openbsd" : "4.6";
}
