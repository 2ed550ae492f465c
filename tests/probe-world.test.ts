/**
 * Every Linux probe on a router in network namespaces: its answer is the traffic that was made. All of them run at once,
 * as they may on a real machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROBES } from "@pierhead/lang/probe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { ADDRESS, type Answer, ProbeWorld, probesAreMissing, RunningProbe } from "./support/probe-world.ts";
import { wait, worldIsMissing } from "./support/two-isp-world.ts";

const missing = worldIsMissing() ?? probesAreMissing();

const NAME_SERVER = `
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (question, from) => {
  if (question.includes("silent")) return;
  const answer = Buffer.from(question);
  answer[2] |= 0x80;
  setTimeout(() => socket.send(answer, from.port, from.address), 20);
});
socket.bind(53, () => process.stdout.write("ready"));
`;

/** Asks one question after another, each on a port of its own, and waits for the answers that come. */
const ASKER = `
const dgram = require("node:dgram");
const [server, silent, ...names] = process.argv.slice(1);
(async () => {
  for (let id = 0; id < 12; id++) {
    const name = id < 10 ? "example" : "silent";
    const head = Buffer.from([id, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const question = Buffer.concat([head, Buffer.from([name.length]), Buffer.from(name), Buffer.from([0, 0, 1, 0, 1])]);
    const socket = dgram.createSocket("udp4");
    await new Promise((done) => {
      socket.on("message", done);
      setTimeout(done, 200);
      socket.send(question, 53, server);
    });
    socket.close();
  }
})();
`;

type Rows = Record<string, string | number>[];

