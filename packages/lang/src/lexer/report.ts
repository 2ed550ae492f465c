import { type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import type { Origin } from "./grammar.ts";
import type { Lexer, LexerError } from "./lexer.ts";
import type { ParseEvents } from "./parser.ts";

/** What to do about each error that the lexer finds. */
const LEXER_ADVICE: Record<LexerError, string> = {
  "unterminated-quote": "A quoted string is not closed before the file ends; add the missing quote.",
  "string-too-long": "A word is longer than the parser's buffer (8095 octets); shorten it.",
  "undefined-macro": "is used but not defined before this line; define it or correct its name.",
  "invalid-number": "is outside what the parser can hold (64 bits); write a smaller number.",
  "nul-in-quote": "A NUL character stands inside quotes; remove it.",
};

/** Diagnostic codes of a language for what every language of this family can report. */
export type ReportCodes = Readonly<Record<LexerError | "syntax-error" | "too-deep", string>>;

/** Names of tokens for people. */
const TOKEN_NAMES: Record<string, string> = {
  $end: "the end of the file",
  nl: "the end of the line",
  STRING: "a word",
  NUMBER: "a number",
};

/**
 * What one run of a parser says: the tool's own messages in `stderr`, and the same for people as diagnostics. The
 * diagnostics go further: they also name the errors that yacc keeps quiet about while it recovers.
 */
export class ParseReport implements ParseEvents {
  readonly stderr: string[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly lexer: Lexer;
  readonly #codes: ReportCodes;
  /** Between line number and text: `file: 3: ` or `file:3: `. */
  readonly #separator: string;
  /** Words by token name, for the list of what was expected. */
  readonly #words: ReadonlyMap<string, string>;
  halted = false;
  /** Exit status once the program has ended itself. */
  exit = 0;
  #silentLine = -1;
  #silentSource: unknown = null;

  constructor(lexer: Lexer, codes: ReportCodes, separator: ": " | ":", words: ReadonlyMap<string, string>) {
    this.lexer = lexer;
    this.#codes = codes;
    this.#separator = separator;
    this.#words = words;
    lexer.report = (kind, text) => this.#lexerError(kind, text);
  }

  /** `yyerror`: one line on standard error, one error counted, one diagnostic. */
  error(code: string, text: string, origin: Origin, advice?: string): void {
    this.lexer.countError();
    this.say(text);
    this.note(code, "error", advice ?? sentence(text), origin);
  }

  /** `yywarn`: the same without counting. */
  warn(code: string, text: string, origin: Origin, advice?: string): void {
    this.say(text);
    this.note(code, "warning", advice ?? sentence(text), origin);
  }

  /** A line of standard error with file and line before it. */
  say(text: string): void {
    this.stderr.push(`${this.lexer.file.name}:${this.#separator.slice(1)}${this.lexer.line}: ${text}\n`);
  }

  note(code: string, severity: Severity, message: string, origin: Origin): void {
    this.diagnostics.push(diagnostic(code, severity, message, origin.source, origin.span));
  }

  /** The program ends here with `text` on standard error, and status 1. */
  fatal(code: string, text: string, origin: Origin, advice?: string): void {
    this.stderr.push(`${text}\n`);
    this.note(code, "error", advice ?? sentence(text), origin);
    this.halted = true;
    this.exit = 1;
  }

  /** The program ends here because of an error reported before. */
  end(text: string): void {
    this.stderr.push(`${text}\n`);
    this.halted = true;
    this.exit = 1;
  }

  /** Place of the token read last. */
  get here(): Origin {
    const { source, start, end } = this.lexer;
    return { source, span: { start, end } };
  }

  syntaxError(expected: () => readonly string[]): void {
    this.lexer.countError();
    this.say("syntax error");
    this.#remember();
    // After an error of the lexer's own the token is what it skipped; that has been reported.
    if (this.#failedToken()) return;
    this.note(
      this.#codes["syntax-error"],
      "error",
      `Unexpected ${this.#found()}; ${this.#expectation(expected())}.`,
      this.here,
    );
  }

  silentError(): void {
    const { line, source } = this.lexer;
    if (this.#failedToken() || (line === this.#silentLine && source === this.#silentSource)) return;
    this.#remember();
    this.note(this.#codes["syntax-error"], "error", `Unexpected ${this.#found()}.`, this.here);
  }

  overflow(): void {
    this.error(
      this.#codes["too-deep"],
      "yacc stack overflow",
      this.here,
      "The parser gives up here: too many symbols are open.",
    );
  }

  #remember(): void {
    this.#silentLine = this.lexer.line;
    this.#silentSource = this.lexer.source;
  }

  #failedToken(): boolean {
    return this.lexer.failed;
  }

  #lexerError(kind: LexerError, text: string): void {
    const advice = LEXER_ADVICE[kind];
    const subject = /^(?:macro )?('.*'|".*")/.exec(text);
    const message = subject === null || /^[A-Z]/.test(advice) ? advice : `Macro ${subject[1]} ${advice}`;
    const number = kind === "invalid-number" && subject !== null ? `${subject[1]} ${advice}` : message;
    this.error(this.#codes[kind], text, this.here, number);
  }

  #found(): string {
    const { source, start, end } = this.lexer;
    if (start >= source.text.length) return TOKEN_NAMES.$end as string;
    if (source.text.charCodeAt(start) === 10) return TOKEN_NAMES.nl as string;
    const text = source.text.slice(start, Math.min(end, start + 40));
    return `"${text.replaceAll("\n", " ")}${end - start > 40 ? "…" : ""}"`;
  }

  #expectation(names: readonly string[]): string {
    const words = names
      .filter((name) => name !== "error" && name !== "ERROR")
      .map((name) => TOKEN_NAMES[name] ?? this.#words.get(name) ?? name.replaceAll("'", ""));
    if (words.length === 0) return "nothing may follow here";
    if (words.length > 8) return "no statement or option of the language continues so";
    const last = words.pop() as string;
    return words.length === 0 ? `expected ${last}` : `expected ${words.join(", ")} or ${last}`;
  }
}

/** The tool's text as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim().replace(/\.$/, "");
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}
