/** chilli.conf with the files it includes, in the order chilli reads them. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Diagnostic, diagnostic } from "@pierhead/core";
import { type ChilliEntry, ChilliSettings, checkChilliConf, parseChilliConf } from "@pierhead/lang/chilli-conf";
import { recognizeFile } from "@pierhead/lang/registry";
import { UsageError } from "../failure.ts";
import { readSource } from "./read.ts";

export interface ChilliFiles {
  readonly settings: ChilliSettings;
  readonly diagnostics: readonly Diagnostic[];
}

/** Files that include each other without end are cut off here. */
const DEEPEST = 20;

/** Whether a path is chilli's business: the file itself, or a folder with it. */
export function chilliFile(path: string): string | null {
  if (!existsSync(path)) return null;
  if (statSync(path).isDirectory()) {
    return (
      [join(path, "chilli.conf"), join(path, "etc/chilli.conf"), join(path, "etc/chilli/chilli.conf")].find(
        existsSync,
      ) ?? null
    );
  }
  const known = recognizeFile(path.replaceAll("\\", "/"), readSource(path).text, null);
  return known?.language.name === "chilli-conf" ? path : null;
}

export function readChilli(path: string): ChilliFiles {
  const diagnostics: Diagnostic[] = [];
  const entries: ChilliEntry[] = [];
  const read = (file: string, depth: number): void => {
    const source = readSource(file);
    const conf = parseChilliConf(source);
    diagnostics.push(...conf.diagnostics, ...checkChilliConf(conf));
    // In the order of the lines: an include stands where it is written.
    const parts = [
      ...conf.entries.map((entry) => ({ at: entry.nameSpan.start, entry, include: null })),
      ...conf.includes.map((include) => ({ at: include.span.start, entry: null, include })),
    ].sort((a, b) => a.at - b.at);
    for (const { entry, include } of parts) {
      if (entry !== null) entries.push(entry);
      if (include === null) continue;
      const found = [include.path, join(dirname(file), basename(include.path))].find(existsSync);
      if (found === undefined || depth > DEEPEST) {
        const message =
          found === undefined
            ? `${include.path} is not there, nor beside this file; give it, or take the line out.`
            : "Files include each other without end.";
        diagnostics.push(diagnostic("chilli-conf/include", "error", message, source, include.span));
      } else read(found, depth + 1);
    }
  };
  read(path, 0);
  if (entries.length === 0)
    throw new UsageError(`${path}: there is no option in it`, "a chilli.conf of CoovaChilli or ChilliSpot");
  return { settings: new ChilliSettings(entries), diagnostics };
}
