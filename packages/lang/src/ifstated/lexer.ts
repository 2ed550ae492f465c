import type { Source } from "@pierhead/core";
import { Characters, EOF, type MacroUse } from "./characters.ts";
import type { MacroDefinition } from "./tree.ts";

/**
 * What a token is: a keyword as itself, a character as itself, or one of the names in capitals. `UNDEFINED` is a
 * `$name` without a definition (only without a daemon's error handling), `ERROR` is what the daemon's lexer
 * returns after it has complained.
 */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  /** Value of a STRING as the lexer joined it; the word of a keyword; the digits of a NUMBER. */
  readonly text: string;
  /** NUMBER: its value, exact also above 2^53. */
  readonly number: bigint;
  readonly quoted: boolean;
  /** Range in the file; for tokens out of a macro the range of `$name`. */
  readonly start: number;
  readonly end: number;
  /** Line the daemon names for this token. */
  readonly line: number;
  /** The macro it came out of. */
  readonly macro: MacroUse | null;
  /** Quoted strings: offset in the file of each character of `text`; null when it came out of a macro. */
  readonly offsets: readonly number[] | null;
  /** Quoted strings: it ran over a line end that no backslash joins, and what came then looks like a statement. */
  readonly suspicious: boolean;
}

export const KEYWORDS: ReadonlySet<string> = new Set([
  "&&",
  "down",
  "every",
  "if",
  "init",
  "init-state",
  "link",
  "run",
  "set-state",
  "state",
  "unknown",
  "up",
  "||",
]);

/** What the lexer finds wrong, in the daemon's words, with the range in the file. */
export type LexicalError = (message: string, start: number, end: number) => void;

/** Value of a macro when its `$name` is read. */
export interface MacroValue {
  readonly value: string;
  readonly definition: MacroDefinition | null;
}

/** Longest string the daemon's buffer holds (`char buf[8096]`, less two). */
const MAX_QUOTED = 8094;
const MAX_WORD = 8095;

const CODE = { tab: 9, newline: 10, space: 32, hash: 35, dollar: 36, minus: 45 } as const;

/** Character classes of the C locale, one bit each. */
const ALNUM = 1;
const DIGIT = 2;
const IN_WORD = 4;
const STARTS_WORD = 8;
const ENDS_NUMBER = 16;
/** Stands for itself in a string in double quotes, in single quotes. */
const IN_DOUBLE = 32;
const IN_SINGLE = 64;
/** Does not end a comment. */
const IN_COMMENT = 128;
const CLASS = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  const digit = code >= 48 && code <= 57;
  const alnum = digit || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  const punct = code > 32 && code < 127 && !alnum;
  let bits = 0;
  if (alnum) bits |= ALNUM;
  if (digit) bits |= DIGIT;
  if (alnum || (punct && !"(){}!=#,.".includes(char))) bits |= IN_WORD;
  if (alnum || ":_&|".includes(char)) bits |= STARTS_WORD;
  if ((code >= 9 && code <= 13) || code === 32 || "),/}=".includes(char)) bits |= ENDS_NUMBER;
  if (code !== 0 && code !== 10) bits |= (code === 34 ? 0 : IN_DOUBLE) | (code === 39 ? 0 : IN_SINGLE) | IN_COMMENT;
  CLASS[code] = bits;
}

function is(code: number, bits: number): boolean {
  return code >= 0 && code < 128 && ((CLASS[code] as number) & bits) !== 0;
}

/** Octets of a character in UTF-8, half of four for each half of a pair: what the daemon's buffers count. */
function octets(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
}

/**
 * The daemon's `yylex`, one token at a time because a macro defined on one line is text on the next.
 *
 * With `tolerant` it goes on where the daemon throws the rest of the line away: an undefined macro becomes a token
 * of its own, a string that is too long is kept.
 */
export class Lexer {
  readonly characters: Characters;
  readonly #macros: (name: string) => MacroValue | null;
  readonly #error: LexicalError;
  readonly #tolerant: boolean;
  /** Offsets of quotes that were found to have no partner: their string ends with their line. */
  readonly #broken: ReadonlySet<number>;

