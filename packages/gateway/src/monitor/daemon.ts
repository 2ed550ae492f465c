/** `pierhead monitor`: the machine, the processes, the links, the probes and the signals, put together. */
import { mkdirSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { type Diagnostic, Source } from "@pierhead/core";
import { compile, type LinkReport, type TestProgram } from "@pierhead/engine/ifstated";
import { type Ifstated, readIfstated } from "@pierhead/lang/ifstated";
import { Children, type KnownProcess, now } from "./children.ts";
import { LinkWatcher } from "./links/watch.ts";
import { LiveMachine, type Notice } from "./live-machine.ts";
import type { Log } from "./log.ts";
import { ProbeWatcher } from "./probes/watch.ts";
import { endLeftovers, processStart, readRecord, removeRecord, writeRecord } from "./record.ts";
import { StatusServer, serveMetrics } from "./socket.ts";
import { type MonitorStatus, nameOf, probeStatus, Statistics } from "./status.ts";

export interface MonitorOptions {
  readonly file: string;
  /** `-D name=value`. */
  readonly macros: ReadonlyMap<string, string>;
  /** `-i`: the first results change nothing. */
  readonly inhibit: boolean;
  /** Exactly as ifstated(8): no extensions, and its manner of entering a state. */
  readonly compat: boolean;
  /** Folder of the socket and the record. */
  readonly runFolder: string;
  /** Where Prometheus may ask; null: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Where the output of commands goes. */
  readonly output: "inherit" | "ignore";
}

/** Name of the status socket in the run folder. */
export const SOCKET_NAME = "monitor.sock";
const RECORD_NAME = "monitor.json";
/** Milliseconds a command may take to end when the monitor is told to. */
const LAST_COMMAND = 5_000;

/** Reads a file for the monitor. @throws when it cannot be read */
export function readMonitorFile(
  path: string,
  options: Pick<MonitorOptions, "macros" | "compat">,
  interfaces: ReadonlySet<string> | null,
): Ifstated {
  const source = new Source(path, readFileSync(path, "utf8"));
  return readIfstated(source, { macros: options.macros, interfaces, extensions: !options.compat });
}

/** `file:line: message` of what keeps a file from being run. */
export function errorLines(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ source, span, message }) => `${source?.name}:${source?.position(span.start).line}: ${message}`);
}

/**
 * Runs until a signal ends it.
 * @param ready called when the first state is being entered
 * @returns the exit status: 0, or 1 when it could not start
 */
export async function runMonitor(options: MonitorOptions, log: Log, ready: () => void = () => {}): Promise<number> {
  return new Daemon(options, log).run(ready);
}

class Daemon {
  readonly #options: MonitorOptions;
  readonly #log: Log;
  readonly #statistics: Statistics = new Statistics();
  readonly #children: Children;
  readonly #links: LinkWatcher;
  readonly #probes: ProbeWatcher;
  readonly #socket: StatusServer;
  readonly #recordPath: string;
  #metrics: Server | null = null;
  #machine: LiveMachine | null = null;
  #settled = false;
  #stopping = false;
  #recordTrouble = false;
  #end: (status: number) => void = () => {};

