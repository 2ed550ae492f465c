/** How the drivers run a tool: an argument array and standard input, never a shell. The seam where tests listen. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Readable } from "node:stream";
import { FirewallError } from "./driver.ts";

export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (argv: readonly string[], stdin?: string) => Promise<Outcome>;

/** Longest time a tool may take, in milliseconds: the kernel answers in a few. */
const LIMIT = 30_000;

/**
 * Runs tools on this machine.
 * @param prefix goes before every command: `["ip", "netns", "exec", "name"]`
 */
export function runner(prefix: readonly string[] = []): Run {
  return (argv, stdin = "") =>
    new Promise((resolve, reject) => {
      const [tool = "", ...words] = [...prefix, ...argv];
      const child = spawn(tool, words, { stdio: "pipe" });
      const [stdout, stderr]: [string[], string[]] = [[], []];
      const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT);
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
      child.stdin.on("error", () => undefined);
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(new FirewallError(`cannot run ${argv[0]}: ${error.message}`));
      });
      child.on("close", (status) => {
        clearTimeout(timer);
        resolve({ status, stdout: stdout.join(""), stderr: stderr.join("") });
      });
      child.stdin.end(stdin);
    });
}

let canDieWithUs: boolean | null = null;

/**
 * A tool that tells of what happens as long as we listen, for Linux. It ends with this process, however that ends: without
 * setpriv(1) it would notice only when it next has something to say, and hold its network namespace until then.
 */
export function listener(prefix: readonly string[], argv: readonly string[]): ChildProcess & { stdout: Readable } {
  canDieWithUs ??= spawnSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore" }).status === 0;
  const [tool = "", ...words] = [...prefix, ...(canDieWithUs ? ["setpriv", "--pdeathsig", "KILL"] : []), ...argv];
  return spawn(tool, words, { stdio: ["ignore", "pipe", "ignore"] });
}

/** The standard output of a command that succeeded. @throws FirewallError with the tool's own words */
export async function must(run: Run, argv: readonly string[], stdin?: string): Promise<string> {
  const { status, stdout, stderr } = await run(argv, stdin);
  if (status === 0) return stdout;
  throw new FirewallError(`${argv.join(" ")}: ${firstWords(stderr) || `ended with ${status ?? "a signal"}`}`);
}

/** A complaint as one line: nft and pfctl write many for one cause. */
function firstWords(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !/^[\^~ ]+$/.test(line))
    .slice(0, 3)
    .join("; ");
}
