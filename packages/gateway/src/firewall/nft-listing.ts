/** What nft prints about our sets (nft 1.0 text: its JSON takes as long to make and three times as long to read). */
import type { SpoofingSign } from "./driver.ts";

export interface Count {
  readonly packets: bigint;
  readonly octets: bigint;
}

/** What stands between the braces of `nft list set`. */
export function elements(listing: string): string {
  const start = listing.indexOf("elements = {");
  return start < 0 ? "" : listing.slice(start + 12, listing.indexOf("}", start));
}

/** `0x00000007 counter packets 1 bytes 2` */
export function readCounts(elements: string): Map<number, Count> {
  const counts = new Map<number, Count>();
  for (const [, mark, packets, octets] of elements.matchAll(/0x([0-9a-f]+) counter packets (\d+) bytes (\d+)/g)) {
    counts.set(Number.parseInt(mark as string, 16), {
      packets: BigInt(packets as string),
      octets: BigInt(octets as string),
    });
  }
  return counts;
}

/** `02:00:00:00:00:01 : 0x00000007` */
export function readMacs(elements: string): [mac: string, number: number][] {
  return [...elements.matchAll(/([0-9a-f:]{17}) : 0x([0-9a-f]+)/g)].map(([, mac, mark]) => [
    mac as string,
    Number.parseInt(mark as string, 16),
  ]);
}

/** `02:00:00:00:00:01 . 192.0.2.7` */
export function readBound(elements: string): [mac: string, address: string][] {
  return [...elements.matchAll(/([0-9a-f:]{17}) \. ([0-9.]+)/g)].map(([, mac, address]) => [
    mac as string,
    address as string,
  ]);
}

/** `0x00000007 : 7068:12` or `0x00000007 : none`; the minor number, 0 for none. */
export function readClasses(elements: string): [number: number, slot: number][] {
  return [...elements.matchAll(/0x([0-9a-f]+) : (?:none|[0-9a-f]+:([0-9a-f]*))/g)].map(([, mark, minor]) => [
    Number.parseInt(mark as string, 16),
    Number.parseInt(minor || "0", 16),
  ]);
}

export function readStrange(elements: string): SpoofingSign[] {
  const pattern = /([0-9a-f:]{17}) \. ([0-9.]+) counter packets (\d+)/g;
  return [...elements.matchAll(pattern)].map(([, mac, address, packets]) => ({
    mac: mac as string,
    address: address as string,
    packets: BigInt(packets as string),
  }));
}

/** A line of `nft monitor destroy elements` about our counters. */
export function readDestroyed(line: string): { set: "up" | "down" | "probe"; number: number; count: Count } | null {
  const match =
    /^delete element inet pierhead_portal (up|down|probe) \{ 0x([0-9a-f]+)(?: counter packets (\d+) bytes (\d+))? \}/.exec(
      line,
    );
  if (match === null) return null;
  return {
    set: match[1] as "up" | "down" | "probe",
    number: Number.parseInt(match[2] as string, 16),
    count: { packets: BigInt(match[3] ?? 0), octets: BigInt(match[4] ?? 0) },
  };
}
