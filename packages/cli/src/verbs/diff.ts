import { EXIT, UsageError } from "../failure.ts";
import { settle } from "../input/settle.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly system?: string;
  readonly newSystem?: string;
  readonly interfaces?: string;
  readonly when?: string[];
  readonly limit: string;
  readonly json?: boolean;
}

export const diff: Verb = (program, exit) => {
  program
    .command("diff")
    .description("which packets change fate between two configurations, each with an example and the rules responsible")
    .argument("<old>", "the folder of a host's configuration, or its pf.conf, as it was")
    .argument("<new>", "the same as it shall be")
    .option("-s, --system <system>", "which system the files are for")
    .option("-n, --new-system <system>", "which system the new files are for, when it is another one")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("-w, --when <conditions>", "tests and links that are not up: isp1=down,vr0=down", collect)
    .option("-l, --limit <classes>", "most classes of packets to look at", "50000")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
All packets are cut into classes that no rule, address or route of either side tells apart, and one packet of each is
sent through both machines. The examples can be given to \`pierhead trace --packet\`.
Exit status: 0 no packet changes fate; 1 some do, or not everything could be examined; 2 could not run.

Example:
  pierhead diff /etc new-etc --system openbsd-7.8
  pierhead diff pf.conf pf.conf.new --interfaces machine.json
`,
    )
    .action(async (oldPath: string, newPath: string, flags: Flags) => {
      const { buildBoth, diffJson, diffLines, diffMachines } = await import("@pierhead/engine/prove");
      const { buildOptions, readHost } = await import("../input/tree.ts");
      const limit = limitOption(flags.limit);
      const old = readHost(oldPath, flags.system);
      const fresh = readHost(newPath, flags.newSystem ?? flags.system);
      const systems = { before: old.system, after: fresh.system };
      const { before, after } = buildBoth(old.tree, fresh.tree, systems, buildOptions(flags));
      for (const build of [before, after]) await settle(build, flags.when ?? []);
      const report = diffMachines(before.machine, after.machine, { limit, ...progressOption(flags.json === true) });
      clearProgress(flags.json === true);
      if (flags.json === true) process.stdout.write(`${JSON.stringify(diffJson(report), null, 2)}\n`);
      else showChanges(diffLines(report), process.stdout);
      exit(report.changes.length > 0 || !report.complete ? EXIT.findings : EXIT.fine);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

export function limitOption(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000_000) {
    throw new UsageError(`--limit ${text}: a number of classes from 1 to 10000000 is wanted`);
  }
  return limit;
}

/** How far it is, on a terminal, once it takes long enough to wonder. */
export function progressOption(json: boolean): { progress?: (done: number, known: number) => void } {
  if (process.stderr.isTTY !== true || json) return {};
  const begin = Date.now();
  return {
    progress: (done, known) => {
      if (Date.now() - begin > 1000) process.stderr.write(`\r${done} classes of ${known} known so far\u001b[K`);
    },
  };
}

export function clearProgress(json: boolean): void {
  if (process.stderr.isTTY === true && !json) process.stderr.write("\r\u001b[K");
}

/** Lines of a comparison with the colours of a diff. */
export function showChanges(lines: readonly string[], stream: NodeJS.WriteStream): void {
  const colors = colorsFor(stream);
  for (const line of lines) {
    const text = printable(line);
    let painted = text;
    if (text.startsWith("  before:")) painted = colors.red(text);
    else if (text.startsWith("  after:")) painted = colors.green(text);
    else if (text.startsWith("Not examined:")) painted = colors.yellow(text);
    else if (/^(?:in on|sent by|and )/.test(text)) painted = colors.bold(text);
    else if (text.startsWith("    ") || text.startsWith("Examined:")) painted = colors.dim(text);
    stream.write(`${painted}\n`);
  }
}
