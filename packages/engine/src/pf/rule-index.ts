/**
 * Finds the rules of a long list that a packet may match, without walking it. Interface and direction, family and
 * protocol, addresses and ports each name a set of rules; what is in all of them is then compared in full, in the
 * order of the list, so the outcome is that of the walk. (The sets are bit vectors, after Lakshman and Stiliadis,
 * "High-speed policy-based packet forwarding".) Only the counts of evaluations differ: rules that were not looked at
 * are not counted.
 */
import { PROTOCOL } from "@pierhead/core";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import type { Kif } from "./interface-table.ts";
import { type LoadedRule, RULE_ACTION } from "./loaded-rule.ts";
import { mismatch } from "./match.ts";
import type { RuleContext } from "./rule-context.ts";
import { addressDimension, type Dimension, portDimension } from "./rule-dimension.ts";

/** Shorter lists are walked: that is faster. */
export const SHORTEST_INDEXED = 24;
/** Longer ones, too: their sets would need too much memory. */
const LONGEST_INDEXED = 65_536;
/** So few candidates are compared one by one, without looking at the other sets. */
const FEW = 32;

const indexes = new WeakMap<readonly LoadedRule[], RuleIndex>();

/** The index of a list; null when the list is too short or too long for one. Rules never change once loaded. */
export function indexOf(rules: readonly LoadedRule[]): RuleIndex | null {
  if (rules.length < SHORTEST_INDEXED || rules.length > LONGEST_INDEXED) return null;
  let index = indexes.get(rules);
  if (index === undefined) {
    index = new RuleIndex(rules);
    indexes.set(rules, index);
  }
  return index;
}

export class RuleIndex {
  readonly rules: readonly LoadedRule[];
  readonly words: number;
  /** Rules that must be met in order when they match: they do more than decide, or end the walk. */
  readonly ordered: Int32Array;
  readonly #byInterface: Map<Kif, readonly [Int32Array, Int32Array]> = new Map();
  readonly #byProtocol: Map<number, Int32Array> = new Map();
  readonly #source: readonly [Dimension, Dimension];
  readonly #destination: readonly [Dimension, Dimension];
  readonly #sourcePort: Dimension;
  readonly #destinationPort: Dimension;
  #spare: Cursor | null = null;
  /** Groups and interfaces as they were when the sets were made. */
  #generation = -1;

  constructor(rules: readonly LoadedRule[]) {
    this.rules = rules;
    this.words = (rules.length + 31) >> 5;
    this.ordered = this.#bits((rule) => isOrdered(rule));
    this.#source = [addressDimension(rules, "source", 4), addressDimension(rules, "source", 6)];
    this.#destination = [addressDimension(rules, "destination", 4), addressDimension(rules, "destination", 6)];
    this.#sourcePort = portDimension(rules, "source");
    this.#destinationPort = portDimension(rules, "destination");
  }

  /** Candidates for a packet as it is now. */
  open(core: FilterCore, context: RuleContext): Cursor {
    const cursor = this.#spare ?? new Cursor(this);
    this.#spare = null;
    this.select(core, context.description, cursor);
    return cursor;
  }

  /** Gives a cursor back for the next packet. */
  close(cursor: Cursor): void {
    this.#spare = cursor;
  }

  /** Fills a cursor anew: after a translation, for the rules that follow. */
  select(core: FilterCore, packet: Description, cursor: Cursor): void {
    const six = packet.family === 6 ? 1 : 0;
    const source = this.#source[six];
    const destination = this.#destination[six];
    const a = packet.newSource;
    const b = packet.newDestination;
    const inSource = six === 0 ? source.findWord(a.w0) : source.find(a.w0, a.w1, a.w2, a.w3);
    const inDestination = six === 0 ? destination.findWord(b.w0) : destination.find(b.w0, b.w1, b.w2, b.w3);
    if (source.open.length + inSource.length <= FEW) {
      cursor.take(source.open, inSource);
      return;
    }
    if (destination.open.length + inDestination.length <= FEW) {
      cursor.take(destination.open, inDestination);
      return;
    }
    const hasPorts =
      packet.virtualProtocol === PROTOCOL.tcp ||
      packet.virtualProtocol === PROTOCOL.udp ||
      (packet.virtualProtocol === PROTOCOL.sctp && core.kernel.tracksSctp);
    const port = this.#destinationPort;
    const inPort = hasPorts ? port.findWord(packet.newDestinationPort) : NONE;
    if (hasPorts && port.open.length + inPort.length <= FEW) {
      cursor.take(port.open, inPort);
      return;
    }
    const { hits } = cursor;
    const where = this.#where(core, packet);
    const protocol = this.#protocol(packet);
    for (let i = 0; i < hits.length; i++) hits[i] = (where[i] as number) & (protocol[i] as number);
    narrow(hits, source, inSource);
    narrow(hits, destination, inDestination);
    if (hasPorts) {
      narrow(hits, port, inPort);
      const sourcePort = this.#sourcePort;
      if (!sourcePort.isOpen) narrow(hits, sourcePort, sourcePort.findWord(packet.newSourcePort));
    }
    cursor.few = -1;
    cursor.ordered = false;
    const { ordered } = this;
    for (let i = 0; i < hits.length; i++) {
      if (((hits[i] as number) & (ordered[i] as number)) !== 0) {
        cursor.ordered = true;
        break;
      }
    }
  }

