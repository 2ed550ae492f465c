import type { FilterCore } from "./core.ts";
import { type LoadedRule, RULE_ACTION } from "./loaded-rule.ts";
import { MISMATCH, mismatch } from "./match.ts";
import { translate } from "./nat.ts";
import type { AnchorFrame, RuleContext } from "./rule-context.ts";
import { type Cursor, indexOf } from "./rule-index.ts";
import type { Ruleset } from "./ruleset.ts";
import { translateByRule } from "./translate-first.ts";

/** `PF_ANCHOR_STACK_MAX`, of which the kernel uses one frame itself. */
const DEEPEST_ANCHOR = 63;

/** How the walk ended: all rules seen, a quick rule matched, or something failed and the packet is dropped. */
export type Evaluation = "end" | "quick" | "failed";

/**
 * Walks the filter rules (`pf_match_rule()`): the last rule that matches is left in the context, `match` rules are
 * applied on the way, anchors are entered. Deep nesting does not deepen the stack.
 */
export function evaluate(core: FilterCore, context: RuleContext, main: Ruleset): Evaluation {
  // With every rule shown, or counted, every rule must be looked at.
  const indexed = core.indexed && context.steps === null;
  const cursor = indexed ? (indexOf(main.filter)?.open(core, context) ?? null) : null;
  if (cursor === null || cursor.ordered) return walk(core, context, main, indexed, cursor);
  const last = cursor.lastMatch(core, context, 0);
  if (last !== null) context.choose(last, false);
  cursor.index.close(cursor);
  return "end";
}

/** The walk itself, by an index where there is one. */
function walk(
  core: FilterCore,
  context: RuleContext,
  main: Ruleset,
  indexed: boolean,
  opened: Cursor | null,
): Evaluation {
  const frames: AnchorFrame[] = [];
  const { steps } = context;
  const first = core.kernel.separateTranslation;
  let ruleset = main;
  let rules = main.filter;
  let index = 0;
  let cursor = opened;
  const enter = (rule: LoadedRule, children: readonly Ruleset[] | null, child: number): boolean => {
    if (frames.length >= DEEPEST_ANCHOR) return false;
    const target = children === null ? (rule.anchor as Ruleset) : (children[child] as Ruleset);
    frames.push({ ruleset, anchor: context.currentAnchor, index, children, child, cursor });
    steps?.push({ kind: "enter-anchor", rule: rule.rule, path: target.path });
    context.currentAnchor = rule;
    ruleset = target;
    rules = target.filter;
    index = 0;
    cursor = indexed ? (indexOf(rules)?.open(core, context) ?? null) : null;
    return true;
  };
  for (;;) {
    while (index < rules.length) {
      if (cursor !== null) {
        if (!cursor.ordered) {
          const last = cursor.lastMatch(core, context, index);
          if (last !== null) context.choose(last, false);
          break;
        }
        index = cursor.next(index);
        if (index === -1) break;
      }
      const rule = rules[index] as LoadedRule;
      const failed = mismatch(core, rule, context);
      if (failed !== 0) {
        steps?.push({
          kind: "rule",
          rule: rule.rule,
          anchor: ruleset.path,
          matched: false,
          failed: MISMATCH[failed] as string,
        });
        if (context.limited !== null) return "failed";
        index = failed <= 9 && cursor === null ? (rule.skip[failed - 1] as number) : index + 1;
        continue;
      }
      steps?.push({ kind: "rule", rule: rule.rule, anchor: ruleset.path, matched: true });
      if (rule.rule.tag !== null) context.setTag(rule.rule.tag);
      if (rule.anchor !== null) {
        const children = rule.anchorWildcard ? rule.anchor.children() : null;
        if (children === null || children.length > 0) {
          if (!enter(rule, children, 0)) return "failed";
          continue;
        }
      } else {
        if (rule.once) rule.expired = true;
        if (rule.action === RULE_ACTION.match) {
          if (first && translateByRule(core, rule, context) === "failed") return "failed";
          context.addMatched(rule);
          context.actions.add(rule);
          if (!first) {
            if (rule.afTo !== 0) context.description.newFamily = rule.afTo;
            if (!translate(core, rule, context)) return "failed";
            if (rule.rule.log !== null) core.counters.reason("match");
          }
          // The rules that follow see the packet translated.
          cursor?.index.select(core, context.description, cursor);
        } else {
          context.choose(rule, rule.rule.limiters !== null);
        }
        if (rule.quick) {
          cursor?.index.close(cursor);
          return "quick";
        }
      }
      index++;
    }
    if (cursor !== null) cursor.index.close(cursor);
    const frame = frames.pop();
    if (frame === undefined) return "end";
    const path = ruleset.path;
    ruleset = frame.ruleset;
    rules = ruleset.filter;
    index = frame.index;
    cursor = frame.cursor;
    context.currentAnchor = frame.anchor;
    const rule = rules[index] as LoadedRule;
    steps?.push({ kind: "leave-anchor", path, decided: context.anchorRule === rule });
    // A quick anchor ends the walk when a rule directly inside it was the last to match.
    if (rule.quick && context.anchorRule === rule) return "quick";
    if (frame.children !== null && frame.child + 1 < frame.children.length) {
      if (!enter(rule, frame.children, frame.child + 1)) return "failed";
    } else index++;
  }
}
