/** Packets of the corpus pf-kernel-openbsd-7.8: from its JSON, and back into it for comparison. */
import {
  type Address,
  type IpOption,
  type Packet,
  PROTOCOL,
  packetLength,
  parseAddress,
  type System,
  TCP_FLAG,
  transportHeaderLength,
} from "@pierhead/core";
import { protocolByName, protocolByNumber } from "@pierhead/lang/names";

export type Json = Record<string, unknown>;

const FLAG_LETTERS = "FSRPAUEW";

function address(text: unknown): Address {
  const found = parseAddress(String(text));
  if (found === null) throw new Error(`not an address: ${String(text)}`);
  return found;
}

/** Makes the packet that a step describes. */
export function packetOf(system: System, spec: Json): Packet {
  const source = address(spec["src"]);
  const six = source.family === 6;
  const protocol = protocolNumber(system, spec["proto"]);
  const plain = protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp;
  const icmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6;
  const number = (key: string, otherwise: number): number => (spec[key] === undefined ? otherwise : Number(spec[key]));
  const packet: Packet = {
    family: source.family,
    source,
    destination: address(spec["dst"]),
    protocol,
    sourcePort: plain ? 0 : number("sport", 0),
    destinationPort: plain ? 0 : number("dport", 0),
    ttl: number("ttl", 64),
    tos: number("tos", 0),
    dontFragment: spec["df"] === true,
    id: 0,
    fragment: null,
    options: spec["ipopts"] === undefined ? [] : optionsOf(String(spec["ipopts"])),
    payloadLength: number("len", plain && !icmp ? 8 : 0),
    tcp: null,
    icmp: null,
    sctpChunk: null,
  };
  // The corpus fills SCTP with zeros from the first octet on: the header is part of its length.
  if (protocol === PROTOCOL.sctp) packet.payloadLength -= 12;
  if (protocol === PROTOCOL.tcp) {
    let flags = 0;
    for (const letter of String(spec["flags"] ?? "S")) flags |= TCP_FLAG[letter as keyof typeof TCP_FLAG];
    packet.tcp = {
      flags,
      sequence: number("seq", 1000),
      acknowledgement: number("ack", 0),
      window: number("win", 65535),
      mss: null,
      windowScale: null,
      timestamps: null,
      sackPermitted: false,
      rawOptions: null,
    };
    if (spec["tcpopts"] !== undefined) setTcpOptions(packet, spec["tcpopts"] as unknown[][]);
  }
  if (icmp) {
    packet.icmp = {
      type: number("type", six ? 128 : 8),
      code: number("code", 0),
      id: number("id", 0),
      sequence: number("iseq", 0),
      mtu: number("mtu", 0),
      target: spec["target"] === undefined ? null : address(spec["target"]),
      inner: null,
    };
    if (spec["inner"] !== undefined) {
      const inner = packetOf(system, spec["inner"] as Json);
      // Its header and 8 octets.
      inner.payloadLength = 8 - transportHeaderLength(inner);
      packet.icmp.inner = inner;
    }
  }
  const frag = spec["frag"] as Json | undefined;
  if (frag !== undefined) cutOut(packet, frag);
  return packet;
}

function cutOut(packet: Packet, frag: Json): void {
  const offset = Number(frag["offset"] ?? 0);
  const header = packet.family === 4 ? 20 : 40;
  const total = packetLength(packet) - header;
  const length = frag["len"] === undefined ? total - offset : Number(frag["len"]);
  packet.fragment = { id: Number(frag["id"]), offset, more: frag["more"] === true };
  if (packet.family === 4) packet.id = packet.fragment.id;
  if (offset === 0) {
    packet.payloadLength = length - transportHeaderLength(packet);
    return;
  }
  packet.payloadLength = length;
  packet.sourcePort = 0;
  packet.destinationPort = 0;
  packet.tcp = null;
  packet.icmp = null;
}

