/** Runs a probe: the tool as a process of its own, its output into a tally, a look at the tally every second. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { type Probe, type ProbeFacts, type ProbeScript, scriptText } from "@pierhead/lang/probe";
import {
  bpftraceReader,
  btraceReader,
  conntrackReader,
  dtraceReader,
  type KeyCounts,
  type OutputReader,
  type Reading,
  readNetstat,
  readPfInfo,
  readPfRules,
  type Snapshot,
  Tally,
} from "@pierhead/lang/probe-output";
import { LineSplitter } from "../monitor/lines.ts";
import { PacketRate, shareOfProcessor } from "./overhead.ts";

export interface ProbeRunOptions {
  readonly facts: ProbeFacts;
  /** Share of one processor that the probe may take, from 0 to 1; null is without bound. */
  readonly maxOverhead: number | null;
  /** Called when the script counts, and every second after that. */
  readonly look: (snapshot: Snapshot, seconds: number) => void;
  /** Ends the probe before its time. */
  readonly signal?: AbortSignal;
}

export interface ProbeOutcome {
  readonly snapshot: Snapshot;
  /** Seconds that were counted. */
  readonly seconds: number;
  /** Why it ended before its time, in plain words; null when it did not. */
  readonly stopped: string | null;
  /** Why there is no answer; null when there is one. */
  readonly failed: string | null;
  /** Whether a table was full, so that rows may be missing. */
  readonly full: boolean;
}

/** Lines of a full table are long. */
const LONGEST_LINE = 16_777_216;
/** Milliseconds that a tool gets to load its script, and to end when it is asked to. */
const STARTUP = 60_000;
const ENDING = 5_000;
const COMPLAINTS = 20;

/** The words that start the tool; the script is one of them, so that no shell and no file is between. */
export function probeCommand(script: ProbeScript, facts: ProbeFacts): [string, ...string[]] {
  const text = scriptText(script, facts);
  switch (script.tool) {
    case "bpftrace":
      return ["bpftrace", "-f", "json", "-B", "line", "-e", text];
    case "dtrace":
      return ["dtrace", "-q", "-n", text];
    case "btrace":
      return ["btrace", "-e", text];
    case "conntrack":
    case "counters":
      return script.command as unknown as [string, ...string[]];
  }
}

