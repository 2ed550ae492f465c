import type { Source } from "@pierhead/core";
import type { MacroDefinition } from "./tree.ts";

/** End of file, as getc(3) returns it. */
export const EOF = -1;

const NEWLINE = 10;
const BACKSLASH = 92;

/** Most characters `lungetc` takes back (`MAXPUSHBACK`); more are lost. */
const MAX_PUSHBACK = 128;

/** A `$name` in the file and what it stood for when it was read. */
export interface MacroUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Null when it came from the command line (`-D`). */
  readonly definition: MacroDefinition | null;
}

/**
 * The daemon's `lgetc` and `lungetc` over one text: macro values are read in place of characters, a backslash
 * before a line end joins lines, any other backslash outside quotes is dropped. Keeps where in the file the last
 * character came from.
 */
export class Characters {
  readonly source: Source;
  readonly text: string;
  /** Next character of the file. */
  offset = 0;
  /** Line counter of the daemon; it lags behind the real one exactly as there. */
  line = 1;
  /** Line the daemon would name in a message (`yylval.lineno`). */
  tokenLine = 0;
  /** Range of the file the last character came from; the whole `$name` for one out of a macro. */
  start = 0;
  end = 0;
  /** Set when the last character came out of a macro. */
  macro: MacroUse | null = null;
  /** The macro that is being read. */
  #use: MacroUse | null = null;
  #value: string | null = null;
  #index = 0;
  #back: { code: number; start: number; end: number; macro: MacroUse | null }[] = [];
  readonly #atEndOfFile: (() => void) | null;

  constructor(source: Source, atEndOfFile: (() => void) | null = null) {
    this.source = source;
    this.text = source.text;
    this.#atEndOfFile = atEndOfFile;
  }

  /** Whether a macro's value is being read: `$` means nothing inside one. */
  get inMacro(): boolean {
    return this.#value !== null;
  }

  /** Reads `value` next, in the place of `use`. */
  expand(use: MacroUse, value: string): void {
    this.#use = use;
    this.#value = value;
    this.#index = 0;
  }

  /** Forgets the rest of the macro. */
  dropMacro(): void {
    this.#value = null;
  }

  /** `lgetc`; `quoted` reads the character as it is. */
  get(quoted: boolean): number {
    if (this.#value !== null) {
      if (this.#index >= 0) {
        const code = this.#index < this.#value.length ? this.#value.charCodeAt(this.#index) : 0;
        this.#index++;
        if (code !== 0) {
          const use = this.#use as MacroUse;
          this.start = use.start;
          this.end = use.end;
          this.macro = use;
          return code;
        }
        this.#value = null;
      } else this.#index++;
    }
    return this.getBack() ?? this.#getFromFile(quoted);
  }

  /** The last character that was given back, or null. */
  getBack(): number | null {
    const last = this.#back.pop();
    if (last === undefined) return null;
    this.start = last.start;
    this.end = last.end;
    this.macro = last.macro;
    return last.code;
  }

  /**
   * Takes the characters of the file that `takes` marks with one of `bits`, as many as come next without macro,
   * backslash or character given back; the same as so many times {@link get}, but faster.
   */
  run(takes: Uint8Array, bits: number): string {
    if (this.#value !== null || this.#back.length > 0) return "";
    const { text } = this;
    const from = this.offset;
    let at = from;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code >= 128 || code === BACKSLASH || ((takes[code] as number) & bits) === 0) break;
      at++;
    }
    if (at === from) return "";
    this.offset = at;
    this.start = at - 1;
    this.end = at;
    this.macro = null;
    return text.slice(from, at);
  }

  /** `lungetc` of the character that was read last. */
  unget(code: number): void {
    this.ungetFrom(code, this.start, this.end, this.macro);
  }

  ungetFrom(code: number, start: number, end: number, macro: MacroUse | null): void {
    if (code === EOF) return;
    if (this.#value !== null) {
      this.#index--;
      if (this.#index >= 0) return;
    }
    if (this.#back.length + 1 >= MAX_PUSHBACK) return;
    this.#back.push({ code, start, end, macro });
  }

  #getFromFile(quoted: boolean): number {
    this.macro = null;
    this.start = this.offset;
    let code = this.#getc();
    if (quoted) {
      if (code === EOF) this.#atEndOfFile?.();
      this.end = this.offset;
      return code;
    }
    while (code === BACKSLASH) {
      const next = this.#getc();
      if (next !== NEWLINE) {
        code = next;
        break;
      }
      this.tokenLine = this.line;
      this.line++;
      this.start = this.offset;
      code = this.#getc();
    }
    this.end = this.offset;
    return code;
  }

  #getc(): number {
    return this.offset < this.text.length ? this.text.charCodeAt(this.offset++) : EOF;
  }
}