  constructor(
    source: Source,
    macros: (name: string) => MacroValue | null,
    error: LexicalError,
    options: { readonly tolerant: boolean; readonly brokenQuotes?: ReadonlySet<number> },
  ) {
    this.characters = new Characters(source, () => {
      error("reached end of file while parsing quoted string", source.text.length, source.text.length);
    });
    this.#macros = macros;
    this.#error = error;
    this.#tolerant = options.tolerant;
    this.#broken = options.brokenQuotes ?? new Set();
  }

  next(): Token {
    const input = this.characters;
    for (;;) {
      let code = input.get(false);
      while (code === CODE.space || code === CODE.tab) code = input.get(false);
      input.tokenLine = input.line;
      let start = input.start;
      if (code === CODE.hash) {
        do {
          input.run(CLASS, IN_COMMENT);
          code = input.get(false);
        } while (code !== CODE.newline && code !== EOF);
        start = input.start;
      }
      if (code === CODE.dollar && !input.inMacro) {
        const token = this.#macro(start);
        if (token !== null) return token;
        continue;
      }
      if (code === 34 || code === 39) return this.#quoted(code, start);
      if (code === CODE.minus || is(code, DIGIT)) {
        const token = this.#number(code, start);
        if (token !== null) return token;
        if (code === CODE.minus) return this.#token("-", "-", start);
      }
      if (is(code, STARTS_WORD)) return this.#word(code, start);
      if (code === CODE.newline) {
        input.tokenLine = input.line;
        input.line++;
      }
      // A NUL is the end of input to yacc.
      if (code === EOF || (code === 0 && !this.#tolerant)) return this.#token("$end", "", start);
      const char = String.fromCharCode(code);
      return this.#token(char, char, start);
    }
  }

  #token(kind: TokenKind, text: string, start: number, extra: Partial<Token> = {}): Token {
    const input = this.characters;
    return {
      kind,
      text,
      number: 0n,
      quoted: false,
      start,
      end: Math.max(start, input.end),
      line: input.tokenLine,
      macro: input.macro,
      offsets: null,
      suspicious: false,
      ...extra,
    };
  }

  /** The rest of the line is thrown away (`findeol`). */
  #lineEnd(start: number): Token {
    const input = this.characters;
    input.dropMacro();
    for (;;) {
      const code = input.getBack() ?? input.get(false);
      if (code === CODE.newline) {
        input.line++;
        break;
      }
      if (code === EOF) break;
    }
    return this.#token("ERROR", "", start);
  }

  /** After a `$`: null when the value is to be read now. */
  #macro(start: number): Token | null {
    const input = this.characters;
    let name = "";
    let end = input.end;
    for (;;) {
      const code = input.get(false);
      if (code === EOF) return this.#token("$end", "", start);
      if (name.length >= MAX_QUOTED) {
        this.#error("string too long", start, end);
        return this.#lineEnd(start);
      }
      if (is(code, ALNUM) || code === 95) {
        name += String.fromCharCode(code);
        end = input.end;
        continue;
      }
      input.unget(code);
      break;
    }
    const found = this.#macros(name);
    if (found === null) {
      this.#error(`macro '${name}' not defined`, start, end);
      if (!this.#tolerant) return this.#lineEnd(start);
      return this.#token("UNDEFINED", name, start, { end, macro: null });
    }
    input.expand({ name, start, end, definition: found.definition }, found.value);
    return null;
  }

