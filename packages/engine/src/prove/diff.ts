/** Which packets change fate between two machines: the semantic difference of two configurations. */
import { type Family, PROTOCOL, type System, TCP_FLAG } from "@pierhead/core";
import { type BuildOptions, buildMachine, type MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { ConfigTree, TreeTexts } from "../tree/index.ts";
import { type Arrival, universeFor, Watchers } from "./arrivals.ts";
import { changedPart } from "./changed-only.ts";
import { markChangedRules } from "./changed-rules.ts";
import { FIELDS, type Field } from "./constraints.ts";
import { type Cut, type CutList, type CutRegion, cut } from "./cut.ts";
import { examplePacket, goodExamples, packetLine } from "./example.ts";
import { FateTeller, type PacketFate, type ResponsibleRule } from "./fate.ts";
import { sameLists } from "./list-identity.ts";
import { type NotExamined, notExaminedIn } from "./not-examined.ts";
import { PacketSet } from "./parts.ts";
import { single, union } from "./ranges.ts";
import { worldOf } from "./world.ts";

export interface DiffOptions {
  /** Most classes of packets that are looked at; 50,000 when absent. */
  readonly limit?: number;
  /** Called now and then with the number of classes done and the number known so far. */
  readonly progress?: (done: number, known: number) => void;
  readonly families?: readonly Family[];
  /** Looks at every class of packets, also of those that no changed rule is about: slower, and finds the same. */
  readonly everyClass?: boolean;
}

/** Packets whose fate changed in the same way, by the same rules. */
export interface FateChange {
  /** Of one of the packets: `trace --packet` takes it. */
  readonly example: string;
  readonly before: PacketFate;
  readonly after: PacketFate;
  /** Descriptions of the packets, part by part. */
  readonly packets: readonly string[];
  /** There are more than these parts. */
  readonly more: boolean;
  /** Classes of packets in it. */
  readonly classes: number;
  /**
   * At the margin of what rules are about: segments in mid-stream, answers and errors nobody waits for; and between two
   * systems, what their kernels treat differently whatever the rules say.
   */
  readonly marginal: boolean;
  /** The example in its parts, for those who send it again. */
  readonly arrival: Arrival;
  readonly family: Family;
  readonly values: Readonly<Record<Field, bigint>>;
}

export interface DiffReport {
  readonly changes: readonly FateChange[];
  /** Everything was looked at that {@link SCOPE} promises, and nothing was left out. */
  readonly complete: boolean;
  /** Classes that were looked at. */
  readonly classes: number;
  readonly notExamined: readonly NotExamined[];
  /** Interfaces that only one of the machines has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

/** What a comparison is about. */
export const SCOPE: string =
  "whole packets without IP options from one address to another, each as the first one on a machine that has just started";

const USUAL_LIMIT = 50_000;
/** Descriptions kept for each change. */
const MOST_PARTS = 4;
/** Kinds of changes that are told apart. */
const MOST_CHANGES = 2000;

/** Compares two trees of the same host. */
export function diffTrees(
  before: ConfigTree | TreeTexts,
  after: ConfigTree | TreeTexts,
  systems: Systems,
  options: DiffOptions & { readonly build?: BuildOptions } = {},
): DiffReport {
  const builds = buildBoth(before, after, systems, options.build);
  return diffMachines(builds.before.machine, builds.after.machine, options);
}

export interface Systems {
  readonly before: System;
  readonly after: System;
}

/** The machines of two trees of the same host. Where nobody says what the host is, it is the same one for both. */
export function buildBoth(
  before: ConfigTree | TreeTexts,
  after: ConfigTree | TreeTexts,
  systems: Systems,
  options: BuildOptions = {},
): { readonly before: MachineBuild; readonly after: MachineBuild } {
  const first = buildMachine(before, systems.before, options);
  const second = buildMachine(after, systems.after, options);
  if (!first.assumed || !second.assumed) return { before: first, after: second };
  const world = commonWorld(first, second, options);
  return { before: buildMachine(before, systems.before, world), after: buildMachine(after, systems.after, world) };
}

/** The interfaces and routes both trees were taken to have; where they disagree, the first one is believed. */
function commonWorld(first: MachineBuild, second: MachineBuild, given: BuildOptions): BuildOptions {
  const interfaces = new Map((given.interfaces ?? []).map((one) => [one.name, one]));
  for (const { machine } of [first, second]) {
    for (const one of machine.interfaces()) {
      const { name, addresses, groups, link, up, kind, mtu, routingDomain } = one;
      if (!interfaces.has(name)) {
        interfaces.set(name, {
          name,
          addresses,
          groups: groups.filter((group) => group !== "egress"),
          link,
          up,
          kind,
          mtu,
          routingDomain,
        });
      }
    }
  }
  const routes = [...(given.routes ?? [])];
  for (const { machine } of [first, second]) {
    for (const { origin, destination, length, gateway } of machine.routes.list(0)) {
      if (origin !== "static" || routes.some((one) => one.length === length && one.destination.equals(destination)))
        continue;
      routes.push({ destination, length, gateway });
    }
  }
  return {
    ...given,
    interfaces: [...interfaces.values()],
    routes,
    forwarding: first.machine.forwards(4) || second.machine.forwards(4),
  };
}

/** Compares two machines. Both are used up by it: states, counters and pools move. */
export function diffMachines(before: Machine, after: Machine, options: DiffOptions = {}): DiffReport {
  const limit = options.limit ?? USUAL_LIMIT;
  const names = (machine: Machine): string[] =>
    machine
      .interfaces()
      .filter((one) => one.kind !== "loopback" && machine.isRunning(one.name))
      .map((one) => one.name);
  const old = new Set(names(before));
  const common = names(after).filter((name) => old.has(name));
  const sameWorld = worldOf(before) === worldOf(after);
  const onlyChanged = sameWorld && options.everyClass !== true;
  const comparison = new Comparison(before, after);
  const notExamined: NotExamined[] = [];
  let classes = 0;
  let known = 0;
  let whole = true;
  for (const family of options.families ?? ([4, 6] as const)) {
    const identities = new Map<string, number>();
    const watchers: [Watchers, Watchers] = [
      new Watchers(before, family, identities),
      new Watchers(after, family, identities),
    ];
    notExamined.push(...watchers.flatMap((one) => notExaminedIn(one)));
    // In the same world, the same rules in the same order need no packet.
    if (onlyChanged && !markChangedRules(...watchers)) continue;
    for (const arrival of [...common, null]) {
      const found = classesOf(watchers, arrival, family, Math.max(1, limit - classes), onlyChanged);
      if (found === null) continue;
      const good = goodExamples([before, after], family, arrival);
      known += found.cut.count;
      if (!found.cut.complete) whole = false;
      for (let i = 0; i < found.cut.count; i++) {
        if (classes >= limit) {
          whole = false;
          break;
        }
        classes++;
        // Where the same rules decide in the same world, sending is not needed to know that they decide alike.
        if (!sameWorld || !found.isDecidedAlike(i)) comparison.look(found.cut, i, arrival, family, good);
        if (classes % 512 === 0) options.progress?.(classes, known);
      }
    }
  }
  if (!whole) {
    notExamined.push({ what: `more than ${limit} classes of packets; the rest was not looked at`, rules: [] });
  }
  if (comparison.overflow) {
    notExamined.push({ what: `more than ${MOST_CHANGES} kinds of changes; the rest is not listed`, rules: [] });
  }
  const unique = mergeNotExamined(notExamined);
  return {
    changes: comparison.changes(),
    complete: whole && unique.length === 0,
    classes,
    notExamined: unique,
    onlyBefore: [...old].filter((name) => !common.includes(name)),
    onlyAfter: names(after).filter((name) => !old.has(name)),
  };
}

/** Classes that neither machine tells apart. */
interface CommonClasses {
  readonly cut: Cut;
  /** Whether the same rules, seen in the same way, decide about a class on both sides. */
  isDecidedAlike(index: number): boolean;
}

/** @returns null when no packet of the family can come from there */
function classesOf(
  [first, second]: readonly [Watchers, Watchers],
  arrival: Arrival,
  family: Family,
  limit: number,
  onlyChanged: boolean,
): CommonClasses | null {
  const ours = first.lists(arrival, 0);
  const theirs = second.lists(arrival, 1);
  const universe = universeFor(first.context);
  if (arrival === null) {
    // A host sends as itself.
    universe.source = union(first.own, second.own);
    if (universe.source.length === 0) return null;
  }
  const preferred = goodExamples([first.machine, second.machine], family, arrival);
  const shared = sameLists(ours, theirs);
  const both: readonly CutList[] = shared ? withChanges(ours, theirs) : [...ours, ...theirs];
  const part = onlyChanged ? changedPart(both, universe) : { lists: both, universe, restricted: new Set<Field>() };
  if (part === null) return null;
  const { lists, restricted } = part;
  const classes = cut(lists, { limit, universe: part.universe, restricted, preferred, onlyChanged });
  const regions = lists.flatMap((list) => list.regions);
  if (shared) {
    const twin = new Map<CutRegion, CutRegion>();
    both.forEach((list, i) => {
      list.regions.forEach((one, j) => {
        const other = theirs[i]?.regions[j];
        if (other !== undefined) twin.set(one, other);
      });
    });
    const isDecidedAlike = (index: number): boolean =>
      classes.candidates(index).every((i) => {
        const one = regions[i] as CutRegion;
        return one.identity === twin.get(one)?.identity;
      });
    return { cut: classes, isDecidedAlike };
  }
  const owners = lists.flatMap((list) => list.regions.map(() => list.owner));
  const isDecidedAlike = (index: number): boolean => {
    const candidates = classes.candidates(index);
    const sequence = (owner: number): number[] => {
      const own: number[] = [];
      for (const i of candidates) if (owners[i] === owner) own.push((regions[i] as CutRegion).identity);
      return own;
    };
    const [a, b] = [sequence(0), sequence(1)];
    return a.length === b.length && a.every((one, i) => one === b[i]);
  };
  return { cut: classes, isDecidedAlike };
}

/** Lists that ask the same, with what is changed on either side. */
function withChanges(ours: readonly CutList[], theirs: readonly CutList[]): CutList[] {
  return ours.map((list, i) => ({
    ...list,
    regions: list.regions.map((one, j) => ({
      ...one,
      changed: one.changed === true || theirs[i]?.regions[j]?.changed === true,
    })),
  }));
}

interface Group {
  before: PacketFate;
  after: PacketFate;
  /** How far the example is from what people send; smaller is better. */
  rank: number;
  arrival: Arrival;
  family: Family;
  values: Readonly<Record<Field, bigint>>;
  readonly marginal: boolean;
  readonly set: PacketSet;
  classes: number;
}

/** Collects packets whose fates differ, by how and why they differ. */
class Comparison {
  readonly #before: FateTeller;
  readonly #after: FateTeller;
  readonly #twoKernels: boolean;
  readonly #groups: Map<string, Group> = new Map();
  /** There were more kinds of changes than are told apart. */
  overflow = false;

  constructor(before: Machine, after: Machine) {
    this.#before = new FateTeller(before);
    this.#after = new FateTeller(after);
    this.#twoKernels = before.system.name !== after.system.name;
  }

  look(classes: Cut, index: number, arrival: Arrival, family: Family, good: GoodExamples): void {
    const values = classes.example(index);
    const packet = examplePacket(values, family);
    const before = this.#before.tell(packet, arrival);
    const after = this.#after.tell(packet, arrival);
    if (before.text === after.text) return;
    // What differs in the main thing is told by it alone; hops and answers follow from it.
    const fates = before.core === after.core ? [before.text, after.text] : [before.core, after.core];
    const marginal = isStray(values.kind, family) || (this.#twoKernels && isOfKernel(values, before, after));
    const key = [marginal, rulesKey(before.rules), rulesKey(after.rules), ...fates].join("\n");
    const rank = rankOf(values, good);
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= MOST_CHANGES) {
        this.overflow = true;
        return;
      }
      group = { before, after, rank, arrival, family, values, marginal, set: new PacketSet(), classes: 0 };
      this.#groups.set(key, group);
    } else if (rank < group.rank) Object.assign(group, { before, after, rank, arrival, family, values });
    group.classes++;
    const { parts, more } = classes.leaf(index);
    for (const ranges of parts) group.set.add({ arrival, family, ranges });
    if (more) group.set.more = true;
  }

  changes(): FateChange[] {
    const { system } = this.#before.machine;
    const changes = [...this.#groups.values()].map((group) => {
      const { before, after, rank, arrival, family, values, marginal, set, classes } = group;
      const point = Object.fromEntries(FIELDS.map((field) => [field, single(values[field])]));
      const { texts, more } = set.describe(system, MOST_PARTS, { arrival, family, ranges: point });
      const example = packetLine(examplePacket(values, family), arrival, system);
      return { example, before, after, packets: texts, more, classes, marginal, arrival, family, values, rank };
    });
    changes.sort((a, b) => weight(b) - weight(a) || a.rank - b.rank);
    return changes.map(({ rank: _, ...change }) => change);
  }
}

