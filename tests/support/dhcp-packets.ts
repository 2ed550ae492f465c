/** Captures and DHCP messages made by hand, for tests: every field can be wrong. */

export type Octets = readonly number[] | Uint8Array;

export const u16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];
const concat = (...parts: Octets[]): number[] => parts.flatMap((part) => [...part]);

/** An address of full groups or with `::`, as 16 octets. */
export function ip6(text: string): number[] {
  const [head = "", tail = ""] = text.split("::") as [string, string?];
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((one) => Number.parseInt(one, 16));
  const [before, after] = [groups(head), groups(tail)];
  const middle = new Array<number>(text.includes("::") ? 8 - before.length - after.length : 0).fill(0);
  return [...before, ...middle, ...after].flatMap(u16);
}

export const ip4 = (text: string): number[] => text.split(".").map(Number);

export const option6 = (code: number, ...body: Octets[]): number[] => {
  const all = concat(...body);
  return [...u16(code), ...u16(all.length), ...all];
};

export const CLIENT = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
export const SERVER = [0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
export const OTHER_SERVER = [0, 3, 0, 1, 2, 0, 0, 0, 0, 8];

export interface Ia {
  readonly kind?: "na" | "pd";
  readonly id?: number;
  readonly t1: number;
  readonly t2: number;
  readonly leases?: readonly { readonly address: string; readonly preferred: number; readonly valid: number }[];
  readonly status?: number;
}

export function ia({ kind = "na", id = 1, t1, t2, leases = [], status }: Ia): number[] {
  const inside = leases.map(({ address, preferred, valid }) =>
    kind === "na"
      ? option6(5, ip6(address), u32(preferred), u32(valid))
      : option6(26, u32(preferred), u32(valid), [Number(address.split("/")[1])], ip6(address.split("/")[0] as string)),
  );
  const code = status === undefined ? [] : option6(13, u16(status), [...Buffer.from("no")]);
  return option6(kind === "na" ? 3 : 25, u32(id), u32(t1), u32(t2), ...inside, code);
}

/** A DHCPv6 message: type, transaction id, options. */
export function dhcpv6(type: number, xid: number, ...options: Octets[]): number[] {
  return [type, ...u32(xid).slice(1), ...concat(...options)];
}

export const clientId = (duid: Octets = CLIENT): number[] => option6(1, duid);
export const serverId = (duid: Octets = SERVER): number[] => option6(2, duid);

export const option4 = (code: number, ...body: Octets[]): number[] => {
  const all = concat(...body);
  return [code, all.length, ...all];
};

/** A DHCPv4 message. */
export function dhcpv4(
  operation: number,
  type: number,
  fields: { xid?: number; ciaddr?: string; yiaddr?: string; file?: Octets; sname?: Octets },
  ...options: Octets[]
): number[] {
  const pad = (octets: Octets, length: number): number[] => [
    ...octets,
    ...new Array<number>(length - octets.length).fill(0),
  ];
  return concat(
    [operation, 1, 6, 0],
    u32(fields.xid ?? 0x1234),
    u32(0),
    ip4(fields.ciaddr ?? "0.0.0.0"),
    ip4(fields.yiaddr ?? "0.0.0.0"),
    u32(0),
    u32(0),
    pad([2, 0, 0, 0, 0, 1], 16),
    pad(fields.sname ?? [], 64),
    pad(fields.file ?? [], 128),
    [0x63, 0x82, 0x53, 0x63],
    option4(53, [type]),
    ...options,
    [255],
  );
}

export function udp(source: number, destination: number, payload: Octets): number[] {
  return concat(u16(source), u16(destination), u16(payload.length + 8), u16(0), payload);
}

export function ipv6(source: string, destination: string, payload: Octets, next = 17): number[] {
  return concat([0x60, 0, 0, 0], u16(payload.length), [next, 64], ip6(source), ip6(destination), payload);
}

export function ipv4(source: string, destination: string, payload: Octets, fragment = 0): number[] {
  const header = [0x45, 0, ...u16(payload.length + 20), 0, 1, ...u16(fragment), 64, 17, 0, 0];
  return concat(header, ip4(source), ip4(destination), payload);
}

export function ethernet(payload: Octets, ...types: number[]): number[] {
  const version = (payload[0] as number) >> 4;
  const tags = types.flatMap((type) => [...u16(type), 0, 7]);
  return concat(new Array<number>(12).fill(2), tags, u16(version === 6 ? 0x86dd : 0x0800), payload);
}

const CLIENT_IP = "fe80::1";
const SERVER_IP = "fe80::9";

/** A DHCPv6 message of the client on Ethernet; types above the client's are the server's. */
export function frame6(message: Octets): number[] {
  const type = message[0] as number;
  return type === 2 || type === 7 || type === 10
    ? ethernet(ipv6(SERVER_IP, CLIENT_IP, udp(547, 546, message)))
    : ethernet(ipv6(CLIENT_IP, "ff02::1:2", udp(546, 547, message)));
}

export function frame4(message: Octets): number[] {
  return message[0] === 2
    ? ethernet(ipv4("192.0.2.1", "192.0.2.10", udp(67, 68, message)))
    : ethernet(ipv4("0.0.0.0", "255.255.255.255", udp(68, 67, message)));
}

export interface Recorded {
  /** Seconds since 1970. */
  readonly at: number;
  readonly frame: Octets;
}

export interface PcapOptions {
  readonly little?: boolean;
  readonly nano?: boolean;
  readonly linkType?: number;
}

/** A pcap file. */
export function pcap(packets: readonly Recorded[], options: PcapOptions = {}): Uint8Array {
  const { little = false, nano = false, linkType = 1 } = options;
  const size = packets.reduce((sum, { frame }) => sum + 16 + frame.length, 24);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 262_144, little);
  view.setUint32(20, linkType, little);
  let at = 24;
  for (const { at: time, frame } of packets) {
    const whole = Math.floor(time);
    view.setUint32(at, whole, little);
    view.setUint32(at + 4, Math.round((time - whole) * (nano ? 1e9 : 1e6)), little);
    view.setUint32(at + 8, frame.length, little);
    view.setUint32(at + 12, frame.length, little);
    bytes.set(frame, at + 16);
    at += 16 + frame.length;
  }
  return bytes;
}

