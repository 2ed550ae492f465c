/** Names of the walled garden: asked of the gateway's own resolver, as long as its answers live. */
import { Resolver } from "node:dns/promises";
import { parseAddress } from "@pierhead/core";
import { type GardenEntry, nftsetLine } from "@pierhead/lang/portal-conf";
import type { GardenAddress } from "./driver.ts";
import { FirewallError } from "./driver.ts";

export interface GardenOptions {
  readonly entries: readonly GardenEntry[];
  /** Resolvers as `192.0.2.53` or `192.0.2.53:5353`; the machine's own when empty. Guests must ask the same. */
  readonly servers: readonly string[];
  /** {@link Firewall.garden} */
  readonly open: (addresses: readonly GardenAddress[]) => Promise<void>;
  /** Told of what does not work; it is tried again. */
  readonly trouble: (sentence: string) => void;
}

export interface Garden {
  /** Asks for every name now. */
  refresh(): Promise<void>;
  close(): void;
}

/** Seconds: answers are believed no shorter and no longer; after a failure it is asked again so soon. */
const SHORTEST = 30;
const LONGEST = 3_600;
/** Addresses of one name: an answer of hundreds is somebody's trick. */
const MOST = 64;

/** Opens the networks at once and the names when they are known; keeps both until closed. */
export async function tendGarden(options: GardenOptions): Promise<Garden> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  const lasting = options.entries.flatMap((one): GardenAddress[] =>
    one.kind === "network" ? [{ prefix: one.prefix, protocol: one.protocol, port: one.port, timeout: null }] : [],
  );
  const names = options.entries.filter((one) => one.kind === "name");
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  const refreshName = async (entry: (typeof names)[number]): Promise<number> => {
    const found = await addressesOf(resolver, entry.name);
    if (found.length === 0) {
      options.trouble(`the walled garden's name ${entry.name} has no address`);
      return SHORTEST;
    }
    const live = Math.min(LONGEST, Math.max(SHORTEST, Math.min(...found.map((one) => one.ttl))));
    // Guests keep an answer as long as it lives, counted from when they asked: twice as long, and the next question.
    const timeout = live * 2 + SHORTEST;
    const addresses = found.map(({ address }) => ({ prefix: address, protocol: null, port: entry.port, timeout }));
    if (!closed) await options.open([...lasting, ...addresses]);
    return live;
  };
  const tend = async (entry: (typeof names)[number]): Promise<void> => {
    let seconds = SHORTEST;
    try {
      seconds = await refreshName(entry);
    } catch (error) {
      options.trouble(`the walled garden's name ${entry.name}: ${(error as Error).message}`);
    }
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void tend(entry);
    }, seconds * 1_000).unref();
    timers.add(timer);
  };

  await options.open(lasting);
  await Promise.all(names.map(tend));
  return {
    refresh: async () => {
      await Promise.all(names.map(refreshName));
    },
    close: () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      resolver.cancel();
    },
  };
}

/** Of both families; an error only when neither answered. */
async function addressesOf(resolver: Resolver, name: string): Promise<{ address: string; ttl: number }[]> {
  const asked = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const found = asked.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const [first] = asked;
  if (found.length === 0 && asked.every((one) => one.status === "rejected" && one.reason?.code !== "ENODATA")) {
    throw new FirewallError(first.status === "rejected" ? String(first.reason?.message ?? first.reason) : "no answer");
  }
  // Addresses that are nobody's to open, whoever answers so.
  return found
    .filter(({ address }) => {
      const parsed = parseAddress(address);
      return (
        parsed !== null &&
        !parsed.isLoopback() &&
        !parsed.isMulticast() &&
        !parsed.isLinkLocal() &&
        !parsed.isUnspecified()
      );
    })
    .slice(0, MOST);
}

/**
 * Lines for dnsmasq.conf (dnsmasq(8), --nftset) that open what dnsmasq answers as it answers, names below included; for
 * nftables only. A name with a port is not among them: dnsmasq adds addresses, not ports.
 */
export function dnsmasqLines(entries: readonly GardenEntry[]): string[] {
  return entries.flatMap((one) => (one.kind === "name" && one.port === null ? [nftsetLine(one.name)] : []));
}
