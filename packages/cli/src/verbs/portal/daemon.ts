import { EXIT, UsageError } from "../../failure.ts";
import { readFailure } from "../../input/read.ts";
import { logWriter } from "../../log-target.ts";
import { prettyDiagnostics } from "../../report/pretty.ts";
import { colorsFor } from "../../terminal.ts";
import { VERSION } from "../../version.ts";

export interface DaemonFlags {
  readonly config: string;
  readonly configtest?: boolean;
  readonly closeSessions?: boolean;
  readonly verbose: number;
  readonly log?: string;
  readonly logFormat?: string;
}

/** Reads the file, sees that the portal can run here, and runs it. */
export async function runDaemon(flags: DaemonFlags): Promise<number> {
  const { bindParts, obstacle, ownPrivileges, readPortalFile, runPortal } = await import("@pierhead/gateway/portal");
  const { Log } = await import("@pierhead/gateway/monitor");
  let reading: ReturnType<typeof readPortalFile>;
  try {
    reading = readPortalFile(flags.config);
  } catch (error) {
    throw readFailure(flags.config, error);
  }
  const { config, diagnostics } = reading;
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const shown = flags.configtest === true ? diagnostics : errors;
  if (shown.length > 0) process.stderr.write(`${prettyDiagnostics(shown, colorsFor(process.stderr))}\n`);
  if (config === null || errors.length > 0) return EXIT.findings;
  if (flags.configtest === true) {
    process.stderr.write("configuration OK\n");
    return EXIT.fine;
  }
  const format = flags.logFormat ?? (process.stderr.isTTY && flags.log === undefined ? "text" : "json");
  if (format !== "text" && format !== "json") throw new UsageError(`--log-format ${format}: it is text or json`);
  const why = obstacle(config, ownPrivileges(), process.env.SSH_CONNECTION);
  if (why !== null) throw new UsageError(why.message, why.hint);
  const log = new Log({ format, verbose: flags.verbose, write: logWriter(flags.log, "pierhead-portal") });
  const options = { file: flags.config, closeSessions: flags.closeSessions === true, version: VERSION };
  return runPortal(options, config, bindParts, log, () => process.send?.("started"));
}
