import type { Address, Family } from "@pierhead/core";
import { IN, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { type State, StateKey } from "./state.ts";
import { linkReverse } from "./state-table.ts";
import { TIMEOUT } from "./timeout.ts";

/**
 * The state a packet belongs to (`pf_find_state()`); the key may be of another packet than `packet`, which is then one
 * that quotes it.
 */
export function findState(
  core: FilterCore,
  packet: Description,
  family: Family,
  protocol: number,
  address0: Address,
  address1: Address,
  port0: number,
  port1: number,
): State | null {
  const { context, direction } = packet;
  core.states.searches++;
  if (!core.kernel.linksKeys) return findDirectly(core, packet, family, protocol, address0, address1, port0, port1);
  let key: StateKey | null = null;
  let packetKey: StateKey | null = null;
  if (direction === OUT && context.stateKey instanceof StateKey) {
    if (context.stateKey.removed) context.stateKey = null;
    else {
      packetKey = context.stateKey;
      if (packetKey.reverse !== null && !packetKey.reverse.removed) key = packetKey.reverse;
    }
  }
  if (key === null) {
    key = core.states.find(family, protocol, address0, address1, port0, port1, packet.routingDomain);
    if (key === null) return null;
    if (packetKey !== null && areOpposite(packetKey, key)) linkReverse(key, packetKey);
  }
  // What the way in left on the packet has served.
  if (direction === OUT) context.stateKey = null;
  const state = selectState(core, packet, key);
  if (state === null) return null;
  const rate = state.rule.rate;
  if (rate !== null && direction === state.direction) {
    rate.add(core.seconds());
    if (rate.isOver) return null;
  }
  return state;
}

/** Without links between keys (`pf_find_state()` of FreeBSD). The first state that fits decides, gone or not. */
function findDirectly(
  core: FilterCore,
  packet: Description,
  family: Family,
  protocol: number,
  address0: Address,
  address1: Address,
  port0: number,
  port1: number,
): State | null {
  const key = core.states.find(family, protocol, address0, address1, port0, port1, 0);
  if (key === null) return null;
  const inward = packet.direction === IN;
  let state = key.first;
  while (state !== null && !(key === (inward ? state.wire : state.stack) && isOnInterface(core, packet, state))) {
    state = key.after(state);
  }
  if (state === null) {
    for (state = key.first; state !== null; state = key.after(state)) {
      if (!state.isFamilyTranslated || key !== (inward ? state.stack : state.wire)) continue;
      if (isOnInterface(core, packet, state)) break;
    }
  }
  if (state === null || state.timeout >= TIMEOUT.count) return null;
  const { rate } = state.rule;
  if (rate !== null && packet.direction === state.direction) {
    rate.add(core.seconds());
    if (rate.isOver) return null;
  }
  return state;
}

function isOnInterface(core: FilterCore, packet: Description, state: State): boolean {
  return (
    state.kif === core.interfaces.all ||
    state.kif === packet.kif ||
    (core.kernel.remembersInterface && state.originalKif === packet.kif)
  );
}

/** The first state under a key that is for this interface and this side. */
function selectState(core: FilterCore, packet: Description, key: StateKey): State | null {
  const inward = packet.direction === IN;
  for (let state = key.first; state !== null; state = key.after(state)) {
    if (state.timeout === TIMEOUT.purge) continue;
    if (state.kif !== core.interfaces.all && state.kif !== packet.kif) continue;
    if (state.wire.family === state.stack.family) {
      if (key === (inward ? state.wire : state.stack)) return state;
    } else if (inward && (key === state.stack || key === state.wire)) return state;
  }
  return null;
}

/** `pf_compare_state_keys()`: one packet, seen from both sides of the machine. */
function areOpposite(a: StateKey, b: StateKey): boolean {
  return (
    a.family === b.family &&
    a.protocol === b.protocol &&
    a.address0.equals(b.address1) &&
    a.address1.equals(b.address0) &&
    a.port0 === b.port1 &&
    a.port1 === b.port0 &&
    a.routingDomain === b.routingDomain
  );
}
