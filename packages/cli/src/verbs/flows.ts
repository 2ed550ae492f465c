import type { FlowSorter } from "@pierhead/gateway/flows";
import type { FlowGrouping, FlowRecord, FlowTable } from "@pierhead/lang/flow-export";
import { EXIT, UsageError } from "../failure.ts";
import { readOctets } from "../input/octets.ts";
import type { FlowView } from "../report/flows.ts";
import { colorsFor } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly listen: string;
  readonly from: string[];
  readonly by: string;
  readonly top: string;
  readonly duration?: string;
  readonly records?: boolean;
  readonly json?: boolean;
}

/** Rows that are kept of a table. */
const MOST_ROWS = 100_000;
const MOST_SHOWN = 10_000;

export const flows: Verb = (program, exit) => {
  program
    .command("flows")
    .description("who talks to whom, out of exported flows: pflow(4), NetFlow 5 and 9, IPFIX")
    .argument("[capture]", "a pcap file of exported flows; without one it listens")
    .option("-l, --listen <host:port>", "where exporters send to; in a capture: the port", "127.0.0.1:2055")
    .option("--from <address>", "take flows of this exporter only; may be given again", collect, [])
    .option("-b, --by <what>", "rows by pair, host, from, to, service or flow", "pair")
    .option("-n, --top <rows>", "rows to show", "20")
    .option("-d, --duration <seconds>", "stop after so many seconds; without: when interrupted")
    .option("--records", "every flow as an object, one a line, instead of sums")
    .option("--json", "one object a line, every second")
    .addHelpText(
      "after",
      `
On OpenBSD: ifconfig pflow0 create flowsrc 192.0.2.1 flowdst 192.0.2.2:2055 pflowproto 10, and in pf.conf
\`set state-defaults pflow\`. A flow is exported when its state ends.

Example:
  pierhead flows --listen 192.0.2.2:2055 --from 192.0.2.1
  pierhead flows --by service --duration 60 --json
  pierhead flows flows.pcap --by host
`,
    )
    .action(async (capture: string | undefined, flags: Flags) => {
      exit(await (capture === undefined ? listen(flags) : readCaptured(capture, flags)));
    });
};

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function place(text: string): { host: string; port: number } {
  const found = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535)
    throw new UsageError(`--listen ${text}: it is host:port`, "for example 127.0.0.1:2055");
  return { host: found[1] ?? found[2] ?? "127.0.0.1", port };
}

function whole(option: string, text: string, most: number): number {
  const value = /^\d{1,6}s?$/.test(text) ? Number.parseInt(text, 10) : 0;
  if (value < 1 || value > most) throw new UsageError(`${option} ${text}: it is a number from 1 to ${most}`);
  return value;
}

async function tableOf(flags: Flags): Promise<FlowTable> {
  const { FLOW_GROUPINGS, FlowTable } = await import("@pierhead/lang/flow-export");
  if (!(FLOW_GROUPINGS as readonly string[]).includes(flags.by)) {
    throw new UsageError(`--by ${flags.by}: there is no such grouping`, `there are: ${FLOW_GROUPINGS.join(", ")}`);
  }
  return new FlowTable(flags.by as FlowGrouping, MOST_ROWS);
}

/** Prints records, or adds them to the table. */
function sink(flags: Flags, table: FlowTable): (records: readonly FlowRecord[], exporter: string) => void {
  return (records, exporter) => {
    if (flags.records === true) {
      process.stdout.write(records.map((record) => `${JSON.stringify({ exporter, ...record })}\n`).join(""));
    }
    for (const record of records) table.add(record);
  };
}

function viewOf(flags: Flags, table: FlowTable, sorter: FlowSorter, seconds: number): FlowView {
  const rows = whole("--top", flags.top, MOST_SHOWN);
  return { table, exporters: [...sorter.exporters.values()], problems: sorter.problems, seconds, rows };
}

