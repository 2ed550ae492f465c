/** Collects the syntax tree while the reader reads: tokens, clauses, statements and bodies of anchors. */
import type { Severity, Source } from "@pierhead/core";
import type { StatementKind, SyntaxClause, SyntaxStatement, SyntaxToken, TokenRole } from "../syntax.ts";
import type { Lexer, Macro } from "./lexer.ts";
import { Token } from "./tokens.ts";

interface OpenStatement {
  kind: StatementKind;
  readonly tokens: SyntaxToken[];
  readonly clauses: { name: string; first: number }[];
  body: SyntaxStatement[] | null;
  broken: boolean;
}

export class Recorder {
  readonly source: Source;
  readonly statements: SyntaxStatement[] = [];
  readonly #open: OpenStatement[] = [];
  readonly #lists: SyntaxStatement[][] = [this.statements];
  #pendingMacro: SyntaxToken | null = null;

  constructor(source: Source) {
    this.source = source;
  }

  beginStatement(): void {
    this.#open.push({ kind: "error", tokens: [], clauses: [], body: null, broken: false });
  }

  kind(kind: StatementKind): void {
    const open = this.#open[this.#open.length - 1];
    if (open !== undefined) open.kind = kind;
  }

  clause(name: string): void {
    const open = this.#open[this.#open.length - 1];
    open?.clauses.push({ name, first: open.tokens.length });
  }

  token(kind: number, role: TokenRole, lexer: Lexer): void {
    if (lexer.source !== this.source || kind === Token.newline || kind === Token.end) return;
    const open = this.#open[this.#open.length - 1];
    if (open === undefined) return;
    const expanded = lexer.macro !== null;
    if (this.#pendingMacro !== null) {
      if (open.tokens[open.tokens.length - 1]?.span.start !== this.#pendingMacro.span.start) {
        open.tokens.push(this.#pendingMacro);
      }
      this.#pendingMacro = null;
    }
    open.tokens.push({
      role,
      span: { start: lexer.start, end: lexer.end },
      text: kind === Token.string ? lexer.text : this.source.text.slice(lexer.start, lexer.end),
      expanded,
    });
  }

  /** A token that recovery passed over. */
  dropped(lexer: Lexer): void {
    this.token(Token.error, "unknown", lexer);
  }

  macroUsed(macro: Macro, start: number, end: number, source: Source): void {
    if (source !== this.source) return;
    this.#pendingMacro = { role: "macro-reference", span: { start, end }, text: macro.name, expanded: false };
  }

  broken(severity: Severity): void {
    const open = this.#open[this.#open.length - 1];
    if (open !== undefined && severity === "error") open.broken = true;
  }

  openBody(): void {
    const open = this.#open[this.#open.length - 1];
    if (open === undefined) return;
    open.body = [];
    this.#lists.push(open.body);
  }

  closeBody(): void {
    if (this.#lists.length > 1) this.#lists.pop();
  }

  /** An error left a body: it ends where its statement does. */
  abandonBodies(): void {
    const open = this.#open[this.#open.length - 1];
    const at = open?.body === null || open?.body === undefined ? -1 : this.#lists.indexOf(open.body);
    if (at > 0) this.#lists.length = at;
  }

  endStatement(): void {
    const open = this.#open.pop();
    if (open === undefined) return;
    const { tokens, clauses, body } = open;
    const first = tokens[0];
    const last = tokens[tokens.length - 1];
    if (first === undefined || last === undefined) return;
    const named: SyntaxClause[] = [];
    for (let i = 0; i < clauses.length; i++) {
      const clause = clauses[i] as { name: string; first: number };
      const end = clauses[i + 1]?.first ?? tokens.length;
      const from = tokens[clause.first];
      const to = tokens[end - 1];
      if (from === undefined || to === undefined || end <= clause.first) continue;
      named.push({
        name: clause.name,
        span: { start: from.span.start, end: to.span.end },
        first: clause.first,
        last: end,
      });
    }
    const list = this.#lists[this.#lists.length - 1] as SyntaxStatement[];
    list.push({
      kind: open.kind,
      span: { start: first.span.start, end: last.span.end },
      tokens,
      clauses: named,
      body,
      broken: open.broken,
    });
  }
}
