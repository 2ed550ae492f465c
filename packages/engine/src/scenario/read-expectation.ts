/** Reading what a step expects. */
import { type Address, parseAddress, type Span, type System } from "@pierhead/core";
import { CHUNKS, parseEndpoint, parseFlags, portOf, protocolOf, serviceProtocol, splitPort } from "./packet-spec.ts";
import { type Entry, type Reader, withoutScope } from "./reader.ts";
import type { Expectation, ExpectedEnd, ExpectedPacket } from "./types.ts";

const PACKET_KEYS = [
  "out",
  "next-hop",
  "from",
  "to",
  "proto",
  "type",
  "code",
  "flags",
  "chunk",
  "id",
  "ttl",
  "tos",
  "mss",
  "mtu",
  "length",
  "df",
  "inner",
];

const KEYS = [
  ...PACKET_KEYS,
  "verdict",
  "not",
  "rule",
  "rule-number",
  "answer",
  "carrier",
  "states",
  "state",
  "tables",
  "copies",
  "divert",
  "delivered",
  "connected",
  "address",
  "interface",
  "exit",
  "output",
];

export const VERDICTS: readonly string[] = [
  "pass",
  "block",
  "return-rst",
  "return-icmp",
  "return-abort",
  "synproxy",
  "no-route",
  "arp-failed",
  "held",
];

export function readExpectation(reader: Reader, system: System, entry: Entry): Expectation | null {
  const fields = reader.fields(entry.value, "`expect`", KEYS, entry.span);
  if (fields === null) return null;
  const packetIn = (key: string): ExpectedPacket | null => {
    const found = fields.get(key);
    if (found === undefined) return null;
    const inner = reader.fields(found.value, `\`${key}\``, PACKET_KEYS, found.span);
    return inner === null ? null : expectedPacket(reader, system, inner, found.span);
  };
  const verdict = texts(reader, fields.get("verdict"));
  for (const one of verdict ?? []) {
    if (VERDICTS.includes(one)) continue;
    reader.error(
      "scenario/unknown-verdict",
      `\`${one}\` is no verdict; there are ${VERDICTS.join(", ")}.`,
      fields.get("verdict")?.span ?? entry.span,
    );
  }
  const delivered = fields.get("delivered");
  const connected = fields.get("connected");
  const exit = fields.get("exit");
  const protocol = firstProtocol(reader, system, fields);
  return {
    span: entry.span,
    verdict,
    packet: expectedPacket(reader, system, fields, entry.span),
    not: packetIn("not"),
    rule: texts(reader, fields.get("rule")),
    ruleNumber: ruleNumbers(reader, fields.get("rule-number")),
    answer: packetIn("answer"),
    carrier: packetIn("carrier"),
    states: numbers(reader, fields.get("states"), 0xffffffff),
    state: texts(reader, fields.get("state")),
    tables: tables(reader, fields.get("tables")),
    copies: copies(reader, system, fields.get("copies")),
    divert: ends(reader, system, fields.get("divert"), protocol),
    delivered: delivered === undefined ? null : reader.boolean(delivered, "`delivered`"),
    connected: connected === undefined ? null : reader.boolean(connected, "`connected`"),
    address: addresses(reader, fields.get("address")),
    interface: texts(reader, fields.get("interface")),
    exit: exit === undefined ? null : reader.number(exit, "`exit`", 0, 255),
    output: texts(reader, fields.get("output")),
  };
}

function expectedPacket(
  reader: Reader,
  system: System,
  fields: ReadonlyMap<string, Entry>,
  span: Span,
): ExpectedPacket {
  const protocol = firstProtocol(reader, system, fields);
  const df = fields.get("df");
  const inner = fields.get("inner");
  const innerFields = inner === undefined ? null : reader.fields(inner.value, "`inner`", PACKET_KEYS, inner.span);
  return {
    span,
    out: texts(reader, fields.get("out")),
    nextHop: addresses(reader, fields.get("next-hop")),
    from: ends(reader, system, fields.get("from"), protocol),
    to: ends(reader, system, fields.get("to"), protocol),
    proto: each(reader, fields.get("proto"), (text) => protocolOf(system, text), "a protocol"),
    type: texts(reader, fields.get("type")),
    code: texts(reader, fields.get("code")),
    flags: each(reader, fields.get("flags"), parseFlags, "TCP flags"),
    chunk: each(reader, fields.get("chunk"), chunkOf, "an SCTP chunk"),
    id: numbers(reader, fields.get("id"), 0xffff),
    ttl: numbers(reader, fields.get("ttl"), 255),
    tos: numbers(reader, fields.get("tos"), 255),
    mss: numbers(reader, fields.get("mss"), 0xffff),
    mtu: numbers(reader, fields.get("mtu"), 0xffffffff),
    length: numbers(reader, fields.get("length"), 65575),
    df: df === undefined ? null : reader.boolean(df, "`df`"),
    inner: innerFields === null ? null : expectedPacket(reader, system, innerFields, inner?.span ?? span),
  };
}

