import { type Address, type Family, PROTOCOL } from "@pierhead/core";
import { IN, STACK, TCPS, WIRE } from "./constants.ts";
import type { Kif } from "./interface-table.ts";
import { hashKey, isHalfOpen, type State, type StateKey } from "./state.ts";
import { TIMEOUT } from "./timeout.ts";

/** `PF_PEER_*`. */
export type PeerSide = "source" | "destination" | "both";

/** States by key, in the order they were made (pf.c, "state table stuff"). */
export class StateTable {
  #buckets: (StateKey | null)[] = new Array<StateKey | null>(1024).fill(null);
  #keys = 0;
  first: State | null = null;
  last: State | null = null;
  /** All states that have not been counted out, those that are unlinked too: what limits and adaptive timeouts see. */
  count = 0;
  halfOpen = 0;
  nextId = 1;
  searches = 0;
  inserts = 0;
  removals = 0;
  /** Kif of floating states. */
  readonly #all: Kif;

  constructor(all: Kif) {
    this.#all = all;
  }

  find(
    family: Family,
    protocol: number,
    address0: Address,
    address1: Address,
    port0: number,
    port1: number,
    routingDomain: number,
  ): StateKey | null {
    const hash = hashKey(protocol, address0, address1, port0, port1);
    let key = this.#buckets[hash & (this.#buckets.length - 1)] as StateKey | null;
    for (; key !== null; key = key.next) {
      if (
        key.hash === hash &&
        key.protocol === protocol &&
        key.family === family &&
        key.port0 === port0 &&
        key.port1 === port1 &&
        key.routingDomain === routingDomain &&
        key.address0.w0 === address0.w0 &&
        key.address1.w0 === address1.w0 &&
        (family === 4 || (sameTail(key.address0, address0) && sameTail(key.address1, address1)))
      ) {
        return key;
      }
    }
    return null;
  }

  /** `pf_find_state_all()`: whether some state already speaks with these addresses, seen from one side. */
  isTaken(
    family: Family,
    protocol: number,
    address0: Address,
    address1: Address,
    port0: number,
    port1: number,
    routingDomain: number,
    direction: number,
  ): boolean {
    this.searches++;
    const key = this.find(family, protocol, address0, address1, port0, port1, routingDomain);
    if (key === null) return false;
    for (let state = key.first; state !== null; state = key.after(state)) {
      if (key === (direction === IN ? state.wire : state.stack)) return true;
    }
    return false;
  }

  /**
   * `pf_state_insert()`: puts a state under its keys. An equal state on the same interface and in the same direction
   * is in the way, unless it is a closed connection.
   *
   * @returns false when the place is taken; the state is in no list then
   */
  insert(state: State, wire: StateKey, stack: StateKey): boolean {
    const same = wire === stack;
    const attached = this.#attach(wire, state, WIRE);
    if (attached === null) return false;
    if (same) state.stack = attached;
    else if (this.#attach(stack, state, STACK) === null) {
      this.#detachKey(state, state.wire);
      return false;
    }
    state.id = this.nextId++;
    state.previous = this.last;
    if (this.last === null) this.first = state;
    else this.last.nextInList = state;
    this.last = state;
    this.inserts++;
    this.count++;
    return true;
  }

  /** Binds a floating state to an interface. */
  bind(state: State, kif: Kif): void {
    state.kif = kif;
    // If-bound states come before floating ones.
    for (const key of state.wire === state.stack ? [state.wire] : [state.wire, state.stack]) {
      if (key.first !== state && key.detach(state)) key.attach(state, true);
    }
  }

  /** Takes a state away from its keys. It stays in the list until {@link free}. */
  detach(state: State): void {
    this.#detachKey(state, state.wire);
    if (state.stack !== state.wire) this.#detachKey(state, state.stack);
  }

  /** Takes a detached state out of the list and the count. */
  free(state: State): void {
    if (state.previous === null) this.first = state.nextInList;
    else state.previous.nextInList = state.nextInList;
    if (state.nextInList === null) this.last = state.previous;
    else state.nextInList.previous = state.previous;
    this.removals++;
    this.count--;
  }

