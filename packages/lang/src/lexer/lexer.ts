import type { Source } from "@pierhead/core";
import { byteLength, endsNumber, isAlphanumeric, isDigit, isSpace, isWordCharacter } from "./characters.ts";
import type { TokenStream } from "./parser.ts";

/** How the lexers of OpenBSD's parse.y files differ from program to program and over time. */
export interface LexerDialect {
  /** Token code by keyword. */
  readonly keywords: ReadonlyMap<string, number>;
  readonly stringToken: number;
  readonly numberToken: number;
  /** What the lexer returns after an error of its own: a token no production has. */
  readonly errorToken: number;
  /**
   * `buffer`: a macro's value is read from a side buffer (up to 2020 everywhere); `unread`: it is pushed back into the
   * input between two marks; `none`: the language has no macros.
   */
  readonly macros: "buffer" | "unread" | "none";
  /** A line end is made up when a file ends, so that the last line needs none. */
  readonly lineEndAtEndOfFile: boolean;
  /** Line number an included file starts with, before the line end the parser pushes back is counted. */
  readonly firstLineOfIncluded: 0 | 1;
  /** Inside quotes `\` also takes the meaning of a blank after it (since 4.7), not just of the quote. */
  readonly escapesBlanks: boolean;
  /** A `\` at a line end inside quotes counts the line (since 4.7). */
  readonly countsEscapedLines: boolean;
  /** A NUL inside quotes is a syntax error; before it just ended the string. */
  readonly rejectsNul: boolean;
  /** Words may begin with `/` and hold `/`, `<` and `>`, and do not begin with `*` (vmd). */
  readonly slashesInWords?: boolean;
  /** What was pushed back is lost when the lexer skips to the end of a line (up to 4.6). */
  readonly forgetsPushback: boolean;
}

/** A macro: `name = value`. */
export interface Macro {
  readonly name: string;
  readonly value: string;
  /** Set on the command line: a definition in the file does not change it. */
  readonly persistent: boolean;
  used: boolean;
  readonly source: Source | null;
  readonly start: number;
  readonly end: number;
}

interface OpenFile {
  readonly source: Source;
  position: number;
  line: number;
  errors: number;
  endSeen: boolean;
  /** Characters to be read before the rest, of the `unread` kind; the last one is next. */
  readonly unread: number[];
  readonly unreadPlaces: number[];
}

/** What a lexer reports of itself; the text goes where the tool's own would go. */
export type LexerReport = (kind: LexerError, text: string) => void;
export type LexerError =
  | "unterminated-quote"
  | "string-too-long"
  | "undefined-macro"
  | "invalid-number"
  | "nul-in-quote";

/** Size of `buf` in yylex(). */
const BUFFER = 8096;
const PUSHBACK_LIMIT = 127;
const MARK_BEGIN = 1;
const MARK_END = 2;
const END_OF_FILE = -1;

/**
 * The lexer that OpenBSD's parse.y files share, character by character as they do it: `\` joins lines, macros are
 * replaced once, a word that starts like a number but is none is read again as a word.
 */
export class Lexer implements TokenStream {
  readonly dialect: LexerDialect;
  readonly macros: Map<string, Macro> = new Map();
  value: unknown = undefined;
  source: Source;
  start = 0;
  end = 0;
  /** `yylval.lineno`: the line that messages name. */
  line = 0;
  /** The token delivered last stands for text that was skipped after an error of the lexer's own. */
  failed = false;
  /** Called for every error the lexer finds itself. */
  report: LexerReport = () => {};
  /** Called for every token of the first file and for what stands between tokens there. */
  onToken: ((code: number, start: number, end: number) => void) | null = null;
  readonly #files: OpenFile[];
  readonly #top: Source;
  #buffer: string | null = null;
  #bufferIndex = 0;
  readonly #pushback: number[] = [];
  readonly #pushbackPlaces: number[] = [];
  #expanding = false;
  /** Place of the last character: of the macro reference when it came from one. */
  #place = 0;
  #placeEnd = 0;
  #macroPlace = 0;
  #macroPlaceEnd = 0;

  constructor(source: Source, dialect: LexerDialect) {
    this.dialect = dialect;
    this.source = source;
    this.#top = source;
    this.#files = [openFile(source, 1)];
  }

