/**
 * The lexer of pfctl's parse.y (`lgetc`, `yylex`), by position instead of by pushed-back characters.
 *
 * What makes it unlike a usual lexer: a macro is expanded as text, so that a token may begin inside a macro's value
 * and end in the file (`$ext_if:network`); a backslash before a line end joins lines everywhere, even inside a word
 * or a comment, and before any other character it vanishes; an unfinished last line gets a line end.
 */
import type { Source } from "@pierhead/core";
import { nearest } from "../../text/nearest.ts";
import type { LexerDialect } from "../dialect.ts";
import { isAllowedInString, isAlphanumeric, isDigit, isLetter, isSpace } from "./characters.ts";
import { hashStep, type KeywordTable, keywordTable } from "./keyword-table.ts";
import { Char, Token } from "./tokens.ts";

const END = -1;
const BYTE_ORDER_MARK = 0xfeff;

/** Bytes of the buffer that `yylex` collects a token in. */
const BUFFER_SIZE = 8096;

/** One macro: `name = value`, or `-D name=value`. */
export interface Macro {
  readonly name: string;
  readonly value: string;
  /** Set on the command line: assignments in the file do not change it. */
  readonly persistent: boolean;
  used: boolean;
  /** The value is one word, with nothing that the lexer must look at. */
  readonly isWord: boolean;
  /** Where it was assigned; null for the command line. */
  readonly source: Source | null;
  readonly start: number;
  readonly end: number;
}

/** One open file of the include stack. */
export class InputFile {
  readonly source: Source;
  readonly text: string;
  readonly parent: InputFile | null;
  /** As pfctl names it in messages: `stdin`, or the path as given. */
  readonly name: string;
  position = 0;
  line: number;
  endSeen = false;
  /** A line end that pfctl pushes in front of an included file. */
  leadingNewline: boolean;
  /** The macro being expanded: its value, how far it is read, and where in this file it was used. */
  expansion: string | null = null;
  expansionPosition = 0;
  expansionStart = 0;
  macro: Macro | null = null;

  constructor(source: Source, parent: InputFile | null, line: number) {
    this.source = source;
    this.text = source.text;
    this.name = source.name;
    this.parent = parent;
    this.line = line;
    this.leadingNewline = parent !== null;
  }
}

/** Complaints of the lexer; the caller knows how to report them. */
export interface LexerReport {
  lexicalError(tool: string, code: string, message: string, start: number, end: number): void;
  macroUsed(macro: Macro, start: number, end: number): void;
}

export class Lexer {
  file: InputFile;
  readonly macros: Map<string, Macro> = new Map();
  /** pfctl's `yylval.lineno`: line of the last token that was read; all its messages carry it. */
  line = 1;
  /** Text of a string token. */
  text = "";
  /** Value of a number token. */
  number = 0;
  /** Number token as `%lld` prints it. */
  numberText = "";
  /** Operator of a `portBinary` token. */
  operator: "><" | "<>" = "><";
  /** The token in the user's file; for a token from a macro's value, the place of use. */
  start = 0;
  end = 0;
  /** File the token began in. */
  source: Source;
  /** Macro the token began in, or null. */
  macro: Macro | null = null;
  /** A quoted string: never a keyword. */
  quoted = false;

  readonly #dialect: LexerDialect;
  readonly #report: LexerReport;
  readonly #keywords: ReadonlyMap<string, number>;
  readonly #keywordTable: KeywordTable;
  /** pfctl forgets the line end after a bad token, and with it the next line; people want to hear about that line. */
  readonly #strict: boolean;
  readonly #said: Set<string> = new Set();
  // Where the last character came from, to put it back.
  #lastPosition = 0;
  #lastInExpansion = false;
  #lastWasFakeEnd = false;

  constructor(
    file: InputFile,
    dialect: LexerDialect,
    keywords: ReadonlyMap<string, number>,
    report: LexerReport,
    strict: boolean,
  ) {
    this.file = file;
    this.source = file.source;
    this.#dialect = dialect;
    this.#keywords = keywords;
    this.#keywordTable = keywordTable(keywords);
    this.#report = report;
    this.#strict = strict;
  }

  /** Reads one token and returns its kind; the other fields describe it. */
  next(): number {
    for (;;) {
      let c = this.#skipBlanks();
      const file = this.file;
      this.line = file.line;
      this.source = file.source;
      if (c === Char.hash) {
        c = this.#skipComment();
      }
      this.macro = this.#lastInExpansion ? this.file.macro : null;
      this.start = this.#lastInExpansion ? this.file.expansionStart : this.#lastPosition;
      if (c === Char.dollar && this.file.expansion === null) {
        const problem = this.#expandMacro();
        if (problem !== 0) return problem === END ? Token.end : Token.error;
        continue;
      }
      const kind = this.#token(c);
      this.end = this.file.position;
      return kind;
    }
  }

