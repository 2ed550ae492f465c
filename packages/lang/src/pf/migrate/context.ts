import type { Diagnostic, NetworkInterface, Source } from "@pierhead/core";
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
  /** The machine's interfaces: to find the one a next hop is behind, where the other release wants it named. */
  readonly interfaces?: readonly NetworkInterface[];
}

/** What the rewriting of one statement needs. */
export interface MigrationContext {
  readonly source: Source;
  readonly from: PfDialect;
  readonly to: PfDialect;
  readonly guard: boolean;
  readonly out: Rewriter;
  readonly interfaces: readonly NetworkInterface[];
  /** Where old translation rules are to stand: before the first filter rule. */
  readonly firstRule: number | null;
  /** Where the first `nat` rule begins; null without. */
  readonly firstNat: number | null;
  /** Names of anchors that filter rules call. */
  readonly filterAnchors: ReadonlySet<string>;
  /** Names of translation anchors that became plain ones. */
  readonly movedAnchors: Set<string>;
  /** Tags that were made up so far. */
  readonly counters: { tags: number };
  /** Says that a statement stays as it is, and what to do. */
  left(statement: SyntaxStatement, message: string): void;
  /** Says that a statement was rewritten and lost something. */
  note(statement: SyntaxStatement, message: string): void;
}

/** The clause of this name; null without. */
export function clauseOf(statement: SyntaxStatement, name: string): SyntaxClause | null {
  return statement.clauses.find((one) => one.name === name) ?? null;
}
