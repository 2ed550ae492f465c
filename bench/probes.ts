/**
 * What the probes cost on a saturated link: a client sends through a router to a server (network namespaces, veth), once as
 * small datagrams as fast as it can and once as one TCP stream, without a probe and with each. Needs root, bpftrace,
 * conntrack and iperf3.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isImpossible, PROBES } from "@pierhead/lang/probe";
import { ADDRESS, ProbeWorld, probesAreMissing, RunningProbe } from "../tests/support/probe-world.ts";
import { wait, worldIsMissing } from "../tests/support/two-isp-world.ts";

const missing = worldIsMissing() ?? probesAreMissing();
if (missing !== null) {
  process.stdout.write(`not measured: ${missing}\n`);
  process.exit(0);
}
const pierhead = join(resolve(process.cwd()), "packages/cli/dist/pierhead.js");
if (!existsSync(pierhead)) throw new Error("run `npm run setup` first");

const SECONDS = 3;
const ROUNDS = Number(process.env.PIERHEAD_PROBE_ROUNDS ?? 3);

const world = new ProbeWorld();
world.run(
  "router",
  "nft",
  ["-f", "-"],
  "table inet r { chain f { type filter hook forward priority 0; ct state new accept; }; }\n",
);
world.start("server", "iperf3", ["-s"]);
await wait(500);

interface Sum {
  readonly packets?: number;
  readonly seconds: number;
  readonly bits_per_second: number;
}

interface Measured {
  /** Datagrams a second that were sent. */
  readonly datagrams: number;
  /** Bits a second of a stream that arrived. */
  readonly bits: number;
  /** Nanoseconds that BPF programs ran for each datagram; null without one. */
  readonly nanoseconds: number | null;
}

/** Time and runs of all BPF programs of pierhead's bpftrace so far (kernel.bpf_stats_enabled). */
function programTime(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  let sum = 0;
  for (const child of children.filter((one) => one !== "")) {
    for (const fd of readdirSync(`/proc/${child}/fdinfo`)) {
      const found = /^run_time_ns:\s+(\d+)/m.exec(readFileSync(`/proc/${child}/fdinfo/${fd}`, "utf8"));
      sum += Number(found?.[1] ?? 0);
    }
  }
  return sum;
}

function measure(probe: RunningProbe | null, isBpf: boolean): Measured {
  const run = (words: readonly string[]): { end: { sum: Sum; sum_received: Sum } } =>
    JSON.parse(world.run("client", "iperf3", ["-c", ADDRESS.server, "-t", String(SECONDS), "-J", ...words]));
  const before = probe !== null && isBpf ? programTime(probe.pid) : 0;
  const { sum } = run(["-u", "-b", "0", "-l", "64"]).end;
  const spent = probe !== null && isBpf ? programTime(probe.pid) - before : null;
  const bits = run([]).end.sum_received.bits_per_second;
  return {
    datagrams: (sum.packets ?? 0) / sum.seconds,
    bits,
    nanoseconds: spent === null ? null : spent / Math.max(sum.packets ?? 0, 1),
  };
}

function best(values: readonly number[]): number {
  return Math.max(...values);
}

/** Each round measures with and without, one after the other: the machine may be slower a minute later. */
async function compare(name: string, isBpf: boolean): Promise<void> {
  const [without, withProbe]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    without.push(measure(null, false));
    const probe = new RunningProbe(world, pierhead, name, ["-d", "60s"]);
    await probe.counts();
    withProbe.push(measure(probe, isBpf));
    await probe.end();
  }
  const of = (values: Measured[], key: "datagrams" | "bits"): number => best(values.map((one) => one[key]));
  const times = withProbe.flatMap(({ nanoseconds }) => nanoseconds ?? []).sort((a, b) => a - b);
  const time = times.length === 0 ? "-" : `${Math.round(times[0] as number)} ns`;
  const [before, after] = [of(without, "datagrams"), of(withProbe, "datagrams")];
  const loss = (a: number, b: number): string => `${((1 - b / a) * 100).toFixed(0)} %`.padStart(6);
  const gigabits = (value: number): string => (value / 1e9).toFixed(1).padStart(7);
  process.stdout.write(
    `${name.padEnd(12)} ${time.padStart(10)} ${Math.round(before).toString().padStart(10)} ${Math.round(after).toString().padStart(9)} ${loss(before, after)}   ${gigabits(of(without, "bits"))} ${gigabits(of(withProbe, "bits"))} ${loss(of(without, "bits"), of(withProbe, "bits"))}\n`,
  );
}

process.stdout.write("             a datagram   64-octet datagrams a second      one TCP stream, Gbit/s\n");
process.stdout.write("probe          in BPF      without      with   less     without    with   less\n");
const statistics = "/proc/sys/kernel/bpf_stats_enabled";
const wasOn = readFileSync(statistics, "utf8");
try {
  writeFileSync(statistics, "1");
  measure(null, false);
  for (const { name, on } of PROBES) if (!isImpossible(on.linux)) await compare(name, on.linux.tool === "bpftrace");
} finally {
  writeFileSync(statistics, wasOn);
  world.destroy();
}
process.exit(0);
