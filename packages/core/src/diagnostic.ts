import type { Source, Span } from "./source.ts";

/** `error`: will not load or will not do what it says; `warning`: probably wrong; `note`: worth knowing. */
export type Severity = "error" | "warning" | "note";

/** One replacement of a range of a source by `text`. */
export interface Edit {
  readonly source: Source;
  readonly span: Span;
  readonly text: string;
}

/** A change that is safe to make without thinking: it keeps or restores the meaning. */
export interface Fix {
  /** What the fix does, in the imperative: "write `allworking`". */
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** Another place that explains a diagnostic. */
export interface RelatedPlace {
  readonly source: Source;
  readonly span: Span;
  readonly message: string;
}

/** What any reader or check has to say. One type for all languages. */
export interface Diagnostic {
  /** Stable, `language/what-is-wrong`; every code has an entry in docs/diagnostics.md. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence in plain words, with what to do when that is known. */
  readonly message: string;
  /** Where it is; null when it is about something that no file says (a file that is missing). */
  readonly source: Source | null;
  readonly span: Span;
  readonly related: readonly RelatedPlace[];
  readonly fix: Fix | null;
}

/** Makes a diagnostic; related places and fix are optional. */
export function diagnostic(
  code: string,
  severity: Severity,
  message: string,
  source: Source | null,
  span: Span,
  extra: { readonly related?: readonly RelatedPlace[]; readonly fix?: Fix | null } = {},
): Diagnostic {
  return { code, severity, message, source, span, related: extra.related ?? [], fix: extra.fix ?? null };
}

/** Orders diagnostics by file name, then place, then severity. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  const fileA = a.source?.name ?? "";
  const fileB = b.source?.name ?? "";
  if (fileA !== fileB) return fileA < fileB ? -1 : 1;
  return a.span.start - b.span.start || a.span.end - b.span.end || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}
