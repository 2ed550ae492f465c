import { PROTOCOL } from "@pierhead/core";
import { answerBlocked } from "./answer.ts";
import { AF_TRANSLATE, DROP, FRAGMENT_PROTOCOL, IN, PASS } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { createTranslatedState, undoTranslation } from "./create-state-first.ts";
import type { Description } from "./description.ts";
import { evaluate } from "./evaluate.ts";
import { mapIcmp } from "./icmp-mapping.ts";
import { KEEP_STATE, RULE_ACTION } from "./loaded-rule.ts";
import { type Mapped, mapFromList } from "./pool-list.ts";
import type { RuleContext } from "./rule-context.ts";
import { applyTranslation } from "./rule-test.ts";
import { NODE } from "./source-node.ts";
import { translateByRule, translateByTranslationRule } from "./translate-first.ts";
import { findTranslation } from "./translation-rules.ts";

/**
 * Lets the rules decide about a packet that has no state, in the kernels that translate first (`pf_test_rule()` of
 * FreeBSD and of OpenBSD up to 4.6): nat, binat and rdr rules change the packet before filter rules see it.
 */
export function testRulesTranslatingFirst(core: FilterCore, packet: Description, context: RuleContext): void {
  context.actions.rtable = -1;
  prepare(packet, context);
  const abandon = (): void => {
    if (context.udpMapping !== null) core.udpMappings.release(context.udpMapping);
  };
  if (packet.virtualProtocol !== FRAGMENT_PROTOCOL || core.kernel.actionsWithoutState) {
    if (!findRule(core, context)) {
      packet.drop("map-failed");
      abandon();
      return;
    }
  }
  const { translation } = context;
  if (translation?.rule.translationPass && context.natRule === translation) {
    context.rule = translation;
    context.anchorRule = context.currentAnchor;
  } else {
    context.currentAnchor = null;
    if (evaluate(core, context, core.rulesets.main) === "failed") {
      packet.drop(context.limited ?? "translate");
      abandon();
      return;
    }
    context.actions.add(context.rule);
    if (translateByRule(core, context.rule, context) === "failed") {
      packet.drop(context.natRule === context.rule ? "map-failed" : "translate");
      abandon();
      return;
    }
  }
  const { rule } = context;
  packet.count("match");
  if (rule.action === RULE_ACTION.block) {
    if (packet.virtualProtocol !== FRAGMENT_PROTOCOL) {
      undoTranslation(packet, context);
      answerBlocked(core, packet, rule, context.icmpType);
    }
    abandon();
    return;
  }
  if (context.tagSet && context.tag !== null) packet.context.tag = context.tag;
  if (context.actions.rtable >= 0) packet.context.rtable = context.actions.rtable;
  const { routeOption } = rule.rule;
  let mapped: Mapped | null = null;
  if (rule.route !== null && routeOption !== null && routeOption !== "fastroute") {
    mapped = mapFromList(core, {
      rule,
      pool: rule.route,
      source: packet.source,
      family: routeOption === "reply-to" ? packet.family : packet.newFamily,
      node: NODE.route,
      nodeFamily: packet.family,
      first: null,
      present: null,
    });
    if (mapped === null) {
      packet.drop("map-failed");
      abandon();
      return;
    }
    context.route = { option: routeOption, gateway: mapped.address, interface: mapped.kif?.name ?? null };
  }
  const keeps =
    packet.virtualProtocol !== FRAGMENT_PROTOCOL &&
    !context.isIcmpError &&
    (rule.keepState !== KEEP_STATE.none || context.natRule !== null || packet.normalizesTcp);
  if (!keeps) {
    context.action = PASS;
    packet.writeHeader();
    abandon();
    return;
  }
  createTranslatedState(core, packet, context, mapped);
  const { state } = context;
  if (context.action !== PASS || state === null) {
    if (context.action === DROP) {
      packet.reason = packet.cause;
      if (core.kernel.failPolicy && rule.returns) {
        undoTranslation(packet, context);
        answerBlocked(core, packet, rule, context.icmpType);
      }
      abandon();
      return;
    }
    return;
  }
  if (packet.family !== packet.newFamily && applyTranslation(packet, state, context)) context.action = AF_TRANSLATE;
  packet.writeHeader();
}

/** Looks for nat, binat and rdr rules and does what they say. @returns false when there was no address or port */
function findRule(core: FilterCore, context: RuleContext): boolean {
  const lists = context.description.direction === IN ? (["rdr", "binat"] as const) : (["binat", "nat"] as const);
  for (const list of lists) {
    if (core.rulesets.main[list].length === 0) continue;
    if (!findTranslation(core, context, list)) return false;
    if (context.translation !== null) break;
  }
  const { translation } = context;
  if (translation === null) return true;
  return translateByTranslationRule(core, translation, context) !== "failed" || !core.kernel.failedTranslationDrops;
}

function prepare(packet: Description, context: RuleContext): void {
  const { virtualProtocol } = packet;
  if (virtualProtocol !== PROTOCOL.icmp && virtualProtocol !== PROTOCOL.icmp6) return;
  context.icmpType = packet.icmpType;
  context.icmpCode = packet.icmpCode;
  const mapping = mapIcmp(packet.core.kernel, packet.family, packet.packet, packet.icmpType, packet.icmpId);
  context.icmpDirection = mapping.direction;
  context.isIcmpError = mapping.isError;
  context.virtualType = mapping.type;
  context.virtualId = mapping.id;
  const asks = mapping.direction === IN;
  packet.oldSourcePort = asks ? mapping.id : mapping.type;
  packet.oldDestinationPort = asks ? mapping.type : mapping.id;
  packet.newSourcePort = packet.oldSourcePort;
  packet.newDestinationPort = packet.oldDestinationPort;
}