/** TCP without SYN alone, ICMP answers and errors. */
function isStray(kind: bigint, family: Family): boolean {
  const protocol = Number(kind >> 16n);
  const detail = Number(kind & 0xffffn);
  if (protocol === PROTOCOL.tcp) return (detail & (TCP_FLAG.S | TCP_FLAG.A)) !== TCP_FLAG.S;
  const type = detail >> 8;
  if (protocol === PROTOCOL.icmp && family === 4) return !ICMP_QUERIES.has(type);
  return protocol === PROTOCOL.icmp6 && family === 6 && (type < 128 || type === 129);
}

/**
 * Packets from an address to itself, packets that the stack and not pf throws away, and answers to ICMP queries, which
 * some kernels let make a state of their own.
 */
function isOfKernel(values: Readonly<Record<Field, bigint>>, before: PacketFate, after: PacketFate): boolean {
  if (values.source === values.destination || before.byStack || after.byStack) return true;
  const protocol = Number(values.kind >> 16n);
  return (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) && before.core === after.core;
}

/** Echo, router solicitation, timestamp, information and mask requests (RFC 792, RFC 1256, RFC 950). */
const ICMP_QUERIES: ReadonlySet<number> = new Set([8, 10, 13, 15, 17]);

type GoodExamples = ReturnType<typeof goodExamples>;

