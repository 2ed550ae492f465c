import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Case } from "./pf-kernel/machine.ts";
import { runCase } from "./pf-kernel/steps.ts";

// Recorded answers of the real kernel: see its README. Absent outside a checkout that has it beside.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/pf-kernel-openbsd-7.8");
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
let passed = 0;

describe.skipIf(!present)("pf-kernel-openbsd-7.8 (skipped when ../shared is absent)", () => {
  it.each(files.map((name) => [name.slice(0, -5), name]))("%s", (_, file) => {
    const one = JSON.parse(readFileSync(resolve(folder, file), "utf8")) as Case;
    const wrong = runCase(one);
    expect(wrong.slice(0, 12)).toEqual([]);
    passed++;
  });

  afterAll(() => {
    console.log(`pf-kernel-openbsd-7.8: ${passed}/${files.length}`);
  });
});
