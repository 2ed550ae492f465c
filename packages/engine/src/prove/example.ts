/** From a class of packets to one packet, and to the line that `trace --packet` takes. */
import { type Address, type Family, type Packet, PROTOCOL, type System } from "@pierhead/core";
import { icmpTypeName } from "@pierhead/lang/names";
import type { Machine } from "../machine/machine.ts";
import { endText, flagsText } from "../scenario/check.ts";
import { protocolText } from "../trace/describe.ts";
import type { Arrival } from "./arrivals.ts";
import { addressFrom, addressValue, type Field, kindValue } from "./constraints.ts";

/** The packet of an example. Errors quote a packet that their receiver may have sent. */
export function examplePacket(example: Readonly<Record<Field, bigint>>, family: Family): Packet {
  const protocol = Number(example.kind >> 16n);
  const detail = Number(example.kind & 0xffffn);
  const hasPorts = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.sctp;
  const source = addressFrom(example.source, family);
  const destination = addressFrom(example.destination, family);
  const packet: Packet = {
    family,
    source,
    destination,
    protocol,
    sourcePort: hasPorts ? Number(example.sourcePort) : 0,
    destinationPort: hasPorts ? Number(example.destinationPort) : 0,
    ttl: 64,
    tos: Number(example.tos),
    dontFragment: false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: 0,
    tcp: null,
    icmp: null,
    sctpChunk: protocol === PROTOCOL.sctp ? 1 : null,
  };
  if (protocol === PROTOCOL.tcp) {
    packet.tcp = {
      flags: detail & 255,
      sequence: 1000,
      acknowledgement: (detail & 16) !== 0 ? 1 : 0,
      window: 65535,
      mss: null,
      windowScale: null,
      timestamps: null,
      sackPermitted: false,
      rawOptions: null,
    };
  }
  if (protocol === PROTOCOL.igmp) packet.payloadLength = 8;
  if (protocol === (family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6)) addIcmp(packet, detail >> 8, detail & 255);
  return packet;
}

const ERRORS_4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

function addIcmp(packet: Packet, type: number, code: number): void {
  const isError = packet.family === 4 ? ERRORS_4.has(type) : type >= 1 && type <= 4;
  const inner: Packet | null = isError
    ? {
        ...packet,
        source: packet.destination,
        destination: packet.source,
        protocol: PROTOCOL.udp,
        sourcePort: 40000,
        destinationPort: 53,
        payloadLength: 0,
      }
    : null;
  packet.icmp = { type, code, id: 0, sequence: 0, mtu: 0, target: null, inner };
  const isEcho = packet.family === 4 ? type === 8 || type === 0 : type === 128 || type === 129;
  // What ping(8) sends.
  if (isEcho) packet.payloadLength = 56;
  if (packet.family === 6) {
    // Only believed with these hop limits (RFC 4861, RFC 2710).
    if (type >= 133 && type <= 137) packet.ttl = 255;
    if ((type >= 130 && type <= 132) || type === 143) packet.ttl = 1;
  }
}

/** The packet as `trace --packet` takes it. */
export function packetLine(packet: Packet, arrival: Arrival, system: System): string {
  const place = arrival === null ? "out" : `in ${arrival}`;
  const { icmp } = packet;
  if (icmp?.inner != null) return errorLine(packet, arrival, system);
  const known = packet.protocol === PROTOCOL.icmp6 ? "icmp6" : protocolText(packet.protocol, system);
  const protocol = known.startsWith("protocol ") ? null : known;
  const parts = [place];
  if (protocol !== null) parts.push(protocol);
  parts.push(endText(packet, "source"), ">", endText(packet, "destination"));
  if (protocol === null) parts.push(`proto=${packet.protocol}`);
  if (packet.tcp !== null) {
    const flags = flagsText(packet.tcp.flags);
    if (flags !== "") parts.push(flags);
  }
  if (icmp !== null) {
    parts.push(icmpTypeName(system, packet.family, icmp.type) ?? `type=${icmp.type}`);
    if (icmp.code !== 0) parts.push(`code=${icmp.code}`);
  }
  if (packet.tos !== 0) parts.push(`tos=${packet.tos}`);
  return parts.join(" ");
}

