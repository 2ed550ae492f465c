/**
 * Rules that never decide because several others, together, take every packet they match. One rule covering another is
 * found by `pf-dead-rules.ts`; here all packets are cut into classes, and a rule that decides about none is reported.
 */
import { type Diagnostic, diagnostic, type Family } from "@pierhead/core";
import type { Anchor, Origin, PfLoad, Rule, RuleAddress } from "@pierhead/lang/pf";
import type { MachineBuild } from "../build/index.ts";
import type { FilterInterface } from "../pf/types.ts";
import { universeFor } from "../prove/arrivals.ts";
import {
  type Constraints,
  FIELDS,
  type RegionContext,
  type RuleRegion,
  regionsOf,
  whereValue,
} from "../prove/constraints.ts";
import { type CutRegion, cut } from "../prove/cut.ts";
import { intersect, normalize, type Range, type Ranges } from "../prove/ranges.ts";

/** More rules, or classes, than this would take too long for a check. */
const MOST_RULES = 400;
const MOST_CLASSES = 20_000;
/** Parts between rules that rewrite packets: each needs a run of its own. */
const MOST_PARTS = 6;
const MOST_NAMED = 4;

/** @param known places of rules about which something was said already */
export function checkCoveredRules(load: PfLoad, build: MachineBuild, known: ReadonlySet<number>): Diagnostic[] {
  const { main } = load.configuration;
  const parts = partsOf(main);
  if (parts === null || parts.rules.size < 3 || parts.rules.size > MOST_RULES || parts.count > MOST_PARTS) return [];
  const alive = new Set<Rule>();
  const judged = new Set<Rule>();
  const coverers = new Map<Rule, Rule[]>();
  for (const family of [4, 6] as const) {
    const regions = looseRegions(main, build, family);
    for (const { rule } of regions) if (canBeJudged(rule)) judged.add(rule);
    for (let part = 0; part <= parts.count; part++) {
      const here = regions.filter(({ rule }) => parts.rules.get(rule) === part && canBeJudged(rule));
      if (here.length === 0) continue;
      const list = regions.map((one) => cutRegionOf(one, parts.rules.get(one.rule) === part));
      const classes = cut([{ owner: null, regions: list, gate: null, closes: null }], {
        limit: MOST_CLASSES,
        universe: { ...universeFor(contextOf(main, build, family)), where: wherever(build) },
        preferred: {},
      });
      if (!classes.complete) return [];
      const seen = new Uint8Array(regions.length);
      for (let i = 0; i < classes.count; i++) for (const index of classes.candidates(i)) seen[index] = 1;
      regions.forEach(({ rule }, index) => {
        if (parts.rules.get(rule) !== part) return;
        if (seen[index] === 1) alive.add(rule);
        else if (canBeJudged(rule)) noteCoverers(coverers, regions, list, index);
      });
    }
  }
  return report(
    [...judged].filter((rule) => !alive.has(rule)),
    [...parts.rules.keys()],
    coverers,
    known,
  );
}

/** The rules in order, with the part they are in; null when nothing can be said. */
function partsOf(main: Anchor): { rules: Map<Rule, number>; count: number } | null {
  const rules = new Map<Rule, number>();
  let count = 0;
  const visit = (anchor: Anchor, depth: number): boolean => {
    for (const rule of anchor.filter) {
      if (rule.afTo !== null || depth > 64) return false;
      if (rule.anchor !== null) {
        // What others load there may rewrite packets.
        if (!rule.anchor.inline) count++;
        else {
          const inside = find(main, rule.anchor.path);
          if (inside !== null && !visit(inside, depth + 1)) return false;
        }
        continue;
      }
      rules.set(rule, count);
      if (rule.action === "match" && (rule.nat !== null || rule.rdr !== null)) count++;
    }
    return true;
  };
  return visit(main, 0) ? { rules, count } : null;
}

function find(main: Anchor, path: string): Anchor | null {
  let anchor: Anchor | undefined = main;
  for (const name of path.split("/")) if (name !== "") anchor = anchor?.children.get(name);
  return anchor ?? null;
}

function contextOf(main: Anchor, build: MachineBuild, family: Family): RegionContext {
  const other: FilterInterface = {
    // Interfaces may come later: a rule for all of them is not covered by rules for each that there is now.
    name: "",
    groups: [],
    addresses: [],
    link: "up",
    kind: "broadcast",
    mtu: 1500,
    routingDomain: 0,
  };
  return { family, interfaces: [...build.machine.interfaces(), other], main, table: () => null };
}

function wherever(build: MachineBuild): Ranges {
  return [[0n, BigInt(build.machine.interfaces().length * 2 + 1)]];
}

