/** What was built is read back like files somebody wrote by hand: checked, and put through its scenarios and policies. */
import { Address, compareDiagnostics, type Diagnostic, diagnostic, type Source } from "@pierhead/core";
import { buildMachine, type Lease } from "@pierhead/engine/build";
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

/** The first thing that was not as expected, in one sentence. */
function failure(result: ScenarioResult): string {
  const step = result.steps.find((one) => one.failures.length > 0);
  const [first] = step?.failures ?? [];
  const what =
    step !== undefined && first !== undefined
      ? `step ${step.number} (${step.title}): ${first.what}: expected ${first.expected}, got ${first.got}`
      : (result.startErrors[0] ?? "it cannot be run");
  return `The scenario "${result.name}" does not hold: ${what}.`;
}

/** What servers might give: a network for each line out of 198.18.0.0/15, which is for trials (RFC 2544). */
function standInLeases({ leased }: BuiltMachine): ReadonlyMap<string, Lease> {
  return new Map(
    leased.map((name, index): [string, Lease] => {
      const network = 0xc6130000 + (index << 8);
      return [
        name,
        { address: { address: new Address(4, network + 100), length: 24 }, gateway: new Address(4, network + 1) },
      ];
    }),
  );
}

/** What files of strangers need said, and who wrote the site knows: a gateway on the link, the MAC on the virtual card. */
function isNews(found: Diagnostic): boolean {
  return found.code !== "machine/gateway-on-link";
}

/** Reads back, checks and tries one machine. What is found is at the lines of the site. */
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
  const options = { leases: standInLeases(machine) };
  const build = buildMachine(named, system, options);
  const diagnostics = checkBuild(build, options)
    .filter(isNews)
    .map((one) => atSite(one, machine, site, (name) => byName.get(name) ?? null));
  diagnostics.push(...checkReach(machine, build.machine, site));
  const say = (code: string, message: string, key: "scenarios" | "policies", index: number): void => {
    const span = site.place([...machine.path, key, index]);
    diagnostics.push(diagnostic(code, "error", message, site.source, span));
  };
  const beside = (path: string, key: "scenarios" | "policies", index: number, what: string): Source | null => {
    const source = input.readBeside(path);
    if (source === null) say("site/missing-file", `${machine.name}: there is no ${what} file ${path}.`, key, index);
    return source;
  };
  const scenarios = machine.scenarios.flatMap((path, index) => {
    const source = beside(path, "scenarios", index, "scenario");
    if (source === null) return [];
    const result = runScenario(source, { readTree: () => rooted, system });
    diagnostics.push(...result.diagnostics);
    if (!result.ok) say("site/scenario-failed", failure(result), "scenarios", index);
    return [result];
  });
  const policies = machine.policies.flatMap((path, index) => {
    const source = beside(path, "policies", index, "policy");
    if (source === null) return [];
    const read = readPolicies(source, system);
    diagnostics.push(...read.diagnostics);
    const results = provePolicies(named, system, read.policies);
    for (const { policy, verdict } of results) {
      if (verdict !== "proved") say("site/policy-failed", `"${policy.name}" is ${verdict}.`, "policies", index);
    }
    return results;
  });
  diagnostics.sort(compareDiagnostics);
  const ok =
    !diagnostics.some((one) => one.severity === "error") &&
    scenarios.every((one) => one.ok) &&
    policies.every((one) => one.verdict === "proved");
  return { machine, diagnostics, scenarios, policies, ok };
}
