/** The machine under every condition of its links and of the tests that ifstated makes. */
import type { LinkState, System } from "@pierhead/core";
import { type BuildOptions, buildMachine } from "../build/index.ts";
import { findAxes, findSpace } from "../failover/axes.ts";
import type { Axis } from "../failover/types.ts";
import { compile, SimulatedMonitor } from "../ifstated/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { ConfigTree, TreeTexts } from "../tree/index.ts";

/** How the world is, and what the machine has become in it. */
export interface World {
  /** `isp1 down, vr0.link up`; `always` where nothing can change. */
  readonly name: string;
  readonly machine: Machine;
  readonly states: ReadonlyMap<string, LinkState>;
  /** Links that are down although ifstated does not ask for them: what must always work need not work then. */
  readonly unwatchedDown: readonly string[];
  /** Why the machine may be otherwise: commands nobody knows, a state machine that finds no rest. */
  readonly doubts: readonly string[];
}

export interface Worlds {
  readonly axes: readonly string[];
  readonly count: number;
  /** Conditions that are not looked at. */
  readonly leftOut: number;
  /** Why nothing can be said at all; null otherwise. */
  readonly problem: string | null;
  all(): Generator<World>;
}

export function findWorlds(
  files: ConfigTree | TreeTexts,
  system: System,
  options: { readonly build?: BuildOptions; readonly conditions?: number },
): Worlds {
  const first = buildMachine(files, system, options.build);
  const { ifstated, machine } = first;
  const isBroken = ifstated?.diagnostics.some((one) => one.severity === "error") ?? false;
  const watched = ifstated === null || isBroken ? [] : findAxes(compile(ifstated.configuration), machine);
  const asked = new Set(watched.map((axis) => axis.name));
  const unwatched = alternatives(machine).filter((name) => !asked.has(name));
  const axes: Axis[] = [...watched, ...unwatched.map((name): Axis => ({ kind: "link", name, values: ["up", "down"] }))];
  const space = findSpace(axes, options.conditions ?? 128, 0);
  const names = axes.map((axis) => axis.name);
  return {
    axes: names,
    count: space.conditions.length,
    leftOut: space.leftOut.conditions,
    problem: isBroken ? "ifstated.conf has errors, so nobody knows what the machine does when a line dies" : null,
    *all() {
      for (const { name, values } of space.conditions) {
        const build = buildMachine(files, system, options.build);
        const states = new Map(names.map((one, i) => [one, values[i] ?? "up"]));
        const doubts = build.opaque.map((one) => `at boot, nobody knows what \`${one.command}\` does`);
        axes.forEach((axis, i) => {
          if (axis.kind === "link") build.machine.setLink(axis.name, values[i] ?? "up");
        });
        if (build.ifstated !== null && !isBroken) {
          const tests = new Map(
            axes.flatMap((axis, i) => (axis.kind === "test" ? [[axis.command, values[i] === "up"] as const] : [])),
          );
          const monitor = new SimulatedMonitor(build.machine, build.ifstated.configuration, { tests });
          monitor.start();
          const settling = monitor.settle();
          if (settling.flapping !== null) doubts.push(`ifstated goes round in ${settling.flapping.join(", ")}`);
          else if (!settling.settled) doubts.push("ifstated finds no rest");
          for (const entry of monitor.log) {
            if (entry.kind !== "command") continue;
            for (const one of entry.result.opaque) doubts.push(`nobody knows what \`${one.text}\` does`);
          }
        }
        const down = unwatched.filter((one) => states.get(one) === "down");
        yield { name, machine: build.machine, states, unwatchedDown: down, doubts: [...new Set(doubts)] };
      }
    },
  };
}

/** Interfaces whose link decides between routes: those of prefixes that have more than one. */
function alternatives(machine: Machine): string[] {
  const byPrefix = new Map<string, Set<string>>();
  for (const { table, destination, length, interface: name, origin } of machine.routes.list()) {
    if (name === null || origin === "local" || origin === "broadcast") continue;
    const key = `${table} ${destination}/${length}`;
    byPrefix.set(key, (byPrefix.get(key) ?? new Set()).add(name));
  }
  const names = new Set<string>();
  for (const set of byPrefix.values()) if (set.size > 1) for (const name of set) names.add(name);
  return machine
    .interfaces()
    .filter((one) => names.has(one.name) && one.kind !== "loopback")
    .map((one) => one.name);
}
