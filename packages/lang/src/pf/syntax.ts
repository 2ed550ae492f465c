/**
 * The lossless syntax of one pf.conf: every token with its place and role, grouped into statements and clauses. What
 * lies between tokens (blanks, comments, joined lines) is in the source text, so that printing gives back the file.
 */
import type { Source, Span } from "@pierhead/core";
import type { PfDiagnostic } from "./result.ts";

/** What a token is for. */
export type TokenRole =
  | "keyword"
  | "punctuation"
  | "operator"
  | "interface"
  | "address"
  | "table"
  | "anchor"
  | "macro-definition"
  | "macro-value"
  | "macro-reference"
  | "label"
  | "tag"
  | "queue"
  | "port"
  | "protocol"
  | "user"
  | "group"
  | "number"
  | "string"
  | "option"
  | "file"
  | "os"
  | "flags"
  | "unknown";

export interface SyntaxToken {
  readonly role: TokenRole;
  readonly span: Span;
  /** Text after unquoting; for a macro reference its name. */
  readonly text: string;
  /** It came out of the macro reference before it, and shares its span. */
  readonly expanded: boolean;
}

/** A named part of a statement: `on`, `from`, `to`, `nat-to`, `keep`, … */
export interface SyntaxClause {
  readonly name: string;
  readonly span: Span;
  /** Range of {@link SyntaxStatement.tokens}. */
  readonly first: number;
  readonly last: number;
}

export type StatementKind =
  | "macro"
  | "set"
  | "table"
  | "queue"
  | "altq"
  | "include"
  | "load-anchor"
  | "antispoof"
  | "anchor"
  | "rule"
  | "scrub"
  | "nat"
  | "rdr"
  | "binat"
  | "ether"
  | "limiter"
  | "error";

export interface SyntaxStatement {
  readonly kind: StatementKind;
  /** From the first token to the last one before the line end. */
  readonly span: Span;
  readonly tokens: readonly SyntaxToken[];
  readonly clauses: readonly SyntaxClause[];
  /** Statements inside the braces of an inline anchor; null for others. */
  readonly body: readonly SyntaxStatement[] | null;
  /** It has an error. */
  readonly broken: boolean;
}

export interface PfSyntax {
  readonly source: Source;
  readonly statements: readonly SyntaxStatement[];
  readonly diagnostics: readonly PfDiagnostic[];
}

/** The text of the file put together again from its statements, tokens and what lies between them. */
export function printSyntax(syntax: PfSyntax): string {
  const text = syntax.source.text;
  const pieces: string[] = [];
  let at = 0;
  const stack: { list: readonly SyntaxStatement[]; index: number }[] = [{ list: syntax.statements, index: 0 }];
  const emit = (start: number, end: number): void => {
    if (start > at) pieces.push(text.slice(at, start));
    if (end > Math.max(at, start)) pieces.push(text.slice(Math.max(at, start), end));
    at = Math.max(at, end);
  };
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { list: readonly SyntaxStatement[]; index: number };
    const statement = top.list[top.index++];
    if (statement === undefined) {
      stack.pop();
      continue;
    }
    for (const token of statement.tokens)
      if (statement.body === null || token.span.end <= bodyStart(statement)) emit(token.span.start, token.span.end);
    if (statement.body !== null) stack.push({ list: statement.body, index: 0 });
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces.join("");
}

function bodyStart(statement: SyntaxStatement): number {
  return statement.body?.[0]?.span.start ?? statement.span.end;
}
