/** Words for sets of packets: ranges of values as networks, ports, protocols and flags. */
import { type Family, formatPrefix, PROTOCOL, type System } from "@pierhead/core";
import { icmpTypeName } from "@pierhead/lang/names";
import { flagsText } from "../scenario/check.ts";
import { protocolText } from "../trace/describe.ts";
import { type Arrival, saneKinds } from "./arrivals.ts";
import { addressFrom, type Field } from "./constraints.ts";
import { intersect, type Ranges, subtract } from "./ranges.ts";

/** Parts of a list that are shown. */
const MOST = 6;

/** One part of a class: `in on vr1, tcp, from 192.168.1.0/24, to port 80`. */
export function describePart(
  part: Partial<Record<Field, Ranges>>,
  arrival: Arrival,
  family: Family,
  system: System,
): string {
  const words = [arrival === null ? "sent by the machine" : `in on ${arrival}`, family === 4 ? "IPv4" : "IPv6"];
  if (part.kind !== undefined) words.push(kindWords(part.kind, family, system));
  const from = endWords("from", part.source, part.sourcePort, family);
  const to = endWords("to", part.destination, part.destinationPort, family);
  if (from !== "") words.push(from);
  if (to !== "") words.push(to);
  if (part.tos !== undefined) words.push(`tos ${rangeWords(part.tos, [[0n, 255n]])}`);
  return words.join(", ");
}

function endWords(side: string, addresses: Ranges | undefined, ports: Ranges | undefined, family: Family): string {
  if (addresses === undefined && ports === undefined) return "";
  const address = addresses === undefined ? "any" : addressWords(addresses, family);
  return `${side} ${address}${ports === undefined ? "" : ` port ${rangeWords(ports, [[0n, 65535n]])}`}`;
}

function list(items: readonly string[]): string {
  if (items.length === 1) return items[0] as string;
  const shown = items.slice(0, MOST).join(", ");
  return items.length > MOST ? `{ ${shown}, … ${items.length - MOST} more }` : `{ ${shown} }`;
}

/** A set, or what is missing to everything when that is shorter. */
function shorter(ranges: Ranges, all: Ranges, words: (ranges: Ranges) => string[]): string {
  const rest = subtract(all, ranges);
  if (rest.length === 0) return "any";
  const own = words(ranges);
  const other = words(rest);
  if (own.length <= MOST && other.length > MOST) return list(own);
  const [plain, negated] = [list(own), `any but ${list(other)}`];
  return negated.length < plain.length ? negated : plain;
}

function rangeWords(ranges: Ranges, all: Ranges): string {
  return shorter(ranges, all, (given) => given.map(([low, high]) => (low === high ? `${low}` : `${low}:${high}`)));
}

export function addressWords(ranges: Ranges, family: Family): string {
  const all: Ranges = [[0n, (1n << (family === 4 ? 32n : 128n)) - 1n]];
  return shorter(ranges, all, (given) =>
    given.map(([low, high]) => {
      const size = high - low + 1n;
      if (size === 1n) return `${addressFrom(low, family)}`;
      if ((size & (size - 1n)) === 0n && low % size === 0n) {
        const bits = size.toString(2).length - 1;
        return formatPrefix({ address: addressFrom(low, family), length: (family === 4 ? 32 : 128) - bits });
      }
      return `${addressFrom(low, family)} - ${addressFrom(high, family)}`;
    }),
  );
}

function kindWords(ranges: Ranges, family: Family, system: System): string {
  return shorter(ranges, saneKinds(family), (given) => protocolsOf(given, family, system));
}

function protocolsOf(ranges: Ranges, family: Family, system: System): string[] {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  const words: string[] = [];
  for (let protocol = 0; protocol < 256; protocol++) {
    const whole: Ranges = [[BigInt(protocol * 65536), BigInt(protocol * 65536 + 65535)]];
    const own = intersect(ranges, whole);
    if (own.length === 0) continue;
    const name = protocolText(protocol, system);
    const sane = intersect(saneKinds(family), whole);
    if (subtract(sane, own).length === 0) words.push(name);
    else if (protocol === PROTOCOL.tcp) words.push(`${name} ${flagWords(own)}`);
    else if (protocol === icmp) words.push(...icmpWords(own, family, system, name));
    else words.push(name);
  }
  return words;
}

function flagWords(ranges: Ranges): string {
  const values: number[] = [];
  for (const [low, high] of ranges) {
    for (let one = low; one <= high && values.length < 256; one++) values.push(Number(one & 255n));
  }
  const every = (wanted: number, of: number): boolean => values.every((value) => (value & of) === wanted);
  if (every(2, 18)) return "SYN";
  if (every(18, 18)) return "SYN+ACK";
  if (every(4, 4)) return "RST";
  if (every(0, 2)) return every(0, 4) ? "ACK without SYN" : "without SYN";
  return `flags ${list(values.map((value) => flagsText(value)))}`;
}

function icmpWords(ranges: Ranges, family: Family, system: System, name: string): string[] {
  const words: string[] = [];
  for (const [low, high] of ranges) {
    const first = Number((low >> 8n) & 255n);
    const last = Number((high >> 8n) & 255n);
    const code = (low & 255n) === 0n && (high & 255n) === 255n ? "" : ` code ${low & 255n}`;
    const label = icmpTypeName(system, family, first) ?? `type ${first}`;
    words.push(first === last ? `${name} ${label}${code}` : `${name} types ${first}:${last}`);
  }
  return words;
}
