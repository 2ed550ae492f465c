/**
 * Outages that a LAN client sees when ISP 1 dies and returns, measured in network namespaces by a continuous ping and by
 * a download that connects anew when nothing comes: the plain every-10 file as ifstated runs it (`--compat`), the same
 * file as the monitor runs it, and probes ten times a second. Needs root, iproute2, iputils-ping and nftables.
 *
 * `PIERHEAD_MONITOR_ROUNDS=5 npm run bench -- monitor` for fewer than twenty of each.
 */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { analyzeFailover } from "@pierhead/engine/failover";
import { Machine } from "@pierhead/engine/machine";
import { readIfstated } from "@pierhead/lang/ifstated";
import {
  type Cut,
  Download,
  gatewayFile,
  Pinger,
  pingTests,
  probeLines,
  RunningMonitor,
  TwoIspWorld,
  until,
  wait,
  worldIsMissing,
} from "../tests/support/two-isp-world.ts";

const missing = worldIsMissing();
if (missing !== null) {
  process.stdout.write(`not measured: ${missing}\n`);
  process.exit(0);
}
const rounds = Number(process.env.PIERHEAD_MONITOR_ROUNDS ?? 20);
const built = join(resolve(process.cwd()), "packages/cli/dist");
if (!existsSync(join(built, "pierhead.js"))) throw new Error("run `npm run setup` first");
// A copy, so that a build in the meantime does not take it away.
const folder = mkdtempSync(join(tmpdir(), "pierhead-bench-"));
cpSync(built, folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
const pierhead = join(folder, "pierhead.js");

function prediction(text: string): number | null {
  const { configuration, diagnostics } = readIfstated(new Source("ifstated.conf", text), { extensions: true });
  if (diagnostics.length > 0) return null;
  const interfaces = ["lan0", "wan1", "wan2"].map((name) => ({ name }));
  const report = analyzeFailover(() => new Machine(parseSystem("linux") as System, { interfaces }), configuration);
  // Of the ways into `noisp1` the slowest: with probes, that the line is silent and its link stays.
  const ways = report.transitions.filter(
    (one) => one.stateFrom === "allworking" && one.stateTo === "noisp1" && one.changes === 1,
  );
  return ways.length === 0 ? null : Math.max(...ways.map((one) => one.reaction?.seconds ?? 0));
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string =>
    `${((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000).toFixed(2)} s`.padStart(
      8,
    );
  return `${at(0.5)} ${at(1)}`;
}

const kinds: readonly [string, (world: TwoIspWorld) => string, readonly string[], number][] = [
  ["probes, 100 ms", () => probeLines(), [], 100],
  ["every 1", () => pingTests("1", "0.5"), [], 1_000],
  ["every 10, --compat", () => pingTests("10", "1"), ["--compat"], 10_000],
  ["every 10", () => pingTests("10", "1"), [], 10_000],
];
process.stdout.write(
  `${"file".padEnd(20)} ${"cut".padEnd(7)} predicted   ping: median    worst  download: median    worst  back: median    worst\n`,
);

/** One row: `rounds` times cut and restored. */
async function measure([name, lines, flags, interval]: (typeof kinds)[number], how: Cut): Promise<void> {
  const world = new TwoIspWorld();
  try {
    const text = gatewayFile(world, lines(world));
    const monitor = new RunningMonitor(world, pierhead, world.write("ifstated.conf", text), flags);
    await monitor.reaches("allworking", 30_000);
    const ping = new Pinger(world);
    const download = new Download(world);
    await until(() => ping.answers.length > 10 && download.answers.length > 10, 10_000, "the first answers");
    const [pings, downloads, backs]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      // Spread evenly over the interval, and past the time in which the daemon passes over a change.
      await wait(interval + 1_000 + ((round + 0.5) / rounds) * interval);
      const at = performance.now();
      world.cut("isp1", how);
      await monitor.reaches("noisp1", 40_000);
      const [seen, loaded] = await Promise.all([ping.outage(at, 40_000), download.outage(at, 40_000)]);
      pings.push(seen);
      downloads.push(loaded);
      await wait(interval + 1_000);
      const returned = performance.now();
      world.restore("isp1", how);
      await monitor.reaches("allworking", 40_000);
      backs.push(performance.now() - returned);
    }
    const seconds = prediction(text);
    const predicted = seconds === null ? "-" : `${seconds} s`;
    process.stdout.write(
      `${name.padEnd(20)} ${how.padEnd(7)} ${predicted.padStart(9)}      ${spread(pings)}         ${spread(downloads)}     ${spread(backs)}\n`,
    );
    await monitor.stop();
  } finally {
    world.destroy();
  }
}

// The quick ones alone; those that wait for most of the time side by side.
for (const kind of kinds.filter((one) => one[3] < 10_000)) {
  for (const how of ["link", "silent"] satisfies Cut[]) await measure(kind, how);
}
await Promise.all(
  kinds.filter((one) => one[3] >= 10_000).flatMap((kind) => [measure(kind, "link"), measure(kind, "silent")]),
);
rmSync(folder, { recursive: true, force: true });
process.exit(0);
