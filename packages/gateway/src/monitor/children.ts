/**
 * The processes of the monitor. Tests and commands of the file go through `/bin/sh -c`, as ifstated(8) gives them to
 * it; each is the leader of its own process group, so that a run that hangs can be ended with all it has started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { World } from "./world.ts";

/** A process that must not outlive a crash of the monitor unnoticed. */
export interface KnownProcess {
  readonly pid: number;
  readonly what: string;
}

export interface ChildrenOptions {
  /** Where standard output and error of commands go; tests have neither. */
  readonly output: "inherit" | "ignore";
  /** A command has started or ended. */
  readonly changed?: (commands: readonly KnownProcess[]) => void;
  /** A process could not be started. */
  readonly failed?: (command: string, error: Error) => void;
}

interface Child {
  readonly process: ChildProcess;
  readonly what: string;
  readonly isCommand: boolean;
  timer: NodeJS.Timeout | null;
  ended: ((status: number | null) => void) | null;
}

/** Longest delay a timer of Node takes. */
const LONGEST = 2_000_000_000;

/** The real world: processes and the clock. */
export class Children implements World {
  readonly #options: ChildrenOptions;
  readonly #children: Map<number, Child> = new Map();
  readonly #tick: () => void;
  #alarm: NodeJS.Timeout | null = null;

  /** @param tick called when the time of {@link wake} has come */
  constructor(tick: () => void, options: ChildrenOptions) {
    this.#tick = tick;
    this.#options = options;
  }

  now(): number {
    return now();
  }

  /** Number of processes that were started and have not ended. */
  get size(): number {
    return this.#children.size;
  }

  /** Commands of the file that run now. */
  get commands(): KnownProcess[] {
    const found: KnownProcess[] = [];
    for (const { process, what, isCommand } of this.#children.values()) {
      if (isCommand && process.pid !== undefined) found.push({ pid: process.pid, what });
    }
    return found;
  }

  test(run: number, command: string, limit: number, ended: (status: number | null) => void): void {
    this.#start(run, command, false, ended);
    const child = this.#children.get(run);
    if (child === undefined || limit * 1000 > LONGEST) return;
    child.timer = setTimeout(() => signalGroup(child.process, "SIGKILL"), limit * 1000);
  }

  command(run: number, command: string, ended: (status: number | null) => void): void {
    this.#start(run, command, true, ended);
    this.#options.changed?.(this.commands);
  }

  kill(run: number): void {
    const child = this.#children.get(run);
    if (child === undefined) return;
    // It stays in the list until it is gone; nobody hears of it any more.
    child.ended = null;
    signalGroup(child.process, "SIGKILL");
  }

  wake(at: number | null): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    if (at === null) return;
    const delay = Math.min(LONGEST, Math.max(0, Math.ceil((at - now()) * 1000)));
    this.#alarm = setTimeout(() => {
      this.#alarm = null;
      this.#tick();
    }, delay);
  }

  #start(run: number, command: string, isCommand: boolean, ended: (status: number | null) => void): void {
    const output = isCommand ? this.#options.output : "ignore";
    const process = spawn("/bin/sh", ["-c", command], { detached: true, stdio: ["ignore", output, output] });
    const child: Child = { process, what: command, isCommand, timer: null, ended };
    this.#children.set(run, child);
    const finish = (status: number | null): void => {
      if (this.#children.get(run) !== child) return;
      this.#children.delete(run);
      if (child.timer !== null) clearTimeout(child.timer);
      if (isCommand) this.#options.changed?.(this.commands);
      child.ended?.(status);
    };
    process.once("exit", (status) => finish(status));
    process.once("error", (error) => {
      this.#options.failed?.(command, error);
      if (process.exitCode === null && process.signalCode === null) finish(null);
    });
  }
}

/** Seconds on a clock that never goes back. It starts well above 0, which the machine takes for never. */
export function now(): number {
  return 1_000_000 + performance.now() / 1000;
}

/** Sends a signal to a process and all in its group. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has gone in the meantime.
  }
}
