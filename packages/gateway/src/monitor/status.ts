/** What the monitor tells about itself: for `pierhead monitor status`, and for Prometheus. */
import type { LinkState } from "@pierhead/core";
import type { TestProgram } from "@pierhead/engine/ifstated";
import type { Notice } from "./live-machine.ts";
import type { RunningProbe } from "./probes/watch.ts";

export interface LinkStatus {
  readonly interface: string;
  readonly link: LinkState;
  /** Changes since the start. */
  readonly changes: number;
}

export interface TestStatus {
  /** Macro, else the command. */
  readonly name: string;
  readonly command: string;
  /** Seconds. */
  readonly every: number;
  /** Exit status of the last run; null before the first and when a signal ended it. */
  readonly status: number | null;
  /** Seconds the last run took; null before the first. */
  readonly seconds: number | null;
  readonly runs: number;
  readonly failures: number;
  /** Runs that were killed because they were not done at their interval. */
  readonly hung: number;
  /** Share of the last 100 runs that failed. */
  readonly loss: number;
}

export interface ProbeStatus {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly link: LinkState;
  /** Share of the window that was lost. */
  readonly loss: number;
  /** Mean seconds of the answers in the window; null without any. */
  readonly latency: number | null;
  readonly sent: number;
  readonly lost: number;
}

export interface HistoryEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly kind: "state" | "link" | "probe" | "hung" | "command" | "reload" | "start" | "spinning";
  readonly text: string;
}

export interface MonitorStatus {
  readonly version: 1;
  readonly pid: number;
  readonly file: string;
  readonly compat: boolean;
  readonly started: string;
  readonly now: string;
  readonly state: string | null;
  readonly stateSince: string | null;
  readonly stateChanges: number;
  /** All that entering the state asks for has been done. */
  readonly settled: boolean;
  /** The command it waits for; null when it waits for none. */
  readonly command: string | null;
  readonly links: readonly LinkStatus[];
  readonly tests: readonly TestStatus[];
  readonly probes: readonly ProbeStatus[];
  /** Newest last. */
  readonly history: readonly HistoryEntry[];
  readonly reloads: { readonly accepted: number; readonly refused: number };
  /** Commands that ended with another status than 0. */
  readonly failedCommands: number;
  readonly children: number;
  /** Octets. */
  readonly memory: number;
}

const MOST_HISTORY = 200;
const RECENT = 100;

interface TestCounts {
  status: number | null;
  seconds: number | null;
  runs: number;
  failures: number;
  hung: number;
  recent: boolean[];
}

/** Counts what happens. */
export class Statistics {
  readonly #tests: Map<string, TestCounts> = new Map();
  readonly #linkChanges: Map<string, number> = new Map();
  readonly #history: HistoryEntry[] = [];
  readonly started: string = new Date().toISOString();
  stateSince: string | null = null;
  stateChanges = 0;
  command: string | null = null;
  failedCommands = 0;
  accepted = 0;
  refused = 0;

  get history(): readonly HistoryEntry[] {
    return this.#history;
  }

  remember(kind: HistoryEntry["kind"], text: string): void {
    this.#history.push({ time: new Date().toISOString(), kind, text });
    if (this.#history.length > MOST_HISTORY) this.#history.shift();
  }

  note(notice: Notice, isProbe: (name: string) => boolean): void {
    switch (notice.kind) {
      case "enter":
        this.stateSince = new Date().toISOString();
        this.stateChanges++;
        this.remember("state", notice.from === null ? notice.state : `${notice.from} → ${notice.state}`);
        break;
      case "link":
      case "departed": {
        const name = notice.interface;
        this.#linkChanges.set(name, (this.#linkChanges.get(name) ?? 0) + 1);
        const word = notice.kind === "link" ? notice.link : "departed";
        this.remember(isProbe(name) ? "probe" : "link", `${name} ${word}`);
        break;
      }
      case "test": {
        const counts = this.#counts(notice.test);
        counts.status = notice.status;
        counts.seconds = notice.seconds;
        this.#count(counts, notice.status !== 0);
        break;
      }
      case "hung": {
        const counts = this.#counts(notice.test);
        counts.hung++;
        counts.seconds = notice.seconds;
        this.#count(counts, true);
        this.remember("hung", `${nameOf(notice.test)} killed after ${notice.seconds.toFixed(1)} s`);
        break;
      }
      case "command":
        this.command = notice.command;
        break;
      case "command-ended":
        this.command = null;
        if (notice.status !== 0) {
          this.failedCommands++;
          this.remember("command", `status ${notice.status ?? "(signal)"}: ${notice.command}`);
        }
        break;
      case "spinning":
        this.remember("spinning", notice.states.join(" → "));
        break;
      case "idle":
        break;
    }
  }

  /** Forgets tests and links that the configuration does not have any more. */
  keep(tests: readonly TestProgram[]): void {
    const keys = new Set(tests.map(keyOf));
    for (const key of [...this.#tests.keys()]) if (!keys.has(key)) this.#tests.delete(key);
  }

  linkChanges(name: string): number {
    return this.#linkChanges.get(name) ?? 0;
  }

  test(test: TestProgram): TestStatus {
    const { recent, ...counts } = this.#tests.get(keyOf(test)) ?? fresh();
    const failed = recent.filter((one) => one).length;
    return {
      name: nameOf(test),
      command: test.command,
      every: test.every,
      ...counts,
      loss: recent.length === 0 ? 0 : failed / recent.length,
    };
  }

  #counts(test: TestProgram): TestCounts {
    const key = keyOf(test);
    let counts = this.#tests.get(key);
    if (counts === undefined) {
      counts = fresh();
      this.#tests.set(key, counts);
    }
    return counts;
  }

  #count(counts: TestCounts, failed: boolean): void {
    counts.runs++;
    if (failed) counts.failures++;
    counts.recent.push(failed);
    if (counts.recent.length > RECENT) counts.recent.shift();
  }
}

function fresh(): TestCounts {
  return { status: null, seconds: null, runs: 0, failures: 0, hung: 0, recent: [] };
}

function keyOf({ every, command }: TestProgram): string {
  return `${every} ${command}`;
}

export function nameOf(test: TestProgram): string {
  return test.macros[0] ?? test.command;
}

export function probeStatus({ definition, judge }: RunningProbe): ProbeStatus {
  const { name, method, target } = definition;
  return { name, method, target, link: judge.verdict, loss: judge.loss, latency: judge.latency, ...judge.counts };
}
