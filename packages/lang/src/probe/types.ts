import type { SystemFamily } from "@pierhead/core";

/** The program that answers. All but `counters` and `conntrack` load a script into the kernel's tracer. */
export type ProbeTool = "bpftrace" | "dtrace" | "btrace" | "conntrack" | "counters";

/** What a number of an answer counts. */
export type ProbeUnit = "bytes" | "packets" | "events" | "microseconds";

/** One table of an answer: rows with a number each, or one histogram for each row. */
export interface ProbeTable {
  /** As the scripts name it. A trailing 4 or 6 in a script's name is an address family and belongs to the same table. */
  readonly name: string;
  readonly title: string;
  readonly keys: readonly string[];
  readonly unit: ProbeUnit;
  readonly shape: "sum" | "histogram";
}

/** A line of a script, and why it is there. An empty `why` belongs to the line above. */
export interface ScriptLine {
  readonly code: string;
  readonly why: string;
}

/** What is known about the machine a script is made for. Everything may be unknown: the script is then the general one. */
export interface ProbeFacts {
  /** Whole seconds until the script ends by itself. */
  readonly seconds: number;
  /** Inode of the network namespace to look at; null looks at all of them. Linux only. */
  readonly namespace: number | null;
  /** Numbers of the kernel's drop reasons by name, out of the format of `skb:kfree_skb`. */
  readonly dropReasons: ReadonlyMap<string, number>;
  /** Whether the tracepoint `tcp:tcp_retransmit_skb` tells of attempts that failed (its field `err`). */
  readonly retransmitError: boolean;
}

/** How a question is answered on one system. */
export interface ProbeScript {
  readonly tool: ProbeTool;
  /** The script, for the tools that take one. */
  lines(facts: ProbeFacts): readonly ScriptLine[];
  /** Words of the command for `conntrack` and `counters`; a counter is read again every second. */
  readonly command: readonly string[];
  /** For `counters`: how its output is read. */
  readonly reads: "pf-rules" | "pf-info" | "netstat" | null;
  /** For `netstat`: lines that matter, as regular expressions on the text without its number. */
  readonly wanted: readonly string[];
  /** Kernel features, privileges and programs it cannot do without, in plain words. */
  readonly needs: readonly string[];
  /** Tracepoints that must exist, `group:name`. Linux only. */
  readonly tracepoints: readonly string[];
  /** What the answer leaves out. */
  readonly limits: readonly string[];
  /** Most rows of a table; what comes later is not counted, and the answer says so. */
  readonly rows: number;
  /** What drives its cost: every packet of the machine, or rarer events. */
  readonly runsPer: "packet" | "event" | "second";
}

/** The system has no way to answer that would be true. */
export interface ProbeImpossible {
  readonly impossible: string;
  /** What to use instead. */
  readonly instead: string | null;
}

export type ProbeAnswerer = ProbeScript | ProbeImpossible;

export type ProbeFamily = Exclude<SystemFamily, "macos">;

export interface Probe {
  readonly name: string;
  readonly question: string;
  readonly tables: readonly ProbeTable[];
  readonly on: Readonly<Record<ProbeFamily, ProbeAnswerer>>;
}

export function isImpossible(answerer: ProbeAnswerer): answerer is ProbeImpossible {
  return "impossible" in answerer;
}

/** The text that the tool is given. */
export function scriptText(script: ProbeScript, facts: ProbeFacts): string {
  return script
    .lines(facts)
    .map(({ code }) => `${code}\n`)
    .join("");
}

/** Facts of no machine in particular, for showing a script. */
export const GENERAL_FACTS: ProbeFacts = {
  seconds: 10,
  namespace: null,
  dropReasons: new Map(),
  retransmitError: false,
};
