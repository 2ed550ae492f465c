import type { Diagnostic, Source } from "@pierhead/core";
import type { PfDialect } from "../dialect.ts";
import type { SyntaxClause, SyntaxStatement } from "../syntax.ts";
import type { MigrationChange, Rewriter } from "./rewriter.ts";

export interface Migration {
  readonly text: string;
  readonly changes: readonly MigrationChange[];
  /** What was left as it was, and what to look at. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface MigrateOptions {
  /**
   * Make the first translation that matches the only one, by a tag, as it was when translation rules were apart. Needed
   * where translation rules overlap or exempt (`no nat`).
   */
  readonly guard?: boolean;
}

/** What the rewriting of one statement needs. */
export interface MigrationContext {
  readonly source: Source;
  readonly from: PfDialect;
  readonly to: PfDialect;
  readonly guard: boolean;
  readonly out: Rewriter;
  /** Where the first `nat` rule begins; null without. */
  readonly firstNat: number | null;
  /** Names of anchors that filter rules call. */
  readonly filterAnchors: ReadonlySet<string>;
  /** Names of translation anchors that became plain ones. */
  readonly movedAnchors: Set<string>;
  left(statement: SyntaxStatement, message: string): void;
}

/** The clause of this name; null without. */
export function clauseOf(statement: SyntaxStatement, name: string): SyntaxClause | null {
  return statement.clauses.find((one) => one.name === name) ?? null;
}
