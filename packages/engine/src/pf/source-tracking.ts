import type { Address, Family } from "@pierhead/core";
import { OUT, TCPS } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Kif } from "./interface-table.ts";
import { ADDRESS } from "./loaded-address.ts";
import { type LoadedPool, POOL } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { increaseStates, poolTable } from "./pool-states.ts";
import { releaseIfUnused } from "./rule-release.ts";
import { NODE, type NodeSlots, SourceNode } from "./source-node.ts";
import type { State } from "./state.ts";
import { TIMEOUT } from "./timeout.ts";

/**
 * Finds or makes the node of a source (`pf_insert_src_node()`) and puts it in its slot.
 *
 * @returns false when a limit is in the way
 */
export function insertNode(
  core: FilterCore,
  nodes: NodeSlots,
  rule: LoadedRule,
  type: number,
  family: Family,
  address: Address,
  mapped: Address | null,
  kif: Kif | null,
): boolean {
  const known = nodes[type] ?? core.sourceNodes.find(rule, type, address);
  if (known !== null) {
    nodes[type] = known;
    if (rule.maxSrcStates !== 0 && known.states >= rule.maxSrcStates) {
      core.counters.limit("max-src-states");
      return false;
    }
    return true;
  }
  if (rule.maxSrcNodes !== 0 && rule.sourceNodes >= rule.maxSrcNodes) {
    core.counters.limit("max-src-nodes");
    return false;
  }
  if (core.sourceNodes.count >= (core.limits.get("src-nodes") ?? Number.POSITIVE_INFINITY)) return false;
  const node = new SourceNode(rule, type, family, address, mapped, kif, core.seconds(), core.kernel.windowRates);
  core.sourceNodes.add(node);
  rule.sourceNodes++;
  nodes[type] = node;
  return true;
}

/**
 * Finds or makes the node of a source for the kernels that track after translation (`pf_insert_src_node()` of
 * FreeBSD); the new state is counted at once.
 *
 * @returns false when a limit is in the way
 */
export function insertTracked(
  core: FilterCore,
  nodes: NodeSlots,
  rule: LoadedRule,
  type: number,
  family: Family,
  address: Address,
  mapped: Address | null,
  kif: Kif | null,
): boolean {
  // Global tracking: the default rule stands for all.
  const tracking = rule.sourceTrack && rule.rule.state?.sourceTrack === "global" ? core.defaultRule : rule;
  const known = core.sourceNodes.find(tracking, type, address);
  if (known !== null) {
    if (type === NODE.limit && rule.maxSrcStates !== 0 && known.states >= rule.maxSrcStates) {
      core.counters.limit("max-src-states");
      return false;
    }
    known.states++;
    nodes[type] = known;
    return true;
  }
  if (type === NODE.limit && rule.maxSrcNodes !== 0 && tracking.sourceNodes >= rule.maxSrcNodes) {
    core.counters.limit("max-src-nodes");
    return false;
  }
  if (core.sourceNodes.count >= (core.limits.get("src-nodes") ?? Number.POSITIVE_INFINITY)) return false;
  const node = new SourceNode(
    tracking,
    type,
    family,
    address,
    mapped,
    kif,
    core.seconds(),
    core.kernel.windowRates,
    rule.maxSrcConnRate,
  );
  core.sourceNodes.add(node);
  tracking.sourceNodes++;
  node.states = 1;
  nodes[type] = node;
  return true;
}

/** `pf_remove_src_node()`: the node goes when no state needs it and its time is over. */
export function removeNode(core: FilterCore, node: SourceNode): void {
  if (node.states > 0 || node.expire > core.seconds()) return;
  node.rule.sourceNodes--;
  core.sourceNodes.remove(node);
  releaseIfUnused(core, node.rule);
}

