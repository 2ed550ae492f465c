/** ifstated on a simulated machine: its tests are answered from a list of truths, its commands change the machine. */
import type { LinkState } from "@pierhead/core";
import type { Configuration } from "@pierhead/lang/ifstated";
import {
  compile,
  createMonitor,
  currentState,
  GLOBAL,
  type MonitorAction,
  type MonitorEvent,
  type MonitorState,
  type Program,
  step,
} from "../ifstated/index.ts";
import type { Machine } from "../machine/machine.ts";
import { runCommand } from "../shell/index.ts";

/** A daemon that is started with the machine and told of everything that happens to it. */
export class Monitor {
  readonly #machine: Machine;
  readonly #program: Program;
  #state: MonitorState;
  #wake: number | null = null;
  readonly #truths = new Map<string, boolean>();
  readonly #notes: string[] = [];
  readonly #asked = new Set<string>();

  constructor(machine: Machine, configuration: Configuration, truths: ReadonlyMap<string, boolean>) {
    this.#machine = machine;
    this.#program = compile(configuration);
    this.#state = createMonitor(this.#program);
    for (const [name, truth] of truths) this.#truths.set(name, truth);
    const links = machine.interfaces().map((one) => ({ interface: one.name, link: one.link }));
    this.#feed({ kind: "start", time: this.#time(), links });
  }

  /** Name of the state it is in. */
  get state(): string | null {
    return currentState(this.#state);
  }

  /** Other outcomes from now on. They are noticed at once: the tests run now instead of at their next turn. */
  setTests(truths: ReadonlyMap<string, boolean>): void {
    for (const [name, truth] of truths) this.#truths.set(name, truth);
    const now = this.#time();
    for (const number of new Set([GLOBAL, this.#state.current ?? GLOBAL])) {
      for (const test of this.#state.memories[number]?.tests ?? []) if (test.due !== null) test.due = now;
    }
    this.#feed({ kind: "tick", time: now });
  }

  linkChanged(name: string, link: LinkState): void {
    this.#feed({ kind: "link", time: this.#time(), interface: name, link });
  }

  /** Lets time pass, for the machine too, stopping wherever the daemon has something to do. */
  advance(seconds: number): void {
    const end = this.#machine.now() + seconds;
    for (let turns = 0; turns < 100_000; turns++) {
      const wake = this.#wake;
      if (wake === null || wake > end + 1) break;
      this.#machine.advance(Math.max(0, wake - 1 - this.#machine.now()));
      this.#feed({ kind: "tick", time: Math.max(wake, this.#time()) });
    }
    this.#machine.advance(Math.max(0, end - this.#machine.now()));
  }

  /** Commands it ran, and what is not known about them, since this was last asked. */
  takeNotes(): string[] {
    return this.#notes.splice(0);
  }

  /** The daemon's clock never shows 0, which means "never" to it. */
  #time(): number {
    return this.#machine.now() + 1;
  }

  #feed(first: MonitorEvent): void {
    const events: MonitorEvent[] = [first];
    for (let done = 0; events.length > 0 && done < 100_000; done++) {
      const result = step(this.#state, events.shift() as MonitorEvent);
      this.#state = result.state;
      for (const action of result.actions) this.#act(action, events);
    }
    if (this.#state.spinning !== null) {
      this.#notes.push(`ifstated goes round for ever: ${this.#state.spinning.join(" → ")}`);
    }
  }

  #act(action: MonitorAction, events: MonitorEvent[]): void {
    switch (action.kind) {
      case "test": {
        const status = this.#outcome(action.state, action.test, action.command) ? 0 : 1;
        events.push({ kind: "tests-finished", time: this.#time(), runs: [{ run: action.run, status }] });
        break;
      }
      case "command": {
        const result = runCommand(this.#machine, action.command);
        this.#notes.push(`ifstated runs \`${action.command}\``);
        for (const one of result.opaque) this.#notes.push(`\`${one.text}\`: ${one.reason}`);
        events.push({ kind: "command-finished", time: this.#time(), run: action.run });
        break;
      }
      case "enter":
        this.#notes.push(`ifstated enters ${action.name}${action.from === null ? "" : ` from ${action.from}`}`);
        break;
      case "wake":
        this.#wake = action.at;
        break;
      case "kill":
        break;
    }
  }

  /** Truth of a test: by a macro it came out of, or by its command. Nobody said: it succeeds. */
  #outcome(state: number, number: number, command: string): boolean {
    const test = this.#program.states[state]?.tests[number];
    for (const name of [...(test?.macros ?? []), command]) {
      const truth = this.#truths.get(name) ?? this.#truths.get(`$${name}`);
      if (truth !== undefined) return truth;
    }
    if (!this.#asked.has(command)) {
      this.#asked.add(command);
      this.#notes.push(`the outcome of \`${command}\` is not in \`tests\`; it is taken to succeed`);
    }
    return true;
  }
}
