/**
 * The machine of ifstated(8), one event at a time: `step(state, event)` gives the next state and what the world is to
 * do. It has no clock and runs nothing itself, so that a simulation and a live monitor decide alike.
 *
 * The daemon blocks while a command runs, and while the tests of a state run on entering it; here the machine waits
 * and keeps what comes meanwhile in a queue.
 */
import type { LinkState } from "@pierhead/core";
import type { Action } from "@pierhead/lang/ifstated";
import { type ConditionNode, GLOBAL, type LinkProgram, type StateProgram, type TestProgram } from "./program.ts";
import {
  copyMonitor,
  createMonitor,
  type FinishedTest,
  type LinkReport,
  type MonitorAction,
  type MonitorEvent,
  type MonitorState,
  type StateMemory,
  type TestState,
} from "./state.ts";

/** A piece of work on the agenda; named after the daemon's functions. */
export type Task =
  /** `external_evtimer_setup(ADD)`: run the tests of a state one after the other, then schedule them. */
  | { readonly do: "run-tests"; readonly state: number; at: number }
  /** `adjust_external_expressions`. */
  | { readonly do: "adjust"; readonly state: number }
  /** `eval_state`. */
  | { readonly do: "evaluate"; readonly state: number }
  /** `do_action` on a list. */
  | { readonly do: "actions"; readonly state: number; readonly list: readonly Action[]; at: number }
  /** `while (state_change())`. */
  | { readonly do: "change-state" }
  /** `check_external_status` with the runs that ended. */
  | { readonly do: "check-tests"; readonly state: number; readonly runs: readonly FinishedTest[] }
  /** The end of `load_config`: into the first state, or into another one; `stay`: it is in it already. */
  | { readonly do: "first-state"; readonly name: string | null; readonly stay: boolean }
  /** `external_handler` of one test. */
  | { readonly do: "timer"; readonly state: number; readonly test: number };

/** Result of one step. */
export interface StepResult {
  readonly state: MonitorState;
  readonly actions: readonly MonitorAction[];
}

/** One event. The state that was passed in is left as it was. */
export function step(before: MonitorState, event: MonitorEvent): StepResult {
  const machine = new Stepping(copyMonitor(before), event.time);
  machine.take(event);
  return { state: machine.state, actions: machine.actions };
}

class Stepping {
  state: MonitorState;
  readonly actions: MonitorAction[] = [];
  readonly #time: number;
  /** States entered in this step since the last time it had to wait. */
  readonly #entered: number[] = [];

  constructor(state: MonitorState, time: number) {
    this.state = state;
    this.#time = time;
  }

  take(event: MonitorEvent): void {
    const { state } = this;
    if (state.waiting !== null && !this.#ends(event)) {
      // Of a link that comes and goes meanwhile, only where it ends up matters to a live monitor.
      if (event.kind === "link" && state.manner === "live") {
        state.queue = state.queue.filter((one) => one.kind !== "link" || one.interface !== event.interface);
      }
      if (event.kind !== "tick") state.queue.push(event);
      return;
    }
    if (state.waiting !== null) this.#resume(event);
    else this.#begin(event);
    this.#work();
    if (this.state.waiting === null) this.actions.push({ kind: "wake", at: this.#nextDue() });
  }

  /** Whether the event is what the machine waits for. */
  #ends(event: MonitorEvent): boolean {
    const { waiting, entry } = this.state;
    if (event.kind === "command-finished") return event.run === waiting;
    if (event.kind !== "tests-finished") return false;
    return event.runs.some(({ run }) => run === waiting || entry.some((one) => one.run === run));
  }

  #resume(event: MonitorEvent): void {
    const { state } = this;
    const run = state.waiting;
    state.waiting = null;
    if (event.kind !== "tests-finished") return;
    const task = state.agenda[state.agenda.length - 1];
    if (task?.do === "run-tests" && state.entry.length > 0) {
      this.#endEntry(task, event.runs);
      return;
    }
    if (task?.do === "run-tests") {
      const test = this.#memory(task.state).tests[task.at] as TestState;
      const status = event.runs.find((finished) => finished.run === run)?.status ?? null;
      // Killed by a signal: the last status stays.
      if (status !== null) test.status = status;
      this.#schedule(task.state, task.at);
      task.at++;
    }
    const others = event.runs.filter((finished) => finished.run !== run);
    if (others.length > 0) state.queue.push({ ...event, runs: others });
  }

