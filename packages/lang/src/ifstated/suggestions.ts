import { nearest } from "../text/nearest.ts";

/** Comparisons that are made for one file: a file that is wrong all over needs no guesses. */
const MOST = 20_000;

/** Guesses what a name was meant to be, within bounds. */
export class Suggestions {
  #left = MOST;

  nearest(word: string, candidates: Iterable<string>): string | null {
    if (this.#left <= 0) return null;
    const list = [...candidates];
    this.#left -= list.length;
    return nearest(word, list);
  }
}
