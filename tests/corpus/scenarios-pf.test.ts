import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source } from "@pierhead/core";
import { runScenario } from "@pierhead/engine/scenario";
import { afterAll, describe, expect, it } from "vitest";
import { formatDiagnostics } from "../support/diagnostics.ts";

// Scenarios retold from the tests of the BSD projects: see their README. Absent outside a checkout that has it beside.
const folder = resolve(import.meta.dirname, "../../../shared/corpus/scenarios-pf");
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".scenario.yaml")) : [];
let passed = 0;

describe.skipIf(!present)("scenarios-pf (skipped when ../shared is absent)", () => {
  it.each(files.map((name) => [name.replace(".scenario.yaml", ""), name]))("%s", (_, file) => {
    const source = new Source(file, readFileSync(resolve(folder, file), "utf8"));
    const result = runScenario(source, { readTree: () => null });
    const wrong = [
      ...formatDiagnostics(result.diagnostics),
      ...result.startErrors,
      ...result.steps.flatMap((step) =>
        step.failures.map(
          (one) =>
            `step ${step.number}, line ${step.position.line}: ${one.what}: expected ${one.expected}, got ${one.got}` +
            (step.notes.length > 0 ? ` (${step.notes.join("; ")})` : ""),
        ),
      ),
    ];
    expect(wrong).toEqual([]);
    expect(result.ok).toBe(true);
    passed++;
  });

  afterAll(() => {
    console.log(`scenarios-pf: ${passed}/${files.length}`);
  });
});
