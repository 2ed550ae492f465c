/**
 * What the probes cost on a saturated link: a client sends through a router to a server (network namespaces, veth), once as
 * small datagrams as fast as it can and once as one TCP stream, without a probe and with each. Needs root, bpftrace,
 * conntrack and iperf3.
 */
import { existsSync } from "node:fs";
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
const ROUNDS = Number(process.env.PIERHEAD_PROBE_ROUNDS ?? 5);

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

/** Datagrams a second that were sent, and bits a second that arrived of a stream. */
function measure(): { datagrams: number; bits: number } {
  const run = (words: readonly string[]): { end: { sum: Sum; sum_received: Sum } } =>
    JSON.parse(world.run("client", "iperf3", ["-c", ADDRESS.server, "-t", String(SECONDS), "-J", ...words]));
  const { sum } = run(["-u", "-b", "0", "-l", "64"]).end;
  return { datagrams: (sum.packets ?? 0) / sum.seconds, bits: run([]).end.sum_received.bits_per_second };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Each round measures with and without, one after the other: the machine may be slower a minute later. */
async function compare(name: string): Promise<void> {
  const [without, withProbe]: [ReturnType<typeof measure>[], ReturnType<typeof measure>[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    without.push(measure());
    const probe = new RunningProbe(world, pierhead, name, ["-d", "60s"]);
    await probe.counts();
    withProbe.push(measure());
    await probe.end();
  }
  const of = (values: typeof without, key: "datagrams" | "bits"): number => median(values.map((one) => one[key]));
  const [before, after] = [of(without, "datagrams"), of(withProbe, "datagrams")];
  const nanoseconds = (1 / after - 1 / before) * 1e9;
  const loss = (a: number, b: number): string => `${((1 - b / a) * 100).toFixed(0)} %`.padStart(6);
  process.stdout.write(
    `${name.padEnd(12)} ${Math.round(before).toString().padStart(9)} ${Math.round(after).toString().padStart(9)} ${loss(before, after)} ${Math.round(nanoseconds).toString().padStart(8)} ns   ${(of(without, "bits") / 1e9).toFixed(1).padStart(6)} ${(of(withProbe, "bits") / 1e9).toFixed(1).padStart(6)} ${loss(of(without, "bits"), of(withProbe, "bits"))}\n`,
  );
}

process.stdout.write(
  `             64-octet datagrams a second               one TCP stream, Gbit/s\nprobe          without      with   less a datagram     without   with   less\n`,
);
try {
  measure();
  for (const one of PROBES) if (!isImpossible(one.on.linux)) await compare(one.name);
} finally {
  world.destroy();
}
process.exit(0);
