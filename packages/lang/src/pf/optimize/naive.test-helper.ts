/**
 * The optimizer as pfctl goes about it, pair by pair and list by list: slow, and plain enough to be believed. The
 * tests hold the fast one against it.
 */
import { type Address, maskAddress, type System } from "@pierhead/core";
import { type AddressWrap, Rule, type RuleAddress } from "../rule.ts";
import { superblocks } from "./block.ts";
import type { AutomaticTable } from "./combine.ts";
import { companyKey, portKey, wrapKey } from "./identity.ts";
import { skipFields } from "./optimize.ts";
import type { SkipField } from "./reorder.ts";

interface Entry {
  rule: Rule;
  fromTable: AutomaticTable | null;
  toTable: AutomaticTable | null;
}

export function optimizeNaively(
  rules: readonly Rule[],
  system: System,
  isGroup: (name: string) => boolean,
): { rules: Rule[]; tables: AutomaticTable[] } {
  const poolValues = system.family === "openbsd" && (system.major > 4 || system.minor > 6);
  const group = system.family === "freebsd" ? isGroup : (name: string) => !/\d$/.test(name);
  const tables: AutomaticTable[] = [];
  const result: Rule[] = [];
  let next = 0;
  for (const block of superblocks(rules, { system, poolValues, familyFree: poolValues, isGroup: group })) {
    let list: Entry[] = block.map((rule) => ({ rule, fromTable: null, toTable: null }));
    if (list.length > 1) {
      removeCovered(list);
      next = joinTables(list, next);
      list = insertTables(list, tables);
      list = reorder(list, skipFields(system), poolValues || system.family === "freebsd");
    }
    for (const entry of list) result.push(entry.rule);
  }
  return { rules: result, tables };
}

function removeCovered(list: Entry[]): void {
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; ) {
      const a = (list[i] as Entry).rule;
      const b = (list[j] as Entry).rule;
      if (covers(a, b)) list.splice(j, 1);
      else if (covers(b, a)) {
        list.splice(i, 1);
        i--;
        break;
      } else j++;
    }
  }
}

function covers(wide: Rule, narrow: Rule): boolean {
  return (
    companyKey(wide) === companyKey(narrow) &&
    (wide.interface === null || wide.interface === narrow.interface) &&
    (wide.direction === null || wide.direction === narrow.direction) &&
    (wide.protocol === 0 || wide.protocol === narrow.protocol) &&
    (wide.family === null || wide.family === narrow.family) &&
    ((wide.flags === 0 && wide.flagSet === 0) || (wide.flags === narrow.flags && wide.flagSet === narrow.flagSet)) &&
    (wide.from.port === null || portKey(wide.from.port) === portKey(narrow.from.port)) &&
    (wide.to.port === null || portKey(wide.to.port) === portKey(narrow.to.port)) &&
    contains(wide.from, narrow.from, wide.family === narrow.family) &&
    contains(wide.to, narrow.to, wide.family === narrow.family)
  );
}

function contains(wide: RuleAddress, narrow: RuleAddress, sameFamily: boolean): boolean {
  if (wrapKey(wide.address) === wrapKey(narrow.address)) return true;
  const outer = network(wide.address);
  if (outer === null) return false;
  if (outer.length === 0 && !wide.negated && !narrow.negated) return true;
  const inner = network(narrow.address);
  if (inner === null || !sameFamily || outer.length >= inner.length) return false;
  return outer.length === 0 || (inner.address as Address).isIn(outer.address as Address, outer.length);
}

function network(wrap: AddressWrap): { address: Address | null; length: number } | null {
  return wrap.kind === "prefix" ? wrap : wrap.kind === "any" ? { address: null, length: 0 } : null;
}

function joinTables(list: Entry[], first: number): number {
  let next = first;
  const isFree = (entry: Entry): boolean => entry.fromTable === null && entry.toTable === null;
  const signature = (rule: Rule): string =>
    [
      companyKey(rule),
      rule.interface,
      rule.direction,
      rule.protocol,
      rule.family,
      rule.flags,
      rule.flagSet,
      portKey(rule.from.port),
      portKey(rule.to.port),
    ].join();
  for (let i = 0; i < list.length; i++) {
    const one = list[i] as Entry;
    for (const two of list.slice(i + 1)) {
      if (!isFree(two) || signature(one.rule) !== signature(two.rule)) continue;
      const fromEqual = wrapKey(one.rule.from.address) === wrapKey(two.rule.from.address);
      const toEqual = wrapKey(one.rule.to.address) === wrapKey(two.rule.to.address);
      const toJoin = network(one.rule.to.address) !== null && network(two.rule.to.address) !== null;
      const fromJoin = network(one.rule.from.address) !== null && network(two.rule.from.address) !== null;
      if (fromEqual && !toEqual && one.fromTable === null && toJoin) {
        if (one.toTable === null) {
          one.toTable = { name: `__automatic_${next++}`, family: one.rule.family, entries: [one.rule.to.address] };
        }
        two.toTable = one.toTable;
        one.toTable.entries.push(two.rule.to.address);
      } else if (!fromEqual && toEqual && one.toTable === null && fromJoin) {
        if (one.fromTable === null) {
          one.fromTable = { name: `__automatic_${next++}`, family: one.rule.family, entries: [one.rule.from.address] };
        }
        two.fromTable = one.fromTable;
        one.fromTable.entries.push(two.rule.from.address);
      }
    }
  }
  return next;
}

