import type { AddressWrap } from "../rule.ts";
import type { Features } from "./features.ts";

/** What the kernel skips by, in its order; each system has its own (`PF_SKIP_*`). */
export type SkipField =
  | "interface"
  | "direction"
  | "rdomain"
  | "family"
  | "protocol"
  | "from"
  | "to"
  | "fromPort"
  | "toPort";

/** One value of a field and the rules of the block that have it, in order. */
interface Step {
  count: number;
  readonly rows: number[];
  previous: Step | null;
  next: Step | null;
}

/**
 * The values of one field, most frequent first. pfctl keeps a sorted list and walks it; a value that gains a rule
 * goes behind those of its new count, one that loses a rule goes before them, so that one queue for each count says
 * the same without walking.
 */
class Steps {
  readonly #heads: (Step | null)[] = [null];
  readonly #tails: (Step | null)[] = [null];
  #largest = 0;
  /** Value of each row, by row. */
  readonly ofRow: Map<number, Step> = new Map();
  /** All rules have one value, or no two have the same: nothing to gain. */
  dead = false;

  /** The most frequent value; null when all are used up. */
  first(): Step | null {
    while (this.#largest > 0 && this.#heads[this.#largest] === null) this.#largest--;
    return this.#heads[this.#largest] ?? null;
  }

  add(step: Step, row: number): void {
    if (step.count > 0) this.remove(step);
    step.count++;
    step.rows.push(row);
    this.ofRow.set(row, step);
    const count = step.count;
    if (count >= this.#heads.length) {
      this.#heads.push(null);
      this.#tails.push(null);
    }
    if (count > this.#largest) this.#largest = count;
    const tail = this.#tails[count] ?? null;
    step.previous = tail;
    step.next = null;
    if (tail === null) this.#heads[count] = step;
    else tail.next = step;
    this.#tails[count] = step;
  }

  /** Takes one rule from a value. */
  lose(step: Step): void {
    this.remove(step);
    step.count--;
    const head = this.#heads[step.count] ?? null;
    step.previous = null;
    step.next = head;
    if (head === null) this.#tails[step.count] = step;
    else head.previous = step;
    this.#heads[step.count] = step;
  }

  remove(step: Step): void {
    if (step.previous === null) this.#heads[step.count] = step.next;
    else step.previous.next = step.next;
    if (step.next === null) this.#tails[step.count] = step.previous;
    else step.next.previous = step.previous;
  }
}

/**
 * Orders the rules of a block so that rules with equal fields stand together, which is what lets the kernel skip
 * (`reorder_rules`).
 *
 * @param rows rows of `features`, in order
 * @param modifiers whether `(em0:network)` and `(em0)` are told apart: pfctl of the 4.6 family does not
 */
export function reorderRules(
  rows: readonly number[],
  features: Features,
  fields: readonly SkipField[],
  modifiers: boolean,
): number[] {
  const columns = fields.map((field) => column(field, features, modifiers));
  const result: number[] = [];
  order(rows, columns, result);
  return result;
}

// Depth is bounded by the number of fields: inside a split all rules agree on the field that made it.
function order(rows: readonly number[], columns: readonly ((row: number) => number)[], result: number[]): void {
  if (rows.length < 2) {
    result.push(...rows);
    return;
  }
  const all = columns.map((fieldOf) => collect(rows, fieldOf));
  let useful = false;
  for (const steps of all) {
    const count = steps.first()?.count ?? 0;
    steps.dead = count === rows.length || count === 1;
    if (!steps.dead) useful = true;
  }
  if (!useful) {
    for (const row of rows) result.push(row);
    return;
  }
  const taken = new Set<number>();
  // What stays in this block comes after everything that is split off it.
  const own: number[] = [];
  while (taken.size < rows.length) {
    let largest = 1;
    let best: Steps | null = null;
    for (const steps of all) {
      if (steps.dead) continue;
      const count = steps.first()?.count ?? 0;
      if (count > largest) {
        largest = count;
        best = steps;
      }
    }
    if (best === null) {
      for (const row of rows) if (!taken.has(row)) own.push(row);
      break;
    }
    const step = best.first() as Step;
    best.remove(step);
    const split = step.rows.filter((row) => !taken.has(row));
    for (const row of split) {
      taken.add(row);
      for (const steps of all) {
        if (steps === best || steps.dead || (steps.first()?.count ?? 0) <= 1) continue;
        const other = steps.ofRow.get(row);
        if (other !== undefined) steps.lose(other);
      }
    }
    if (split.length > 2) order(split, columns, result);
    else own.push(...split);
  }
  for (const row of own) result.push(row);
}

function collect(rows: readonly number[], fieldOf: (row: number) => number): Steps {
  const steps = new Steps();
  const byValue = new Map<number, Step>();
  for (const row of rows) {
    const value = fieldOf(row);
    let step = value < 0 ? undefined : byValue.get(value);
    if (step === undefined) {
      step = { count: 0, rows: [], previous: null, next: null };
      if (value >= 0) byValue.set(value, step);
    }
    steps.add(step, row);
  }
  return steps;
}

/** A number for the field's value in a row; negative when it equals no other, as when the rule leaves it open. */
function column(field: SkipField, features: Features, modifiers: boolean): (row: number) => number {
  const dynamic = modifiers ? null : new Map<string, number>();
  switch (field) {
    case "interface":
      return (row) => {
        const name = features.interface[row] as number;
        return name === 0 ? -1 : name * 2 + (features.rules[row]?.interfaceNegated === true ? 1 : 0);
      };
    case "rdomain":
      return (row) => {
        const domain = features.routingDomain[row] as number;
        return domain === -1 ? -1 : domain * 2 + (features.rules[row]?.interfaceNegated === true ? 1 : 0);
      };
    case "direction":
      return (row) => (features.direction[row] as number) || -1;
    case "family":
      return (row) => (features.family[row] as number) || -1;
    case "protocol":
      return (row) => (features.protocol[row] as number) || -1;
    case "fromPort":
      return (row) => (features.fromPort[row] as number) || -1;
    case "toPort":
      return (row) => (features.toPort[row] as number) || -1;
    case "from":
      return (row) =>
        addressValue(features, features.from[row] as number, features.rules[row]?.from.negated === true, dynamic);
    case "to":
      return (row) =>
        addressValue(features, features.to[row] as number, features.rules[row]?.to.negated === true, dynamic);
  }
}

function addressValue(features: Features, id: number, negated: boolean, dynamic: Map<string, number> | null): number {
  const wrap = features.wraps[id] as AddressWrap;
  if (!isComparable(wrap)) return -1;
  let value = id;
  if (dynamic !== null && wrap.kind === "dynamic") {
    const key = `${wrap.interface} ${wrap.length4} ${wrap.length6}`;
    value = dynamic.get(key) ?? id;
    dynamic.set(key, value);
  }
  return value * 2 + (negated ? 1 : 0);
}

// Ranges and route labels never equal one another here, nor do networks whose address is 0.
function isComparable(wrap: AddressWrap): boolean {
  switch (wrap.kind) {
    case "any":
    case "range":
    case "route-label":
      return false;
    case "prefix":
      return !wrap.address.isUnspecified();
    default:
      return true;
  }
}
