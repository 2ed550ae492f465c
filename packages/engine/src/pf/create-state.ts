import { type Address, PROTOCOL } from "@pierhead/core";
import {
  DEFAULT_MSS,
  IN,
  LEVEL,
  PASS,
  SCTP_LEVEL,
  STACK,
  STATE_FLAG,
  SYNPROXY_DROP,
  TCPS,
  TH,
  WIRE,
  WSCALE_MASK,
} from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { keyAddresses } from "./icmp-state.ts";
import { KEEP_STATE, type LoadedRule } from "./loaded-rule.ts";
import { checkTimestamps, startTimestamps } from "./normalize.ts";
import { mapAddress } from "./pool.ts";
import type { RuleContext } from "./rule-context.ts";
import { sipHash24 } from "./siphash.ts";
import { NODE } from "./source-node.ts";
import { insertNode, releaseNodes, removeNode } from "./source-tracking.ts";
import { State, StateKey } from "./state.ts";
import { answerClient } from "./synproxy.ts";
import { mssOf, windowScaleOf } from "./tcp-options.ts";
import { TIMEOUT } from "./timeout.ts";

/** Limits that a rule sets before a state of it may be made. @returns false when one is in the way */
export function mayCreate(core: FilterCore, packet: Description, rule: LoadedRule, context: RuleContext): boolean {
  if (
    rule.sourceTrack &&
    !insertNode(core, context.nodes, rule, NODE.limit, packet.family, packet.source, null, null)
  ) {
    packet.count("src-limit");
    return false;
  }
  if (rule.maxStates !== 0 && rule.states >= rule.maxStates) {
    core.counters.limit("max states per rule");
    packet.count("state-limit");
    return false;
  }
  return true;
}

/** Makes the state of a packet that a rule passes (`pf_create_state()`); the context holds it and what it came to. */
export function createState(core: FilterCore, packet: Description, context: RuleContext): void {
  const rule = context.rule;
  const actions = context.actions;
  if (core.states.count >= (core.limits.get("states") ?? Number.POSITIVE_INFINITY)) {
    packet.count("memory");
    abandon(core, context, null);
    return;
  }
  const kif = rule.ifBound ? packet.kif : core.interfaces.all;
  const state = new State(packet.direction, rule, context.anchorRule, context.natRule, kif);
  if (rule.rule.allowOpts) state.flags |= STATE_FLAG.allowOptions;
  if (rule.sloppy) state.flags |= STATE_FLAG.sloppy;
  if (rule.rule.state?.pflow === true) state.flags |= STATE_FLAG.pflow;
  if (rule.rule.state?.noSync === true) state.flags |= STATE_FLAG.noSync;
  state.takeActions(actions);
  // Answers are routed normally.
  if (packet.destinationIndex === STACK) state.rtableWire = -1;
  else state.rtableStack = -1;
  context.rewritten = beginProtocol(core, packet, state, rule);
  if (packet.protocol === PROTOCOL.tcp && (state.flags & STATE_FLAG.scrubTcp) !== 0) {
    startTimestamps(core, packet, state.source);
    if (!checkTimestamps(core, packet, state, state.source, state.destination)) {
      abandon(core, context, state);
      return;
    }
  }
  const own = ownKey(packet);
  const other = otherKey(core, packet, own, actions.rtable);
  const inward = packet.direction === IN;
  const wire = inward ? own : other;
  const stack = inward ? other : own;
  if (rule.route !== null && rule.rule.routeOption !== null && rule.rule.routeOption !== "fastroute") {
    const gateway = mapAddress(core, wire.family, rule, packet.source, null, context.nodes, rule.route, NODE.route);
    if (gateway === null) {
      packet.count("no-route");
      abandon(core, context, state);
      return;
    }
    state.route = {
      option: rule.rule.routeOption,
      gateway,
      interface: core.kernel.routeByAddress ? null : (rule.route.entryInterface ?? rule.route.kif?.name ?? null),
    };
  }
  for (let i = NODE.count - 1; i >= 0; i--) {
    const node = context.nodes[i];
    if (node == null) continue;
    state.addNode(node);
    node.states++;
  }
  if (!core.states.insert(state, wire, stack)) {
    packet.count("state-insert");
    abandon(core, context, state);
    return;
  }
  takeLimits(core, packet, state, context);
  state.matchRules = context.matchedLastFirst;
  rule.states++;
  rule.statesTotal++;
  if (context.anchorRule !== null) {
    context.anchorRule.states++;
    context.anchorRule.statesTotal++;
  }
  for (const matched of state.matchRules) matched.states++;
  if (context.tagSet && context.tag !== null) state.tag = context.tag;
  if (isProxied(packet, rule)) {
    beginProxy(core, packet, state, actions.rtable >= 0 ? actions.rtable : packet.routingDomain);
    context.action = SYNPROXY_DROP;
  } else context.action = PASS;
  context.state = state;
}

