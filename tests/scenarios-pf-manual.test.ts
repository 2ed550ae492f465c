/**
 * What pf does, one thing a file: the expected values are reasoned from pf.conf(5) and the kernels' sources, by hand, and
 * not taken from this program.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Source } from "@pierhead/core";
import { runScenario } from "@pierhead/engine/scenario";
import { describe, expect, it } from "vitest";
import { formatDiagnostics } from "./support/diagnostics.ts";

const folder = resolve(import.meta.dirname, "cases/scenarios-pf");
const files = readdirSync(folder).filter((name) => name.endsWith(".scenario.yaml"));

describe("what the manual says", () => {
  it("has the scenarios", () => expect(files.length).toBeGreaterThanOrEqual(80));

  it.each(files)("%s", (file) => {
    const source = new Source(file, readFileSync(join(folder, file), "utf8"));
    const result = runScenario(source, { readTree: () => null });
    const wrong = [
      ...formatDiagnostics(result.diagnostics),
      ...result.startErrors,
      ...result.steps.flatMap((step) =>
        step.failures.map((one) => `line ${step.position.line}: ${one.what}: expected ${one.expected}, got ${one.got}`),
      ),
    ];
    expect(wrong).toEqual([]);
    expect(result.ok).toBe(true);
  });
});