  /** The file being read. */
  get file(): Source {
    return this.#current().source;
  }

  /** Files being read, the first one included. */
  get depth(): number {
    return this.#files.length;
  }

  /** Errors counted in the file being read; those of a file that ended are counted in the one that included it. */
  get errors(): number {
    return this.#current().errors;
  }

  countError(): void {
    this.#current().errors++;
  }

  /** `include`: reads `source` from here on, then goes on behind the line that asked for it. */
  include(source: Source): void {
    this.#files.push(openFile(source, this.dialect.firstLineOfIncluded));
    this.#place = 0;
    this.#placeEnd = 0;
    this.#unget(10);
  }

  define(name: string, value: string, persistent: boolean, source: Source | null, start: number, end: number): void {
    if (this.macros.get(name)?.persistent === true) return;
    this.macros.delete(name);
    this.macros.set(name, { name, value, persistent, used: false, source, start, end });
  }

  /** iked's `skipline`: drops everything up to the line end, which stays. */
  skipLine(): void {
    let code = this.#get(0);
    while (code !== 10 && code !== END_OF_FILE) code = this.#get(0);
    if (code === 10) this.#unget(code);
  }

  next(): number {
    this.failed = false;
    const code = this.#lex();
    if (this.onToken !== null && this.source === this.#top) this.onToken(code, this.start, this.end);
    return code;
  }

  #lex(): number {
    for (;;) {
      let code = this.#get(0);
      while (code === 32 || code === 9) code = this.#get(0);
      this.line = this.#current().line;
      this.source = this.#current().source;
      this.start = this.#place;
      if (code === 35) {
        do code = this.#get(0);
        while (code !== 10 && code !== END_OF_FILE);
        this.source = this.#current().source;
        this.start = this.#place;
      }
      if (code === 36 && this.dialect.macros !== "none" && this.#buffer === null && !this.#expanding) {
        const failed = this.#expandMacro();
        if (failed >= 0) return this.#finish(failed);
        continue;
      }
      if (code === 34 || code === 39) return this.#finish(this.#quoted(code));
      if (code === 45 || isDigit(code)) {
        const token = this.#number(code);
        if (token >= 0) return this.#finish(token);
        // Not a number: what was read is pushed back but for its first character.
        if (code === 45) return this.#finish(45);
      }
      const special = this.dialect.slashesInWords === true ? 47 : 42;
      if (isAlphanumeric(code) || code === 58 || code === 95 || code === special) return this.#finish(this.#word(code));
      if (code === 10) {
        this.line = this.#current().line;
        this.#current().line++;
      }
      this.value = undefined;
      return this.#finish(code === END_OF_FILE ? 0 : code);
    }
  }

