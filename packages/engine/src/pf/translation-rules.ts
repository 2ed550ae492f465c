import { PROTOCOL } from "@pierhead/core";
import { IN } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { matchOperator } from "./loaded-address.ts";
import { type LoadedRule, RULE_ACTION, SKIP } from "./loaded-rule.ts";
import { addressMismatch, MISMATCH } from "./match.ts";
import { matchFingerprint } from "./os-fingerprint.ts";
import type { RuleContext } from "./rule-context.ts";
import type { Ruleset } from "./ruleset.ts";

/** `PF_ANCHOR_STACK_MAX`. */
const DEEPEST_ANCHOR = 64;
const TARGET_MISMATCH = MISMATCH.indexOf("translated address");
const TAG_MISMATCH = MISMATCH.indexOf("tag");
const OS_MISMATCH = MISMATCH.indexOf("operating system");

export type TranslationList = "nat" | "binat" | "rdr";

/** One evaluation of a list of translation rules. */
class Search {
  readonly list: TranslationList;
  rtable = -1;
  /** A `no` rule or a translation has been found where the first one decides. */
  done = false;
  depth = 0;
  failed = false;

  constructor(list: TranslationList) {
    this.list = list;
  }
}

/**
 * Looks for the rule that translates a packet (`pf_match_translation()`): the first that matches, `no` rules end the
 * search. What was found stays in the context for the next list.
 *
 * @returns false when anchors are nested too deeply; the packet is dropped
 */
export function findTranslation(core: FilterCore, context: RuleContext, list: TranslationList): boolean {
  const search = new Search(list);
  walk(core, context, search, core.rulesets.main);
  return !search.failed;
}

function walk(core: FilterCore, context: RuleContext, search: Search, ruleset: Ruleset): void {
  const rules = ruleset[search.list];
  const { description } = context;
  for (let index = 0; index < rules.length; ) {
    const rule = rules[index] as LoadedRule;
    const failed = translationMismatch(core, rule, context);
    if (context.steps !== null) {
      const step = { kind: "rule", rule: rule.rule, anchor: ruleset.path } as const;
      context.steps.push(
        failed === 0 ? { ...step, matched: true } : { ...step, matched: false, failed: MISMATCH[failed] as string },
      );
    }
    if (failed !== 0) {
      index = failed <= SKIP.count ? (rule.skip[failed - 1] as number) : index + 1;
      continue;
    }
    if (rule.rule.tag !== null) context.setTag(rule.rule.tag);
    if (rule.rule.rtable >= 0) search.rtable = rule.rule.rtable;
    if (rule.anchor !== null) {
      enter(core, context, search, rule);
      if (search.done || search.failed) break;
    } else {
      if (core.kernel.translationAnchorsDecide) search.done = true;
      if (rule.action !== RULE_ACTION.noTranslate) {
        context.translation = rule;
        context.anchorRule = context.currentAnchor;
      }
      break;
    }
    index++;
  }
  // Later rules and lists look at the tag of the packet itself.
  if (context.tagSet && context.tag !== null) description.context.tag = context.tag;
  if (search.rtable >= 0) description.context.rtable = search.rtable;
}

function enter(core: FilterCore, context: RuleContext, search: Search, rule: LoadedRule): void {
  if (search.depth >= DEEPEST_ANCHOR) {
    search.failed = true;
    return;
  }
  context.currentAnchor = rule;
  search.depth++;
  const inside = rule.anchorWildcard ? (rule.anchor as Ruleset).children() : [rule.anchor as Ruleset];
  for (const ruleset of inside) {
    context.steps?.push({ kind: "enter-anchor", rule: rule.rule, path: ruleset.path });
    walk(core, context, search, ruleset);
    context.steps?.push({ kind: "leave-anchor", path: ruleset.path, decided: context.translation !== null });
    if (search.done || search.failed) break;
  }
  search.depth--;
}

/** @returns 0 when the rule matches, else an index into {@link MISMATCH} */
function translationMismatch(core: FilterCore, rule: LoadedRule, context: RuleContext): number {
  const packet = context.description;
  rule.evaluations++;
  // A binat rule matches arriving packets by its target, and their source by its destination.
  const turned = rule.isBinat && packet.direction === IN;
  const source = turned ? rule.destination : rule.source;
  if (rule.kif === null ? rule.kifNegated : core.interfaces.matches(rule.kif, packet.kif) === rule.kifNegated) {
    return SKIP.interface + 1;
  }
  if (rule.direction !== 0 && rule.direction !== packet.direction) return SKIP.direction + 1;
  if (rule.family !== 0 && rule.family !== packet.family) return SKIP.family + 1;
  if (rule.protocol !== 0 && rule.protocol !== packet.protocol) return SKIP.protocol + 1;
  if (addressMismatch(core, source, packet.newSource, packet.kif, context)) {
    return (turned ? SKIP.destination : SKIP.source) + 1;
  }
  if (
    source.portOperator !== 0 &&
    !matchOperator(source.portOperator, source.portFirst, source.portLast, packet.newSourcePort)
  ) {
    return (turned ? SKIP.destinationPort : SKIP.sourcePort) + 1;
  }
  if (turned) {
    const target = rule.nat?.address;
    if (target !== undefined && addressMismatch(core, target, packet.newDestination, null, context)) {
      return TARGET_MISMATCH;
    }
  } else {
    const { destination } = rule;
    if (addressMismatch(core, destination, packet.newDestination, null, context)) return SKIP.destination + 1;
    if (
      destination.portOperator !== 0 &&
      !matchOperator(destination.portOperator, destination.portFirst, destination.portLast, packet.newDestinationPort)
    ) {
      return SKIP.destinationPort + 1;
    }
  }
  if (rule.tagged !== null) {
    context.tagSet = true;
    if ((rule.tagged === context.tag) === rule.taggedNegated) return TAG_MISMATCH;
  }
  if (
    rule.os !== null &&
    (packet.protocol !== PROTOCOL.tcp || !matchFingerprint(core.fingerprints, packet.packet, rule.os))
  ) {
    return OS_MISMATCH;
  }
  return 0;
}
