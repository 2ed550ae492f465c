import { type Address, PROTOCOL } from "@pierhead/core";
import { IN, PASS, SCTP_CHUNK, STATE_FLAG, SYNPROXY_DROP } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { beginProtocol, beginProxy, isProxied, takeLimits } from "./create-state.ts";
import type { Description } from "./description.ts";
import type { Kif } from "./interface-table.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { checkTimestamps, startTimestamps } from "./normalize.ts";
import type { Mapped } from "./pool-list.ts";
import type { RuleContext } from "./rule-context.ts";
import { NODE } from "./source-node.ts";
import { insertTracked, releaseNodes, removeNode } from "./source-tracking.ts";
import { State } from "./state.ts";
import { addressOf, draftKeys, finishKey } from "./translation-key.ts";
import type { RouteDecision } from "./types.ts";

/** Makes the state of a packet, in the kernels that translate before they filter (`pf_create_state()` of FreeBSD). */
export function createTranslatedState(
  core: FilterCore,
  packet: Description,
  context: RuleContext,
  route: Mapped | null,
): void {
  const { rule, actions } = context;
  if (rule.maxStates !== 0 && rule.states >= rule.maxStates) {
    core.counters.limit("max states per rule");
    packet.count("state-limit");
    give(core, context);
    return;
  }
  const limits =
    rule.sourceTrack && !insertTracked(core, context.nodes, rule, NODE.limit, packet.family, packet.source, null, null);
  if (limits || !insertSticky(core, packet, context, route)) {
    packet.count("src-limit");
    give(core, context);
    return;
  }
  if (core.states.count >= (core.limits.get("states") ?? Number.POSITIVE_INFINITY)) {
    packet.count("memory");
    give(core, context);
    return;
  }
  const state = new State(packet.direction, rule, context.anchorRule, context.natRule, core.interfaces.all);
  state.originalKif = packet.kif;
  if (actions.allowOptions) state.flags |= STATE_FLAG.allowOptions;
  if (rule.sloppy) state.flags |= STATE_FLAG.sloppy;
  if (packet.normalizesTcp) state.flags |= STATE_FLAG.scrubTcp;
  const { natRule } = context;
  if (rule.rule.state?.pflow === true || natRule?.rule.state?.pflow === true) state.flags |= STATE_FLAG.pflow;
  if (rule.rule.state?.noSync === true) state.flags |= STATE_FLAG.noSync;
  state.takeActions(actions);
  context.rewritten = beginProtocol(core, packet, state, rule);
  if (!mayBegin(core, packet, state)) {
    give(core, context);
    return;
  }
  if (route !== null) {
    const option = rule.rule.routeOption as RouteDecision["option"];
    state.route = { option, gateway: route.address, interface: route.kif?.name ?? null };
  }
  const keys = context.keys ?? draftKeys(packet);
  if (keys === null) {
    give(core, context);
    return;
  }
  state.kif = boundKif(core, packet, state, route);
  const own = finishKey(keys.own);
  const other = context.keys === null && packet.family === packet.newFamily ? own : finishKey(keys.other);
  for (const node of context.nodes) if (node !== null) state.addNode(node);
  const inward = packet.direction === IN;
  if (!core.states.insert(state, inward ? own : other, inward ? other : own)) {
    packet.count("state-insert");
    releaseNodes(core, state);
    return;
  }
  takeLimits(core, packet, state, context);
  state.udpMapping = context.udpMapping;
  state.matchRules = context.matchedLastFirst;
  countState(state);
  if (context.tagSet && context.tag !== null) state.tag = context.tag;
  if (isProxied(packet, rule)) {
    undoTranslation(packet, context);
    beginProxy(core, packet, state, packet.context.rtable);
    context.action = SYNPROXY_DROP;
  } else context.action = PASS;
  context.state = state;
}

/** Nodes that keep the addresses sticky pools gave. */
function insertSticky(core: FilterCore, packet: Description, context: RuleContext, route: Mapped | null): boolean {
  const { rule, nodes, natRule, natPool, keys } = context;
  if (route !== null && rule.route?.sticky === true) {
    const { address, kif } = route;
    if (!insertTracked(core, nodes, rule, NODE.route, packet.family, packet.source, address, kif)) return false;
  }
  if (natRule === null || natPool === null || !natPool.sticky) return true;
  const source: Address = keys === null ? packet.source : addressOf(keys.own, packet.sourceIndex);
  const mapped = keys === null ? packet.newSource : keys.other.address1;
  return insertTracked(core, nodes, natRule, NODE.nat, packet.family, source, mapped, null);
}

/** What the protocol itself wants of the first packet. */
function mayBegin(core: FilterCore, packet: Description, state: State): boolean {
  if (packet.protocol === PROTOCOL.tcp && (state.flags & STATE_FLAG.scrubTcp) !== 0) {
    startTimestamps(core, packet, state.source);
    return checkTimestamps(core, packet, state, state.source, state.destination);
  }
  // An association begins with INIT.
  if (packet.protocol === PROTOCOL.sctp && core.kernel.tracksSctp) return packet.packet.sctpChunk === SCTP_CHUNK.init;
  return true;
}

/** What an if-bound state is bound to (`BOUND_IFACE`); what leaves by another way is known later. */
function boundKif(core: FilterCore, packet: Description, state: State, route: Mapped | null): Kif {
  const { rule } = state;
  const { all } = core.interfaces;
  if (!rule.ifBound) return all;
  if (!core.kernel.bindsLate) return packet.kif;
  if (rule.rule.routeOption === "reply-to") return all;
  if (packet.family !== packet.newFamily && packet.direction === IN) return all;
  if (packet.direction === IN || rule.rule.routeOption !== "route-to") return packet.kif;
  return route?.kif ?? packet.kif;
}

/** Rules that have a part in the state. */
function countState(state: State): void {
  const count = (rule: LoadedRule): void => {
    rule.states++;
    rule.statesTotal++;
  };
  count(state.rule);
  if (state.anchor !== null) count(state.anchor);
  if (state.natRule !== null && state.natRule !== state.rule && !state.matchRules.includes(state.natRule)) {
    count(state.natRule);
    state.countsNatRule = true;
  }
  for (const rule of state.matchRules) {
    rule.states++;
    rule.statesTotal++;
  }
}

/** Gives the packet back what it came with (`pf_undo_nat()`). */
export function undoTranslation(packet: Description, context: RuleContext): void {
  if (context.natRule === null || context.keys === null) return;
  packet.setSource(packet.originalSource);
  packet.setDestination(packet.originalDestination);
  if (packet.hasPorts) packet.setPorts(packet.oldSourcePort, packet.oldDestinationPort);
  else if (packet.virtualProtocol === PROTOCOL.icmp && packet.direction === IN) packet.icmpId = packet.oldSourcePort;
  packet.writeHeader();
}

/** No state after all: the nodes that were made for it go again. */
function give(core: FilterCore, context: RuleContext): void {
  for (const node of context.nodes) {
    if (node === null) continue;
    node.states--;
    if (node.states === 0 && node.expire === 0) removeNode(core, node);
  }
  context.nodes.fill(null);
}
