/** Packets as people write them: in scenario steps, and after `trace --packet`. */
import { type Address, type Family, PROTOCOL, parseAddress, type Span, type System, TCP_FLAG } from "@pierhead/core";
import {
  icmpCodeByName,
  icmpTypeByName,
  protocolByName,
  type ServiceProtocol,
  serviceByName,
} from "@pierhead/lang/names";
import { type Entry, type Reader, withoutScope, type YamlNode } from "./reader.ts";

/** One end of a packet: an address, or the name of a saved one, with a port or without. */
export interface Endpoint {
  readonly address: Address | null;
  readonly port: number | null;
  /** `$NAME`: what an earlier step saved. */
  readonly saved: string | null;
}

/** What a packet is to be; null is "not said". */
export interface PacketSpec {
  readonly span: Span;
  readonly in: string | null;
  readonly out: string | null;
  readonly protocol: number | null;
  readonly from: Endpoint | null;
  readonly to: Endpoint | null;
  /** Bits of `TCP_FLAG`. */
  readonly flags: number | null;
  readonly type: number | null;
  readonly code: number | null;
  readonly id: number | null;
  readonly ttl: number | null;
  readonly tos: number | null;
  readonly length: number | null;
  readonly fragments: number | null;
  readonly df: boolean | null;
  readonly options: readonly (string | number)[] | null;
  readonly mss: number | null;
  readonly seq: number | null;
  readonly ack: number | null;
  readonly chunk: number | null;
  readonly mtu: number | null;
  readonly target: Address | null;
  readonly inner: PacketSpec | null;
  /** The packet inside: IP in IP, or PPP in L2TP with `proto: udp`. */
  readonly carried: PacketSpec | null;
  /** User whose VPN link it comes through: ESP and L2TP are put around it. */
  readonly client: string | null;
}

export const PACKET_KEYS: readonly string[] = [
  "in",
  "out",
  "proto",
  "from",
  "to",
  "flags",
  "type",
  "code",
  "id",
  "ttl",
  "tos",
  "length",
  "fragments",
  "df",
  "options",
  "mss",
  "seq",
  "ack",
  "chunk",
  "mtu",
  "target",
  "inner",
  "carried",
  "client",
];

/** SCTP chunk types by the names of RFC 9260 3.2. */
export const CHUNKS: ReadonlyMap<string, number> = new Map([
  ["data", 0],
  ["init", 1],
  ["init-ack", 2],
  ["sack", 3],
  ["heartbeat", 4],
  ["heartbeat-ack", 5],
  ["abort", 6],
  ["shutdown", 7],
  ["shutdown-ack", 8],
  ["error", 9],
  ["cookie-echo", 10],
  ["cookie-ack", 11],
  ["shutdown-complete", 14],
]);

export const OPTION_NAMES: readonly string[] = [
  "nop",
  "eol",
  "router-alert",
  "record-route",
  "hop-by-hop",
  "destination-options",
  "routing",
];

/** Reads the mapping of a packet. Null (reported) when it cannot be one. */
export function readPacketSpec(
  reader: Reader,
  system: System,
  node: YamlNode,
  at: Span,
  what: string,
): PacketSpec | null {
  const fields = reader.fields(node, what, PACKET_KEYS, at);
  return fields === null ? null : packetSpecOf(reader, system, fields, reader.span(node, at));
}

