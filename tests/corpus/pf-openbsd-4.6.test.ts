import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source } from "@pierhead/core";
import { loadPf, type PrintOptions, pfctlPrint, pfctlShow } from "@pierhead/lang/pf";
import { afterAll, describe, expect, it } from "vitest";
import { regressMachine } from "./pf/machine.ts";

// OpenBSD's own tests of pfctl from the time of 4.6: see the README there. Absent outside a checkout that has it.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/pf-openbsd-4.6");
const present = existsSync(folder);
const files = present ? readdirSync(folder) : [];
const named = (pattern: RegExp): string[] =>
  files.filter((file) => pattern.test(file)).map((file) => file.slice(0, file.indexOf(".")));
const counts = new Map<string, { passed: number; all: number }>();

function count(group: string, run: () => void): void {
  const entry = counts.get(group) ?? { passed: 0, all: 0 };
  counts.set(group, entry);
  entry.all++;
  run();
  entry.passed++;
}

/** Cases whose recorded output is of another version than the rest: docs/support/pf.md says why. */
const ARGUED: ReadonlySet<string> = new Set(["pfail31", "pf35.loaded"]);

/** Addresses that `.setup` gives to interfaces. */
const PREPARED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  pfsetup1: { lo1000010: ["192.168.0.1/24"] },
  pfsetup2: { lo1000010: [] },
  pfsetup4: { lo1000000: ["192.168.0.1/24"] },
};

function optionsOf(name: string): PrintOptions {
  if (!files.includes(`${name}.opts`)) return {};
  const words = read(`${name}.opts`).trim().split(/\s+/);
  const only: { options?: boolean; nat?: boolean; filter?: boolean; altq?: boolean } = {};
  let options: PrintOptions = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.startsWith("-D")) {
      const [macro, value] = word.slice(2).split("=") as [string, string];
      options = { ...options, defines: [{ name: macro, value }] };
    } else if (word === "-a") options = { ...options, anchor: words[++i] as string };
    else if (word === "-O") only.options = true;
    else if (word === "-N") only.nat = true;
    else if (word === "-R") only.filter = true;
    else if (word === "-A") only.altq = true;
  }
  return Object.keys(only).length === 0 ? options : { ...options, only };
}

const read = (name: string): string => readFileSync(resolve(folder, name), "utf8");

describe.skipIf(!present)("pf-openbsd-4.6 (skipped when ../shared is absent)", () => {
  const machine = regressMachine("openbsd-4.6", folder);

  it.each(named(/^(pf\d+|pfail\d+|pfopt\d+|pfsetup\d+)\.in$/).filter((name) => !ARGUED.has(name)))("%s", (name) => {
    const group = name.replace(/\d+$/, "");
    count(group, () => {
      const prepared = PREPARED[name];
      const environment =
        prepared === undefined
          ? machine
          : regressMachine("openbsd-4.6", folder, prepared, name === "pfsetup1" ? "lo1000010" : undefined);
      const output = pfctlPrint(read(`${name}.in`), "stdin", environment, { optimize: "none", ...optionsOf(name) });
      expect(output.stderr + output.stdout).toBe(read(`${name}.ok`));
      expect(output.exit).toBe(group === "pfail" && name !== "pfail14" ? 1 : 0);
    });
  });

  it.each(named(/^pfsimple\d+\.in$/))("%s", (name) => {
    count("pfsimple", () => {
      const output = pfctlPrint(read(`${name}.in`), "stdin", machine, { optimize: "none" });
      expect(output.stderr).toBe("");
      expect(output.exit).toBe(0);
    });
  });

  it.each(named(/^pf\d+\.ok$/))("%s.ok prints itself", (name) => {
    count("pf printed again", () => {
      const text = read(`${name}.ok`);
      const output = pfctlPrint(text, "stdin", machine, { optimize: "none" });
      expect(output.stderr + output.stdout).toBe(text);
    });
  });

  // Rules as the kernel has them. Names of tables that pfctl makes hold a random number; counters are not ours.
  it.each([
    ...named(/^pf\d+\.loaded$/)
      .filter((name) => !ARGUED.has(`${name}.loaded`))
      .map((name) => [name, "loaded", "none"] as const),
    ...named(/^pf\d+\.optimized$/).map((name) => [name, "optimized", "basic"] as const),
  ])("%s.%s", (name, kind, optimize) => {
    count(kind, () => {
      const load = loadPf(new Source("stdin", read(`${name}.in`)), machine, { optimize });
      const rules = read(`${name}.${kind}`)
        .split("\n")
        .filter((line) => !line.startsWith("  [") && line !== "")
        .map((line) => line.replace(/<__automatic_[0-9a-f]+_(\d+)/g, "<__automatic_$1"));
      expect(pfctlShow(load.configuration, machine)).toEqual(rules);
    });
  });

  it.each([...ARGUED])("%s is argued in docs/support/pf.md", (name) => {
    const text = readFileSync(resolve(import.meta.dirname, "../../docs/support/pf.md"), "utf8");
    expect(text).toContain(`\`${name}\``);
  });

  afterAll(() => {
    for (const [group, { passed, all }] of counts) console.log(`pf-openbsd-4.6, ${group}: ${passed}/${all}`);
  });
});
