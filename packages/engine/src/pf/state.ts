import type { Address, Family } from "@pierhead/core";
import { IN, STACK, TCPS, WIRE } from "./constants.ts";
import type { Kif } from "./interface-table.ts";
import type { LimiterShare } from "./limiter.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { Actions, StateActions } from "./rule-context.ts";
import type { SourceNode } from "./source-node.ts";
import type { RouteDecision } from "./types.ts";
import type { UdpMapping } from "./udp-mapping.ts";

/** Shared by all that have none; never filled. */
const NO_NODES: SourceNode[] = [];
const NO_ACTIONS: StateActions = new StateActions(new Actions());

/**
 * What a state is found by (`struct pf_state_key`): addresses and ports as one side of the machine sees them. Index 0
 * is the source of a packet on its way in, index 1 of one on its way out.
 */
export class StateKey {
  readonly family: Family;
  readonly protocol: number;
  readonly routingDomain: number;
  readonly address0: Address;
  readonly address1: Address;
  readonly port0: number;
  readonly port1: number;
  readonly hash: number;
  /** The states under this key, if-bound ones before floating ones: go on with {@link after}. */
  first: State | null = null;
  /** Key of the same packets on the other side of the machine, once a packet went through both. */
  reverse: StateKey | null = null;
  /** Not (or no longer) in the table. */
  removed = true;
  next: StateKey | null = null;

  constructor(
    family: Family,
    protocol: number,
    address0: Address,
    address1: Address,
    port0: number,
    port1: number,
    routingDomain: number,
  ) {
    this.family = family;
    this.protocol = protocol;
    this.address0 = address0;
    this.address1 = address1;
    this.port0 = port0;
    this.port1 = port1;
    this.routingDomain = routingDomain;
    this.hash = hashKey(protocol, address0, address1, port0, port1);
  }

  /** The state that comes after one of this key's. */
  after(state: State): State | null {
    return state.wire === this ? state.nextByWire : state.nextByStack;
  }

  /** @param first the state comes before those that are there */
  attach(state: State, first: boolean): void {
    const head = this.first;
    if (first || head === null) {
      this.#link(state, head);
      this.first = state;
      return;
    }
    let last = head;
    for (let next = this.after(last); next !== null; next = this.after(last)) last = next;
    this.#link(last, state);
    this.#link(state, null);
  }

  /** @returns whether the state was there */
  detach(state: State): boolean {
    let previous: State | null = null;
    for (let at = this.first; at !== null; previous = at, at = this.after(at)) {
      if (at !== state) continue;
      if (previous === null) this.first = this.after(state);
      else this.#link(previous, this.after(state));
      this.#link(state, null);
      return true;
    }
    return false;
  }

  #link(state: State, next: State | null): void {
    if (state.wire === this) state.nextByWire = next;
    else state.nextByStack = next;
  }

  address(index: number): Address {
    return index === 0 ? this.address0 : this.address1;
  }

  port(index: number): number {
    return index === 0 ? this.port0 : this.port1;
  }
}

export function hashKey(protocol: number, a: Address, b: Address, portA: number, portB: number): number {
  let hash = Math.imul(a.w0 ^ protocol, 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + b.w0, 0x85ebca77);
  hash = Math.imul((hash ^ (hash >>> 13)) + (a.w3 ^ Math.imul(a.w2, 31)), 0xc2b2ae3d);
  hash = Math.imul((hash ^ (hash >>> 16)) + (b.w3 ^ Math.imul(b.w2, 31)), 0x27d4eb2f);
  hash = Math.imul((hash ^ (hash >>> 15)) + ((portA << 16) | portB), 0x165667b1);
  return hash ^ (hash >>> 16);
}

/** What `scrub (reassemble tcp)` remembers of one end (`struct pf_state_scrub`). */
export class PeerScrub {
  ttl = 0;
  timestamp = false;
  paws = false;
  pawsIdled = false;
  dataTimestamps = false;
  dataWithout = false;
  /** Seconds, fractions included, when the last timestamp was seen. */
  last = 0;
  tsecr = 0;
  tsval = 0;
  tsval0 = 0;
  modulator = 0;
}

