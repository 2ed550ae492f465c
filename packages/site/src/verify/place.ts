/** Findings about built files at the lines of the site that those files follow from: where something can be done. */
import type { Diagnostic, RelatedPlace } from "@pierhead/core";
import type { BuiltFile, BuiltMachine } from "../build/index.ts";
import type { Site } from "../model/site.ts";

/**
 * Moves a finding to the site.
 *
 * @param fileOf the built file that a diagnostic's source is; null when it is none of ours
 */
export function atSite(
  found: Diagnostic,
  machine: BuiltMachine,
  site: Site,
  fileOf: (sourceName: string) => BuiltFile | null,
): Diagnostic {
  const file = found.source === null ? null : fileOf(found.source.name);
  if (file === null || found.source === null || site.source === null) return found;
  const { line } = found.source.position(found.span.start);
  const path = file.lines[line - 1]?.[0] ?? machine.path;
  const there: RelatedPlace = { source: found.source, span: found.span, message: `in ${machine.name}${file.path}` };
  return { ...found, source: site.source, span: site.place(path), related: [there, ...found.related], fix: null };
}