  #quoted(quote: number, start: number): Token {
    const input = this.characters;
    const macro = input.macro;
    const parts: string[] = [];
    const offsets: number[] | null = macro === null ? [] : null;
    const broken = macro === null && this.#broken.has(start);
    let length = 0;
    let suspicious = false;
    const unterminated = (): Token =>
      this.#token(this.#tolerant ? "UNTERMINATED" : "$end", parts.join(""), start, { macro, suspicious });
    for (;;) {
      let code = input.get(true);
      if (code === EOF) return unterminated();
      if (code === CODE.newline) {
        if (broken) {
          input.unget(code);
          break;
        }
        input.line++;
        if (macro === null && !suspicious) suspicious = startsStatement(input.text, input.end);
        continue;
      }
      if (code === 92) {
        const at = input.start;
        const next = input.get(true);
        if (next === EOF) return unterminated();
        if (next === quote || next === CODE.space || next === CODE.tab) code = next;
        else if (next === CODE.newline) {
          input.line++;
          continue;
        } else {
          input.unget(next);
          input.start = at;
        }
      } else if (code === quote) break;
      else if (code === 0) {
        this.#error("syntax error", input.start, input.end);
        if (!this.#tolerant) return this.#lineEnd(start);
        continue;
      }
      length += octets(code);
      if (length > MAX_QUOTED && length - octets(code) <= MAX_QUOTED) {
        this.#error("string too long", start, input.end);
        if (!this.#tolerant) return this.#lineEnd(start);
      }
      parts.push(String.fromCharCode(code));
      offsets?.push(input.start);
      const run = input.run(CLASS, quote === 34 ? IN_DOUBLE : IN_SINGLE);
      if (run === "") continue;
      const before = length;
      length += run.length;
      if (length > MAX_QUOTED && before <= MAX_QUOTED) {
        this.#error("string too long", start, input.end);
        if (!this.#tolerant) return this.#lineEnd(start);
      }
      parts.push(run);
      for (let at = input.end - run.length; at < input.end; at++) offsets?.push(at);
    }
    const end = broken ? input.start : Math.max(start, input.end);
    return this.#token("STRING", parts.join(""), start, { quoted: true, macro, offsets, end, suspicious });
  }

  /** Null when it turned out to be a word: all but its first character were given back. */
  #number(first: number, start: number): Token | null {
    const input = this.characters;
    const read: { code: number; start: number; end: number; macro: MacroUse | null }[] = [];
    let code = first;
    do {
      read.push({ code, start: input.start, end: input.end, macro: input.macro });
      if (read.length >= MAX_WORD + 1) {
        this.#error("string too long", start, input.end);
        return this.#lineEnd(start);
      }
      code = input.get(false);
    } while (code !== EOF && is(code, DIGIT));
    input.unget(code);
    const last = read[read.length - 1] as { end: number; macro: MacroUse | null };
    const alone = read.length === 1 && first === CODE.minus;
    if (!alone && (code === EOF || is(code, ENDS_NUMBER))) {
      const text = String.fromCharCode(...read.map((character) => character.code));
      const number = BigInt(text);
      const wrong = number < -(2n ** 63n) ? "too small" : number > 2n ** 63n - 1n ? "too large" : null;
      if (wrong !== null) {
        this.#error(`"${text}" invalid number: ${wrong}`, start, last.end);
        if (!this.#tolerant) return this.#lineEnd(start);
      }
      return this.#token("NUMBER", text, start, { number, end: Math.max(start, last.end), macro: last.macro });
    }
    for (let i = read.length - 1; i > 0; i--) {
      const character = read[i] as (typeof read)[number];
      input.ungetFrom(character.code, character.start, character.end, character.macro);
    }
    const back = read[0] as (typeof read)[number];
    input.start = back.start;
    input.end = back.end;
    input.macro = back.macro;
    return null;
  }

  #word(first: number, start: number): Token {
    const input = this.characters;
    const macro = input.macro;
    const parts: string[] = [];
    let end = input.end;
    let code = first;
    let length = 0;
    do {
      const before = length;
      parts.push(String.fromCharCode(code));
      const run = input.run(CLASS, IN_WORD);
      if (run !== "") parts.push(run);
      length += 1 + run.length;
      end = input.end;
      if (length > MAX_WORD && before <= MAX_WORD) {
        this.#error("string too long", start, input.end);
        if (!this.#tolerant) return this.#lineEnd(start);
      }
      code = input.get(false);
    } while (code !== EOF && is(code, IN_WORD));
    input.unget(code);
    const text = parts.join("");
    const place = { macro, end: Math.max(start, end) };
    return this.#token(KEYWORDS.has(text) ? text : "STRING", text, start, place);
  }
}

const STATEMENT = /[ \t]*(?:\}|(?:run|if|set-state|init-state|state|init)\b|\w+[ \t]*=)/y;

function startsStatement(text: string, offset: number): boolean {
  STATEMENT.lastIndex = offset;
  return STATEMENT.test(text);
}
