import { PROTOCOL } from "@pierhead/core";
import { answerBlocked } from "./answer.ts";
import { AF_TRANSLATE, FRAGMENT_PROTOCOL, ICMP, ICMP6, IN, PASS } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { createState, mayCreate } from "./create-state.ts";
import type { Description } from "./description.ts";
import { evaluate } from "./evaluate.ts";
import { translateIcmp } from "./icmp-family.ts";
import { mapIcmp } from "./icmp-mapping.ts";
import { KEEP_STATE, RULE_ACTION } from "./loaded-rule.ts";
import { translate } from "./nat.ts";
import type { RuleContext } from "./rule-context.ts";
import type { State } from "./state.ts";

/** Lets the rules decide about a packet that has no state (`pf_test_rule()`); the context holds what came of it. */
export function testRules(core: FilterCore, packet: Description, context: RuleContext): void {
  context.actions.rtable = packet.routingDomain;
  const { virtualProtocol } = packet;
  if (virtualProtocol === PROTOCOL.icmp || virtualProtocol === PROTOCOL.icmp6) prepareIcmp(packet, context);
  if (evaluate(core, context, core.rulesets.main) === "failed") {
    if (context.limited !== null) packet.drop(context.limited);
    else packet.count("translate");
    return;
  }
  const rule = context.rule;
  context.actions.add(rule);
  if (rule.afTo !== 0) packet.newFamily = rule.afTo;
  if (!translate(core, rule, context)) {
    packet.count("translate");
    return;
  }
  packet.count("match");
  if (rule.action === RULE_ACTION.block) {
    if (virtualProtocol !== FRAGMENT_PROTOCOL) answerBlocked(core, packet, rule, context.icmpType);
    return;
  }
  if (context.tagSet && context.tag !== null) packet.context.tag = context.tag;
  const { rtable } = context.actions;
  if (rtable >= 0) {
    packet.context.rtable = rtable;
    if (core.interfaces.routingDomain(rtable) !== packet.routingDomain) packet.destinationChanged = true;
  }
  if (rule.action === RULE_ACTION.pass && packet.badOptions !== 0 && !rule.rule.allowOpts) {
    packet.count("ip-option");
    return;
  }
  if (virtualProtocol === FRAGMENT_PROTOCOL || context.isIcmpError || rule.keepState === KEEP_STATE.none) {
    context.action = PASS;
    return;
  }
  if (!mayCreate(core, packet, rule, context)) return;
  createState(core, packet, context);
  const { state } = context;
  if (context.action !== PASS || state === null) return;
  let { rewritten } = context;
  if (state.wire !== state.stack && applyTranslation(packet, state, context)) rewritten = true;
  if (rewritten && state.isFamilyTranslated) context.action = AF_TRANSLATE;
  if (rewritten) packet.writeHeader();
}

function prepareIcmp(packet: Description, context: RuleContext): void {
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

/** Gives the first packet of a state the addresses of its other side (`pf_translate()`). @returns whether it changed */
export function applyTranslation(packet: Description, state: State, context: RuleContext): boolean {
  const key = packet.direction === IN ? state.stack : state.wire;
  const translated = packet.family !== packet.newFamily;
  const turned = translated && packet.direction === IN;
  const sourceIndex = turned ? packet.destinationIndex : packet.sourceIndex;
  const destinationIndex = turned ? packet.sourceIndex : packet.destinationIndex;
  const source = key.address(sourceIndex);
  const destination = key.address(destinationIndex);
  let rewritten = false;
  if (translated || !destination.equals(packet.destination)) packet.destinationChanged = true;
  switch (packet.protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp:
    case PROTOCOL.sctp:
      rewritten = packet.setPorts(key.port(sourceIndex), key.port(destinationIndex));
      // OpenBSD calls a packet of two families rewritten only by its ports or ICMP header.
      if (translated && packet.core.kernel.separateTranslation) rewritten = true;
      break;
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6: {
      const isEcho = context.virtualType === (packet.protocol === PROTOCOL.icmp ? ICMP.echo : ICMP6.echoRequest);
      if (translated) {
        const header = { type: packet.icmpType, code: packet.icmpCode, mtu: packet.icmpMtu };
        if (!translateIcmp(header, packet.newFamily)) return false;
        packet.icmpType = header.type;
        packet.icmpCode = header.code;
        packet.icmpMtu = header.mtu;
        packet.protocol = packet.newFamily === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
        rewritten = true;
      }
      if (isEcho) {
        const id = key.port(context.icmpDirection === IN ? sourceIndex : destinationIndex);
        if (id !== packet.icmpId) rewritten = true;
        packet.icmpId = id;
      }
      break;
    }
    default:
      break;
  }
  if (!translated) {
    if (packet.setSource(source)) rewritten = true;
    if (packet.setDestination(destination)) rewritten = true;
  }
  return rewritten;
}
