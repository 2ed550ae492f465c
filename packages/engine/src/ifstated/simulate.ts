/** Runs ifstated on a simulated machine: tests have the outcome the user says, commands change the machine. */
import type { LinkState } from "@pierhead/core";
import type { Configuration, RunAction } from "@pierhead/lang/ifstated";
import type { Machine } from "../machine/machine.ts";
import { isSimulated, runCommand, type ShellOptions, type ShellResult } from "../shell/index.ts";
import { compile, GLOBAL, type Program, type StateProgram, type TestProgram } from "./program.ts";
import {
  createMonitor,
  currentState,
  type Manner,
  type MonitorAction,
  type MonitorEvent,
  type MonitorState,
} from "./state.ts";
import { step } from "./step.ts";
import { type TestTiming, testTiming } from "./timing.ts";

/** What happened, in order; `time` is the machine's clock. */
export type MonitorLogEntry =
  | { readonly kind: "enter"; readonly time: number; readonly state: string; readonly from: string | null }
  | {
      readonly kind: "test";
      readonly time: number;
      readonly test: TestProgram;
      readonly status: number;
      readonly seconds: number;
      /** The daemon did nothing else meanwhile. */
      readonly blocking: boolean;
    }
  | {
      readonly kind: "kill";
      readonly time: number;
      readonly test: TestProgram;
      readonly reason: "left-state" | "still-running";
    }
  | {
      readonly kind: "command";
      readonly time: number;
      readonly state: string | null;
      readonly action: RunAction;
      readonly result: ShellResult;
    };

export interface SimulationOptions {
  /** Outcome of tests by macro name or command text; the others succeed. */
  readonly tests?: ReadonlyMap<string, boolean>;
  /** Run tests that are scripts of the machine and of no given outcome; they succeed when what they do is not known. */
  readonly runTests?: boolean;
  /** `-i`. */
  readonly inhibit?: boolean;
  /** As the daemon when absent. */
  readonly manner?: Manner;
  /** Verdicts of the file's probes at the start, by name; the others are up. */
  readonly probes?: ReadonlyMap<string, LinkState>;
  /** Outcome of programs in commands that are not simulated. */
  readonly outcome?: NonNullable<ShellOptions["outcome"]>;
}

/** How a settling ended. */
export interface Settling {
  /** Every test of the current state was run with its present outcome, and nothing is left to do. */
  readonly settled: boolean;
  /** Seconds it took. */
  readonly seconds: number;
  /** States it goes round in for ever; null when it does not. */
  readonly flapping: readonly string[] | null;
}

/** Somewhat after the epoch: the daemon takes a time of 0 for never. */
const EPOCH = 1_000_000;
/** Events at one instant after which it is clear that time will not go on. */
const MAX_AT_ONCE = 2_000;
const MAX_EVENTS = 20_000;

interface Pending {
  readonly time: number;
  readonly order: number;
  readonly run: number;
  readonly event: MonitorEvent;
}

/** ifstated(8) on a machine. */
export class SimulatedMonitor {
  readonly machine: Machine;
  readonly program: Program;
  readonly log: MonitorLogEntry[] = [];
  readonly #options: SimulationOptions;
  readonly #tests: Map<string, boolean>;
  readonly #probes: readonly string[];
  readonly #timings = new Map<string, TestTiming>();
  readonly #running = new Map<number, TestProgram>();
  #monitor: MonitorState;
  #pending: Pending[] = [];
  #order = 0;
  #wake: number | null = null;
  /** The same on the machine's clock inside. */
  #due = 0;
  #atOnce = 0;
  #instant = -1;
  /** States entered since the world last changed. */
  #entered: string[] = [];
  #stuck = false;