/** Counts the state in the limiters of its rule. */
export function takeLimits(core: FilterCore, packet: Description, state: State, context: RuleContext): void {
  const { chosenStateLimiter: limiter, chosenSourceLimiter: source } = context;
  if (limiter === null && source === null) return;
  const { originalSource, routingDomain } = packet;
  state.limiters = core.limiters.admit(limiter, source, originalSource, routingDomain, core.host.now());
}

/** A SYN that pf answers in the place of the server. */
export function isProxied(packet: Description, rule: LoadedRule): boolean {
  return (
    packet.protocol === PROTOCOL.tcp &&
    (packet.flags & (TH.syn | TH.ack)) === TH.syn &&
    rule.keepState === KEEP_STATE.synproxy &&
    packet.direction === IN
  );
}

/** Answers the SYN; the state waits for the client's acknowledgement. */
export function beginProxy(core: FilterCore, packet: Description, state: State, rtable: number): void {
  core.states.setLevel(state, "source", TCPS.proxySource);
  state.source.sequenceHigh = core.random();
  const tcp = packet.packet.tcp;
  let mss = tcp === null ? 0 : mssOf(tcp, DEFAULT_MSS);
  mss = reachableMss(core, packet.source, rtable, mss);
  state.source.mss = reachableMss(core, packet.destination, rtable, mss);
  answerClient(core, packet, state);
  packet.count("synproxy");
}

/** Levels and timeout of a new state. @returns whether the sequence number was modulated */
export function beginProtocol(core: FilterCore, packet: Description, state: State, rule: LoadedRule): boolean {
  const now = core.seconds();
  state.creation = now;
  state.expire = now;
  switch (packet.protocol) {
    case PROTOCOL.tcp:
      return startTcp(core, packet, state, rule);
    case PROTOCOL.udp:
      state.source.state = LEVEL.single;
      state.timeout = TIMEOUT.udpFirst;
      break;
    case PROTOCOL.sctp:
      if (core.kernel.tracksSctp) {
        state.source.state = SCTP_LEVEL.cookieWait;
        state.timeout = TIMEOUT.sctpFirst;
        break;
      }
      state.source.state = LEVEL.single;
      state.timeout = TIMEOUT.otherFirst;
      break;
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6:
      state.timeout = TIMEOUT.icmpFirst;
      break;
    default:
      state.source.state = LEVEL.single;
      state.timeout = TIMEOUT.otherFirst;
  }
  return false;
}

/** @returns whether the sequence number was modulated */
function startTcp(core: FilterCore, packet: Description, state: State, rule: LoadedRule): boolean {
  const { source, destination } = state;
  let rewritten = false;
  source.sequenceLow = packet.sequence;
  source.sequenceHigh = source.sequenceLow + packet.dataLength + 1;
  if ((packet.flags & (TH.syn | TH.ack)) === TH.syn && rule.keepState === KEEP_STATE.modulate) {
    source.sequenceDifference = (initialSequence(core, packet) - source.sequenceLow) >>> 0 || 1;
    packet.sequence = (source.sequenceLow + source.sequenceDifference) >>> 0;
    rewritten = true;
  }
  if ((packet.flags & TH.syn) !== 0) {
    source.sequenceHigh++;
    source.windowScale = packet.packet.tcp === null ? 0 : windowScaleOf(packet.packet.tcp);
  }
  source.maximumWindow = Math.max(packet.window, 1);
  const scale = source.windowScale & WSCALE_MASK;
  if (scale !== 0) source.maximumWindow = (source.maximumWindow + (1 << scale) - 1) >> scale;
  if ((packet.flags & TH.fin) !== 0) source.sequenceHigh++;
  source.sequenceHigh >>>= 0;
  destination.sequenceHigh = 1;
  destination.maximumWindow = 1;
  source.state = TCPS.synSent;
  destination.state = TCPS.closed;
  state.timeout = TIMEOUT.tcpFirst;
  // A state that then finds its place taken is counted all the same: nothing counts it out again.
  core.states.halfOpen++;
  return rewritten;
}

