/**
 * `pfctl -t signed -vT show` (print_astats() of sbin/pfctl/pfctl_table.c, OpenBSD and FreeBSD): an address after three
 * columns of marks, then indented lines of counters. OpenBSD has `In/Match:` besides.
 */
import { parseAddress } from "@pierhead/core";
import type { Counters } from "./driver.ts";

export function readTable(text: string): Map<string, Counters> {
  const found = new Map<string, Counters>();
  let address: string | null = null;
  for (const line of text.split("\n")) {
    if (!line.startsWith("\t")) {
      address = parseAddress(line.slice(3).split(/[\s/]/, 1)[0] ?? "")?.toString() ?? null;
      if (address !== null) found.set(address, NOTHING);
      continue;
    }
    const match = /^\t(In|Out)\/Pass:\s+\[ Packets: (\d+)\s+Bytes: (\d+)\s+\]/.exec(line);
    if (match === null || address === null) continue;
    const [packets, octets] = [BigInt(match[2] as string), BigInt(match[3] as string)];
    const before = found.get(address) ?? NOTHING;
    found.set(
      address,
      match[1] === "In"
        ? { ...before, inputOctets: octets, inputPackets: packets }
        : { ...before, outputOctets: octets, outputPackets: packets },
    );
  }
  return found;
}

export const NOTHING: Counters = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };

export function sum(all: readonly Counters[]): Counters {
  return all.reduce(
    (left, right) => ({
      inputOctets: left.inputOctets + right.inputOctets,
      outputOctets: left.outputOctets + right.outputOctets,
      inputPackets: left.inputPackets + right.inputPackets,
      outputPackets: left.outputPackets + right.outputPackets,
    }),
    NOTHING,
  );
}
