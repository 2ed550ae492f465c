import { describe, expect, it } from "vitest";
import {
  bpftraceReader,
  btraceReader,
  conntrackReader,
  dtraceReader,
  inWords,
  type OutputReader,
  quantile,
  type Reading,
  readNetstat,
  readPfInfo,
  readPfRules,
  Tally,
} from "./index.ts";

const keys = (table: string): number | null => ({ in: 3, latency: 1, connects: 4, us: 0 })[table] ?? null;

function read(reader: OutputReader, text: string): Reading[] {
  return [...text.split("\n").flatMap((line) => [...reader.line(line)]), ...reader.end()];
}

describe("bpftrace -f json", () => {
  it("tables of both address families, histograms, loss", () => {
    const text = [
      '{"type": "attached_probes", "data": {"probes": 4}}',
      '{"type": "map", "data": {"@in4": {"lan0,192.0.2.1,192.0.2.2": 168}}}',
      '{"type": "map", "data": {"@in6": {"lan0,2001:db8::1,2001:db8::2": 96}}}',
      '{"type": "map", "data": {"@connects4": {"12,192.0.2.1,443,a,b": 1}}}',
      '{"type": "hist", "data": {"@latency": {"srv0": [{"max": -1, "count": 1}, {"min": 2, "max": 3, "count": 5}]}}}',
      '{"type": "map", "data": {"@start": {"123": 456}}}',
      '{"type": "lost_events", "data": {"events": 12}}',
      "not json",
      "",
    ].join("\n");
    expect(read(bpftraceReader(keys), text)).toEqual([
      { kind: "attached" },
      { kind: "total", table: "in", key: ["lan0", "192.0.2.1", "192.0.2.2"], value: 168 },
      { kind: "total", table: "in", key: ["lan0", "2001:db8::1", "2001:db8::2"], value: 96 },
      // The name of a process comes last and may hold commas.
      { kind: "total", table: "connects", key: ["12", "192.0.2.1", "443", "a,b"], value: 1 },
      {
        kind: "histogram",
        table: "latency",
        key: ["srv0"],
        buckets: [
          { from: Number.NEGATIVE_INFINITY, to: 0, count: 1 },
          { from: 2, to: 4, count: 5 },
        ],
      },
      { kind: "lost", count: 12, text: "" },
      { kind: "unread", text: "not json" },
    ]);
  });
});

describe("dtrace", () => {
  const picture = [
    "in\tem0\t192.0.2.1\t192.0.2.2\t1234",
    "histogram\tlatency\tem1",
    "",
    "           value  ------------- Distribution ------------- count    ",
    "               4 |                                         0        ",
    "               8 |@@@@@@@@@@@@@@@@@@@@@@@@@@               17       ",
    "              16 |@@@                                      2        ",
    "              32 |                                         0        ",
    "",
    "in\tem0\t192.0.2.1\t192.0.2.3\t5",
    "dtrace: 12 aggregation drops on CPU 1",
    "dtrace: failed to open",
  ].join("\n");

  it("rows, pictures of quantize(), drops", () => {
    expect(read(dtraceReader(keys), picture)).toEqual([
      { kind: "total", table: "in", key: ["em0", "192.0.2.1", "192.0.2.2"], value: 1234 },
      {
        kind: "histogram",
        table: "latency",
        key: ["em1"],
        buckets: [
          { from: 8, to: 16, count: 17 },
          { from: 16, to: 32, count: 2 },
        ],
      },
      { kind: "total", table: "in", key: ["em0", "192.0.2.1", "192.0.2.3"], value: 5 },
      { kind: "lost", count: 12, text: "dtrace: 12 aggregation drops on CPU 1" },
      { kind: "unread", text: "dtrace: failed to open" },
    ]);
  });

  it("a picture that nothing follows is told at the end", () => {
    const [reading] = read(dtraceReader(keys), "histogram\tus\n               1 |@@@@ 3\n               2 | 0");
    expect(reading).toMatchObject({ table: "us", key: [], buckets: [{ from: 1, to: 2, count: 3 }] });
  });
});

describe("btrace", () => {
  it("maps and histograms; what it cannot know is a dash", () => {
    const text =
      "@connects[123, ssh]: 4\n@us:\n[1]                 1 |@@  |\n[2K, 4K)            9 |@@@@|\n@ticks: 3\nsyntax error\n";
    expect(read(btraceReader(keys), text)).toEqual([
      { kind: "total", table: "connects", key: ["123", "-", "-", "ssh"], value: 4 },
      {
        kind: "histogram",
        table: "us",
        key: [],
        buckets: [
          { from: 1, to: 2, count: 1 },
          { from: 2_048, to: 4_096, count: 9 },
        ],
      },
      { kind: "unread", text: "syntax error" },
    ]);
  });
});

describe("conntrack -E", () => {
  it("beginnings and ends, and who began", () => {
    const text = [
      "    [NEW] tcp      6 120 SYN_SENT src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 id=5",
      " [UPDATE] tcp      6 60 SYN_RECV src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 id=5",
      "[1795522498.439800]\t[DESTROY] icmp     1 29 src=192.0.2.1 dst=192.0.2.2 type=8 code=0 id=9 src=192.0.2.2 dst=192.0.2.1 type=0 code=0 id=9",
      "conntrack v1.4.7 (conntrack-tools): 3 flow events have been shown.",
    ].join("\n");
    expect(read(conntrackReader(), text)).toEqual([
      { kind: "event", table: "states", key: ["NEW", "tcp"] },
      { kind: "event", table: "creators", key: ["192.0.2.1"] },
      { kind: "event", table: "states", key: ["DESTROY", "icmp"] },
      { kind: "unread", text: "conntrack v1.4.7 (conntrack-tools): 3 flow events have been shown." },
    ]);
  });
});

