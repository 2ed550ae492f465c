/** The command line of `pierhead probe`: lists, scripts with their explanation, and what it says when it cannot run. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROBES } from "@pierhead/lang/probe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

let scratch = "";
let pierhead = "";

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-probe-cli-"));
  pierhead = await bundlePierhead(scratch);
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(
  words: readonly string[],
  options: { uid?: number } = {},
): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync(process.execPath, [pierhead, "probe", ...words], {
    encoding: "utf8",
    env,
    timeout: 60_000,
    ...options,
  });
}

describe("pierhead probe", () => {
  it("lists every question, and which tool answers it where", () => {
    const { status, stdout } = run(["list", "--json"]);
    expect(status).toBe(0);
    const list = JSON.parse(stdout) as { name: string; tools: Record<string, string | null> }[];
    expect(list.map(({ name }) => name)).toEqual(PROBES.map(({ name }) => name));
    expect(list[0]?.tools).toEqual({ linux: "bpftrace", freebsd: "dtrace", openbsd: null, netbsd: null });
    expect(run(["list"]).stdout).toContain("latency      how long a packet takes through the box");
  });

  it.each([
    [
      ["show", "drops", "--system", "linux"],
      ["tracepoint:skb:kfree_skb {", "# why, where in the kernel", "Needs\n", "Bounds\n", "Not in the answer\n"],
    ],
    [
      ["show", "dns", "--system", "freebsd-14.3"],
      ["udp:::send", "# a question", "kldload dtraceall"],
    ],
    [
      ["show", "connects", "--system", "openbsd-7.8"],
      ["syscall:connect:entry {", "kern.allowdt=1"],
    ],
    [["show", "states", "--system", "netbsd-10.1"], ["pfctl -s info  runs, every second"]],
    [
      ["show", "talkers", "--system", "openbsd"],
      ["not possible on OpenBSD, because dt(4)", "instead: `set state-defaults pflow`"],
    ],
    [
      ["show", "latency", "--system", "freebsd", "--duration", "5m"],
      ["profile:::tick-300s", "ends by itself after 300 s"],
    ],
  ])("%j", (words, texts) => {
    const { status, stdout } = run(words);
    expect(status).toBe(0);
    for (const text of texts) expect(stdout).toContain(text);
  });

  it("--plain gives what the tool is given, and nothing else", () => {
    const { stdout } = run(["show", "connects", "--system", "netbsd-10.1", "--plain"]);
    expect(stdout).toMatch(/^#pragma D option quiet\n/);
    expect(stdout).not.toContain("# ");
    expect(run(["show", "queues", "--system", "openbsd", "--plain"]).stdout).toBe("netstat -i -n -d\n");
  });

  it.each([
    [["show", "nonsense"], "no question is called nonsense"],
    [["run", "nonsense"], "no question is called nonsense"],
    [["show", "dns", "--system", "plan9"], "--system plan9 is not a system I know"],
    [["show", "dns", "--system", "macos-14.0"], "there are no scripts for macOS"],
    [["run", "dns", "--duration", "0"], "--duration 0: it is 1s to 24h"],
    [["run", "dns", "--max-overhead", "much"], "--max-overhead much: it is a percentage"],
  ])("%j: one clear line and status 2", (words, message) => {
    const { status, stdout, stderr } = run(words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  it.skipIf(!isRoot)("tells who may not ask that it needs root (skipped where the tests are not root)", () => {
    const { status, stderr } = run(["run", "talkers"], { uid: 65_534 });
    expect(status).toBe(2);
    expect(stderr).toMatch(/talkers cannot run here: .*it needs root/);
    expect(stderr).toContain("`pierhead probe show talkers` tells what it needs");
  });
});
