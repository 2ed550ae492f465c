/** What was built is read back like files somebody wrote by hand: checked, and put through its scenarios and policies. */
import { compareDiagnostics, type Diagnostic, diagnostic, type Source } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { checkBuild } from "@pierhead/engine/check";
import { type PolicyResult, provePolicies, readPolicies } from "@pierhead/engine/prove";
import { runScenario, type ScenarioResult } from "@pierhead/engine/scenario";
import type { BuiltMachine } from "../build/index.ts";
import type { Site } from "../model/site.ts";
import { atSite } from "./place.ts";
import { checkReach } from "./reach.ts";

export interface VerifyInput {
  readonly site: Site;
  /** Name under which a file of the machine is reported. */
  readonly nameOf: (path: string) => string;
  /** Text of a file of the machine as it was read back. */
  readonly textOf: (path: string) => string;
  /** A scenario or policy file that the site names; null when it cannot be read. */
  readonly readBeside: (path: string) => Source | null;
}

export interface Verification {
  readonly machine: BuiltMachine;
  /** At the lines of the site, with the built file as a related place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly scenarios: readonly ScenarioResult[];
  readonly policies: readonly PolicyResult[];
  /** Nothing stands against using what was built. */
  readonly ok: boolean;
}

export function verifyMachine(machine: BuiltMachine, input: VerifyInput): Verification {
  const { system } = machine;
  const { site } = input;
  const named: Record<string, string> = {};
  const rooted = new Map<string, string>();
  const byName = new Map(machine.files.map((file) => [input.nameOf(file.path), file]));
  for (const { path } of machine.files) {
    const text = input.textOf(path);
    named[input.nameOf(path)] = text;
    rooted.set(path.slice(1), text);
  }
  const build = buildMachine(named, system);
  const diagnostics = checkBuild(build).map((one) => atSite(one, machine, site, (name) => byName.get(name) ?? null));
  diagnostics.push(...checkReach(machine, build.machine, site));
  const besides = (paths: readonly string[], key: "scenarios" | "policies", what: string): Source[] =>
    paths.flatMap((path, index) => {
      const source = input.readBeside(path);
      if (source !== null) return [source];
      const message = `${machine.name}: there is no ${what} file ${path}.`;
      const span = site.place([...machine.path, key, index]);
      diagnostics.push(diagnostic("site/missing-file", "error", message, site.source, span));
      return [];
    });
  const scenarios = besides(machine.scenarios, "scenarios", "scenario").map((source) =>
    runScenario(source, { readTree: () => rooted, system }),
  );
  const policies = besides(machine.policies, "policies", "policy").flatMap((source) => {
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
