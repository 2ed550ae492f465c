import { type Diagnostic, diagnostic, type Fix, type Source, type Span } from "@pierhead/core";
import type { ProbeDefinition } from "./extensions.ts";
import { Lexer, type MacroValue, type Token } from "./lexer.ts";
import { Suggestions } from "./suggestions.ts";
import type { Action, MacroDefinition } from "./tree.ts";

/** The parser's position and what it has to say. Shared with `parse-expression.ts`. */
export class Parser {
  readonly source: Source;
  readonly lexer: Lexer;
  readonly diagnostics: Diagnostic[] = [];
  readonly spans: Span[] = [];
  /** Last definition of each macro so far. */
  readonly definitions: Map<string, MacroDefinition> = new Map();
  /** Macros of the command line. */
  readonly fixed: ReadonlyMap<string, string>;
  readonly used: Set<MacroDefinition> = new Set();
  /** Names of the states of the file; complete when the checks of {@link later} run. */
  readonly states: Set<string> = new Set();
  /** Targets that were complained about already. */
  readonly suspectTargets: Set<Action> = new Set();
  /** Token before which a block was found unclosed: the blocks around it end there too, without a word. */
  unclosedAt: Token | null = null;
  /** End of the last range something was wrong with. */
  #wrongUntil = -1;
  readonly suggestions: Suggestions = new Suggestions();
  /** Whether the extensions of `pierhead monitor` are read. */
  readonly extensions: boolean;
  /** Probes by name, in file order. */
  readonly probes: Map<string, ProbeDefinition> = new Map();
  /** Places where an extension is used. */
  readonly extended: Span[] = [];
  readonly #later: (() => void)[] = [];
  #token: Token;
  /** End of the token before the current one. */
  lastEnd = 0;
  /** Quotes whose string swallowed what looks like a statement. */
  readonly suspicious: number[] = [];
  /** Quote that has no partner before the end of the file. */
  unterminated: number | null = null;

  constructor(
    source: Source,
    fixed: ReadonlyMap<string, string>,
    broken: ReadonlySet<number>,
    extensions: boolean = false,
  ) {
    this.source = source;
    this.extensions = extensions;
    this.fixed = fixed;
    this.lexer = new Lexer(
      source,
      (name) => this.#macro(name),
      (message, start, end) => this.#lexical(message, { start, end }),
      { tolerant: true, brokenQuotes: broken },
    );
    for (const start of broken) {
      const end = this.source.text.indexOf("\n", start);
      const span = { start, end: end === -1 ? this.source.text.length : end };
      this.error("ifstated/unterminated-string", "this string is not closed on its line; add the closing quote", span);
    }
    this.#token = this.#read();
  }

  get token(): Token {
    return this.#token;
  }

  get kind(): string {
    return this.#token.kind;
  }

  take(): Token {
    const token = this.#token;
    this.lastEnd = token.end;
    this.#token = this.#read();
    return token;
  }

  span(token: Token): Span {
    return { start: token.start, end: token.end };
  }

  from(start: number): Span {
    return { start, end: Math.max(start, this.lastEnd) };
  }

  error(
    code: string,
    message: string,
    span: Span,
    extra?: { fix?: Fix | null; related?: Diagnostic["related"] },
  ): void {
    this.#wrongUntil = span.end;
    this.diagnostics.push(diagnostic(code, "error", message, this.source, span, extra));
  }

  /** Whether something was wrong on the line of the current token already. */
  get wrongOnThisLine(): boolean {
    return this.#wrongUntil >= 0 && !this.source.text.slice(this.#wrongUntil, this.#token.start).includes("\n");
  }

  replace(title: string, span: Span, text: string): Fix {
    return { title, edits: [{ source: this.source, span, text }] };
  }

  /** For checks that need the whole file. */
  later(check: () => void): void {
    this.#later.push(check);
  }

  finish(): void {
    for (const check of this.#later) check();
  }

  /** How the token is called in a message. */
  describe(token: Token): string {
    switch (token.kind) {
      case "\n":
        return "the end of the line";
      case "$end":
        return "the end of the file";
      case "STRING":
        return token.quoted ? "a string" : `\`${token.text}\``;
      default:
        return `\`${token.text}\``;
    }
  }

  /** Drops tokens up to the end of the line, or a brace that belongs to a block. */
  skipLine(): void {
    while (this.kind !== "\n" && this.kind !== "$end" && this.kind !== "{" && this.kind !== "}") this.take();
  }

  skipNewlines(): void {
    while (this.kind === "\n") this.take();
  }

  #read(): Token {
    const token = this.lexer.next();
    if (token.kind !== "$end" && token.end > token.start) this.spans.push(this.span(token));
    if (token.suspicious) this.suspicious.push(token.start);
    if (token.kind !== "UNTERMINATED") return token;
    this.unterminated ??= token.start;
    return { ...token, kind: "STRING", quoted: true };
  }

  #macro(name: string): MacroValue | null {
    const definition = this.definitions.get(name) ?? null;
    if (definition !== null) this.used.add(definition);
    const fixed = this.fixed.get(name);
    if (fixed !== undefined) return { value: fixed, definition: null };
    return definition === null ? null : { value: definition.value, definition };
  }

  #lexical(message: string, span: Span): void {
    const macro = /^macro '(.*)' not defined$/.exec(message);
    if (macro !== null) {
      const name = macro[1] as string;
      const near = this.suggestions.nearest(name, this.definitions.keys());
      const fix = near === null ? null : this.replace(`write \`$${near}\``, span, `$${near}`);
      const hint = near === null ? "define it before this line" : `did you mean \`$${near}\`?`;
      this.error("ifstated/undefined-macro", `macro \`${name}\` is not defined here; ${hint}`, span, { fix });
    } else if (message.startsWith("reached end of file")) {
      // Told where the string starts, once it is known which quote is the culprit.
    } else if (message === "string too long") {
      this.error(
        "ifstated/string-too-long",
        "a string can have at most 8094 octets; put the commands into a script",
        span,
      );
    } else if (message === "syntax error") {
      this.error("ifstated/syntax", "a string cannot hold a NUL character", span);
    } else this.error("ifstated/invalid-number", `this number does not fit in 64 bits`, span);
  }
}

/** Where the code of the current line ends, for messages about the rest of a line. */
export function lineEnd(parser: Parser): number {
  const { text } = parser.source;
  const end = text.indexOf("\n", parser.token.start);
  return end === -1 ? text.length : end;
}
