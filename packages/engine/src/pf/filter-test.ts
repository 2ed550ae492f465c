import { copyPacket, type Packet, PROTOCOL } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import {
  type Action,
  AF_TRANSLATE,
  DROP,
  FRAGMENT_PROTOCOL,
  IN,
  LOW_DELAY,
  OUT,
  PASS,
  STATE_FLAG,
  SYNPROXY_DROP,
  TCPS,
  TH,
} from "./constants.ts";
import { createContext } from "./context.ts";
import type { FilterCore } from "./core.ts";
import { countPacket } from "./counters.ts";
import { Description } from "./description.ts";
import { findState } from "./find-state.ts";
import { testIcmpState } from "./icmp-state.ts";
import type { Kif } from "./interface-table.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { normalizeTcp, scrub } from "./normalize.ts";
import { type RuleOutcome, testRules } from "./rule-test.ts";
import type { State } from "./state.ts";
import { testState } from "./state-test.ts";
import { recreateSyn, sendSyncookie, validateSyncookie, wantsSyncookie } from "./syncookie.ts";
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

const NO_STEPS: readonly EvaluationStep[] = [];
const NO_POSSIBILITIES: FilterResult["possible"] = [];
const NO_GENERATED: FilterResult["generated"] = [];
const NO_RULES: readonly RuleReference[] = [];
const NO_RESULTS: readonly FilterResult[] = [];

/** Everything `pf_test()` works with for one packet. */
class Test {
  readonly packet: Description;
  readonly steps: EvaluationStep[] | null;
  action: Action = PASS;
  rule: LoadedRule;
  anchorRule: LoadedRule | null = null;
  state: State | null = null;
  isNewState = false;
  /** A bare acknowledgement, or interactive traffic: takes the second priority and queue. */
  isUrgent = false;

  constructor(packet: Description, defaultRule: LoadedRule, steps: EvaluationStep[] | null) {
    this.packet = packet;
    this.rule = defaultRule;
    this.steps = steps;
  }

  useState(state: State): void {
    this.state = state;
    this.rule = state.rule;
    this.anchorRule = state.anchor;
  }

  useRules(outcome: RuleOutcome): void {
    this.action = outcome.action;
    this.rule = outcome.rule;
    this.anchorRule = outcome.anchorRule;
    this.state = outcome.state;
    this.isNewState = outcome.state !== null;
  }
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
  const description = new Description(core, packet, direction === "in" ? IN : OUT, kif, context);
  const test = new Test(description, core.defaultRule, trace ? [] : null);
  if (!description.setup()) {
    test.action = DROP;
    return finish(core, test, packet);
  }
  if (description.virtualProtocol === FRAGMENT_PROTOCOL) {
    const early = reassemble(core, test);
    if (early !== null) return early;
  }
  decide(core, test, recreated);
  return finish(core, test, packet);
}

/** Collects fragments. @returns the result when the packet does not go on, else null */
function reassemble(core: FilterCore, test: Test): FilterResult | null {
  const description = test.packet;
  const { packet, context } = description;
  if (packet.family === 4) {
    // A fragment must not say that it may not be one.
    if (core.reassemble.noDf) packet.dontFragment = false;
    if (packet.dontFragment) {
      description.drop("fragment");
      test.action = DROP;
      return finish(core, test, packet);
    }
  }
  if (!core.reassemble.enabled) return null;
  const outcome = core.fragments.add(packet, context, core.seconds(), core.timeouts[TIMEOUT.fragment] as number);
  if (outcome.kind === "held") return result(core, test, "held", packet, null, null);
  if (outcome.kind === "dropped") {
    if (outcome.reason !== null) description.drop(outcome.reason);
    test.action = DROP;
    return finish(core, test, packet);
  }
  description.packet = outcome.packet;
  if (outcome.context !== context) Object.assign(context, outcome.context);
  if (packet.family === 6) context.refragmentSize = outcome.largest;
  if (!description.setup()) {
    test.action = DROP;
    return finish(core, test, packet);
  }
  return null;
}

/** Finds the state of the packet, or lets the rules decide. */
function decide(core: FilterCore, test: Test, recreated: boolean): void {
  const { packet } = test;
  switch (packet.virtualProtocol) {
    case FRAGMENT_PROTOCOL:
      test.useRules(testRules(core, packet, test.steps));
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
      } else if (outcome.state === null) test.useRules(testRules(core, packet, test.steps));
      return;
    }
    default:
      decideOthers(core, test, recreated);
  }
}

