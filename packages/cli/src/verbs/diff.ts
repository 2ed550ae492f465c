import type { DiffReport, FateRule } from "@pierhead/engine/compare";
import { EXIT } from "../failure.ts";
import { settle } from "../input/settle.ts";
import { type Colors, colorsFor, plural, printable } from "../terminal.ts";
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
Exit status: 0 no packet changes fate; 1 some do, or not all could be looked at; 2 could not run.

Example:
  pierhead diff /etc new-etc --system openbsd-7.8
  pierhead diff pf.conf pf.conf.new --interfaces machine.json
`,
    )
    .action(async (oldPath: string, newPath: string, flags: Flags) => {
      const { buildMachine } = await import("@pierhead/engine/build");
      const { diffMachines } = await import("@pierhead/engine/compare");
      const { buildOptions, readHost } = await import("../input/tree.ts");
      const machines = [];
      for (const [path, system] of [
        [oldPath, flags.system],
        [newPath, flags.newSystem ?? flags.system],
      ] as const) {
        const host = readHost(path, system);
        const build = buildMachine(host.tree, host.system, buildOptions(flags));
        await settle(build, flags.when ?? []);
        machines.push(build.machine);
      }
      const [before, after] = machines as [(typeof machines)[0], (typeof machines)[0]];
      const progress = process.stderr.isTTY === true && flags.json !== true;
      const report = diffMachines(before, after, {
        limit: Number(flags.limit) || 50_000,
        ...(progress
          ? { onProgress: (done, all) => process.stderr.write(done === all ? "\r\x1b[K" : `\r${done} of ${all}`) }
          : {}),
      });
      if (flags.json === true) process.stdout.write(`${JSON.stringify(jsonOf(report), null, 2)}\n`);
      else process.stdout.write(pretty(report, colorsFor(process.stdout)));
      exit(report.changes.length > 0 || !report.complete ? EXIT.findings : EXIT.fine);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function pretty(report: DiffReport, colors: Colors): string {
  let text = "";
  for (const change of report.changes) {
    const more = change.classes > 1 ? ` and ${plural(change.classes - 1, "more class", "more classes")} like it` : "";
    text += `${colors.bold(printable(change.packet))}\n`;
    text += `  ${colors.dim(`${printable(change.packets)}${more}`)}\n`;
    text += `  ${colors.red("-")} ${printable(change.before.text)}\n${rules(change.before.rules, colors)}`;
    text += `  ${colors.green("+")} ${printable(change.after.text)}\n${rules(change.after.rules, colors)}\n`;
  }
  const count = plural(report.changes.length, "change");
  text += report.changes.length === 0 ? colors.green("no packet changes fate") : colors.yellow(count);
  text += `, ${plural(report.examined, "class", "classes")} of packets compared\n`;
  if (report.conditions.length > 0) {
    text += colors.dim(`asked with plain packets only: ${printable(report.conditions.join(", "))}\n`);
  }
  if (!report.complete) text += colors.yellow("not all classes were looked at: raise --limit\n");
  return text;
}

function rules(list: readonly FateRule[], colors: Colors): string {
  return list
    .map((one) => {
      const place = one.place === null ? "" : colors.dim(` [${one.place.file}:${one.place.line}]`);
      return `      ${one.direction} on ${one.interface}: ${printable(one.text)}${place}\n`;
    })
    .join("");
}

function jsonOf(report: DiffReport): object {
  const fate = (one: DiffReport["changes"][number]["before"]): object => ({
    text: one.text,
    rules: one.rules.map(({ direction, interface: on, text, place }) => ({
      direction,
      interface: on,
      rule: text,
      place,
    })),
  });
  return {
    changes: report.changes.map((one) => ({ ...one, before: fate(one.before), after: fate(one.after) })),
    examined: report.examined,
    complete: report.complete,
    conditions: report.conditions,
  };
}
