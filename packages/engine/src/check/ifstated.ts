/** All checks of an ifstated.conf: by itself, with pf.conf and the machine, and in motion. */
import { compareDiagnostics, type Diagnostic } from "@pierhead/core";
import { buildMachine, type MachineBuild } from "../build/index.ts";
import { analyzeFailover, type FailoverReport } from "../failover/index.ts";
import type { Machine } from "../machine/machine.ts";
import { checkIfstatedCommands, tryCommands } from "./ifstated-commands.ts";
import { checkFailover } from "./ifstated-failover.ts";
import { checkIfstatedFile } from "./ifstated-file.ts";
import { checkIfstatedInterfaces } from "./ifstated-interfaces.ts";

export interface IfstatedCheckOptions {
  /** An analysis that was made already; otherwise a small one is made here. */
  readonly failover?: FailoverReport;
}

/**
 * What there is to say about a machine's ifstated.conf beside its syntax, which is in `build.ifstated.diagnostics`.
 *
 * @param fresh makes the machine anew, as it is after boot: the checks change it; by default from the files alone
 */
export function checkIfstated(
  build: MachineBuild,
  fresh: () => Machine = () => buildMachine(build.tree, build.system).machine,
  options: IfstatedCheckOptions = {},
): Diagnostic[] {
  const { ifstated } = build;
  if (ifstated === null) return [];
  const machine = fresh();
  const tried = tryCommands(build, machine);
  const report =
    options.failover ??
    analyzeFailover(fresh, ifstated.configuration, { conditions: 16, transitions: 48, quick: true });
  return [
    ...checkIfstatedFile(ifstated, build.system),
    ...checkIfstatedCommands(build, machine, tried),
    ...checkIfstatedInterfaces(build),
    ...checkFailover(build, report, tried),
  ].sort(compareDiagnostics);
}
