/**
 * Which rules two machines do not have in common, in order. A packet that none of them matches, on none of its ways, meets
 * the same rules in the same order on both: in the same world its fate is the same, and it need not be looked at.
 */
import type { Rule } from "@pierhead/lang/pf";
import type { Watchers } from "./arrivals.ts";
import { FIELDS, type RuleRegion } from "./constraints.ts";

/** Tells both machines which of their rules the other one has not. @returns whether there are any */
export function markChangedRules(first: Watchers, second: Watchers): boolean {
  const changed: [Set<Rule>, Set<Rule>] = [new Set(), new Set()];
  const theirs = second.ruleLists();
  for (const [name, regions] of first.ruleLists()) {
    const others = theirs.get(name) ?? [];
    const [a, b] = unaligned(
      regions.map((region) => keyOf(first, region)),
      others.map((region) => keyOf(second, region)),
    );
    for (const i of a) changed[0].add((regions[i] as RuleRegion).rule);
    for (const i of b) changed[1].add((others[i] as RuleRegion).rule);
  }
  first.markChanged(changed[0]);
  second.markChanged(changed[1]);
  return changed[0].size + changed[1].size > 0;
}

function keyOf(watchers: Watchers, region: RuleRegion): string {
  const parts = [watchers.describe(region), ...region.conditions];
  for (const field of FIELDS) {
    const ranges = region.constraints[field];
    parts.push(ranges === null ? "" : ranges.map(([low, high]) => `${low}-${high}`).join(","));
  }
  return parts.join("|");
}

/**
 * Places of two sequences that are left over when equal ones are paired in order. What is the same at the beginning and
 * at the end goes first; between, what occurs once in both is paired along the longest ascending run (patience diff), and
 * the gaps are treated in the same way. More may be left over than need be, never less.
 */
export function unaligned(a: readonly string[], b: readonly string[]): [number[], number[]] {
  const left: [number[], number[]] = [[], []];
  const pending = [{ a: 0, aEnd: a.length, b: 0, bEnd: b.length }];
  for (let gap = pending.pop(); gap !== undefined; gap = pending.pop()) {
    while (gap.a < gap.aEnd && gap.b < gap.bEnd && a[gap.a] === b[gap.b]) {
      gap.a++;
      gap.b++;
    }
    while (gap.a < gap.aEnd && gap.b < gap.bEnd && a[gap.aEnd - 1] === b[gap.bEnd - 1]) {
      gap.aEnd--;
      gap.bEnd--;
    }
    const pairs = gap.a < gap.aEnd && gap.b < gap.bEnd ? uniquePairs(a, b, gap) : [];
    if (pairs.length === 0) {
      for (let i = gap.a; i < gap.aEnd; i++) left[0].push(i);
      for (let i = gap.b; i < gap.bEnd; i++) left[1].push(i);
      continue;
    }
    let from = { a: gap.a, b: gap.b };
    for (const [i, j] of pairs) {
      pending.push({ a: from.a, aEnd: i, b: from.b, bEnd: j });
      from = { a: i + 1, b: j + 1 };
    }
    pending.push({ a: from.a, aEnd: gap.aEnd, b: from.b, bEnd: gap.bEnd });
  }
  return left;
}

interface Gap {
  readonly a: number;
  readonly aEnd: number;
  readonly b: number;
  readonly bEnd: number;
}

/** Pairs of what occurs once on both sides of a gap, the most that ascend on both. */
function uniquePairs(a: readonly string[], b: readonly string[], gap: Gap): [number, number][] {
  const inA = onceIn(a, gap.a, gap.aEnd);
  const inB = onceIn(b, gap.b, gap.bEnd);
  const pairs: [number, number][] = [];
  for (const [key, i] of inA) {
    const j = inB.get(key);
    if (i >= 0 && j !== undefined && j >= 0) pairs.push([i, j]);
  }
  pairs.sort((x, y) => x[0] - y[0]);
  // Longest ascending run of the second places: piles with the smallest end, and a way back.
  const piles: number[] = [];
  const before: number[] = [];
  pairs.forEach(([, j], at) => {
    let low = 0;
    let high = piles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[piles[middle] as number] as [number, number])[1] < j) low = middle + 1;
      else high = middle;
    }
    before[at] = low === 0 ? -1 : (piles[low - 1] as number);
    piles[low] = at;
  });
  const run: [number, number][] = [];
  for (let at = piles.at(-1) ?? -1; at !== -1; at = before[at] as number) run.push(pairs[at] as [number, number]);
  return run.reverse();
}

/** Where each key stands that occurs once; -1 for those that occur more often. */
function onceIn(keys: readonly string[], from: number, to: number): Map<string, number> {
  const found = new Map<string, number>();
  for (let i = from; i < to; i++) found.set(keys[i] as string, found.has(keys[i] as string) ? -1 : i);
  return found;
}