function insertTables(list: Entry[], tables: AutomaticTable[]): Entry[] {
  return list.filter((entry) => {
    const table = entry.fromTable ?? entry.toTable;
    if (table === null || table.entries.length < 6) return true;
    if (tables.includes(table)) return false;
    tables.push(table);
    const address: AddressWrap = { kind: "table", name: table.name };
    const copy = Object.assign(new Rule(), entry.rule);
    if (entry.fromTable !== null) copy.from = { ...copy.from, address };
    else copy.to = { ...copy.to, address };
    entry.rule = copy;
    return true;
  });
}

interface Step {
  entries: Entry[];
  count: number;
}

function reorder(list: Entry[], fields: readonly SkipField[], modifiers: boolean): Entry[] {
  const all = fields.map((field) => {
    const steps: Step[] = [];
    for (const entry of list) {
      let at = steps.findIndex((step) => sameField(field, entry.rule, (step.entries[0] as Entry).rule, modifiers));
      if (at < 0) at = steps.push({ entries: [], count: 0 }) - 1;
      const step = steps[at] as Step;
      step.entries.push(entry);
      step.count++;
      for (; at > 0 && (steps[at - 1] as Step).count < step.count; at--) {
        steps[at] = steps[at - 1] as Step;
        steps[at - 1] = step;
      }
    }
    return steps;
  });
  let largest = 0;
  for (const steps of all) {
    const first = steps[0] as Step;
    if (first.count === list.length || first.count === 1) first.count = 0;
    else largest = Math.max(largest, first.count);
  }
  if (largest === 0) return list;
  const rest = [...list];
  const before: Entry[] = [];
  const own: Entry[] = [];
  while (rest.length > 0) {
    largest = 1;
    let best = -1;
    all.forEach((steps, i) => {
      const count = steps[0]?.count ?? 0;
      if (count > largest) {
        largest = count;
        best = i;
      }
    });
    if (best < 0) {
      own.push(...rest);
      break;
    }
    const step = (all[best] as Step[]).shift() as Step;
    const split = step.entries;
    for (const entry of split) {
      rest.splice(rest.indexOf(entry), 1);
      for (const steps of all) {
        if (steps.length === 0 || (steps[0] as Step).count <= 1) continue;
        let at = steps.findIndex((other) => other.entries.includes(entry));
        if (at < 0) continue;
        const other = steps[at] as Step;
        other.entries = other.entries.filter((each) => each !== entry);
        other.count--;
        for (; at + 1 < steps.length && (steps[at + 1] as Step).count > other.count; at++) {
          steps[at] = steps[at + 1] as Step;
          steps[at + 1] = other;
        }
      }
    }
    if (split.length > 2) before.push(...reorder(split, fields, modifiers));
    else own.push(...split);
  }
  return [...before, ...own];
}

function sameField(field: SkipField, a: Rule, b: Rule, modifiers: boolean): boolean {
  switch (field) {
    case "interface":
      return a.interface !== null && a.interface === b.interface && a.interfaceNegated === b.interfaceNegated;
    case "rdomain":
      return a.onRoutingDomain !== -1 && a.onRoutingDomain === b.onRoutingDomain;
    case "direction":
      return a.direction !== null && a.direction === b.direction;
    case "family":
      return a.family !== null && a.family === b.family;
    case "protocol":
      return a.protocol !== 0 && a.protocol === b.protocol;
    case "fromPort":
      return a.from.port !== null && portKey(a.from.port) === portKey(b.from.port);
    case "toPort":
      return a.to.port !== null && portKey(a.to.port) === portKey(b.to.port);
    case "from":
      return sameEnd(a.from, b.from, modifiers);
    case "to":
      return sameEnd(a.to, b.to, modifiers);
  }
}

function sameEnd(a: RuleAddress, b: RuleAddress, modifiers: boolean): boolean {
  if (a.negated !== b.negated || a.address.kind !== b.address.kind) return false;
  switch (a.address.kind) {
    case "any":
    case "range":
    case "route-label":
      return false;
    case "prefix":
      return a.address.address.equals(maskAddress(4, 0)) ? false : wrapKey(a.address) === wrapKey(b.address);
    case "dynamic":
      return modifiers
        ? wrapKey(a.address) === wrapKey(b.address)
        : b.address.kind === "dynamic" && a.address.interface === b.address.interface;
    default:
      return wrapKey(a.address) === wrapKey(b.address);
  }
}
