import { writeFileSync } from "node:fs";
import type { Diagnostic } from "@pierhead/core";
import type { MigrationProof } from "@pierhead/engine/prove";
import { EXIT, UsageError } from "../failure.ts";
import { systemOption } from "../input/read.ts";
import { jsonDiagnostic, placeOf } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, plural } from "../terminal.ts";
import { clearProgress, progressOption, showChanges } from "./diff.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly to?: string;
  readonly uplink?: string;
  readonly system?: string;
  readonly interfaces?: string;
  readonly output?: string;
  readonly guard?: boolean;
  readonly json?: boolean;
}

export const migrate: Verb = (program, exit) => {
  program
    .command("migrate")
    .description(
      "rewrite pf.conf for another release or system and prove that packets keep their fate; or chilli.conf as portal.yaml",
    )
    .argument("<path>", "pf.conf or chilli.conf, or the folder of a host's configuration with one")
    .option("-t, --to <system>", "the system to write for")
    .option("-s, --system <system>", "the system the file is for now")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("-o, --output <file>", "write the new file here instead of printing it")
    .option("-g, --guard", "let a tag say which packets were translated or exempted; tried by itself when needed")
    .option("-u, --uplink <interface>", "chilli.conf: the interface to the internet")
    .option("--json", "text, changes, what was left, and the proof, for machines")
    .addHelpText(
      "after",
      `
The new file goes to standard output (or --output), what there is to say to standard error.
Exit status: 0 every packet keeps its fate; 1 some do not, or something was left as it was; 2 could not run.

Example:
  pierhead migrate pf.conf --system openbsd-4.6 --to openbsd-7.8 -o pf.conf.new
  pierhead migrate /etc/chilli.conf --uplink eth0 -o /etc/pierhead/portal.yaml
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { chilliFile } = await import("../input/chilli.ts");
      const chilli = chilliFile(path);
      if (chilli !== null) {
        const { migrateChilliFile } = await import("./migrate-chilli.ts");
        const target = flags.to === undefined ? null : systemOption(flags.to);
        exit(migrateChilliFile(chilli, { ...flags, to: target }));
        return;
      }
      if (flags.to === undefined)
        throw new UsageError("--to is missing", "the system to write pf.conf for, like openbsd-7.8");
      const { readHost } = await import("../input/tree.ts");
      const to = systemOption(flags.to);
      const host = readHost(path, flags.system);
      const file = host.tree.of("pf")[0] ?? host.tree.files.find((one) => one.language?.name === "pf");
      if (file === undefined) throw new UsageError(`${path}: there is no pf.conf in it`);
      const { migratePf } = await import("@pierhead/lang/pf");
      const { diffJson, diffLines, proveMigration } = await import("@pierhead/engine/prove");
      const { buildOptions } = await import("../input/tree.ts");
      const { buildMachine } = await import("@pierhead/engine/build");
      const interfaces = buildMachine(host.tree, host.system, buildOptions(flags)).machine.interfaces();
      const attempt = (guard: boolean): { result: ReturnType<typeof migratePf>; proof: MigrationProof } => {
        const result = migratePf(file.source, host.system, to, { guard, interfaces });
        const name = flags.output ?? `${file.source.name} for ${to.name}`;
        const migration = { files: host.tree, from: host.system, to, text: result.text, name, old: file.source };
        const proof = proveMigration(migration, {
          build: buildOptions(flags),
          ...progressOption(flags.json === true),
        });
        clearProgress(flags.json === true);
        return { result, proof };
      };
      let { result, proof } = attempt(flags.guard === true);
      if (flags.guard !== true && !isProved(proof, result.diagnostics)) {
        const guarded = attempt(true);
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
        const summary =
          proof.report === null
            ? { proved, wrong: proof.wrong, errors: proof.errors.map(jsonDiagnostic) }
            : { proved, ...diffJson(proof.report) };
        process.stdout.write(
          `${JSON.stringify({ text: result.text, changes, diagnostics: result.diagnostics.map(jsonDiagnostic), proof: summary }, null, 2)}\n`,
        );
      } else {
        if (flags.output === undefined) process.stdout.write(result.text);
        const colors = colorsFor(process.stderr);
        if (result.diagnostics.length > 0) process.stderr.write(`${prettyDiagnostics(result.diagnostics, colors)}\n`);
        process.stderr.write(`${plural(result.changes.length, "place")} rewritten\n`);
        if (proof.report === null) {
          process.stderr.write(`${colors.yellow("not proved:")} the ${proof.wrong} file does not load\n`);
          process.stderr.write(`${prettyDiagnostics(proof.errors, colors)}\n`);
        } else if (proved) {
          const classes = plural(proof.report.classes, "class", "classes");
          process.stderr.write(
            `${colors.green("proved:")} what begins a connection keeps its fate, in all ${classes} of packets\n`,
          );
          const marginal = proof.report.changes.length;
          if (marginal > 0) {
            const what = plural(marginal, "change is", "changes are");
            process.stderr.write(
              `${what} marginal: packets that begin nothing, or that kernels treat each in its way (--json lists them)\n`,
            );
          }
        } else showChanges(diffLines(proof.report), process.stderr);
      }
      exit(proved ? EXIT.fine : EXIT.findings);
    });
};

function isProved(proof: MigrationProof, diagnostics: readonly Diagnostic[]): boolean {
  const { report } = proof;
  const kept = report?.changes.every((change) => change.marginal) ?? false;
  return kept && report?.complete === true && diagnostics.length === 0;
}

/** How much is wrong with an attempt; less is better. */
function weight(attempt: { result: { diagnostics: readonly Diagnostic[] }; proof: MigrationProof }): number {
  const { result, proof } = attempt;
  return (
    result.diagnostics.length * 1000 +
    (proof.report === null ? 100_000 : proof.report.changes.filter((change) => !change.marginal).length)
  );
}
