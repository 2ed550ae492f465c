/** Keywords by a hash that the lexer adds up while it reads a word, so that no string is made for a keyword. */

const SIZE = 1024;

/** Adds one character to the hash of a word. */
export function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

export class KeywordTable {
  readonly #words: string[] = [];
  readonly #kinds: number[] = [];
  /** Index of the first word of a bucket, and of the next one in the same bucket; -1 ends. */
  readonly #heads: Int16Array = new Int16Array(SIZE).fill(-1);
  readonly #next: number[] = [];

  constructor(words: ReadonlyMap<string, number>) {
    for (const [word, kind] of words) {
      let hash = 0;
      for (let i = 0; i < word.length; i++) hash = hashStep(hash, word.charCodeAt(i));
      const bucket = hash & (SIZE - 1);
      this.#next.push(this.#heads[bucket] as number);
      this.#heads[bucket] = this.#words.length;
      this.#words.push(word);
      this.#kinds.push(kind);
    }
  }

  /** Kind of the keyword at `start` to `end` of a text, whose hash is known; -1 when it is none. */
  find(text: string, start: number, end: number, hash: number): number {
    for (let i = this.#heads[hash & (SIZE - 1)] as number; i >= 0; i = this.#next[i] as number) {
      const word = this.#words[i] as string;
      if (word.length === end - start && text.startsWith(word, start)) return this.#kinds[i] as number;
    }
    return -1;
  }
}

const tables = new WeakMap<ReadonlyMap<string, number>, KeywordTable>();

/** The table of a set of keywords, made once. */
export function keywordTable(words: ReadonlyMap<string, number>): KeywordTable {
  let table = tables.get(words);
  if (table === undefined) {
    table = new KeywordTable(words);
    tables.set(words, table);
  }
  return table;
}
