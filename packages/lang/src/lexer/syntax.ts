import type { Source, Span } from "@pierhead/core";

/** One token of a file with what stands before it (blanks, comments, joined lines, text that was skipped). */
export interface SyntaxToken {
  readonly leading: Span;
  readonly span: Span;
  /** `word`, `string`, `number`, `keyword`, `macro`, `punctuation`, `line-end`. */
  readonly kind: SyntaxKind;
}

export type SyntaxKind = "word" | "string" | "number" | "keyword" | "macro" | "punctuation" | "line-end";

/** One statement: its first token, and the one behind its last, as indices into the tokens of its file. */
export interface SyntaxStatement {
  readonly kind: string;
  readonly first: number;
  readonly last: number;
  readonly span: Span;
}

/** A file without loss: the texts of all tokens with what precedes them, and the tail, make up the file. */
export class SyntaxFile {
  readonly source: Source;
  readonly tokens: readonly SyntaxToken[];
  readonly statements: readonly SyntaxStatement[];

  constructor(source: Source, tokens: readonly SyntaxToken[], statements: readonly SyntaxStatement[]) {
    this.source = source;
    this.tokens = tokens;
    this.statements = statements;
  }

  /** The file's text, put together again from its tokens. */
  print(): string {
    const { text } = this.source;
    const parts: string[] = [];
    let end = 0;
    for (const token of this.tokens) {
      parts.push(text.slice(token.leading.start, token.leading.end), text.slice(token.span.start, token.span.end));
      end = token.span.end;
    }
    parts.push(text.slice(end));
    return parts.join("");
  }
}

/** Collects tokens as the lexer delivers them and statements as the parser completes them. */
export class SyntaxBuilder {
  readonly #source: Source;
  readonly #tokens: SyntaxToken[] = [];
  readonly #statements: SyntaxStatement[] = [];
  #end = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Adds a token; one that overlaps the token before (a macro of several words) becomes part of it. */
  token(kind: SyntaxKind, start: number, end: number): void {
    if (end <= this.#end) return;
    const from = Math.max(start, this.#end);
    const last = this.#tokens[this.#tokens.length - 1];
    if (start < this.#end && last !== undefined) {
      this.#tokens[this.#tokens.length - 1] = { ...last, span: { start: last.span.start, end } };
    } else {
      const macro = this.#source.text.charCodeAt(from) === 36 && kind !== "punctuation";
      this.#tokens.push({
        leading: { start: this.#end, end: from },
        span: { start: from, end },
        kind: macro ? "macro" : kind,
      });
    }
    this.#end = end;
  }

  statement(kind: string, span: Span): void {
    const first = this.#firstFrom(span.start);
    const last = Math.max(first, this.#firstFrom(span.end));
    this.#statements.push({ kind, first, last, span });
  }

  /** Index of the first token that starts at `offset` or behind it. */
  #firstFrom(offset: number): number {
    let low = 0;
    let high = this.#tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#tokens[middle] as SyntaxToken).span.start < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  finish(): SyntaxFile {
    return new SyntaxFile(this.#source, this.#tokens, this.#statements);
  }
}
