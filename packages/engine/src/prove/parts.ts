/** Sets of packets as unions of products of ranges, joined where two products differ in one field only. */
import type { Family, System } from "@pierhead/core";
import type { Arrival } from "./arrivals.ts";
import { FIELDS, type Field } from "./constraints.ts";
import { describePart } from "./describe-set.ts";
import { isSame, type Ranges, union } from "./ranges.ts";

/** A product of ranges at one arrival; an absent field may have any value. */
export interface PacketPart {
  readonly arrival: Arrival;
  readonly family: Family;
  readonly ranges: Partial<Record<Field, Ranges>>;
}

/** Products that are kept; what comes after only sets {@link PacketSet.more}. */
const MOST_KEPT = 64;

export class PacketSet {
  readonly #parts: PacketPart[] = [];
  /** There are packets in the set that no kept part tells of. */
  more = false;

  get size(): number {
    return this.#parts.length;
  }

  add(part: PacketPart): void {
    let added = part;
    // A join may make the next one possible.
    for (let joined = true; joined; ) {
      joined = false;
      for (let i = 0; i < this.#parts.length; i++) {
        const both = join(this.#parts[i] as PacketPart, added);
        if (both === null) continue;
        this.#parts.splice(i, 1);
        added = both;
        joined = true;
        break;
      }
    }
    if (this.#parts.length >= MOST_KEPT) this.more = true;
    else this.#parts.push(added);
  }

  /** The parts in words, the one with most of these values first. */
  describe(system: System, most: number, like: PacketPart | null): { texts: string[]; more: boolean } {
    const has = (part: PacketPart): number =>
      like !== null && part.arrival === like.arrival && part.family === like.family && holds(part, like) ? 0 : 1;
    const sorted = [...this.#parts].sort((a, b) => has(a) - has(b));
    const texts = sorted
      .slice(0, most)
      .map(({ ranges, arrival, family }) => describePart(ranges, arrival, family, system));
    return { texts, more: this.more || sorted.length > most };
  }
}

function join(a: PacketPart, b: PacketPart): PacketPart | null {
  if (a.arrival !== b.arrival || a.family !== b.family) return null;
  let different: Field | null = null;
  for (const field of FIELDS) {
    const left = a.ranges[field];
    const right = b.ranges[field];
    if (left === right || (left !== undefined && right !== undefined && isSame(left, right))) continue;
    if (different !== null) return null;
    different = field;
  }
  if (different === null) return a;
  const left = a.ranges[different];
  const right = b.ranges[different];
  const ranges = { ...a.ranges };
  if (left === undefined || right === undefined) delete ranges[different];
  else ranges[different] = union(left, right);
  return { ...a, ranges };
}

function holds(part: PacketPart, one: PacketPart): boolean {
  return FIELDS.every((field) => {
    const ranges = part.ranges[field];
    const value = one.ranges[field]?.[0]?.[0];
    return ranges === undefined || value === undefined || ranges.some(([low, high]) => low <= value && value <= high);
  });
}
