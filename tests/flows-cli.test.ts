/** `pierhead flows`: a capture, a socket, and what a real exporter (softflowd) makes of packets that are known. */
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { netflow5 } from "../packages/lang/src/flow-export/build.test-helper.ts";
import { bundlePierhead } from "./support/bundle.ts";

const FLOW = {
  from: [10, 0, 0, 1],
  to: [192, 0, 2, 80],
  fromPort: 40_000,
  toPort: 443,
  bytes: 1_000,
  packets: 2,
} as const;

let scratch = "";
let pierhead = "";

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "pierhead-flows-"));
  pierhead = await bundlePierhead(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [pierhead, "flows", ...words], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: "1" },
  });
}

/** A pcap of raw IPv4 packets, a millisecond apart. */
function pcap(packets: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2_c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(1, 20);
  return Buffer.concat([
    head,
    ...packets.flatMap((packet, at) => {
      const record = Buffer.alloc(16);
      const ethernet = Buffer.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
      record.writeUInt32LE(1_700_000_000, 0);
      record.writeUInt32LE(at * 1_000, 4);
      record.writeUInt32LE(packet.length + 14, 8);
      record.writeUInt32LE(packet.length + 14, 12);
      return [record, ethernet, Buffer.from(packet)];
    }),
  ]);
}

function udp(
  from: readonly number[],
  to: readonly number[],
  ports: readonly [number, number],
  payload: Uint8Array,
): Uint8Array {
  const packet = Buffer.alloc(28 + payload.length);
  packet.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to]);
  packet.writeUInt16BE(packet.length, 2);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet.writeUInt16BE(~sum & 0xffff, 10);
  packet.writeUInt16BE(ports[0], 20);
  packet.writeUInt16BE(ports[1], 22);
  packet.writeUInt16BE(payload.length + 8, 24);
  packet.set(payload, 28);
  return packet;
}

