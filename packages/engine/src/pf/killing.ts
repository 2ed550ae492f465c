import type { Address } from "@pierhead/core";
import { IN, OUT } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { dropNode, purgeNodes } from "./source-tracking.ts";
import type { State } from "./state.ts";
import { removeState } from "./state-life.ts";
import { TIMEOUT } from "./timeout.ts";

/** One side of `pfctl -k`: an address under a mask. */
export interface KillHost {
  readonly address: Address;
  readonly length: number;
  readonly negated?: boolean;
}

/** What `pfctl -k` and `-K` select. Absent fields match everything. */
export interface KillSelection {
  readonly source?: KillHost;
  readonly destination?: KillHost;
  /** Gateway of route-to and reply-to (FreeBSD `-k gateway`). */
  readonly gateway?: KillHost;
  readonly label?: string;
  /** `-k id -k ID/CREATOR`: hexadecimal digits. */
  readonly id?: { readonly id: bigint; readonly creator: number | null };
  /** `-k key`: protocol and both ends. */
  readonly key?: {
    readonly protocol: number;
    readonly first: { readonly address: Address; readonly port: number };
    readonly second: { readonly address: Address; readonly port: number };
  };
  /** `-i`. */
  readonly interface?: string;
  /** `-V` on OpenBSD; 0 when absent. */
  readonly routingDomain?: number;
  /** FreeBSD `-k nat`: compares addresses as the machine has them, not as they are on the wire. */
  readonly translated?: boolean;
  /** FreeBSD `-M`: also the states of the same connection on other interfaces. */
  readonly matching?: boolean;
}

/** Kills states (`DIOCKILLSTATES`). @returns how many */
export function killStates(core: FilterCore, selection: KillSelection): number {
  const { id, key } = selection;
  const doomed: State[] = [];
  for (const state of core.states) {
    if (id !== undefined) {
      if (BigInt(state.id) === id.id && (id.creator === null || id.creator === core.hostId)) doomed.push(state);
    } else if (key !== undefined) {
      if (hasKey(core, state, selection, key)) doomed.push(state);
    } else if (matches(core, state, selection)) doomed.push(state);
  }
  return killAll(core, doomed, selection.matching === true, selection.translated === true);
}

/** Removes states; with `matching` each takes the one that belongs to it along. */
function killAll(core: FilterCore, doomed: readonly State[], matching: boolean, translated: boolean): number {
  let killed = 0;
  for (const state of doomed) {
    if (state.timeout === TIMEOUT.unlinked) continue;
    removeState(core, state);
    killed++;
    if (matching && killCounterpart(core, state, translated)) killed++;
  }
  return killed;
}

function matches(core: FilterCore, state: State, selection: KillSelection): boolean {
  const out = state.direction === OUT;
  const key = core.kernel.killsByWire
    ? selection.translated === true
      ? state.stack
      : state.wire
    : out
      ? state.stack
      : state.wire;
  const source = out ? key.address1 : key.address0;
  const destination = out ? key.address0 : key.address1;
  return (
    key.routingDomain === (selection.routingDomain ?? 0) &&
    isHost(selection.source, source) &&
    isHost(selection.destination, destination) &&
    (selection.gateway === undefined ||
      (state.route?.gateway != null && isHost(selection.gateway, state.route.gateway))) &&
    (selection.label === undefined || state.rule.rule.labels.includes(selection.label)) &&
    (selection.interface === undefined || interfaceOf(core, state) === selection.interface)
  );
}

/** The interface that `-i` compares: that of a floating state is the one it was made on, where that is known. */
function interfaceOf(core: FilterCore, state: State): string {
  return core.kernel.remembersInterface && state.kif === core.interfaces.all ? state.originalKif.name : state.kif.name;
}

function isHost(wanted: KillHost | undefined, address: Address): boolean {
  if (wanted === undefined) return true;
  if (wanted.address.family !== address.family) return false;
  return address.isIn(wanted.address, wanted.length) !== (wanted.negated ?? false);
}

/** A state known by exactly these ends, from either side. */
function hasKey(
  core: FilterCore,
  state: State,
  selection: KillSelection,
  wanted: NonNullable<KillSelection["key"]>,
): boolean {
  if (selection.interface !== undefined && interfaceOf(core, state) !== selection.interface) return false;
  const { first, second, protocol } = wanted;
  for (const direction of [IN, OUT]) {
    const key = direction === IN ? state.wire : state.stack;
    const [source, destination] = direction === IN ? [0, 1] : [1, 0];
    if (
      key.protocol === protocol &&
      key.routingDomain === (selection.routingDomain ?? 0) &&
      key.address(source as number).equals(first.address) &&
      key.port(source as number) === first.port &&
      key.address(destination as number).equals(second.address) &&
      key.port(destination as number) === second.port
    ) {
      return true;
    }
  }
  return false;
}

/** The state that knows the same connection from the other side of the machine, if there is just one (FreeBSD `-M`). */
function killCounterpart(core: FilterCore, state: State, translated: boolean): boolean {
  const out = state.direction === OUT;
  const key = out === translated ? state.wire : state.stack;
  const found: State[] = [];
  for (const other of core.states) {
    const theirs = out ? other.wire : other.stack;
    if (
      theirs.protocol === key.protocol &&
      theirs.family === key.family &&
      theirs.port0 === key.port1 &&
      theirs.port1 === key.port0 &&
      theirs.address0.equals(key.address1) &&
      theirs.address1.equals(key.address0)
    ) {
      found.push(other);
    }
  }
  if (found.length !== 1) return false;
  removeState(core, found[0] as State);
  return true;
}

/** All states, or those of one interface (`DIOCCLRSTATES`). @returns how many */
export function clearStates(core: FilterCore, interfaceName: string | null): number {
  const doomed = [...core.states].filter(
    (state) => interfaceName === null || interfaceOf(core, state) === interfaceName,
  );
  return killAll(core, doomed, false, false);
}

/** `pfctl -K`. @returns how many source nodes were killed */
export function killSourceNodes(core: FilterCore, selection: KillSelection): number {
  let killed = 0;
  for (const node of core.sourceNodes.list()) {
    if (!isHost(selection.source, node.address)) continue;
    if (selection.destination !== undefined) {
      if (node.mapped === null || !isHost(selection.destination, node.mapped)) continue;
    }
    if (node.states !== 0) for (const state of core.states) dropNode(state, node);
    node.expire = 0;
    killed++;
  }
  if (killed > 0) purgeNodes(core);
  return killed;
}

/** `pfctl -F Sources`. */
export function clearSourceNodes(core: FilterCore): void {
  for (const node of core.sourceNodes.list()) {
    for (const state of core.states) dropNode(state, node);
    node.expire = 0;
  }
  purgeNodes(core);
}
