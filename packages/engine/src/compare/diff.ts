/**
 * Which packets change fate between two machines. Packets are cut into classes that no rule, route or address of
 * either machine tells apart; one of each is sent through both.
 */
import { type Address, type Family, PROTOCOL, parseAddress } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { FilterInterface } from "../pf/types.ts";
import { type PacketClass, partitionRegions } from "../prove/classes.ts";
import { addressValue, type RegionContext, type RuleRegion, regionsOf, whereValue } from "../prove/constraints.ts";
import { liveContext } from "../prove/live.ts";
import { contains, normalize, type Range, type Ranges, subtract } from "../prove/ranges.ts";
import { examplePacket, packetLine } from "./examples.ts";
import { type Fate, type FateRule, fateOf } from "./fate.ts";

export interface DiffOptions {
  /** Most classes that are looked at; 50,000 when absent. */
  readonly limit?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Packets that went one way and now go another, one entry for each pair of rules and fates. */
export interface FateChange {
  /** As `trace --packet` takes it. */
  readonly packet: string;
  /** Where it comes in; null: the machine sends it. */
  readonly interface: string | null;
  readonly before: Fate;
  readonly after: Fate;
  /** How many classes of packets change in this way. */
  readonly classes: number;
  /** Which packets these are, by the first of the classes: `tcp to port 443, from 192.168.1.0-192.168.1.255`. */
  readonly packets: string;
}

export interface DiffReport {
  readonly changes: readonly FateChange[];
  /** Classes that were compared. */
  readonly examined: number;
  /** False: there are more classes than the limit; what was not looked at may differ, too. */
  readonly complete: boolean;
  /** Conditions of rules that a header does not show; both machines were asked with a plain packet. */
  readonly conditions: readonly string[];
}

const LIMIT = 50_000;

/** Compares two machines. Both are used: their states are flushed. */
export function diffMachines(before: Machine, after: Machine, options: DiffOptions = {}): DiffReport {
  const names = [...new Set([...before.interfaces(), ...after.interfaces()].map((one) => one.name))];
  const entries: (string | null)[] = [...names.filter((name) => !/^(?:lo|pflog|enc)\d/.test(name)), null];
  const found = new Map<string, FateChange & { classes: number }>();
  const conditions = new Set<string>();
  let examined = 0;
  let complete = true;
  let done = 0;
  const share = Math.ceil((options.limit ?? LIMIT) / (entries.length * 2));
  for (const family of [4, 6] as const) {
    const contexts = [before, after].map((machine) => withInterfaces(liveContext(machine, family), names));
    for (const entry of entries) {
      const regions = contexts.flatMap((context) => passes(context, entry));
      for (const one of regions.flat()) for (const condition of one.conditions) conditions.add(condition);
      const { extra, preferred, sources } = surroundings([before, after], family, entry);
      if (sources.length === 0) continue;
      const partition = partitionRegions(regions, contexts[0] as RegionContext, {
        limit: share,
        only: { where: [[0n, 0n]], source: sources, destination: destinations(family) },
        extra: { destination: extra },
        preferred,
      });
      complete &&= partition.complete;
      for (const one of partition.classes) {
        const packet = examplePacket(one, family);
        if (packet === null) continue;
        if (entry !== null && [before, after].some((machine) => machine.interface(entry) === null)) {
          conditions.add(`${entry} exists on one side only`);
          continue;
        }
        examined++;
        const old = fateOf(before, packet, entry);
        const now = fateOf(after, packet, entry);
        if (old.text === now.text) continue;
        const key = [entry, old.text, now.text, ruleKey(old.rules), ruleKey(now.rules)].join("\n");
        const known = found.get(key);
        if (known !== undefined) known.classes++;
        else {
          found.set(key, {
            packet: packetLine(packet, entry, before.system),
            interface: entry,
            before: old,
            after: now,
            classes: 1,
            packets: describe(one, family),
          });
        }
      }
      options.onProgress?.(++done, entries.length * 2);
    }
  }
  return { changes: [...found.values()], examined, complete, conditions: [...conditions].sort() };
}

function ruleKey(rules: readonly FateRule[]): string {
  return rules.map((one) => `${one.direction} ${one.interface} ${one.text}`).join("|");
}

/** The same numbering of interfaces for both machines; one that a machine lacks has no addresses there. */
function withInterfaces(context: RegionContext, names: readonly string[]): RegionContext {
  const own = new Map(context.interfaces.map((one) => [one.name, one]));
  const missing = (name: string): FilterInterface => ({
    name,
    groups: [],
    addresses: [],
    link: "down",
    kind: "broadcast",
    mtu: 1500,
    routingDomain: 0,
  });
  return { ...context, interfaces: names.map((name) => own.get(name) ?? missing(name)) };
}

/** The rules a packet meets: those on the way in, and for every interface those on the way out. */
function passes(context: RegionContext, entry: string | null): RuleRegion[][] {
  const all = regionsOf(context);
  const lists: RuleRegion[][] = [];
  const at = (where: bigint): RuleRegion[] =>
    all
      .filter(({ constraints }) => constraints.where === null || contains(constraints.where, where))
      .map((region) => ({ ...region, constraints: { ...region.constraints, where: null } }));
  context.interfaces.forEach((one, index) => {
    if (one.name === entry) lists.push(at(whereValue(index, "in")));
    else if (one.kind !== "loopback") lists.push(at(whereValue(index, "out")));
  });
  return lists;
}

/** Addresses that matter although no rule names them, and good examples. */
function surroundings(
  machines: readonly Machine[],
  family: Family,
  entry: string | null,
): {
  extra: Ranges[];
  preferred: {
    source: bigint[];
    destination: bigint[];
    kind: bigint[];
    sourcePort: bigint[];
    destinationPort: bigint[];
  };
  sources: Ranges;
} {
  const extra: Ranges[] = [];
  const sources: bigint[] = [];
  const own: Address[] = [];
  const inside: { address: Address; length: number }[] = [];
  const behind: { address: Address; length: number }[] = [];
  for (const machine of machines) {
    for (const one of machine.interfaces()) {
      for (const { address, length } of one.addresses) {
        if (address.family !== family || address.isLinkLocal()) continue;
        const network = address.masked(length);
        extra.push(
          [[addressValue(address), addressValue(address)]],
          [[addressValue(network), addressValue(address.filled(length))]],
        );
        own.push(address);
        (one.name === entry ? behind : inside).push({ address: network, length });
        if (one.name === entry) sources.push(neighbour(network, length, address));
        if (entry === null) sources.push(addressValue(address));
      }
    }
    for (const route of machine.routes.list()) {
      if (route.destination.family !== family || route.length === 0) continue;
      extra.push([[addressValue(route.destination), addressValue(route.destination.filled(route.length))]]);
    }
  }
  const far = addressValue(parseAddress(family === 4 ? "93.184.216.34" : "2001:db8:ffff::34") as Address);
  const syn = (protocol: number, detail: number): bigint => BigInt(protocol * 65536 + detail);
  const echo = family === 4 ? syn(PROTOCOL.icmp, 8 * 256) : syn(PROTOCOL.icmp6, 128 * 256);
  return {
    extra,
    preferred: {
      source: [...sources, far],
      destination: [far, ...inside.map(({ address, length }) => neighbour(address, length, address))],
      kind: [
        ...[2, 16, 18, 17, 4].map((flags) => syn(PROTOCOL.tcp, flags)),
        syn(PROTOCOL.udp, 0),
        echo,
        syn(family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6, family === 4 ? 0 : 129 * 256),
        syn(PROTOCOL.esp, 0),
        syn(PROTOCOL.gre, 0),
      ],
      sourcePort: [40000n],
      destinationPort: [443n, 80n, 53n, 22n, 33434n],
    },
    sources: sourcesAt(family, entry, own, inside, behind),
  };
}

interface Network {
  readonly address: Address;
  readonly length: number;
}

/**
 * Addresses that packets can come from: the machine sends from its own; nobody else does, and hosts of one network do
 * not arrive on another.
 */
function sourcesAt(
  family: Family,
  entry: string | null,
  own: readonly Address[],
  inside: readonly Network[],
  behind: readonly Network[],
): Ranges {
  const mine = normalize(own.map((address) => [addressValue(address), addressValue(address)] as const));
  if (entry === null) return mine;
  const range = ({ address, length }: Network): Range => [addressValue(address), addressValue(address.filled(length))];
  const elsewhere = subtract(normalize(inside.map(range)), normalize(behind.map(range)));
  return subtract(subtract(unicast(family), elsewhere), mine);
}

function unicast(family: Family): Ranges {
  return family === 4 ? [[1n, (224n << 24n) - 1n]] : [[2n, (0xffn << 120n) - 1n]];
}

function destinations(family: Family): Ranges {
  return [[1n, family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n]];
}

/** A host of a network that is not `own`. */
function neighbour(network: Address, length: number, own: Address): bigint {
  const bits = network.bits - length;
  const first = addressValue(network);
  if (bits <= 1) return first;
  const wanted = first + (bits > 4 ? 10n : 1n);
  return wanted === addressValue(own) ? wanted + 1n : wanted;
}

/** The packets of a class in words: protocol, ports, addresses, as far as they are narrowed down. */
function describe(one: PacketClass, family: Family): string {
  const whole = family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n;
  const protocol = Number(one.example.kind >> 16n);
  const name = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp" }[protocol] ?? `protocol ${protocol}`;
  let text = name;
  const ports = rangesText(one.values.destinationPort, 65535n, String);
  if (ports !== "" && (protocol === 6 || protocol === 17 || protocol === 132)) text += ` to port ${ports}`;
  const address = (value: bigint): string => `${addressOf(value, family)}`;
  const from = rangesText(one.values.source, whole, address);
  const to = rangesText(one.values.destination, whole, address);
  if (from !== "") text += `, from ${from}`;
  if (to !== "") text += `, to ${to}`;
  return text;
}

function addressOf(value: bigint, family: Family): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - i * 16)) & 0xffffn).toString(16)).join(
    ":",
  );
  return `${parseAddress(groups) ?? groups}`;
}

/** Up to three ranges; "" when every value is in. */
function rangesText(ranges: Ranges, last: bigint, text: (value: bigint) => string): string {
  if (ranges.length === 1 && ranges[0]?.[0] === 0n && ranges[0][1] === last) return "";
  const shown = ranges.slice(0, 3).map(([low, high]) => (low === high ? text(low) : `${text(low)}-${text(high)}`));
  return shown.join(" ") + (ranges.length > 3 ? " …" : "");
}
