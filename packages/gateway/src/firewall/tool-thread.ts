/**
 * Runs tools from a thread of their own. To start a process is to copy the page tables of this one and to wait until the
 * new one runs: 4 to 12 ms with 200 MB on a busy machine, in which nobody else would be served, and 25 a second make a
 * quarter of a processor.
 */
import { Worker } from "node:worker_threads";
import type { Outcome, Run } from "./command.ts";
import { FirewallError } from "./driver.ts";

interface Order {
  readonly id: number;
  readonly argv: readonly string[];
  readonly stdin: string;
}

type Report = { readonly id: number; readonly outcome: Outcome } | { readonly id: number; readonly failure: string };

/** Longest time a tool may take, in milliseconds. */
const LIMIT = 30_000;

let thread: ToolThread | null = null;

/** Like `runner`, from the thread that all share; it is there from the first call on and keeps nobody from ending. */
export function threadRunner(prefix: readonly string[] = []): Run {
  return (argv, stdin = "") => {
    thread ??= new ToolThread(() => {
      thread = null;
    });
    return thread.run([...prefix, ...argv], stdin);
  };
}

class ToolThread {
  readonly #worker: Worker;
  readonly #waiting: Map<number, { resolve: (outcome: Outcome) => void; reject: (error: Error) => void }> = new Map();
  #last = 0;

  constructor(gone: () => void) {
    this.#worker = new Worker(`(${serve.toString()})(require, ${LIMIT});`, { eval: true });
    this.#worker.unref();
    this.#worker.on("message", (report: Report) => {
      const waiting = this.#waiting.get(report.id);
      this.#waiting.delete(report.id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if ("outcome" in report) waiting?.resolve(report.outcome);
      else waiting?.reject(new FirewallError(report.failure));
    });
    const lost = (why: string): void => {
      gone();
      for (const { reject } of this.#waiting.values()) reject(new FirewallError(why));
      this.#waiting.clear();
    };
    this.#worker.on("error", (error) => lost(`the thread that runs tools failed: ${error.message}`));
    this.#worker.on("exit", () => lost("the thread that runs tools has ended"));
  }

  run(argv: readonly string[], stdin: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      // Whoever waits for an answer is not to be ended before it comes.
      this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, argv, stdin } satisfies Order);
    });
  }
}

/** The function's text is what the thread runs, as the store's: it may use nothing that is not handed to it. */
function serve(require: NodeJS.Require, limit: number): void {
  const { parentPort } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { spawn } = require("node:child_process") as typeof import("node:child_process");
  const port = parentPort as NonNullable<typeof parentPort>;
  port.on("message", ({ id, argv, stdin }: Order) => {
    const [tool = "", ...words] = argv;
    const child = spawn(tool, words, { stdio: "pipe" });
    const stdout: string[] = [];
    const stderr: string[] = [];
    const timer = setTimeout(() => child.kill("SIGKILL"), limit);
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      clearTimeout(timer);
      port.postMessage({ id, failure: `cannot run ${tool}: ${error.message}` });
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      port.postMessage({ id, outcome: { status, stdout: stdout.join(""), stderr: stderr.join("") } });
    });
    child.stdin.end(stdin);
  });
}
