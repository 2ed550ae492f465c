/**
 * What the monitor must not forget when it is killed: the state it was in, and the processes it had started. It is
 * written beside the old record, brought to the disk and put in its place in one step, so that there is always a whole one.
 */
import { execFileSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export interface RecordedProcess {
  readonly pid: number;
  /** When it was started, in the system's own words: tells it from a later process with the same number. */
  readonly started: string;
  readonly what: string;
}

export interface MonitorRecord {
  readonly version: 1;
  /** The configuration the state belongs to. */
  readonly file: string;
  readonly state: string | null;
  /** Everything that entering the state asks for has been done. */
  readonly settled: boolean;
  readonly written: string;
  readonly processes: readonly RecordedProcess[];
}

/** @param durable wait for the disk: what a power failure must not take back */
export function writeRecord(path: string, record: MonitorRecord, durable: boolean): void {
  const beside = `${path}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(record)}\n`);
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  if (!durable) return;
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } catch {
    // Not every filesystem can do this for a folder.
  } finally {
    closeSync(folder);
  }
}

/** Null when there is none, or none that can be understood. */
export function readRecord(path: string): MonitorRecord | null {
  try {
    const data = JSON.parse(readFileSync(path, "utf8")) as Partial<MonitorRecord> | null;
    if (data?.version !== 1 || typeof data.file !== "string" || !Array.isArray(data.processes)) return null;
    if (data.state !== null && typeof data.state !== "string") return null;
    const processes = data.processes.filter((one) => Number.isInteger(one?.pid) && typeof one.started === "string");
    return { ...(data as MonitorRecord), processes };
  } catch {
    return null;
  }
}

export function removeRecord(path: string): void {
  rmSync(path, { force: true });
}

/** When a process was started; null when there is no such process. */
export function processStart(pid: number): string | null {
  try {
    if (process.platform !== "linux") {
      const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
      return text.trim() === "" ? null : text.trim();
    }
    // proc(5): field 22, counted behind the name in parentheses, which can hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/**
 * Ends what a killed monitor has left running, so that it does not undo what the new one does. Commands lead a process
 * group of their own. @returns what was ended
 */
export function endLeftovers(record: MonitorRecord): RecordedProcess[] {
  const ended: RecordedProcess[] = [];
  for (const one of record.processes) {
    if (one.pid <= 1 || one.pid === process.pid || processStart(one.pid) !== one.started) continue;
    for (const pid of [-one.pid, one.pid]) {
      try {
        process.kill(pid, "SIGKILL");
        ended.push(one);
        break;
      } catch {
        // It leads no group, or it has gone.
      }
    }
  }
  return ended;
}
