import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pfctlPrint } from "@pierhead/lang/pf";
import { afterAll, describe, expect, it } from "vitest";
import { regressMachine } from "./pf/machine.ts";

// OpenBSD's own tests of pfctl, modern syntax: see the README there. Absent outside a checkout that has it beside.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/pf-openbsd");
const present = existsSync(folder);
const names = present
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".in"))
      .map((name) => name.slice(0, -3))
  : [];
const counts = new Map<string, { passed: number; all: number }>();

function count(group: string): { passed: number; all: number } {
  const entry = counts.get(group) ?? { passed: 0, all: 0 };
  counts.set(group, entry);
  entry.all++;
  return entry;
}

describe.skipIf(!present)("pf-openbsd (skipped when ../shared is absent)", () => {
  const machine = regressMachine("openbsd-7.8", folder);
  const read = (name: string): string => readFileSync(resolve(folder, name), "utf8");

  it.each(names)("%s", (name) => {
    const entry = count(name.startsWith("pfail") ? "refused" : "accepted");
    const output = pfctlPrint(read(`${name}.in`), "stdin", machine);
    expect(output.stderr + output.stdout).toBe(read(`${name}.ok`));
    expect(output.exit).toBe(name.startsWith("pfail") && name !== "pfail14" ? 1 : 0);
    entry.passed++;
  });

  it.each(names.filter((name) => !name.startsWith("pfail")))("%s.ok prints itself", (name) => {
    const entry = count("printed again");
    const text = read(`${name}.ok`);
    const output = pfctlPrint(text, "stdin", machine);
    expect(output.stderr + output.stdout).toBe(text);
    entry.passed++;
  });

  afterAll(() => {
    for (const [group, { passed, all }] of counts) console.log(`pf-openbsd, ${group}: ${passed}/${all}`);
  });
});
