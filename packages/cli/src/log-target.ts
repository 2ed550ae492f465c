/** Where the lines of a daemon go. */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

/** @param target a file, `syslog` for logger(1), or undefined for standard error */
export function logWriter(target: string | undefined, tag: string): (line: string) => void {
  if (target === undefined) {
    // Whoever read the log may go; the daemon goes on.
    process.stderr.on("error", () => {});
    return (line) => process.stderr.write(line);
  }
  // Opened for every line, so that a rotated file is let go.
  if (target !== "syslog") return (line) => appendFileSync(target, line, { mode: 0o640 });
  const logger = spawn("logger", ["-t", tag, "-p", "daemon.info"], { stdio: ["pipe", "ignore", "ignore"] });
  let gone = false;
  const lost = (): void => {
    gone = true;
  };
  logger.once("error", lost);
  logger.once("exit", lost);
  logger.stdin.on("error", lost);
  logger.unref();
  return (line) => {
    if (!gone) logger.stdin.write(line);
  };
}
