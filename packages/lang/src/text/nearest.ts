/**
 * The candidate that `word` was most likely meant to be.
 *
 * @param limit how many letters may differ; a third of the word, and at least one, when not given
 * @returns null when none is near
 */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  limit: number = Math.max(1, Math.floor(word.length / 3)),
): string | null {
  let best: string | null = null;
  let bestDistance = limit + 1;
  const rows = [
    new Uint16Array(word.length + limit + 2),
    new Uint16Array(word.length + limit + 2),
    new Uint16Array(word.length + limit + 2),
  ] as const;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word, candidate, bestDistance, rows);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

type Rows = readonly [Uint16Array, Uint16Array, Uint16Array];

/** Insertions, deletions, replacements and swaps of neighbours between two words; stops counting at `limit`. */
function editDistance(a: string, b: string, limit: number, rows: Rows): number {
  let [beforePrevious, previous, row] = rows;
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    let least = i;
    const letter = a.charCodeAt(i - 1);
    for (let j = 1; j <= b.length; j++) {
      let cost = (previous[j - 1] as number) + (letter === b.charCodeAt(j - 1) ? 0 : 1);
      if ((previous[j] as number) + 1 < cost) cost = (previous[j] as number) + 1;
      if ((row[j - 1] as number) + 1 < cost) cost = (row[j - 1] as number) + 1;
      if (i > 1 && j > 1 && letter === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1)) {
        const swapped = (beforePrevious[j - 2] as number) + 1;
        if (swapped < cost) cost = swapped;
      }
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (least >= limit) return limit;
    const oldest = beforePrevious;
    beforePrevious = previous;
    previous = row;
    row = oldest;
  }
  return previous[b.length] as number;
}
