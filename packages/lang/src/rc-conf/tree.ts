import type { Diagnostic, Source, Span } from "@pierhead/core";

/** A stretch of a value. */
export type ValuePart =
  | { readonly kind: "text"; readonly text: string; readonly span: Span; readonly quoted: boolean }
  /** `$name`, `${name}`, `${name:-default}` and its relatives `-`, `:=`, `=`, `:+`, `+`. */
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly operator: ":-" | "-" | ":=" | "=" | ":+" | "+" | null;
      readonly fallback: string;
      readonly span: Span;
    }
  /** A command substitution, arithmetic, or an expansion too clever to follow: only the shell knows the value. */
  | { readonly kind: "opaque"; readonly text: string; readonly span: Span };

export interface RcAssignment {
  readonly name: string;
  readonly nameSpan: Span;
  readonly parts: readonly ValuePart[];
  readonly valueSpan: Span;
}

export type RcStatement =
  | { readonly kind: "blank" | "comment"; readonly span: Span }
  | { readonly kind: "assignment"; readonly assignments: readonly RcAssignment[]; readonly span: Span }
  /** Shell that is no plain assignment: `if`, `.`, a function. */
  | { readonly kind: "shell"; readonly span: Span }
  /** A line the reader of the system skips. */
  | { readonly kind: "ignored"; readonly span: Span };

/** An rc.conf(5) file or rc.conf.local(8). */
export interface RcConf {
  readonly source: Source;
  /** Their spans follow each other without a gap. */
  readonly statements: readonly RcStatement[];
  readonly diagnostics: readonly Diagnostic[];
}