export async function runProbe(probe: Probe, script: ProbeScript, options: ProbeRunOptions): Promise<ProbeOutcome> {
  const tally = new Tally(script.rows);
  const rate = new PacketRate();
  const tooDear = (): string | null => {
    const now = rate.look();
    if (now === null || options.maxOverhead === null) return null;
    const share = shareOfProcessor(probe.name, now);
    if (share <= options.maxOverhead) return null;
    return `${Math.round(now)} packets a second would cost about ${Math.round(share * 100)} % of a processor, more than --max-overhead allows (${Math.round(options.maxOverhead * 100)} %)`;
  };
  await pause(250);
  const refused = tooDear();
  const none = (failed: string): ProbeOutcome => ({
    snapshot: tally.look(),
    seconds: 0,
    stopped: null,
    failed,
    full: false,
  });
  if (refused !== null) return none(refused);
  return script.tool === "counters"
    ? readCounters(script, tally, options)
    : readTool(probe, script, tally, options, tooDear);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function readerOf(probe: Probe, script: ProbeScript): OutputReader {
  const keys: KeyCounts = (table) => probe.tables.find(({ name }) => name === table)?.keys.length ?? null;
  if (script.tool === "conntrack") return conntrackReader();
  if (script.tool === "dtrace") return dtraceReader(keys);
  return script.tool === "btrace" ? btraceReader(keys) : bpftraceReader(keys);
}

/** Reads a tool that goes on until its script ends. */
function readTool(
  probe: Probe,
  script: ProbeScript,
  tally: Tally,
  options: ProbeRunOptions,
  tooDear: () => string | null,
): Promise<ProbeOutcome> {
  const [program, ...words] = probeCommand(script, options.facts);
  const reader = readerOf(probe, script);
  const complaints: string[] = [];
  let since: number | null = null;
  let stopped: string | null = null;
  let child: ChildProcess;
  return new Promise((resolve) => {
    const seconds = (): number => (since === null ? 0 : (performance.now() - since) / 1000);
    let ticking: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill("SIGINT");
      setTimeout(() => child.kill("SIGKILL"), ENDING).unref();
    };
    // A tool whose script does not end by itself is ended; so is one that does not get its script loaded.
    let deadline = setTimeout(() => {
      complaints.push(`${program} did not load the script within ${STARTUP / 1000} s`);
      end();
    }, STARTUP);
    const attached = (): void => {
      if (since !== null) return;
      since = performance.now();
      clearTimeout(deadline);
      const grace = script.tool === "conntrack" ? 0 : ENDING;
      deadline = setTimeout(end, options.facts.seconds * 1000 + grace);
      options.look(tally.look(), 0);
      ticking = setInterval(() => {
        options.look(tally.look(), seconds());
        stopped ??= tooDear();
        if (stopped !== null) end();
      }, 1000);
    };
    const take = (readings: readonly Reading[]): void => {
      for (const reading of readings) {
        if (reading.kind === "attached") attached();
        else if (reading.kind === "unread" && since === null && complaints.length < COMPLAINTS)
          complaints.push(reading.text);
      }
      tally.add(readings);
    };
    const lines = new LineSplitter((line) => take(reader.line(line)), LONGEST_LINE);
    const errors = new LineSplitter((line) => {
      const text = line.trim();
      if (/buffer space|overrun/i.test(text)) tally.add([{ kind: "lost", count: 0, text }]);
      else if (text !== "" && complaints.length < COMPLAINTS) complaints.push(text);
    });
    const { BPFTRACE_MAP_KEYS_MAX: _, BPFTRACE_MAX_MAP_KEYS: __, ...environment } = process.env;
    // The bound of a table has another name in newer releases of bpftrace.
    const bound = { BPFTRACE_MAP_KEYS_MAX: String(script.rows), BPFTRACE_MAX_MAP_KEYS: String(script.rows) };
    child = spawn(program, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: script.tool === "bpftrace" ? { ...environment, ...bound } : process.env,
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => lines.push(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => errors.push(text));
    // Only bpftrace tells when it counts.
    if (script.tool !== "bpftrace") child.once("spawn", attached);
    options.signal?.addEventListener("abort", end, { once: true });
    const done = (failure: string | null): void => {
      clearTimeout(deadline);
      clearInterval(ticking);
      options.signal?.removeEventListener("abort", end);
      take(reader.end());
      const snapshot = tally.look();
      resolve({ snapshot, seconds: seconds(), stopped, failed: failure, full: tally.full });
    };
    child.once("error", (error) => done(`${program}: ${error.message}`));
    child.once("close", (status) => {
      lines.push("\n");
      errors.push("\n");
      const fine = status === 0 || stopped !== null || (since !== null && script.tool === "conntrack");
      const aborted = options.signal?.aborted === true;
      done(
        since !== null && (fine || aborted)
          ? null
          : aborted
            ? "ended before it began"
            : explain(program, status, complaints),
      );
    });
  });
}

/** The first of a tool's complaints that is one. */
function explain(program: string, status: number | null, complaints: readonly string[]): string {
  // bpftrace says so when it is not allowed to raise a limit that newer kernels do not have.
  const real = complaints.filter((text) => !/RLIMIT_MEMLOCK/.test(text));
  const told =
    real.find((text) => /error|cannot|could not|failed|denied|permission|no such|not /i.test(text)) ?? real[0];
  return told === undefined ? `${program} ended with status ${status}` : `${program}: ${told}`;
}

/** Reads counters every second. */
async function readCounters(script: ProbeScript, tally: Tally, options: ProbeRunOptions): Promise<ProbeOutcome> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let failed: string | null = null;
  for (;;) {
    const text = await outputOf(script.command as unknown as [string, ...string[]]);
    if (text instanceof Error) {
      failed = text.message;
      break;
    }
    tally.add(countersOf(script, text));
    options.look(tally.look(), seconds());
    if (seconds() >= options.facts.seconds || options.signal?.aborted === true) break;
    await Promise.race([
      pause(1000),
      new Promise<void>((done) => options.signal?.addEventListener("abort", () => done(), { once: true })),
    ]);
  }
  return { snapshot: tally.look(), seconds: seconds(), stopped: null, failed, full: tally.full };
}

function countersOf(script: ProbeScript, text: string): Reading[] {
  if (script.reads === "pf-rules") return readPfRules(text);
  return script.reads === "pf-info" ? readPfInfo(text) : readNetstat(text, script.wanted);
}

function outputOf([program, ...words]: readonly [string, ...string[]]): Promise<string | Error> {
  return new Promise((resolve) => {
    execFile(
      program,
      words,
      { encoding: "utf8", timeout: ENDING, maxBuffer: LONGEST_LINE },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else resolve(new Error(`${program}: ${stderr.trim().split("\n")[0] || error.message}`));
      },
    );
  });
}
