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
  for (const token of tokensOf(syntax.statements)) {
    const { start, end } = token.span;
    // Tokens out of one macro share its place.
    if (end <= at) continue;
    pieces.push(text.slice(at, start), text.slice(Math.max(at, start), end));
    at = end;
  }
  pieces.push(text.slice(at));
  return pieces.join("");
}

/** All tokens in the order of the file, those of bodies between the braces of their anchors. */
export function* tokensOf(statements: readonly SyntaxStatement[]): Generator<SyntaxToken> {
  const stack: { list: readonly SyntaxStatement[]; index: number; rest: readonly SyntaxToken[] }[] = [
    { list: statements, index: 0, rest: [] },
  ];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const statement = top.list[top.index++];
    if (statement === undefined) {
      yield* top.rest;
      stack.pop();
      continue;
    }
    const { tokens, body } = statement;
    if (body === null) {
      yield* tokens;
      continue;
    }
    const first = body[0];
    const inside = first === undefined ? tokens.length : tokens.findIndex((it) => it.span.start >= first.span.start);
    const split = inside === -1 ? tokens.length : inside;
    yield* tokens.slice(0, split);
    stack.push({ list: body, index: 0, rest: tokens.slice(split) });
  }
}
