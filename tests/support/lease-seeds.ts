/** Seeds and runner of the fuzz targets for leases. Octets travel as one character each. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { assess } from "@pierhead/engine/lease";
import { readEvidence } from "@pierhead/lang/leases";
import {
  clientId,
  dhcpv4,
  dhcpv6,
  ethernet,
  exchange6,
  frame4,
  frame6,
  ia,
  ip4,
  ip6,
  ipv6,
  type Octets,
  option4,
  option6,
  pcap,
  pcapng,
  serverId,
  talk6,
  u32,
  udp,
} from "./dhcp-packets.ts";

const examples = resolve(import.meta.dirname, "../../examples/leases");
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Reads and judges; everything must come back as a report. */
export function runLease(text: string): void {
  run(Buffer.from(text, "latin1"));
}

function run(bytes: Uint8Array): void {
  const report = assess(readEvidence("fuzz", bytes, { modified: 1_795_521_600 }), { now: 1_795_600_000 });
  JSON.stringify(report.leases);
  for (const { span, source } of report.diagnostics) {
    if (source === null || span.start > span.end || span.end > source.text.length) {
      throw new Error(`a finding stands outside of its text: ${span.start} to ${span.end}`);
    }
  }
}

const ADDRESS = { address: "2001:db8::10", preferred: 2000, valid: 3000 };
const PREFIX = { address: "2001:db8:1::/56", preferred: 2000, valid: 3000 };

function sixes(): Octets[] {
  const talk = exchange6(
    { t1: 1000, t2: 1600, leases: [ADDRESS] },
    { kind: "pd", t1: 9, t2: 8, leases: [PREFIX], status: 6 },
  );
  const relayed = [12, 0, ...ip6("2001:db8::1"), ...ip6("fe80::1"), ...option6(9, talk[0] as Octets)];
  const renew = dhcpv6(5, 0x333333, clientId(), serverId(), ia({ t1: 0, t2: 0 }));
  const renewed = dhcpv6(7, 0x333333, clientId(), serverId(), option6(82, u32(90)), ia({ t1: 0, t2: 0, status: 3 }));
  return [...talk, renew, renewed, relayed];
}

function fours(): Octets[] {
  const times = [option4(54, ip4("192.0.2.1")), option4(51, u32(3600)), option4(58, u32(1800)), option4(52, [3])];
  return [dhcpv4(1, 1, {}), dhcpv4(2, 5, { yiaddr: "192.0.2.10", file: [51, 4, 0, 0, 1, 0] }, ...times)];
}

export function captureSeeds(): string[] {
  const frames = [
    ...talk6(sixes().slice(0, -1)),
    {
      at: 1_795_521_700,
      frame: ethernet(ipv6("2001:db8::2", "2001:db8::3", udp(547, 547, sixes().at(-1) as Octets)), 0x8100),
    },
    ...fours().map((message, index) => ({ at: 1_795_521_800 + index, frame: frame4(message) })),
  ];
  const files = readdirSync(examples).filter((name) => name.endsWith(".pcap"));
  return [
    asText(pcap(frames)),
    asText(pcap(frames, { little: true, nano: true })),
    asText(pcapng(frames)),
    asText(pcapng(frames, { little: false })),
    // A lease file of dhcpcd is a message alone.
    asText(Uint8Array.from(sixes()[3] as Octets)),
    asText(Uint8Array.from(fours()[1] as Octets)),
    ...files.map((name) => readFileSync(join(examples, name), "latin1")),
  ];
}

export function messageSeeds(): string[] {
  return [...sixes(), ...fours()].map((message) => asText(Uint8Array.from(message)));
}

const START = 1_795_521_600;
const TALK = sixes();
/** The question and, as records without a file header, the answer that comes after the broken message. */
const BEFORE = pcap(TALK.slice(0, 3).map((message, index) => ({ at: START + index, frame: frame6(message) })));
const AFTER = pcap([{ at: START + 4, frame: frame6(TALK[3] as Octets) }]).subarray(24);

/** One broken message in a good capture, between a good question and a good answer. */
export function runMessage(text: string): void {
  const broken = Buffer.from(text, "latin1");
  const four = broken.length > 236;
  const fromServer = four ? broken[0] === 2 : [2, 7, 10].includes(broken[0] ?? 0);
  // The headers of a message without contents, with the lengths of this one put in.
  const headers = Buffer.from(four ? frame4([fromServer ? 2 : 1]) : frame6([fromServer ? 7 : 1])).subarray(0, -1);
  headers.writeUInt16BE(broken.length + (four ? 28 : 8), four ? 16 : 18);
  headers.writeUInt16BE(broken.length + 8, headers.length - 4);
  const record = Buffer.alloc(16);
  record.writeUInt32BE(START + 3, 0);
  record.writeUInt32BE(headers.length + broken.length, 8);
  record.writeUInt32BE(headers.length + broken.length, 12);
  run(Buffer.concat([BEFORE, record, headers, broken, AFTER]));
}

export function leaseTextSeeds(): string[] {
  return [
    ...readdirSync(examples)
      .filter((name) => /\.(?:log|leases)$/.test(name))
      .map((name) => readFileSync(join(examples, name), "latin1")),
    'lease {\n  interface "em0";\n  fixed-address 192.0.2.10;\n  option dhcp-lease-time 3600;\n  option dhcp-server-identifier 192.0.2.1;\n  renew 2 2026/11/24 12:25:00;\n  rebind epoch 1795521600;\n  expire 2 2026/11/24 13:00:00;\n}\n',
    "ADDRESS=192.0.2.10\nNETMASK=255.255.255.0\nSERVER_ADDRESS=192.0.2.1\nT1=1800\nT2=3150\nLIFETIME=3600\n",
    "version: 2\nip: 192.0.2.10\nnext-server: 0.0.0.0\n",
    "ia_pd 0 2001:db8:8000:: 56\n",
    "Nov 24 12:00:01 gw dhclient[7]: RCV: Reply message on eth0 from fe80::9.\nRCV:  X-- IA_NA 00:00:00:01\nRCV:  | X-- t1 - renew  +1000\nRCV:  | | X-- IAADDR 2001:db8::10\nRCV:  | | | X-- Max lifetime 3000.\nPRC: Renewal event scheduled in 1000 seconds, to run for 600 seconds.\n",
    "Nov/24/2026 12:00:00: client6_recv: receive reply from fe80::9%em0 on em0\nNov/24/2026 12:00:00:   IA_PD: ID=0, T1=4500, T2=3000\nNov/24/2026 12:00:00: copyin_option:   IA_PD prefix: 2001:db8:8000::/56 pltime=5400 vltime=7200\n",
    "2026-11-24T12:00:01.5+01:00 gw dhcpcd[7]: eth0: IAID 00:00:00:01 T1(8) > T2(4) from fe80::9\n",
    "bound to 192.0.2.10 -- renewal in 1713 seconds.\n",
  ];
}