/** Regions that hold whatever tables, addresses of interfaces and members of groups become: wider where that is open. */
function looseRegions(main: Anchor, build: MachineBuild, family: Family): RuleRegion[] {
  const context = contextOf(main, build, family);
  const names = new Set(context.interfaces.map((one) => one.name));
  return regionsOf(context).map((region) => {
    const { rule } = region;
    const conditions = [...region.conditions];
    const constraints: Constraints = { ...region.constraints };
    if (isOpen(rule.from)) {
      constraints.source = null;
      conditions.push("source may change");
    }
    if (isOpen(rule.to)) {
      constraints.destination = null;
      conditions.push("destination may change");
    }
    if (rule.interface !== null && !names.has(rule.interface)) {
      constraints.where = rule.direction === null ? null : everyInterface(context, rule.direction);
      conditions.push("group");
    }
    if (region.anchor !== "" && !isInline(main, region.anchor)) conditions.push("anchor may change");
    return { ...region, constraints, conditions };
  });
}

function isOpen({ address }: RuleAddress): boolean {
  return address.kind === "dynamic" || address.kind === "table";
}

function everyInterface(context: RegionContext, direction: "in" | "out"): Ranges {
  return normalize(context.interfaces.map((_, i): Range => [whereValue(i, direction), whereValue(i, direction)]));
}

/** Whether the rules of an anchor are those of the file: all on the way to it have their body there. */
function isInline(main: Anchor, path: string): boolean {
  const names = path.split("/");
  let anchor: Anchor | undefined = main;
  for (let i = 0; i < names.length && anchor !== undefined; i++) {
    const at = names.slice(0, i + 1).join("/");
    if (!anchor.filter.some((rule) => rule.anchor?.path === at && rule.anchor.inline)) return false;
    anchor = anchor.children.get(names[i] as string);
  }
  return true;
}

function cutRegionOf(region: RuleRegion, samePart: boolean): CutRegion {
  const { rule, constraints } = region;
  const decides = rule.action === "pass" || rule.action === "block";
  // Another part may see other addresses and ports.
  const sure =
    samePart ||
    (constraints.source === null &&
      constraints.destination === null &&
      constraints.sourcePort === null &&
      constraints.destinationPort === null);
  return {
    identity: -1,
    constraints,
    certain: sure && region.conditions.length === 0,
    stops: region.stops,
    decides,
    blocks: rule.action === "block",
    forgettable: decides && !region.stops && rule.tag === null && region.quickAnchor === -1,
  };
}

/** A rule whose only use is its decision: tags stick even when another rule decides. */
function canBeJudged(rule: Rule): boolean {
  return (rule.action === "pass" || rule.action === "block") && rule.tag === null && rule.origin !== null && !rule.once;
}

function noteCoverers(
  coverers: Map<Rule, Rule[]>,
  regions: readonly RuleRegion[],
  list: readonly CutRegion[],
  index: number,
): void {
  const { rule, constraints } = regions[index] as RuleRegion;
  const found = coverers.get(rule) ?? [];
  for (let i = 0; i < regions.length; i++) {
    const other = list[i] as CutRegion;
    if (i === index || !other.certain || (i < index ? !other.stops : !other.decides)) continue;
    const meets = FIELDS.every((field) => {
      const [a, b] = [constraints[field], other.constraints[field]];
      return a === null || b === null || intersect(a, b).length > 0;
    });
    if (meets) found.push((regions[i] as RuleRegion).rule);
  }
  coverers.set(rule, found);
}

/** One diagnostic for a statement, and only when all rules it was expanded to are dead. */
function report(
  dead: readonly Rule[],
  all: readonly Rule[],
  coverers: ReadonlyMap<Rule, readonly Rule[]>,
  known: ReadonlySet<number>,
): Diagnostic[] {
  const isDead = new Set(dead);
  const statements = new Map<string, { origin: Origin; rules: Rule[] }>();
  for (const rule of all) {
    if (rule.origin === null) continue;
    const key = keyOf(rule.origin);
    const statement = statements.get(key) ?? { origin: rule.origin, rules: [] };
    statement.rules.push(rule);
    statements.set(key, statement);
  }
  const found: Diagnostic[] = [];
  for (const { origin, rules } of statements.values()) {
    if (known.has(origin.span.start) || !rules.every((rule) => isDead.has(rule))) continue;
    const places = new Map<string, Origin>();
    for (const rule of rules) {
      for (const other of coverers.get(rule) ?? []) {
        if (other.origin !== null && keyOf(other.origin) !== keyOf(origin))
          places.set(keyOf(other.origin), other.origin);
      }
    }
    // A list that covers itself is no finding about other rules.
    if (places.size === 0) continue;
    const related = [...places.values()]
      .slice(0, MOST_NAMED)
      .map(({ source, span }) => ({ source, span, message: "this rule takes a part of its packets" }));
    const message =
      "This rule never decides: other rules, taken together, decide about every packet it matches. Take it out, or put it where it can win.";
    found.push(diagnostic("pf/covered-rule", "warning", message, origin.source, origin.span, { related }));
  }
  return found;
}

function keyOf(origin: Origin): string {
  return `${origin.source.name}:${origin.span.start}`;
}
