/** Secrets that options name: `env:NAME` or `file:path`, never the secret itself, which others could see in argv. */
import { UsageError } from "../failure.ts";
import { readSecret } from "./site.ts";

/** @returns null when the option was not given */
export function secretOption(option: string, reference: string | undefined): string | null {
  if (reference === undefined) return null;
  if (!/^(?:env:[A-Za-z_]\w*|file:\S+)$/.test(reference)) {
    throw new UsageError(`${option}: a secret is named, not written`, "env:NAME or file:path");
  }
  const found = readSecret("./site.yaml", reference);
  if (found !== null && found !== "") return found;
  const what = reference.startsWith("env:")
    ? `the variable ${reference.slice(4)} is not set`
    : `there is nothing in the file ${reference.slice(5)}`;
  throw new UsageError(`${option}: this secret cannot be had: ${what}`);
}