  constructor(options: MonitorOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#recordPath = join(options.runFolder, RECORD_NAME);
    this.#children = new Children(() => this.#machine?.tick(), {
      output: options.output,
      changed: () => this.#record(false),
      failed: (command, error) => log.error("spawn", `cannot start a shell: ${error.message}`, { command }),
    });
    this.#links = new LinkWatcher({
      link: (name, link) => {
        log.info("link", `${name}: link ${link}`, { interface: name, link });
        this.#machine?.link(name, link);
      },
      departed: (name) => {
        log.warning("departed", `interface ${name} departed`, { interface: name });
        this.#machine?.departed(name);
      },
      trouble: (message) => log.error("links", message),
    });
    this.#probes = new ProbeWatcher({
      changed: (name, link) => {
        log.info("probe", `probe ${name}: ${link}`, { probe: name, link });
        this.#machine?.link(name, link);
      },
      trouble: (name, message) => log.warning("probe", `probe ${name}: ${message}`, { probe: name }),
    });
    this.#socket = new StatusServer(join(options.runFolder, SOCKET_NAME), () => this.#status());
  }

  async run(ready: () => void): Promise<number> {
    const log = this.#log;
    const links = await this.#links.start();
    const file = this.#read(links);
    if (file === null) {
      log.error("start", "unable to load config", { file: this.#options.file });
      this.#links.stop();
      return 1;
    }
    try {
      mkdirSync(this.#options.runFolder, { recursive: true, mode: 0o700 });
      await this.#socket.start();
      const { metrics } = this.#options;
      if (metrics !== null) this.#metrics = await serveMetrics(metrics.host, metrics.port, () => this.#status());
    } catch (error) {
      log.error("start", (error as Error).message);
      this.#links.stop();
      this.#socket.stop();
      return 1;
    }
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    const hangup = (): void => this.#reload();
    const stop = (signal: NodeJS.Signals): void => this.#stop(signal);
    process.on("SIGHUP", hangup);
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    this.#probes.set(file.configuration.probes);
    const machine = new LiveMachine(compile(file.configuration), this.#children, (notice) => this.#note(notice), {
      inhibit: this.#options.inhibit,
      manner: this.#options.compat ? "daemon" : "live",
    });
    this.#machine = machine;
    log.info("started", "started", { file: this.#options.file, pid: process.pid });
    this.#statistics.remember("start", this.#options.file);
    machine.start([...links, ...this.#probes.links], this.#resume());
    ready();
    const status = await ended;
    process.off("SIGHUP", hangup);
    process.off("SIGTERM", stop);
    process.off("SIGINT", stop);
    return status;
  }

  /** Null when the file cannot be run; why is in the log. */
  #read(links: readonly LinkReport[]): Ifstated | null {
    const { file } = this.#options;
    try {
      const names = links.length === 0 ? null : new Set(links.map((one) => one.interface));
      const read = readMonitorFile(file, this.#options, names);
      const errors = errorLines(read.diagnostics);
      for (const error of errors) this.#log.error("config", error);
      return errors.length === 0 ? read : null;
    } catch (error) {
      this.#log.error("config", `${file}: ${(error as Error).message}`);
      return null;
    }
  }

  /** After a crash: ends what was left running, and names the state to go on in. */
  #resume(): string | null {
    const record = readRecord(this.#recordPath);
    if (record === null) return null;
    for (const { pid, what } of endLeftovers(record)) {
      this.#log.warning("leftover", `the monitor before was killed; ended what it had left running: ${what}`, { pid });
    }
    if (record.file !== this.#options.file || record.state === null || this.#options.compat) return null;
    this.#log.warning("resume", `the monitor before was killed in state ${record.state}; entering it again`, {
      state: record.state,
      settled: record.settled,
    });
    return record.state;
  }

  /** SIGHUP: the new file is read before the old one is dropped. */
  #reload(): void {
    const machine = this.#machine;
    if (machine === null || this.#stopping) return;
    this.#log.info("reload", "reloading config");
    const file = this.#read(this.#links.links);
    if (file === null) {
      this.#statistics.refused++;
      this.#statistics.remember("reload", "refused: the old configuration goes on");
      this.#log.error("reload", "unable to reload config: the old one goes on", { state: machine.state });
      this.#socket.changed();
      return;
    }
    this.#statistics.accepted++;
    this.#statistics.remember("reload", "accepted");
    const program = compile(file.configuration);
    this.#statistics.keep(allTests(program.states));
    this.#probes.set(file.configuration.probes);
    machine.reload(program, [...this.#links.links, ...this.#probes.links], !this.#options.compat);
    this.#log.info("reloaded", `reloaded; state ${machine.state}`, { state: machine.state });
    this.#socket.changed();
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info("stop", `ending on ${signal}`, { signal });
    this.#machine?.stop();
    this.#links.stop();
    this.#probes.stop();
    this.#socket.stop();
    this.#metrics?.close();
    this.#metrics?.closeAllConnections();
    const deadline = now() + LAST_COMMAND / 1000;
    const finish = (): void => {
      // A command under way may end: half of it done would be worse.
      if (this.#children.commands.length > 0 && now() < deadline) {
        setTimeout(finish, 20);
        return;
      }
      removeRecord(this.#recordPath);
      this.#end(0);
    };
    finish();
  }

  #note(notice: Notice): void {
    const log = this.#log;
    if (this.#stopping) return;
    this.#statistics.note(notice, (name) => this.#probes.running.some(({ definition }) => definition.name === name));
    switch (notice.kind) {
      case "enter": {
        const { state, from } = notice;
        log.info("state", from === null ? `initial state: ${state}` : `changing state to ${state}`, { state, from });
        this.#settled = false;
        this.#record(true, state);
        break;
      }
      case "hung": {
        const name = nameOf(notice.test);
        const message = `${name} was not done after ${notice.seconds.toFixed(1)} s: killed`;
        log.warning("hung", message, { test: name, command: notice.test.command, seconds: notice.seconds });
        break;
      }
      case "test": {
        const name = nameOf(notice.test);
        if (notice.status === null) log.warning("test", `${name} exited abnormally`, { test: name });
        else
          log.debug(2, "test", `${name}: ${notice.status}`, {
            test: name,
            status: notice.status,
            seconds: notice.seconds,
          });
        break;
      }
      case "command":
        log.debug(1, "command", `running ${notice.command}`, { command: notice.command });
        break;
      case "command-ended": {
        const { command, status, seconds } = notice;
        if (status !== 0) {
          log.warning("command", `ended with ${status ?? "a signal"}: ${command}`, { command, status, seconds });
        }
        break;
      }
      case "spinning": {
        const { states } = notice;
        const message = `the file goes round for ever: ${states.join(" → ")}; staying in ${states.at(-1)} until something changes`;
        log.error("spinning", message, { states });
        break;
      }
      case "idle":
        if (!this.#settled && this.#machine !== null) {
          this.#settled = true;
          this.#record(true);
        }
        break;
    }
    if (notice.kind !== "idle") this.#socket.changed();
  }

  #record(durable: boolean, state: string | null = this.#machine?.state ?? null): void {
    if (this.#stopping) return;
    const tools: KnownProcess[] = [this.#links, ...this.#probes.running.map(({ asker }) => asker)].flatMap(({ pid }) =>
      pid === null ? [] : [{ pid, what: "a tool of the monitor" }],
    );
    const processes = [...this.#children.commands, ...tools].flatMap(({ pid, what }) => {
      const started = processStart(pid);
      return started === null ? [] : [{ pid, started, what }];
    });
    try {
      const { file } = this.#options;
      const written = new Date().toISOString();
      const record = { version: 1, file, state, settled: this.#settled, written, processes } as const;
      writeRecord(this.#recordPath, record, durable);
      this.#recordTrouble = false;
    } catch (error) {
      // Routes matter more than the record: say it once and go on.
      if (!this.#recordTrouble) this.#log.error("record", `${this.#recordPath}: ${(error as Error).message}`);
      this.#recordTrouble = true;
    }
  }

  #status(): MonitorStatus {
    const statistics = this.#statistics;
    const machine = this.#machine;
    const tests = machine === null ? [] : allTests(machine.program.states);
    return {
      version: 1,
      pid: process.pid,
      file: this.#options.file,
      compat: this.#options.compat,
      started: statistics.started,
      now: new Date().toISOString(),
      state: machine?.state ?? null,
      stateSince: statistics.stateSince,
      stateChanges: statistics.stateChanges,
      settled: machine !== null && machine.state !== null && machine.monitor.waiting === null,
      command: statistics.command,
      links: this.#links.links.map((one) => ({ ...one, changes: statistics.linkChanges(one.interface) })),
      tests: tests.map((test) => statistics.test(test)),
      probes: this.#probes.running.map(probeStatus),
      history: statistics.history,
      reloads: { accepted: statistics.accepted, refused: statistics.refused },
      failedCommands: statistics.failedCommands,
      children: this.#children.size,
      memory: process.memoryUsage.rss(),
    };
  }
}

/** Every test once, in file order. */
function allTests(states: readonly { readonly tests: readonly TestProgram[] }[]): TestProgram[] {
  const found = new Map<string, TestProgram>();
  for (const { tests } of states) {
    for (const test of tests) {
      const key = `${test.every} ${test.command}`;
      if (!found.has(key)) found.set(key, test);
    }
  }
  return [...found.values()];
}