  #finish(token: number): number {
    const end = this.#current().source === this.source ? this.#placeEnd : this.source.text.length;
    this.end = Math.max(this.start, end);
    return token;
  }

  /** Returns the token to deliver when the macro cannot be expanded, -1 when it was. */
  #expandMacro(): number {
    const place = this.#place;
    let name = "";
    for (;;) {
      const code = this.#get(0);
      if (code === END_OF_FILE) return 0;
      if (name.length >= BUFFER - 2) return this.#fail("string-too-long", "string too long");
      if (!isAlphanumeric(code) && code !== 95) {
        this.#macroPlace = place;
        this.#macroPlaceEnd = Math.max(place + 1, this.#place);
        this.#unget(code);
        this.#place = place;
        this.#placeEnd = this.#macroPlaceEnd;
        break;
      }
      name += String.fromCharCode(code);
    }
    const macro = this.macros.get(name);
    if (macro === undefined) return this.#fail("undefined-macro", `macro '${name}' not defined`);
    macro.used = true;
    if (this.dialect.macros === "buffer") {
      this.#buffer = macro.value;
      this.#bufferIndex = 0;
    } else {
      const file = this.#current();
      const unread = (code: number): void => {
        file.unread.push(code);
        file.unreadPlaces.push(this.#macroPlace, this.#macroPlaceEnd);
      };
      unread(MARK_END);
      for (let i = macro.value.length - 1; i >= 0; i--) unread(macro.value.charCodeAt(i));
      unread(MARK_BEGIN);
    }
    return -1;
  }

  #quoted(quote: number): number {
    let text = "";
    let bytes = 0;
    for (;;) {
      let code = this.#get(quote);
      if (code === END_OF_FILE) return 0;
      if (code === 10) {
        this.#current().line++;
        continue;
      }
      if (code === 92) {
        const next = this.#get(quote);
        if (next === END_OF_FILE) return 0;
        if (next === quote || (this.dialect.escapesBlanks && (next === 32 || next === 9))) code = next;
        else if (next === 10) {
          if (this.dialect.countsEscapedLines) this.#current().line++;
          continue;
        } else this.#unget(next);
      } else if (code === quote) break;
      else if (code === 0 && this.dialect.rejectsNul) return this.#fail("nul-in-quote", "syntax error");
      if (bytes + 1 >= BUFFER - 1) return this.#fail("string-too-long", "string too long");
      text += String.fromCharCode(code);
      bytes += byteLength(code);
    }
    const nul = text.indexOf("\0");
    this.value = nul === -1 ? text : text.slice(0, nul);
    return this.dialect.stringToken;
  }

  /** Returns a token, or -1 when the characters are no number; all but the first are then pushed back. */
  #number(first: number): number {
    let digits = "";
    let code = first;
    const places: number[] = [];
    do {
      digits += String.fromCharCode(code);
      places.push(this.#place, this.#placeEnd);
      if (digits.length >= BUFFER) return this.#fail("string-too-long", "string too long");
      code = this.#get(0);
    } while (code !== END_OF_FILE && isDigit(code));
    const after = code;
    this.#unget(code);
    if (digits !== "-" && (after === END_OF_FILE || endsNumber(after))) {
      this.#back(places, places.length);
      const wrong = outOfRange(digits);
      if (wrong !== null) return this.#fail("invalid-number", `"${digits}" invalid number: ${wrong}`);
      this.value = BigInt(digits);
      return this.dialect.numberToken;
    }
    for (let i = digits.length - 1; i > 0; i--) {
      this.#back(places, i * 2 + 2);
      this.#unget(digits.charCodeAt(i));
    }
    this.#back(places, 2);
    return -1;
  }

  #back(places: readonly number[], count: number): void {
    this.#place = places[count - 2] as number;
    this.#placeEnd = places[count - 1] as number;
  }

  #word(first: number): number {
    let text = "";
    let code = first;
    let place = this.#place;
    let placeEnd = this.#placeEnd;
    do {
      text += String.fromCharCode(code);
      place = this.#place;
      placeEnd = this.#placeEnd;
      if (text.length >= BUFFER) return this.#fail("string-too-long", "string too long");
      code = this.#get(0);
    } while (isWordCharacter(code) || (this.dialect.slashesInWords === true && isSlash(code)));
    this.#unget(code);
    this.#place = place;
    this.#placeEnd = placeEnd;
    const keyword = this.dialect.keywords.get(text);
    if (keyword !== undefined) {
      this.value = text;
      return keyword;
    }
    this.value = text;
    return this.dialect.stringToken;
  }

  /** Reports and skips the rest of the line, its end included (`findeol`). */
  #fail(kind: LexerError, text: string): number {
    this.end = Math.max(this.start, this.source === this.#current().source ? this.#placeEnd : 0);
    this.report(kind, text);
    this.failed = true;
    this.#buffer = null;
    if (this.dialect.forgetsPushback) {
      this.#pushback.length = 0;
      this.#pushbackPlaces.length = 0;
    }
    for (;;) {
      const code = this.#pushback.length > 0 ? this.#pop() : this.#get(0);
      if (code === 10) this.#current().line++;
      if (code === 10 || code === END_OF_FILE) return this.dialect.errorToken;
    }
  }

  #current(): OpenFile {
    return this.#files[this.#files.length - 1] as OpenFile;
  }

  /** `lgetc`: the next character; `quote` is the quote being read, 0 outside. */
  #get(quote: number): number {
    if (this.#buffer !== null) {
      if (this.#bufferIndex >= 0) {
        if (this.#bufferIndex < this.#buffer.length) {
          this.#place = this.#macroPlace;
          this.#placeEnd = this.#macroPlaceEnd;
          return this.#buffer.charCodeAt(this.#bufferIndex++);
        }
        this.#buffer = null;
      } else this.#bufferIndex++;
    }
    if (this.#pushback.length > 0) return this.#pop();
    let code = this.#read();
    if (quote !== 0) {
      if (code !== END_OF_FILE) return code;
      this.end = Math.max(this.start, this.source === this.#current().source ? this.#placeEnd : 0);
      this.report("unterminated-quote", "reached end of file while parsing quoted string");
      return this.#leave() ? quote : END_OF_FILE;
    }
    while (code === 92) {
      const next = this.#read();
      if (next !== 10) {
        code = next;
        break;
      }
      this.line = this.#current().line;
      this.#current().line++;
      code = this.#read();
    }
    while (code === END_OF_FILE) {
      const file = this.#current();
      if (this.dialect.lineEndAtEndOfFile && !file.endSeen) {
        file.endSeen = true;
        return 10;
      }
      // Files that end just where the included one was named get no line end made up.
      do {
        if (!this.#leave()) return END_OF_FILE;
        code = this.#read();
      } while (code === END_OF_FILE);
    }
    return code;
  }

  #read(): number {
    const file = this.#current();
    while (file.unread.length > 0) {
      const code = file.unread.pop() as number;
      this.#placeEnd = file.unreadPlaces.pop() as number;
      this.#place = file.unreadPlaces.pop() as number;
      if (code === MARK_BEGIN) this.#expanding = true;
      else if (code === MARK_END) this.#expanding = false;
      else return code;
    }
    this.#place = file.position;
    while (file.position < file.source.text.length) {
      const code = file.source.text.charCodeAt(file.position++);
      this.#placeEnd = file.position;
      if (this.dialect.macros === "unread" && (code === MARK_BEGIN || code === MARK_END)) {
        this.#expanding = code === MARK_BEGIN;
        this.#place = file.position;
        continue;
      }
      return code;
    }
    this.#place = file.position;
    this.#placeEnd = file.position;
    return END_OF_FILE;
  }

  /** `popfile`, false when the file is the first one. */
  #leave(): boolean {
    if (this.#files.length === 1) return false;
    const ended = this.#files.pop() as OpenFile;
    this.#current().errors += ended.errors;
    return true;
  }

  #pop(): number {
    this.#placeEnd = this.#pushbackPlaces.pop() as number;
    this.#place = this.#pushbackPlaces.pop() as number;
    return this.#pushback.pop() as number;
  }

  /** `lungetc` of the character whose place is the current one. */
  #unget(code: number): void {
    if (code === END_OF_FILE) return;
    if (this.dialect.macros === "unread") {
      const file = this.#current();
      file.unread.push(code);
      file.unreadPlaces.push(this.#place, this.#placeEnd);
      return;
    }
    if (this.#buffer !== null) {
      this.#bufferIndex--;
      if (this.#bufferIndex >= 0) return;
    }
    if (this.#pushback.length >= PUSHBACK_LIMIT) return;
    this.#pushback.push(code);
    this.#pushbackPlaces.push(this.#place, this.#placeEnd);
  }
}

function openFile(source: Source, line: number): OpenFile {
  return { source, position: 0, line, errors: 0, endSeen: false, unread: [], unreadPlaces: [] };
}

const LARGEST = 2n ** 63n - 1n;

/** strtonum(3) over the whole range of `long long`. */
function outOfRange(digits: string): string | null {
  if (digits.length < 19) return null;
  if (digits.length > 400) return digits.startsWith("-") ? "too small" : "too large";
  const value = BigInt(digits);
  return value > LARGEST ? "too large" : value < -LARGEST - 1n ? "too small" : null;
}

/** Whether a macro name has a blank in it other than at its start, which the parsers refuse since 6.0. */
export function hasBlank(name: string): boolean {
  for (let i = 1; i < name.length; i++) if (isSpace(name.charCodeAt(i))) return true;
  return false;
}

/** `/`, `<`, `>`. */
function isSlash(code: number): boolean {
  return code === 47 || code === 60 || code === 62;
}
