import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { dialectOf, loadPf, parsePf, pfctlPrint, printSyntax, tokensOf } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { regressMachine } from "./pf/machine.ts";

// Every file of the pf.conf corpora, accepted or refused: the tree gives back the text, whatever its line ends.
const corpora = [
  ["pf-openbsd", "openbsd-7.8"],
  ["pf-openbsd-4.6", "openbsd-4.6"],
  ["pf-freebsd", "freebsd-15"],
] as const;

const shared = resolve(import.meta.dirname, "../../../shared/corpus");

/** What lies between tokens: blanks, joined lines, comments, and the strings around what a macro gave. */
const TRIVIA = /^(?:[ \t\r\n,]|\\\r?\n|#(?:\\\n|[^\n])*)*$/;

describe.each(corpora)("%s read as %s (skipped when ../shared is absent)", (name, systemName) => {
  const folder = resolve(shared, name);
  const dialect = dialectOf(parseSystem(systemName) as System);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /\.(in|ok)$/.test(file)) : [];

  it.skipIf(files.length === 0)("gives back every file, as it is, with CRLF and with a byte order mark", () => {
    for (const file of files) {
      const text = readFileSync(resolve(folder, file), "utf8");
      for (const variant of [text, text.replaceAll("\n", "\r\n"), `\uFEFF${text}`, text.trimEnd()]) {
        const syntax = parsePf(new Source(file, variant), dialect);
        expect(printSyntax(syntax), file).toBe(variant);
      }
    }
  });

  it.skipIf(files.length === 0)("knows the place of every token", () => {
    const wrong: string[] = [];
    for (const file of files) {
      if (file.startsWith("pfail")) continue;
      const text = readFileSync(resolve(folder, file), "utf8");
      const syntax = parsePf(new Source(file, text), dialect);
      let at = 0;
      for (const token of tokensOf(syntax.statements)) {
        if (token.expanded) continue;
        const gap = text.slice(at, token.span.start);
        const written = text.slice(token.span.start, token.span.end);
        const isPlain = token.role === "macro-reference" || /^[\w.:/-]+$/.test(written);
        const meant = token.role === "macro-reference" ? `$${token.text}` : token.text;
        if (token.span.start < at || !TRIVIA.test(gap) || (isPlain && written !== meant)) {
          wrong.push(`${file}: ${JSON.stringify(gap)}, then ${written}, which is ${token.text}`);
        }
        at = token.span.end;
      }
      if (!TRIVIA.test(text.slice(at))) wrong.push(`${file}: ends with ${JSON.stringify(text.slice(at))}`);
    }
    expect(wrong).toEqual([]);
  });

  it.skipIf(files.length === 0)("reads CRLF and a byte order mark as people mean them", () => {
    const machine = regressMachine(systemName, folder);
    for (const file of files) {
      // Strings over several lines, comments and lines that are joined keep their carriage returns.
      const text = readFileSync(resolve(folder, file), "utf8");
      if (file.startsWith("pfail") || !file.endsWith(".ok")) continue;
      const plain = loadPf(new Source(file, text), machine);
      const marked = loadPf(new Source(file, `\uFEFF${text.replaceAll("\n", "\r\n")}`), machine);
      expect(marked.configuration.anchor("").filter.length, file).toBe(plain.configuration.anchor("").filter.length);
      const others = marked.diagnostics.filter(
        (it) => !["pf/carriage-return", "pf/byte-order-mark"].includes(it.code) && it.severity === "error",
      );
      expect(
        others.map((it) => it.message),
        file,
      ).toEqual(plain.diagnostics.filter((it) => it.severity === "error").map((it) => it.message));
    }
  });

  it.skipIf(files.length === 0)("exits as its diagnostics say", () => {
    const machine = regressMachine(systemName, folder);
    for (const file of files) {
      const text = readFileSync(resolve(folder, file), "utf8");
      const { exit } = pfctlPrint(text, "stdin", machine);
      const { diagnostics } = loadPf(new Source(file, text), machine);
      expect(exit === 1, file).toBe(diagnostics.some((it) => it.severity === "error"));
    }
  });
});
