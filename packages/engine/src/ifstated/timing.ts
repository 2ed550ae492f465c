/**
 * How long a test takes when what it asks does not answer, read from its command: the number every failover time
 * hangs on. What cannot be read is said to be unknown.
 */
import { isAtLeast, type System } from "@pierhead/core";
import type { AndOr, Command, CommandNode, PipelineNode, Script } from "unbash";
import { parseShell } from "../shell/parse.ts";

/** Seconds of one run. */
export interface TestTiming {
  /** When it succeeds, answers taking no time to speak of. */
  readonly succeeds: number;
  /** When it fails; null when the command does not tell. */
  readonly fails: number | null;
  /** It never ends by itself while it succeeds: a ping without `-c`. */
  readonly endless: boolean;
  /** How {@link fails} comes about, in plain words; null when there is nothing to say. */
  readonly why: string | null;
}

const AT_ONCE: TestTiming = { succeeds: 0, fails: 0, endless: false, why: null };
const UNKNOWN: TestTiming = { succeeds: 0, fails: null, endless: false, why: null };

/** Reads the command of a test. */
export function testTiming(command: string, system: System): TestTiming {
  const script = parseShell(command);
  if (script.errors?.[0] !== undefined) return AT_ONCE;
  return ofScript(script, system, 0);
}

function ofScript(script: Pick<Script, "commands">, system: System, depth: number): TestTiming {
  const parts = script.commands.map(({ command }) => ofNode(command, system, depth));
  return parts.length === 1 ? (parts[0] as TestTiming) : inSequence(parts);
}

function ofNode(node: AndOr | PipelineNode, system: System, depth: number): TestTiming {
  if (depth > 20) return UNKNOWN;
  switch (node.type) {
    case "AndOr": {
      let all = ofNode(node.commands[0] as PipelineNode, system, depth + 1);
      for (let i = 1; i < node.commands.length; i++) {
        const next = ofNode(node.commands[i] as PipelineNode, system, depth + 1);
        all = node.operators[i - 1] === "&&" ? bothNeeded(all, next) : eitherDoes(all, next);
      }
      return all;
    }
    case "Pipeline": {
      // The parts run side by side: the slowest decides.
      const parts = node.commands.map((part) => ofNode(part, system, depth + 1));
      const timed = parts.find((part) => part.why !== null || part.fails !== 0) ?? parts[0] ?? AT_ONCE;
      return node.prefixes.some(({ type }) => type === "Negation") ? { ...timed, fails: timed.fails } : timed;
    }
    case "Command":
      return ofCommand(node, system, depth);
    default:
      return ofCompound(node, system, depth);
  }
}

function ofCompound(node: Exclude<CommandNode, Command>, system: System, depth: number): TestTiming {
  switch (node.type) {
    case "BraceGroup":
    case "Subshell":
      return ofScript(node.body, system, depth + 1);
    case "Redirected":
      return ofNode(node.command, system, depth + 1);
    default:
      return UNKNOWN;
  }
}

/** `a; b`: one after the other, the last decides. */
function inSequence(parts: readonly TestTiming[]): TestTiming {
  const last = parts.at(-1) ?? AT_ONCE;
  let before = 0;
  let unknown = false;
  for (const part of parts.slice(0, -1)) {
    before += Math.max(part.succeeds, part.fails ?? 0);
    if (part.fails === null) unknown = true;
  }
  return {
    succeeds: before + last.succeeds,
    fails: unknown || last.fails === null ? null : before + last.fails,
    endless: parts.some(({ endless }) => endless),
    why: words(parts),
  };
}

/** `a && b` fails with the first that fails, or after a success with the second. */
function bothNeeded(a: TestTiming, b: TestTiming): TestTiming {
  const fails = a.fails === null || b.fails === null ? null : Math.max(a.fails, a.succeeds + b.fails);
  return { succeeds: a.succeeds + b.succeeds, fails, endless: a.endless || b.endless, why: words([a, b]) };
}

/** `a || b` fails when both have failed. */
function eitherDoes(a: TestTiming, b: TestTiming): TestTiming {
  const fails = a.fails === null || b.fails === null ? null : a.fails + b.fails;
  return { succeeds: a.succeeds, fails, endless: a.endless || b.endless, why: words([a, b]) };
}

function words(parts: readonly TestTiming[]): string | null {
  const said = parts.map(({ why }) => why).filter((why) => why !== null);
  return said.length === 0 ? null : said.join(", ");
}

/** Programs that answer at once, whatever the network does. */
const LOCAL: ReadonlySet<string> = new Set([
  ...[
    ":",
    "true",
    "false",
    "test",
    "[",
    "echo",
    "printf",
    "cat",
    "grep",
    "awk",
    "sed",
    "cut",
    "head",
    "tail",
    "wc",
    "tr",
  ],
  ...["ifconfig", "netstat", "route", "pfctl", "sysctl", "ps", "pgrep", "ls", "stat", "date", "rcctl", "logger"],
]);

