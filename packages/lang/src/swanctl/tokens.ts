/** The words of strongSwan's settings files (strongswan.conf(5), settings_lexer.l). */
import type { Source } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";

/** `line-end` closes a value; the others are what they look like. */
export type SettingsTokenKind =
  | "name"
  | "string"
  | "{"
  | "}"
  | "."
  | ","
  | ":"
  | "="
  | "line-end"
  | "end"
  | "stray-quote"
  | "open-quote";

export interface SettingsToken {
  readonly kind: SettingsTokenKind;
  /** Of names and strings, escapes replaced. */
  readonly text: string;
  readonly origin: Origin;
}

/** Reads the files that match a pattern, relative to the file that includes them; null when they cannot be had. */
export type ReadIncluded = (pattern: string, from: Source) => readonly Source[] | null;

/** What the lexer says besides its tokens. */
export interface SettingsLexerEvents {
  token(kind: "word" | "string" | "punctuation" | "keyword", source: Source, start: number, end: number): void;
  include(pattern: string, origin: Origin, outcome: "read" | "unread" | "empty" | "too-deep"): void;
}

/** Files within files; strongSwan itself stops at the limit of open files. */
const MAX_DEPTH = 16;

const CHARACTER = {
  tab: 9,
  newline: 10,
  carriageReturn: 13,
  space: 32,
  quote: 34,
  hash: 35,
  comma: 44,
  dot: 46,
  colon: 58,
  equals: 61,
  backslash: 92,
  open: 123,
  close: 125,
} as const;

/** Start conditions of the lexer: between statements, behind `:`, behind `=`. */
type State = "plain" | "reference" | "value";

interface File {
  readonly source: Source;
  offset: number;
}

export class SettingsLexer {
  readonly #files: File[];
  readonly #read: ReadIncluded | null;
  readonly #events: SettingsLexerEvents;
  #state: State = "plain";

  constructor(source: Source, read: ReadIncluded | null, events: SettingsLexerEvents) {
    // A byte order mark is part of the first name for strongSwan; the reader says so, and it is skipped here.
    this.#files = [{ source, offset: source.text.charCodeAt(0) === 0xfeff ? 1 : 0 }];
    this.#read = read;
    this.#events = events;
  }

  next(): SettingsToken {
    for (;;) {
      const token = this.#scan();
      if (token !== null) return token;
    }
  }

  /** One token, or null when something was passed over. */
  #scan(): SettingsToken | null {
    const file = this.#files[this.#files.length - 1] as File;
    const { text } = file.source;
    const start = file.offset;
    if (start >= text.length) {
      if (this.#state === "value") return this.#closeValue(file);
      this.#state = "plain";
      if (this.#files.length === 1) return this.#make("end", "", file, start);
      this.#files.pop();
      return null;
    }
    const code = text.charCodeAt(start);
    if (code === CHARACTER.space || code === CHARACTER.tab || code === CHARACTER.carriageReturn) {
      file.offset++;
      return null;
    }
    if (this.#state === "value") return this.#scanValue(file, code);
    if (code === CHARACTER.newline) {
      file.offset++;
      return null;
    }
    if (code === CHARACTER.hash) {
      const end = text.indexOf("\n", start);
      file.offset = end === -1 ? text.length : end;
      return null;
    }
    if (this.#state === "reference") return this.#scanReference(file, code);
    return this.#scanPlain(file, code);
  }

  #scanPlain(file: File, code: number): SettingsToken | null {
    const { text } = file.source;
    const start = file.offset;
    switch (code) {
      case CHARACTER.open:
      case CHARACTER.close:
      case CHARACTER.dot:
      case CHARACTER.comma:
        file.offset++;
        return this.#make(text[start] as "{", "", file, start);
      case CHARACTER.colon:
        file.offset++;
        this.#state = "reference";
        return this.#make(":", "", file, start);
      case CHARACTER.equals:
        file.offset++;
        this.#state = "value";
        return this.#make("=", "", file, start);
      case CHARACTER.quote: {
        const line = text.indexOf("\n", start);
        const close = text.indexOf('"', start + 1);
        const stop = line === -1 ? text.length : line;
        file.offset = close !== -1 && close < stop ? close + 1 : stop;
        return this.#make("stray-quote", "", file, start);
      }
      default:
    }
    let end = start + 1;
    while (end < text.length && !isPlainEnd(text.charCodeAt(end))) end++;
    const name = text.slice(start, end);
    if (name === "include" && isInclude(text, end)) return this.#include(file);
    file.offset = end;
    return this.#make("name", name, file, start);
  }

  /** Names behind `:` may have dots in them; anything else ends the list. */
  #scanReference(file: File, code: number): SettingsToken | null {
    const { text } = file.source;
    const start = file.offset;
    if (code === CHARACTER.comma) {
      file.offset++;
      return this.#make(",", "", file, start);
    }
    if (isPlainEnd(code)) {
      this.#state = "plain";
      return null;
    }
    let end = start + 1;
    for (; end < text.length; end++) {
      const at = text.charCodeAt(end);
      if (at === CHARACTER.dot) {
        if (end + 1 >= text.length || isPlainEnd(text.charCodeAt(end + 1))) break;
      } else if (isPlainEnd(at)) break;
    }
    file.offset = end;
    return this.#make("name", text.slice(start, end), file, start);
  }

  #scanValue(file: File, code: number): SettingsToken | null {
    const { text } = file.source;
    const start = file.offset;
    if (code === CHARACTER.newline || code === CHARACTER.hash || code === CHARACTER.close)
      return this.#closeValue(file);
    if (code === CHARACTER.quote) {
      const string = readString(text, start);
      file.offset = string.end;
      return this.#make(string.closed ? "string" : "open-quote", string.text, file, start);
    }
    let end = start + 1;
    while (end < text.length && !isValueEnd(text.charCodeAt(end))) end++;
    file.offset = end;
    return this.#make("name", text.slice(start, end), file, start);
  }