/** Starts a collector on a port of the system's choice. */
async function collector(
  ...words: string[]
): Promise<{ port: number; arrived: (flows: number) => Promise<void>; end: () => Promise<Record<string, unknown>> }> {
  const child = spawn(process.execPath, [pierhead, "flows", "--listen", "127.0.0.1:0", "--json", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  while (!/listening on .*:\d+\n/.test(errors)) {
    if (child.exitCode !== null) throw new Error(errors);
    await new Promise((done) => setTimeout(done, 20));
  }
  const port = Number(/:(\d+)\n/.exec(errors)?.[1]);
  return {
    port,
    // Waits until an answer that begins after this call tells of so many.
    arrived: async (flows) => {
      const before = out.length;
      const counts = (): number[] =>
        [...out.slice(before).matchAll(/"all":.*?"flows":(\d+)/g)].map((one) => Number(one[1]));
      while (!(Math.max(-1, ...counts().slice(1)) >= flows)) await new Promise((done) => setTimeout(done, 50));
    },
    end: async () => {
      child.kill("SIGINT");
      await once(child, "close");
      return { ...JSON.parse(out.trim().split("\n").at(-1) as string), errors };
    },
  };
}

describe("pierhead flows", () => {
  it("a capture: sums by pair, for people and for machines", () => {
    const file = join(scratch, "flows.pcap");
    const exporter = [192, 0, 2, 1];
    const message = netflow5([FLOW, FLOW], 0);
    writeFileSync(
      file,
      pcap([
        udp(exporter, [192, 0, 2, 2], [9_999, 2_055], message),
        udp(exporter, [192, 0, 2, 2], [9_999, 53], message),
      ]),
    );
    const shown = run(file);
    expect(shown.stdout).toContain("2 flows, 2.00 kB");
    expect(shown.stdout).toMatch(/10\.0\.0\.1 +192\.0\.2\.80 +2\.00 kB +4 +2/);
    const { status, stdout } = run(file, "--json", "--by", "service");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      last: true,
      all: { bytes: 2_000, packets: 4, flows: 2 },
      rows: [{ protocol: "tcp", port: "443", bytes: 2_000, flows: 2 }],
      exporters: [{ address: "192.0.2.1", messages: 1, records: 2, lost: 0, version: 5 }],
      problems: [],
    });
    expect(run(file, "--from", "192.0.2.99").status).toBe(1);
    const records = run(file, "--records").stdout.trim().split("\n");
    expect(records.map((line) => JSON.parse(line).toPort)).toEqual([443, 443]);
  });

  it.each([
    [["--by", "colour"], "--by colour: there is no such grouping"],
    [["--listen", "nonsense"], "--listen nonsense: it is host:port"],
    [["--listen", "192.0.2.77:2055"], "this machine has no such address"],
    [["--top", "0"], "--top 0: it is a number"],
    [["nothing-here.pcap"], "nothing-here.pcap: there is no such file"],
    [[import.meta.filename], "it is not a capture"],
  ])("%j: one clear line and status 2", (words, message) => {
    const { status, stdout, stderr } = run(...words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  it("a socket: flows of those that may send, a hint about others", async () => {
    const [open, closed] = [await collector("--by", "from"), await collector("--from", "192.0.2.1")];
    const socket = createSocket("udp4");
    const send = (port: number, bytes: Uint8Array): Promise<unknown> =>
      new Promise((done) => socket.send(bytes, port, "127.0.0.1", done));
    for (let i = 0; i < 10; i++) await send(open.port, netflow5([FLOW], i));
    await send(open.port, Uint8Array.from([1, 2, 3]));
    await send(closed.port, netflow5([FLOW], 0));
    socket.close();
    await open.arrived(10);
    await closed.arrived(0);
    const [answer, refused] = [await open.end(), await closed.end()];
    expect(answer).toMatchObject({
      last: true,
      all: { flows: 10, bytes: 10_000 },
      rows: [{ from: "10.0.0.1", bytes: 10_000 }],
      problems: [{ code: "flows/unknown-version", count: 1 }],
    });
    expect(refused).toMatchObject({ all: { flows: 0 } });
    expect(refused["errors"]).toContain("1 datagram was of senders that --from does not name");
  });

  const exporter = spawnSync("softflowd", ["-h"]).error === undefined;
  it.skipIf(!exporter).each([["5"], ["9"], ["10"]])(
    "softflowd, NetFlow version %s: bytes and packets of each direction (skipped without softflowd)",
    async (version) => {
      const [client, server] = [
        [10, 0, 0, 7],
        [192, 0, 2, 53],
      ];
      const packets = [];
      for (let i = 0; i < 20; i++)
        packets.push(udp(client as number[], server as number[], [5_000, 53], new Uint8Array(100)));
      for (let i = 0; i < 5; i++)
        packets.push(udp(server as number[], client as number[], [53, 5_000], new Uint8Array(400)));
      const file = join(scratch, `traffic-${version}.pcap`);
      writeFileSync(file, pcap(packets));
      const { port, arrived, end } = await collector();
      const control = join(scratch, `control-${version}`);
      const words = [
        "-r",
        file,
        "-n",
        `127.0.0.1:${port}`,
        "-v",
        version,
        "-d",
        "-p",
        join(scratch, "pid"),
        "-c",
        control,
      ];
      const exporting = spawn("softflowd", words, { stdio: "ignore" });
      // It reads on when it is asked something, and exports what it has when it is told to end.
      while (!existsSync(control)) await new Promise((done) => setTimeout(done, 20));
      const processed = (): string =>
        spawnSync("softflowctl", ["-c", control, "statistics"], { encoding: "utf8" }).stdout;
      while (!processed().includes("Packets processed: 25")) await new Promise((done) => setTimeout(done, 100));
      spawnSync("softflowctl", ["-c", control, "shutdown"]);
      await once(exporting, "close");
      await arrived(2);
      const answer = await end();
      expect(answer["rows"]).toEqual([
        { from: "10.0.0.7", to: "192.0.2.53", bytes: 20 * 128, packets: 20, flows: 1 },
        { from: "192.0.2.53", to: "10.0.0.7", bytes: 5 * 428, packets: 5, flows: 1 },
      ]);
      expect(answer["problems"]).toEqual([]);
    },
  );
});
