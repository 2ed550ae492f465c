import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pfctlPrint } from "@pierhead/lang/pf";
import { afterAll, describe, expect, it } from "vitest";
import { regressMachine } from "./pf/machine.ts";

// FreeBSD's own tests of pfctl: see the README there. Absent outside a checkout that has it beside.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/pf-freebsd");
const present = existsSync(folder);
const names = present
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".in"))
      .map((name) => name.slice(0, -3))
  : [];
const counts = { accepted: 0, refused: 0, again: 0 };

describe.skipIf(!present)("pf-freebsd (skipped when ../shared is absent)", () => {
  const read = (name: string): string => readFileSync(resolve(folder, name), "utf8");
  // Tests 1057 to 1064 run on a machine with a VLAN interface; its name is in the rules.
  const machineFor = (text: string): ReturnType<typeof regressMachine> => {
    const vlan = /\bvlan\d+\b/.exec(text)?.[0];
    const addresses = ["203.0.113.5/30", "2001:db8::cb00:7105/126"];
    return regressMachine("freebsd-15.0", folder, vlan === undefined ? {} : { [vlan]: addresses });
  };
  const accepted = names.filter((name) => existsSync(resolve(folder, `${name}.ok`)));
  const refused = names.filter((name) => existsSync(resolve(folder, `${name}.fail`)));

  it.each(accepted)("%s", (name) => {
    const text = read(`${name}.in`);
    const output = pfctlPrint(text, `${name}.in`, machineFor(text), { optimize: "none" });
    expect(output.stderr + output.stdout).toBe(read(`${name}.ok`));
    expect(output.exit).toBe(0);
    counts.accepted++;
  });

  it.each(accepted)("%s.ok prints itself", (name) => {
    const text = read(`${name}.ok`);
    const output = pfctlPrint(text, `${name}.ok`, machineFor(text), { optimize: "none" });
    expect(output.stderr + output.stdout).toBe(text);
    counts.again++;
  });

  it.each(refused)("%s is refused", (name) => {
    const text = read(`${name}.in`);
    const output = pfctlPrint(text, `${name}.in`, machineFor(text), { optimize: "none" });
    expect(output.stderr).toMatch(new RegExp(read(`${name}.fail`).trim()));
    expect(output.exit).toBe(1);
    counts.refused++;
  });

  afterAll(() => {
    process.stdout.write(`pf-freebsd, accepted: ${counts.accepted}/${accepted.length}\n`);
    process.stdout.write(`pf-freebsd, printed again: ${counts.again}/${accepted.length}\n`);
    process.stdout.write(`pf-freebsd, refused: ${counts.refused}/${refused.length}\n`);
  });
});
