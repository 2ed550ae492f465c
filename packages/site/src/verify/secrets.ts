/** Secrets before they are put into files: whether each can stand where it has to, and is worth the name. */
import { type Diagnostic, diagnostic, Secret } from "@pierhead/core";
import { SHORT_KEY, SHORT_PASSWORD, weaknessOf } from "@pierhead/lang/secrets";
import { type BuiltFile, type BuiltSite, writeSecret } from "../build/index.ts";
import type { Site } from "../model/site.ts";

/**
 * @param read the secret a reference names; null when it cannot be had, which was said already
 * @returns what is wrong, at the line of the site that names the secret; never the secret
 */
export function checkSecrets(built: BuiltSite, site: Site, read: (reference: string) => string | null): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { files } of built.machines) {
    for (const file of files) {
      for (const { mark, reference, form } of file.secrets) {
        const value = read(reference);
        if (value === null) continue;
        const span = site.place(originOf(file, mark));
        const written = writeSecret(form, value);
        if (typeof written !== "string") {
          const message = `The secret ${reference} cannot be used: ${written.problem}.`;
          found.push(diagnostic("site/secret-unusable", "error", message, site.source, span));
          continue;
        }
        const weakness = weaknessOf(
          new Secret(value),
          form === "getcap" || form === "mpd" ? SHORT_PASSWORD : SHORT_KEY,
        );
        if (weakness === null) continue;
        const message = `The secret ${reference} is ${weakness}; whoever can reach the machine can try it out. Use a long, random one.`;
        found.push(diagnostic("site/secret-weak", "warning", message, site.source, span));
      }
    }
  }
  return found;
}

/** A file with its secrets in place. */
export function withSecrets(file: BuiltFile, read: (reference: string) => string | null): string {
  let { text } = file;
  for (const { mark, reference, form } of file.secrets) {
    const written = writeSecret(form, read(reference) ?? "");
    if (typeof written !== "string") throw new Error(`${reference}: ${written.problem}`);
    text = text.replaceAll(mark, () => written);
  }
  return text;
}

function originOf(file: BuiltFile, mark: string): readonly (string | number)[] {
  const line = file.text.split("\n").findIndex((one) => one.includes(mark));
  return file.lines[line]?.[0] ?? [];
}