function decideOthers(core: FilterCore, test: Test, recreated: boolean): void {
  const { packet } = test;
  const isTcp = packet.virtualProtocol === PROTOCOL.tcp;
  if (isTcp) {
    if (
      packet.direction === IN &&
      (packet.flags & (TH.syn | TH.ack)) === TH.syn &&
      !recreated &&
      wantsSyncookie(core)
    ) {
      sendSyncookie(core, packet);
      test.action = DROP;
      return;
    }
    if ((packet.flags & TH.ack) !== 0 && packet.dataLength === 0) test.isUrgent = true;
    if (!normalizeTcp(packet)) {
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
  if (test.state === null) test.useRules(testRules(core, packet, test.steps));
  const mss = test.state !== null ? test.state.maxMss : test.rule.maxMss;
  if (isTcp && mss !== 0 && packet.packet.tcp !== null) clampMss(packet.packet.tcp, mss);
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

/** A syncookie came back: the SYN it stands for is tested first, and its state then waits for the server. */
function passRecreatedSyn(core: FilterCore, test: Test): State | null {
  const { packet } = test;
  const syn = recreateSyn(packet);
  const context = createContext(packet.context.receivedOn, packet.context.rtable);
  const first = testPacket(core, syn, "in", packet.kif, context, test.steps !== null, true);
  packet.before.push(first);
  if (first.verdict === "block") return null;
  const state = find(core, packet);
  if (state === null) return null;
  const number = (packet.acknowledgement - 1) >>> 0;
  state.source.sequenceHigh = number;
  state.destination.sequenceHigh = number;
  state.source.sequenceLow = (packet.sequence - 1) >>> 0;
  core.states.setLevel(state, "source", TCPS.proxyDestination);
  return state;
}

/** The end of `pf_test()`: what the state or the rule does to every packet, counters, where the packet goes. */
function finish(core: FilterCore, test: Test, given: Packet): FilterResult {
  const { packet, rule, state } = test;
  const { context } = packet;
  let queue: string | null = null;
  if (test.action !== DROP) {
    if (state !== null) {
      if (test.action === PASS && packet.badOptions !== 0 && (state.flags & STATE_FLAG.allowOptions) === 0) {
        test.action = DROP;
        packet.drop("ip-option");
      }
      scrub(core, packet.packet, state.flags, state.minTtl, state.setTos);
      if (state.tag !== null) context.tag = state.tag;
      const rtable = state.rtable(packet.destinationIndex);
      if (rtable >= 0) context.rtable = rtable;
    } else scrub(core, packet.packet, rule.scrubFlags, rule.minTtl, rule.setTos);
    const urgent = test.isUrgent || (packet.tos & LOW_DELAY) !== 0;
    const flags = state !== null ? state.flags : rule.scrubFlags;
    const prio = state ?? rule;
    if ((flags & STATE_FLAG.setPrio) !== 0) context.prio = urgent ? prio.setPrioLowDelay : prio.setPrioNormal;
    if (state !== null) queue = urgent ? state.priorityQueue : state.queue;
    else if (rule.rule.queue !== null) queue = urgent ? (rule.rule.queue[1] ?? rule.rule.queue[0]) : rule.rule.queue[0];
    context.delay = state !== null ? state.delay : rule.rule.delay;
  }
  if (test.action === PASS && queue !== null) context.queue = queue;
  if (state !== null && packet.direction === IN) context.stateKey = state.stack;
  if (packet.destinationChanged && packet.destination.isLoopback()) context.translatedToLocalhost = true;

  let divert: FilterResult["divert"] = null;
  const { divert: wanted } = rule.rule;
  let diverted = false;
  if (wanted !== null && test.action === PASS) {
    if (wanted.kind === "divert-packet") {
      divert = { kind: wanted.kind, address: null, port: wanted.port };
      diverted = true;
    } else if (packet.direction === IN) {
      divert =
        wanted.kind === "divert-to"
          ? { kind: wanted.kind, address: wanted.address, port: wanted.port }
          : { kind: wanted.kind, address: null, port: 0 };
    }
  }
  countPacket(core, packet, test.action === PASS && !diverted, test.action, state, rule, test.anchorRule);

  switch (test.action) {
    case SYNPROXY_DROP:
      return result(core, test, "synproxy", packet.packet, null, divert);
    case DROP:
      return result(core, test, "block", given === packet.packet ? given : packet.packet, null, null);
    case AF_TRANSLATE:
      return result(core, test, "af-translated", translatePacket(core, packet), null, null);
    default:
      return result(core, test, diverted ? "divert" : "pass", packet.packet, diverted ? null : routeOf(test), divert);
  }
}

/** What `pf_route()` would do; null when this packet goes the other way. */
function routeOf(test: Test): RouteDecision | null | "discard" {
  const { packet, state } = test;
  if (state === null || state.routeOption === null) return null;
  if (packet.context.routed++ > MOST_ROUTED) return "discard";
  if (state.routeOption !== "dup-to" && (state.routeOption === "reply-to") === (state.direction === packet.direction)) {
    return null;
  }
  return { option: state.routeOption, gateway: state.routeAddress, interface: state.routeInterface };
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
    fresh.dontFragment = true;
    fresh.id = core.random() & 0xffff;
    fresh.ttl = packet.ttl;
  } else {
    fresh.dontFragment = false;
    fresh.id = 0;
    fresh.ttl = packet.ttl === 0 || packet.ttl > 64 ? 64 : packet.ttl;
  }
  return fresh;
}

function result(
  core: FilterCore,
  test: Test,
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
  return {
    verdict,
    reason: passed ? null : (description.reason ?? "match"),
    cause: passed ? null : (description.cause ?? ("match" satisfies DropReason)),
    rule: rule === core.defaultRule ? null : reference(rule),
    anchorRule: test.anchorRule === null ? null : test.anchorRule.rule,
    anchorRuleAnchor: test.anchorRule?.ruleset?.path ?? "",
    matchRules: state === null || state.matchRules.length === 0 ? NO_RULES : state.matchRules.map(reference),
    skipped: null,
    state: state === null ? null : test.isNewState ? "new" : "existing",
    stateDirection: state === null ? null : state.direction === IN ? "in" : "out",
    packet,
    route: route === "discard" ? null : route,
    routeOption: state?.routeOption ?? null,
    discarded: route === "discard",
    reroute: description.destinationChanged && description.direction === OUT,
    before: description.before.length === 0 ? NO_RESULTS : description.before,
    possible,
    divert,
    generated,
    steps: test.steps ?? NO_STEPS,
  };
}

function reference(rule: LoadedRule): RuleReference {
  return { rule: rule.rule, anchor: rule.ruleset?.path ?? "", unlinked: rule.unlinked };
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
    discarded: false,
    reroute: false,
    before: NO_RESULTS,
    possible: NO_POSSIBILITIES,
    divert: null,
    generated: NO_GENERATED,
    steps: NO_STEPS,
  };
}