  /** Tests of the state just entered have ended; goes on when all have. */
  #endEntry(task: Task & { do: "run-tests" }, runs: readonly FinishedTest[]): void {
    const { state } = this;
    const others: FinishedTest[] = [];
    for (const finished of runs) {
      const one = state.entry.find(({ run }) => run === finished.run);
      if (one === undefined) others.push(finished);
      else if (finished.status !== null) {
        const test = this.#memory(task.state).tests[one.test] as TestState;
        test.status = finished.status;
        test.fits = test.due !== null && this.#time < test.due;
      }
    }
    state.entry = state.entry.filter(({ run }) => !runs.some((finished) => finished.run === run));
    state.waiting = state.entry[0]?.run ?? null;
    if (state.waiting === null) task.at = Number.POSITIVE_INFINITY;
    if (others.length > 0) state.queue.push({ kind: "tests-finished", time: this.#time, runs: others });
  }

  /** Works off the agenda, then what came meanwhile, then what is due; stops where it has to wait. */
  #work(): void {
    for (;;) {
      while (this.state.agenda.length > 0 && this.state.waiting === null) this.#perform();
      if (this.state.waiting !== null) return;
      const event = this.state.queue.shift();
      if (event !== undefined) {
        this.#begin(event);
        continue;
      }
      const timer = this.#dueTimer();
      if (timer === null) return;
      this.state.agenda.push(timer);
    }
  }

