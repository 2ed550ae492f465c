import { describe, expect, it } from "vitest";
import {
  ipfix,
  netflow5,
  netflow9,
  pflowRecord,
  pflowTemplates,
  set,
  template,
  u16,
  u32,
} from "./build.test-helper.ts";
import { FlowDecoder, FlowTable } from "./index.ts";

const FLOW = {
  from: [10, 0, 0, 1],
  to: [192, 0, 2, 80],
  fromPort: 40_000,
  toPort: 443,
  bytes: 123_456,
  packets: 99,
} as const;

const codes = (decoder: FlowDecoder, message: Uint8Array): string[] =>
  decoder.decode(message).problems.map(({ code }) => code);

describe("NetFlow 5", () => {
  it("every field", () => {
    const { records, problems } = new FlowDecoder().decode(netflow5([FLOW], 7));
    expect(problems).toEqual([]);
    expect(records).toEqual([
      {
        family: 4,
        from: "10.0.0.1",
        to: "192.0.2.80",
        fromPort: 40_000,
        toPort: 443,
        protocol: 6,
        bytes: 123_456,
        packets: 99,
        // The exporter has been up for 10 s at .5 past 1,700,000,000.
        start: 1_699_999_994_500,
        end: 1_699_999_999_500,
        input: 1,
        output: 2,
        tcpFlags: 0x1b,
        tos: 0,
      },
    ]);
  });

  it("fewer records than promised", () => {
    const decoder = new FlowDecoder();
    const whole = netflow5([FLOW, FLOW], 0);
    const cut = decoder.decode(whole.subarray(0, whole.length - 1));
    expect([cut.records.length, cut.problems[0]?.code, cut.problems[0]?.count]).toEqual([1, "flows/damaged", 1]);
    expect(codes(decoder, whole.subarray(0, 23))).toEqual(["flows/damaged"]);
  });

  it.each([
    ["Cisco counts the flows before a message", 0, [0, 2, 4]],
    ["pflow(4) counts those in it", 42, [2, 4, 6]],
  ])("%s", (_, engine, sequences) => {
    const decoder = new FlowDecoder();
    for (const sequence of sequences) expect(codes(decoder, netflow5([FLOW, FLOW], sequence, engine))).toEqual([]);
    const last = sequences.at(-1) ?? 0;
    const { problems } = decoder.decode(netflow5([FLOW, FLOW], last + 2 + 5, engine));
    expect(problems.map(({ code, count }) => [code, count])).toEqual([["flows/lost", 5]]);
  });

  it("a sequence that wraps, one that is late, one that began anew", () => {
    const decoder = new FlowDecoder();
    expect(codes(decoder, netflow5([FLOW, FLOW], 0xffff_ffff))).toEqual([]);
    expect(codes(decoder, netflow5([FLOW], 1))).toEqual([]);
    expect(codes(decoder, netflow5([FLOW], 0xffff_fff0))).toEqual([]);
    expect(codes(decoder, netflow5([FLOW], 2))).toEqual([]);
    expect(codes(decoder, netflow5([FLOW], 2_000_000_000))).toEqual([]);
    expect(codes(decoder, netflow5([FLOW], 2_000_000_001))).toEqual([]);
  });
});