  /** States that are in force, oldest first. */
  *[Symbol.iterator](): Generator<State> {
    for (let state = this.first; state !== null; state = state.nextInList) {
      if (state.timeout !== TIMEOUT.unlinked) yield state;
    }
  }

  /** `pf_set_protostate()`. */
  setLevel(state: State, side: PeerSide, level: number): void {
    if (side !== "source") state.destination.state = level;
    if (side === "destination" || state.source.state === level) return;
    if (
      state.wire.protocol === PROTOCOL.tcp &&
      isHalfOpen(state.source.state) &&
      (level >= TCPS.established || level === TCPS.closed)
    ) {
      this.halfOpen--;
    }
    state.source.state = level;
  }

  /** Set by the filter: removes a state whose place a new connection takes. */
  onReplaced: (state: State) => void = () => {};

  #attach(key: StateKey, state: State, index: number): StateKey | null {
    let used = key;
    let replaced: State | null = null;
    const existing = this.find(
      key.family,
      key.protocol,
      key.address0,
      key.address1,
      key.port0,
      key.port1,
      key.routingDomain,
    );
    if (existing !== null && existing !== key) {
      for (let other = existing.first; other !== null; other = existing.after(other)) {
        // Translated into itself, a state meets only itself.
        if (other === state || other.kif !== state.kif) continue;
        const translated = other.isFamilyTranslated;
        const clash =
          (other.wire.family === key.family && other.direction === state.direction) ||
          (translated && key.family === other.stack.family && other.direction !== state.direction);
        if (!clash) continue;
        const reusable =
          key.protocol === PROTOCOL.tcp &&
          other.source.state >= TCPS.finWait2 &&
          other.destination.state >= TCPS.finWait2;
        if (!reusable) return null;
        this.setLevel(other, "both", TCPS.closed);
        replaced = other;
      }
      used = existing;
    } else if (existing === null) this.#link(key);
    const isThere = index === STACK && state.wire === used;
    state.setKey(index, used);
    if (!isThere) used.attach(state, state.kif !== this.#all);
    if (replaced !== null) this.onReplaced(replaced);
    return used;
  }

  #detachKey(state: State, key: StateKey): void {
    if (!key.detach(state) || key.first !== null) return;
    this.#unlink(key);
    if (key.reverse !== null) {
      key.reverse.reverse = null;
      key.reverse = null;
    }
  }

  #link(key: StateKey): void {
    if (this.#keys >= this.#buckets.length) this.#grow();
    const bucket = key.hash & (this.#buckets.length - 1);
    key.next = this.#buckets[bucket] as StateKey | null;
    this.#buckets[bucket] = key;
    key.removed = false;
    this.#keys++;
  }

  #unlink(key: StateKey): void {
    const bucket = key.hash & (this.#buckets.length - 1);
    let previous: StateKey | null = null;
    for (let at = this.#buckets[bucket] as StateKey | null; at !== null; previous = at, at = at.next) {
      if (at !== key) continue;
      if (previous === null) this.#buckets[bucket] = at.next;
      else previous.next = at.next;
      this.#keys--;
      break;
    }
    key.removed = true;
    key.next = null;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<StateKey | null>(old.length * 4).fill(null);
    for (const head of old) {
      for (let key = head; key !== null; ) {
        const next: StateKey | null = key.next;
        const bucket = key.hash & (this.#buckets.length - 1);
        key.next = this.#buckets[bucket] as StateKey | null;
        this.#buckets[bucket] = key;
        key = next;
      }
    }
  }
}

function sameTail(a: Address, b: Address): boolean {
  return a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3;
}

/** `pf_state_key_link_reverse()`. */
export function linkReverse(key: StateKey, other: StateKey): void {
  if (key.reverse === null) {
    key.reverse = other;
    other.reverse ??= key;
  }
}
