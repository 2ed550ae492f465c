/** A site of the examples for the tests: built for a system, compared with what lies there, read back, put through its scenarios. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source, type System } from "@pierhead/core";
import { checkTree } from "@pierhead/engine/check";
import { runScenario } from "@pierhead/engine/scenario";
import { type BuiltMachine, buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { expect, it } from "vitest";

export function buildExample(path: string, system: System | null): readonly BuiltMachine[] {
  const reading = readSite(
    new Source(path, readFileSync(path, "utf8")),
    system === null ? {} : { system: () => system },
  );
  expect(reading.diagnostics.filter((one) => one.severity === "error")).toEqual([]);
  return buildSite(reading.site as NonNullable<typeof reading.site>).machines;
}

/** The tests of one site. @param built folder of what is built from it */
export function holdsExample(path: string, built: string, system: System | null): void {
  for (const machine of buildExample(path, system)) {
    const texts = new Map(machine.files.map((one) => [one.path.slice(1), one.text]));

    it(`is what lies in the example: ${machine.name}`, async () => {
      for (const one of machine.files) {
        await expect(one.text).toMatchFileSnapshot(resolve(built, machine.name, one.path.slice(1)));
      }
    });

    it(`is read back without findings: ${machine.name}`, () => {
      const found = checkTree(texts, machine.system).filter((one) => one.severity !== "note");
      expect(found.map((one) => `${one.source?.name} ${one.code} ${one.message}`)).toEqual([]);
    });

    for (const one of machine.scenarios) {
      it(`holds: ${one}`, () => {
        const scenario = resolve(path, "..", one);
        const source = new Source(scenario, readFileSync(scenario, "utf8"));
        const result = runScenario(source, { readTree: () => texts, system: machine.system });
        expect(result.startErrors).toEqual([]);
        expect(result.steps.flatMap((step) => step.failures)).toEqual([]);
        expect(result.ok).toBe(true);
      });
    }
  }
}
