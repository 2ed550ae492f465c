/** Service curves and their sums, for the admission control of HFSC and FAIRQ (`gen_sc` of pfctl_altq.c). */
import type { AltqSlopes } from "../print/altq.ts";

/** One piece of a sum of curves: from `x` on, for `d`, with slope `m`. */
interface Segment {
  readonly x: number;
  y: number;
  d: number;
  m: number;
}

/**
 * A sum of two-piece curves, as segments from left to right with an empty one at infinity. What a curve's value is
 * at infinity can be "not a number" here, as it can in pfctl, which compares it with nothing.
 */
export class CurveSum {
  readonly #segments: Segment[] = [];

  /** Adds a curve; a curve without slopes adds nothing. */
  add(curve: AltqSlopes): void {
    if (curve.m1 === 0 && curve.m2 === 0) return;
    if (curve.d !== 0) this.#addSegment(0, curve.d, curve.m1);
    this.#addSegment(curve.d, Number.POSITIVE_INFINITY, curve.m2);
  }

  /** Whether the sum lies nowhere above `curve`. */
  isUnder(curve: AltqSlopes): boolean {
    if (curve.m1 === 0 && curve.m2 === 0) return this.#segments.every((segment) => segment.m === 0);
    const end = this.#at(Number.POSITIVE_INFINITY);
    let last: Segment | null = null;
    for (let i = 0; i < end; i++) {
      const segment = this.#segments[i] as Segment;
      if (segment.y > valueAt(curve, segment.x)) return false;
      last = segment;
    }
    if (last === null) return true;
    if (last.m > curve.m2) return false;
    if (last.x < curve.d && last.m > curve.m1) {
      const y = last.y + (curve.d - last.x) * last.m;
      if (y > valueAt(curve, curve.d)) return false;
    }
    return true;
  }

  // Index of the segment that starts at `x`; it is made by dividing another when there is none.
  #at(x: number): number {
    const segments = this.#segments;
    let i = 0;
    while (i < segments.length && (segments[i] as Segment).x < x) i++;
    const next = segments[i];
    if (next !== undefined && next.x === x) return i;
    const d =
      x === Number.POSITIVE_INFINITY || next === undefined
        ? 0
        : next.x === Number.POSITIVE_INFINITY
          ? Number.POSITIVE_INFINITY
          : next.x - x;
    const previous = segments[i - 1];
    const made: Segment = { x, y: 0, d, m: 0 };
    if (previous !== undefined) {
      if (x === Number.POSITIVE_INFINITY) {
        previous.d = Number.POSITIVE_INFINITY;
        made.y = previous.m === 0 ? previous.y : Number.POSITIVE_INFINITY;
      } else {
        previous.d = x - previous.x;
        made.y = previous.d * previous.m + previous.y;
      }
      made.m = previous.m;
    }
    segments.splice(i, 0, made);
    return i;
  }

  #addSegment(x: number, d: number, m: number): void {
    const start = this.#at(x);
    const end = this.#at(x + d);
    const segments = this.#segments;
    for (let i = start; i < end; i++) {
      const segment = segments[i] as Segment;
      segment.m += m;
      segment.y += (segment.x - x) * m;
    }
    const infinity = this.#at(Number.POSITIVE_INFINITY);
    for (let i = end; i < infinity; i++) (segments[i] as Segment).y += m * d;
  }
}

function valueAt(curve: AltqSlopes, x: number): number {
  return x <= curve.d ? x * curve.m1 : curve.d * curve.m1 + (x - curve.d) * curve.m2;
}
