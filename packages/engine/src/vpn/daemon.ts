/** Whether a daemon of the head-end's runs, as its file and boot have it. */
import type { MachineBuild } from "../build/index.ts";

/** One daemon: whether its file is good and whether boot starts it. */
export interface Daemon {
  readonly runs: boolean;
  /** Why not; "" when it runs. */
  readonly why: string;
}

export const RUNS: Daemon = { runs: true, why: "" };

export function doesNotRun(why: string): Daemon {
  return { runs: false, why };
}

/**
 * A service nothing says anything about is taken to be started by hand, so that files alone can be looked at.
 *
 * @param setting the line of rc.conf that starts it
 * @returns null when nothing speaks against it
 */
export function notStarted(build: MachineBuild, service: string, setting: string): Daemon | null {
  const { services, system, tree } = build;
  const known = services.get(service);
  if (known?.enabled === true) return null;
  const rc = tree.of("rc-conf")[0];
  if (known === undefined && rc === undefined) return null;
  const file = rc?.path ?? (system.family === "openbsd" ? "rc.conf.local" : "rc.conf");
  return doesNotRun(`boot does not start ${service}: ${file} has no \`${setting}\``);
}
