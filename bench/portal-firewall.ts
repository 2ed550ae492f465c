/**
 * The portal's nftables driver in network namespaces with 10,000 sessions open: the data path beside plain forwarding and
 * beside nothing but masquerading, sign-ins each second, and the reading of all counters. Needs root, nftables, iproute2
 * and iperf3.
 *
 * `PIERHEAD_PORTAL_ROUNDS=2 npm run bench -- portal-firewall` for fewer than five rounds.
 */
import { spawnSync } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createFirewall, type FirewallPlan, type Opening } from "@pierhead/gateway/firewall";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "../tests/support/portal-world.ts";

const missing = portalWorldIsMissing() ?? (spawnSync("iperf3", ["--version"]).status === 0 ? null : "needs iperf3");
if (missing !== null) {
  process.stdout.write(`not measured: ${missing}\n`);
  process.exit(0);
}
const rounds = Number(process.env.PIERHEAD_PORTAL_ROUNDS ?? 5);
const plan: FirewallPlan = {
  guests: { interface: "guest0", addresses: ["10.77.0.1/16", `${PORTAL.gateway[6]}/64`], isolate: true },
  uplink: { interface: "wan0", nat: true },
  resolvers: [],
  redirectPort: 8080,
  portalPorts: [8443],
  openPorts: [],
};

/** Session 1 is the guest that measures. */
function opening(number: number): Opening {
  const bytes = [(number >> 16) & 255, (number >> 8) & 255, number & 255];
  const mac =
    number === 1 ? PORTAL.guest.mac : `02:66:00:${bytes.map((one) => one.toString(16).padStart(2, "0")).join(":")}`;
  const address = number === 1 ? PORTAL.guest[4] : `10.77.${1 + (number >> 8)}.${number & 255}`;
  return { number, mac, addresses: [address], rateUp: null, rateDown: null };
}

const world = new PortalWorld();
try {
  const firewall = createFirewall({ kind: "nftables", prefix: world.prefix("gateway") });
  world.shell("internet", `ip route add 10.77.0.0/16 via ${PORTAL.uplink[4]}`);
  const server = world.spawn("internet", ["iperf3", "-s"]);
  await new Promise((resolve) => setTimeout(resolve, 500));

  /** Mbit/s to the guest, over `family`. */
  const speed = (family: 4 | 6): number => {
    const text = world.run("guest", ["iperf3", "-J", "-R", "-t", "1", "-O", "0.2", "-c", PORTAL.server[family]]);
    return (
      (JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } }).end.sum_received.bits_per_second /
      1e6
    );
  };
  /** Milliseconds of `work`, and the longest time it kept the event loop. */
  const timed = async (work: () => Promise<unknown>): Promise<[number, number]> => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    await work();
    const took = performance.now() - started;
    delay.disable();
    return [took, delay.max / 1e6];
  };
  /** Calls of one opening each, `abreast` at a time. */
  const openings = async (from: number, count: number, abreast: number): Promise<number> => {
    let next = from;
    const [took] = await timed(() =>
      Promise.all(
        Array.from({ length: abreast }, async () => {
          for (let number = next++; number < from + count; number = next++) {
            await firewall.apply([{ kind: "open", opening: opening(number) }]);
          }
        }),
      ),
    );
    return (count * 1000) / took;
  };
  const row = (name: string, value: string): void =>
    void process.stdout.write(`${name.padEnd(58)} ${value.padStart(14)}\n`);

  await firewall.start(plan);
  await openings(1, 10, 1);
  row("sign-ins a second, one after the other, 10 open", (await openings(11, 90, 1)).toFixed(0));
  row("sign-ins a second, 64 abreast, from 100 open", (await openings(101, 900, 64)).toFixed(0));
  row("sign-ins a second, 64 abreast, from 1,000 open", (await openings(1_001, 2_000, 64)).toFixed(0));
  await openings(3_001, 7_000, 500);
  row("sign-ins a second, one after the other, 10,000 open", (await openings(10_001, 90, 1)).toFixed(0));
  row("sign-ins a second, 64 abreast, 10,000 open", (await openings(10_101, 2_000, 64)).toFixed(0));
  row("sign-ins a second, 512 abreast, 12,000 open", (await openings(12_101, 4_000, 512)).toFixed(0));
  const [one] = await timed(() => firewall.apply([{ kind: "close", number: 16_100 }]));
  row("one sign-out with its counters, 16,000 open", `${one.toFixed(1)} ms`);
  const [many] = await timed(() =>
    firewall.apply(Array.from({ length: 6_000 }, (_, index) => ({ kind: "close" as const, number: 10_001 + index }))),
  );
  row("6,000 sign-outs at once", `${many.toFixed(0)} ms`);
  const [reading, blocked] = await timed(() => firewall.read());
  row(`reading the counters of ${(await firewall.read()).length}`, `${reading.toFixed(0)} ms`);
  row("  of it without a turn of the event loop at most", `${blocked.toFixed(0)} ms`);

  const ruleset = world.run("gateway", ["nft", "list", "ruleset"]);
  const hide =
    'table inet only { chain c { type nat hook postrouting priority srcnat; oifname "wan0" masquerade\n  }\n}';
  const ways: readonly [string, string][] = [
    ["plain", ""],
    ["ours", ruleset],
    ["masquerade", hide],
  ];
  const speeds: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    // Another one first in each round, and none measured cold: the first run after a change is slower, whichever it is.
    for (let turn = 0; turn < ways.length; turn++) {
      const [name, rules] = ways[(round + turn) % ways.length] as [string, string];
      world.run("gateway", ["nft", "flush", "ruleset"]);
      world.run("gateway", ["nft", "-f", "-"], rules);
      speed(4);
      for (const family of [4, 6] as const) {
        speeds[`${name}, IPv${family}`] ??= [];
        speeds[`${name}, IPv${family}`]?.push(speed(family));
      }
    }
  }
  world.run("gateway", ["nft", "flush", "ruleset"]);
  world.run("gateway", ["nft", "-f", "-"], ruleset);
  // Whatever else the machine does makes a round slower, never quicker: the best one tells what the path costs.
  const best = (name: string): number => Math.max(...(speeds[name] ?? []));
  const part = (name: string, of: string): string => `${((100 * best(name)) / best(of)).toFixed(1)} %`;
  for (const name of Object.keys(speeds)) row(`Mbit/s to a guest: ${name}, best round`, best(name).toFixed(0));
  for (const family of ["IPv4", "IPv6"]) {
    row(`ours with 10,000 sessions, of plain forwarding, ${family}`, part(`ours, ${family}`, `plain, ${family}`));
    row(`ours with 10,000 sessions, of tracking alone, ${family}`, part(`ours, ${family}`, `masquerade, ${family}`));
  }
  server.kill();
  await firewall.stop();
} finally {
  world.destroy();
}
process.exit(0);