  #closeValue(file: File): SettingsToken {
    this.#state = "plain";
    return { kind: "line-end", text: "", origin: origin(file, file.offset, file.offset) };
  }

  /** `include PATTERN`, as far as the next blank, `#` or `}`; quoted, or with those characters escaped. */
  #include(file: File): SettingsToken | null {
    const { source } = file;
    const { text } = source;
    const start = file.offset;
    let at = start + "include".length;
    while (text.charCodeAt(at) === CHARACTER.space || text.charCodeAt(at) === CHARACTER.tab) at++;
    const from = at;
    const parts: string[] = [];
    for (; at < text.length; ) {
      const code = text.charCodeAt(at);
      if (code === CHARACTER.newline || code === CHARACTER.space || code === CHARACTER.tab) break;
      if (code === CHARACTER.hash || code === CHARACTER.close) break;
      if (code === CHARACTER.quote) {
        const string = readString(text, at);
        at = string.end;
        if (!string.closed) {
          file.offset = at;
          return this.#make("open-quote", "", file, start);
        }
        parts.push(string.text);
        break;
      }
      const escaped = code === CHARACTER.backslash ? text.charCodeAt(at + 1) : 0;
      if (
        escaped === CHARACTER.quote ||
        escaped === CHARACTER.hash ||
        escaped === CHARACTER.close ||
        escaped === CHARACTER.space
      ) {
        parts.push(text[at + 1] as string);
        at += 2;
        continue;
      }
      let end = at + 1;
      while (end < text.length && !isPatternEnd(text.charCodeAt(end))) end++;
      if (code !== CHARACTER.carriageReturn) parts.push(text.slice(at, end));
      at = end;
    }
    file.offset = at;
    this.#events.token("keyword", source, start, start + "include".length);
    this.#events.token("word", source, from, at);
    this.#open(parts.join(""), origin(file, start, at));
    return null;
  }

  #open(pattern: string, place: Origin): void {
    if (pattern === "") {
      this.#events.include(pattern, place, "empty");
      return;
    }
    if (this.#files.length >= MAX_DEPTH) {
      this.#events.include(pattern, place, "too-deep");
      return;
    }
    const found = this.#read?.(pattern, place.source) ?? null;
    this.#events.include(pattern, place, found === null ? "unread" : "read");
    if (found === null) return;
    // The first is read first, so it goes on top.
    for (let i = found.length - 1; i >= 0; i--) this.#files.push({ source: found[i] as Source, offset: 0 });
  }

  #make(kind: SettingsTokenKind, text: string, file: File, start: number): SettingsToken {
    const { source, offset } = file;
    if (offset > start) {
      const what = kind === "string" || kind === "open-quote" ? "string" : kind === "name" ? "word" : "punctuation";
      this.#events.token(what, source, start, offset);
    }
    return { kind, text, origin: origin(file, start, offset) };
  }
}

function origin(file: File, start: number, end: number): Origin {
  return { source: file.source, span: { start, end } };
}

/** A quoted string from its quote on: `\n`, `\r` and `\t`, lines joined by `\`, any other character as it is. */
function readString(
  text: string,
  start: number,
): { readonly text: string; readonly end: number; readonly closed: boolean } {
  const parts: string[] = [];
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CHARACTER.quote) return { text: parts.join(""), end: at + 1, closed: true };
    if (code === CHARACTER.carriageReturn) at++;
    else if (code === CHARACTER.backslash) {
      const next = text[at + 1];
      if (next === undefined) break;
      const joined = next === "\n" ? 2 : next === "\r" && text[at + 2] === "\n" ? 3 : 0;
      if (joined !== 0) at += joined;
      else {
        parts.push(next === "n" ? "\n" : next === "r" ? "\r" : next === "t" ? "\t" : next);
        at += 2;
      }
    } else {
      let end = at + 1;
      while (end < text.length && !isStringEnd(text.charCodeAt(end))) end++;
      parts.push(text.slice(at, end));
      at = end;
    }
  }
  return { text: parts.join(""), end: text.length, closed: false };
}

/** `include` is one when a blank follows, and behind that anything but `=`. */
function isInclude(text: string, end: number): boolean {
  const first = text.charCodeAt(end);
  if (first !== CHARACTER.space && first !== CHARACTER.tab) return false;
  return end + 1 < text.length && text.charCodeAt(end + 1) !== CHARACTER.equals;
}

function isBlank(code: number): boolean {
  return (
    code === CHARACTER.space ||
    code === CHARACTER.tab ||
    code === CHARACTER.newline ||
    code === CHARACTER.carriageReturn
  );
}

function isPlainEnd(code: number): boolean {
  return (
    isBlank(code) ||
    code === CHARACTER.hash ||
    code === CHARACTER.open ||
    code === CHARACTER.close ||
    code === CHARACTER.colon ||
    code === CHARACTER.dot ||
    code === CHARACTER.comma ||
    code === CHARACTER.equals ||
    code === CHARACTER.quote
  );
}

function isValueEnd(code: number): boolean {
  return isBlank(code) || code === CHARACTER.hash || code === CHARACTER.close || code === CHARACTER.quote;
}

function isPatternEnd(code: number): boolean {
  return isValueEnd(code) || code === CHARACTER.backslash;
}

function isStringEnd(code: number): boolean {
  return code === CHARACTER.quote || code === CHARACTER.backslash || code === CHARACTER.carriageReturn;
}