function ofCommand(command: Command, system: System, depth: number): TestTiming {
  const all = [command.name, ...command.args].map((word) => (word?.type === "Word" ? word.value : ""));
  const name = (all[0] ?? "").replace(/^.*\//, "");
  const rest = all.slice(1);
  switch (name) {
    case "ping":
    case "ping6":
      return ping(rest, system);
    case "sleep": {
      const seconds = Number(rest[0]);
      return Number.isFinite(seconds)
        ? { succeeds: seconds, fails: seconds, endless: false, why: `sleep ${seconds}` }
        : UNKNOWN;
    }
    case "timeout": {
      const at = rest.findIndex((word) => /^\d+(?:\.\d+)?s?$/.test(word));
      const seconds = Number.parseFloat(rest[at] ?? "");
      if (at === -1) return UNKNOWN;
      return { succeeds: 0, fails: seconds, endless: false, why: `timeout ends it after ${seconds} s` };
    }
    case "nc":
    case "netcat":
      return limited(name, option(rest, "w", "eiIMmOPpqsTVvwXxZ"), "-w");
    case "curl":
      return limited(name, long(rest, "--max-time") ?? option(rest, "m", "mo"), "--max-time") ?? UNKNOWN;
    case "wget":
      return limited(name, long(rest, "--timeout") ?? option(rest, "T", "T"), "--timeout");
    case "ftp":
      return limited(name, option(rest, "w", "w"), "-w");
    case "fping":
      return limited(name, milliseconds(option(rest, "t", "tcrpi")), "-t");
    case "doas":
    case "sudo":
    case "env":
    case "exec":
    case "nice": {
      const at = rest.findIndex((word) => !word.startsWith("-") && !/^\w+=/.test(word));
      const inner = at === -1 ? "" : rest.slice(at).join(" ");
      return inner === "" || depth > 5 ? UNKNOWN : ofScript(parseShell(inner), system, depth + 1);
    }
    default:
      return LOCAL.has(name) ? AT_ONCE : UNKNOWN;
  }
}

function milliseconds(value: number | null): number | null {
  return value === null ? null : value / 1000;
}

function limited(name: string, seconds: number | null, flag: string): TestTiming {
  if (seconds === null) return UNKNOWN;
  return { succeeds: 0, fails: seconds, endless: false, why: `${name} ${flag} gives up after ${seconds} s` };
}

/** Value of a one-letter option, glued or apart; `valued` lists the letters that take one. */
function option(words: readonly string[], letter: string, valued: string): number | null {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (!/^-[^-]/.test(word)) continue;
    for (let i = 1; i < word.length; i++) {
      const own = word.charAt(i);
      if (own !== letter && !valued.includes(own)) continue;
      const value = i + 1 < word.length ? word.slice(i + 1) : (words[++at] ?? "");
      if (own === letter && value !== "" && Number.isFinite(Number(value))) return Number(value);
      break;
    }
  }
  return null;
}

function long(words: readonly string[], name: string): number | null {
  const at = words.findIndex((word) => word === name || word.startsWith(`${name}=`));
  if (at === -1) return null;
  const word = words[at] as string;
  const value = Number(word.includes("=") ? word.slice(word.indexOf("=") + 1) : words[at + 1]);
  return Number.isFinite(value) ? value : null;
}

/**
 * ping(8). OpenBSD waits `-w` seconds (10) after the last packet; from 6.1 on it notices that it was the last one
 * only an interval later (ping.c retransmit). FreeBSD: `-W` milliseconds (10000) likewise, `-t` seconds in all.
 * NetBSD: `-w` seconds in all. Linux: `-W` seconds for an answer, `-w` in all.
 */
function ping(rest: readonly string[], system: System): TestTiming {
  const valued = {
    openbsd: "cIilpSsTtVwh",
    freebsd: "cGghIilMmPpSstTWzC",
    netbsd: "cEghIilpsTtw",
    macos: "cGghIilMmPpSstTWz",
    linux: "cFIilMmpQsStTwW",
  }[system.family];
  const get = (letter: string): number | null => option(rest, letter, valued);
  const count = get("c");
  const interval = get("i") ?? 1;
  const packets = count ?? 1;
  let wait: number;
  let all: number | null = null;
  let flag: string;
  switch (system.family) {
    case "openbsd": {
      wait = get("w") ?? 10;
      flag = get("w") === null ? "without -w" : `-w ${wait}`;
      break;
    }
    case "freebsd":
    case "macos": {
      const given = get("W");
      wait = given === null ? 10 : given / 1000;
      all = get("t");
      flag = all !== null ? `-t ${all}` : given === null ? "without -W and -t" : `-W ${given}`;
      break;
    }
    case "netbsd": {
      all = get("w");
      wait = 10;
      flag = all === null ? "without -w" : `-w ${all}`;
      break;
    }
    default: {
      all = get("w");
      wait = get("W") ?? 10;
      flag = all !== null ? `-w ${all}` : get("W") === null ? "without -W" : `-W ${wait}`;
    }
  }
  const notices = isAtLeast(system, "openbsd", 6, 1) || system.family === "freebsd" || system.family === "macos";
  const last = packets * interval - (notices ? 0 : interval) + wait;
  const fails = all === null ? last : Math.min(all, last);
  const sent = count === null ? "" : ` -c ${count}`;
  return {
    succeeds: (packets - 1) * interval,
    fails: count === null && all === null ? null : fails,
    endless: count === null && all === null,
    why: `ping${sent} ${flag} gives up after ${fails} s`,
  };
}
