/** `pierhead portal`: the file, the parts and the signals, put together. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Log } from "../monitor/log.ts";
import type { BindParts } from "./parts.ts";
import { readPortalFile } from "./read-file.ts";
import { type RunningPortal, startPortal } from "./run.ts";

export interface PortalOptions {
  readonly file: string;
  /** End all sessions with the portal; otherwise they stay, and the next start goes on with them. */
  readonly closeSessions: boolean;
  readonly version: string;
}

/**
 * Runs until a signal ends it.
 * @param ready called when guests are served
 * @returns the exit status: 0, or 1 when it could not start
 */
export async function runPortal(
  options: PortalOptions,
  config: PortalConfig,
  bind: BindParts,
  log: Log,
  ready: () => void = () => {},
): Promise<number> {
  let running: RunningPortal;
  // A signal while it starts ends it when it has.
  const signals = new Signals();
  try {
    const parts = await bind(config, log);
    running = await startPortal({ ...parts, config, log, version: options.version });
  } catch (error) {
    signals.close();
    log.error("start", (error as Error).message, { file: options.file });
    return 1;
  }
  log.info("started", `started; guests are served on ${config.guests.interface}`, {
    file: options.file,
    pid: process.pid,
    gateway: config.gateway,
  });
  ready();
  for (;;) {
    const signal = await signals.next();
    if (signal === "SIGHUP") {
      await reload(options.file, running, log);
      continue;
    }
    log.info("stop", `ending on ${signal}`, { signal });
    signals.close();
    const left = await running.stop(options.closeSessions);
    if (left > 0) log.warning("stop", `sessions that could not be closed; the next start does it: ${left}`);
    log.info("stopped", options.closeSessions ? "all sessions are closed" : "sessions stay open", {});
    return 0;
  }
}

/** The new file is read before the old one is dropped. */
async function reload(file: string, running: RunningPortal, log: Log): Promise<void> {
  log.info("reload", "reloading config");
  try {
    const { config, diagnostics } = readPortalFile(file);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    for (const { source, span, message } of errors) {
      log.error("config", `${source?.name}:${source?.position(span.start).line}: ${message}`);
    }
    if (config === null || errors.length > 0) {
      log.error("reload", "unable to reload config: the old one goes on");
      return;
    }
    const kept = await running.reload(config);
    if (kept.length > 0) {
      log.warning("reload", `changed, but only a restart takes it over: ${kept.join(", ")}`, { options: kept });
    }
    log.info("reloaded", "reloaded; nobody was dropped");
  } catch (error) {
    log.error("reload", `unable to reload config: the old one goes on: ${(error as Error).message}`);
  }
}

/** Signals one after the other, none forgotten while another one is worked on. */
class Signals {
  readonly #seen: NodeJS.Signals[] = [];
  #wake: () => void = () => {};
  readonly #listener = (signal: NodeJS.Signals): void => {
    this.#seen.push(signal);
    this.#wake();
  };

  constructor() {
    for (const name of NAMES) process.on(name, this.#listener);
  }

  async next(): Promise<NodeJS.Signals> {
    for (;;) {
      const signal = this.#seen.shift();
      if (signal !== undefined) return signal;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    for (const name of NAMES) process.off(name, this.#listener);
  }
}

const NAMES = ["SIGHUP", "SIGTERM", "SIGINT"] as const;
