import { KNOWN_SYSTEMS, parseSystem } from "@pierhead/core";
import type { Probe, ProbeFamily, ProbeScript } from "@pierhead/lang/probe";
import { EXIT, UsageError } from "../failure.ts";
import { type Colors, colorsFor, terminalWidth, wrap } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface RunFlags {
  readonly duration: string;
  readonly maxOverhead: string;
  readonly allNamespaces?: boolean;
  readonly json?: boolean;
}

export const probe: Verb = (program, exit) => {
  const command = program
    .command("probe")
    .description("what is this machine doing right now: named questions, answered by the system's own tracer")
    .addHelpText(
      "after",
      `
Example:
  pierhead probe list
  pierhead probe show drops --system openbsd-7.8
  pierhead probe run talkers --duration 10s
  pierhead probe run latency --json | jq .latency
`,
    );

  command
    .command("list")
    .description("the questions, and which systems can answer them")
    .option("--json", "the same facts for machines")
    .addHelpText("after", "\nExample:\n  pierhead probe list\n")
    .action(async (flags: { json?: boolean }) => {
      const { PROBES, isImpossible } = await import("@pierhead/lang/probe");
      const families = ["linux", "freebsd", "openbsd", "netbsd"] as const;
      const toolOn = (one: Probe, family: ProbeFamily): string | null => {
        const answerer = one.on[family];
        return isImpossible(answerer) ? null : (answerer.command[0] ?? answerer.tool);
      };
      if (flags.json === true) {
        const list = PROBES.map((one) => ({
          name: one.name,
          question: one.question,
          tools: Object.fromEntries(families.map((family) => [family, toolOn(one, family)])),
        }));
        process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
        return;
      }
      const colors = colorsFor(process.stdout);
      process.stdout.write(`${colors.dim(`${"".padEnd(66)}${families.map((one) => one.padEnd(11)).join("")}`)}\n`);
      for (const one of PROBES) {
        const tools = families.map((family) => (toolOn(one, family) ?? "-").padEnd(11)).join("");
        process.stdout.write(`${colors.bold(one.name.padEnd(13))}${one.question.padEnd(53)}${tools.trimEnd()}\n`);
      }
      process.stdout.write(
        colors.dim("\n- cannot be answered there; `pierhead probe show NAME --system SYSTEM` says why\n"),
      );
    });

  command
    .command("show")
    .description("the script of a question, explained line by line")
    .argument("<name>", "a question of `pierhead probe list`")
    .option("-s, --system <system>", "the system it is for; this machine's without")
    .option("--plain", "the script alone, to run it by hand")
    .option("--duration <seconds>", "when the script ends by itself", "10s")
    .option("--json", "the same facts for machines")
    .addHelpText("after", "\nExample:\n  pierhead probe show retransmits --system freebsd-14.3\n")
    .action(async (name: string, flags: { system?: string; plain?: boolean; json?: boolean; duration: string }) => {
      exit(await show(await find(name), flags));
    });

  command
    .command("run")
    .description("ask this machine, and show the answer as it grows")
    .argument("<name>", "a question of `pierhead probe list`")
    .option("-d, --duration <seconds>", "how long to count", "10s")
    .option("--max-overhead <percent>", "end it when it would cost more of one processor; 0 is without bound", "25")
    .option("--all-namespaces", "Linux: count in every network namespace, not only this one")
    .option("--json", "one object a line, every second")
    .addHelpText(
      "after",
      `
Exit status: 0 answered; 1 it ended early to keep the machine fast; 2 it cannot run here, and why.

Example:
  pierhead probe run talkers
  pierhead probe run drops --duration 60s --json
`,
    )
    .action(async (name: string, flags: RunFlags) => exit(await run(await find(name), flags)));
};

async function find(name: string): Promise<Probe> {
  const { findProbe, PROBES } = await import("@pierhead/lang/probe");
  const found = findProbe(name);
  if (found !== null) return found;
  throw new UsageError(`no question is called ${name}`, `there are: ${PROBES.map((one) => one.name).join(", ")}`);
}

function seconds(text: string): number {
  const found = /^(\d{1,5})(s|m|h)?$/.exec(text);
  const value = found === null ? 0 : Number(found[1]) * { s: 1, m: 60, h: 3_600 }[(found[2] ?? "s") as "s" | "m" | "h"];
  if (value >= 1 && value <= 86_400) return value;
  throw new UsageError(`--duration ${text}: it is 1s to 24h, such as 10s or 5m`);
}

function familyOf(name: string | undefined, host: ProbeFamily | null): ProbeFamily {
  if (name === undefined) {
    if (host !== null) return host;
    throw new UsageError("there are no scripts for this machine's system", "name another one with --system");
  }
  const system = parseSystem(name) ?? parseSystem(`${name}-0`);
  const family = system?.family ?? (["freebsd", "openbsd", "netbsd"].includes(name) ? (name as ProbeFamily) : null);
  if (family === null)
    throw new UsageError(`--system ${name} is not a system I know`, `try: ${KNOWN_SYSTEMS.join(", ")}`);
  if (family === "macos")
    throw new UsageError("there are no scripts for macOS", "there are for linux, freebsd, openbsd, netbsd");
  return family;
}

