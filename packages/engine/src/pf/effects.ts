import { PROTOCOL } from "@pierhead/core";
import { type Action, DROP, LOW_DELAY, PASS, STATE_FLAG } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { scrub } from "./normalize.ts";
import type { State } from "./state.ts";
import { clampMss } from "./tcp-options.ts";

/** What is known of a packet when it has been decided about. */
export interface Decided {
  readonly packet: Description;
  action: Action;
  readonly rule: LoadedRule;
  readonly state: State | null;
  /** Takes the second priority and queue. */
  readonly isUrgent: boolean;
}

/** Does to a packet what its state wants, or without one its rule: OpenBSD. */
export function applyStateOrRule(core: FilterCore, decided: Decided): void {
  const { packet, rule, state } = decided;
  const { context } = packet;
  let queue: string | null = null;
  if (state !== null) {
    if (decided.action === PASS && packet.badOptions !== 0 && (state.flags & STATE_FLAG.allowOptions) === 0) {
      decided.action = DROP;
      packet.drop("ip-option");
    }
    scrub(core, packet.packet, state.flags, state.actions.minTtl, state.actions.setTos);
    if (state.tag !== null) context.tag = state.tag;
    const rtable = state.rtable(packet.destinationIndex);
    if (rtable >= 0) context.rtable = rtable;
  } else scrub(core, packet.packet, rule.scrubFlags, rule.minTtl, rule.setTos);
  const urgent = decided.isUrgent || (packet.tos & LOW_DELAY) !== 0;
  const flags = state !== null ? state.flags : rule.scrubFlags;
  const prio = state?.actions ?? rule;
  if ((flags & STATE_FLAG.setPrio) !== 0) context.prio = urgent ? prio.setPrioLowDelay : prio.setPrioNormal;
  if (state !== null) queue = urgent ? state.actions.priorityQueue : state.actions.queue;
  else if (rule.rule.queue !== null) queue = urgent ? (rule.rule.queue[1] ?? rule.rule.queue[0]) : rule.rule.queue[0];
  context.delay = state !== null ? state.actions.delay : rule.rule.delay;
  if (decided.action === PASS && queue !== null) context.queue = queue;
}

/**
 * Does to a packet what its state wants, or without one all that scrub, match and filter rules asked for: the kernels
 * that translate first. Those before FreeBSD 15 scrub by the packet's own scrub rule, state or not.
 */
export function applyActions(core: FilterCore, decided: Decided): void {
  const { packet, rule, state } = decided;
  const { context } = packet;
  const { actionsWithoutState } = core.kernel;
  const own = packet.actions;
  const scrubs = state !== null && actionsWithoutState ? state.actions : own;
  const scrubFlags = state !== null && actionsWithoutState ? state.flags : own.flags;
  const allows =
    state !== null
      ? (state.flags & STATE_FLAG.allowOptions) !== 0
      : actionsWithoutState
        ? own.allowOptions
        : rule.rule.allowOpts;
  if (decided.action === PASS && packet.badOptions !== 0 && !allows) {
    decided.action = DROP;
    packet.drop("ip-option");
  }
  if (scrubs.maxPacketSize !== 0 && packet.totalLength > scrubs.maxPacketSize) {
    decided.action = DROP;
    packet.drop("normalize");
  }
  const tag = state !== null ? state.tag : rule.rule.tag;
  if (tag !== null) context.tag = tag;
  scrub(core, packet.packet, scrubFlags, scrubs.minTtl, scrubs.setTos);
  if (packet.protocol === PROTOCOL.tcp && scrubs.maxMss !== 0 && packet.packet.tcp !== null) {
    clampMss(packet.packet.tcp, scrubs.maxMss);
  }
  const acts = state?.actions ?? own;
  const rtable = state !== null ? state.rtableWire : own.rtable;
  if (rtable >= 0) context.rtable = rtable;
  const urgent = decided.isUrgent || (packet.tos & LOW_DELAY) !== 0;
  if (((state ?? own).flags & STATE_FLAG.setPrio) !== 0)
    context.prio = urgent ? acts.setPrioLowDelay : acts.setPrioNormal;
  const queue = urgent ? acts.priorityQueue : acts.queue;
  if (decided.action === PASS && queue !== null) context.queue = queue;
  const { dummynet } = acts;
  if (dummynet !== null) {
    const direction = rule.direction !== 0 ? rule.direction : (state?.direction ?? packet.direction);
    const number = packet.direction === direction ? dummynet.number : dummynet.reply;
    context.dummynet = number === 0 ? null : { kind: dummynet.kind, number };
  }
}