/**
 * A sequence number for the connection (`pf_tcp_iss()`, after RFC 6528): a secret hash of its addresses and ports, and
 * 4096 more with every one that is made. Two states of one connection so differ by a multiple of 4096.
 */
function initialSequence(core: FilterCore, packet: Description): number {
  core.sequenceSecret ??= { words: [core.random(), core.random(), core.random(), core.random()] };
  const { source, destination, oldSourcePort, oldDestinationPort } = packet;
  const octets = new DataView(new ArrayBuffer(40));
  octets.setUint32(0, packet.routingDomain);
  octets.setUint16(4, oldSourcePort);
  octets.setUint16(6, oldDestinationPort);
  for (const [at, { w0, w1, w2, w3 }] of [[8, source] as const, [24, destination] as const]) {
    octets.setUint32(at, w0);
    octets.setUint32(at + 4, w1);
    octets.setUint32(at + 8, w2);
    octets.setUint32(at + 12, w3);
  }
  core.sequenceOffset = (core.sequenceOffset + 4096) >>> 0;
  return sipHash24(core.sequenceSecret, new Uint8Array(octets.buffer)).low + core.sequenceOffset;
}

/** The key of the packet as it came (`pf_state_key_setup()`). */
function ownKey(packet: Description): StateKey {
  return keyOf(
    packet,
    packet.protocol,
    packet.source,
    packet.destination,
    packet.oldSourcePort,
    packet.oldDestinationPort,
    packet.routingDomain,
    packet.sourceIndex,
  );
}

/** The key of its other side: one and the same when nothing is translated. */
function otherKey(core: FilterCore, packet: Description, own: StateKey, rtable: number): StateKey {
  const translated = packet.family !== packet.newFamily;
  const domain = rtable >= 0 ? core.interfaces.routingDomain(rtable) : packet.routingDomain;
  if (
    !translated &&
    packet.newSource.equals(packet.source) &&
    packet.newDestination.equals(packet.destination) &&
    packet.newSourcePort === packet.oldSourcePort &&
    packet.newDestinationPort === packet.oldDestinationPort &&
    domain === packet.routingDomain
  ) {
    return own;
  }
  let { protocol } = packet;
  if (translated && protocol === PROTOCOL.icmp) protocol = PROTOCOL.icmp6;
  else if (translated && protocol === PROTOCOL.icmp6) protocol = PROTOCOL.icmp;
  return keyOf(
    packet,
    protocol,
    packet.newSource,
    packet.newDestination,
    packet.newSourcePort,
    packet.newDestinationPort,
    domain,
    translated ? packet.destinationIndex : packet.sourceIndex,
  );
}

function keyOf(
  packet: Description,
  protocol: number,
  source: Address,
  destination: Address,
  sourcePort: number,
  destinationPort: number,
  routingDomain: number,
  sourceIndex: number,
): StateKey {
  let from = source;
  let to = destination;
  if (packet.protocol === PROTOCOL.icmp6) {
    // Neighbour discovery asks for one address and is sent to another.
    const { kernel } = packet.core;
    const { icmpType } = packet;
    const subject = {
      family: source.family,
      protocol: packet.protocol,
      source,
      destination,
      packet: packet.packet,
      icmpType,
    };
    const ends = keyAddresses(kernel, subject, false);
    if (ends !== null) {
      from = ends.source;
      to = ends.destination;
    }
  }
  return sourceIndex === WIRE
    ? new StateKey(source.family, protocol, from, to, sourcePort, destinationPort, routingDomain)
    : new StateKey(source.family, protocol, to, from, destinationPort, sourcePort, routingDomain);
}

/** The largest segment for the interface toward an address (`pf_calc_mss()`). */
function reachableMss(core: FilterCore, address: Address, rtable: number, offer: number): number {
  let mss = DEFAULT_MSS;
  const route = core.host.route(address, rtable);
  const mtu = route === null ? null : (core.interfaces.find(route.interface)?.interface?.mtu ?? null);
  if (mtu !== null) mss = Math.max(mtu - (address.family === 4 ? 20 : 40) - 20, DEFAULT_MSS);
  return Math.max(Math.min(mss, offer), 64);
}

/** No state after all: what was made on the way goes again. */
function abandon(core: FilterCore, context: RuleContext, state: State | null): void {
  if (state !== null) releaseNodes(core, state);
  for (const node of context.nodes) if (node !== null) removeNode(core, node);
}
