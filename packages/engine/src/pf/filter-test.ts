import { Address, copyPacket, type Packet, PROTOCOL } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import { AF_TRANSLATE, DROP, FRAGMENT_PROTOCOL, IN, OUT, PASS, SYNPROXY_DROP, TCPS, TH } from "./constants.ts";
import { createContext } from "./context.ts";
import type { FilterCore } from "./core.ts";
import { countPacket } from "./counters.ts";
import type { Description } from "./description.ts";
import { applyActions, applyStateOrRule } from "./effects.ts";
import { findState } from "./find-state.ts";
import { testIcmpState } from "./icmp-state.ts";
import type { Kif } from "./interface-table.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { normalizeTcp } from "./normalize.ts";
import { PacketTest } from "./packet-test.ts";
import { testRules } from "./rule-test.ts";
import { testRulesTranslatingFirst } from "./rule-test-first.ts";
import { findScrubRule } from "./scrub-rules.ts";
import type { State } from "./state.ts";
import { testState } from "./state-test.ts";
import { recreateSyn, sendSyncookie, validateSyncookie, wantsSyncookie } from "./syncookie.ts";
import { TagNumbers } from "./tag-number.ts";
import { clampMss } from "./tcp-options.ts";
import { TIMEOUT } from "./timeout.ts";
import type {
  DropReason,
  EvaluationStep,
  FilterResult,
  FilterVerdict,
  PacketContext,
  RouteDecision,
  RuleReference,
} from "./types.ts";

/** How often pf sends one packet on by its own routes (`pf_routed`). */
const MOST_ROUTED = 3;

/** Divert sockets are on the machine itself; an address in the rule means nothing. */
const LOCALHOST = new Address(4, 0x7f000001);

const NO_STEPS: readonly EvaluationStep[] = [];
const NO_POSSIBILITIES: FilterResult["possible"] = [];
const NO_GENERATED: FilterResult["generated"] = [];
const NO_RULES: readonly RuleReference[] = [];
const NO_TESTS: FilterResult["before"] = [];
const NO_DIVERT: Diversion = { divert: null, consumed: false };

/** Where a packet is diverted to, and whether that is its end. */
interface Diversion {
  readonly divert: FilterResult["divert"];
  readonly consumed: boolean;
}

/** `pf_test()` of OpenBSD: one packet on its way in or out of one interface. */
export function testPacket(
  core: FilterCore,
  packet: Packet,
  direction: Direction,
  kif: Kif,
  context: PacketContext,
  trace: boolean,
  recreated = false,
): FilterResult {
  if (!core.running) return untested(packet, null);
  if (kif.skip) return untested(packet, "skip");
  if (context.generated) return untested(packet, "generated");
  if (context.divertedPacket) {
    context.divertedPacket = false;
    return untested(packet, "generated");
  }
  // A test inside another one (syncookies) finds none to use again.
  const test = core.spareTest ?? new PacketTest(core);
  core.spareTest = null;
  test.begin(trace ? [] : null);
  test.packet.begin(packet, direction === "in" ? IN : OUT, kif, context);
  const made = run(core, test, packet, recreated);
  core.spareTest = test;
  return made;
}

function run(core: FilterCore, test: PacketTest, packet: Packet, recreated: boolean): FilterResult {
  const description = test.packet;
  if (!description.setup()) {
    test.action = DROP;
    return finish(core, test, packet);
  }
  if (core.kernel.separateTranslation) {
    const early = normalizeByRule(core, test);
    if (early !== null) return early;
  } else if (description.virtualProtocol === FRAGMENT_PROTOCOL) {
    const early = reassemble(core, test, core.reassemble.noDf, core.reassemble.enabled);
    if (early !== null) return early;
  }
  decide(core, test, recreated);
  return finish(core, test, packet);
}

