import type { Diagnostic } from "@pierhead/core";

/** One line a diagnostic, for messages of failing tests. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => {
    const place = one.source?.position(one.span.start);
    const where = place === undefined ? "" : `${one.source?.name}:${place.line}:${place.column}: `;
    return `${where}${one.severity} ${one.code}: ${one.message}`;
  });
}
