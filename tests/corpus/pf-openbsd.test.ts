import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source } from "@pierhead/core";
import { loadPf, type PrintOptions, pfctlPrint, pfctlShow } from "@pierhead/lang/pf";
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

function optionsOf(text: string): PrintOptions {
  let options: PrintOptions = {};
  const words = text.trim().split(/\s+/);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.startsWith("-D")) {
      const [macro, value] = word.slice(2).split("=") as [string, string];
      options = { ...options, defines: [{ name: macro, value }] };
    } else if (word === "-a") options = { ...options, anchor: words[++i] as string };
    else if (word === "-nN") options = { ...options, noDns: true, verbose: 0 };
  }
  return options;
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

  const extra = resolve(folder, "extra");
  const extras = present
    ? readdirSync(extra)
        .filter((name) => name.endsWith(".in"))
        .map((name) => name.slice(0, -3))
    : [];

  it.each(extras)("extra/%s", (name) => {
    const entry = count("extra");
    const readExtra = (file: string): string => readFileSync(resolve(extra, file), "utf8");
    const prepared = name === "pfsetup4" ? { lo1000000: ["192.168.0.1/24"] } : {};
    const environment = regressMachine("openbsd-7.8", extra, prepared);
    const text = readExtra(`${name}.in`);
    if (name === "pf112" || name === "pf113") {
      const load = loadPf(new Source("stdin", text), environment, { optimize: "basic" });
      const rules = pfctlShow(load.configuration, environment, { numbers: false }).map((line) =>
        line.replace(/<__automatic_[0-9]+>/, "<__automatic_>"),
      );
      expect(rules).toEqual(readExtra(`${name}.ok`).trimEnd().split("\n"));
    } else {
      const output = pfctlPrint(
        text,
        "stdin",
        environment,
        optionsOf(existsSync(resolve(extra, `${name}.opts`)) ? readExtra(`${name}.opts`) : ""),
      );
      if (existsSync(resolve(extra, `${name}.ok`))) expect(output.stderr + output.stdout).toBe(readExtra(`${name}.ok`));
      else expect(output.exit).toBe(0);
    }
    entry.passed++;
  });

  afterAll(() => {
    for (const [group, { passed, all }] of counts) console.log(`pf-openbsd, ${group}: ${passed}/${all}`);
  });
});