  /** Opens an included file; its tokens come next. */
  include(source: Source): void {
    this.file = new InputFile(source, this.file, this.#dialect.includeFirstLine);
  }

  /** Sets a macro as `symset` does: command-line macros stay, others are replaced and count as unused again. */
  define(
    name: string,
    value: string,
    persistent: boolean,
    place: { source: Source; start: number; end: number } | null,
  ): void {
    if (this.macros.get(name)?.persistent === true) return;
    this.macros.delete(name);
    this.macros.set(name, {
      name,
      value,
      persistent,
      used: false,
      isWord: isWord(value),
      source: place?.source ?? null,
      start: place?.start ?? 0,
      end: place?.end ?? 0,
    });
  }

  #token(c: number): number {
    if (isLetter(c)) return this.#word(true);
    if (isDigit(c)) return this.#numberOrMinus(c);
    switch (c) {
      case END:
        return Token.end;
      case Char.newline:
        this.line = this.file.line;
        this.file.line++;
        return Token.newline;
      case Char.quote:
      case Char.apostrophe:
        return this.#quotedString(c);
      case Char.exclamation:
        if (this.#dialect.joinedOperators && this.#follows(Char.equals)) return Token.notEqual;
        return c;
      case Char.less:
        if (this.#follows(Char.greater)) {
          this.operator = "<>";
          return Token.portBinary;
        }
        if (this.#dialect.joinedOperators && this.#follows(Char.equals)) return Token.lessEqual;
        return c;
      case Char.greater:
        if (this.#follows(Char.less)) {
          this.operator = "><";
          return Token.portBinary;
        }
        if (this.#dialect.joinedOperators && this.#follows(Char.equals)) return Token.greaterEqual;
        return c;
      case Char.minus: {
        const position = this.#lastPosition;
        const inExpansion = this.#lastInExpansion;
        if (this.#dialect.arrow && this.#follows(Char.greater)) return Token.arrow;
        // The minus is the character just read again, not the one after it.
        this.#lastPosition = position;
        this.#lastInExpansion = inExpansion;
        return this.#numberOrMinus(c);
      }
    }
    if (c === Char.colon || c === Char.underscore) return this.#word(false);
    if (!this.#strict) {
      // What an editor on another system leaves behind: said once, and then the file is read as it was meant.
      if (c === Char.carriageReturn && this.#atLineEnd()) {
        this.#sayOnce(
          "pf/carriage-return",
          "The lines of this file end in a carriage return and a line feed, as on Windows: pfctl calls that a syntax error. Save it with Unix line ends.",
        );
        return this.next();
      }
      if (c === BYTE_ORDER_MARK && this.start === 0) {
        this.#sayOnce(
          "pf/byte-order-mark",
          "The file begins with a byte order mark, which is a syntax error for pfctl. Save it as UTF-8 without one.",
        );
        return this.next();
      }
    }
    // A NUL ends the input for yacc: pfctl ignores everything after it without a word.
    if (c === 0) {
      this.end = this.file.position;
      this.#report.lexicalError(
        "",
        "pf/nul-character",
        "A NUL character: pfctl stops reading here and ignores the rest of the file. Remove it.",
        this.start,
        this.end,
      );
      if (this.#strict) return Token.end;
      return this.next();
    }
    return c;
  }

  #atLineEnd(): boolean {
    const { text, position, expansion } = this.file;
    return expansion === null && (position >= text.length || text.charCodeAt(position) === Char.newline);
  }

  #sayOnce(code: string, message: string): void {
    if (this.#said.has(`${code} ${this.file.name}`)) return;
    this.#said.add(`${code} ${this.file.name}`);
    this.end = this.file.position;
    this.#report.lexicalError("syntax error", code, message, this.start, this.end);
  }

  // The character just read starts the word. No keyword begins with anything but a letter.
  #word(maybeKeyword: boolean): number {
    const file = this.file;
    this.quoted = false;
    if (file.expansion === null && !this.#lastInExpansion) {
      const text = file.text;
      const first = this.#lastPosition;
      let hash = text.charCodeAt(first);
      let i = first + 1;
      let c = text.charCodeAt(i);
      while (c !== Char.backslash && isAllowedInString(c)) {
        hash = hashStep(hash, c);
        c = text.charCodeAt(++i);
      }
      if (c !== Char.backslash && i < text.length && i - first < BUFFER_SIZE - 1) {
        file.position = i;
        if (maybeKeyword) {
          const keyword = this.#keywordTable.find(text, first, i, hash);
          if (keyword >= 0) return keyword;
        }
        this.text = text.slice(first, i);
        return Token.string;
      }
    }
    if (file.expansion !== null && this.#lastInExpansion && this.#lastPosition === 0 && file.macro?.isWord === true) {
      const after = file.text.charCodeAt(file.position);
      if (!isAllowedInString(after) && after !== Char.backslash && file.position < file.text.length) {
        const value = file.expansion;
        file.expansion = null;
        return this.#finishWord(value, maybeKeyword);
      }
    }
    let word = "";
    let c = this.#lastCharacter();
    do {
      word += String.fromCharCode(c);
      if (word.length >= BUFFER_SIZE) return this.#tooLong();
      c = this.#get();
    } while (c !== END && isAllowedInString(c));
    this.#unget(c);
    return this.#finishWord(word, maybeKeyword);
  }