/** Scrub rules, or what holds where there are none. @returns the result when the packet does not go on, else null */
function normalizeByRule(core: FilterCore, test: PacketTest): FilterResult | null {
  const description = test.packet;
  const { packet } = description;
  const { none, rule, normalizes } = findScrubRule(core, description, false);
  if (!normalizes) return null;
  const options = rule?.rule.scrub ?? null;
  const noDf = none ? core.reassemble.noDf : options?.noDf === true;
  if (noDf && packet.family === 4 && core.kernel.noDfForAll) packet.dontFragment = false;
  if (description.virtualProtocol !== FRAGMENT_PROTOCOL) return null;
  const whole = options?.fragments == null || options.fragments === "reassemble";
  const collects = (packet.family === 6 && core.kernel.alwaysReassembles6) || (none ? core.reassemble.enabled : whole);
  return reassemble(core, test, noDf, collects);
}

/** Collects fragments. @returns the result when the packet does not go on, else null */
function reassemble(core: FilterCore, test: PacketTest, noDf: boolean, collects: boolean): FilterResult | null {
  const description = test.packet;
  const { packet, context } = description;
  if (packet.family === 4) {
    // A fragment must not say that it may not be one.
    if (noDf) packet.dontFragment = false;
    if (packet.dontFragment) {
      description.drop("fragment");
      test.action = DROP;
      return finish(core, test, packet);
    }
  }
  if (!collects) return null;
  const outcome = core.fragments.add(packet, context, core.seconds(), core.timeouts[TIMEOUT.fragment] as number);
  if (outcome.kind === "held") return result(core, test, "held", packet, null, null);
  if (outcome.kind === "dropped") {
    if (outcome.reason !== null) description.drop(outcome.reason);
    test.action = DROP;
    return finish(core, test, packet);
  }
  description.packet = outcome.packet;
  if (outcome.context !== context) Object.assign(context, outcome.context);
  if (packet.family === 6 || core.kernel.remembersFragments4) context.refragmentSize = outcome.largest;
  if (!description.setup()) {
    test.action = DROP;
    return finish(core, test, packet);
  }
  return null;
}

/** Finds the state of the packet, or lets the rules decide. */
function decide(core: FilterCore, test: PacketTest, recreated: boolean): void {
  const { packet } = test;
  switch (packet.virtualProtocol) {
    case FRAGMENT_PROTOCOL:
      letRulesDecide(core, test);
      if (test.action !== PASS) packet.drop("fragment");
      return;
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6: {
      if ((packet.virtualProtocol === PROTOCOL.icmp) !== (packet.family === 4)) {
        packet.drop("normalize");
        test.action = DROP;
        return;
      }
      const outcome = testIcmpState(core, packet);
      test.action = outcome.action;
      test.state = outcome.state;
      if (outcome.state !== null && (outcome.action === PASS || outcome.action === AF_TRANSLATE)) {
        test.useState(outcome.state);
      } else if (outcome.state === null) letRulesDecide(core, test);
      return;
    }
    default:
      decideOthers(core, test, recreated);
  }
}

function decideOthers(core: FilterCore, test: PacketTest, recreated: boolean): void {
  const { packet } = test;
  const isTcp = packet.virtualProtocol === PROTOCOL.tcp;
  if (isTcp) {
    if (
      packet.direction === IN &&
      (packet.flags & (TH.syn | TH.ack)) === TH.syn &&
      !recreated &&
      (core.kernel.separateTranslation || (core.tags.numberOf(packet.context.tag) & TagNumbers.syncookie) === 0) &&
      wantsSyncookie(core)
    ) {
      sendSyncookie(core, packet);
      test.action = DROP;
      return;
    }
    if ((packet.flags & TH.ack) !== 0 && packet.dataLength === 0) test.isUrgent = true;
    if (!normalizeSegment(core, packet)) {
      test.action = DROP;
      return;
    }
  }
  let state = find(core, packet);
  if (
    isTcp &&
    packet.direction === IN &&
    (state === null || (state.source.state >= TCPS.finWait2 && state.destination.state >= TCPS.finWait2)) &&
    (packet.flags & (TH.syn | TH.ack | TH.rst)) === TH.ack &&
    validateSyncookie(core, packet)
  ) {
    const proxied = passRecreatedSyn(core, test);
    if (proxied === "stateless") {
      test.action = DROP;
      return;
    }
    if (proxied !== null) state = proxied;
    else if (state !== null) {
      test.state = state;
      test.action = DROP;
      return;
    }
  }
  if (state !== null) {
    const outcome = testState(core, packet, state);
    test.action = outcome.action;
    if (!outcome.forgotten) {
      test.state = state;
      if (outcome.action === PASS || outcome.action === AF_TRANSLATE) test.useState(state);
    }
  }
  if (test.state === null) letRulesDecide(core, test);
  if (core.kernel.separateTranslation) return;
  const mss = test.state !== null ? test.state.actions.maxMss : test.rule.maxMss;
  if (isTcp && mss !== 0 && packet.packet.tcp !== null) clampMss(packet.packet.tcp, mss);
}

