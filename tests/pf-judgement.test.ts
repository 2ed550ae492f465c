/**
 * What `check` says about pf.conf as people write it. Each case is a text: `system:`, then the files of a host, each
 * after `== path`. A finding that is expected stands behind its rule as `# => code`; everything else is a false one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSystem, type System } from "@pierhead/core";
import { checkTree } from "@pierhead/engine/check";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "cases/pf-judgement");

interface Case {
  readonly system: System;
  readonly files: Record<string, string>;
  /** `path:line code`. */
  readonly expected: readonly string[];
}

function readCase(text: string): Case {
  const lines = text.split("\n");
  const system = parseSystem((lines[0] as string).replace("system: ", "")) as System;
  const files: Record<string, string> = {};
  const expected: string[] = [];
  let path = "";
  let number = 0;
  for (const line of lines.slice(1)) {
    if (line.startsWith("== ")) {
      path = line.slice(3);
      files[path] = "";
      number = 0;
      continue;
    }
    number++;
    files[path] += `${line}\n`;
    const marks = /# => (.+)$/.exec(line)?.[1];
    for (const code of marks?.split(/\s+/) ?? []) expected.push(`${path}:${number} ${code}`);
  }
  return { system, files, expected };
}

describe("pf.conf as people write it", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  it("has cases of every system", () => {
    expect(names.length).toBeGreaterThanOrEqual(30);
    for (const system of ["openbsd-7.8", "openbsd-4.6", "freebsd-14.3"]) {
      const some = names.filter((name) => readFileSync(join(folder, name), "utf8").startsWith(`system: ${system}\n`));
      expect(some.length, system).toBeGreaterThanOrEqual(8);
    }
  });

  it.each(names)("%s", (name) => {
    const { system, files, expected } = readCase(readFileSync(join(folder, name), "utf8"));
    const found = checkTree(files, system)
      .filter((one) => one.severity !== "note" || one.code.startsWith("pf/"))
      .map((one) => `${one.source?.name}:${one.source?.position(one.span.start).line} ${one.code}`);
    expect([...new Set(found)].sort()).toEqual([...expected].sort());
  });

  it("offers fixes for deprecated forms that make a file pfctl takes", () => {
    const { system, files } = readCase(readFileSync(join(folder, "deprecated-forms-7.8.txt"), "utf8"));
    const edits = checkTree(files, system)
      .filter((one) => one.code === "pf/other-dialect")
      .map((one) => one.fix?.edits ?? []);
    expect(edits.map((one) => one.length)).toEqual([1, 2, 2, 2]);
    let text = files["etc/pf.conf"] as string;
    const all = edits.flat().sort((a, b) => b.span.start - a.span.start);
    for (const { span, text: put } of all) text = text.slice(0, span.start) + put + text.slice(span.end);
    const after = checkTree({ ...files, "etc/pf.conf": text }, system);
    expect(after.filter((one) => one.severity === "error").map((one) => one.message)).toEqual([]);
  });
});
