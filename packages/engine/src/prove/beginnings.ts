/** The kinds of packets that connections begin with. */
import { type Family, PROTOCOL } from "@pierhead/core";
import { saneKinds } from "./arrivals.ts";
import { normalize, type Range, type Ranges, subtract, union } from "./ranges.ts";

/** Packets of these protocols, whatever their details. */
export function protocolSet(protocols: readonly number[]): Ranges {
  return normalize(protocols.map((one): Range => [BigInt(one * 65536), BigInt(one * 65536 + 65535)]));
}

/** Packets that begin something: SYN, echo request, and of other protocols any. */
export function beginnings(family: Family): Ranges {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  const echo = BigInt(icmp * 65536 + (family === 4 ? 8 : 128) * 256);
  const syn = BigInt(PROTOCOL.tcp * 65536 + 2);
  const rest = subtract(saneKinds(family), protocolSet([PROTOCOL.tcp, icmp]));
  return union(rest, [
    [icmp < PROTOCOL.tcp ? echo : syn, icmp < PROTOCOL.tcp ? echo : syn],
    [icmp < PROTOCOL.tcp ? syn : echo, icmp < PROTOCOL.tcp ? syn : echo],
  ]);
}