function letRulesDecide(core: FilterCore, test: PacketTest): void {
  const { rules, packet } = test;
  rules.begin(core.defaultRule, test.steps);
  if (core.kernel.separateTranslation) testRulesTranslatingFirst(core, packet, rules);
  else testRules(core, packet, rules);
  test.useRules();
}

/** @returns false when the segment is illegal */
function normalizeSegment(core: FilterCore, packet: Description): boolean {
  if (!core.kernel.separateTranslation) return normalizeTcp(packet, true);
  const { rule, normalizes } = findScrubRule(core, packet, true);
  if (!normalizes) return true;
  if (rule?.rule.scrub?.reassembleTcp === true) packet.normalizesTcp = true;
  return normalizeTcp(packet, core.kernel.finBesideSyn === "cleared");
}

function find(core: FilterCore, packet: Description): State | null {
  const sourceFirst = packet.sourceIndex === 0;
  return findState(
    core,
    packet,
    packet.family,
    packet.virtualProtocol,
    sourceFirst ? packet.source : packet.destination,
    sourceFirst ? packet.destination : packet.source,
    sourceFirst ? packet.oldSourcePort : packet.oldDestinationPort,
    sourceFirst ? packet.oldDestinationPort : packet.oldSourcePort,
  );
}

/**
 * A syncookie came back: the SYN it stands for is tested first, and its state then waits for the server. A rule that
 * passes the SYN without making a state leaves nothing to go on with.
 */
function passRecreatedSyn(core: FilterCore, test: PacketTest): State | null | "stateless" {
  const { packet } = test;
  const syn = recreateSyn(packet);
  // A packet that pf makes was received nowhere.
  const context = createContext(null, packet.context.rtable);
  if (!core.kernel.separateTranslation) context.tag = core.tags.nameOf(TagNumbers.syncookie);
  const result = testPacket(core, syn, "in", packet.kif, context, test.steps !== null, true);
  packet.before = [...packet.before, { result, context }];
  if (result.verdict === "block") return null;
  const state = find(core, packet);
  if (state === null) return "stateless";
  const number = (packet.acknowledgement - 1) >>> 0;
  state.source.sequenceHigh = number;
  state.destination.sequenceHigh = number;
  state.source.sequenceLow = (packet.sequence - 1) >>> 0;
  core.states.setLevel(state, "source", TCPS.proxyDestination);
  return state;
}

/** The end of `pf_test()`: what the state or the rule does to every packet, counters, where the packet goes. */
function finish(core: FilterCore, test: PacketTest, given: Packet): FilterResult {
  const { packet, state } = test;
  const { context } = packet;
  const first = core.kernel.separateTranslation;
  if (first) applyActions(core, test);
  else if (test.action !== DROP) applyStateOrRule(core, test);
  if (state !== null && packet.direction === IN && core.kernel.linksKeys) context.stateKey = state.stack;
  if (packet.destinationChanged && packet.destination.isLoopback()) context.translatedToLocalhost = true;
  const { divert, consumed } = divertOf(core, test);
  countPacket(
    core,
    packet,
    test.action === PASS && !consumed,
    test.action,
    state,
    test.rule,
    test.anchorRule,
    test.matched,
  );
  switch (test.action) {
    case SYNPROXY_DROP:
      return result(core, test, "synproxy", packet.packet, null, divert);
    case DROP:
      return result(core, test, "block", given === packet.packet ? given : packet.packet, null, null);
    case AF_TRANSLATE:
      return result(
        core,
        test,
        "af-translated",
        translatePacket(core, packet),
        first ? routeOf(core, test) : null,
        null,
      );
    default:
      return consumed
        ? result(core, test, "divert", packet.packet, null, divert)
        : result(core, test, "pass", packet.packet, routeOf(core, test), divert);
  }
}

