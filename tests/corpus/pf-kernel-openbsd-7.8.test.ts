import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Case } from "./pf-kernel/machine.ts";
import { runCase } from "./pf-kernel/steps.ts";

// Recorded answers of the real kernel: see its README. Absent outside a checkout that has it beside.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/pf-kernel-openbsd-7.8");
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
const support = readFileSync(resolve(import.meta.dirname, "../../docs/support/pf.md"), "utf8");
let passed = 0;
/** Cases that show what no file decides: docs/support/pf.md says why. */
const undecided = new Set(["source-track-global"]);

describe.skipIf(!present)("pf-kernel-openbsd-7.8 (skipped when ../shared is absent)", () => {
  it.each(files.map((name) => [name.slice(0, -5), name]))("%s", (name, file) => {
    const one = JSON.parse(readFileSync(resolve(folder, file), "utf8")) as Case;
    const wrong = runCase(one);
    if (undecided.has(name)) {
      expect(support).toContain(`\`${name}\``);
      return;
    }
    expect(wrong.slice(0, 12)).toEqual([]);
    passed++;
  });

  afterAll(() => {
    console.log(`pf-kernel-openbsd-7.8: ${passed}/${files.length}`);
  });
});
