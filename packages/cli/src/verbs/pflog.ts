import { createInterface } from "node:readline";
import type { Diagnostic } from "@pierhead/core";
import type { Joined, LoggingRule, PflogEntry } from "@pierhead/lang/pflog";
import { EXIT, UsageError } from "../failure.ts";
import { readOctets } from "../input/octets.ts";
import { jsonDiagnostic } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { type Colors, colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly tree: string;
  readonly system?: string;
  readonly interfaces?: string;
  readonly summary?: boolean;
  readonly json?: boolean;
}

export const pflog: Verb = (program, exit) => {
  program
    .command("pflog")
    .description("which line of pf.conf logged this: joins a log of pflog(4) with the rules that wrote it")
    .argument("<log>", "lines of `tcpdump -n -e -i pflog0` or a capture such as /var/log/pflog; - is standard input")
    .requiredOption("-t, --tree <path>", "the folder of the host's configuration, or its pf.conf")
    .option("-s, --system <system>", "which system the files are for")
    .option("-i, --interfaces <file>", "the machine's interfaces in JSON, where the files do not tell")
    .option("--summary", "only how often each rule logged")
    .option("--json", "one object a line, the summary last")
    .addHelpText(
      "after",
      `
Exit status: 0 every entry was joined; 1 the log is of other rules than these files; 2 could not run.

Example:
  tcpdump -n -e -ttt -l -i pflog0 | pierhead pflog - --tree /etc
  pierhead pflog /var/log/pflog --tree examples/two-isps/openbsd-7.8 --summary
`,
    )
    .action(async (log: string, flags: Flags) => exit(await run(log, flags)));
};

async function run(log: string, flags: Flags): Promise<number> {
  const { buildMachine } = await import("@pierhead/engine/build");
  const { numberedRules, PflogAccount } = await import("@pierhead/lang/pflog");
  const { formatRule } = await import("@pierhead/lang/pf");
  const { buildOptions, readHost } = await import("../input/tree.ts");
  const host = readHost(flags.tree, flags.system);
  const build = buildMachine(host.tree, host.system, buildOptions(flags));
  if (build.pf === null) throw new UsageError(`${flags.tree}: there is no pf.conf in it`);
  const rules = numberedRules(build.pf.source, build.machine.environment());
  const account = new PflogAccount(rules.finder);
  const colors = colorsFor(process.stdout);
  const textOf = ({ rule }: LoggingRule): string => formatRule(rule, host.system);

  const show = (entry: PflogEntry | null): void => {
    const joined = account.add(entry);
    if (joined === null || flags.summary === true) return;
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(entryJson(joined, textOf))}\n` : entryText(joined, textOf, colors),
    );
  };
  const problems = await eachEntry(log, show);
  const counts = account.counts();
  const diagnostics = [...rules.diagnostics, ...account.diagnostics(), ...problems];
  if (flags.json === true) {
    const summary = counts.map(({ logging, entries }) => ({ entries, ...ruleJson(logging, textOf) }));
    process.stdout.write(
      `${JSON.stringify({ entries: account.entries, rules: summary, diagnostics: diagnostics.map(jsonDiagnostic) })}\n`,
    );
  } else {
    if (counts.length > 0)
      process.stdout.write(`${flags.summary === true ? "" : "\n"}${colors.bold("Rules that logged")}\n`);
    for (const { logging, entries } of counts) {
      process.stdout.write(
        `${String(entries).padStart(8)}  ${colors.bold(placeOf(logging))}  ${printable(textOf(logging))}\n`,
      );
    }
    if (diagnostics.length > 0) process.stderr.write(`\n${prettyDiagnostics(diagnostics, colorsFor(process.stderr))}`);
  }
  return diagnostics.some(({ severity }) => severity !== "note") ? EXIT.findings : EXIT.fine;
}

/** Hands every entry to `show`; null for what is none. Lines of standard input are shown as they come. */
async function eachEntry(log: string, show: (entry: PflogEntry | null) => void): Promise<Diagnostic[]> {
  const { parsePflogLine } = await import("@pierhead/lang/pflog");
  if (log === "-") {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== "") show(parsePflogLine(line));
    }
    return [];
  }
  const { isCapture } = await import("@pierhead/lang/pcap");
  const { bytes } = readOctets(log);
  if (isCapture(bytes)) return eachPacket(bytes, show);
  for (const line of new TextDecoder().decode(bytes).split("\n"))
    if (line.trim() !== "") show(parsePflogLine(line.trimEnd()));
  return [];
}

async function eachPacket(bytes: Uint8Array, show: (entry: PflogEntry | null) => void): Promise<Diagnostic[]> {
  const { diagnostic } = await import("@pierhead/core");
  const { LINK_TYPE, readCapture } = await import("@pierhead/lang/pcap");
  const { readPflogHeader } = await import("@pierhead/lang/pflog");
  const summary = readCapture(bytes, ({ data, linkType, time }) => {
    const words = time === null ? null : new Date(time * 1000).toISOString();
    show(linkType === LINK_TYPE.pflog ? readPflogHeader(data, words) : null);
  });
  const [problem] = summary?.problems ?? [];
  if (problem === undefined) return [];
  const message = `After packet ${problem.packet}: ${problem.message}`;
  return [diagnostic("pflog/damaged-capture", "warning", message, null, { start: 0, end: 0 })];
}

/** `pf.conf:12`, and the anchor where it is in one. */
function placeOf({ rule, anchor }: LoggingRule): string {
  const inside = anchor === "" ? "" : ` (anchor ${printable(anchor)})`;
  if (rule.origin === null) return `made by pfctl${inside}`;
  const { source, span } = rule.origin;
  return `${printable(source.name)}:${source.position(span.start).line}${inside}`;
}

function entryText({ entry, rules }: Joined, textOf: (rule: LoggingRule) => string, colors: Colors): string {
  const paint = entry.action === "block" ? colors.red : entry.action === "pass" ? colors.green : (text: string) => text;
  const reason = entry.reason === "match" ? "" : ` (${printable(entry.reason)})`;
  const time = entry.time === null ? "" : `${colors.dim(printable(entry.time))} `;
  const head = `${time}${paint(entry.action)} ${entry.direction} on ${printable(entry.interface)}${reason}: ${printable(entry.packet)}`;
  const lines = rules.map((rule) => `    ${colors.bold(placeOf(rule))}  ${printable(textOf(rule))}`);
  if (lines.length === 0) {
    lines.push(
      `    ${entry.rule === null ? "the default rule, which no file has" : colors.yellow("no such rule in these files")}`,
    );
  }
  return `${[head, ...lines].join("\n")}\n`;
}

function ruleJson(logging: LoggingRule, textOf: (rule: LoggingRule) => string): Record<string, unknown> {
  const { origin } = logging.rule;
  const place = origin?.source.position(origin.span.start);
  return {
    file: origin?.source.name ?? null,
    line: place?.line ?? null,
    anchor: logging.anchor,
    number: logging.rule.number,
    rule: textOf(logging),
  };
}

function entryJson({ entry, rules }: Joined, textOf: (rule: LoggingRule) => string): Record<string, unknown> {
  return { ...entry, rules: rules.map((rule) => ruleJson(rule, textOf)) };
}
