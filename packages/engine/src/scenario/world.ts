/** The machine of a scenario with what runs on it: pf, ifstated, commands. */
import type { LinkState } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { CommandResult } from "../pf/index.ts";
import { bareMachine, completeMachine } from "./prepare.ts";
import type { Scenario, TestTruths } from "./types.ts";

/** What a scenario reads from outside. */
export interface ScenarioIo {
  /** Files of a folder, by their path below it; null when there is no such folder. `path` is as the scenario has it. */
  readTree(path: string): ReadonlyMap<string, string> | null;
}

export class World {
  readonly machine: Machine;
  /** Why the scenario cannot be run. */
  readonly errors: readonly string[];
  readonly #notes: string[] = [];

  private constructor(machine: Machine, errors: readonly string[]) {
    this.machine = machine;
    this.errors = errors;
  }

  /** Boots the machine: interfaces, routes, `pfctl -f /etc/pf.conf`, ifstated. */
  static start(scenario: Scenario, io: ScenarioIo): World {
    const errors: string[] = [];
    const files = new Map<string, string>();
    if (scenario.tree !== null) {
      const tree = io.readTree(scenario.tree);
      if (tree === null) errors.push(`there is no folder ${scenario.tree}`);
      for (const [path, text] of tree ?? []) files.set(path, text);
    }
    for (const [path, text] of scenario.files) files.set(path, text);
    const machine = bareMachine(scenario, files);
    for (const problem of completeMachine(machine, scenario)) errors.push(problem.message);
    if (files.has("/etc/pf.conf")) {
      const load = machine.pfctl(["-f", "/etc/pf.conf"]);
      if (load.exit !== 0) errors.push(`pfctl refuses /etc/pf.conf: ${load.errors.trim()}`);
    }
    return new World(machine, errors);
  }

  /** State ifstated is in; null when it does not run. */
  get state(): string | null {
    return null;
  }

  setTests(_tests: TestTruths): void {}

  /** @returns whether there is such an interface */
  setLink(name: string, link: LinkState): boolean {
    return this.machine.setLink(name, link);
  }

  advance(seconds: number): void {
    this.machine.advance(seconds);
  }

  /** Runs a command line. */
  run(command: string, stdin: string | null, notes: string[]): CommandResult {
    const words = command.trim().split(/\s+/);
    if (words[0] === "pfctl") return this.machine.pfctl(words.slice(1), stdin);
    notes.push(`what \`${words[0]}\` does is not known`);
    return { exit: 0, output: "", errors: "" };
  }

  /** What happened in the background since this was last asked. */
  takeNotes(): string[] {
    return this.#notes.splice(0);
  }
}