export function packetSpecOf(
  reader: Reader,
  system: System,
  fields: ReadonlyMap<string, Entry>,
  span: Span,
): PacketSpec {
  const text = (key: string): string | null => {
    const entry = fields.get(key);
    return entry === undefined ? null : reader.text(entry, `\`${key}\``);
  };
  const number = (key: string, high: number): number | null => {
    const entry = fields.get(key);
    return entry === undefined ? null : reader.number(entry, `\`${key}\``, 0, high);
  };
  const protocol = readProtocol(reader, system, fields.get("proto"));
  const portProtocol = serviceProtocol(protocol);
  const from = readEndpoint(reader, system, fields.get("from"), portProtocol);
  const to = readEndpoint(reader, system, fields.get("to"), portProtocol);
  const family = familyOf(protocol, from, to);
  const type = readIcmpType(reader, system, fields.get("type"), family, protocol);
  const target = fields.get("target");
  const inner = fields.get("inner");
  const carried = fields.get("carried");
  const df = fields.get("df");
  return {
    span,
    in: text("in"),
    out: text("out"),
    protocol,
    from,
    to,
    flags: readFlags(reader, fields.get("flags")),
    type,
    code: readIcmpCode(reader, system, fields.get("code"), family, type),
    id: number("id", 0xffff),
    ttl: number("ttl", 255),
    tos: number("tos", 255),
    length: number("length", 65575),
    fragments: number("fragments", 8192),
    df: df === undefined ? null : reader.boolean(df, "`df`"),
    options: readOptions(reader, fields.get("options")),
    mss: number("mss", 0xffff),
    seq: number("seq", 0xffffffff),
    ack: number("ack", 0xffffffff),
    chunk: readChunk(reader, fields.get("chunk")),
    mtu: number("mtu", 0xffff),
    target: target === undefined ? null : reader.address(target, "`target`"),
    inner: inner === undefined ? null : readPacketSpec(reader, system, inner.value, inner.span, "a quoted packet"),
    carried:
      carried === undefined ? null : readPacketSpec(reader, system, carried.value, carried.span, "a carried packet"),
    client: text("client"),
  };
}

function familyOf(protocol: number | null, from: Endpoint | null, to: Endpoint | null): Family | null {
  const known = from?.address?.family ?? to?.address?.family;
  if (known !== undefined) return known;
  return protocol === PROTOCOL.icmp ? 4 : protocol === PROTOCOL.icmp6 ? 6 : null;
}

export function serviceProtocol(protocol: number | null): ServiceProtocol {
  return protocol === PROTOCOL.udp ? "udp" : protocol === PROTOCOL.sctp ? "sctp" : "tcp";
}

export function readProtocol(reader: Reader, system: System, entry: Entry | undefined): number | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, "`proto`");
  if (text === null) return null;
  const number = protocolOf(system, text);
  if (number === null) {
    reader.error(
      "scenario/unknown-protocol",
      `\`${text}\` is no protocol this system knows; a number from 0 to 255 is fine too.`,
      entry.span,
    );
  }
  return number;
}

/** Number of a protocol by name or number; `icmp6` is understood everywhere. */
export function protocolOf(system: System, text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text) <= 255 ? Number(text) : null;
  if (text === "icmp6" || text === "ipv6-icmp") return PROTOCOL.icmp6;
  return protocolByName(system, text);
}

function readEndpoint(
  reader: Reader,
  system: System,
  entry: Entry | undefined,
  protocol: ServiceProtocol,
): Endpoint | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, `\`${entry.key}\``);
  if (text === null) return null;
  const parsed = parseEndpoint(system, text, protocol);
  if (typeof parsed === "string") {
    reader.error("scenario/bad-address", parsed, entry.span);
    return null;
  }
  return parsed;
}

/** `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:http`, `2001:db8::1`, `$saved`. @returns a message when it is none */
export function parseEndpoint(system: System, text: string, protocol: ServiceProtocol): Endpoint | string {
  if (text.startsWith("$")) return { address: null, port: null, saved: text.slice(1) };
  const split = splitPort(text);
  const address = parseAddress(withoutScope(split.host));
  if (address === null) {
    return `\`${text}\` is not an address with or without a port, like 192.0.2.1:80 or "[2001:db8::1]:80".`;
  }
  if (split.port === null) return { address, port: null, saved: null };
  const port = portOf(system, split.port, protocol);
  if (port === null) return `\`${split.port}\` is neither a port number nor a ${protocol} service.`;
  return { address, port, saved: null };
}

