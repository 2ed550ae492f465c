import { contains, intersect, normalize, type Range, type Ranges } from "./ranges.ts";

/**
 * One header field cut into classes: all values of a class are in exactly the same of the given constraints, so for
 * every rule one value of a class stands for all of them. The number of classes is at most twice the number of
 * distinct range ends, however many values the field has.
 */
export class Domain {
  readonly name: string;
  /** Values of each class. */
  readonly classes: readonly Ranges[];
  readonly #examples: readonly bigint[];
  /** Class numbers by their examples, ascending. */
  readonly #sorted: readonly number[];
  readonly #covered: Map<string, readonly number[]> = new Map();

  private constructor(name: string, classes: readonly Ranges[], examples: readonly bigint[]) {
    this.name = name;
    this.classes = classes;
    this.#examples = examples;
    const compare = (a: number, b: number): number => (this.example(a) < this.example(b) ? -1 : 1);
    this.#sorted = [...classes.keys()].sort(compare);
  }

  /**
   * @param universe all values the field can have
   * @param constraints the sets that rules ask for
   * @param preferred values that are better examples than others (real addresses, usual ports)
   */
  static build(
    name: string,
    universe: Ranges,
    constraints: readonly Ranges[],
    preferred: readonly bigint[] = [],
  ): Domain {
    const distinct = new Map<string, Ranges>();
    for (const constraint of new Set(constraints)) distinct.set(key(constraint), constraint);
    // Where a range opens or closes, the set of constraints that hold changes: sweep over those places.
    const events: { at: bigint; id: number; opens: boolean }[] = [];
    let id = 0;
    for (const constraint of distinct.values()) {
      for (const [low, high] of intersect(constraint, universe)) {
        events.push({ at: low, id, opens: true }, { at: high + 1n, id, opens: false });
      }
      id++;
    }
    events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const groups = new Map<string, Range[]>();
    const active = new Signature();
    let from = universe[0]?.[0] ?? 0n;
    const close = (to: bigint): void => {
      if (to < from) return;
      const name = active.key();
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [[from, to]]);
      else group.push([from, to]);
    };
    for (const event of events) {
      close(event.at - 1n);
      if (event.at > from) from = event.at;
      active.toggle(event.id, event.opens);
    }
    close(universe.at(-1)?.[1] ?? -1n);
    const classes: Ranges[] = [];
    for (const group of groups.values()) {
      const values = intersect(normalize(group), universe);
      if (values.length > 0) classes.push(values);
    }
    classes.sort((a, b) => ((a[0] as Range)[0] < (b[0] as Range)[0] ? -1 : 1));
    const examples = classes.map(
      (values) => preferred.find((value) => contains(values, value)) ?? usual(name, values[0] as Range),
    );
    return new Domain(name, classes, examples);
  }

  get size(): number {
    return this.classes.length;
  }

  /** A value that stands for class `index`. */
  example(index: number): bigint {
    return this.#examples[index] ?? 0n;
  }

  /**
   * Numbers of the classes that a constraint covers, ascending. Constraints not given to `build` are refused: a class
   * may be cut by them.
   */
  covered(constraint: Ranges): readonly number[] {
    const name = key(constraint);
    const known = this.#covered.get(name);
    if (known !== undefined) return known;
    const covered: number[] = [];
    for (const [low, high] of constraint) {
      // All values of a class are in the constraint, or none: one that stands for it tells.
      let from = 0;
      let to = this.#sorted.length;
      while (from < to) {
        const middle = (from + to) >> 1;
        if (this.example(this.#sorted[middle] as number) < low) from = middle + 1;
        else to = middle;
      }
      for (let at = from; at < this.#sorted.length; at++) {
        const index = this.#sorted[at] as number;
        if (this.example(index) > high) break;
        covered.push(index);
      }
    }
    covered.sort((a, b) => a - b);
    this.#covered.set(name, covered);
    return covered;
  }
}

/** The first value; of a range of addresses one that a host may have, which the first one of a network is not. */
function usual(name: string, [low, high]: Range): bigint {
  return (name === "source" || name === "destination") && high - low > 20n ? low + 10n : low;
}

/**
 * Names the set of constraints that are open. Exact: the set itself is the key, kept as the sorted list of ids; a hash
 * would be quicker and could merge two classes that differ.
 */
class Signature {
  readonly #open: number[] = [];
  #key: string | null = "";

  toggle(id: number, opens: boolean): void {
    let low = 0;
    let high = this.#open.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#open[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    if (opens) this.#open.splice(low, 0, id);
    else this.#open.splice(low, 1);
    this.#key = null;
  }

  key(): string {
    this.#key ??= this.#open.join(",");
    return this.#key;
  }
}

const keys = new WeakMap<Ranges, string>();

function key(ranges: Ranges): string {
  let text = keys.get(ranges);
  if (text === undefined) {
    text = keyText(ranges);
    keys.set(ranges, text);
  }
  return text;
}

function keyText(ranges: Ranges): string {
  return ranges.map(([low, high]) => `${low}-${high}`).join(",");
}