/** Divert sockets, and sockets that take connections of others. */
function divertOf(core: FilterCore, test: PacketTest): Diversion {
  const { packet, rule } = test;
  const { divert: wanted } = rule.rule;
  if (wanted === null || test.action !== PASS) return NO_DIVERT;
  if (core.kernel.divertsToSocket) {
    // Divert sockets know IPv4 only.
    if (packet.family !== 4 || wanted.kind === "divert-reply") return { divert: null, consumed: false };
    return { divert: { kind: wanted.kind, address: LOCALHOST, port: wanted.port }, consumed: true };
  }
  if (wanted.kind === "divert-packet") {
    return { divert: { kind: wanted.kind, address: null, port: wanted.port }, consumed: true };
  }
  if (packet.direction !== IN) return { divert: null, consumed: false };
  return wanted.kind === "divert-to"
    ? { divert: { kind: wanted.kind, address: wanted.address, port: wanted.port }, consumed: false }
    : { divert: { kind: wanted.kind, address: null, port: 0 }, consumed: false };
}

/** What `pf_route()` would do; null when this packet goes the other way. */
function routeOf(core: FilterCore, test: PacketTest): RouteDecision | null | "discard" {
  const { packet, state, rule } = test;
  const decided: RouteDecision | null = state === null ? test.route : state.route;
  if (decided === null) return null;
  if (packet.context.routed++ > MOST_ROUTED) return "discard";
  const forward = (state === null ? rule.direction : state.direction) === packet.direction;
  const translated = packet.family !== packet.newFamily;
  if (decided.option === "dup-to") {
    if (!core.kernel.separateTranslation) return decided;
    // A packet is copied once; where it would be copied again it is gone, unless it leaves there anyway.
    if (packet.context.duplicated !== true) {
      packet.context.duplicated = true;
      return decided;
    }
    return decided.interface === packet.kif.name ? null : "discard";
  }
  if ((decided.option === "reply-to") === forward && !translated) return null;
  if (translated && core.kernel.separateTranslation) {
    // On the way back the other family has routes of its own.
    const meant = decided.option === "route-to" ? rule.afTo : rule.afTo === 4 ? 6 : 4;
    if (meant !== packet.newFamily) return null;
  }
  return decided;
}

/** The packet in its new family (`pf_translate_af()`). */
function translatePacket(core: FilterCore, packet: Description): Packet {
  const old = packet.packet;
  const fresh = copyPacket(old);
  fresh.family = packet.newFamily;
  fresh.source = packet.newSource;
  fresh.destination = packet.newDestination;
  fresh.protocol = packet.protocol;
  fresh.options = [];
  fresh.fragment = null;
  fresh.tos = packet.tos;
  if (packet.newFamily === 4) {
    fresh.dontFragment = core.kernel.afToSetsDf;
    packet.context.refragmentSize = 0;
    fresh.id = core.random() & 0xffff;
    fresh.ttl = packet.ttl;
  } else {
    fresh.dontFragment = false;
    fresh.id = 0;
    fresh.ttl = packet.ttl === 0 || packet.ttl > 64 ? 64 : packet.ttl;
    // The larger header, and the fragment header, leave less room.
    if (packet.context.refragmentSize > 0) packet.context.refragmentSize -= 28;
  }
  return fresh;
}

