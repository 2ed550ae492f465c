import { compareDiagnostics, type Diagnostic } from "@pierhead/core";
import type { BuiltSite } from "@pierhead/site/build";
import type { Site } from "@pierhead/site/model";
import type { Verification } from "@pierhead/site/verify";
import { EXIT, UsageError } from "../failure.ts";
import type { SiteInput } from "../input/site.ts";
import { jsonDiagnostic, placeOf, summarize } from "../report/json.ts";
import { prettyDiagnostics, prettySummary } from "../report/pretty.ts";
import { colorsFor, plural, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly output?: string;
  readonly system?: string[];
  readonly explain?: string;
  readonly json?: boolean;
}

export const build: Verb = (program, exit) => {
  program
    .command("build")
    .description("the files of every host and guest of a site, checked and proved before they are put in place")
    .argument("<site>", "the site file (site.yaml)")
    .option("-o, --output <folder>", "where to put them; without it they are only built and checked")
    .option("-s, --system <[host=]system>", "build a host for another system than the file says", collect)
    .option("-e, --explain <file:line>", "which lines of the site a line of a built file comes from")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
What is built is read back, checked, and put through the scenarios and policies that the site names. Only when nothing
stands against it, the folder is put in place, in one step; otherwise nothing changes.

Exit status: 0 built; 1 the site or what was built from it has an error; 2 could not run.

Example:
  pierhead build site.yaml -o out
  pierhead build site.yaml --system edge=freebsd-14.3 -o out
  pierhead build site.yaml --explain edge/etc/pf.conf:12
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { readSiteFile } = await import("../input/site.ts");
      const input = await readSiteFile(path, flags.system ?? [], flags.output !== undefined);
      const { site } = input;
      if (site === null || input.diagnostics.some((one) => one.severity === "error")) {
        reportDiagnostics(input.diagnostics, flags.json === true);
        exit(EXIT.findings);
        return;
      }
      const { buildSite } = await import("@pierhead/site/build");
      const built = buildSite(site);
      if (flags.explain !== undefined) {
        await explain(flags.explain, site, built, flags.json === true);
        return;
      }
      const wrong = await secretsOf(input, site, built, flags.output);
      if (wrong.some((one) => one.severity === "error")) {
        reportDiagnostics([...input.diagnostics, ...wrong].sort(compareDiagnostics), flags.json === true);
        exit(EXIT.findings);
        return;
      }
      const complete = { ...input, diagnostics: [...input.diagnostics, ...wrong] };
      const verified = await verifyAndPlace(input, site, built, flags.output);
      if (flags.json === true) await json(complete, built, verified, flags.output);
      else await pretty(complete, verified, flags.output);
      exit(verified.every((one) => one.ok) ? EXIT.fine : EXIT.findings);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** What is wrong with the secrets themselves; they are looked at only when files are written. */
async function secretsOf(
  input: SiteInput,
  site: Site,
  built: BuiltSite,
  folder: string | undefined,
): Promise<Diagnostic[]> {
  if (folder === undefined) return [];
  const { checkSecrets } = await import("@pierhead/site/verify");
  const { readSecret } = await import("../input/site.ts");
  return checkSecrets(built, site, (reference) => readSecret(input.path, reference));
}

async function verifyAndPlace(
  input: SiteInput,
  site: Site,
  built: BuiltSite,
  folder: string | undefined,
): Promise<readonly Verification[]> {
  const { readSecret, verifySite } = await import("../input/site.ts");
  const { stageSite } = await import("../input/write-site.ts");
  const staged = folder === undefined ? null : stageSite(built, folder);
  const root = folder === undefined ? "" : `${folder.replace(/[\\/]+$/, "")}/`;
  try {
    const nameOf = (machine: string, path: string): string => `${root}${machine}${path}`;
    const verified = await verifySite(input, site, built, nameOf, staged === null ? null : staged.textOf);
    if (verified.every((one) => one.ok)) {
      // Only now: what is read back, shown and checked has marks in the place of secrets.
      staged?.fillSecrets((reference) => readSecret(input.path, reference));
      staged?.commit();
    } else staged?.discard();
    return verified;
  } catch (error) {
    staged?.discard();
    throw error;
  }
}

function reportDiagnostics(diagnostics: readonly Diagnostic[], asJson: boolean): void {
  if (asJson) {
    const report = { diagnostics: diagnostics.map(jsonDiagnostic), summary: summarize(diagnostics) };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const colors = colorsFor(process.stdout);
  process.stdout.write(`${prettyDiagnostics(diagnostics, colors)}\n${prettySummary(summarize(diagnostics), colors)}\n`);
}

async function explain(place: string, site: Site, built: BuiltSite, asJson: boolean): Promise<void> {
  const { explainLine } = await import("@pierhead/site/build");
  const match = /^(.+):(\d{1,7})$/.exec(place);
  if (match === null) throw new UsageError(`--explain ${place}: write FILE:LINE`, "for example edge/etc/pf.conf:12");
  const found = explainLine(built, match[1] as string, Number(match[2]));
  if (typeof found === "string") throw new UsageError(`--explain: ${found}`);
  const from = found.from.map((path) => ({ path, ...placeOf(site.source, site.place(path)) }));
  if (asJson) {
    const file = `${found.machine.name}${found.file.path}`;
    process.stdout.write(`${JSON.stringify({ file, line: found.line, text: found.text, from }, null, 2)}\n`);
    return;
  }
  const colors = colorsFor(process.stdout);
  process.stdout.write(`${printable(found.text)}\n`);
  if (from.length === 0) process.stdout.write(`  ${colors.dim("it is always so, whatever the site says")}\n`);
  for (const one of from) {
    const where = one.file === null ? "" : `${one.file}:${one.line}:${one.column} `;
    const text = one.file === null ? "" : (site.source?.line(one.line).trim() ?? "");
    process.stdout.write(`  from ${colors.bold(`${where}${one.path.join(".")}`)}\n`);
    if (text !== "") process.stdout.write(`    ${colors.dim(printable(text))}\n`);
  }
}

async function pretty(input: SiteInput, verified: readonly Verification[], folder: string | undefined): Promise<void> {
  const colors = colorsFor(process.stdout);
  const diagnostics = [...input.diagnostics, ...verified.flatMap((one) => one.diagnostics)].sort(compareDiagnostics);
  const shown = diagnostics.filter((one) => one.severity !== "note");
  if (shown.length > 0) process.stdout.write(`${prettyDiagnostics(shown, colors)}\n`);
  for (const { machine, scenarios, policies, ok } of verified) {
    const proofs = [
      scenarios.length > 0 ? plural(scenarios.length, "scenario") : "",
      policies.length > 0 ? plural(policies.length, "policy", "policies") : "",
    ].filter((one) => one !== "");
    const what = [plural(machine.files.length, "file"), ...proofs].join(", ");
    const mark = ok ? colors.green("ok  ") : colors.red("FAIL");
    process.stdout.write(`${mark} ${machine.name} ${colors.dim(`${machine.system.name}: ${what}`)}\n`);
    for (const scenario of scenarios.filter((one) => !one.ok)) {
      process.stdout.write(`     ${colors.red("scenario")} ${printable(scenario.name)}\n`);
      for (const error of scenario.startErrors) process.stdout.write(`       ${printable(error)}\n`);
      for (const step of scenario.steps) {
        for (const failure of step.failures) {
          const text = `step ${step.number} (${step.title}): ${failure.what}: expected ${failure.expected}, got ${failure.got}`;
          process.stdout.write(`       ${printable(text)}\n`);
        }
      }
    }
    for (const result of policies.filter((one) => one.verdict !== "proved")) {
      process.stdout.write(`     ${colors.red(`policy ${result.verdict}`)} ${printable(result.policy.name)}\n`);
    }
    for (const secret of machine.secrets) {
      process.stdout.write(
        `     ${colors.yellow("secret")} ${secret.path} is not built: put it there from ${secret.from}\n`,
      );
    }
  }
  const good = verified.every((one) => one.ok);
  const summary = prettySummary(summarize(shown), colors);
  if (!good)
    process.stdout.write(`${summary}; ${folder === undefined ? "it cannot be used" : `${folder} is as it was`}\n`);
  else if (folder !== undefined) process.stdout.write(`${summary}; built into ${printable(folder)}\n`);
  else process.stdout.write(`${summary}; nothing written (-o FOLDER writes)\n`);
}

async function json(
  input: SiteInput,
  built: BuiltSite,
  verified: readonly Verification[],
  folder: string | undefined,
): Promise<void> {
  const { manifestOf } = await import("../input/write-site.ts");
  const diagnostics = [...input.diagnostics, ...verified.flatMap((one) => one.diagnostics)].sort(compareDiagnostics);
  const ok = verified.every((one) => one.ok);
  const report = {
    ...manifestOf(built),
    output: ok && folder !== undefined ? folder : null,
    ok,
    scenarios: verified.flatMap((one) =>
      one.scenarios.map((scenario) => ({
        machine: one.machine.name,
        name: scenario.name,
        file: scenario.file,
        ok: scenario.ok,
      })),
    ),
    policies: verified.flatMap((one) =>
      one.policies.map((result) => ({ machine: one.machine.name, name: result.policy.name, verdict: result.verdict })),
    ),
    diagnostics: diagnostics.map(jsonDiagnostic),
    summary: summarize(diagnostics),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