/** Sum of the places in the lists of good examples; what is not in them counts most. */
function rankOf(values: Readonly<Record<Field, bigint>>, good: GoodExamples): number {
  let rank = 0;
  for (const [field, list] of Object.entries(good) as [Field, readonly bigint[]][]) {
    const place = list.indexOf(values[field]);
    if (place === -1) rank += field.endsWith("Port") ? 3 : 100;
    else if (field === "kind") rank += 2 * place;
    else if (!field.endsWith("Port")) rank += place;
  }
  return rank;
}

/** Verdicts that turn come first, then ways and addresses, then the rest. */
function weight({ before, after }: FateChange): number {
  const passes = (fate: PacketFate): boolean => fate.verdict === "pass" || fate.verdict === "synproxy";
  if (passes(before) !== passes(after)) return passes(after) ? 4 : 3;
  if (before.verdict !== after.verdict) return 2;
  return before.out !== after.out ? 2 : 1;
}

function rulesKey(rules: readonly ResponsibleRule[]): string {
  return rules.map(({ text, anchor, place }) => `${anchor}|${place?.file}|${place?.line}|${text}`).join(";");
}

function mergeNotExamined(all: readonly NotExamined[]): NotExamined[] {
  const merged = new Map<string, NotExamined>();
  for (const one of all) {
    const known = merged.get(one.what);
    if (known === undefined) merged.set(one.what, one);
    else {
      const rules = [...known.rules];
      for (const rule of one.rules)
        if (!rules.some((other) => rulesKey([other]) === rulesKey([rule]))) rules.push(rule);
      merged.set(one.what, { what: one.what, rules });
    }
  }
  return [...merged.values()];
}
