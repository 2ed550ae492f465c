/**
 * The machine of ifstated in the real world: it feeds events to the very `step` that the simulator runs, and does what
 * comes out. It decides nothing itself.
 */
import type { LinkState } from "@pierhead/core";
import {
  createMonitor,
  currentState,
  HUNG,
  type LinkReport,
  type Manner,
  type MonitorAction,
  type MonitorEvent,
  type MonitorState,
  type Program,
  type StateProgram,
  step,
  type TestProgram,
} from "@pierhead/engine/ifstated";
import type { World } from "./world.ts";

/** What happened, for logs, the record and the status. `time` is the world's clock. */
export type Notice =
  | { readonly kind: "enter"; readonly time: number; readonly state: string; readonly from: string | null }
  | { readonly kind: "link"; readonly time: number; readonly interface: string; readonly link: LinkState }
  | { readonly kind: "departed"; readonly time: number; readonly interface: string }
  | {
      readonly kind: "test";
      readonly time: number;
      readonly test: TestProgram;
      /** Null: a signal ended it. */
      readonly status: number | null;
      readonly seconds: number;
    }
  /** A test was not done when it was due again. */
  | { readonly kind: "hung"; readonly time: number; readonly test: TestProgram; readonly seconds: number }
  | { readonly kind: "command"; readonly time: number; readonly command: string }
  | {
      readonly kind: "command-ended";
      readonly time: number;
      readonly command: string;
      readonly status: number | null;
      readonly seconds: number;
    }
  /** It goes round between states for ever; it stays in the last one until something changes. */
  | { readonly kind: "spinning"; readonly time: number; readonly states: readonly string[] }
  /** Everything that an event brought about has been done. */
  | { readonly kind: "idle"; readonly time: number };

/**
 * Seconds a test may take beyond its interval while its state is entered and nothing is known of it: a test that never
 * fits into its interval still has this one result, as it has with the daemon.
 */
const PATIENCE = 10;

interface RunningTest {
  readonly test: TestProgram;
  readonly started: number;
}

export class LiveMachine {
  readonly #world: World;
  readonly #notice: (notice: Notice) => void;
  readonly #running: Map<number, RunningTest> = new Map();
  #monitor: MonitorState;
  #events: MonitorEvent[] = [];
  #busy = false;
  #spinning: readonly string[] | null = null;

  constructor(
    program: Program,
    world: World,
    notice: (notice: Notice) => void,
    options: { readonly inhibit?: boolean; readonly manner?: Manner } = {},
  ) {
    this.#world = world;
    this.#notice = notice;
    this.#monitor = createMonitor(program, options);
  }

  /** Name of the current state; null before the start and without states. */
  get state(): string | null {
    return currentState(this.#monitor);
  }

  /** The machine inside, for the status. */
  get monitor(): MonitorState {
    return this.#monitor;
  }

  get program(): Program {
    return this.#monitor.program;
  }

  /** Tests under way. */
  get running(): number {
    return this.#running.size;
  }

  /** @param state the state to enter first, where the file has it: the one before a crash */
  start(links: readonly LinkReport[], state: string | null = null): void {
    this.#feed({ kind: "start", time: this.#world.now(), links, state });
  }

  /** Goes over to another configuration, in the same state where it has it. */
  reload(program: Program, links: readonly LinkReport[], keep: boolean): void {
    this.#feed({ kind: "reload", time: this.#world.now(), program, links, keep });
  }

  link(name: string, link: LinkState): void {
    const time = this.#world.now();
    this.#notice({ kind: "link", time, interface: name, link });
    this.#feed({ kind: "link", time, interface: name, link });
  }

  departed(name: string): void {
    const time = this.#world.now();
    this.#notice({ kind: "departed", time, interface: name });
    this.#feed({ kind: "departed", time, interface: name });
  }

  /** The world's clock has come to the time that was asked for. */
  tick(): void {
    this.#feed({ kind: "tick", time: this.#world.now() });
  }

  /** Kills the tests under way. */
  stop(): void {
    for (const run of this.#running.keys()) this.#world.kill(run);
    this.#running.clear();
    this.#world.wake(null);
  }

  /** One event after the other, also when one brings about the next. */
  #feed(event: MonitorEvent): void {
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const { state, actions } = step(this.#monitor, next);
        this.#monitor = state;
        for (const action of actions) this.#do(action);
        if (state.spinning !== null && state.spinning !== this.#spinning) {
          this.#notice({ kind: "spinning", time: this.#world.now(), states: state.spinning });
        }
        this.#spinning = state.spinning;
        if (state.waiting === null) this.#notice({ kind: "idle", time: this.#world.now() });
      }
    } finally {
      this.#busy = false;
    }
  }

  #do(action: MonitorAction): void {
    const world = this.#world;
    const time = world.now();
    switch (action.kind) {
      case "test": {
        const test = (this.program.states[action.state] as StateProgram).tests[action.test] as TestProgram;
        this.#running.set(action.run, { test, started: time });
        // In the background the machine itself kills a run when the next is due.
        const fits = this.#monitor.memories[action.state]?.tests[action.test]?.fits === true;
        const limit = action.wait ? test.every + (fits ? 0 : PATIENCE) : Number.POSITIVE_INFINITY;
        const hung = fits && this.#monitor.manner === "live" ? HUNG : null;
        world.test(action.run, action.command, limit, (status) => this.#testEnded(action.run, status, limit, hung));
        break;
      }
      case "command":
        this.#notice({ kind: "command", time, command: action.command });
        world.command(action.run, action.command, (status) => {
          const now = world.now();
          this.#notice({
            kind: "command-ended",
            time: now,
            command: action.command,
            status,
            seconds: now - time,
          });
          this.#feed({ kind: "command-finished", time: now, run: action.run });
        });
        break;
      case "kill": {
        const running = this.#running.get(action.run);
        if (running === undefined) break;
        this.#running.delete(action.run);
        world.kill(action.run);
        if (action.reason === "still-running") {
          this.#notice({ kind: "hung", time, test: running.test, seconds: time - running.started });
        }
        break;
      }
      case "enter":
        this.#notice({ kind: "enter", time, state: action.name, from: action.from });
        break;
      case "wake":
        world.wake(action.at);
        break;
    }
  }

  #testEnded(run: number, status: number | null, limit: number, hung: number | null): void {
    const running = this.#running.get(run);
    if (running === undefined) return;
    this.#running.delete(run);
    const time = this.#world.now();
    const { test, started } = running;
    const seconds = time - started;
    const isHung = status === null && seconds >= limit;
    if (isHung) this.#notice({ kind: "hung", time, test, seconds });
    else this.#notice({ kind: "test", time, test, status, seconds });
    this.#feed({ kind: "tests-finished", time, runs: [{ run, status: isHung ? hung : status }] });
  }
}
