import type { MachineBuild } from "@pierhead/engine/build";
import { UsageError } from "../failure.ts";

/** Starts ifstated under the given conditions and lets it come to rest. @returns its state; null when it does not run */
export async function settle(build: MachineBuild, conditions: readonly string[]): Promise<string | null> {
  const { machine, ifstated } = build;
  const wrong = ifstated?.diagnostics.some((one) => one.severity === "error") ?? true;
  const tests = new Map<string, boolean>();
  const links: [string, "up" | "down"][] = [];
  for (const condition of conditions.flatMap((text) => text.split(","))) {
    const match = /^\s*(.+?)\s*=\s*(up|down)\s*$/.exec(condition);
    if (match === null)
      throw new UsageError(
        `--when ${condition}: write NAME=up or NAME=down`,
        "NAME is a test's macro (isp1), its command, or an interface",
      );
    const [, name = "", value = ""] = match;
    if (machine.interface(name) !== null) links.push([name, value === "up" ? "up" : "down"]);
    else tests.set(name, value === "up");
  }
  if (ifstated === null || wrong) {
    if (tests.size > 0) {
      const why = ifstated === null ? "there is no ifstated.conf" : "ifstated.conf has errors; see pierhead check";
      throw new UsageError(`--when: ${why}, so ${[...tests.keys()].join(", ")} means nothing`);
    }
    for (const [name, link] of links) machine.setLink(name, link);
    return null;
  }
  const { SimulatedMonitor } = await import("@pierhead/engine/ifstated");
  const monitor = new SimulatedMonitor(machine, ifstated.configuration);
  monitor.start();
  monitor.settle();
  const unknown = monitor.setTests(tests);
  if (unknown.length > 0) throw new UsageError(`--when: no test or interface is called ${unknown.join(", ")}`);
  for (const [name, link] of links) monitor.setLink(name, link);
  monitor.settle();
  return monitor.state;
}
