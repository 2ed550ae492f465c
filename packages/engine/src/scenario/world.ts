/** The machine of a scenario with what runs on it: pf, ifstated, commands. */
import type { Diagnostic, LinkState, System } from "@pierhead/core";
import { applyLease, buildMachine, type Lease, type MachineBuild } from "../build/index.ts";
import { type Settling, SimulatedMonitor } from "../ifstated/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { CommandResult } from "../pf/index.ts";
import { runCommand } from "../shell/index.ts";
import { type Attempt, type ClientSpec, connectClient, readHeadEnd } from "../vpn/index.ts";
import { interfaceSpecifications, routeSpecifications } from "./prepare.ts";
import type { Scenario, TestTruths } from "./types.ts";

/** What a scenario reads from outside. */
export interface ScenarioIo {
  /** Files of a folder, by their path below it; null when there is no such folder. `path` is as the scenario has it. */
  readTree(path: string): ReadonlyMap<string, string> | null;
  /** The system in place of the scenario's own: the same scenario for what was built for another release. */
  readonly system?: System;
}

export class World {
  readonly machine: Machine;
  /** Why the scenario cannot be run. */
  readonly errors: readonly string[];
  readonly #build: MachineBuild;
  readonly #monitor: SimulatedMonitor | null;
  readonly #truths = new Map<string, boolean>();
  readonly #notes: string[] = [];
  /** Entries of the monitor's log that were told already. */
  #told = 0;

  private constructor(
    build: MachineBuild,
    errors: readonly string[],
    monitor: SimulatedMonitor | null,
    truths: TestTruths,
  ) {
    this.machine = build.machine;
    this.#build = build;
    this.errors = errors;
    this.#monitor = monitor;
    for (const [name, truth] of truths) this.#truths.set(name, truth);
    if (monitor === null) return;
    monitor.start();
    this.#settle(monitor.settle());
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
    const build = buildMachine(files, scenario.system, {
      interfaces: interfaceSpecifications(scenario),
      routes: routeSpecifications(scenario),
      leases: scenario.leases,
      ...(scenario.forwarding === null ? {} : { forwarding: scenario.forwarding }),
    });
    const { machine, pf, ifstated } = build;
    // Without a tree nothing says that pf is off: a scenario is about it.
    if (scenario.tree === null) {
      machine.pf.enabled = true;
      if (scenario.forwarding === null) machine.setForwarding(false);
    }
    for (const [name, lease] of scenario.leases) {
      if (machine.leases.has(name)) continue;
      if (scenario.tree !== null) {
        errors.push(`no file of the tree has ${name} ask a server for its address, so it gets no lease`);
      } else if (!applyLease(machine, name, lease)) errors.push(`there is no interface ${name}`);
    }
    for (const route of scenario.routes) {
      if (route.interface !== null && machine.interface(route.interface) === null) {
        errors.push(
          `line ${scenario.source.position(route.span.start).line}: there is no interface ${route.interface}`,
        );
      }
    }
    for (const one of pf?.diagnostics ?? []) if (one.severity === "error") errors.push(placed(one));
    let monitor: SimulatedMonitor | null = null;
    if (ifstated !== null && errors.length === 0) {
      const wrong = ifstated.diagnostics.filter((one) => one.severity === "error");
      for (const one of wrong) errors.push(placed(one));
      if (wrong.length === 0)
        monitor = new SimulatedMonitor(machine, ifstated.configuration, { tests: scenario.tests, runTests: true });
    }
    return new World(build, errors, monitor, scenario.tests);
  }

  /** State ifstated is in; null when it does not run. */
  get state(): string | null {
    return this.#monitor?.state ?? null;
  }

  /** Other outcomes of tests; time passes until ifstated has noticed and done all that comes of it. */
  setTests(tests: TestTruths): void {
    for (const [name, truth] of tests) this.#truths.set(name, truth);
    const monitor = this.#monitor;
    if (monitor === null) return;
    for (const name of monitor.setTests(tests)) this.#notes.push(`no test of ifstated.conf is called \`${name}\``);
    this.#settle(monitor.settle());
  }

  /** A VPN client comes in, or tries to. @returns null when the machine has no VPN server */
  connect(client: ClientSpec): Attempt | null {
    const headEnd = readHeadEnd(this.#build);
    return headEnd === null ? null : connectClient(this.#build, headEnd, client);
  }

  /** @returns whether there is such an interface */
  setLink(name: string, link: LinkState): boolean {
    const monitor = this.#monitor;
    if (monitor === null) return this.machine.setLink(name, link);
    if (!monitor.setLink(name, link)) return false;
    this.#settle(monitor.settle());
    return true;
  }

  /** Another lease, or none; time passes until ifstated has noticed. @returns whether there is such an interface */
  setLease(name: string, lease: Lease | null): boolean {
    if (!applyLease(this.machine, name, lease)) return false;
    if (this.#monitor !== null) this.#settle(this.#monitor.settle());
    return true;
  }

  #settle({ settled, flapping }: Settling): void {
    if (flapping !== null) this.#notes.push(`ifstated goes round for ever: ${flapping.join(" → ")}`);
    else if (!settled) this.#notes.push("ifstated has not come to rest");
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
    const notes = this.#notes.splice(0);
    const log = this.#monitor?.log ?? [];
    for (const entry of log.slice(this.#told)) {
      if (entry.kind === "enter") {
        notes.push(`ifstated enters ${entry.state}${entry.from === null ? "" : ` from ${entry.from}`}`);
      } else if (entry.kind === "command") {
        notes.push(`ifstated runs \`${entry.action.command}\``);
        for (const one of entry.result.opaque) notes.push(`\`${one.text}\`: ${one.reason}`);
      }
    }
    this.#told = log.length;
    return notes;
  }
}

function placed(one: Diagnostic): string {
  const place = one.source?.position(one.span.start);
  return place === undefined ? one.message : `${one.source?.name}:${place.line}: ${one.message}`;
}
