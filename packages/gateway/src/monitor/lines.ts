/** A line longer than this is not one we wait for. */
const LONGEST_LINE = 65_536;

/** Cuts a stream into lines. */
export class LineSplitter {
  readonly #line: (line: string) => void;
  readonly #longest: number;
  #rest = "";

  /** @param longest characters after which an unfinished line is thrown away */
  constructor(line: (line: string) => void, longest: number = LONGEST_LINE) {
    this.#line = line;
    this.#longest = longest;
  }

  push(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    if (this.#rest.length > this.#longest) this.#rest = "";
    for (const part of parts) this.#line(part);
  }
}
