import type { LinkState } from "@pierhead/core";
import type { RunAction } from "@pierhead/lang/ifstated";
import type { Program } from "./program.ts";
import type { Task } from "./step.ts";

/** What the machine knows of one external test. */
export interface TestState {
  /** Exit status of the last run that ended by itself; -1 before the first. */
  status: number;
  /** Whole second the last run in the background ended; 0 before the first. */
  lastEnded: number;
  /** Number of the run under way; null when there is none. */
  running: number | null;
  /** Its last run that ended by itself was done before it was due again. */
  fits: boolean;
  /** When it is to run next; null when it is not scheduled. */
  due: number | null;
}

/** What the machine keeps of one state, also while it is in another. */
export interface StateMemory {
  /** Whole second it was last entered. */
  entered: number;
  /** Truth of each condition node. */
  truth: boolean[];
  tests: TestState[];
  /** Numbers of the tests, the one that ended longest ago first. */
  order: number[];
  /** Link state each link condition was last told of; null before. */
  links: (LinkState | null)[];
}

/**
 * `daemon`: as ifstated(8) does it. `live`: as `pierhead monitor` does: on entering a state its tests run side by side,
 * a test that the state before had too goes on with the result it has, of a link that comes and goes while
 * a command runs only the end counts, no change is passed over, and a run that is killed
 * because the next is due counts as a failure, if the runs before it were done in time.
 */
export type Manner = "daemon" | "live";

/** A test that runs because its state was entered, and that is waited for. */
export interface EntryRun {
  readonly run: number;
  readonly test: number;
}

/** Everything that decides what happens next. Plain data: it can be kept, compared and shown. */
export interface MonitorState {
  readonly program: Program;
  /** `-i`: the first results of links and background tests change nothing. */
  readonly inhibit: boolean;
  readonly manner: Manner;
  /** Number of the current state in {@link Program.states}; null before the start and without states. */
  current: number | null;
  /** Where `set-state` has sent it. */
  next: number | null;
  memories: StateMemory[];
  /** What is still to do before the next event is looked at, last first. */
  agenda: Task[];
  /** The run it waits for; nothing else happens meanwhile. */
  waiting: number | null;
  /** `live`: the tests it waits for since it entered a state; {@link waiting} is the first of them. */
  entry: EntryRun[];
  /** Events that came while it waited. */
  queue: MonitorEvent[];
  /** Number of the next run of a test or command. */
  nextRun: number;
  /** States it would go round for ever without waiting for anything; null when it does not. */
  spinning: readonly string[] | null;
}

/** What happens to the machine. `time` is seconds on any clock that does not go back, greater than 0. */
export type MonitorEvent =
  /** The daemon starts. Links of all interfaces in system order. `state`: enter this one first, where there is one. */
  | {
      readonly kind: "start";
      readonly time: number;
      readonly links: readonly LinkReport[];
      readonly state?: string | null;
    }
  /**
   * A new configuration was loaded (SIGHUP). `keep`: stay in the current state if the new one has it, and run its init
   * block only if that is another; without it everything starts over, as the daemon does.
   */
  | {
      readonly kind: "reload";
      readonly time: number;
      readonly program: Program;
      readonly links: readonly LinkReport[];
      readonly keep?: boolean;
    }
  | { readonly kind: "link"; readonly time: number; readonly interface: string; readonly link: LinkState }
  /** An interface has gone: its links count as down. */
  | { readonly kind: "departed"; readonly time: number; readonly interface: string }
  /** Nothing but time has passed. */
  | { readonly kind: "tick"; readonly time: number }
  /** Runs of tests that ended, in the order they were noticed; `status` null: killed by a signal. */
  | { readonly kind: "tests-finished"; readonly time: number; readonly runs: readonly FinishedTest[] }
  | { readonly kind: "command-finished"; readonly time: number; readonly run: number };

export interface LinkReport {
  readonly interface: string;
  readonly link: LinkState;
}

export interface FinishedTest {
  readonly run: number;
  readonly status: number | null;
}

/** What the machine asks of the world. */
export type MonitorAction =
  /** Run a test; with `wait` nothing else happens until it has ended. */
  | {
      readonly kind: "test";
      readonly run: number;
      readonly command: string;
      readonly wait: boolean;
      /** Position of the state in the program and of the test in the state. */
      readonly state: number;
      readonly test: number;
    }
  /** Run a command and say when it has ended. */
  | { readonly kind: "command"; readonly run: number; readonly command: string; readonly action: RunAction }
  /** The run of a test is of no use any more. */
  | { readonly kind: "kill"; readonly run: number; readonly reason: "left-state" | "still-running" }
  | { readonly kind: "enter"; readonly state: number; readonly name: string; readonly from: string | null }
  /** Wake the machine with a `tick` at this time; null: nothing is scheduled. Always the last action. */
  | { readonly kind: "wake"; readonly at: number | null };

/** A machine that has not started yet. */
export function createMonitor(
  program: Program,
  options: { readonly inhibit?: boolean; readonly manner?: Manner } = {},
): MonitorState {
  return {
    program,
    inhibit: options.inhibit ?? false,
    manner: options.manner ?? "daemon",
    current: null,
    next: null,
    memories: program.states.map((state) => ({
      entered: 0,
      truth: state.nodes.map(() => false),
      tests: state.tests.map(() => ({ status: -1, lastEnded: 0, running: null, fits: false, due: null })),
      order: state.tests.map((_, i) => i),
      links: state.links.map(() => null),
    })),
    agenda: [],
    waiting: null,
    entry: [],
    queue: [],
    nextRun: 1,
    spinning: null,
  };
}

/** A copy that can be changed without the original noticing. */
export function copyMonitor(state: MonitorState): MonitorState {
  return {
    ...state,
    memories: state.memories.map((memory) => ({
      entered: memory.entered,
      truth: memory.truth.slice(),
      tests: memory.tests.map((test) => ({ ...test })),
      order: memory.order.slice(),
      links: memory.links.slice(),
    })),
    agenda: state.agenda.map((task) => ({ ...task })),
    entry: state.entry.slice(),
    queue: state.queue.slice(),
  };
}

/** Name of the current state; null before the start and without states. */
export function currentState(state: MonitorState): string | null {
  return state.current === null ? null : (state.program.states[state.current]?.name ?? null);
}
