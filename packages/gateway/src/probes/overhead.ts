/** How much of a processor a probe may cost, before and while it runs. */
import { readFileSync } from "node:fs";

/**
 * Nanoseconds that a probe adds to a packet, measured by bench/probes.ts on a saturated veth link (docs/performance.md)
 * for a forwarded packet, which is counted on its way in and on its way out: half of that, rounded up. Probes that are not listed run on rarer events.
 */
const NANOSECONDS: Readonly<Record<string, number>> = { talkers: 900, latency: 900, dns: 700, noroute: 100 };

/** Packets that passed the interfaces of this network namespace so far, both ways; null where that cannot be told. */
export function packetsSoFar(): number | null {
  let text: string;
  try {
    text = readFileSync("/proc/self/net/dev", "utf8");
  } catch {
    return null;
  }
  let sum = 0;
  for (const line of text.split("\n")) {
    const found = /^\s*\S+:\s*\d+\s+(\d+)(?:\s+\d+){7}\s+(\d+)/.exec(line);
    if (found !== null) sum += Number(found[1]) + Number(found[2]);
  }
  return sum;
}

/**
 * Share of one processor that a probe takes at a rate of packets.
 *
 * @param rate packets a second
 */
export function shareOfProcessor(probe: string, rate: number): number {
  return ((NANOSECONDS[probe] ?? 0) * rate) / 1e9;
}

/** Measures the rate of packets between two looks. */
export class PacketRate {
  #packets: number | null = packetsSoFar();
  #at: number = performance.now();

  /** Packets a second since the last look; null where it cannot be told. */
  look(): number | null {
    const now = packetsSoFar();
    const at = performance.now();
    const before = this.#packets;
    const seconds = (at - this.#at) / 1000;
    this.#packets = now;
    this.#at = at;
    return now === null || before === null || seconds <= 0 ? null : (now - before) / seconds;
  }
}