  #begin(event: MonitorEvent): void {
    switch (event.kind) {
      case "start":
        this.#load(event.links, event.state ?? null, false);
        break;
      case "reload":
        this.#reload(event);
        break;
      case "link":
        this.#scanLink(event.interface, event.link, true);
        break;
      case "departed":
        // check_ifdeparture looks at the states only, not at what stands outside of them.
        this.#scanLink(event.interface, "down", true, false);
        break;
      case "tests-finished":
        if (this.state.current !== null) this.#push({ do: "check-tests", state: this.state.current, runs: event.runs });
        this.#push({ do: "check-tests", state: GLOBAL, runs: event.runs });
        break;
      case "tick":
      case "command-finished":
        break;
    }
  }

  #reload(event: MonitorEvent & { kind: "reload" }): void {
    const before = this.state;
    const { inhibit, manner, nextRun, queue } = before;
    const name = before.current === null ? null : (before.program.states[before.current]?.name ?? null);
    const kept = event.keep === true && name !== null ? (event.program.byName.get(name) ?? null) : null;
    this.state = { ...createMonitor(event.program, { inhibit, manner }), nextRun, queue };
    let stay = false;
    if (kept !== null && before.current !== null) {
      const old = before.program.states[before.current] as StateProgram;
      stay = sameActions(old.init, this.#program(kept).init);
      this.#carry(old, before.memories[before.current] as StateMemory, kept);
      this.#carry(before.program.states[GLOBAL] as StateProgram, before.memories[GLOBAL] as StateMemory, GLOBAL);
    }
    // clear_config: runs of tests under way are killed.
    for (const memory of before.memories) this.#killTests(memory, "left-state");
    this.#load(event.links, kept === null ? null : name, stay);
  }

  /** `load_config`. */
  #load(links: readonly LinkReport[], name: string | null, stay: boolean): void {
    this.#memory(GLOBAL).entered = Math.floor(this.#time);
    for (const { interface: name, link } of links) this.#scanLink(name, link, false);
    this.#push({ do: "first-state", name, stay });
    this.#push({ do: "evaluate", state: GLOBAL });
    this.#push({ do: "adjust", state: GLOBAL });
    this.#push({ do: "run-tests", state: GLOBAL, at: 0 });
  }

  #perform(): void {
    const { state } = this;
    const task = state.agenda[state.agenda.length - 1] as Task;
    switch (task.do) {
      case "run-tests": {
        const test = this.#program(task.state).tests[task.at];
        if (test === undefined) state.agenda.pop();
        else if (state.manner === "live") this.#runTogether(task);
        else this.#runTest(task.state, task.at, test, true);
        return;
      }
      case "actions": {
        const action = task.list[task.at];
        task.at++;
        if (action === undefined) state.agenda.pop();
        else this.#act(task.state, action);
        return;
      }
      case "change-state":
        this.#changeState();
        return;
      default:
        state.agenda.pop();
    }
    switch (task.do) {
      case "adjust":
        this.#adjustTests(task.state);
        break;
      case "evaluate":
        this.#evaluate(task.state);
        break;
      case "check-tests":
        this.#checkTests(task.state, task.runs);
        break;
      case "first-state":
        this.#firstState(task.name, task.stay);
        break;
      case "timer": {
        this.#schedule(task.state, task.test);
        this.#runTest(task.state, task.test, this.#program(task.state).tests[task.test] as TestProgram, false);
        break;
      }
    }
  }

  #firstState(name: string | null, stay: boolean): void {
    const { state } = this;
    const first = (name === null ? undefined : state.program.byName.get(name)) ?? state.program.start;
    if (first === null) return;
    this.#push({ do: "change-state" });
    if (!stay) {
      state.next = first;
      state.current = null;
      return;
    }
    state.current = first;
    this.#memory(first).entered = Math.floor(this.#time);
    this.#push({ do: "actions", state: first, list: this.#program(first).body, at: 0 });
    this.#push({ do: "adjust", state: first });
    this.#push({ do: "run-tests", state: first, at: 0 });
  }

  /** `do_action`. */
  #act(state: number, action: Action): void {
    switch (action.kind) {
      case "run": {
        const run = this.state.nextRun++;
        this.state.waiting = run;
        this.#entered.length = 0;
        this.actions.push({ kind: "command", run, command: action.command, action });
        break;
      }
      case "set-state": {
        const next = this.state.program.byName.get(action.name);
        if (next !== undefined) this.state.next = next;
        break;
      }
      case "if": {
        const root = this.#program(state).roots.get(action);
        if (root !== undefined && this.#memory(state).truth[root] === true) {
          this.#push({ do: "actions", state, list: action.then, at: 0 });
        }
        break;
      }
    }
  }

  /** `state_change` and what follows it in its loop; the task stays on the agenda until there is nothing to change. */
  #changeState(): void {
    const { state } = this;
    if (state.next === null || state.next === state.current) {
      state.agenda.pop();
      return;
    }
    const from = state.current;
    if (from !== null && state.manner === "live") {
      this.#carry(this.#program(from), this.#memory(from), state.next);
    }
    if (from !== null) this.#killTests(this.#memory(from), "left-state");
    const entered = state.next;
    state.current = entered;
    state.next = null;
    this.#memory(entered).entered = Math.floor(this.#time);
    const program = this.#program(entered);
    const name = program.name ?? "";
    this.actions.push({ kind: "enter", state: entered, name, from: from === null ? null : this.#program(from).name });
    // Without a test or command on the way nothing can change any more: it would go round for ever.
    const seen = this.#entered.indexOf(entered);
    const waits = state.manner === "live" ? this.#memory(entered).tests.some(({ due }) => due === null) : true;
    if (seen !== -1 && (program.tests.length === 0 || !waits)) {
      state.spinning = [...this.#entered.slice(seen), entered].map((number) => this.#program(number).name ?? "");
      state.agenda.length = 0;
      state.next = null;
      return;
    }
    this.#entered.push(entered);
    this.#push({ do: "actions", state: entered, list: program.body, at: 0 });
    this.#push({ do: "actions", state: entered, list: program.init, at: 0 });
    this.#push({ do: "adjust", state: entered });
    this.#push({ do: "run-tests", state: entered, at: 0 });
  }

  /**
   * `eval_state`: the body runs only when the test that ended longest ago has ended in the background since the state
   * was entered, or never did. On a second visit a change can so be passed over until the next one.
   */
  #evaluate(state: number): void {
    const memory = this.#memory(state);
    const oldest = memory.order[0];
    if (oldest !== undefined && this.state.manner === "daemon") {
      const { lastEnded } = memory.tests[oldest] as TestState;
      if (lastEnded !== 0 && lastEnded < memory.entered) return;
    }
    this.#push({ do: "change-state" });
    this.#push({ do: "actions", state, list: this.#program(state).body, at: 0 });
  }

  /** `scan_ifstate`. */
  #scanLink(name: string, link: LinkState, evaluate: boolean, global = true): void {
    const { states } = this.state.program;
    const tasks: Task[] = [];
    for (let number = global ? GLOBAL : 1; number < states.length; number++) {
      if (!this.#scanState(number, name, link) || !evaluate) continue;
      if (number === GLOBAL || number === this.state.current) tasks.push({ do: "evaluate", state: number });
    }
    for (const task of tasks.reverse()) this.#push(task);
  }

  #scanState(number: number, name: string, link: LinkState): boolean {
    const { links } = this.#program(number);
    const memory = this.#memory(number);
    let changed = false;
    for (let i = 0; i < links.length; i++) {
      const condition = links[i] as LinkProgram;
      const before = memory.links[i] as LinkState | null;
      if (condition.interface !== name || before === link || (before === null && this.state.inhibit)) continue;
      memory.links[i] = link;
      changed = true;
      this.#setLeaves(number, condition.nodes, linkIs(link, condition.is));
    }
    return changed;
  }

  /** `check_external_status`. */
  #checkTests(number: number, runs: readonly FinishedTest[]): void {
    const memory = this.#memory(number);
    const ended: number[] = [];
    let changed = false;
    for (const at of memory.order) {
      const test = memory.tests[at] as TestState;
      const finished = test.running === null ? undefined : runs.find(({ run }) => run === test.running);
      if (finished === undefined) continue;
      test.running = null;
      if (finished.status === null) continue;
      test.fits = true;
      if (test.status !== finished.status && (test.status !== -1 || !this.state.inhibit)) {
        changed = true;
        test.status = finished.status;
      }
      test.lastEnded = Math.floor(this.#time);
      ended.push(at);
    }
    // Those that ended go behind the others: the one that ended longest ago comes first.
    memory.order = [...memory.order.filter((at) => !ended.includes(at)), ...ended];
    if (!changed) return;
    this.#adjustTests(number);
    this.#push({ do: "evaluate", state: number });
  }

  #adjustTests(number: number): void {
    const { tests } = this.#program(number);
    const memory = this.#memory(number);
    for (const at of memory.order) {
      const { status } = memory.tests[at] as TestState;
      if (status !== -1) this.#setLeaves(number, (tests[at] as TestProgram).nodes, status === 0);
    }
  }

  /** `adjust_expressions`: sets leaves, then what stands above them, deepest level first. */
  #setLeaves(number: number, leaves: readonly number[], truth: boolean): void {
    const { nodes } = this.#program(number);
    const values = this.#memory(number).truth;
    const levels: Set<number>[] = [];
    const climb = (node: number): void => {
      const { parent } = nodes[node] as ConditionNode;
      if (parent === -1) return;
      const { depth } = nodes[parent] as ConditionNode;
      const level = levels[depth] ?? new Set<number>();
      level.add(parent);
      levels[depth] = level;
    };
    for (const leaf of leaves) {
      values[leaf] = truth;
      climb(leaf);
    }
    for (let depth = levels.length - 1; depth >= 0; depth--) {
      for (const at of levels[depth] ?? []) {
        const { kind, left, right } = nodes[at] as ConditionNode;
        const other = values[right] === true;
        values[at] =
          kind === "not" ? !other : kind === "and" ? values[left] === true && other : values[left] === true || other;
        climb(at);
      }
    }
  }

  #runTest(state: number, test: number, program: TestProgram, wait: boolean): void {
    const own = this.#memory(state).tests[test] as TestState;
    if (own.running !== null) {
      // external_exec: the one before still runs; it is killed and its result never looked at.
      this.actions.push({ kind: "kill", run: own.running, reason: "still-running" });
      own.running = null;
      if (this.state.manner === "live" && own.fits && own.status !== HUNG) {
        own.status = HUNG;
        this.#adjustTests(state);
        this.#push({ do: "evaluate", state });
      }
    }
    const run = this.state.nextRun++;
    this.actions.push({ kind: "test", run, command: program.command, wait, state, test });
    if (wait) {
      this.state.waiting = run;
      this.#entered.length = 0;
    } else own.running = run;
  }

  /** `live`: runs the tests that nothing is known of, all at once, and waits for them. */
  #runTogether(task: Task & { do: "run-tests" }): void {
    const { state } = this;
    const memory = this.#memory(task.state);
    this.#program(task.state).tests.forEach((program, test) => {
      const own = memory.tests[test] as TestState;
      if (own.due !== null) return;
      const run = state.nextRun++;
      this.actions.push({ kind: "test", run, command: program.command, wait: true, state: task.state, test });
      this.#schedule(task.state, test);
      state.entry.push({ run, test });
    });
    state.waiting = state.entry[0]?.run ?? null;
    if (state.waiting === null) state.agenda.pop();
    else this.#entered.length = 0;
  }

  /** What is known of a state's tests, runs under way included, goes over to the same tests of another state. */
  #carry(program: StateProgram, memory: StateMemory, to: number): void {
    const target = this.#memory(to);
    if (target === memory) return;
    this.#program(to).tests.forEach((test, i) => {
      const at = program.tests.findIndex(({ command, every }) => command === test.command && every === test.every);
      const known = memory.tests[at];
      if (known === undefined || known.status === -1 || known.due === null) return;
      Object.assign(target.tests[i] as TestState, known);
      known.running = null;
      known.due = null;
    });
  }

  #schedule(state: number, test: number): void {
    const { every } = this.#program(state).tests[test] as TestProgram;
    (this.#memory(state).tests[test] as TestState).due = this.#time + every;
  }

  #killTests(memory: StateMemory, reason: "left-state"): void {
    for (const test of memory.tests) {
      if (test.running !== null) this.actions.push({ kind: "kill", run: test.running, reason });
      test.running = null;
      test.due = null;
    }
  }

  /** The test that is longest overdue, as a task. */
  #dueTimer(): Task | null {
    let found: { due: number; task: Task } | null = null;
    for (const [state, test, due] of this.#timers()) {
      if (due > this.#time || (found !== null && found.due <= due)) continue;
      found = { due, task: { do: "timer", state, test } };
    }
    return found?.task ?? null;
  }

  #nextDue(): number | null {
    let next: number | null = null;
    for (const [, , due] of this.#timers()) if (next === null || due < next) next = due;
    return next;
  }

  *#timers(): Generator<[state: number, test: number, due: number]> {
    for (let state = 0; state < this.state.memories.length; state++) {
      const { tests } = this.#memory(state);
      for (let test = 0; test < tests.length; test++) {
        const { due } = tests[test] as TestState;
        if (due !== null) yield [state, test, due];
      }
    }
  }

  #push(task: Task): void {
    this.state.agenda.push(task);
  }

  #memory(state: number): StateMemory {
    return this.state.memories[state] as StateMemory;
  }

  #program(state: number): StateProgram {
    return this.state.program.states[state] as StateProgram;
  }
}

/** Status of a run that was killed because it was not done in time. */
export const HUNG = 255;

/** Whether two lists do the same, wherever they are written. */
function sameActions(a: readonly Action[], b: readonly Action[]): boolean {
  const places = new Set([
    "span",
    "commandSpan",
    "nameSpan",
    "interfaceSpan",
    "operatorSpan",
    "parentheses",
    "offsets",
  ]);
  const text = (list: readonly Action[]): string =>
    JSON.stringify(list, (key, value) => (places.has(key) || key === "macro" ? undefined : value));
  return text(a) === text(b);
}

/** Whether a link of this state fulfils a condition: `unknown` counts as up too (if.h, LINK_STATE_IS_UP). */
export function linkIs(link: LinkState, condition: LinkState): boolean {
  switch (condition) {
    case "unknown":
      return link === "unknown";
    case "down":
      return link === "down";
    case "up":
      return link !== "down";
  }
}