  constructor(machine: Machine, configuration: Configuration, options: SimulationOptions = {}) {
    this.machine = machine;
    this.program = compile(configuration);
    this.#options = options;
    this.#tests = new Map(options.tests ?? []);
    this.#probes = configuration.probes.map(({ name }) => name);
    this.#monitor = createMonitor(this.program, {
      inhibit: options.inhibit ?? false,
      manner: options.manner ?? "daemon",
    });
  }

  /** Name of the current state; null before the start and without states. */
  get state(): string | null {
    return currentState(this.#monitor);
  }

  /** The machine inside, for those who look closely. */
  get monitor(): MonitorState {
    return this.#monitor;
  }

  /** Boot: reads the links, runs the tests, enters the first state. Time passes while tests run. */
  start(): void {
    const links = this.machine.interfaces().map(({ name, link }) => ({ interface: name, link }));
    // Conditions see a probe as a link of its name.
    const probes = this.#probes.map((name) => ({ interface: name, link: this.#options.probes?.get(name) ?? "up" }));
    this.#feed({ kind: "start", time: this.#now(), links: [...links, ...probes] });
    this.advance(0);
  }

  /** @returns names that no test has: neither a macro nor a command */
  setTests(tests: ReadonlyMap<string, boolean>): string[] {
    this.#entered = [];
    const known = new Set(testNames(this.program));
    for (const [name, truth] of tests) this.#tests.set(name, truth);
    return [...tests.keys()].filter((name) => !known.has(name));
  }

  /** The cable; the machine's own link state changes with it. @returns whether there is such an interface */
  setLink(name: string, link: LinkState): boolean {
    if (!this.machine.setLink(name, link)) return false;
    this.#entered = [];
    this.#feed({ kind: "link", time: this.#now(), interface: name, link });
    this.advance(0);
    return true;
  }

  /** A probe comes to another verdict. @returns whether the file has such a probe */
  setProbe(name: string, link: LinkState): boolean {
    if (!this.#probes.includes(name)) return false;
    this.#entered = [];
    this.#feed({ kind: "link", time: this.#now(), interface: name, link });
    this.advance(0);
    return true;
  }

  /** Whether a test succeeds at present. */
  outcome(test: TestProgram): boolean {
    for (const name of [test.command, ...test.macros]) {
      const truth = this.#tests.get(name);
      if (truth !== undefined) return truth;
    }
    return this.#options.runTests === true ? (scriptOutcome(this.machine, test.command) ?? true) : true;
  }

  timing(test: TestProgram): TestTiming {
    let timing = this.#timings.get(test.command);
    if (timing === undefined) {
      timing = testTiming(test.command, this.machine.system);
      this.#timings.set(test.command, timing);
    }
    return timing;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    const end = this.machine.now() + Math.max(0, seconds);
    for (let count = 0; count < MAX_EVENTS && !this.#stuck; count++) {
      const next = this.#nextTime();
      if (next === null || next > end) break;
      this.#moveTo(next);
    }
    this.machine.advance(end - this.machine.now());
  }

  /** Lets time pass until something is logged that `test` says yes to. @returns whether it came within `limit` seconds */
  advanceUntil(test: (entry: MonitorLogEntry) => boolean, limit: number): boolean {
    const end = this.machine.now() + limit;
    let seen = this.log.length;
    for (let count = 0; count < MAX_EVENTS && !this.#stuck; count++) {
      const next = this.#nextTime();
      if (next === null || next > end) return false;
      this.#moveTo(next);
      for (; seen < this.log.length; seen++) if (test(this.log[seen] as MonitorLogEntry)) return true;
    }
    return false;
  }

  /**
   * Lets time pass until nothing more comes of what the world is like now; at most `limit` seconds. Without a limit it
   * waits for the slowest test a few times over.
   */
  settle(limit: number | null = null): Settling {
    const start = this.machine.now();
    const end = start + (limit ?? this.#patience());
    for (let count = 0; count < MAX_EVENTS; count++) {
      const flapping = this.#flapping();
      if (flapping !== null) return { settled: false, seconds: this.machine.now() - start, flapping };
      if (this.#isSettled()) return { settled: true, seconds: this.machine.now() - start, flapping: null };
      const next = this.#nextTime();
      if (next === null || next > end) break;
      this.#moveTo(next);
    }
    return { settled: this.#isSettled(), seconds: this.machine.now() - start, flapping: this.#flapping() };
  }

  /** Tests of the current state and of what stands outside the states. */
  activeTests(): TestProgram[] {
    const { current } = this.#monitor;
    const states = current === null ? [GLOBAL] : [GLOBAL, current];
    return states.flatMap((number) => [...(this.program.states[number] as StateProgram).tests]);
  }

  #patience(): number {
    let slowest = 0;
    for (const state of this.program.states) {
      let all = 0;
      for (const test of state.tests) {
        slowest = Math.max(slowest, test.every);
        all += this.timing(test).fails ?? 10;
      }
      slowest = Math.max(slowest, all);
    }
    return 10 + slowest * (2 * this.program.states.length + 2);
  }

  #isSettled(): boolean {
    const { current, waiting, queue, agenda, memories } = this.#monitor;
    if (waiting !== null || queue.length > 0 || agenda.length > 0) return false;
    const states = current === null ? [GLOBAL] : [GLOBAL, current];
    return states.every((number) =>
      (this.program.states[number] as StateProgram).tests.every((test, i) => {
        const status = memories[number]?.tests[i]?.status ?? -1;
        return status !== -1 && (status === 0) === this.outcome(test);
      }),
    );
  }

  /** The same state entered again and again though nothing changed. */
  #flapping(): readonly string[] | null {
    if (this.#monitor.spinning !== null) return this.#monitor.spinning;
    const last = this.#entered.at(-1);
    if (last === undefined) return null;
    const visits = this.#entered.map((name, i) => (name === last ? i : -1)).filter((i) => i !== -1);
    if (!this.#stuck && visits.length < 4) return null;
    return this.#entered.slice(visits.at(-2) ?? 0);
  }

  #now(): number {
    return this.machine.now() + EPOCH;
  }

  #nextTime(): number | null {
    const first = this.#pending[0]?.time ?? null;
    if (this.#wake === null) return first;
    return first === null || this.#wake < first ? this.#wake : first;
  }

  #moveTo(time: number): void {
    this.machine.advance(time - this.machine.now());
    if (time !== this.#instant) {
      this.#instant = time;
      this.#atOnce = 0;
    } else if (++this.#atOnce > MAX_AT_ONCE) {
      this.#stuck = true;
      return;
    }
    const next = this.#pending[0];
    if (next !== undefined && next.time <= time) {
      this.#pending.shift();
      this.#running.delete(next.run);
      this.#feed({ ...next.event, time: this.#now() });
    } else {
      // Sums of fractions may fall a hair short of what was asked for.
      const due = Math.max(this.#now(), this.#due);
      this.#wake = null;
      this.#feed({ kind: "tick", time: due });
    }
  }

  #feed(event: MonitorEvent): void {
    const { state, actions } = step(this.#monitor, event);
    this.#monitor = state;
    for (const action of actions) this.#do(action);
  }

  #do(action: MonitorAction): void {
    const time = this.machine.now();
    switch (action.kind) {
      case "test": {
        const test = (this.program.states[action.state] as StateProgram).tests[action.test] as TestProgram;
        const timing = this.timing(test);
        const status = this.outcome(test) ? 0 : 1;
        const seconds =
          status === 0 ? (timing.endless ? Number.POSITIVE_INFINITY : timing.succeeds) : (timing.fails ?? 0);
        this.log.push({ kind: "test", time, test, status, seconds, blocking: action.wait });
        this.#running.set(action.run, test);
        if (Number.isFinite(seconds)) {
          const runs = [{ run: action.run, status }];
          this.#later(seconds, action.run, { kind: "tests-finished", time: 0, runs });
        }
        break;
      }
      case "command": {
        const { outcome } = this.#options;
        const result = runCommand(this.machine, action.command, outcome === undefined ? {} : { outcome });
        this.log.push({ kind: "command", time, state: this.state, action: action.action, result });
        this.#later(result.seconds, action.run, { kind: "command-finished", time: 0, run: action.run });
        break;
      }
      case "kill": {
        const test = this.#running.get(action.run);
        if (test !== undefined) this.log.push({ kind: "kill", time, test, reason: action.reason });
        this.#running.delete(action.run);
        this.#pending = this.#pending.filter(({ run }) => run !== action.run);
        break;
      }
      case "enter":
        this.log.push({ kind: "enter", time, state: action.name, from: action.from });
        this.#entered.push(action.name);
        break;
      case "wake":
        this.#wake = action.at === null ? null : Math.max(this.machine.now(), action.at - EPOCH);
        this.#due = action.at ?? 0;
        break;
    }
  }

  #later(seconds: number, run: number, event: MonitorEvent): void {
    const pending = { time: this.machine.now() + seconds, order: this.#order++, run, event };
    let at = this.#pending.length;
    while (at > 0 && (this.#pending[at - 1] as Pending).time > pending.time) at--;
    this.#pending.splice(at, 0, pending);
  }
}

/** What a test that is a script of the machine comes to; null when it is none, or depends on the network. */
export function scriptOutcome(machine: Machine, command: string): boolean | null {
  const [path] = command.trim().split(/\s+/);
  if (path === undefined || !path.startsWith("/") || !machine.files.has(path)) return null;
  const { exit } = runCommand(machine, command);
  return exit === null ? null : exit === 0;
}

/**
 * Whether a test is a script of the machine that asks nobody: what it comes to follows from the machine, or from files
 * that are there only later.
 */
export function asksNobody(machine: Machine, command: string): boolean {
  const [path] = command.trim().split(/\s+/);
  if (path === undefined || !path.startsWith("/") || !machine.files.has(path)) return false;
  return runCommand(machine, command).opaque.every((one) => one.program === "" || isSimulated(one.program));
}

/** Names tests can be called by: macros first, then commands. */
export function testNames(program: Program): string[] {
  const names = new Set<string>();
  for (const { tests } of program.states) for (const test of tests) for (const name of test.macros) names.add(name);
  for (const { tests } of program.states) for (const test of tests) names.add(test.command);
  return [...names];
}