function errorLine(packet: Packet, arrival: Arrival, system: System): string {
  const icmp = packet.icmp as NonNullable<Packet["icmp"]>;
  const inner = icmp.inner as Packet;
  const fields = [
    arrival === null ? `out: ""` : `in: ${arrival}`,
    `proto: ${packet.family === 4 ? "icmp" : "icmp6"}`,
    `from: "${packet.source}"`,
    `to: "${packet.destination}"`,
    `type: ${icmpTypeName(system, packet.family, icmp.type) ?? icmp.type}`,
    `code: ${icmp.code}`,
  ];
  if (packet.tos !== 0) fields.push(`tos: ${packet.tos}`);
  fields.push(
    `inner: { proto: ${protocolText(inner.protocol, system)}, from: "${endText(inner, "source")}", to: "${endText(inner, "destination")}" }`,
  );
  return `{ ${fields.join(", ")} }`;
}

/** Values that make good examples for one arrival, best first: packets somebody really sends. */
export function goodExamples(
  machines: readonly Machine[],
  family: Family,
  arrival: Arrival,
): Partial<Record<Field, readonly bigint[]>> {
  const far = FAR[family];
  const near: bigint[] = [];
  const others: bigint[] = [];
  const own: bigint[] = [];
  const loopback: bigint[] = [];
  for (const machine of machines) {
    for (const one of machine.interfaces()) {
      for (const { address, length, peer } of one.addresses) {
        if (address.family !== family || address.isUnspecified()) continue;
        if (one.kind === "loopback") {
          loopback.push(addressValue(address));
          continue;
        }
        own.push(addressValue(address));
        const hosts = one.name === arrival ? near : others;
        if (peer !== undefined) hosts.push(addressValue(peer));
        else for (const host of [10n, 2n, 3n, 7n]) hosts.push(...hostIn(address, length, host));
      }
    }
  }
  const isOutside = (name: string): boolean =>
    machines.some((machine) =>
      machine.routes.list().some((route) => route.length === 0 && route.family === family && route.interface === name),
    );
  const outside = arrival !== null && isOutside(arrival);
  return {
    source:
      arrival === null ? [...own, ...loopback] : outside ? [...far, ...near, ...others] : [...near, ...far, ...others],
    destination: outside ? [...own, ...others, ...far, ...near] : [...far, ...others, ...own, ...near],
    kind: [
      kindValue(PROTOCOL.tcp, 2),
      kindValue(PROTOCOL.udp),
      family === 4 ? kindValue(PROTOCOL.icmp, 8 * 256) : kindValue(PROTOCOL.icmp6, 128 * 256),
      kindValue(PROTOCOL.tcp, 16),
      kindValue(PROTOCOL.tcp, 18),
      kindValue(PROTOCOL.tcp, 4),
      family === 4 ? kindValue(PROTOCOL.icmp, 3 * 256 + 3) : kindValue(PROTOCOL.icmp6, 256 + 4),
      family === 4 ? kindValue(PROTOCOL.icmp, 0) : kindValue(PROTOCOL.icmp6, 129 * 256),
      kindValue(PROTOCOL.esp),
      kindValue(PROTOCOL.gre),
    ],
    sourcePort: [40000n, 53n, 123n, 1024n, 1023n],
    destinationPort: [443n, 80n, 22n, 53n, 25n, 123n, 8080n],
    tos: [0n],
  };
}

/** Far away: networks for documentation and benchmarks (RFC 5737, RFC 2544, RFC 3849). */
const FAR: Readonly<Record<Family, readonly bigint[]>> = {
  4: [0xc0000250n, 0xc6336450n, 0xcb007150n, 0xc6120050n],
  6: [0x20010db8ffff0000_0000000000000080n, 0x3fff0000000000000000000000000080n],
};

function hostIn(network: Address, length: number, host: bigint): bigint[] {
  const bits = BigInt(network.bits - length);
  if (bits < 2n || host >= (1n << bits) - 1n) return [];
  const value = addressValue(network.masked(length)) + host;
  return value === addressValue(network) ? [] : [value];
}
