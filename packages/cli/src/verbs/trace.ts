import type { MachineBuild } from "@pierhead/engine/build";
import type { TraceLine } from "@pierhead/engine/trace";
import { EXIT, UsageError } from "../failure.ts";
import { settle } from "../input/settle.ts";
import { type Colors, colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly system?: string;
  readonly interfaces?: string;
  readonly packet: string[];
  readonly when?: string[];
  readonly all?: boolean;
  readonly pfctl?: string[];
  readonly json?: boolean;
}

const PASSED = new Set(["pass", "synproxy"]);

export const trace: Verb = (program, exit) => {
  program
    .command("trace")
    .description("follow one packet through the machine: every rule that mattered, and why")
    .argument("<path>", "the folder of a host's configuration, or one file")
    .requiredOption("-p, --packet <packet>", "the packet; given again, the next one on the same machine", collect)
    .option("-w, --when <conditions>", "tests and links that are not up: isp1=down,vr0=down", collect)
    .option("-a, --all", "show rules that did not match, too, and what failed")
    .option("--pfctl <arguments>", "then show what pfctl shows on the simulated machine: -ss, -vvsr, -sn, -si", collect)
    .option("-s, --system <system>", "which system the files are for")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 the packet passes; 1 it does not; 2 could not run.

Example:
  pierhead trace /etc --packet "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"
  pierhead trace /etc --packet "in vr1 udp 192.168.1.10:4000 > 9.9.9.9:53" --pfctl -ss --pfctl -vsr
  pierhead trace /etc --when isp2=down --packet "out icmp 198.51.100.199 > 198.51.100.100 echoreq"
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { buildMachine } = await import("@pierhead/engine/build");
      const { parsePacketLine, traceJson, traceLines, traceSpec } = await import("@pierhead/engine/trace");
      const { buildOptions, readHost } = await import("../input/tree.ts");
      const host = readHost(path, flags.system);
      const build = buildMachine(host.tree, host.system, buildOptions(flags));
      const specs = flags.packet.map((text) => {
        const line = parsePacketLine(text, host.system);
        if (line.error !== null) {
          throw new UsageError(
            `--packet: ${line.error.message}`,
            `a packet is written like:\n  ${line.error.form.join("\n  ")}`,
          );
        }
        return line.spec;
      });
      const state = await settle(build, flags.when ?? []);
      const notes = machineNotes(build);
      const traces = specs.map((spec) => {
        const result = traceSpec(build.machine, spec);
        if (typeof result === "string") throw new UsageError(`--packet: ${result}`);
        return result;
      });
      const { runCommand } = await import("@pierhead/engine/shell");
      const views = (flags.pfctl ?? []).map((args) => {
        const { stdout, stderr } = runCommand(build.machine, `pfctl ${args}`, {});
        return { command: `pfctl ${args}`, output: stdout, errors: stderr };
      });
      if (flags.json === true) {
        const report = {
          system: host.system.name,
          state,
          notes,
          pfctl: views,
          traces: traces.map((one) => traceJson(one)),
        };
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      } else {
        const colors = colorsFor(process.stdout);
        process.stdout.write(`${colors.dim(`${host.path}: ${host.system.name} (${host.systemFrom})`)}\n`);
        for (const note of notes) process.stdout.write(`${colors.dim(`note: ${printable(note)}`)}\n`);
        if (state !== null) process.stdout.write(`${colors.dim(`ifstated is in state ${state}`)}\n`);
        for (const one of traces) {
          process.stdout.write("\n");
          for (const line of traceLines(one, { all: flags.all === true }))
            process.stdout.write(`${paint(line, colors)}\n`);
        }
        for (const view of views) {
          process.stdout.write(`\n${colors.dim(`$ ${printable(view.command)}`)}\n`);
          for (const line of (view.output + view.errors).split("\n"))
            if (line !== "") process.stdout.write(`${printable(line)}\n`);
        }
      }
      exit(traces.every((one) => PASSED.has(one.journey.verdict)) ? EXIT.fine : EXIT.findings);
    });
};

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** What the reader of a trace must know about the machine it ran on. */
function machineNotes(build: MachineBuild): string[] {
  const notes: string[] = [];
  const unsure = [...build.interfaces.values()].filter(
    (one) => one.origin === "assumed" || one.addresses === "assumed" || one.addresses === "inferred",
  );
  if (unsure.length > 0) {
    const names = unsure.map((one) => {
      const addresses = (build.machine.interface(one.name)?.addresses ?? []).map(
        (own) => `${own.address}/${own.length}`,
      );
      return `${one.name} ${addresses.length === 0 ? "without an address" : addresses.join(" ")}`;
    });
    notes.push(
      `the files do not declare these interfaces, they are concluded from what the files say: ${names.join("; ")}`,
    );
  }
  const errors = build.pf?.diagnostics.filter((one) => one.severity === "error").length ?? 0;
  if (errors > 0) notes.push("pf.conf has errors, so pfctl would load none of it: see pierhead check");
  if (build.pf === null) {
    notes.push(
      build.system.family === "linux"
        ? "Linux has no pf, and nftables and iptables are not read: everything passes"
        : "no pf.conf is loaded: pf lets everything pass",
    );
  }
  return notes;
}

function paint(line: TraceLine, colors: Colors): string {
  const text = `${"  ".repeat(line.depth)}${printable(line.text)}`;
  const place = line.place === "" ? "" : `  ${colors.dim(`[${printable(line.place)}]`)}`;
  switch (line.kind) {
    case "packet":
    case "pass":
      return colors.bold(text) + place;
    case "decision":
      return (/block|drop|refus/.test(line.text) ? colors.red(text) : colors.green(text)) + place;
    case "translation":
    case "route":
      return colors.cyan(text) + place;
    case "no-match":
    case "note":
      return colors.dim(text) + place;
    case "sentence":
      return `\n${colors.bold(text)}`;
    default:
      return text + place;
  }
}
