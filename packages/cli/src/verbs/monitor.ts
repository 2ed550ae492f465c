import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Log, MonitorOptions } from "@pierhead/gateway/monitor";
import { EXIT, UsageError } from "../failure.ts";
import { readFailure } from "../input/read.ts";
import { logWriter } from "../log-target.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly file: string;
  readonly debug?: boolean;
  readonly configtest?: boolean;
  readonly verbose: number;
  readonly define: readonly string[];
  readonly ignoreInitial?: boolean;
  readonly compat?: boolean;
  readonly runDir: string;
  readonly metrics?: string;
  readonly log?: string;
  readonly logFormat?: string;
}

const RUN_FOLDER = "/var/run/pierhead";

export const monitor: Verb = (program, exit) => {
  const command = program
    .command("monitor")
    .description("the link monitor: runs an ifstated.conf; the flags are those of ifstated(8)")
    .option("-f, --file <file>", "the configuration", "/etc/ifstated.conf")
    .option("-d, --debug", "stay in the foreground and log to standard error")
    .option("-n, --configtest", "check the file and exit")
    .option("-v, --verbose", "log commands too; twice: every test", (_: string, before: number) => before + 1, 0)
    .option("-D, --define <macro=value>", "a macro that wins over the file's", collect, [] as string[])
    .option("-i, --ignore-initial", "the first results change nothing")
    .option("--compat", "exactly as ifstated: no extensions, its manner of entering a state")
    .option("--run-dir <folder>", "where the status socket and the record of the state are", RUN_FOLDER)
    .option("--metrics <host:port>", "serve Prometheus metrics there, at /metrics")
    .option("--log <file>", "log to a file; `syslog` to logger(1), the default without -d")
    .option("--log-format <format>", "text or json; text on a terminal, else json")
    .addHelpText(
      "after",
      `
SIGHUP reads the file again: a broken one is refused and the old one goes on. SIGTERM ends it.
Exit status: 0 ended by a signal, or -n and the file is fine; 1 the file is wrong or it cannot start; 2 usage.

Example:
  pierhead monitor -n -f /etc/ifstated.conf
  pierhead monitor -d -f /etc/ifstated.conf --metrics 127.0.0.1:9469
  pierhead monitor status --watch
`,
    )
    .action(async (flags: Flags) => exit(await run(flags)));

  command
    .command("status")
    .description("what the running monitor sees: state, links, probes, tests, history")
    .option("--run-dir <folder>", "where the status socket is", RUN_FOLDER)
    .option("-w, --watch", "again at every change")
    .option("--json", "the same facts for machines, one line each")
    .action(async (flags: { json?: boolean; watch?: boolean }, self: { optsWithGlobals(): { runDir: string } }) => {
      await status({ ...flags, runDir: self.optsWithGlobals().runDir });
    });

  command
    .command("install")
    .description("the file that starts the monitor at boot")
    .requiredOption("--print <system>", "openbsd, freebsd or linux")
    .action(async (flags: { print: string }) => {
      const { serviceFile, SERVICE_SYSTEMS } = await import("@pierhead/gateway/monitor");
      const family = flags.print.replace(/-.*$/, "");
      const file = serviceFile(family);
      if (file === null) {
        throw new UsageError(`no service file for ${flags.print}`, `there are: ${SERVICE_SYSTEMS.join(", ")}`);
      }
      process.stdout.write(file.text);
      const colors = colorsFor(process.stderr);
      const steps = [`goes to ${file.path}, mode ${file.mode}; then:`, ...file.enable.map((line) => `  ${line}`)];
      process.stderr.write(`${colors.dim(steps.join("\n"))}\n`);
    });
};

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

async function run(flags: Flags): Promise<number> {
  const { Log, readMonitorFile, runMonitor } = await import("@pierhead/gateway/monitor");
  const options = monitorOptions(flags);
  let file: ReturnType<typeof readMonitorFile>;
  try {
    file = readMonitorFile(flags.file, options, null);
  } catch (error) {
    throw readFailure(flags.file, error);
  }
  const errors = file.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    process.stderr.write(`${prettyDiagnostics(errors, colorsFor(process.stderr))}\n`);
    return EXIT.findings;
  }
  if (flags.configtest === true) {
    process.stderr.write("configuration OK\n");
    return EXIT.fine;
  }
  if (flags.debug !== true) return background(flags);
  const format = flags.logFormat ?? (process.stderr.isTTY && flags.log === undefined ? "text" : "json");
  if (format !== "text" && format !== "json") throw new UsageError(`--log-format ${format}: it is text or json`);
  const log: Log = new Log({ format, verbose: flags.verbose, write: logWriter(flags.log, "pierhead-monitor") });
  return runMonitor(options, log, () => process.send?.("started"));
}

function monitorOptions(flags: Flags): MonitorOptions {
  const macros = new Map<string, string>();
  for (const text of flags.define) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`-D ${text}: could not parse macro definition`, "it is written -D name=value");
    macros.set(text.slice(0, at), text.slice(at + 1));
  }
  return {
    file: flags.file,
    macros,
    inhibit: flags.ignoreInitial === true,
    compat: flags.compat === true,
    runFolder: flags.runDir,
    metrics: flags.metrics === undefined ? null : hostAndPort(flags.metrics),
    output: "inherit",
  };
}

function hostAndPort(text: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) throw new UsageError(`--metrics ${text}: it is host:port`);
  return { host: (found[1] ?? found[2]) as string, port };
}

/** Without `-d` the monitor goes on in a process of its own; this one ends when that one has started. */
function background(flags: Flags): Promise<number> {
  const words = process.argv.slice(2);
  if (flags.log === undefined) words.push("--log", "syslog");
  const script = process.argv[1] ?? "";
  const child = spawn(process.execPath, [...process.execArgv, script, ...words, "-d"], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  return new Promise((resolve) => {
    child.once("message", () => {
      child.disconnect();
      child.unref();
      resolve(EXIT.fine);
    });
    child.once("exit", (status) => {
      process.stderr.write("pierhead: the monitor did not start; -d shows why\n");
      resolve(status ?? EXIT.failed);
    });
    child.once("error", (error) => {
      process.stderr.write(`pierhead: the monitor did not start: ${error.message}\n`);
      resolve(EXIT.failed);
    });
  });
}

async function status(flags: { json?: boolean; watch?: boolean; runDir: string }): Promise<void> {
  const { readStatus, SOCKET_NAME } = await import("@pierhead/gateway/monitor");
  const { monitorStatus } = await import("../report/monitor.ts");
  const path = join(flags.runDir, SOCKET_NAME);
  const colors = colorsFor(process.stdout);
  const live = flags.watch === true && process.stdout.isTTY === true;
  try {
    await readStatus(
      path,
      (now) => {
        if (flags.json === true) process.stdout.write(`${JSON.stringify(now)}\n`);
        else process.stdout.write(`${live ? "\x1b[H\x1b[2J" : ""}${monitorStatus(now, colors)}${live ? "" : "\n"}`);
      },
      flags.watch === true,
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw new UsageError(`${path}: only the owner of the monitor may ask it`);
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      throw new UsageError(`no monitor answers at ${path}`, "`pierhead monitor -f FILE` starts one");
    }
    throw new UsageError(`${path}: ${message}`);
  }
}
