/** The machine of a scenario with what runs on it: pf, ifstated, commands. */
import type { Diagnostic, LinkState } from "@pierhead/core";
import { buildMachine } from "../build/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { CommandResult } from "../pf/index.ts";
import { runCommand } from "../shell/index.ts";
import { Monitor } from "./monitor.ts";
import { interfaceSpecifications, routeSpecifications } from "./prepare.ts";
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
  readonly #monitor: Monitor | null;
  readonly #truths = new Map<string, boolean>();

  private constructor(machine: Machine, errors: readonly string[], monitor: Monitor | null, truths: TestTruths) {
    this.machine = machine;
    this.errors = errors;
    this.#monitor = monitor;
    for (const [name, truth] of truths) this.#truths.set(name, truth);
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
    const { machine, pf, ifstated } = buildMachine(files, scenario.system, {
      interfaces: interfaceSpecifications(scenario),
      routes: routeSpecifications(scenario),
      ...(scenario.forwarding === null ? {} : { forwarding: scenario.forwarding }),
    });
    // Without a tree nothing says that pf is off: a scenario is about it.
    if (scenario.tree === null) {
      machine.pf.enabled = true;
      if (scenario.forwarding === null) machine.setForwarding(false);
    }
    for (const route of scenario.routes) {
      if (route.interface !== null && machine.interface(route.interface) === null) {
        errors.push(
          `line ${scenario.source.position(route.span.start).line}: there is no interface ${route.interface}`,
        );
      }
    }
    for (const one of pf?.diagnostics ?? []) if (one.severity === "error") errors.push(placed(one));
    let monitor: Monitor | null = null;
    if (ifstated !== null && errors.length === 0) {
      const wrong = ifstated.diagnostics.filter((one) => one.severity === "error");
      for (const one of wrong) errors.push(placed(one));
      if (wrong.length === 0) monitor = new Monitor(machine, ifstated.configuration, scenario.tests);
    }
    return new World(machine, errors, monitor, scenario.tests);
  }

  /** State ifstated is in; null when it does not run. */
  get state(): string | null {
    return this.#monitor?.state ?? null;
  }

  setTests(tests: TestTruths): void {
    for (const [name, truth] of tests) this.#truths.set(name, truth);
    this.#monitor?.setTests(tests);
  }

  /** @returns whether there is such an interface */
  setLink(name: string, link: LinkState): boolean {
    if (!this.machine.setLink(name, link)) return false;
    this.#monitor?.linkChanged(name, link);
    return true;
  }

  advance(seconds: number): void {
    if (this.#monitor === null) this.machine.advance(seconds);
    else this.#monitor.advance(seconds);
  }

  /** Runs a command line as the shell would. */
  run(command: string, stdin: string | null, notes: string[]): CommandResult {
    const result = runCommand(this.machine, command, {
      ...(stdin === null ? {} : { stdin }),
      outcome: (words) => {
        const truth = this.#truths.get(words.join(" "));
        return truth === undefined ? null : truth ? 0 : 1;
      },
    });
    for (const one of result.opaque) notes.push(`\`${one.text}\`: ${one.reason}`);
    return { exit: result.exit ?? -1, output: result.stdout, errors: result.stderr };
  }

  /** What happened in the background since this was last asked. */
  takeNotes(): string[] {
    return this.#monitor?.takeNotes() ?? [];
  }
}

function placed(one: Diagnostic): string {
  const place = one.source?.position(one.span.start);
  return place === undefined ? one.message : `${one.source?.name}:${place.line}: ${one.message}`;
}
