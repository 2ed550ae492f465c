/**
 * Sets of values of one header field: disjoint, ascending, not touching; both ends belong to the range. Values are
 * bigints so that a port and an IPv6 address are handled by the same few lines.
 */
export type Range = readonly [bigint, bigint];
export type Ranges = readonly Range[];

export const NOTHING: Ranges = [];

export function single(value: bigint): Ranges {
  return [[value, value]];
}

/** Brings ranges in any order, overlapping or not, into the form of {@link Ranges}. */
export function normalize(ranges: readonly Range[]): Ranges {
  const sorted = [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const result: [bigint, bigint][] = [];
  for (const [low, high] of sorted) {
    if (high < low) continue;
    const last = result.at(-1);
    if (last !== undefined && low <= last[1] + 1n) {
      if (high > last[1]) last[1] = high;
    } else result.push([low, high]);
  }
  return result;
}

export function union(a: Ranges, b: Ranges): Ranges {
  return normalize([...a, ...b]);
}

export function intersect(a: Ranges, b: Ranges): Ranges {
  const result: Range[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [lowA, highA] = a[i] as Range;
    const [lowB, highB] = b[j] as Range;
    const low = lowA > lowB ? lowA : lowB;
    const high = highA < highB ? highA : highB;
    if (low <= high) result.push([low, high]);
    if (highA < highB) i++;
    else j++;
  }
  return result;
}

/** What of `universe` is not in `ranges`. */
export function subtract(universe: Ranges, ranges: Ranges): Ranges {
  const gaps: Range[] = [];
  let from: bigint | null = null;
  for (const [low, high] of ranges) {
    if (from === null) {
      const first = universe[0]?.[0] ?? 0n;
      if (first < low) gaps.push([first, low - 1n]);
    } else if (from < low) gaps.push([from, low - 1n]);
    from = high + 1n;
  }
  const end = universe.at(-1)?.[1] ?? -1n;
  if (from === null) return universe;
  if (from <= end) gaps.push([from, end]);
  return intersect(universe, gaps);
}

export function contains(ranges: Ranges, value: bigint): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] as Range;
    if (value < first) high = middle - 1;
    else if (value > last) low = middle + 1;
    else return true;
  }
  return false;
}

export function isSame(a: Ranges, b: Ranges): boolean {
  return a.length === b.length && a.every((range, i) => range[0] === b[i]?.[0] && range[1] === b[i]?.[1]);
}
