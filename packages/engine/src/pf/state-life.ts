import { PROTOCOL } from "@pierhead/core";
import { sendTcp } from "./answer.ts";
import { IN, STACK, TCPS, TH, WIRE } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { type LoadedPool, POOL } from "./loaded-pool.ts";
import { decreaseStates } from "./pool-states.ts";
import { releaseIfUnused } from "./rule-release.ts";
import { purgeNodes, releaseNodes } from "./source-tracking.ts";
import type { State } from "./state.ts";
import { TIMEOUT } from "./timeout.ts";

/** States the kernel looks at in one go of the purge. */
const PURGE_BATCH = 64;

/** When a state's time is over, in seconds of the host's clock (`pf_state_expires()`); adaptive timeouts included. */
export function stateExpires(core: FilterCore, state: State, timeout: number): number {
  if (timeout >= TIMEOUT.count) return 0;
  let seconds = core.timeout(state.rule, timeout);
  const rule = state.rule;
  let start = rule.timeouts === null ? 0 : (rule.timeouts[TIMEOUT.adaptiveStart] as number);
  let end: number;
  let states: number;
  if (start !== 0) {
    end = (rule.timeouts as Float64Array)[TIMEOUT.adaptiveEnd] as number;
    states = rule.states;
  } else {
    start = core.timeouts[TIMEOUT.adaptiveStart] as number;
    end = core.timeouts[TIMEOUT.adaptiveEnd] as number;
    states = core.states.count;
  }
  if (end !== 0 && states > start && start < end) {
    if (states >= end) return 0;
    seconds = Math.trunc((seconds * (end - states)) / (end - start));
  }
  return state.expire + seconds;
}

/** Takes a state out of the tables (`pf_remove_state()`); it is counted out by the purge. */
export function removeState(core: FilterCore, state: State): void {
  if (state.timeout === TIMEOUT.unlinked) return;
  state.timeout = TIMEOUT.unlinked;
  releasePoolAddresses(state);
  if (state.source.state === TCPS.proxyDestination) {
    const key = state.wire;
    sendTcp(core, {
      rule: state.rule,
      family: key.family,
      source: key.address1,
      destination: key.address0,
      sourcePort: key.port1,
      destinationPort: key.port0,
      sequence: state.source.sequenceHigh,
      acknowledgement: state.source.sequenceLow + 1,
      flags: TH.rst | TH.ack,
      window: 0,
      mss: 0,
      ttl: 0,
      generated: true,
      tag: state.tag,
      routingDomain: key.routingDomain,
      reason: "the proxied connection ends",
    });
  }
  if (state.stack.protocol === PROTOCOL.tcp) core.states.setLevel(state, "both", TCPS.closed);
  releaseNodes(core, state);
  core.states.detach(state);
  if (state.limiters !== null) core.limiters.release(state.limiters, core.host.now());
  if (state.udpMapping !== null) core.udpMappings.release(state.udpMapping);
}

/** Counts a removed state out (`pf_free_state()`). */
function freeState(core: FilterCore, state: State): void {
  state.rule.states--;
  releaseIfUnused(core, state.rule);
  if (state.anchor !== null) {
    state.anchor.states--;
    releaseIfUnused(core, state.anchor);
  }
  for (const rule of state.matchRules) {
    rule.states--;
    releaseIfUnused(core, rule);
  }
  if (state.countsNatRule && state.natRule !== null) {
    state.natRule.states--;
    releaseIfUnused(core, state.natRule);
  }
  core.states.free(state);
}

/** Least-states pools lose a state (`pf_postprocess_addr()`). */
function releasePoolAddresses(state: State): void {
  let nat: LoadedPool | null = state.natRule?.nat ?? null;
  let rdr: LoadedPool | null = state.natRule?.rdr ?? null;
  for (const rule of state.matchRules) {
    nat ??= rule.nat;
    rdr ??= rule.rdr;
  }
  const inward = state.direction === IN;
  const key = state.key(inward ? STACK : WIRE);
  if (nat !== null && nat.type === POOL.leastStates) decreaseStates(nat, inward ? key.address0 : key.address1);
  if (rdr !== null && rdr.type === POOL.leastStates) decreaseStates(rdr, inward ? key.address1 : key.address0);
  const route = state.rule.route;
  if (route !== null && route.type === POOL.leastStates && state.route?.gateway != null) {
    decreaseStates(route, state.route.gateway);
  }
}

/** One second of the purge of states (`pf_purge_states_tick()`): a part of the table, at least 64 states. */
export function purgeStates(core: FilterCore): void {
  const total = core.states.count;
  if (total === 0) return;
  const interval = core.timeouts[TIMEOUT.interval] as number;
  let limit = interval > 1 ? Math.trunc(total / interval) : total;
  // Every batch but the last makes progress, so this ends.
  for (let rounds = 0; rounds <= total; rounds++) {
    const scanned = purgeBatch(core, Math.max(limit, PURGE_BATCH));
    if (scanned >= limit) return;
    limit -= Math.max(scanned, 1);
  }
}

/** `pf_purge_expired_states()`. @returns how many states were looked at, the last one of the list not counted */
function purgeBatch(core: FilterCore, limit: number): number {
  const last = core.states.last;
  if (core.states.first === null || last === null) return limit;
  let at: State = core.purgeCursor ?? core.states.first;
  const now = core.seconds();
  const gone: State[] = [];
  let scanned = 0;
  for (; scanned < limit; scanned++) {
    if (at.timeout === TIMEOUT.unlinked || stateExpires(core, at, at.timeout) <= now) gone.push(at);
    if (at === last) {
      core.purgeCursor = null;
      break;
    }
    at = at.nextInList as State;
    core.purgeCursor = at;
    if (gone.length >= PURGE_BATCH) break;
  }
  for (let i = gone.length - 1; i >= 0; i--) {
    const state = gone[i] as State;
    if (state.timeout !== TIMEOUT.unlinked) removeState(core, state);
    freeState(core, state);
  }
  return scanned;
}

/** One second of all timers (`pf_purge_states_tick()`, `pf_purge_tick()`). */
export function purge(core: FilterCore): void {
  purgeStates(core);
  if (core.secondsToPurge > 0) core.secondsToPurge--;
  if (core.secondsToPurge > 0) return;
  core.secondsToPurge = Math.max(1, core.timeouts[TIMEOUT.interval] as number);
  purgeNodes(core);
  core.limiters.purge(core.host.now());
  core.fragments.purge(core.seconds() - (core.timeouts[TIMEOUT.fragment] as number));
}