describe.skipIf(missing !== null)(`probes on Linux${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  let world: ProbeWorld;
  let scratch = "";
  let pierhead = "";
  const last: Record<string, Answer> = {};
  let dropped = 0;
  let sentAgain = 0;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "pierhead-probes-"));
    pierhead = await bundlePierhead(scratch);
    world = new ProbeWorld();
    const rules = `table inet r {
      chain forward {
        type filter hook forward priority 0;
        udp dport 9999 drop
        ct state new accept
      }
    }`;
    world.run("router", "nft", ["-f", "-"], rules);
    world.run("router", "tc", "qdisc add dev slow0 root tbf rate 16kbit burst 2000 limit 3000".split(" "));
    const names = world.start("server", process.execPath, ["-e", NAME_SERVER]);
    await new Promise((done) => names.stdout?.once("data", done));
    // Neighbours are known before counting starts.
    world.shell(
      "client",
      `ping -q -c 1 ${ADDRESS.server} && ping -q -c 1 ${ADDRESS.slow} && ping -q -c 1 ${ADDRESS.server6}`,
    );

    const running = PROBES.map(
      (one) => [one.name, new RunningProbe(world, pierhead, one.name, ["-d", "600s"])] as const,
    );
    await Promise.all(running.map(([, one]) => one.counts()));
    await wait(300);
    makeTraffic();
    await wait(1_500);
    dropped = Number(/dropped (\d+)/.exec(world.run("router", "tc", ["-s", "qdisc", "show", "dev", "slow0"]))?.[1]);
    sentAgain = kernelCount("Tcp", "RetransSegs");
    for (const [name, one] of running) last[name] = await one.end();
  }, 240_000);

  afterAll(() => {
    world?.destroy();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A counter of the router's network stack. */
  function kernelCount(protocol: string, name: string): number {
    const [names, values] = world
      .run("router", "cat", ["/proc/net/snmp"])
      .split("\n")
      .filter((line) => line.startsWith(`${protocol}: `))
      .map((line) => line.split(" "));
    return Number(values?.[names?.indexOf(name) ?? -1]);
  }

  function makeTraffic(): void {
    world.shell("client", `ping -q -c 20 -i 0.01 -s 100 ${ADDRESS.server}`);
    world.shell("client", `ping -q -c 10 -i 0.01 -s 200 ${ADDRESS.server6}`);
    // Nobody may come here: 25 datagrams that a rule drops.
    world.shell("client", `for i in $(seq 25); do echo x > /dev/udp/${ADDRESS.server}/9999; done`);
    // The router has no route there, and has one that says unreachable.
    world.try("client", "ping", ["-q", "-c", "6", "-i", "0.01", "-W", "1", "203.0.113.99"]);
    world.run("router", "ip", ["route", "add", "unreachable", "203.0.113.128/25"]);
    world.try("client", "ping", ["-q", "-c", "4", "-i", "0.01", "-W", "1", "203.0.113.200"]);
    // 40 packets of 1,028 octets at once through a line of 16 kbit/s.
    world.try("client", "ping", ["-q", "-c", "40", "-i", "0.002", "-s", "1000", "-W", "1", ADDRESS.slow]);
    world.run("client", process.execPath, ["-e", ASKER, "--", ADDRESS.server]);
    // Nobody listens there: each is refused at once, and was opened all the same.
    world.try("router", "bash", [
      "-c",
      `for i in 1 2 3 4 5 6 7; do (exec 3<>/dev/tcp/${ADDRESS.server}/4242); done; true`,
    ]);
    // A connection whose far end falls silent after the handshake.
    const listen = 'require("node:net").createServer(() => {}).listen(7000, () => process.stdout.write("ready"))';
    world.start("server", process.execPath, ["-e", listen]);
    world.shell("server", "until ss -ltn | grep -q :7000; do sleep 0.05; done");
    const silence = "table inet s { chain i { type filter hook input priority 0; tcp dport 7000 drop; }; }";
    world.shell(
      "router",
      `exec 3<>/dev/tcp/${ADDRESS.server}/7000; nsenter --net=/run/netns/${world.name("server")} nft '${silence}'; echo hello >&3; sleep 2`,
    );
    for (let i = 0; i < 5; i++) world.shell("client", `ping -q -c 1 -s 10 ${ADDRESS.server}`);
  }

  const rows = (probe: string, table: string): Rows => last[probe]?.[table] as Rows;

  it("nothing was lost or left out", () => {
    expect(Object.keys(last).sort()).toEqual(PROBES.map(({ name }) => name).sort());
    for (const answer of Object.values(last)) expect([answer.lost, answer.full]).toEqual([0, false]);
  });

  it("talkers: bytes by pair, in and out, exactly", () => {
    const bytes = (table: string, from: string, to: string): unknown =>
      rows("talkers", table)
        .filter((row) => row["from"] === from && row["to"] === to)
        .map((row) => [row["interface"], row["bytes"]]);
    // Echo requests of 128 octets, five of 38, and on the way in also 25 datagrams of 30 and 12 questions.
    const questions = 10 * (28 + 12 + 13) + 2 * (28 + 12 + 12);
    const echoes = 20 * 128 + 5 * 38;
    expect(bytes("in", ADDRESS.client, ADDRESS.server)).toEqual([["lan0", echoes + 25 * 30 + questions]]);
    expect(bytes("out", ADDRESS.client, ADDRESS.server)).toEqual([["srv0", echoes + questions]]);
    expect(bytes("out", ADDRESS.server, ADDRESS.client)).toEqual([["lan0", echoes + 10 * (28 + 12 + 13)]]);
    expect(bytes("in", ADDRESS.client6, ADDRESS.server6)).toEqual([["lan0", 10 * 248]]);
    expect(bytes("out", ADDRESS.server6, ADDRESS.client6)).toEqual([["lan0", 10 * 248]]);
  });

  it("drops: what the rule dropped, and why", () => {
    const found = rows("drops", "drops").filter((row) => row["reason"] === "NETFILTER_DROP");
    expect(found).toEqual([
      expect.objectContaining({ protocol: "udp", from: ADDRESS.client, to: ADDRESS.server, port: "9999", packets: 25 }),
    ]);
  });

  it("retransmits: as many as the kernel counts, to the peer that fell silent", () => {
    expect(sentAgain).toBeGreaterThanOrEqual(3);
    expect(rows("retransmits", "retransmits")).toEqual([
      { peer: ADDRESS.server, port: "7000", packets: sentAgain, new: expect.any(Number) },
    ]);
  });

  it("latency: every forwarded packet, none of the router's own", () => {
    const counts = Object.fromEntries(rows("latency", "latency").map((row) => [row["out"], row["count"]]));
    // To the server: echo requests of both families, those at the end, and questions.
    expect(counts["srv0"]).toBe(20 + 10 + 5 + 12);
  });

  it("noroute: failed lookups by destination and reason", () => {
    // What the router asks for its ICMP errors comes from no interface.
    const found = rows("noroute", "noroute").filter(
      (row) => String(row["to"]).startsWith("203.0.113.") && row["asked by"] !== "this machine",
    );
    expect(found.map((row) => [row["to"], row["error"], row["events"]])).toEqual([
      ["203.0.113.99", "no route", 6],
      ["203.0.113.200", "unreachable route", 4],
    ]);
  });

  it("states: connections that began", () => {
    const icmp = rows("states", "states").filter((row) => row["event"] === "NEW" && row["protocol"] === "icmp");
    // One for each ping of the client that was forwarded or answered for: 20 at once, to the slow line, and five.
    expect(icmp.map((row) => row["events"])).toEqual([1 + 1 + 5]);
  });

  it("queues: as many as the queueing discipline counts", () => {
    expect(dropped).toBeGreaterThan(10);
    const found = rows("queues", "queues").filter((row) => row["interface"] === "slow0");
    expect(found.reduce((sum, row) => sum + Number(row["packets"]), 0)).toBe(dropped);
    for (const row of found) expect(row["reason"]).toMatch(/^QDISC_/);
  });

  it("dns: every answer, none before the server gave it, and the questions without one", () => {
    const [answers] = rows("dns", "dns");
    expect([answers?.["server"], answers?.["count"]]).toEqual([ADDRESS.server, 10]);
    const buckets = answers?.["buckets"] as unknown as { from: number }[];
    expect(Math.min(...buckets.map(({ from }) => from))).toBeGreaterThanOrEqual(16_384);
    expect(rows("dns", "questions").map((row) => [row["server"], row["packets"]])).toEqual([[ADDRESS.server, 12]]);
  });

  it("connects: by process and destination", () => {
    const found = rows("connects", "connects").filter((row) => row["port"] === "4242");
    expect(found.reduce((sum, row) => sum + Number(row["events"]), 0)).toBe(7);
    for (const row of found) expect([row["to"], row["process"]]).toEqual([ADDRESS.server, "bash"]);
  });

  it("does not begin where it would cost more than it may", () => {
    const flood = world.start("client", "ping", ["-q", "-f", "-w", "20", ADDRESS.server]);
    const words = ["probe", "run", "talkers", "-d", "1s", "--max-overhead", "0.0001"];
    const { status, stderr } = world.finish("router", process.execPath, [pierhead, ...words]);
    flood.kill();
    expect(status).toBe(2);
    expect(stderr).toMatch(/\d+ packets a second would cost about .* more than --max-overhead allows/);
  });
});