  #finishWord(word: string, maybeKeyword: boolean): number {
    if (maybeKeyword) {
      const keyword = this.#keywords.get(word);
      if (keyword !== undefined) return keyword;
    }
    this.text = word;
    return Token.string;
  }

  #numberOrMinus(first: number): number {
    const file = this.file;
    if (file.expansion === null && !this.#lastInExpansion && first !== Char.minus) {
      // Digits in the file itself: a number, or the beginning of a word such as `10.0.0.1`.
      const text = file.text;
      const start = this.#lastPosition;
      let i = start + 1;
      let c = text.charCodeAt(i);
      let value = first - 48;
      while (isDigit(c)) {
        value = value * 10 + c - 48;
        c = text.charCodeAt(++i);
      }
      if (c !== Char.backslash && i < text.length && i - start <= 15) {
        if (!endsNumber(c)) return this.#word(false);
        file.position = i;
        this.quoted = false;
        this.number = value;
        this.numberText = first === 48 ? `${value}` : text.slice(start, i);
        return Token.number;
      }
    }
    const saved = {
      position: this.#lastInExpansion ? file.position : this.#lastPosition,
      expansion: this.#lastInExpansion ? file.expansion : null,
      expansionPosition: this.#lastPosition,
      line: file.line,
      tokenLine: this.line,
    };
    let digits = String.fromCharCode(first);
    let c = this.#get();
    while (c !== END && isDigit(c)) {
      digits += String.fromCharCode(c);
      if (digits.length >= BUFFER_SIZE) return this.#tooLong();
      c = this.#get();
    }
    this.#unget(c);
    if (digits === "-") return Char.minus;
    if (c === END || endsNumber(c)) {
      return this.#finishNumber(digits);
    }
    // Not a number: a minus stands alone, digits begin a word (`10.0.0.1`, `3des`).
    this.file = file;
    file.line = saved.line;
    this.line = saved.tokenLine;
    file.expansion = saved.expansion;
    if (saved.expansion === null) file.position = saved.position;
    else file.expansionPosition = saved.expansionPosition;
    this.#get();
    if (first === Char.minus) return Char.minus;
    return this.#word(false);
  }

  #finishNumber(digits: string): number {
    this.quoted = false;
    if (digits.length <= 15) {
      this.number = Number(digits);
      this.numberText = `${this.number === 0 ? 0 : this.number}`;
      return Token.number;
    }
    const value = BigInt(digits);
    const problem = value > 0x7fffffffffffffffn ? "too large" : value < -0x8000000000000000n ? "too small" : null;
    if (problem !== null) {
      return this.#fail(
        `"${digits}" invalid number: ${problem}`,
        "pf/number-out-of-range",
        `The number ${digits.slice(0, 40)} is ${problem}: it does not fit 64 bits.`,
        true,
      );
    }
    this.number = Number(value);
    this.numberText = value.toString();
    return Token.number;
  }

  #quotedString(quote: number): number {
    const file = this.file;
    this.quoted = true;
    if (file.expansion === null) {
      // Most strings are on one line without a backslash: take them whole.
      const text = file.text;
      let i = file.position;
      let c = text.charCodeAt(i);
      while (c !== quote && c !== Char.backslash && c !== Char.newline && c !== 0 && i < text.length) {
        i++;
        c = text.charCodeAt(i);
      }
      if (c === quote && i < text.length && i - file.position < BUFFER_SIZE - 4) {
        this.text = text.slice(file.position, i);
        file.position = i + 1;
        if (this.text.length * 3 < BUFFER_SIZE || byteLength(this.text) < BUFFER_SIZE - 1) return Token.string;
        return this.#tooLong();
      }
    }
    const pieces: string[] = [];
    let length = 0;
    for (;;) {
      let c = this.#getQuoted(quote);
      if (c === END) return Token.end;
      if (c === Char.newline) {
        this.file.line++;
        continue;
      }
      if (c === Char.backslash) {
        const next = this.#getQuoted(quote);
        if (next === END) return Token.end;
        if (next === quote || (this.#dialect.quotedBlanks && (next === Char.space || next === Char.tab))) {
          c = next;
        } else if (next === Char.newline) {
          if (this.#dialect.quotedBlanks) this.file.line++;
          continue;
        } else this.#unget(next);
      } else if (c === quote) {
        this.text = pieces.join("");
        return Token.string;
      } else if (c === 0 && this.#dialect.quotedNulIsError) {
        return this.#fail("syntax error", "pf/nul-character", "A NUL character inside a quoted string. Remove it.");
      }
      length += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
      if (length >= BUFFER_SIZE - 1) return this.#tooLong();
      pieces.push(String.fromCharCode(c));
    }
  }

  // `$name`: the value is read next, and then the file after the name. Returns 0 or the kind of failure.
  #expandMacro(): number {
    const start = this.#lastPosition;
    let name = "";
    const { text, position } = this.file;
    let stop = position;
    while (isNameCharacter(text.charCodeAt(stop))) stop++;
    const whole = stop < text.length && text.charCodeAt(stop) !== Char.backslash && stop - position < BUFFER_SIZE - 2;
    if (whole) {
      name = text.slice(position, stop);
      this.file.position = stop;
    }
    while (!whole) {
      const c = this.#get();
      if (c === END) return END;
      if (name.length >= BUFFER_SIZE - 2) return this.#tooLong();
      if (!isAlphanumeric(c) && c !== Char.underscore) {
        this.#unget(c);
        break;
      }
      name += String.fromCharCode(c);
    }
    const macro = this.macros.get(name);
    this.end = this.file.position;
    if (macro === undefined) {
      return this.#fail(
        `macro '${name}' not defined`,
        "pf/undefined-macro",
        name === "" ? "A `$` must be followed by the name of a macro." : undefinedMacro(name, this.macros),
        true,
      );
    }
    macro.used = true;
    const file = this.file;
    file.expansion = macro.value;
    file.expansionPosition = 0;
    file.expansionStart = start;
    file.macro = macro;
    this.#report.macroUsed(macro, start, file.position);
    return 0;
  }

  #tooLong(): number {
    return this.#fail(
      "string too long",
      "pf/string-too-long",
      `A word or string is longer than the ${BUFFER_SIZE - 1} bytes that pfctl reads.`,
    );
  }

  // pfctl's `findeol`: the rest of the line goes, line end included. Older ones also forget the character they had
  // read ahead, and when that is the line end, the next line goes with it, uncounted.
  #fail(tool: string, code: string, message: string, readAhead = false): number {
    this.#report.lexicalError(tool, code, message, this.start, Math.max(this.file.position, this.start));
    if (this.#dialect.errorEndsExpansion) {
      if (readAhead && this.#strict && this.file.expansion === null) this.#get();
      this.file.expansion = null;
    }
    for (;;) {
      const c = this.#get();
      if (c === END) break;
      if (c === Char.newline) {
        if (this.#strict) this.file.line++;
        else this.#unget(c);
        break;
      }
    }
    this.end = this.file.position;
    return Token.error;
  }

  #follows(wanted: number): boolean {
    const c = this.#get();
    if (c === wanted) return true;
    this.#unget(c);
    return false;
  }

  #skipBlanks(): number {
    const file = this.file;
    if (file.expansion === null && !file.leadingNewline) {
      const text = file.text;
      let i = file.position;
      let c = text.charCodeAt(i);
      while (c === Char.space || c === Char.tab) c = text.charCodeAt(++i);
      file.position = i;
      if (c !== Char.backslash && i < text.length) {
        file.position = i + 1;
        this.#lastPosition = i;
        this.#lastInExpansion = false;
        this.#lastWasFakeEnd = false;
        return c;
      }
    }
    let c = this.#get();
    while (c === Char.space || c === Char.tab) c = this.#get();
    return c;
  }

  // A comment runs to the line end, which it leaves as the token. A backslash continues it.
  #skipComment(): number {
    let c: number;
    do {
      const file = this.file;
      if (file.expansion === null) {
        const text = file.text;
        let i = file.position;
        for (;;) {
          const code = text.charCodeAt(i);
          if (i >= text.length || code === Char.newline || code === Char.backslash) break;
          i++;
        }
        file.position = i;
      }
      c = this.#get();
    } while (c !== Char.newline && c !== END);
    return c;
  }

  #lastCharacter(): number {
    const file = this.file;
    return this.#lastInExpansion
      ? (file.expansion as string).charCodeAt(this.#lastPosition)
      : file.text.charCodeAt(this.#lastPosition);
  }

  // `lgetc(0)`: joins continued lines, drops other backslashes, ends files.
  #get(): number {
    for (;;) {
      const c = this.#raw();
      if (c === Char.backslash && (this.#dialect.backslashInMacros || !this.#lastInExpansion)) {
        const next = this.#raw();
        if (next === Char.newline) {
          this.line = this.file.line;
          this.file.line++;
          continue;
        }
        return next === END ? this.#endOfFile() : next;
      }
      return c === END ? this.#endOfFile() : c;
    }
  }

  // `lgetc(quote)`.
  #getQuoted(quote: number): number {
    const c = this.#raw();
    if (c !== END) return c;
    this.#report.lexicalError(
      "reached end of file while parsing quoted string",
      "pf/unterminated-string",
      `The string that starts here is never closed: the ${String.fromCharCode(quote)} is missing.`,
      this.start,
      this.start + 1,
    );
    if (this.file.parent === null) return END;
    this.file = this.file.parent;
    return quote;
  }

  #endOfFile(): number {
    if (this.#dialect.fakeLastNewline && !this.file.endSeen) {
      this.file.endSeen = true;
      this.#lastWasFakeEnd = true;
      return Char.newline;
    }
    for (;;) {
      if (this.file.parent === null) {
        this.#lastWasFakeEnd = false;
        return END;
      }
      this.file = this.file.parent;
      const c = this.#raw();
      if (c !== END) return c;
    }
  }

  // `igetc`: one character, first of the macro being expanded.
  #raw(): number {
    const file = this.file;
    this.#lastWasFakeEnd = false;
    if (file.leadingNewline) {
      file.leadingNewline = false;
      this.#lastPosition = file.position;
      this.#lastInExpansion = false;
      return Char.newline;
    }
    if (file.expansion !== null) {
      if (file.expansionPosition < file.expansion.length) {
        this.#lastPosition = file.expansionPosition++;
        this.#lastInExpansion = true;
        return file.expansion.charCodeAt(this.#lastPosition);
      }
      file.expansion = null;
    }
    this.#lastInExpansion = false;
    this.#lastPosition = file.position;
    if (file.position >= file.text.length) return END;
    return file.text.charCodeAt(file.position++);
  }

  #unget(c: number): void {
    if (c === END) return;
    if (this.#lastWasFakeEnd) {
      this.file.endSeen = false;
      return;
    }
    if (this.#lastInExpansion) this.file.expansionPosition = this.#lastPosition;
    else this.file.position = this.#lastPosition;
  }
}

