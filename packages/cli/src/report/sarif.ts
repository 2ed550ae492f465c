import type { Diagnostic, Source, Span } from "@pierhead/core";
import { placeOf } from "./json.ts";

/** Diagnostics as SARIF 2.1.0 (OASIS), the form that code hosts and editors take. */
export function sarifReport(diagnostics: readonly Diagnostic[], version: string): string {
  const codes = [...new Set(diagnostics.map((diagnostic) => diagnostic.code))].sort();
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "pierhead", version, rules: codes.map((id) => ({ id })) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          ruleIndex: codes.indexOf(diagnostic.code),
          level: diagnostic.severity,
          message: { text: diagnostic.message },
          locations: diagnostic.source === null ? [] : [location(diagnostic.source, diagnostic.span)],
          relatedLocations: diagnostic.related.map((place) => ({
            ...location(place.source, place.span),
            message: { text: place.message },
          })),
          ...(diagnostic.fix === null ? {} : { fixes: [sarifFix(diagnostic.fix)] }),
        })),
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}

function region(source: Source, span: Span): object {
  const place = placeOf(source, span);
  return {
    startLine: place.line,
    startColumn: place.column,
    endLine: place.endLine,
    endColumn: place.endColumn,
  };
}

function location(source: Source, span: Span): { physicalLocation: object } {
  return { physicalLocation: { artifactLocation: { uri: encodeURI(source.name) }, region: region(source, span) } };
}

function sarifFix(fix: NonNullable<Diagnostic["fix"]>): object {
  return {
    description: { text: fix.title },
    artifactChanges: fix.edits.map((edit) => ({
      artifactLocation: { uri: encodeURI(edit.source.name) },
      replacements: [{ deletedRegion: region(edit.source, edit.span), insertedContent: { text: edit.text } }],
    })),
  };
}