async function listen(flags: Flags): Promise<number> {
  const { FlowCollector } = await import("@pierhead/gateway/flows");
  const { flowAnswer, flowJson } = await import("../report/flows.ts");
  const { host, port } = place(flags.listen);
  const table = await tableOf(flags);
  const until = flags.duration === undefined ? null : whole("--duration", flags.duration, 864_000);
  whole("--top", flags.top, MOST_SHOWN);
  const allowed = flags.from.length === 0 ? null : new Set(flags.from);
  const collector = new FlowCollector({ host, port, allowed, onRecords: sink(flags, table) });
  let bound: number;
  try {
    bound = await collector.listen();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new UsageError(`--listen ${flags.listen}: something else listens there already`);
    if (code === "EADDRNOTAVAIL") throw new UsageError(`--listen ${flags.listen}: this machine has no such address`);
    throw new UsageError(`--listen ${flags.listen}: ${message}`);
  }
  process.stderr.write(`listening on ${host.includes(":") ? `[${host}]` : host}:${bound}\n`);
  const started = performance.now();
  const colors = colorsFor(process.stdout);
  const live = process.stdout.isTTY === true && flags.json !== true && flags.records !== true;
  const show = (last: boolean): void => {
    const view = viewOf(flags, table, collector.sorter, (performance.now() - started) / 1000);
    if (flags.json === true) process.stdout.write(`${flowJson(view, new Date().toISOString(), last)}\n`);
    else if (flags.records === true) return;
    else if (live) process.stdout.write(`\x1b[H\x1b[2J${flowAnswer(view, colors)}`);
    else if (last) process.stdout.write(flowAnswer(view, colors));
  };
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => show(false), 1000);
    const end = (): void => {
      clearInterval(ticking);
      clearTimeout(timer);
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      resolve();
    };
    const timer = until === null ? undefined : setTimeout(end, until * 1000);
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
  });
  collector.close();
  show(true);
  if (collector.refused > 0) {
    const exporters = collector.refused === 1 ? "1 datagram was" : `${collector.refused} datagrams were`;
    process.stderr.write(`${exporters} of senders that --from does not name\n`);
  }
  return EXIT.fine;
}

async function readCaptured(capture: string, flags: Flags): Promise<number> {
  const { FlowSorter } = await import("@pierhead/gateway/flows");
  const { readCapture, udpDatagram } = await import("@pierhead/lang/pcap");
  const { flowAnswer, flowJson } = await import("../report/flows.ts");
  const table = await tableOf(flags);
  const { port } = place(flags.listen);
  const sorter = new FlowSorter(sink(flags, table));
  const { bytes, name } = readOctets(capture);
  const ports = new Set([port]);
  const allowed = flags.from.length === 0 ? null : new Set(flags.from);
  let [first, last] = [0, 0];
  const summary = readCapture(bytes, (packet) => {
    const datagram = udpDatagram(packet, ports);
    if (datagram === null || datagram.destinationPort !== port) return;
    const exporter = datagram.source.toString();
    if (allowed !== null && !allowed.has(exporter)) return;
    if (first === 0) first = packet.time ?? 0;
    last = packet.time ?? last;
    sorter.take(datagram.payload, exporter);
  });
  if (summary === null)
    throw new UsageError(`${name}: it is not a capture`, "write one with: tcpdump -w FILE udp port 2055");
  const view = viewOf(flags, table, sorter, last - first);
  if (flags.json === true) process.stdout.write(`${flowJson(view, new Date(last * 1000).toISOString(), true)}\n`);
  else if (flags.records !== true) process.stdout.write(flowAnswer(view, colorsFor(process.stdout)));
  for (const problem of summary.problems) {
    process.stderr.write(`${name}: after packet ${problem.packet}: ${problem.message}\n`);
  }
  if (table.all.flows > 0) return EXIT.fine;
  process.stderr.write(`${name}: no flows to port ${port} in it; --listen names another port\n`);
  return EXIT.findings;
}