/** Host and port of `host:port`; brackets around an IPv6 address with a port. */
export function splitPort(text: string): { host: string; port: string | null } {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    if (end !== -1) {
      const rest = text.slice(end + 1);
      return { host: text.slice(1, end), port: rest.startsWith(":") ? rest.slice(1) : null };
    }
  }
  const colon = text.indexOf(":");
  if (colon === -1 || text.indexOf(":", colon + 1) !== -1) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

export function portOf(system: System, text: string, protocol: ServiceProtocol): number | null {
  if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : null;
  return serviceByName(system, text, protocol);
}

function readFlags(reader: Reader, entry: Entry | undefined): number | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, "`flags`");
  if (text === null) return null;
  const flags = parseFlags(text);
  if (flags === null)
    reader.error("scenario/bad-flags", `\`${text}\` are not TCP flags; the letters are F S R P A U E W.`, entry.span);
  return flags;
}

/** Bits of letters such as `SA`; null when one is no flag. */
export function parseFlags(text: string): number | null {
  let flags = 0;
  for (const letter of text) {
    const bit = Object.hasOwn(TCP_FLAG, letter) ? TCP_FLAG[letter as keyof typeof TCP_FLAG] : null;
    if (bit === null) return null;
    flags |= bit;
  }
  return flags;
}

function readIcmpType(
  reader: Reader,
  system: System,
  entry: Entry | undefined,
  family: Family | null,
  protocol: number | null,
): number | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, "`type`");
  if (text === null) return null;
  const number = icmpTypeOf(system, text, family, protocol);
  if (number === null)
    reader.error("scenario/unknown-type", `\`${text}\` is no ICMP type of pf.conf, nor a number.`, entry.span);
  return number;
}

export function icmpTypeOf(
  system: System,
  text: string,
  family: Family | null,
  protocol: number | null,
): number | null {
  if (/^\d+$/.test(text)) return Number(text) <= 255 ? Number(text) : null;
  // IGMP (RFC 2236): only queries are spoken of.
  if (protocol === PROTOCOL.igmp) return text === "query" ? 0x11 : null;
  const six = protocol === PROTOCOL.icmp6 || (protocol === null && family === 6);
  return icmpTypeByName(system, six ? 6 : 4, text);
}

function readIcmpCode(
  reader: Reader,
  system: System,
  entry: Entry | undefined,
  family: Family | null,
  type: number | null,
): number | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, "`code`");
  if (text === null) return null;
  if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
  for (const one of family === null ? ([4, 6] as const) : [family]) {
    const code = type === null ? null : icmpCodeByName(system, one, type, text);
    if (code !== null) return code;
  }
  reader.error("scenario/unknown-code", `\`${text}\` is no code of this ICMP type, nor a number.`, entry.span);
  return null;
}

function readChunk(reader: Reader, entry: Entry | undefined): number | null {
  if (entry === undefined) return null;
  const text = reader.text(entry, "`chunk`");
  if (text === null) return null;
  if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
  const chunk = CHUNKS.get(text) ?? null;
  if (chunk === null) {
    reader.error(
      "scenario/unknown-value",
      `\`${text}\` is no SCTP chunk; there are ${[...CHUNKS.keys()].join(", ")}.`,
      entry.span,
    );
  }
  return chunk;
}

function readOptions(reader: Reader, entry: Entry | undefined): (string | number)[] | null {
  if (entry === undefined) return null;
  const options: (string | number)[] = [];
  for (const node of reader.oneOrMore(entry.value)) {
    const span = reader.span(node, entry.span);
    const text = reader.text({ value: node, span }, "an option");
    if (text === null) continue;
    if (/^\d+$/.test(text) && Number(text) <= 255) options.push(Number(text));
    else if (OPTION_NAMES.includes(text)) options.push(text);
    else
      reader.error(
        "scenario/unknown-value",
        `\`${text}\` is no IP option; there are ${OPTION_NAMES.join(", ")} and numbers.`,
        span,
      );
  }
  return options;
}
