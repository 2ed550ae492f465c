/**
 * The scripts against the grammars of their languages, and everything they name against docs/support/probes.md, both ways:
 * what a script uses is in the table, with its source, and what the table lists is used.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  isImpossible,
  PROBES,
  type ProbeFacts,
  type ProbeFamily,
  type ProbeScript,
  scriptText,
} from "@pierhead/lang/probe";
import { describe, expect, it } from "vitest";
import { parseBtrace } from "./support/probe-grammar/btrace.ts";
import { parseD } from "./support/probe-grammar/dtrace.ts";

const FACTS: ProbeFacts = {
  seconds: 10,
  namespace: 4_026_531_833,
  dropReasons: new Map([["QDISC_DROP", 64]]),
  retransmitError: true,
};

/** Rows of the tables of a system: probe to what is used of it. */
function documented(system: string): Map<string, Set<string>> {
  const text = readFileSync(resolve(import.meta.dirname, "../docs/support/probes.md"), "utf8");
  const section = text.split(/^## /m).find((one) => one.startsWith(`${system}\n`));
  if (section === undefined) throw new Error(`docs/support/probes.md has no section ${system}`);
  const rows = new Map<string, Set<string>>();
  for (const [, name, uses, source] of section.matchAll(/^\| `([^`]+)` +\| ([^|]*)\| ([^|]+)\|$/gm)) {
    if ((source as string).trim() === "") throw new Error(`${name} has no source`);
    rows.set(name as string, new Set([...(uses as string).matchAll(/`([^`]+)`/g)].map(([, use]) => use as string)));
  }
  return rows;
}

function scripts(family: ProbeFamily, tool: ProbeScript["tool"]): [string, ProbeScript][] {
  return PROBES.flatMap((one): [string, ProbeScript][] => {
    const answerer = one.on[family];
    return isImpossible(answerer) || answerer.tool !== tool ? [] : [[one.name, answerer]];
  });
}

/** What is used of each probe by all scripts of a system. */
class Used {
  readonly probes: Map<string, Set<string>> = new Map();

  add(probe: string, uses: Iterable<string>): void {
    const known = this.probes.get(probe) ?? new Set();
    for (const use of uses) known.add(use);
    this.probes.set(probe, known);
  }
}

describe("btrace scripts", () => {
  const used = new Used();
  it.each(scripts("openbsd", "btrace"))("%s: as bt(5) has it, with a bound", (_, script) => {
    const text = scriptText(script, FACTS);
    const { probes, builtins } = parseBtrace(text);
    for (const probe of probes) if (probe !== "BEGIN" && probe !== "END") used.add(probe, []);
    for (const builtin of builtins) used.add(builtin, []);
    expect(text).toContain("exit();");
    expect(text).toContain(`>= ${FACTS.seconds}`);
  });

  it("every name is in the table of the documentation, and every row is used", () => {
    expect([...used.probes.keys()].sort()).toEqual([...documented("OpenBSD").keys()].sort());
  });

  it.each([
    ["BEGIN { exit() }", null],
    ["syscall:connect:entry / pid == 1 / { @a[pid, comm] = count(); }", null],
    ["syscall:connect:entry { @a[pid] = hist(arg0); }", "a value"],
    ["syscall:connect { exit(); }", ": wanted"],
    ["syscall:connect:entry { print(); }", "a value"],
    ["interval:hz:1 { exit(); } interval:s:10 { exit(); }", "multiple probes"],
    ["syscall:connect:entry { @a = 1 }}", "a name"],
  ])("the checker itself: %s", (text, complaint) => {
    if (complaint === null) expect(() => parseBtrace(text)).not.toThrow();
    else expect(() => parseBtrace(text)).toThrow(complaint);
  });
});

