/**
 * Rules that never decide about a packet: an earlier `quick` rule takes every packet before they see it, or a later
 * rule takes back every decision of theirs. pf evaluates to the last match, so both happen easily.
 */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type { Anchor, Origin, PfLoad, Rule } from "@pierhead/lang/pf";
import type { MachineBuild } from "../build/index.ts";
import { type CoverContext, covers } from "./pf-cover.ts";

/** Pairs are compared up to this many rules of one ruleset; more would take too long to say something useful. */
const MOST_RULES = 3000;

/** Reports statements none of whose rules can decide. */
export function checkDeadRules(load: PfLoad, build: MachineBuild): Diagnostic[] {
  const context = coverContext(build);
  const found: Diagnostic[] = [];
  const pending: Anchor[] = [load.configuration.main];
  for (let anchor = pending.pop(); anchor !== undefined; anchor = pending.pop()) {
    if (anchor.filter.length <= MOST_RULES) found.push(...checkRuleset(anchor.filter, context));
    pending.push(...anchor.children.values());
  }
  return found;
}

/** Groups as the machine has them. */
export function coverContext(build: MachineBuild): CoverContext {
  const groups = new Map<string, Set<string>>();
  for (const one of build.machine.interfaces()) {
    for (const group of one.groups) {
      const members = groups.get(group) ?? new Set();
      members.add(one.name);
      groups.set(group, members);
    }
  }
  return {
    members: (name) => groups.get(name) ?? null,
  };
}

interface Verdict {
  readonly by: Rule;
  readonly how: "shadowed" | "overridden" | "repeated";
}

function checkRuleset(rules: readonly Rule[], context: CoverContext): Diagnostic[] {
  // How many rules that may rewrite packets stand before each place.
  const rewriting: number[] = [0];
  for (const rule of rules) rewriting.push((rewriting[rewriting.length - 1] as number) + (mayRewrite(rule) ? 1 : 0));
  const quick: number[] = [];
  const dead = new Map<Rule, Verdict>();
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    if (!canBeJudged(rule)) {
      if (decidesForGood(rule)) quick.push(i);
      continue;
    }
    const verdict = shadowedBy(i) ?? overriddenBy(i);
    if (verdict !== null) dead.set(rule, verdict);
    if (decidesForGood(rule)) quick.push(i);
  }
  return report(rules, dead);

  function shadowedBy(i: number): Verdict | null {
    for (const j of quick) {
      const earlier = rules[j] as Rule;
      if (covers(earlier, rules[i] as Rule, context, rewriting[i] !== rewriting[j + 1])) {
        return { by: earlier, how: "shadowed" };
      }
    }
    return null;
  }

  function overriddenBy(i: number): Verdict | null {
    const rule = rules[i] as Rule;
    if (rule.quick) return null;
    for (let j = i + 1; j < rules.length; j++) {
      const later = rules[j] as Rule;
      if (!decides(later)) continue;
      if (!covers(later, rule, context, rewriting[j] !== rewriting[i + 1])) continue;
      const same = covers(rule, later, context, false) && sameEffect(rule, later);
      return { by: later, how: same ? "repeated" : "overridden" };
    }
    return null;
  }
}

/** Rules that say pass or block by themselves. */
function decides(rule: Rule): boolean {
  return (rule.action === "pass" || rule.action === "block") && rule.anchor === null && rule.probability === 0;
}

function decidesForGood(rule: Rule): boolean {
  return rule.quick && decides(rule) && !rule.once;
}

/** A rule whose only use is its decision: tags stick even when another rule decides. */
function canBeJudged(rule: Rule): boolean {
  return decides(rule) && rule.tag === null && rule.origin !== null && !rule.once;
}

/** Translation by `match`, and anchors, which may hold such rules: what follows sees other addresses. */
function mayRewrite(rule: Rule): boolean {
  if (rule.anchor !== null) return true;
  return rule.action === "match" && (rule.nat !== null || rule.rdr !== null || rule.afTo !== null || rule.tag !== null);
}

function sameEffect(a: Rule, b: Rule): boolean {
  return (
    a.action === b.action &&
    a.keepState === b.keepState &&
    a.blockReturn === b.blockReturn &&
    a.routeOption === b.routeOption &&
    a.route === null &&
    b.route === null &&
    a.nat === null &&
    b.nat === null &&
    a.rdr === null &&
    b.rdr === null &&
    a.state === null &&
    b.state === null &&
    a.queue === null &&
    b.queue === null &&
    a.labels.length === 0 &&
    b.labels.length === 0
  );
}

/** One diagnostic for a statement, and only when all rules it was expanded to are dead. */
function report(rules: readonly Rule[], dead: ReadonlyMap<Rule, Verdict>): Diagnostic[] {
  const statements = new Map<string, { origin: Origin; verdicts: (Verdict | null)[] }>();
  for (const rule of rules) {
    if (rule.origin === null) continue;
    const key = `${rule.origin.source.name}:${rule.origin.span.start}`;
    const statement = statements.get(key) ?? { origin: rule.origin, verdicts: [] };
    statement.verdicts.push(dead.get(rule) ?? null);
    statements.set(key, statement);
  }
  const found: Diagnostic[] = [];
  for (const { origin, verdicts } of statements.values()) {
    const first = verdicts[0];
    if (first == null || verdicts.some((one) => one === null)) continue;
    const by = first.by.origin;
    // A statement whose own rules overlap (a list with `any` in it) is no finding about another one.
    if (by === null || (by.source === origin.source && by.span.start === origin.span.start)) continue;
    const related = [
      { source: by.source, span: by.span, message: first.how === "shadowed" ? "this quick rule" : "this later rule" },
    ];
    if (first.how === "shadowed") {
      found.push(
        diagnostic(
          "pf/shadowed-rule",
          "warning",
          "This rule is never reached: a quick rule before it takes every packet it could match.",
          origin.source,
          origin.span,
          { related },
        ),
      );
    } else if (first.how === "repeated") {
      found.push(
        diagnostic(
          "pf/repeated-rule",
          "warning",
          "A later rule says the same; this one changes nothing.",
          origin.source,
          origin.span,
          {
            related,
          },
        ),
      );
    } else {
      found.push(
        diagnostic(
          "pf/overridden-rule",
          "warning",
          "This rule never decides: a later rule matches every packet it matches, and the last match wins. Put it after that rule, or make it quick.",
          origin.source,
          origin.span,
          { related },
        ),
      );
    }
  }
  return found;
}