function chunkOf(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : (CHUNKS.get(text) ?? null);
}

function firstProtocol(reader: Reader, system: System, fields: ReadonlyMap<string, Entry>): number | null {
  const entry = fields.get("proto");
  const node = entry === undefined ? null : (reader.oneOrMore(entry.value)[0] ?? null);
  if (entry === undefined || node === null) return null;
  const text = String((node as { value?: unknown }).value ?? "");
  return protocolOf(system, text);
}

function texts(reader: Reader, entry: Entry | undefined): string[] | null {
  return each(reader, entry, (text) => text, "text");
}

function numbers(reader: Reader, entry: Entry | undefined, high: number): number[] | null {
  const parse = (text: string): number | null => (/^\d+$/.test(text) && Number(text) <= high ? Number(text) : null);
  return each(reader, entry, parse, `a number from 0 to ${high}`);
}

function addresses(reader: Reader, entry: Entry | undefined): Address[] | null {
  return each(reader, entry, (text) => parseAddress(withoutScope(text)), "an IP address");
}

function each<T>(
  reader: Reader,
  entry: Entry | undefined,
  parse: (text: string) => T | null,
  what: string,
): T[] | null {
  if (entry === undefined) return null;
  const values: T[] = [];
  for (const node of reader.oneOrMore(entry.value)) {
    const span = reader.span(node, entry.span);
    const text = reader.text({ value: node, span }, `\`${entry.key}\``);
    if (text === null) continue;
    const value = parse(text);
    if (value === null) reader.error("scenario/unknown-value", `\`${text}\` is not ${what}.`, span);
    else values.push(value);
  }
  return values;
}

function ends(reader: Reader, system: System, entry: Entry | undefined, protocol: number | null): ExpectedEnd[] | null {
  if (entry === undefined) return null;
  const list: ExpectedEnd[] = [];
  for (const node of reader.oneOrMore(entry.value)) {
    const span = reader.span(node, entry.span);
    const text = reader.text({ value: node, span }, `\`${entry.key}\``);
    if (text === null) continue;
    const end = expectedEnd(system, text, protocol);
    if (typeof end === "string") reader.error("scenario/bad-address", end, span);
    else list.push(end);
  }
  return list;
}

function expectedEnd(system: System, text: string, protocol: number | null): ExpectedEnd | string {
  const { host, port } = splitPort(text);
  const range = port === null ? null : /^(.+)-(.+)$/.exec(port);
  const service = serviceProtocol(protocol);
  if (range !== null && !text.startsWith("$")) {
    const low = portOf(system, range[1] as string, service);
    const high = portOf(system, range[2] as string, service);
    const address = parseAddress(withoutScope(host));
    // A service may have a hyphen in its name.
    if (low !== null && high !== null && address !== null) {
      return { text, end: { address, port: null, saved: null }, ports: { low, high } };
    }
  }
  const end = parseEndpoint(system, text, service);
  return typeof end === "string" ? end : { text, end, ports: null };
}

function ruleNumbers(reader: Reader, entry: Entry | undefined): { in: string | null; out: string | null } | null {
  if (entry === undefined) return null;
  const fields = reader.fields(entry.value, "`rule-number`", ["in", "out"], entry.span);
  if (fields === null) return null;
  const text = (key: string): string | null => {
    const found = fields.get(key);
    return found === undefined ? null : reader.text(found, `\`${key}\``);
  };
  return { in: text("in"), out: text("out") };
}

function tables(reader: Reader, entry: Entry | undefined): Map<string, string[]> | null {
  if (entry === undefined) return null;
  const found = new Map<string, string[]>();
  for (const one of reader.entries(entry.value, "`tables`", entry.span) ?? []) {
    const members: string[] = [];
    for (const node of reader.oneOrMore(one.value)) {
      if (node === null) continue;
      const text = reader.text({ value: node, span: reader.span(node, one.span) }, "an address");
      if (text !== null) members.push(text);
    }
    found.set(one.key, members);
  }
  return found;
}

function copies(reader: Reader, system: System, entry: Entry | undefined): ExpectedPacket[] | null {
  if (entry === undefined) return null;
  const list: ExpectedPacket[] = [];
  for (const node of reader.list(entry.value, "`copies`", entry.span) ?? []) {
    const span = reader.span(node, entry.span);
    const fields = reader.fields(node, "a copy", PACKET_KEYS, span);
    if (fields !== null) list.push(expectedPacket(reader, system, fields, span));
  }
  return list;
}