/** A pcapng file with one section and one interface; times in microseconds, or in `resolution` of if_tsresol. */
export function pcapng(
  packets: readonly Recorded[],
  options: { little?: boolean; linkType?: number; resolution?: number } = {},
): Uint8Array {
  const { little = true, linkType = 1, resolution } = options;
  const perSecond = resolution === undefined ? 1e6 : 10 ** resolution;
  const blocks: number[] = [];
  const word = (value: number): number[] => (little ? u32(value).reverse() : u32(value));
  const half = (value: number): number[] => (little ? u16(value).reverse() : u16(value));
  const block = (type: number, body: Octets): void => {
    const padded = [...body, ...new Array<number>((4 - (body.length % 4)) % 4).fill(0)];
    blocks.push(...word(type), ...word(padded.length + 12), ...padded, ...word(padded.length + 12));
  };
  block(0x0a0d0d0a, [...word(0x1a2b3c4d), ...half(1), ...half(0), ...word(0xffffffff), ...word(0xffffffff)]);
  const unit = resolution === undefined ? [] : [...half(9), ...half(1), resolution, 0, 0, 0, ...half(0), ...half(0)];
  block(1, [...half(linkType), ...half(0), ...word(262_144), ...unit]);
  for (const { at, frame } of packets) {
    const units = Math.round(at * perSecond);
    const high = Math.floor(units / 4_294_967_296);
    block(6, [
      ...word(0),
      ...word(high),
      ...word(units - high * 4_294_967_296),
      ...word(frame.length),
      ...word(frame.length),
      ...frame,
    ]);
  }
  return Uint8Array.from(blocks);
}

/** Packets `start`, `start + 1 s`, … of DHCPv6 messages. */
export function talk6(messages: readonly Octets[], start = 1_795_521_600): Recorded[] {
  return messages.map((message, index) => ({ at: start + index, frame: frame6(message) }));
}

/** Solicit, Advertise, Request, Reply with these associations. */
export function exchange6(...associations: Ia[]): Octets[] {
  const ias = associations.flatMap(ia);
  const asked = associations.flatMap(({ kind = "na", id = 1 }) => ia({ kind, id, t1: 0, t2: 0 }));
  return [
    dhcpv6(1, 0x111111, clientId(), asked),
    dhcpv6(2, 0x111111, clientId(), serverId(), ias),
    dhcpv6(3, 0x222222, clientId(), serverId(), asked),
    dhcpv6(7, 0x222222, clientId(), serverId(), ias),
  ];
}
