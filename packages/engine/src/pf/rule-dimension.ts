/** One header field of a list of rules, cut where what the rules ask for begins and ends. */
import { ADDRESS, OPERATOR } from "./loaded-address.ts";
import type { LoadedRule } from "./loaded-rule.ts";

/** A rule that asks for more than this many pieces of the field is taken as asking for none: it is looked at always. */
const WIDEST = 64;

const NONE = new Int32Array(0);

/** Values as four words, most significant first; ports use the first word. */
interface Wanted {
  readonly rule: number;
  readonly low: readonly [number, number, number, number];
  readonly high: readonly [number, number, number, number];
}

export class Dimension {
  /** Rules that take any value, ascending, and as bits. */
  readonly open: Int32Array;
  readonly openBits: Int32Array;
  /** Every rule does. */
  readonly isOpen: boolean;
  /** Room for as many rules as one value can have. */
  readonly scratch: Int32Array;
  readonly #starts0: Uint32Array;
  readonly #starts1: Uint32Array;
  readonly #starts2: Uint32Array;
  readonly #starts3: Uint32Array;
  /** Rules that ask for the values from start `i` to the next, ascending. */
  readonly #rules: readonly Int32Array[];

  constructor(count: number, open: number[], wanted: readonly Wanted[]) {
    const starts = boundaries(wanted);
    const pieces: number[][] = starts.map(() => []);
    const always = [...open];
    for (const one of wanted) {
      const first = search(starts, one.low);
      const last = search(starts, one.high);
      if (last - first >= WIDEST) always.push(one.rule);
      else for (let i = first; i <= last; i++) (pieces[i] as number[]).push(one.rule);
    }
    always.sort((a, b) => a - b);
    this.open = Int32Array.from(always);
    this.openBits = new Int32Array((count + 31) >> 5);
    for (const rule of always) this.openBits[rule >> 5] = (this.openBits[rule >> 5] as number) | (1 << (rule & 31));
    this.isOpen = always.length === count;
    this.#rules = pieces.map((list) => (list.length === 0 ? NONE : Int32Array.from(list)));
    this.scratch = new Int32Array(pieces.reduce((most, list) => Math.max(most, list.length), 0));
    const words = (n: 0 | 1 | 2 | 3): Uint32Array => Uint32Array.from(starts.map((start) => start[n]));
    this.#starts0 = words(0);
    this.#starts1 = words(1);
    this.#starts2 = words(2);
    this.#starts3 = words(3);
  }

  /** Rules that ask for a value of one word: a port, an IPv4 address. */
  findWord(word: number): Int32Array {
    const starts = this.#starts0;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= word) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? NONE : (this.#rules[low - 1] as Int32Array);
  }

  /** Rules that ask for this value. */
  find(w0: number, w1: number, w2: number, w3: number): Int32Array {
    const s0 = this.#starts0;
    const s1 = this.#starts1;
    const s2 = this.#starts2;
    const s3 = this.#starts3;
    let low = 0;
    let high = s0.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order =
        (s0[middle] as number) - w0 ||
        (s1[middle] as number) - w1 ||
        (s2[middle] as number) - w2 ||
        (s3[middle] as number) - w3;
      if (order <= 0) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? NONE : (this.#rules[low - 1] as Int32Array);
  }
}

type Words = readonly [number, number, number, number];

function compare(a: Words, b: Words): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];
}

/** Every value where something begins, and the value after every one where something ends; ascending, each once. */
function boundaries(wanted: readonly Wanted[]): Words[] {
  const all: Words[] = [];
  for (const { low, high } of wanted) {
    all.push(low);
    const after = next(high);
    if (after !== null) all.push(after);
  }
  all.sort(compare);
  return all.filter((value, i) => i === 0 || compare(value, all[i - 1] as Words) !== 0);
}

function next(value: Words): Words | null {
  const words: [number, number, number, number] = [...value];
  for (let i = 3; i >= 0; i--) {
    if (words[i] !== 0xffffffff) {
      words[i] = (words[i] as number) + 1;
      return words;
    }
    words[i] = 0;
  }
  return null;
}

/** Index of the last start that is not above `value`. */
function search(starts: readonly Words[], value: Words): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(starts[middle] as Words, value) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Values of one word, so that {@link Dimension.findWord} finds them: what comes after the last differs in that word. */
function words(rule: number, low: number, high: number): Wanted {
  return { rule, low: [low, 0, 0, 0], high: [high, 0xffffffff, 0xffffffff, 0xffffffff] };
}

/** Source or destination addresses of one family. Rules that can match none of the family are in no set. */
export function addressDimension(
  rules: readonly LoadedRule[],
  side: "source" | "destination",
  family: 4 | 6,
): Dimension {
  const open: number[] = [];
  const wanted: Wanted[] = [];
  rules.forEach((rule, i) => {
    const { kind, negated, address, length, a0, a1, a2, a3 } = rule[side];
    if (kind !== ADDRESS.prefix || negated || address === null) open.push(i);
    else if (address.family === family) {
      const { w0, w1, w2, w3 } = address.masked(length).filled(length);
      wanted.push(family === 4 ? words(i, a0, w0) : { rule: i, low: [a0, a1, a2, a3], high: [w0, w1, w2, w3] });
    }
  });
  return new Dimension(rules.length, open, wanted);
}

/** Source or destination ports. */
export function portDimension(rules: readonly LoadedRule[], side: "source" | "destination"): Dimension {
  const open: number[] = [];
  const wanted: Wanted[] = [];
  rules.forEach((rule, i) => {
    const { portOperator, portFirst, portLast } = rule[side];
    if (portOperator === OPERATOR["="]) wanted.push(words(i, portFirst, portFirst));
    else if (portOperator === OPERATOR[":"] && portFirst <= portLast) wanted.push(words(i, portFirst, portLast));
    else open.push(i);
  });
  return new Dimension(rules.length, open, wanted);
}