async function show(
  one: Probe,
  flags: { system?: string; plain?: boolean; json?: boolean; duration: string },
): Promise<number> {
  const { GENERAL_FACTS, isImpossible } = await import("@pierhead/lang/probe");
  const { hostFacts, hostFamily } = await import("@pierhead/gateway/probes");
  const host = hostFamily();
  const family = familyOf(flags.system, host);
  const answerer = one.on[family];
  const bound = seconds(flags.duration);
  const facts = { ...(family === host ? hostFacts(bound, true) : GENERAL_FACTS), seconds: bound };
  if (flags.json === true) {
    const described = isImpossible(answerer) ? answerer : { ...answerer, lines: answerer.lines(facts) };
    process.stdout.write(
      `${JSON.stringify({ name: one.name, question: one.question, system: family, tables: one.tables, ...described }, null, 2)}\n`,
    );
    return EXIT.fine;
  }
  const colors = colorsFor(process.stdout);
  if (isImpossible(answerer)) {
    process.stdout.write(
      `${colors.bold(one.name)}: not possible on ${systemTitle(family)}, because ${answerer.impossible}\n`,
    );
    if (answerer.instead !== null) process.stdout.write(`instead: ${answerer.instead}\n`);
    return EXIT.fine;
  }
  if (flags.plain === true) {
    const text = answerer
      .lines(facts)
      .map(({ code }) => `${code}\n`)
      .join("");
    process.stdout.write(text === "" ? `${answerer.command.join(" ")}\n` : text);
    return EXIT.fine;
  }
  process.stdout.write(explained(one, family, answerer, facts, colors));
  return EXIT.fine;
}

function systemTitle(family: ProbeFamily): string {
  return { linux: "Linux", freebsd: "FreeBSD", openbsd: "OpenBSD", netbsd: "NetBSD" }[family];
}

function explained(
  one: Probe,
  family: ProbeFamily,
  script: ProbeScript,
  facts: Parameters<ProbeScript["lines"]>[0],
  colors: Colors,
): string {
  const out = [`${colors.bold(one.name)} on ${systemTitle(family)}: ${one.question}`, ""];
  const width = terminalWidth();
  if (script.command.length > 0) {
    const often = script.tool === "counters" ? ", every second; what grew is the answer" : "";
    out.push(`  ${script.command.join(" ")}  ${colors.dim(`runs${often}`)}`);
  }
  for (const { code, why } of script.lines(facts)) {
    const line = `  ${code.replaceAll("\t", "  ")}`;
    if (why === "") out.push(line);
    else if (line.length + why.length + 5 <= width) out.push(`${line}   ${colors.dim(`# ${why}`)}`);
    else out.push(`${/^ */.exec(line)?.[0] ?? ""}${colors.dim(`# ${why}`)}`, line);
  }
  const list = (title: string, items: readonly string[]): void => {
    if (items.length === 0) return;
    out.push("", colors.bold(title), ...items.map((item) => `  - ${wrap(item, width - 4, "    ")}`));
  };
  list("Needs", script.needs);
  list("Bounds", [
    `ends by itself after ${facts.seconds} s`,
    ...(script.lines(facts).length > 0 ? [`at most ${script.rows} rows a table`] : []),
    { packet: "runs for every packet", event: "runs for rare events only", second: "runs once a second" }[
      script.runsPer
    ],
  ]);
  list("Not in the answer", script.limits);
  return `${out.join("\n")}\n`;
}

async function run(one: Probe, flags: RunFlags): Promise<number> {
  const { isImpossible } = await import("@pierhead/lang/probe");
  const { hostFacts, hostFamily, missing, runProbe } = await import("@pierhead/gateway/probes");
  const { answer, answerJson, History } = await import("../report/probe.ts");
  const family = familyOf(undefined, hostFamily());
  const answerer = one.on[family];
  if (isImpossible(answerer)) {
    throw new UsageError(
      `${one.name} is not possible on ${systemTitle(family)}: ${answerer.impossible}`,
      answerer.instead,
    );
  }
  const facts = hostFacts(seconds(flags.duration), flags.allNamespaces === true);
  const percent = Number(flags.maxOverhead);
  if (!(percent >= 0 && percent <= 10_000))
    throw new UsageError(`--max-overhead ${flags.maxOverhead}: it is a percentage`);
  const lacks = missing(answerer, facts);
  if (lacks.length > 0) {
    throw new UsageError(
      `${one.name} cannot run here: ${lacks.join("; ")}`,
      `\`pierhead probe show ${one.name}\` tells what it needs`,
    );
  }
  const colors = colorsFor(process.stdout);
  const live = process.stdout.isTTY === true && flags.json !== true;
  const history = new History();
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  if (live) process.stdout.write(colors.dim("loading the script …\n"));
  const outcome = await runProbe(one, answerer, {
    facts,
    maxOverhead: percent === 0 ? null : percent / 100,
    signal: stop.signal,
    look: (snapshot, passed) => {
      history.push(snapshot);
      const view = { probe: one, facts, snapshot, seconds: passed, history, full: false };
      if (flags.json === true) process.stdout.write(`${answerJson(view, new Date().toISOString(), false)}\n`);
      else if (live) process.stdout.write(`\x1b[H\x1b[2J${answer(view, colors)}`);
    },
  });
  process.off("SIGINT", interrupted);
  process.off("SIGTERM", interrupted);
  if (outcome.failed !== null) throw new UsageError(`${one.name}: ${outcome.failed}`);
  const view = {
    probe: one,
    facts,
    snapshot: outcome.snapshot,
    seconds: outcome.seconds,
    history: null,
    full: outcome.full,
  };
  if (flags.json === true) process.stdout.write(`${answerJson(view, new Date().toISOString(), true)}\n`);
  else process.stdout.write(`${live ? "\x1b[H\x1b[2J" : ""}${answer(view, colors)}`);
  if (outcome.stopped === null) return EXIT.fine;
  process.stderr.write(`${colorsFor(process.stderr).yellow("ended early:")} ${outcome.stopped}\n`);
  return EXIT.findings;
}
