/** `pierhead monitor` for real, in network namespaces: outages, crashes, broken files, flapping. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { analyzeFailover } from "@pierhead/engine/failover";
import { Machine } from "@pierhead/engine/machine";
import { readIfstated } from "@pierhead/lang/ifstated";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import {
  type Cut,
  gatewayFile,
  PATIENCE,
  PINNED,
  Pinger,
  pingTests,
  probeLines,
  RunningMonitor,
  STATES,
  TwoIspWorld,
  until,
  wait,
  worldIsMissing,
} from "./support/two-isp-world.ts";

const missing = worldIsMissing();
let scratch = "";
let pierhead = "";
let world: TwoIspWorld;
let running: RunningMonitor[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  scratch = mkdtempSync(join(tmpdir(), "pierhead-monitor-"));
  pierhead = await bundlePierhead(scratch);
});
afterAll(() => {
  if (scratch !== "") rmSync(scratch, { recursive: true, force: true });
});

function monitor(text: string, flags: readonly string[] = []): RunningMonitor {
  const one = new RunningMonitor(world, pierhead, world.write("ifstated.conf", text), flags);
  running.push(one);
  return one;
}

/** Route and rules are what the state says. */
function gatewayIsIn(state: string): void {
  expect([world.defaultRoute(), world.loadedRules()]).toEqual([STATES[state]?.route, STATES[state]?.rules]);
}

/** Longest seconds until the gateway has done all it does about ISP 1, by `pierhead failover`. */
function predicted(text: string): { down: number; up: number } {
  const { configuration } = readIfstated(new Source("ifstated.conf", text));
  const interfaces = ["lan0", "wan1", "wan2"].map((name) => ({ name }));
  const report = analyzeFailover(() => new Machine(parseSystem("linux") as System, { interfaces }), configuration);
  const seconds = (from: string, to: string): number =>
    report.transitions.find((one) => one.from.name === from && one.to.name === to)?.reaction?.seconds ?? Number.NaN;
  const [all, one] = ["isp1 up, isp2 up", "isp1 down, isp2 up"];
  return { down: seconds(all as string, one as string), up: seconds(one as string, all as string) };
}

/** Seconds until the gateway has left a line that went silent while its link stayed, at most; for a file with probes. */
function predictedSilence(text: string): number {
  const { configuration } = readIfstated(new Source("ifstated.conf", text), { extensions: true });
  const interfaces = ["lan0", "wan1", "wan2"].map((name) => ({ name }));
  const report = analyzeFailover(() => new Machine(parseSystem("linux") as System, { interfaces }), configuration);
  const way = report.transitions.find(
    ({ from, to, changes }) =>
      changes === 1 && from.values.every((value) => value === "up") && to.name.startsWith("line1 down"),
  );
  return way?.reaction?.seconds ?? Number.NaN;
}

