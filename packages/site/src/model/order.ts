/** In which order guests start: those others wait for come first; otherwise as the file has them. */

export interface Order<T> {
  readonly sorted: readonly T[];
  /** Names of one circle, first name repeated at the end; null when there is none. */
  readonly cycle: readonly string[] | null;
}

/** Sorts by `after`; what waits for itself is left in the order it came in. Names that are not there are passed over. */
export function startOrder<T extends { readonly name: string; readonly after: readonly string[] }>(
  all: readonly T[],
): Order<T> {
  const byName = new Map(all.map((one) => [one.name, one]));
  const waiting = new Map<string, number>();
  const followers = new Map<string, T[]>();
  for (const one of all) {
    const before = new Set(one.after.filter((name) => byName.has(name)));
    waiting.set(one.name, before.size);
    for (const name of before) followers.set(name, [...(followers.get(name) ?? []), one]);
  }
  const ready = all.filter((one) => waiting.get(one.name) === 0);
  const sorted: T[] = [];
  for (let at = 0; at < ready.length; at++) {
    const one = ready[at] as T;
    sorted.push(one);
    for (const next of followers.get(one.name) ?? []) {
      const left = (waiting.get(next.name) ?? 0) - 1;
      waiting.set(next.name, left);
      if (left === 0) ready.push(next);
    }
  }
  if (sorted.length === all.length) return { sorted, cycle: null };
  const done = new Set(sorted);
  const rest = all.filter((one) => !done.has(one));
  return { sorted: [...sorted, ...rest], cycle: circle(rest, byName) };
}

/** Walks backwards from any that waits: every one of them waits for another of them. */
function circle<T extends { readonly name: string; readonly after: readonly string[] }>(
  rest: readonly T[],
  byName: ReadonlyMap<string, T>,
): string[] {
  const left = new Set(rest.map((one) => one.name));
  const seen = new Map<string, number>();
  const walk: string[] = [];
  let now = rest[0]?.name;
  while (now !== undefined && !seen.has(now)) {
    seen.set(now, walk.length);
    walk.push(now);
    now = byName.get(now)?.after.find((name) => left.has(name));
  }
  return now === undefined ? walk : [...walk.slice(seen.get(now)), now];
}
