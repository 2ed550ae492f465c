import type { Diagnostic, Fix, Source, Span } from "@pierhead/core";

/** A range in a file for machines: lines and columns from 1, the end is exclusive. */
export interface JsonPlace {
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One diagnostic of `check --json`; the shape is a contract (DESIGN, "The command line"). */
export interface JsonDiagnostic extends JsonPlace {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly related: readonly (JsonPlace & { readonly message: string })[];
  readonly fix: { readonly title: string; readonly edits: readonly (JsonPlace & { readonly text: string })[] } | null;
}

export interface Summary {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

export function placeOf(source: Source | null, span: Span): JsonPlace {
  if (source === null) return { file: null, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const start = source.position(span.start);
  const end = source.position(Math.max(span.start, span.end));
  return { file: source.name, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

export function jsonDiagnostic(diagnostic: Diagnostic): JsonDiagnostic {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    ...placeOf(diagnostic.source, diagnostic.span),
    related: diagnostic.related.map((place) => ({ message: place.message, ...placeOf(place.source, place.span) })),
    fix: diagnostic.fix === null ? null : jsonFix(diagnostic.fix),
  };
}

function jsonFix(fix: Fix): NonNullable<JsonDiagnostic["fix"]> {
  return {
    title: fix.title,
    edits: fix.edits.map((edit) => ({ text: edit.text, ...placeOf(edit.source, edit.span) })),
  };
}

export function summarize(diagnostics: readonly Diagnostic[]): Summary {
  const summary = { errors: 0, warnings: 0, notes: 0 };
  for (const { severity } of diagnostics) {
    if (severity === "error") summary.errors++;
    else if (severity === "warning") summary.warnings++;
    else summary.notes++;
  }
  return summary;
}

export function jsonReport(diagnostics: readonly Diagnostic[]): string {
  return JSON.stringify({ diagnostics: diagnostics.map(jsonDiagnostic), summary: summarize(diagnostics) }, null, 2);
}