function result(
  core: FilterCore,
  test: PacketTest,
  verdict: FilterVerdict,
  packet: Packet,
  route: RouteDecision | null | "discard",
  divert: FilterResult["divert"],
): FilterResult {
  const { state, rule } = test;
  const description = test.packet;
  const passed = verdict === "pass" || verdict === "af-translated" || verdict === "divert" || verdict === "held";
  const generated = core.generated.length === 0 ? NO_GENERATED : core.generated;
  const possible = core.possible.length === 0 ? NO_POSSIBILITIES : core.possible;
  if (core.generated.length > 0) core.generated = [];
  if (core.possible.length > 0) core.possible = [];
  const matched = state === null ? test.matched : state.matchRules;
  return {
    verdict,
    reason: passed ? null : (description.reason ?? "match"),
    cause: passed ? null : (description.cause ?? ("match" satisfies DropReason)),
    rule: rule === core.defaultRule ? null : reference(rule),
    anchorRule: test.anchorRule === null ? null : test.anchorRule.rule,
    anchorRuleAnchor: test.anchorRule?.ruleset?.path ?? "",
    matchRules:
      (state === null && !core.kernel.actionsWithoutState) || matched.length === 0 ? NO_RULES : matched.map(reference),
    skipped: null,
    state: state === null ? null : test.isNewState ? "new" : "existing",
    stateDirection: state === null ? null : state.direction === IN ? "in" : "out",
    packet,
    route: route === "discard" ? null : route,
    routeOption: state === null ? (test.route?.option ?? null) : (state.route?.option ?? null),
    bind: binder(core, test),
    untranslated: untranslator(core, test),
    discarded: route === "discard",
    reroute: description.destinationChanged && description.direction === OUT,
    before: description.before,
    possible,
    divert,
    generated,
    steps: test.steps ?? NO_STEPS,
  };
}

/** Binds an if-bound state, once it is known which way its packets leave. */
function binder(core: FilterCore, test: PacketTest): FilterResult["bind"] {
  const { state } = test;
  const { all } = core.interfaces;
  if (!core.kernel.bindsLate || state === null || state.kif !== all || !state.rule.ifBound) return null;
  const { kif } = test.packet;
  return (leaving) => {
    if (state.kif !== all) return;
    core.states.bind(state, core.interfaces.get(leaving));
    if ((state.route?.option ?? null) === "reply-to") state.originalKif = kif;
  };
}

/** Takes translation back for an error about the packet (`PACKET_UNDO_NAT`). */
function untranslator(core: FilterCore, test: PacketTest): FilterResult["untranslated"] {
  const { state, packet } = test;
  if (!core.kernel.separateTranslation || state === null || state.natRule === null) return null;
  if (state.isFamilyTranslated) return null;
  const { sourceIndex, destinationIndex, hasPorts } = packet;
  const key = packet.direction === OUT ? state.stack : state.wire;
  return (translated) => {
    const undone = copyPacket(translated);
    undone.source = key.address(sourceIndex);
    undone.destination = key.address(destinationIndex);
    if (hasPorts) {
      undone.sourcePort = key.port(sourceIndex);
      undone.destinationPort = key.port(destinationIndex);
    } else if (undone.icmp !== null && undone.family === 4) undone.icmp.id = key.port(sourceIndex);
    return undone;
  };
}

function reference(rule: LoadedRule): RuleReference {
  const known = rule.reference;
  if (known !== null && known.unlinked === rule.unlinked) return known;
  const made = { rule: rule.rule, anchor: rule.ruleset?.path ?? "", unlinked: rule.unlinked };
  rule.reference = made;
  return made;
}

function untested(packet: Packet, skipped: "skip" | "generated" | null): FilterResult {
  return {
    verdict: "pass",
    reason: null,
    cause: null,
    rule: null,
    anchorRule: null,
    anchorRuleAnchor: "",
    matchRules: NO_RULES,
    skipped,
    state: null,
    stateDirection: null,
    packet,
    route: null,
    routeOption: null,
    bind: null,
    untranslated: null,
    discarded: false,
    reroute: false,
    before: NO_TESTS,
    possible: NO_POSSIBILITIES,
    divert: null,
    generated: NO_GENERATED,
    steps: NO_STEPS,
  };
}