describe("IPFIX", () => {
  const six = [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 1];
  const other = [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 2];

  it("pflow(4): both templates, then data of both", () => {
    const decoder = new FlowDecoder();
    expect(decoder.decode(ipfix(pflowTemplates(), 0)).records).toEqual([]);
    expect(decoder.templates).toBe(2);
    const data = [
      ...set(256, pflowRecord([...FLOW.from, ...FLOW.to], FLOW)),
      ...set(257, pflowRecord([...six, ...other], FLOW)),
    ];
    const { records, problems } = decoder.decode(ipfix(data, 0));
    expect(problems).toEqual([]);
    expect(
      records.map(({ from, to, bytes, packets, start, end, family }) => [from, to, bytes, packets, start, end, family]),
    ).toEqual([
      ["10.0.0.1", "192.0.2.80", 123_456, 99, 1_700_000_000_000, 1_700_000_005_000, 4],
      ["2001:db8::1", "2001:db8::2", 123_456, 99, 1_700_000_000_000, 1_700_000_005_000, 6],
    ]);
    expect(codes(decoder, ipfix([], 2))).toEqual([]);
    expect(codes(decoder, ipfix([], 7))).toEqual(["flows/lost"]);
  });

  it("data before its template is not guessed; another domain's template is not its own", () => {
    const decoder = new FlowDecoder();
    const data = set(256, pflowRecord([...FLOW.from, ...FLOW.to], FLOW));
    decoder.decode(ipfix(pflowTemplates(), 0, 5));
    expect(decoder.decode(ipfix(data, 0, 6))).toMatchObject({
      records: [],
      problems: [{ code: "flows/no-template", count: 1 }],
    });
    expect(decoder.decode(ipfix(data, 0, 5)).records.length).toBe(1);
  });

  it("fields of variable length and of enterprises, padding, withdrawal, options", () => {
    const decoder = new FlowDecoder();
    const fields = [
      ...u16(300),
      ...u16(4),
      ...u16(8),
      ...u16(4),
      ...u16(0x8000 | 9),
      ...u16(0xffff),
      ...u32(4_242),
      ...u16(12),
      ...u16(4),
      ...u16(1),
      ...u16(4),
    ];
    const options = [...u16(301), ...u16(2), ...u16(1), ...u16(143), ...u16(4), ...u16(41), ...u16(8)];
    const long = new Array(300).fill(65);
    const body = [
      10,
      0,
      0,
      1,
      3,
      65,
      66,
      67,
      10,
      0,
      0,
      2,
      ...u32(77),
      10,
      0,
      0,
      1,
      255,
      ...u16(300),
      ...long,
      10,
      0,
      0,
      3,
      ...u32(78),
      0,
      0,
    ];
    const message = ipfix(
      [...set(2, fields), ...set(3, options), ...set(301, [...u32(1), ...u32(0), ...u32(9)]), ...set(300, body)],
      0,
    );
    const { records, problems } = decoder.decode(message);
    expect(problems).toEqual([]);
    expect(records.map(({ to, bytes }) => [to, bytes])).toEqual([
      ["10.0.0.2", 77],
      ["10.0.0.3", 78],
    ]);
    // Three records: two flows and one of options.
    expect(codes(decoder, ipfix(set(2, [...u16(300), ...u16(0)]), 3))).toEqual([]);
    expect(decoder.templates).toBe(1);
    expect(codes(decoder, ipfix(set(300, body), 3))).toEqual(["flows/no-template"]);
  });

  it.each([
    ["a set longer than the message", ipfix([...u16(256), ...u16(400), 0, 0], 0), "flows/damaged"],
    ["a set of no length", ipfix([...u16(256), ...u16(0)], 0), "flows/damaged"],
    ["a reserved set", ipfix(set(7, []), 0), "flows/damaged"],
    ["a template cut short", ipfix(set(2, [...u16(256), ...u16(9), ...u16(8), ...u16(4)]), 0), "flows/damaged"],
    ["fields without octets", ipfix(set(2, template(256, [[8, 0]])), 0), "flows/damaged"],
    ["too many fields", ipfix(set(2, [...u16(256), ...u16(60_000)]), 0), "flows/damaged"],
    ["a length that is too short", Uint8Array.from([...u16(10), ...u16(3), ...new Array(12).fill(0)]), "flows/damaged"],
    ["another version", Uint8Array.from([0, 7, 0, 0]), "flows/unknown-version"],
    ["one octet", Uint8Array.from([0]), "flows/damaged"],
  ])("%s", (_, message, code) => expect(codes(new FlowDecoder(), message)).toEqual([code]));

  it("no exporter can make it remember without bound", () => {
    const decoder = new FlowDecoder();
    let last: string[] = [];
    for (let id = 0; id < 1_100; id++) last = codes(decoder, ipfix(set(2, template(256 + id, [[8, 4]])), 0));
    expect([decoder.templates, last]).toEqual([1_024, ["flows/too-much"]]);
  });
});

describe("NetFlow 9", () => {
  it("template and data, times by the exporter's uptime, lost messages", () => {
    const decoder = new FlowDecoder();
    const fields = [
      [8, 4],
      [12, 4],
      [7, 2],
      [11, 2],
      [4, 1],
      [1, 4],
      [2, 4],
      [22, 4],
      [21, 4],
    ] as const;
    const data = [
      ...FLOW.from,
      ...FLOW.to,
      ...u16(1),
      ...u16(2),
      17,
      ...u32(500),
      ...u32(5),
      ...u32(4_000),
      ...u32(9_000),
    ];
    const { records, problems } = decoder.decode(
      netflow9([...set(0, template(256, fields)), ...set(256, [...data, 0, 0, 0])], 1),
    );
    expect(problems).toEqual([]);
    expect(records).toMatchObject([
      { protocol: 17, bytes: 500, packets: 5, start: 1_699_999_994_000, end: 1_699_999_999_000 },
    ]);
    expect(decoder.decode(netflow9([], 4)).problems).toMatchObject([{ code: "flows/lost", count: 2 }]);
  });
});

describe("the table", () => {
  const record = new FlowDecoder().decode(netflow5([FLOW], 0)).records[0];
  if (record === undefined) throw new Error("no record");

  it.each([
    ["pair", [["10.0.0.1", "192.0.2.80"]]],
    ["host", [["10.0.0.1"], ["192.0.2.80"]]],
    ["from", [["10.0.0.1"]]],
    ["to", [["192.0.2.80"]]],
    ["service", [["6", "443"]]],
    ["flow", [["6", "10.0.0.1", "40000", "192.0.2.80", "443"]]],
  ] as const)("by %s", (grouping, keys) => {
    const table = new FlowTable(grouping, 10);
    table.add(record);
    table.add(record);
    expect(table.top(10).map(({ key, bytes, flows }) => [key, bytes, flows])).toEqual(
      keys.map((key) => [key, 246_912, 2]),
    );
    expect(table.all).toMatchObject({ bytes: 246_912, packets: 198, flows: 2 });
  });

  it("what is too much is summed up", () => {
    const table = new FlowTable("from", 2);
    for (const from of ["a", "b", "c", "d"]) table.add({ ...record, from });
    expect([table.size, table.others.flows, table.all.flows]).toEqual([2, 2, 4]);
  });
});
