import type { Family } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { prefixSet } from "./constraints.ts";
import { normalize, type Range, type Ranges } from "./ranges.ts";

/** First and last addresses of the machine's networks, which no host has. */
export function networkEnds(machine: Machine, family: Family): Ranges {
  const ends: Range[] = [];
  for (const one of machine.interfaces()) {
    for (const { address, length, broadcast } of one.addresses) {
      if (address.family !== family || family === 6 || length > 30) continue;
      ends.push(...prefixSet(address.masked(length), 32), ...prefixSet(broadcast ?? address.filled(length), 32));
    }
  }
  return normalize(ends);
}
