/** A half-open range of UTF-16 offsets into one source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place for people: line and column from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One file as it was read. Offsets are used inside; lines and columns only at the edges. */
export class Source {
  /** As the user knows it: a path, or `stdin`. */
  readonly name: string;
  readonly text: string;
  #lineStarts: Uint32Array | null = null;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** Line and column of an offset; an offset past the end is the end. */
  position(offset: number): Position {
    const starts = this.#starts();
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] as number) + 1 };
  }

  /** Text of line `line` (from 1) without its line end; empty when there is no such line. */
  line(line: number): string {
    const starts = this.#starts();
    const start = starts[line - 1];
    if (start === undefined) return "";
    const end = starts[line] ?? this.text.length;
    return this.text.slice(start, end).replace(/\r?\n$/, "");
  }

  /** Offset where line `line` (from 1) starts; the end of the text when there is no such line. */
  lineStart(line: number): number {
    return this.#starts()[line - 1] ?? this.text.length;
  }

  get lineCount(): number {
    return this.#starts().length;
  }

  #starts(): Uint32Array {
    if (this.#lineStarts !== null) return this.#lineStarts;
    let count = 1;
    for (let i = this.text.indexOf("\n"); i !== -1; i = this.text.indexOf("\n", i + 1)) count++;
    const starts = new Uint32Array(count);
    let line = 1;
    for (let i = this.text.indexOf("\n"); i !== -1; i = this.text.indexOf("\n", i + 1)) {
      starts[line++] = i + 1;
    }
    this.#lineStarts = starts;
    return starts;
  }
}
