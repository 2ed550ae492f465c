/** Text that may have parts nobody knows, with the place in the command each character comes from. */
export interface Value {
  readonly text: string;
  /** False: what the text stands for is not known; it then shows what was written. */
  readonly known: boolean;
  /** Offset of each character, -1 for those that were made up on the way. */
  readonly offsets: readonly number[];
}

export const NOTHING: Value = { text: "", known: true, offsets: [] };

/** A value without a place. */
export function plain(text: string, known = true): Value {
  return { text, known, offsets: new Array<number>(text.length).fill(-1) };
}

/** A literal that starts at `offset`, each character its own. */
export function literal(text: string, offset: number): Value {
  return { text, known: true, offsets: Array.from({ length: text.length }, (_, i) => offset + i) };
}

/** A literal whose backslashes are gone from `text`: `written` is how it stands at `offset`. */
export function unescapedLiteral(text: string, written: string, offset: number): Value {
  if (text.length === written.length) return literal(text, offset);
  const offsets: number[] = [];
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    while (written[at] === "\\" && written[at + 1] === "\n") at += 2;
    if (written[at] === "\\" && written[at + 1] === text[i] && written[at] !== text[i]) at++;
    offsets.push(written[at] === text[i] ? offset + at : -1);
    at++;
  }
  return { text, known: true, offsets };
}

/** Collects values: a file descriptor to write to, or a word that is put together. */
export class Sink {
  readonly #texts: string[] = [];
  readonly #offsets: number[] = [];
  known = true;

  add(value: Value): void {
    this.#texts.push(value.text);
    for (const offset of value.offsets) this.#offsets.push(offset);
    if (!value.known) this.known = false;
  }

  addText(text: string): void {
    this.add(plain(text));
  }

  get value(): Value {
    return { text: this.#texts.join(""), known: this.known, offsets: this.#offsets };
  }
}

/** Something to read from: reading takes away. */
export class Input {
  readonly #value: Value;
  #at = 0;

  constructor(value: Value) {
    this.#value = value;
  }

  get known(): boolean {
    return this.#value.known;
  }

  rest(): Value {
    const { text, known, offsets } = this.#value;
    const at = this.#at;
    this.#at = text.length;
    return { text: text.slice(at), known, offsets: offsets.slice(at) };
  }

  /** One line without its end; null at the end. */
  line(): Value | null {
    const { text, known, offsets } = this.#value;
    if (this.#at >= text.length) return null;
    const start = this.#at;
    const end = text.indexOf("\n", start);
    const stop = end === -1 ? text.length : end;
    this.#at = end === -1 ? stop : stop + 1;
    return { text: text.slice(start, stop), known, offsets: offsets.slice(start, stop) };
  }
}

export function slice(value: Value, start: number, end: number = value.text.length): Value {
  return { text: value.text.slice(start, end), known: value.known, offsets: value.offsets.slice(start, end) };
}

export function join(values: readonly Value[], between = ""): Value {
  const sink = new Sink();
  values.forEach((value, i) => {
    if (i > 0 && between !== "") sink.addText(between);
    sink.add(value);
  });
  return sink.value;
}

/** Lines of a value, each without its end. */
export function lines(value: Value): Value[] {
  const result: Value[] = [];
  const { text } = value;
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf("\n", start);
    const stop = end === -1 ? text.length : end;
    result.push(slice(value, start, stop));
    start = stop + 1;
  }
  return result;
}