/** One end of a connection (`struct pf_state_peer`). */
export class Peer {
  /** Highest sequence number sent. */
  sequenceLow = 0;
  /** Highest the other end acknowledged, plus its window. */
  sequenceHigh = 0;
  /** What `modulate state` adds. */
  sequenceDifference = 0;
  maximumWindow = 0;
  mss = 0;
  state = 0;
  windowScale = 0;
  /** Counted as an established connection of its source node. */
  established = false;
  scrub: PeerScrub | null = null;
}

export class State {
  /** Counted from the first state of the machine. */
  id = 0;
  readonly direction: number;
  readonly source: Peer = new Peer();
  readonly destination: Peer = new Peer();
  readonly rule: LoadedRule;
  /** Rule whose anchor holds `rule`; null in the main ruleset. */
  readonly anchor: LoadedRule | null;
  readonly natRule: LoadedRule | null;
  /** `match` rules that had a part, last first. */
  matchRules: readonly LoadedRule[] = NO_RULES;
  wire: StateKey = NO_KEY;
  stack: StateKey = NO_KEY;
  kif: Kif;
  /** Interface the first packet came by (FreeBSD: the state is found there too). */
  originalKif: Kif;
  /** Where its packets go by the rule; the interface is known in FreeBSD and the 4.6 family. */
  route: RouteDecision | null = null;
  sourceNodes: SourceNode[] = NO_NODES;
  /** By direction: the way of the first packet, the way back. */
  packets0 = 0;
  packets1 = 0;
  bytes0 = 0;
  bytes1 = 0;
  creation = 0;
  /** When the last packet was seen: the timeout counts from here. */
  expire = 0;
  rtableWire = -1;
  rtableStack = -1;
  tag: string | null = null;
  flags = 0;
  timeout = 0;
  /** What is done to its packets. */
  actions: StateActions = NO_ACTIONS;
  /** `endpoint-independent`. */
  udpMapping: UdpMapping | null = null;
  limiters: LimiterShare | null = null;
  /** The translation rule is none of the others, and counts the state too. */
  countsNatRule = false;
  /** Next under the same key. */
  nextByWire: State | null = null;
  nextByStack: State | null = null;
  /** Neighbours in the list of all states. */
  previous: State | null = null;
  nextInList: State | null = null;

  constructor(direction: number, rule: LoadedRule, anchor: LoadedRule | null, natRule: LoadedRule | null, kif: Kif) {
    this.direction = direction;
    this.rule = rule;
    this.anchor = anchor;
    this.natRule = natRule;
    this.kif = kif;
    this.originalKif = kif;
  }

  /** Takes over what the rules want done with packets. */
  takeActions(actions: Actions): void {
    this.flags |= actions.flags;
    this.rtableWire = actions.rtable;
    this.rtableStack = actions.rtable;
    this.actions = StateActions.of(actions, this.rule.stateActions);
    this.rule.stateActions = this.actions;
  }

  addNode(node: SourceNode): void {
    if (this.sourceNodes === NO_NODES) this.sourceNodes = [node];
    else this.sourceNodes.push(node);
  }

  key(index: number): StateKey {
    return index === WIRE ? this.wire : this.stack;
  }

  setKey(index: number, key: StateKey): void {
    if (index === WIRE) this.wire = key;
    else this.stack = key;
  }

  rtable(index: number): number {
    return index === STACK ? this.rtableStack : this.rtableWire;
  }

  /** Both sides speak different families. */
  get isFamilyTranslated(): boolean {
    return this.wire.family !== this.stack.family;
  }

  /** `PF_REVERSED_KEY`: a packet of `family` belongs to the side that was translated. */
  isReversed(family: Family): boolean {
    return this.direction === IN && this.wire.family !== this.stack.family && this.wire.family !== family;
  }
}

const NO_RULES: readonly LoadedRule[] = [];
const NO_KEY: StateKey = { first: null, removed: true } as unknown as StateKey;

/** Names of TCP levels as `pfctl -ss` prints them (tcpstates). */
export const TCP_STATE_NAMES: readonly string[] = [
  "CLOSED",
  "LISTEN",
  "SYN_SENT",
  "SYN_RCVD",
  "ESTABLISHED",
  "CLOSE_WAIT",
  "FIN_WAIT_1",
  "CLOSING",
  "LAST_ACK",
  "FIN_WAIT_2",
  "TIME_WAIT",
];

export function isHalfOpen(level: number): boolean {
  return level < TCPS.established && level !== TCPS.closed;
}
