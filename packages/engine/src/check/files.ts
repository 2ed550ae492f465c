/** What each file says wrong on its own. */
import type { Diagnostic, System } from "@pierhead/core";
import { checkEncoding, checkOddBlanks } from "@pierhead/lang/text";
import type { MachineBuild } from "../build/index.ts";
import type { TreeFile } from "../tree/index.ts";

/** Languages whose tools cut lines into words at spaces and tabs, and look no further. */
const BY_WORDS: ReadonlySet<string> = new Set([
  "hostname-if",
  "mygate",
  "sysctl",
  "rc-conf",
  "netstart",
  "netstart-local",
]);

/**
 * Diagnostics of a live file. Where the build read it with the machine at hand (pf.conf, ifstated.conf), those count:
 * only then is it known which interfaces there are.
 */
export function checkFile(file: TreeFile, build: MachineBuild, system: System): readonly Diagnostic[] {
  const { language, source } = file;
  if (language === null) return [];
  // pf and ifstated say themselves what they make of CR and NUL.
  if (language.name === "pf") {
    if (source === build.pf?.source) return [...checkOddBlanks(source), ...build.pf.diagnostics];
    // Files that pf.conf includes or a command loads mean nothing without what was read before them.
    return build.pf === null ? language.read(source, system, file.path).diagnostics : checkOddBlanks(source);
  }
  if (source === build.ifstated?.file.source) return [...checkOddBlanks(source), ...build.ifstated.diagnostics];
  const own = language.read(source, system, file.path).diagnostics;
  return BY_WORDS.has(language.name) ? [...checkEncoding(source), ...own] : own;
}
