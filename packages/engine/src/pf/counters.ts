import type { Address } from "@pierhead/core";
import { type Action, AF_TRANSLATE, IN, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { type LoadedRule, RULE_ACTION } from "./loaded-rule.ts";
import type { State } from "./state.ts";
import { countTable, TABLE_OPERATION } from "./table.ts";

/**
 * Counts a packet for its interface, rule, anchor, state, source nodes and tables (`pf_counters_inc()`).
 *
 * @param passed it goes on as it is
 */
export function countPacket(
  core: FilterCore,
  packet: Description,
  passed: boolean,
  action: Action,
  state: State | null,
  rule: LoadedRule,
  anchorRule: LoadedRule | null,
  matched: readonly LoadedRule[],
): void {
  const length = packet.totalLength;
  const out = packet.direction === OUT;
  const slot = (packet.family === 6 ? 4 : 0) + (out ? 2 : 0) + (passed ? 0 : 1);
  packet.kif.packets[slot] = (packet.kif.packets[slot] as number) + 1;
  packet.kif.bytes[slot] = (packet.kif.bytes[slot] as number) + length;
  if (!passed && action !== AF_TRANSLATE && rule.action !== RULE_ACTION.block) return;
  addTo(rule, out ? 1 : 0, length);
  if (anchorRule !== null) addTo(anchorRule, out ? 1 : 0, length);
  let source: Address = packet.source;
  let destination: Address = packet.destination;
  if (state !== null) {
    for (const node of state.sourceNodes) {
      node.packets[out ? 1 : 0] = (node.packets[out ? 1 : 0] as number) + 1;
      node.bytes[out ? 1 : 0] = (node.bytes[out ? 1 : 0] as number) + length;
    }
    const forward = packet.direction === state.direction;
    if (forward) {
      state.packets0++;
      state.bytes0 += length;
    } else {
      state.packets1++;
      state.bytes1 += length;
    }
    // The addresses as the side that started the connection has them.
    const key = state.direction === IN ? state.stack : state.wire;
    source = state.direction === OUT ? key.address1 : key.address0;
    destination = state.direction === IN ? key.address1 : key.address0;
    for (const matched of state.matchRules) {
      addTo(matched, forward ? 0 : 1, length);
      countTables(core, matched, source, destination, out, length);
    }
  }
  if (state?.countsNatRule && state.natRule !== null) {
    addTo(state.natRule, out ? 1 : 0, length);
    countTables(core, state.natRule, source, destination, out, length);
  }
  if (state === null && core.kernel.actionsWithoutState) {
    for (const one of matched) {
      addTo(one, out ? 1 : 0, length);
      countTables(core, one, source, destination, out, length);
    }
  }
  countTables(core, rule, source, destination, out, length);
}

function addTo(rule: LoadedRule, slot: number, length: number): void {
  rule.packets[slot] = (rule.packets[slot] as number) + 1;
  rule.bytes[slot] = (rule.bytes[slot] as number) + length;
}

function countTables(
  _core: FilterCore,
  rule: LoadedRule,
  source: Address,
  destination: Address,
  out: boolean,
  length: number,
): void {
  if (rule.source.table === null && rule.destination.table === null) return;
  const operation =
    rule.action === RULE_ACTION.pass
      ? TABLE_OPERATION.pass
      : rule.action === RULE_ACTION.block
        ? TABLE_OPERATION.block
        : TABLE_OPERATION.match;
  if (rule.source.table !== null) countTable(rule.source.table, source, out, length, operation, rule.source.negated);
  if (rule.destination.table !== null) {
    countTable(rule.destination.table, destination, out, length, operation, rule.destination.negated);
  }
}