  #where(core: FilterCore, { kif, direction }: Description): Int32Array {
    if (this.#generation !== core.interfaces.generation) {
      this.#byInterface.clear();
      this.#generation = core.interfaces.generation;
    }
    let pair = this.#byInterface.get(kif);
    if (pair === undefined) {
      const fits = (rule: LoadedRule, wanted: number): boolean =>
        (rule.direction === 0 || rule.direction === wanted) &&
        (rule.kif === null ? !rule.kifNegated : core.interfaces.matches(rule.kif, kif) !== rule.kifNegated);
      pair = [this.#bits((rule) => fits(rule, 1)), this.#bits((rule) => fits(rule, 2))];
      this.#byInterface.set(kif, pair);
    }
    return pair[direction === 1 ? 0 : 1];
  }

  #protocol({ family, protocol }: Description): Int32Array {
    const key = family * 1024 + protocol;
    let bits = this.#byProtocol.get(key);
    if (bits === undefined) {
      bits = this.#bits(
        (rule) => (rule.family === 0 || rule.family === family) && (rule.protocol === 0 || rule.protocol === protocol),
      );
      this.#byProtocol.set(key, bits);
    }
    return bits;
  }

  #bits(test: (rule: LoadedRule) => boolean): Int32Array {
    const bits = new Int32Array(this.words);
    this.rules.forEach((rule, i) => {
      if (test(rule)) bits[i >> 5] = (bits[i >> 5] as number) | (1 << (i & 31));
    });
    return bits;
  }
}

const NONE = new Int32Array(0);
/** Above every place in a list. */
const LAST = 0x7fffffff;

/** Keeps of `hits` the rules that do not ask (`open`) or ask for this (`wanted`). */
function narrow(hits: Int32Array, dimension: Dimension, wanted: Int32Array): void {
  if (dimension.isOpen) return;
  const { openBits } = dimension;
  let kept = 0;
  const { scratch } = dimension;
  for (let i = 0; i < wanted.length; i++) {
    const rule = wanted[i] as number;
    if ((((hits[rule >> 5] as number) >>> (rule & 31)) & 1) === 1) scratch[kept++] = rule;
  }
  for (let i = 0; i < hits.length; i++) hits[i] = (hits[i] as number) & (openBits[i] as number);
  for (let i = 0; i < kept; i++) {
    const rule = scratch[i] as number;
    hits[rule >> 5] = (hits[rule >> 5] as number) | (1 << (rule & 31));
  }
}

function isOrdered(rule: LoadedRule): boolean {
  return (
    rule.quick ||
    rule.once ||
    rule.anchor !== null ||
    rule.rule.anchor !== null ||
    rule.rule.tag !== null ||
    !rule.isPlain ||
    (rule.action !== RULE_ACTION.pass && rule.action !== RULE_ACTION.block)
  );
}

/** The candidates for one packet, as bits or, when they are few, as a list. */
export class Cursor {
  readonly index: RuleIndex;
  readonly hits: Int32Array;
  /** How many are in `list`; -1: they are in `hits`. */
  few = -1;
  readonly list: Int32Array = new Int32Array(FEW);
  /** A candidate does more than decide. */
  ordered = false;

  constructor(index: RuleIndex) {
    this.index = index;
    this.hits = new Int32Array(index.words);
  }

  /** Both lists are ascending; they are merged. */
  take(open: Int32Array, wanted: Int32Array): void {
    let i = 0;
    let j = 0;
    let count = 0;
    const { list } = this;
    const { ordered } = this.index;
    let isAnyOrdered = 0;
    while (i < open.length || j < wanted.length) {
      const a = i < open.length ? (open[i] as number) : LAST;
      const b = j < wanted.length ? (wanted[j] as number) : LAST;
      let next = b;
      if (a < b) {
        next = a;
        i++;
      } else j++;
      list[count++] = next;
      isAnyOrdered |= (ordered[next >> 5] as number) & (1 << (next & 31));
    }
    this.few = count;
    this.ordered = isAnyOrdered !== 0;
  }

  /** The first candidate at `from` or after it; -1 when there is none. */
  next(from: number): number {
    if (this.few >= 0) {
      for (let i = 0; i < this.few; i++) if ((this.list[i] as number) >= from) return this.list[i] as number;
      return -1;
    }
    const { hits } = this;
    let word = from >> 5;
    if (word >= hits.length) return -1;
    let bits = (hits[word] as number) & (-1 << (from & 31));
    while (bits === 0) {
      if (++word >= hits.length) return -1;
      bits = hits[word] as number;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  /** Where only the last match counts: that one, at `from` or after it; null when nothing matches. */
  lastMatch(core: FilterCore, context: RuleContext, from: number): LoadedRule | null {
    const { rules } = this.index;
    if (this.few >= 0) {
      for (let i = this.few - 1; i >= 0 && (this.list[i] as number) >= from; i--) {
        const rule = rules[this.list[i] as number] as LoadedRule;
        if (mismatch(core, rule, context) === 0) return rule;
      }
      return null;
    }
    const { hits } = this;
    for (let word = hits.length - 1; word >= from >> 5; word--) {
      let bits = hits[word] as number;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        const at = word * 32 + bit;
        if (at < from) return null;
        const rule = rules[at] as LoadedRule;
        if (mismatch(core, rule, context) === 0) return rule;
        bits &= ~(1 << bit);
      }
    }
    return null;
  }
}
