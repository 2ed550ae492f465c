/** The command line of `pierhead monitor`: what it refuses, and the files it prints. What it does is in monitor-world. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";

let scratch = "";
let pierhead = "";
const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-monitor-cli-"));
  pierhead = await bundlePierhead(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [pierhead, "monitor", ...words], { encoding: "utf8", env, timeout: 60_000 });
}

function file(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

const plain = 'state a {\n\tif $t\n\t\trun "echo"\n}\n';
const extended = 'probe p { icmp 127.0.0.1 }\nstate a {\n\tif p\n\t\trun "true"\n}\n';

describe("pierhead monitor", () => {
  it("-n checks a file, with -D", () => {
    const path = file("plain.conf", plain);
    expect(run("-n", "-f", path)).toMatchObject({ status: 1, stdout: "" });
    expect(run("-n", "-D", 't=( "true" every 10 )', "-f", path)).toMatchObject({
      status: 0,
      stderr: "configuration OK\n",
    });
  });

  it("--compat refuses probes and short intervals", () => {
    const path = file("extended.conf", extended);
    expect(run("-n", "-f", path).status).toBe(0);
    const refused = run("-n", "--compat", "-f", path);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("extended.conf:1:1: error [ifstated/syntax]");
    const short = file("short.conf", 'state a {\n\tif "true" every 200ms\n\t\trun "true"\n}\n');
    expect([run("-n", "-f", short).status, run("-n", "--compat", "-f", short).status]).toEqual([0, 1]);
  });

  it.each([
    [["-n", "-f", "no/such/file"], "no/such/file: there is no such file or directory"],
    [["-n", "-D", "novalue"], "-D novalue: could not parse macro definition"],
    [["--metrics", "nonsense", "-f", "/dev/null"], "--metrics nonsense: it is host:port"],
    [["status", "--run-dir", "/no/such/folder"], "no monitor answers at /no/such/folder/monitor.sock"],
    [["install", "--print", "plan9"], "no service file for plan9"],
  ])("%j: one clear line and status 2", (words, message) => {
    const { status, stdout, stderr } = run(...words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\bat .*\.[jt]s:\d+/);
  });

  it.each([
    ["openbsd", "#!/bin/ksh", "/etc/rc.d/pierhead_monitor"],
    ["freebsd", "#!/bin/sh", "/usr/local/etc/rc.d/pierhead_monitor"],
    ["linux", "[Unit]", "/etc/systemd/system/pierhead-monitor.service"],
  ])("install --print %s", (system, first, path) => {
    const { status, stdout, stderr } = run("install", "--print", system);
    expect(status).toBe(0);
    expect(stdout.split("\n")[0]).toBe(first);
    expect(stderr).toContain(path);
    if (first.startsWith("#!")) {
      expect(spawnSync("sh", ["-n"], { input: stdout, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    }
  });

  it.skipIf(process.platform !== "linux" || spawnSync("ip", ["-V"]).status !== 0)(
    "goes into the background, logs to a file, and ends on SIGTERM",
    async () => {
      const path = file("background.conf", 'state a {\n\trun "true"\n}\n');
      const [folder, log] = [join(scratch, "run"), join(scratch, "log")];
      const words = ["-f", path, "--run-dir", folder, "--log", log];
      expect(run(...words)).toMatchObject({ status: 0, stdout: "", stderr: "" });
      const shown = run("status", "--json", "--run-dir", folder);
      const { pid, state } = JSON.parse(shown.stdout) as { pid: number; state: string };
      expect(state).toBe("a");
      const watch = spawn(process.execPath, [pierhead, "monitor", "status", "--watch", "--json", "--run-dir", folder], {
        env,
      });
      const ended = new Promise((resolve) => watch.once("exit", resolve));
      await new Promise((resolve) => watch.stdout.once("data", resolve));
      process.kill(pid, "SIGTERM");
      expect(await ended).toBe(0);
      const events = readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { event: string }).event);
      expect(events).toEqual(["started", "state", "stop"]);
    },
  );
});