/** Processes in the gateway's namespace. */
function gatewayProcesses(): number {
  return spawnSync("ip", ["netns", "pids", world.name("gw")], { encoding: "utf8" })
    .stdout.trim()
    .split("\n").length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

describe.skipIf(missing !== null)(`pierhead monitor in namespaces${missing === null ? "" : ` (${missing})`}`, () => {
  beforeEach(() => {
    world = new TwoIspWorld();
    running = [];
  });
  afterEach(async () => {
    for (const one of running) if (one.child.exitCode === null) await one.kill();
    world.destroy();
  });

  it("keeps a plain file within its prediction, whether the line dies loudly or silently", async () => {
    const text = gatewayFile(world, pingTests("1", "0.5"));
    const prediction = predicted(text);
    expect(prediction).toEqual({ down: 2, up: 1 });
    const one = monitor(text);
    await one.reaches("allworking");
    gatewayIsIn("allworking");
    const ping = new Pinger(world);
    await until(() => ping.answers.length > 10, PATIENCE, "the first pings");
    for (const how of ["link", "silent"] satisfies Cut[]) {
      await wait(1_100);
      const at = performance.now();
      world.cut("isp1", how);
      await one.reaches("noisp1");
      const outage = await ping.outage(at, PATIENCE);
      // Commands and a busy test machine take their time; the prediction counts neither.
      expect(outage / 1000, how).toBeLessThan(prediction.down + 0.75);
      gatewayIsIn("noisp1");
      world.restore("isp1", how);
      await one.reaches("allworking");
      gatewayIsIn("allworking");
    }
  });

  it("is back within a second with probes, and leaves the healthy line alone", async () => {
    const text = gatewayFile(world, probeLines());
    // Three questions lost, a tenth of a second apart, 0.15 s for the last, and two commands to start.
    const prediction = predictedSilence(text);
    expect(prediction).toBe(0.55);
    const one = monitor(text);
    await one.reaches("allworking");
    const ping = new Pinger(world);
    const echo = connections(world);
    await until(() => ping.answers.length > 10 && echo.count() > 3, PATIENCE, "the first answers");
    const outages: number[] = [];
    for (const how of ["silent", "link", "silent", "link", "silent"] satisfies Cut[]) {
      await wait(300);
      const at = performance.now();
      world.cut("isp1", how);
      await one.reaches("noisp1");
      outages.push((await ping.outage(at, PATIENCE)) / 1000);
      gatewayIsIn("noisp1");
      world.restore("isp1", how);
      await one.reaches("allworking");
    }
    expect(median(outages), String(outages)).toBeLessThan(1);
    // As above: a busy test machine takes its time, which the prediction does not count.
    expect(Math.max(...outages), String(outages)).toBeLessThan(prediction + 0.75);
    const before = echo.count();
    await until(() => echo.count() > before + 3, PATIENCE, "the connection on the healthy line");
    expect(echo.broken()).toEqual([]);
  });

  it("ends as the state says when it is killed at any moment and started again", async () => {
    const text = gatewayFile(world, probeLines());
    let random = 12345;
    const next = (most: number): number => {
      random = (random * 1_103_515_245 + 12_345) & 0x7fffffff;
      return random % most;
    };
    for (let round = 0; round < 6; round++) {
      const one = monitor(text);
      if (round > 0) await until(() => one.log.some(({ event }) => event === "started"), PATIENCE, "the start");
      else await one.reaches("allworking");
      if (round % 2 === 0) world.cut("isp1", "silent");
      else world.restore("isp1", "silent");
      await wait(next(700));
      await one.kill();
      // What somebody else, or half of a command, left behind.
      world.run("gw", "ip", ["route", "replace", "default", "via", "203.0.113.1"]);
      const again = monitor(text);
      const state = round % 2 === 0 ? "noisp1" : "allworking";
      await again.reaches(state);
      await until(() => again.log.some(({ event }) => event === "resume"), PATIENCE, "the resumption");
      gatewayIsIn(state);
      await again.kill();
    }
    const last = monitor(text);
    await last.reaches("allworking");
    expect(await last.stop()).toBe(0);
    await until(
      () => spawnSync("ip", ["netns", "pids", world.name("gw")], { encoding: "utf8" }).stdout === "",
      PATIENCE,
      "no process left",
    );
    expect(readdirSync(last.folder)).toEqual([]);
  });

  it("refuses a broken file on SIGHUP and goes on with the old one; a good one keeps the state", async () => {
    const text = gatewayFile(world, pingTests("1", "0.5"));
    const one = monitor(text);
    await one.reaches("allworking");
    world.cut("isp1", "silent");
    await one.reaches("noisp1");
    const path = join(world.folder, "ifstated.conf");
    writeFileSync(path, text.replace("state noisp2 {", "state noisp2 {{"));
    one.child.kill("SIGHUP");
    await until(
      () => one.log.some(({ message }) => message.startsWith("unable to reload config")),
      PATIENCE,
      "the refusal",
    );
    expect(one.log.some(({ event, message }) => event === "config" && /ifstated\.conf:\d+: /.test(message))).toBe(true);
    world.restore("isp1", "silent");
    await one.reaches("allworking");
    world.cut("isp1", "silent");
    await one.reaches("noisp1");
    const entered = (await one.status())?.stateChanges;
    writeFileSync(path, text.replaceAll("every 1 ", "every 2 "));
    one.child.kill("SIGHUP");
    await until(async () => (await one.status())?.reloads.accepted === 1, PATIENCE, "the reload");
    const status = await one.status();
    expect([status?.state, status?.stateChanges, status?.reloads.refused]).toEqual(["noisp1", entered, 1]);
    expect(status?.tests.map(({ every }) => every)).toEqual([2, 2]);
    world.restore("isp1", "silent");
    await one.reaches("allworking");
    gatewayIsIn("allworking");
  });

  it("comes through 1,000 flaps of a link in the right state, with nothing left over", async () => {
    const lines = "isp1 = '( wan1.link.up )'\nisp2 = '( wan2.link.up )'\n";
    const one = monitor(gatewayFile(world, lines));
    await one.reaches("allworking");
    const flap = (times: number): void => {
      const half = "ip link set gw0 down; ip link set gw0 up";
      world.run("isp1", "sh", ["-c", `i=0; while [ $i -lt ${times} ]; do ${half}; i=$((i+1)); done`]);
    };
    const calm = async (): Promise<void> => {
      await until(
        async () =>
          (await one.status())?.links.some((link) => link.interface === "wan1" && link.link === "up") === true,
        PATIENCE,
        "the link",
      );
      await one.reaches("allworking");
      gatewayIsIn("allworking");
    };
    flap(100);
    await calm();
    const fds = (): number => readdirSync(`/proc/${one.child.pid}/fd`).length;
    const [processes, files] = [gatewayProcesses(), fds()];
    const memory = (await one.status())?.memory ?? 0;
    for (let round = 0; round < 9; round++) {
      flap(100);
      await calm();
    }
    const after = await one.status();
    expect(after?.links.find((link) => link.interface === "wan1")?.changes).toBeGreaterThan(100);
    expect(after?.children).toBe(0);
    expect(gatewayProcesses()).toBe(processes);
    expect(fds()).toBeLessThanOrEqual(files + 2);
    expect((after?.memory ?? 0) - memory).toBeLessThan(64 * 1024 * 1024);
    expect(after?.failedCommands).toBe(0);
  });

  it("kills a test that hangs and never lets it hold up another", async () => {
    const file = (name: string): string => join(world.folder, name);
    const text = `hangs = '( "test ! -e ${file("hang")} || sleep 600" every 1 )'
fine = '( "test -e ${file("flag")}" every 1 )'
state a {
	if ! $hangs
		run ": > ${file("noticed")}"
	if $fine
		set-state b
}
state b {
	run "true"
}
`;
    const one = monitor(text);
    await one.reaches("a");
    writeFileSync(file("hang"), "");
    await until(async () => ((await one.status())?.tests[0]?.hung ?? 0) >= 2, PATIENCE, "two kills");
    expect(existsSync(file("noticed"))).toBe(true);
    writeFileSync(file("flag"), "");
    await one.reaches("b");
    await until(() => gatewayProcesses() <= 2, PATIENCE, "no process left");
  });

  it("shows its status to its owner only, and metrics", async () => {
    const one = monitor(gatewayFile(world, pingTests("1", "0.5")), ["--metrics", "127.0.0.1:9469"]);
    await one.reaches("allworking");
    expect(statSync(join(one.folder, "monitor.sock")).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(one.folder, "monitor.json"), "utf8"))).toMatchObject({ state: "allworking" });
    const ask = (flags: readonly string[]) =>
      spawnSync(process.execPath, [pierhead, "monitor", "status", "--run-dir", one.folder, ...flags], {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
      });
    const shown = ask([]);
    expect(shown.stdout).toMatch(/^allworking {2}for \d+ s/);
    expect(shown.stdout).toMatch(/wan1\s+up/);
    expect(shown.stdout).toMatch(/isp1\s+ok/);
    expect(JSON.parse(ask(["--json"]).stdout)).toMatchObject({ version: 1, state: "allworking", compat: false });
    const fetched = world.run("gw", process.execPath, [
      "-e",
      "fetch('http://127.0.0.1:9469/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))",
    ]);
    expect(fetched).toContain('pierhead_monitor_state{state="allworking"} 1');
    const second = monitor(gatewayFile(world, pingTests("1", "0.5")));
    expect(await second.ended).toBe(1);
    // What it said last may still lie in the pipe when it has ended.
    await until(() => second.log.at(-1)?.message.includes("another monitor answers") === true, PATIENCE, "the reason");
    await one.stop();
    const gone = ask([]);
    expect([gone.status, gone.stdout]).toEqual([2, ""]);
    expect(gone.stderr).toContain("no monitor answers");
  });
});

/** A TCP connection from the LAN to the host behind ISP 2 that sends a line twenty times a second and reads it back. */
function connections(where: TwoIspWorld): { count(): number; broken(): string[] } {
  const server = `require("net").createServer((s) => s.pipe(s).on("error", () => {})).listen(7007, "${PINNED}", () => console.log("up"))`;
  const client = `const s = require("net").connect(7007, "${PINNED}");
    s.on("data", (d) => console.log("got " + d.length)).on("error", (e) => console.log("broken " + e.code)).on("close", () => console.log("broken closed"));
    setInterval(() => s.write("x"), 50)`;
  let count = 0;
  const broken: string[] = [];
  const echo = where.start("net", process.execPath, ["-e", server]);
  echo.stdout?.once("data", () => {
    const child = where.start("lan", process.execPath, ["-e", client]);
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (text: string) => {
      for (const line of text.split("\n")) {
        if (line.startsWith("got")) count++;
        else if (line.startsWith("broken")) broken.push(line);
      }
    });
  });
  return { count: () => count, broken: () => broken };
}
