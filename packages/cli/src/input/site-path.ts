import { existsSync, statSync } from "node:fs";
import { readSource } from "./read.ts";

/** Whether a path on the command line is a site: a YAML file with `site:` and `hosts:` at its left edge. */
export function looksLikeSite(path: string): boolean {
  if (!/\.ya?ml$/.test(path) || !existsSync(path) || !statSync(path).isFile()) return false;
  const { text } = readSource(path);
  return /^hosts:/m.test(text) && /^site:/m.test(text);
}
