/** What was built is read back like files somebody wrote by hand: checked, and put through its scenarios and policies. */
import { compareDiagnostics, type Diagnostic, diagnostic, type Source } from "@pierhead/core";
import { checkTree } from "@pierhead/engine/check";
import { type PolicyResult, provePolicies, readPolicies } from "@pierhead/engine/prove";
import { runScenario, type ScenarioResult } from "@pierhead/engine/scenario";
import type { BuiltMachine } from "../build/index.ts";

export interface VerifyInput {
  /** Name under which a file of the machine is reported. */
  readonly nameOf: (path: string) => string;
  /** Text of a file of the machine as it was read back. */
  readonly textOf: (path: string) => string;
  /** A scenario or policy file that the site names; null when it cannot be read. */
  readonly readBeside: (path: string) => Source | null;
}

export interface Verification {
  readonly machine: BuiltMachine;
  readonly diagnostics: readonly Diagnostic[];
  readonly scenarios: readonly ScenarioResult[];
  readonly policies: readonly PolicyResult[];
  /** Nothing stands against using what was built. */
  readonly ok: boolean;
}

export function verifyMachine(machine: BuiltMachine, input: VerifyInput): Verification {
  const { system } = machine;
  const named: Record<string, string> = {};
  const rooted = new Map<string, string>();
  for (const { path } of machine.files) {
    const text = input.textOf(path);
    named[input.nameOf(path)] = text;
    rooted.set(path.slice(1), text);
  }
  const diagnostics = checkTree(named, system);
  const besides = (paths: readonly string[], what: string): Source[] =>
    paths.flatMap((path) => {
      const source = input.readBeside(path);
      if (source !== null) return [source];
      const message = `${machine.name}: there is no ${what} file ${path}.`;
      diagnostics.push(diagnostic("site/missing-file", "error", message, null, { start: 0, end: 0 }));
      return [];
    });
  const scenarios = besides(machine.scenarios, "scenario").map((source) =>
    runScenario(source, { readTree: () => rooted, system }),
  );
  const policies = besides(machine.policies, "policy").flatMap((source) => {
    const read = readPolicies(source, system);
    diagnostics.push(...read.diagnostics);
    return provePolicies(named, system, read.policies);
  });
  diagnostics.sort(compareDiagnostics);
  const ok =
    !diagnostics.some((one) => one.severity === "error") &&
    scenarios.every((one) => one.ok) &&
    policies.every((one) => one.verdict === "proved");
  return { machine, diagnostics, scenarios, policies, ok };
}