function protocolNumber(system: System, name: unknown): number {
  if (typeof name === "number") return name;
  const text = String(name);
  if (text === "icmp6") return PROTOCOL.icmp6;
  return protocolByName(system, text) ?? Number(text);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function optionsOf(hex: string): IpOption[] {
  const bytes = bytesOf(hex);
  const options: IpOption[] = [];
  for (let i = 0; i < bytes.length; ) {
    const type = bytes[i] as number;
    const length = type <= 1 ? 1 : Math.max(2, bytes[i + 1] ?? 2);
    options.push({ type, bytes: bytes.slice(i, i + length) });
    i += length;
  }
  return options;
}

function setTcpOptions(packet: Packet, list: readonly unknown[][]): void {
  const { tcp } = packet;
  if (tcp === null) return;
  const bytes: number[] = [];
  const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  for (const [kind, first, second] of list) {
    switch (kind) {
      case "mss":
        tcp.mss = Number(first);
        bytes.push(2, 4, tcp.mss >> 8, tcp.mss & 255);
        break;
      case "wscale":
        tcp.windowScale = Number(first);
        bytes.push(3, 3, tcp.windowScale);
        break;
      case "sackok":
        tcp.sackPermitted = true;
        bytes.push(4, 2);
        break;
      case "ts":
        tcp.timestamps = { value: Number(first), echo: Number(second) };
        bytes.push(8, 10, ...word(Number(first)), ...word(Number(second)));
        break;
      case "nop":
        bytes.push(1);
        break;
      default:
        throw new Error(`unknown TCP option ${String(kind)}`);
    }
  }
  tcp.rawOptions = Uint8Array.from(bytes);
}

function tcpOptionsOf(packet: Packet): unknown[][] {
  const { tcp } = packet;
  const list: unknown[][] = [];
  if (tcp === null) return list;
  const raw = tcp.rawOptions;
  if (raw === null) {
    if (tcp.mss !== null) list.push(["mss", tcp.mss]);
    if (tcp.sackPermitted) list.push(["sackok"]);
    if (tcp.timestamps !== null) list.push(["ts", tcp.timestamps.value, tcp.timestamps.echo]);
    if (tcp.windowScale !== null) list.push(["wscale", tcp.windowScale]);
    return list;
  }
  const word = (at: number): number =>
    (((raw[at] ?? 0) << 24) | ((raw[at + 1] ?? 0) << 16) | ((raw[at + 2] ?? 0) << 8) | (raw[at + 3] ?? 0)) >>> 0;
  for (let i = 0; i < raw.length; ) {
    const kind = raw[i] as number;
    if (kind === 0) break;
    if (kind === 1) {
      list.push(["nop"]);
      i++;
      continue;
    }
    if (kind === 2) list.push(["mss", word(i + 2) >>> 16]);
    else if (kind === 3) list.push(["wscale", raw[i + 2]]);
    else if (kind === 4) list.push(["sackok"]);
    else if (kind === 8) list.push(["ts", word(i + 2), word(i + 6)]);
    i += Math.max(2, raw[i + 1] ?? 2);
  }
  return list;
}

/**
 * A packet as the corpus writes it. `inner` leaves out what an error does not quote; `whole` is what a fragment was cut
 * from, whose UDP header still says the whole length.
 */
export function jsonOf(system: System, packet: Packet, whole: Packet | null = null): Json {
  const json: Json = { src: `${packet.source}`, dst: `${packet.destination}` };
  if (packet.dontFragment) json["df"] = true;
  if (packet.options.length > 0 && packet.family === 4) {
    json["ipopts"] = packet.options.map((option) => Buffer.from(option.bytes ?? []).toString("hex")).join("");
    const text = json["ipopts"] as string;
    json["ipopts"] = text.padEnd(Math.ceil(text.length / 8) * 8, "0");
  }
  if (packet.fragment !== null) {
    const length = transportHeaderLength(packet) + packet.payloadLength;
    json["frag"] = { id: packet.fragment.id, offset: packet.fragment.offset, len: length, more: packet.fragment.more };
  }
  json["proto"] = protocolName(system, packet.protocol);
  if (packet.tos !== 0) json["tos"] = packet.tos;
  json["ttl"] = packet.ttl;
  const first = packet.fragment === null || packet.fragment.offset === 0;
  if (first) transport(system, packet, json, whole);
  return json;
}

function transport(system: System, packet: Packet, json: Json, whole: Packet | null): void {
  const { tcp, icmp } = packet;
  const length = whole?.payloadLength ?? packet.payloadLength;
  if (packet.protocol === PROTOCOL.tcp || packet.protocol === PROTOCOL.udp) {
    json["sport"] = packet.sourcePort;
    json["dport"] = packet.destinationPort;
    if (tcp !== null) {
      json["seq"] = tcp.sequence;
      json["flags"] = [...FLAG_LETTERS].filter((_, bit) => (tcp.flags & (1 << bit)) !== 0).join("");
      if (tcp.acknowledgement !== 0) json["ack"] = tcp.acknowledgement;
      if (tcp.window !== 65535) json["win"] = tcp.window;
      const options = tcpOptionsOf(packet);
      if (options.length > 0) json["tcpopts"] = options;
    }
    if (length !== 0) json["len"] = length;
  } else if (icmp !== null) {
    json["type"] = icmp.type;
    json["code"] = icmp.code;
    if (isEcho(packet)) {
      json["id"] = icmp.id;
      json["iseq"] = icmp.sequence;
    }
    if (icmp.mtu !== 0) json["mtu"] = icmp.mtu;
    if (icmp.target !== null) json["target"] = `${icmp.target}`;
    if (icmp.inner !== null) json["inner"] = innerOf(system, icmp.inner);
    else if (length !== 0) json["len"] = length;
  } else {
    const all = packet.protocol === PROTOCOL.sctp ? length + 12 : length;
    if (all !== 0) json["len"] = all;
  }
}

function isEcho(packet: Packet): boolean {
  const type = packet.icmp?.type;
  return packet.family === 4 ? type === 8 || type === 0 : type === 128 || type === 129;
}

/** What an ICMP error quotes, as far as 8 octets of the transport header go. */
function innerOf(system: System, inner: Packet): Json {
  const json: Json = {
    src: `${inner.source}`,
    dst: `${inner.destination}`,
    proto: protocolName(system, inner.protocol),
  };
  if (inner.protocol === PROTOCOL.tcp || inner.protocol === PROTOCOL.udp) {
    json["sport"] = inner.sourcePort;
    json["dport"] = inner.destinationPort;
    if (inner.tcp !== null) json["seq"] = inner.tcp.sequence;
  } else if (inner.icmp !== null) {
    json["type"] = inner.icmp.type;
    json["code"] = inner.icmp.code;
    if (isEcho(inner)) {
      json["id"] = inner.icmp.id;
      json["iseq"] = inner.icmp.sequence;
    }
  }
  return json;
}

export function protocolName(system: System, number: number): string {
  if (number === PROTOCOL.icmp6) return "icmp6";
  return protocolByNumber(system, number) ?? `${number}`;
}
