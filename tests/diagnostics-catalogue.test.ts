import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** Headings `## language/code` of docs/diagnostics/*.md. */
function documented(): Map<string, string> {
  const codes = new Map<string, string>();
  for (const file of readdirSync(join(root, "docs/diagnostics"))) {
    const text = readFileSync(join(root, "docs/diagnostics", file), "utf8");
    for (const match of text.matchAll(/^## ([a-z0-9-]+\/[a-z0-9-]+)$/gm)) {
      const code = match[1] as string;
      expect(codes.has(code), `${code} is documented twice`).toBe(false);
      codes.set(code, file);
    }
  }
  return codes;
}

/** String literals of the shape `language/code` in the sources, where language is one that has a catalogue. */
function used(languages: ReadonlySet<string>): Map<string, string> {
  const codes = new Map<string, string>();
  const pending = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "src"));
  while (pending.length > 0) {
    const folder = pending.pop() as string;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (/\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name)) {
        const text = readFileSync(path, "utf8").replace(/^(?:import|export)\b.*\bfrom .*$/gm, "");
        for (const match of text.matchAll(/["'`]([a-z0-9-]+)\/([a-z0-9]+(?:-[a-z0-9]+)*)["'`]/g)) {
          if (languages.has(match[1] as string)) codes.set(`${match[1]}/${match[2]}`, path.slice(root.length + 1));
        }
      }
    }
  }
  return codes;
}

describe("diagnostics catalogue", () => {
  const inDocs = documented();
  const languages = new Set([...inDocs.keys()].map((code) => code.slice(0, code.indexOf("/"))));
  const inCode = used(languages);

  it("saw both sides", () => {
    expect(inDocs.size).toBeGreaterThan(10);
    expect(inCode.size).toBeGreaterThan(10);
  });

  it("documents every code that the sources use", () => {
    const missing = [...inCode].filter(([code]) => !inDocs.has(code)).map(([code, file]) => `${code} (${file})`);
    expect(missing).toEqual([]);
  });

  it("has no entry for a code that nothing uses", () => {
    const stale = [...inDocs].filter(([code]) => !inCode.has(code)).map(([code, file]) => `${code} (${file})`);
    expect(stale).toEqual([]);
  });
});