/** The address a sticky pool gave this source before, when it is still one of the pool's (`pf_map_addr_sticky()`). */
export function findSticky(
  core: FilterCore,
  rule: LoadedRule,
  source: Address,
  nodes: NodeSlots,
  pool: LoadedPool,
  type: number,
): Address | null {
  const node = core.sourceNodes.find(rule, type, source);
  nodes[type] = node;
  if (node === null) return null;
  const cached = node.mapped;
  if (cached !== null && !cached.isUnspecified() && !isInPool(pool, cached)) {
    if (node.states !== 0) for (const state of core.states) dropNode(state, node);
    node.expire = 0;
    removeNode(core, node);
    nodes[type] = null;
    return null;
  }
  if (cached !== null && pool.type === POOL.leastStates && !increaseStates(pool, cached)) return null;
  if (node.kif !== null) pool.kif = node.kif;
  return cached;
}

function isInPool(pool: LoadedPool, address: Address): boolean {
  const wanted = pool.address;
  wanted.dynamic?.refresh();
  const table = poolTable(wanted);
  if (table !== null) return table.lookup(address) !== null;
  if (wanted.kind === ADDRESS.any) return true;
  return wanted.address !== null && address.isIn(wanted.address, wanted.length);
}

/** Takes one node away from a state (`pf_state_rm_src_node()`). */
export function dropNode(state: State, node: SourceNode): void {
  for (let i = state.sourceNodes.length - 1; i >= 0; i--) {
    if (state.sourceNodes[i] !== node) continue;
    state.sourceNodes.splice(i, 1);
    node.states--;
  }
}

/** The state goes: its nodes count it no more (`pf_src_tree_remove_state()`). */
export function releaseNodes(core: FilterCore, state: State): void {
  for (const node of state.sourceNodes) {
    if (state.source.established) node.connections--;
    node.states--;
    if (node.states === 0) node.expire = core.seconds() + core.timeout(state.rule, TIMEOUT.sourceNode);
  }
  state.sourceNodes.length = 0;
}

/**
 * A connection was established: counts it, and when that is over a limit puts the source into the overload table and
 * kills what the rule says (`pf_src_connlimit()`).
 *
 * @returns true when the connection is one too many; it has been killed then
 */
export function countConnection(core: FilterCore, state: State): boolean {
  const node = state.sourceNodes.find((one) => one.type === NODE.limit);
  if (node === undefined) return false;
  node.connections++;
  state.source.established = true;
  node.rate.add(core.seconds());
  const rule = state.rule;
  let over = false;
  if (rule.maxSrcConn !== 0 && rule.maxSrcConn < node.connections) {
    core.counters.limit("max-src-conn");
    over = true;
  }
  if (rule.maxSrcConnRate !== null && rule.maxSrcConnRate.limit !== 0 && node.rate.isOver) {
    core.counters.limit("max-src-conn-rate");
    over = true;
  }
  if (!over) return false;
  if (rule.overload !== null) {
    core.counters.limit("overload table insertion");
    core.tables.insert(rule.overload, node.address);
    if (rule.flush !== "no") {
      core.counters.limit("overload flush states");
      for (const other of core.states) {
        const key = other.wire;
        // The kernel compares by the direction of the state that tripped.
        const end = state.direction === OUT ? key.address1 : key.address0;
        if (key.family !== state.wire.family || !end.equals(node.address)) continue;
        if (rule.flush === "flush" && other.rule !== rule) continue;
        markForPurge(core, other);
      }
    }
  }
  markForPurge(core, state);
  return true;
}

/** The state matches no more and goes at the next purge. */
function markForPurge(core: FilterCore, state: State): void {
  setTimeoutIndex(state, TIMEOUT.purge);
  core.states.setLevel(state, "both", TCPS.closed);
}

/** `pf_update_state_timeout()`: not for states that are already out of the tables. */
export function setTimeoutIndex(state: State, timeout: number): void {
  if (state.timeout !== TIMEOUT.unlinked) state.timeout = timeout;
}

/** `pf_purge_expired_src_nodes()`. */
export function purgeNodes(core: FilterCore): void {
  const now = core.seconds();
  for (const node of core.sourceNodes.list()) {
    if (node.states === 0 && node.expire <= now) removeNode(core, node);
  }
}
