import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Children } from "./children.ts";
import { endLeftovers, type MonitorRecord, processStart, readRecord, writeRecord } from "./record.ts";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-monitor-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const children = new Children(() => {}, { output: "ignore" });

function test(run: number, command: string, limit = 30): Promise<number | null> {
  return new Promise((resolve) => children.test(run, command, limit, resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("processes", () => {
  it("gives the status of each, and null for a signal", async () => {
    const all = await Promise.all([
      test(1, "exit 3"),
      test(2, "true"),
      test(3, "kill -9 $$"),
      test(4, "no-such-tool-here"),
    ]);
    expect(all).toEqual([3, 0, null, 127]);
    expect(children.size).toBe(0);
  });

  it("runs tests side by side: each waits for the other", async () => {
    const [a, b] = [join(scratch, "a"), join(scratch, "b")];
    const wait = (own: string, other: string): string => `: > '${own}'; while [ ! -e '${other}' ]; do sleep 0.02; done`;
    expect(await Promise.all([test(10, wait(a, b)), test(11, wait(b, a))])).toEqual([0, 0]);
  });

  it("kills a run at its limit with everything it has started", async () => {
    const file = join(scratch, "inner");
    // A busy machine takes its time to start a shell, which has to write before it is killed.
    const status = await test(20, `sleep 600 & echo $! > '${file}'; wait`, 2);
    expect(status).toBeNull();
    const inner = Number(readFileSync(file, "utf8"));
    expect(inner).toBeGreaterThan(1);
    await until(() => processStart(inner) === null);
  });

  it("says nothing of a run that was killed", async () => {
    let said = false;
    children.test(30, "sleep 600", 30, () => {
      said = true;
    });
    children.kill(30);
    await until(() => children.size === 0);
    expect(said).toBe(false);
  });
});

describe("the record", () => {
  const record: MonitorRecord = {
    version: 1,
    file: "/etc/ifstated.conf",
    state: "both",
    settled: true,
    written: "2026-01-01T00:00:00.000Z",
    processes: [],
  };

  it("comes back as it was written, and never in halves", () => {
    const path = join(scratch, "record");
    expect(readRecord(path)).toBeNull();
    writeRecord(path, record, true);
    expect(readRecord(path)).toEqual(record);
    for (const broken of [
      "",
      "{",
      "[]",
      "null",
      '{"version":2}',
      '{"version":1,"file":"x","state":7,"processes":[]}',
    ]) {
      writeFileSync(path, broken);
      expect(readRecord(path)).toBeNull();
    }
  });

  it("ends what was left running, and nothing that has only its number", async () => {
    children.test(40, "sleep 600", 60, () => {});
    await until(() => children.size === 1);
    children.command(41, "exec sleep 600", () => {});
    const [command] = children.commands;
    const pid = command?.pid ?? 0;
    const started = processStart(pid) ?? "";
    const process = { pid, started, what: "sleep" };
    expect(endLeftovers({ ...record, processes: [{ ...process, started: `${started}1` }] })).toEqual([]);
    expect(processStart(pid)).toBe(started);
    expect(endLeftovers({ ...record, processes: [process] })).toEqual([process]);
    await until(() => children.commands.length === 0);
    children.kill(40);
    await until(() => children.size === 0);
  });
});
