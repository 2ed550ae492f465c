import {
  type Counters,
  type Firewall,
  type FirewallChange,
  FirewallError,
  type OpenEntry,
} from "@pierhead/gateway/firewall";
import type { Chance, Life } from "./chance.ts";

interface Open {
  readonly mac: string;
  addresses: readonly string[];
  rateUp: number | null;
  input: bigint;
  output: bigint;
}

/** The kernel of one machine: outlives the process. */
export class MemoryKernel {
  readonly open: Map<number, Open> = new Map();
  started = false;
  /** Called for everything that is opened. */
  opened: (number: number, mac: string) => void = () => {};
  /** Called with the counters of what is closed. */
  closed: (number: number, entry: Open) => void = () => {};

  apply(changes: readonly FirewallChange[]): Map<number, Counters> {
    const last = new Map<number, Counters>();
    for (const change of changes) {
      if (change.kind === "close") {
        const entry = this.open.get(change.number);
        if (entry === undefined) continue;
        last.set(change.number, counters(entry));
        this.open.delete(change.number);
        this.closed(change.number, entry);
        continue;
      }
      const { number, mac, addresses, rateUp } = change.opening;
      const before = this.open.get(number);
      if (change.kind === "alter" && before === undefined) continue;
      if (before === undefined) {
        this.open.set(number, { mac, addresses, rateUp, input: 0n, output: 0n });
        this.opened(number, mac);
      } else Object.assign(before, { addresses, rateUp });
    }
    return last;
  }

  read(): OpenEntry[] {
    return [...this.open].map(([number, entry]) => ({
      number,
      mac: entry.mac,
      addresses: entry.addresses,
      ...counters(entry),
    }));
  }

  traffic(number: number, input: bigint, output: bigint): boolean {
    const entry = this.open.get(number);
    if (entry === undefined) return false;
    entry.input += input;
    entry.output += output;
    return true;
  }
}

function counters(entry: Open): Counters {
  return {
    inputOctets: entry.input,
    outputOctets: entry.output,
    inputPackets: entry.input,
    outputPackets: entry.output,
  };
}

export function memoryFirewall(kernel: MemoryKernel, chance: Chance, life: Life): Firewall & { batches: number[] } {
  const failure = (): Error => new FirewallError("Could not process rule: No buffer space available");
  const batches: number[] = [];
  return {
    batches,
    start: () =>
      chance.call(
        life,
        () => {
          kernel.started = true;
        },
        failure,
      ),
    apply: (changes) => {
      batches.push(changes.length);
      return chance.call(life, () => kernel.apply(changes), failure);
    },
    garden: () => chance.call(life, () => {}, failure),
    read: () => chance.call(life, () => kernel.read(), failure),
    stop: () => chance.call(life, () => {}, failure),
  };
}