describe("counters of the BSDs", () => {
  it("pfctl -v -s rules: rules that block, numbered as pfctl numbers them", () => {
    const text = [
      "pass in on em0 all flags S/SA",
      "  [ Evaluations: 90        Packets: 80        Bytes: 9000        States: 3     ]",
      "  [ Inserted: uid 0 pid 123 State Creations: 4     ]",
      "block drop in log on em0 proto tcp to any port = 22",
      "  [ Evaluations: 12        Packets: 3         Bytes: 180         States: 0     ]",
      'anchor "a" all',
      "  [ Evaluations: 1         Packets: 0         Bytes: 0           States: 0     ]",
    ].join("\n");
    expect(readPfRules(text)).toEqual([
      { kind: "counter", table: "rules", key: ["1", "block drop in log on em0 proto tcp to any port = 22"], value: 3 },
    ]);
  });

  it("pfctl -s info: the state table, not the others", () => {
    const text = [
      "State Table                          Total             Rate",
      "  current entries                        4               ",
      "  inserts                              700            1.0/s",
      "  removals                             696            1.0/s",
      "Source Tracking Table",
      "  inserts                                9            0.0/s",
    ].join("\n");
    expect(readPfInfo(text).map((one) => "value" in one && [one.key, one.value])).toEqual([
      [["NEW", "-"], 700],
      [["DESTROY", "-"], 696],
    ]);
  });

  it("netstat -s and -i", () => {
    const protocols =
      "tcp:\n\t100 packets sent\n\t\t12 data packets (340 bytes) retransmitted\n\t\t1 fast retransmitted packet\n";
    expect(readNetstat(protocols, ["retransmit"]).map((one) => "value" in one && [one.key[0], one.value])).toEqual([
      ["data packets retransmitted", 12],
      ["fast retransmitted packets", 1],
    ]);
    const interfaces = [
      "Name    Mtu   Network     Address              Ipkts Idrop    Opkts Odrop Colls",
      "em0     1500  <Link>      00:0d:b9:41:7d:00      100     2      200     3     0",
      "em0     1500  192.0.2/24  192.0.2.1              100     2      200     3     0",
      "lo0*    32768 <Link>                               7     0        7     1     0",
    ].join("\n");
    expect(readNetstat(interfaces, ["drop"]).map((one) => "value" in one && [one.key[0], one.value])).toEqual([
      ["em0 Idrop", 2],
      ["em0 Odrop", 3],
      ["lo0 Idrop", 0],
      ["lo0 Odrop", 1],
    ]);
  });
});

describe("the tally", () => {
  const row = (name: string, value: number, kind: "total" | "counter" = "total"): Reading => ({
    kind,
    table: "t",
    key: [name],
    value,
  });

  it("totals and what is new, most first", () => {
    const tally = new Tally(10);
    tally.add([row("a", 5), row("b", 7)]);
    expect(tally.look().rows.map((one) => [one.key[0], one.total, one.delta])).toEqual([
      ["b", 7, 7],
      ["a", 5, 5],
    ]);
    tally.add([row("a", 9), row("b", 7)]);
    expect(tally.look().rows.map((one) => [one.key[0], one.total, one.delta])).toEqual([
      ["a", 9, 4],
      ["b", 7, 0],
    ]);
  });

  it("counters begin at the first look; a new one at nothing; one that is set back goes on", () => {
    const tally = new Tally(10);
    tally.add([row("old", 100, "counter")]);
    expect(tally.look().rows).toEqual([]);
    tally.add([row("old", 110, "counter"), row("new", 3, "counter")]);
    tally.add([row("old", 2, "counter"), row("new", 3, "counter")]);
    tally.add([row("old", 4, "counter"), row("new", 3, "counter")]);
    expect(tally.look().rows.map((one) => [one.key[0], one.total])).toEqual([
      ["old", 12],
      ["new", 3],
    ]);
  });

  it("holds no more rows than it may", () => {
    const tally = new Tally(2);
    tally.add([row("a", 1), row("b", 1), row("c", 1)]);
    expect([tally.look().rows.length, tally.full]).toEqual([2, true]);
  });

  it("quantiles are never told too small", () => {
    const buckets = [
      { from: 0, to: 1, count: 50 },
      { from: 1, to: 2, count: 49 },
      { from: 8, to: null, count: 1 },
    ];
    expect([quantile(buckets, 0.5), quantile(buckets, 0.99), quantile(buckets, 1), quantile([], 0.5)]).toEqual([
      1,
      2,
      null,
      null,
    ]);
  });
});

it("numbers in words", () => {
  const facts = { dropReasons: new Map([["NETFILTER_DROP", 12]]) };
  expect(inWords("drops", "reason", "12", facts)).toBe("NETFILTER_DROP");
  expect(inWords("drops", "reason", "99", facts)).toBe("99");
  expect(inWords("drops", "protocol", "17", facts)).toBe("udp");
  expect(inWords("rules", "what", "10", facts)).toBe("state-mismatch");
  expect(inWords("noroute", "error", "-113", facts)).toBe("unreachable route");
  expect(inWords("noroute", "asked by", "1", facts)).toBe("this machine");
});