function isNameCharacter(c: number): boolean {
  return isAlphanumeric(c) || c === Char.underscore;
}

function isWord(value: string): boolean {
  const first = value.charCodeAt(0);
  if (!isLetter(first) || value.length >= BUFFER_SIZE - 1) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (!isAllowedInString(c) || c === Char.backslash) return false;
  }
  return true;
}

function endsNumber(c: number): boolean {
  return (
    isSpace(c) || c === Char.close || c === Char.comma || c === Char.slash || c === Char.closeBrace || c === Char.equals
  );
}

/** Bytes of a text in UTF-8: pfctl's limits count bytes. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x800) {
      bytes += 2;
      // A surrogate pair is four bytes, not six.
      if (c >= 0xd800 && c < 0xe000) bytes--;
    } else if (c >= 0x80) bytes++;
  }
  return bytes;
}

/** With more macros than this, nobody looks for the one that was meant. */
const COMPARED_MAXIMUM = 300;

function undefinedMacro(name: string, defined: ReadonlyMap<string, Macro>): string {
  const meant = name.length > 64 || defined.size > COMPARED_MAXIMUM ? null : nearest(name, defined.keys());
  return meant === null
    ? `The macro \`${name}\` is not defined. Define it above: \`${name} = "…"\`.`
    : `The macro \`${name}\` is not defined. Did you mean \`$${meant}\`?`;
}
