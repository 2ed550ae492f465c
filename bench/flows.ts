/**
 * Flow records a second on one core: decoding and summing alone, then through a socket with the command as a process of its
 * own. The aim is 50,000 a second.
 */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { FlowDecoder, FlowTable } from "@pierhead/lang/flow-export";
import {
  type Flow4,
  ipfix,
  netflow5,
  pflowRecord,
  pflowTemplates,
  set,
} from "../packages/lang/src/flow-export/build.test-helper.ts";

const HOSTS = 20_000;

function flow(i: number): Flow4 {
  const host = (i * 7_919) % HOSTS;
  return {
    from: [10, (host >> 16) & 255, (host >> 8) & 255, host & 255],
    to: [192, 0, 2, i & 255],
    fromPort: 1_024 + (i % 60_000),
    toPort: [443, 80, 53, 22][i & 3] as number,
    bytes: 1_000 + (i % 100_000),
    packets: 1 + (i % 100),
  };
}

const [v5, v10]: [Uint8Array[], Uint8Array[]] = [[], []];
for (let message = 0; message < 2_000; message++) {
  const flows = Array.from({ length: 26 }, (_, i) => flow(message * 26 + i));
  v5.push(netflow5(flows, message * 26));
  v10.push(
    ipfix(
      set(
        256,
        flows.flatMap((one) => pflowRecord([...one.from, ...one.to], one)),
      ),
      message * 26,
    ),
  );
}

for (const [name, messages] of [
  ["NetFlow 5", v5],
  ["IPFIX", v10],
] as const) {
  const best = Math.max(
    ...[1, 2, 3, 4, 5].map(() => {
      const [decoder, table] = [new FlowDecoder(), new FlowTable("pair", 100_000)];
      decoder.decode(ipfix(pflowTemplates(), 0));
      const started = performance.now();
      let records = 0;
      for (const message of messages) {
        for (const record of decoder.decode(message).records) {
          table.add(record);
          records++;
        }
      }
      if (records !== 52_000) throw new Error(`${records} records`);
      return records / ((performance.now() - started) / 1000);
    }),
  );
  process.stdout.write(`${name.padEnd(10)} decoded and summed: ${Math.round(best).toString().padStart(9)} records/s\n`);
}

const pierhead = join(resolve(process.cwd()), "packages/cli/dist/pierhead.js");
if (!existsSync(pierhead)) throw new Error("run `npm run setup` first");

/** Sends at a rate for some seconds; how many records arrived. */
async function throughSocket(rate: number, seconds: number): Promise<void> {
  const child = spawn(process.execPath, [pierhead, "flows", "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out = (out + text).slice(-200_000);
  });
  const port = await new Promise<number>((done) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const found = /:(\d+)\n/.exec(text);
      if (found !== null) done(Number(found[1]));
    });
  });
  const socket = createSocket("udp4");
  socket.send(ipfix(pflowTemplates(), 0), port, "127.0.0.1");
  await new Promise((done) => setTimeout(done, 200));
  const messages = Math.round((rate * seconds) / 26);
  const cpuBefore = processorTime(child.pid ?? 0);
  const started = performance.now();
  for (let sent = 0; sent < messages; ) {
    const due = Math.min(messages, Math.floor((((performance.now() - started) / 1000) * rate) / 26));
    for (; sent < due; sent++) {
      const message = v10[sent % v10.length] as Uint8Array;
      new DataView(message.buffer, message.byteOffset).setUint32(8, sent * 26);
      socket.send(message, port, "127.0.0.1");
    }
    await new Promise((done) => setTimeout(done, 2));
  }
  const took = (performance.now() - started) / 1000;
  await new Promise((done) => setTimeout(done, 1_500));
  const cpu = (processorTime(child.pid ?? 0) - cpuBefore) / 100;
  socket.close();
  child.kill("SIGINT");
  await new Promise((done) => child.once("close", done));
  const last = JSON.parse(out.trim().split("\n").at(-1) as string) as {
    all: { flows: number };
    exporters: { lost: number }[];
  };
  const arrived = last.all.flows;
  process.stdout.write(
    `through a socket: ${Math.round((messages * 26) / took)} records/s sent, ${arrived} of ${messages * 26} arrived, ${((cpu / took) * 100).toFixed(0)} % of a core\n`,
  );
}

/** Processor time of a process so far, in hundredths of a second. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return Number(stat[13]) + Number(stat[14]);
}

await throughSocket(50_000, 5);
await throughSocket(100_000, 5);
process.exit(0);
