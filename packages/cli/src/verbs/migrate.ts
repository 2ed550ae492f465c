import { writeFileSync } from "node:fs";
import type { Diagnostic, System } from "@pierhead/core";
import type { DiffReport } from "@pierhead/engine/compare";
import { EXIT, UsageError } from "../failure.ts";
import { systemOption } from "../input/read.ts";
import { jsonDiagnostic, placeOf } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, plural, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly to: string;
  readonly system?: string;
  readonly interfaces?: string;
  readonly output?: string;
  readonly guard?: boolean;
  readonly json?: boolean;
}

export const migrate: Verb = (program, exit) => {
  program
    .command("migrate")
    .description("rewrite pf.conf for another release or system, and prove that packets keep their fate")
    .argument("<path>", "pf.conf, or the folder of a host's configuration with one")
    .requiredOption("-t, --to <system>", "the system to write for")
    .option("-s, --system <system>", "the system the file is for now")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("-o, --output <file>", "write the new file here instead of printing it")
    .option("-g, --guard", "let a tag say which packets were translated or exempted; tried by itself when needed")
    .option("--json", "text, changes, what was left, and the proof, for machines")
    .addHelpText(
      "after",
      `
The new file goes to standard output (or --output), what there is to say to standard error.
Exit status: 0 every packet keeps its fate; 1 some do not, or something was left as it was; 2 could not run.

Example:
  pierhead migrate pf.conf --system openbsd-4.6 --to openbsd-7.8 -o pf.conf.new
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { readHost } = await import("../input/tree.ts");
      const to = systemOption(flags.to);
      const host = readHost(path, flags.system);
      const file = host.tree.of("pf")[0] ?? host.tree.files.find((one) => one.language?.name === "pf");
      if (file === undefined) throw new UsageError(`${path}: there is no pf.conf in it`);
      const { migratePf } = await import("@pierhead/lang/pf");
      const texts = host.tree.texts();
      const attempt = async (
        guard: boolean,
      ): Promise<{ result: ReturnType<typeof migratePf>; proof: DiffReport | string }> => {
        const result = migratePf(file.source, host.system, to, { guard });
        return { result, proof: await prove(texts, file.path, host.system, to, result.text, flags) };
      };
      let { result, proof } = await attempt(flags.guard === true);
      if (flags.guard !== true && !isProved(proof, result.diagnostics)) {
        const guarded = await attempt(true);
        if (weight(guarded) < weight({ result, proof })) ({ result, proof } = guarded);
      }
      if (flags.output !== undefined) writeFileSync(flags.output, result.text);
      const proved = isProved(proof, result.diagnostics);
      if (flags.json === true) {
        const changes = result.changes.map(({ span, before, after, why }) => ({
          ...placeOf(file.source, span),
          before,
          after,
          why,
        }));
        const summary = typeof proof === "string" ? { proved: false, reason: proof } : { proved, ...proofJson(proof) };
        process.stdout.write(
          `${JSON.stringify({ text: result.text, changes, diagnostics: result.diagnostics.map(jsonDiagnostic), proof: summary }, null, 2)}\n`,
        );
      } else {
        if (flags.output === undefined) process.stdout.write(result.text);
        report(result.diagnostics, result.changes.length, proof);
      }
      exit(proved ? EXIT.fine : EXIT.findings);
    });
};

function isProved(proof: DiffReport | string, diagnostics: readonly Diagnostic[]): boolean {
  return typeof proof !== "string" && proof.changes.length === 0 && proof.complete && diagnostics.length === 0;
}

/** How much is wrong with an attempt; less is better. */
function weight({
  result,
  proof,
}: {
  result: { diagnostics: readonly Diagnostic[] };
  proof: DiffReport | string;
}): number {
  return result.diagnostics.length * 1000 + (typeof proof === "string" ? 100_000 : proof.changes.length);
}

/** Compares the machine with the old file with the machine with the new one. @returns a reason when that cannot be done */
async function prove(
  texts: Map<string, string>,
  path: string,
  from: System,
  to: System,
  text: string,
  flags: Flags,
): Promise<DiffReport | string> {
  const { buildMachine } = await import("@pierhead/engine/build");
  const { diffMachines } = await import("@pierhead/engine/compare");
  const { buildOptions } = await import("../input/tree.ts");
  const options = buildOptions(flags);
  const old = buildMachine(new Map(texts).set("/etc/pf.conf", texts.get(path) ?? ""), from, options);
  const interfaces = old.machine.interfaces().map(({ name, addresses, groups, link, mtu, kind, routingDomain }) => ({
    name,
    addresses: [...addresses],
    groups: [...groups],
    link,
    mtu,
    kind,
    routingDomain,
  }));
  // The machine stays the same: what was concluded about it from the old files holds for the new one.
  const now = buildMachine(new Map([["/etc/pf.conf", text]]), to, { ...options, interfaces });
  for (const one of [old, now]) {
    const wrong = one.pf?.diagnostics.find((found) => found.severity === "error");
    if (wrong !== undefined) return `the ${one === old ? "old" : "new"} file does not load: ${wrong.message}`;
  }
  for (const route of old.machine.routes.list()) {
    if (route.gateway !== null) now.machine.routes.insert(route);
  }
  now.machine.setForwarding(true);
  old.machine.setForwarding(true);
  old.machine.pf.enabled = true;
  now.machine.pf.enabled = true;
  return diffMachines(old.machine, now.machine);
}

function proofJson(proof: DiffReport): object {
  return {
    examined: proof.examined,
    complete: proof.complete,
    changes: proof.changes.map((one) => ({ packet: one.packet, before: one.before.text, after: one.after.text })),
  };
}

function report(diagnostics: readonly Diagnostic[], changes: number, proof: DiffReport | string): void {
  const colors = colorsFor(process.stderr);
  if (diagnostics.length > 0) process.stderr.write(`${prettyDiagnostics(diagnostics, colors)}\n`);
  process.stderr.write(`${plural(changes, "place")} rewritten\n`);
  if (typeof proof === "string") {
    process.stderr.write(`${colors.yellow("not proved:")} ${printable(proof)}\n`);
    return;
  }
  for (const one of proof.changes) {
    process.stderr.write(
      `${colors.bold(printable(one.packet))}\n  - ${printable(one.before.text)}\n  + ${printable(one.after.text)}\n`,
    );
  }
  const classes = plural(proof.examined, "class", "classes");
  if (proof.changes.length === 0 && proof.complete) {
    process.stderr.write(`${colors.green("proved:")} all ${classes} of packets keep their fate\n`);
  } else {
    const count = plural(proof.changes.length, "change");
    process.stderr.write(
      `${colors.yellow(`${count} of fate`)} among ${classes} of packets${proof.complete ? "" : "; not all were looked at"}\n`,
    );
  }
}
