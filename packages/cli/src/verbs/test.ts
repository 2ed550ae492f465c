import { statSync } from "node:fs";
import { join } from "node:path";
import type { ScenarioResult, StepResult } from "@pierhead/engine/scenario";
import { EXIT, UsageError } from "../failure.ts";
import { listTree, readFailure, readSource } from "../input/read.ts";
import { jsonDiagnostic } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { type Colors, colorsFor, plural, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export const test: Verb = (program, exit) => {
  program
    .command("test")
    .description("run scenarios: unit tests for a gateway")
    .argument("<file...>", "scenario files, or folders with *.scenario.yaml")
    .option("-v, --verbose", "show every step, not only those that fail")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 all scenarios hold; 1 one does not; 2 could not run.

Example:
  pierhead test examples/two-isps/scenarios
`,
    )
    .action(async (paths: string[], flags: Flags) => {
      const { runScenario } = await import("@pierhead/engine/scenario");
      const { scenarioTree } = await import("../input/tree.ts");
      const colors = colorsFor(process.stdout);
      const results: ScenarioResult[] = [];
      for (const file of scenarioFiles(paths)) {
        const result = runScenario(readSource(file), { readTree: (path) => scenarioTree(file, path) });
        results.push(result);
        if (flags.json !== true) process.stdout.write(await pretty(result, flags.verbose === true, colors));
      }
      const failed = results.filter((one) => !one.ok).length;
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify(await json(results), null, 2)}\n`);
      } else {
        const passed = results.length - failed;
        const line = `${plural(passed, "scenario")} passed${failed > 0 ? `, ${failed} failed` : ""}`;
        process.stdout.write(`${failed > 0 ? colors.red(line) : colors.green(line)}\n`);
      }
      exit(failed > 0 ? EXIT.findings : EXIT.fine);
    });
};

function scenarioFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (error) {
      throw readFailure(path, error);
    }
    if (!isFolder) return [path];
    const found = listTree(path).filter((name) => /\.scenario\.ya?ml$/.test(name));
    if (found.length === 0) throw new UsageError(`${path}: no *.scenario.yaml in it`);
    return found.map((name) => join(path, name));
  });
}

async function pretty(result: ScenarioResult, verbose: boolean, colors: Colors): Promise<string> {
  const mark = result.ok ? colors.green("ok  ") : colors.red("FAIL");
  let text = `${mark} ${printable(result.name)} ${colors.dim(printable(result.file))}\n`;
  if (result.diagnostics.length > 0) text += prettyDiagnostics(result.diagnostics, colors);
  for (const error of result.startErrors) text += `     ${colors.red(printable(error))}\n`;
  for (const step of result.steps) {
    if (step.failures.length > 0 || verbose) text += await prettyStep(step, result.file, colors);
  }
  return text;
}

async function prettyStep(step: StepResult, file: string, colors: Colors): Promise<string> {
  const { traceText } = await import("@pierhead/engine/trace");
  const place = colors.dim(`${printable(file)}:${step.position.line}`);
  let text = `     step ${step.number}: ${printable(step.title)} ${place}\n`;
  for (const failure of step.failures) {
    text += `       ${printable(failure.what)}: expected ${colors.green(printable(failure.expected))}, got ${colors.red(printable(failure.got))}\n`;
  }
  for (const note of step.notes) text += `       ${colors.dim(printable(note))}\n`;
  if (step.trace !== null) {
    for (const line of traceText(step.trace).split("\n")) text += `       ${colors.dim("|")} ${printable(line)}\n`;
  }
  return text;
}

async function json(results: readonly ScenarioResult[]): Promise<object> {
  const { traceJson } = await import("@pierhead/engine/trace");
  return {
    scenarios: results.map((one) => ({
      name: one.name,
      file: one.file,
      ok: one.ok,
      diagnostics: one.diagnostics.map(jsonDiagnostic),
      startErrors: one.startErrors,
      steps: one.steps.map((step) => ({
        number: step.number,
        kind: step.kind,
        title: step.title,
        line: step.position.line,
        ok: step.failures.length === 0,
        failures: step.failures,
        notes: step.notes,
        trace: step.trace === null ? null : traceJson(step.trace),
      })),
    })),
    summary: { passed: results.filter((one) => one.ok).length, failed: results.filter((one) => !one.ok).length },
  };
}