describe.each([
  ["FreeBSD", "freebsd"],
  ["NetBSD", "netbsd"],
] as const)("D scripts for %s", (title, family) => {
  const used = new Used();
  it.each(scripts(family, "dtrace"))("%s: D that is bounded", (_, script) => {
    const { clauses, options } = parseD(scriptText(script, FACTS));
    for (const { probes, uses } of clauses) for (const probe of probes) used.add(probe, uses);
    expect(options.get("aggsize")).toBe("4m");
    expect(clauses.some(({ probes }) => probes.includes(`profile:::tick-${FACTS.seconds}s`))).toBe(true);
    // Nothing that could change the system: these need `dtrace -w`, which is never given.
    expect(scriptText(script, FACTS)).not.toMatch(/\b(?:system|stop|raise|copyout|panic|breakpoint|chill)\s*\(/);
  });

  it("every probe and field is in the table of the documentation, and every row is used", () => {
    const sorted = (map: Map<string, Set<string>>): unknown =>
      [...map].map(([probe, uses]) => [probe.replace(/tick-\d+s/, "tick-Ns"), [...uses].sort()]).sort();
    const merged = new Map([...used.probes].filter(([probe]) => !/tick-\d/.test(probe)));
    merged.set("profile:::tick-Ns", new Set());
    expect(sorted(merged)).toEqual(sorted(documented(title)));
  });
});

it.each([
  ["ip:::send /args[2]->ip_ver == 4/ { @a[execname] = sum(args[4]->ipv4_length); }", null],
  ["tcp:::connect-request { @[pid] = count(); }", "character"],
  ["ip:::send { @a = count(1); }", "0 to 0 arguments of count"],
  ['ip:::send { system("x"); }', "a known function instead of system"],
  ["ip:::send { x = y; }", "a known variable"],
  ["ip:::send /1 { exit(0); }", "wanted"],
])("the checker of D itself: %s", (text, complaint) => {
  if (complaint === null) expect(() => parseD(text)).not.toThrow();
  else expect(() => parseD(text)).toThrow(complaint);
});

describe("bpftrace scripts", () => {
  const used = new Used();
  const all = scripts("linux", "bpftrace");

  it.each(all)("%s: names the tracepoints it uses, and is bounded", (_, script) => {
    const text = scriptText(script, FACTS);
    const clauses = [...text.matchAll(/^tracepoint:(\w+:\w+)\b(.*(?:\n(?!\}).*)*)/gm)];
    expect([...new Set(clauses.map(([, name]) => name))].sort()).toEqual([...script.tracepoints].sort());
    for (const [, name, body] of clauses) {
      used.add(
        name as string,
        [...(body as string).matchAll(/args->(\w+)/g)].map(([, field]) => field as string),
      );
    }
    expect(text).toContain(`interval:s:${FACTS.seconds} {\n  exit();`);
    expect(text.split("{").length).toBe(text.split("}").length);
    // What only `bpftrace --unsafe` may do, which is never given.
    expect(text).not.toMatch(/\b(?:system|signal|override)\s*\(/);
  });

  it("every tracepoint and field is in the table of the documentation, and every row is used", () => {
    const sorted = (map: Map<string, Set<string>>): unknown =>
      [...map].map(([probe, uses]) => [probe, [...uses].sort()]).sort();
    expect(sorted(used.probes)).toEqual(sorted(documented("Linux")));
  });

  const events = "/sys/kernel/tracing/events";
  it.skipIf(!existsSync(events))("the running kernel has them (skipped where tracefs is not mounted)", () => {
    for (const [tracepoint, fields] of documented("Linux")) {
      const format = readFileSync(join(events, tracepoint.replace(":", "/"), "format"), "utf8");
      for (const field of fields) expect(format, tracepoint).toMatch(new RegExp(`\\b${field}(?:\\[[^\\]]*\\])?;`));
    }
  });
});

it("every question has an answer on every system, or says why not", () => {
  for (const one of PROBES) {
    for (const answerer of Object.values(one.on)) {
      if (isImpossible(answerer)) expect(answerer.impossible.length).toBeGreaterThan(20);
      else {
        expect(answerer.needs.length).toBeGreaterThan(0);
        expect(answerer.command.length > 0).toBe(answerer.lines(FACTS).length === 0);
      }
    }
  }
});
