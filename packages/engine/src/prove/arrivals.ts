/**
 * Everything that looks at a packet on its way through a machine, as regions of the header it arrives with: the rules
 * on the way in, those on the way out of every interface it may leave by, and the same rules once more as they see it
 * after translation.
 */
import { type Family, PROTOCOL } from "@pierhead/core";
import type { Direction, Rule } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import { LIST_NAMES } from "../pf/ruleset.ts";
import { ruleText } from "../trace/describe.ts";
import {
  addressFrom,
  type Constraints,
  type Field,
  prefixSet,
  type RegionContext,
  type RegionList,
  type RuleRegion,
  regionsOf,
  universe,
  whereValue,
  wrapSet,
} from "./constraints.ts";
import type { CutList, CutRegion } from "./cut.ts";
import { liveContext } from "./live.ts";
import { contains, intersect, NOTHING, normalize, type Range, type Ranges, subtract, union } from "./ranges.ts";
import { type RouteSet, routeSets } from "./route-sets.ts";

/** Where a packet comes from: in by an interface, or made by the host (null). */
export type Arrival = string | null;

const OPEN: Constraints = {
  where: null,
  kind: null,
  source: null,
  destination: null,
  sourcePort: null,
  destinationPort: null,
  tos: null,
};

/** What translation rules of a machine may do at one place. */
interface Translations {
  readonly sources: Translation[];
  readonly destinations: Translation[];
}

interface Translation {
  readonly region: RuleRegion;
  /** All addresses it may write; null when they are not known. */
  readonly targets: Ranges | null;
  /** The target has the host bits of the packet: the network that is matched, and the one written. */
  readonly shift: { readonly from: bigint; readonly to: bigint; readonly size: bigint } | null;
  /** What it does to the port: keeps it, sets it to something the packet does not show, or adds to it. */
  readonly port: "kept" | "set" | bigint;
}

/** The rules of one machine for one family, ready to be asked for each arrival. */
export class Watchers {
  readonly machine: Machine;
  readonly family: Family;
  readonly context: RegionContext;
  readonly #identities: Map<string, number>;
  readonly #texts: Map<Rule, string> = new Map();
  /** Rules whose states are bound to an interface: their text does not tell when `set state-policy` does. */
  readonly #ifBound: Set<Rule> = new Set();
  /** Rules that the machine this one is compared with does not have, or has elsewhere. */
  #changed: ReadonlySet<Rule> = new Set();
  readonly #filter: RuleRegion[];
  readonly #lists: Map<RegionList, RuleRegion[]> = new Map();
  readonly #steers: boolean;
  readonly #in: Translations = { sources: [], destinations: [] };
  readonly #out: Translations = { sources: [], destinations: [] };
  readonly #routes: Map<number, RouteSet[]> = new Map();
  /** Own addresses. */
  readonly own: Ranges;

  /** @param identities numbers of rules by what they say; shared by machines that are compared */
  constructor(machine: Machine, family: Family, identities: Map<string, number> = new Map()) {
    this.#identities = identities;
    this.machine = machine;
    this.family = family;
    this.context = liveContext(machine, family);
    const on = machine.pf.enabled;
    for (const ruleset of machine.pf.core.rulesets.all()) {
      for (const list of LIST_NAMES) for (const one of ruleset[list]) if (one.ifBound) this.#ifBound.add(one.rule);
    }
    this.#filter = on ? regionsOf(this.context) : [];
    for (const list of ["scrub", "nat", "binat", "rdr"] as const) {
      this.#lists.set(list, on ? regionsOf(this.context, list) : []);
    }
    // Rules may send packets elsewhere than the routing table says.
    this.#steers = [...this.all()].some(({ rule }) => rule.route !== null || rule.rtable >= 0 || rule.afTo !== null);
    for (const region of this.all()) this.#noteTranslation(region);
    this.own = normalize(
      machine
        .interfaces()
        .flatMap((one) => one.addresses)
        .filter(({ address }) => address.family === family)
        .flatMap(({ address }) => [...prefixSet(address, address.bits)]),
    );
  }

  /** All rules that take part. */
  *all(): Generator<RuleRegion> {
    yield* this.#filter;
    for (const list of this.#lists.values()) yield* list;
  }

  /** Each list of rules in the order of evaluation. */
  ruleLists(): ReadonlyMap<RegionList, readonly RuleRegion[]> {
    return new Map([["filter", this.#filter], ...this.#lists]);
  }

  /** What a rule is and when it is asked, wherever it stands: the same for the same rule of two machines. */
  describe({ rule, anchor, quickAnchor, stops }: RuleRegion): string {
    let text = this.#texts.get(rule);
    if (text === undefined) {
      text = `${anchor}|${quickAnchor}|${stops}|${this.#ifBound.has(rule)}|${ruleText(rule, this.machine.system)}`;
      this.#texts.set(rule, text);
    }
    return text;
  }

  markChanged(rules: ReadonlySet<Rule>): void {
    this.#changed = rules;
  }

  routes(table: number): RouteSet[] {
    let sets = this.#routes.get(table);
    if (sets === undefined) {
      sets = routeSets(this.machine, this.family, table);
      this.#routes.set(table, sets);
    }
    return sets;
  }

  #noteTranslation(region: RuleRegion): void {
    const { rule } = region;
    if (rule.action.startsWith("no ")) return;
    const sides = this.#directionsOf(region);
    const target = region.anchor;
    const note = (kind: "sources" | "destinations", pool: NonNullable<Rule["nat"]>, at: Translations): void => {
      let targets: Ranges | null = NOTHING;
      for (const member of pool.members) {
        const set = wrapSet(member.address, target, this.context);
        targets = set === null || targets === null ? null : union(targets, set);
      }
      const matched = kind === "sources" ? rule.from : rule.to;
      let shift: Translation["shift"] = null;
      const [member] = pool.members;
      if (pool.type === "bitmask" || rule.action === "binat" || pool.type === "none") {
        const network = member === undefined ? null : wrapSet(member.address, target, this.context);
        const own = wrapSet(matched.address, target, this.context);
        if (network?.length === 1 && own?.length === 1 && !matched.negated) {
          const [to, last] = network[0] as Range;
          const [from, end] = own[0] as Range;
          if (last - to === end - from && last > to) shift = { from, to, size: last - to };
        }
      }
      at[kind].push({ region, targets, shift, port: portEffect(kind, rule, pool) });
    };
    for (const direction of sides) {
      const at = direction === "in" ? this.#in : this.#out;
      if (rule.action === "binat") {
        // binat works both ways: sources on the way out, destinations on the way in.
        if (rule.rdr !== null || rule.nat !== null) {
          const pool = (rule.nat ?? rule.rdr) as NonNullable<Rule["nat"]>;
          note("sources", pool, this.#out);
          const own = wrapSet(rule.from.address, target, this.context);
          const outside = pool.members[0] === undefined ? null : wrapSet(pool.members[0].address, target, this.context);
          const a = own?.[0];
          const b = outside?.[0];
          const shift =
            a !== undefined && b !== undefined && a[1] > a[0] ? { from: b[0], to: a[0], size: a[1] - a[0] } : null;
          this.#in.destinations.push({ region, targets: own, shift, port: "kept" });
        }
        return;
      }
      if (rule.nat !== null) note("sources", rule.nat, at);
      if (rule.rdr !== null) note("destinations", rule.rdr, at);
    }
  }

  #directionsOf(region: RuleRegion): Direction[] {
    const { rule } = region;
    if (rule.action === "nat") return ["out"];
    if (rule.action === "rdr") return ["in"];
    return rule.direction === null ? ["in", "out"] : [rule.direction];
  }

  #isSkipped(name: string): boolean {
    const { core } = this.machine.pf;
    core.interfaces.refresh(core.host.interfaces());
    return core.interfaces.get(name).skip;
  }

  /** Rules of a list at one place, freed of the question where. */
  #at(regions: readonly RuleRegion[], name: string, direction: Direction): RuleRegion[] {
    const index = this.machine.interfaces().findIndex((one) => one.name === name);
    const value = whereValue(index, direction);
    return regions
      .filter((region) => region.constraints.where === null || contains(region.constraints.where, value))
      .map((region) =>
        region.constraints.where === null ? region : { ...region, constraints: { ...region.constraints, where: null } },
      );
  }

  /** Everything that looks at packets of one arrival. @param gate a number no other machine uses */
  lists(arrival: Arrival, gate: number): CutList[] {
    const { machine, family } = this;
    const lists: CutList[] = [];
    const arriving = arrival === null ? null : machine.interface(arrival);
    if (arrival !== null && arriving === null) return [];
    const domain = arriving?.routingDomain ?? 0;
    if (arrival !== null && !this.#isSkipped(arrival)) {
      this.#translationLists(lists, gate, arrival, "in");
      const rules = this.#at(this.#filter, arrival, "in");
      for (const seen of this.#views(`in ${arrival}`, rules, null, this.#in)) {
        lists.push({ owner: gate, regions: seen, gate: null, closes: gate });
      }
    }
    if (arrival === null || machine.forwards(family) || this.#steers) {
      const names = new Set(machine.interfaces().map((one) => one.name));
      const ways = this.#ways(domain);
      const before = arrival === null ? NO_TRANSLATIONS : this.#in;
      const both: Translations = {
        sources: [...before.sources, ...this.#out.sources],
        destinations: [...before.destinations, ...this.#out.destinations],
      };
      const seenLists = new Set<string>();
      for (const name of names) {
        if (this.#isSkipped(name)) continue;
        const reach = this.#steers ? null : (ways.get(name) ?? NOTHING);
        const isLoopback = machine.interface(name)?.kind === "loopback";
        if (isLoopback && arrival !== null) continue;
        // Packets of the host to itself go out and come in by the loopback interface.
        const directions: Direction[] = isLoopback ? ["out", "in"] : ["out"];
        for (const direction of directions) {
          const reached = isLoopback && reach !== null ? union(reach, this.own) : reach;
          if (direction === "out") this.#translationLists(lists, gate, name, "out", reached);
          const rules = this.#at(this.#filter, name, direction);
          const shown = rules.map((region) => region.rule.number).join(",");
          for (const seen of this.#views(`${direction} ${name}`, rules, reached, both)) {
            const key = `${shown}|${seen.map(keyOfRegion).join(";")}`;
            if (seen.length === 0 || seenLists.has(key)) continue;
            seenLists.add(key);
            lists.push({ owner: gate, regions: seen, gate: arrival === null ? null : gate, closes: null });
          }
        }
      }
    }
    lists.push({ owner: null, regions: this.#marks(arrival, domain), gate: null, closes: null });
    return lists;
  }

  /** Old translation and scrub rules: the first one that matches decides. */
  #translationLists(
    lists: CutList[],
    gate: number,
    name: string,
    direction: Direction,
    reach: Ranges | null = null,
  ): void {
    const kinds: RegionList[] = direction === "in" ? ["scrub", "binat", "rdr"] : ["scrub", "binat", "nat"];
    for (const kind of kinds) {
      let regions = this.#at(this.#lists.get(kind) ?? [], name, direction);
      if (kind === "binat" && direction === "in") regions = regions.flatMap((region) => this.#reversed(region));
      regions = regions.map((region) => ({ ...region, stops: region.rule.action !== "binat" || region.stops }));
      const before = direction === "in" ? NO_TRANSLATIONS : this.#in;
      for (const seen of this.#views(`${kind} ${direction} ${name}`, regions, reach, before)) {
        if (seen.length > 0) {
          lists.push({ owner: gate, regions: seen.map((one) => ({ ...one, stops: true })), gate: null, closes: null });
        }
      }
    }
  }

  /** A binat rule as packets from outside meet it. */
  #reversed(region: RuleRegion): RuleRegion[] {
    const pool = region.rule.nat ?? region.rule.rdr;
    const member = pool?.members[0];
    if (member === undefined) return [region];
    const outside = wrapSet(member.address, region.anchor, this.context);
    const { constraints } = region;
    return [{ ...region, constraints: { ...constraints, source: constraints.destination, destination: outside } }];
  }

  /** Destinations by the interface packets to them leave by. */
  #ways(table: number): Map<string, Ranges> {
    const ways = new Map<string, Ranges>();
    for (const { interfaces, ranges } of this.routes(table)) {
      for (const name of interfaces) ways.set(name, union(ways.get(name) ?? NOTHING, ranges));
    }
    return ways;
  }

  /** What a rule is, where it is asked and how it sees packets, as a number. */
  #identity(region: RuleRegion, view: string): number {
    const key = `${view}|${this.describe(region)}`;
    let identity = this.#identities.get(key);
    if (identity === undefined) {
      identity = this.#identities.size;
      this.#identities.set(key, identity);
    }
    return identity;
  }

  #region(region: RuleRegion, constraints: Constraints, loose: boolean, view: string): CutRegion {
    const changed = this.#changed.has(region.rule);
    return { ...regionFor(region, constraints, loose, this.#identity(region, view)), changed };
  }

  /** Rules as they see the packet: as it arrived, and after each sort of translation that may have been. */
  *#views(
    where: string,
    regions: readonly RuleRegion[],
    reach: Ranges | null,
    { sources, destinations }: Translations,
  ): Generator<CutRegion[]> {
    const plain = regions.flatMap((region) => {
      const constraints = reach === null ? region.constraints : within(region.constraints, reach);
      return constraints === null ? [] : [this.#region(region, constraints, false, `${where} plain`)];
    });
    yield plain;
    if (sources.length > 0) yield this.#translated(`${where} source`, regions, sources, [], reach);
    if (destinations.length > 0) yield this.#translated(`${where} destination`, regions, [], destinations, null);
    if (sources.length > 0 && destinations.length > 0) {
      yield this.#translated(`${where} both`, regions, sources, destinations, null);
    }
  }

  #translated(
    view: string,
    regions: readonly RuleRegion[],
    sources: readonly Translation[],
    destinations: readonly Translation[],
    reach: Ranges | null,
  ): CutRegion[] {
    const result: CutRegion[] = [];
    for (const region of regions) {
      let variants: { constraints: Constraints; loose: boolean }[] = [
        { constraints: region.constraints, loose: false },
      ];
      if (reach !== null) {
        const constraints = within(region.constraints, reach);
        variants = constraints === null ? [] : [{ constraints, loose: false }];
      }
      if (sources.length > 0) variants = variants.flatMap((one) => freed(one, "source", "sourcePort", sources));
      if (destinations.length > 0) {
        variants = variants.flatMap((one) => freed(one, "destination", "destinationPort", destinations));
      }
      for (const { constraints, loose } of variants) result.push(this.#region(region, constraints, loose, view));
    }
    return result;
  }

  /** Packets that have already what a translation would give them: for them, and only for them, nothing changes. */
  #unmoved(side: "source" | "destination"): CutRegion[] {
    const kinds = `${side}s` as const;
    const other = side === "source" ? "destination" : "source";
    const isElsewhereMoved = this.#in[`${other}s`].length + this.#out[`${other}s`].length > 0;
    return [...this.#in[kinds], ...this.#out[kinds]].flatMap(({ region, targets }) => {
      if (targets === null || targets.length === 0) return [];
      const { constraints } = region;
      const asked = constraints[side];
      const same = asked === null ? targets : intersect(asked, targets);
      if (same.length === 0) return [];
      const far = isElsewhereMoved ? null : constraints[other];
      return [{ ...MARK, constraints: { ...OPEN, kind: constraints.kind, [side]: same, [other]: far } }];
    });
  }

  /** Sets that no rule names and that decide all the same. */
  #marks(arrival: Arrival, domain: number): CutRegion[] {
    const { family, machine } = this;
    const marks: CutRegion[] = [];
    const mark = (field: Field, ranges: Ranges): void => {
      if (ranges.length > 0) marks.push({ ...MARK, constraints: { ...OPEN, [field]: ranges } });
    };
    mark("destination", this.own);
    const tables = new Set([domain]);
    for (const { rule } of this.all()) if (rule.rtable >= 0) tables.add(rule.rtable);
    for (const table of tables) {
      for (const { ranges } of this.routes(table)) mark("destination", ranges);
    }
    for (const set of specialAddresses(family)) mark("destination", set);
    if (arrival !== null) for (const set of impossibleSources(family)) mark("source", set);
    if (arrival !== null) {
      mark("source", this.own);
      // Answers, urpf-failed and antispoof ask whether the sender is behind the interface the packet came in by.
      mark("source", this.#ways(domain).get(arrival) ?? NOTHING);
    }
    if ([...this.all()].some((region) => region.conditions.some((one) => /route/.test(one)))) {
      for (const table of tables) for (const { ranges } of this.routes(table)) mark("source", ranges);
    }
    for (const kinds of specialKinds(family)) mark("kind", kinds);
    marks.push(...this.#unmoved("source"), ...this.#unmoved("destination"));
    const broadcasts = machine
      .interfaces()
      .flatMap((one) => one.addresses)
      .flatMap(({ broadcast }) =>
        broadcast === undefined || broadcast.family !== family ? [] : [...prefixSet(broadcast, broadcast.bits)],
      );
    mark("destination", normalize(broadcasts));
    return marks;
  }
}

const NO_TRANSLATIONS: Translations = { sources: [], destinations: [] };
const MARK = { identity: -1, certain: false, stops: false, decides: false, blocks: false, forgettable: false } as const;

function keyOfRegion(region: CutRegion): string {
  const { constraints } = region;
  let key = region.certain ? "c" : "";
  for (const field of ["kind", "source", "destination", "sourcePort", "destinationPort"] as const) {
    const ranges = constraints[field];
    key += ranges === null ? "|" : `|${ranges.map(([low, high]) => `${low}-${high}`).join(",")}`;
  }
  return key;
}

function regionFor(region: RuleRegion, constraints: Constraints, loose: boolean, identity: number): CutRegion {
  const { rule } = region;
  const decides = rule.action === "pass" || rule.action === "block";
  return {
    identity,
    constraints,
    certain: !loose && region.conditions.length === 0,
    stops: region.stops,
    decides,
    blocks: rule.action === "block",
    forgettable: decides && !region.stops && rule.tag === null && region.quickAnchor === -1,
  };
}

function within(constraints: Constraints, reach: Ranges): Constraints | null {
  const { destination } = constraints;
  const left = destination === null ? reach : intersect(destination, reach);
  return left.length === 0 ? null : { ...constraints, destination: left };
}

/** A region after one side was translated: what it asks of that side is answered by the targets, as far as known. */
function freed(
  { constraints, loose }: { constraints: Constraints; loose: boolean },
  address: "source" | "destination",
  port: "sourcePort" | "destinationPort",
  translations: readonly Translation[],
): { constraints: Constraints; loose: boolean }[] {
  const asked = constraints[address];
  const askedPort = constraints[port];
  const result: { constraints: Constraints; loose: boolean }[] = [];
  let isLoose = loose;
  let possible = asked === null;
  if (asked !== null) {
    for (const { targets, shift } of translations) {
      if (targets === null) possible = isLoose = true;
      else {
        const common = intersect(targets, asked);
        if (common.length > 0) possible = true;
        if (subtract(targets, asked).length > 0) isLoose = true;
        if (shift === null || common.length === 0) continue;
        // Host bits are kept: packets whose address is moved into what is asked.
        const moved = common.map(([low, high]): Range => [low - shift.to + shift.from, high - shift.to + shift.from]);
        const back = intersect(normalize(moved), [[shift.from, shift.from + shift.size]]);
        if (back.length > 0) result.push({ constraints: { ...constraints, [address]: back }, loose: true });
      }
    }
  }
  if (!possible) return result;
  if (askedPort === null || translations.every((one) => one.port === "kept")) {
    result.push({ constraints: { ...constraints, [address]: null }, loose: isLoose });
    return result;
  }
  for (const one of translations) {
    if (one.port === "set") continue;
    const moved =
      one.port === "kept"
        ? askedPort
        : intersect(
            askedPort.map(([low, high]): Range => [low - (one.port as bigint), high - (one.port as bigint)]),
            ALL_PORTS,
          );
    if (moved.length > 0) result.push({ constraints: { ...constraints, [address]: null, [port]: moved }, loose: true });
  }
  if (translations.some((one) => one.port === "set")) {
    result.push({ constraints: { ...constraints, [address]: null, [port]: null }, loose: true });
  }
  return result;
}

const ALL_PORTS: Ranges = [[0n, 65535n]];

function portEffect(kind: "sources" | "destinations", rule: Rule, pool: NonNullable<Rule["nat"]>): Translation["port"] {
  if (kind === "sources") return pool.staticPort ? "kept" : "set";
  if (pool.ports === null) return "kept";
  const { low, high } = pool.ports;
  const first = rule.to.port?.first ?? 0;
  return high === low ? "set" : BigInt(low - first);
}

/** Addresses the stack treats unlike others: unspecified, loopback, multicast, limited broadcast, link-local. */
export function specialAddresses(family: Family): Ranges[] {
  if (family === 4) {
    return [
      [[0n, 0x00ffffffn]],
      [[0x7f000000n, 0x7fffffffn]],
      [[0xe0000000n, 0xe00000ffn]],
      [[0xe0000000n, 0xefffffffn]],
      [[0xffffffffn, 0xffffffffn]],
    ];
  }
  const high = (value: bigint): bigint => value << 112n;
  const rest = (1n << 112n) - 1n;
  return [
    [[0n, 0n]],
    [[1n, 1n]],
    [[high(0xfe80n), high(0xfebfn) | rest]],
    [[high(0xff00n), high(0xffffn) | rest]],
    [
      [high(0xff01n), high(0xff02n) | rest],
      [high(0xff11n), high(0xff12n) | rest],
    ],
  ];
}

/** Sources that no host may have: the stack drops some of them, and none is answered. */
function impossibleSources(family: Family): Ranges[] {
  const [unspecified, loopback] = specialAddresses(family) as [Ranges, Ranges];
  const multicast =
    family === 4 ? prefixSet(addressFrom(0xe0000000n, 4), 4) : prefixSet(addressFrom(0xff00n << 112n, 6), 8);
  const broadcast: Ranges = family === 4 ? [[0xffffffffn, 0xffffffffn]] : NOTHING;
  return [normalize([...unspecified, ...multicast, ...broadcast]), loopback];
}

/** Kinds of packets that are answered or tracked unlike others. */
function specialKinds(family: Family): Ranges[] {
  let known = specialKindsByFamily.get(family);
  if (known === undefined) {
    known = makeSpecialKinds(family);
    specialKindsByFamily.set(family, known);
  }
  return known;
}

const specialKindsByFamily: Map<Family, Ranges[]> = new Map();

function makeSpecialKinds(family: Family): Ranges[] {
  const whole = (protocol: number): Range => [BigInt(protocol * 65536), BigInt(protocol * 65536 + 65535)];
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  const types = (list: readonly number[]): Ranges =>
    normalize(list.map((type): Range => [BigInt(icmp * 65536 + type * 256), BigInt(icmp * 65536 + type * 256 + 255)]));
  const errors = family === 4 ? [3, 4, 5, 11, 12] : [1, 2, 3, 4];
  const answers = family === 4 ? [0, 14, 16, 18] : [129];
  // Discovery: each of them has its own place in a state, or none.
  const discovery = family === 4 ? [[9], [10]] : [[130, 143], [131, 132], [133], [134], [135], [136], [137]];
  const flags = (wanted: number, of: number): Ranges => {
    const values: Range[] = [];
    for (let one = 0; one < 256; one++) {
      if ((one & of) !== wanted) continue;
      const value = BigInt(PROTOCOL.tcp * 65536 + one);
      values.push([value, value]);
    }
    return normalize(values);
  };
  return [
    [whole(PROTOCOL.tcp)],
    [whole(PROTOCOL.udp)],
    [whole(PROTOCOL.sctp)],
    [whole(icmp)],
    types(errors),
    types(answers),
    ...discovery.map((one) => types(one)),
    flags(2, 2 | 16),
    flags(2 | 16, 2 | 16),
    flags(4, 4),
  ];
}

/** All kinds but those no host sends: TCP flags that make no sense, bits of `detail` that protocols do not have. */
export function saneKinds(family: Family): Ranges {
  let known = saneKindsByFamily.get(family);
  if (known === undefined) {
    known = makeSaneKinds(family);
    saneKindsByFamily.set(family, known);
  }
  return known;
}

const saneKindsByFamily: Map<Family, Ranges> = new Map();

function makeSaneKinds(family: Family): Ranges {
  const kinds: Range[] = [];
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  for (let protocol = 0; protocol < 256; protocol++) {
    const base = BigInt(protocol * 65536);
    // Of IPv6 these are headers on the way to the protocol, not protocols (RFC 8200 4.1).
    if (family === 6 && (protocol === 0 || protocol === 43 || protocol === 44 || protocol === 60)) continue;
    // ICMP of the other family does not travel.
    if (protocol === (family === 4 ? PROTOCOL.icmp6 : PROTOCOL.icmp)) continue;
    if (protocol === icmp) kinds.push([base, base + 65535n]);
    else if (protocol !== PROTOCOL.tcp) kinds.push([base, base]);
    else {
      for (let flags = 0; flags < 256; flags++)
        if (isSane(flags)) kinds.push([base + BigInt(flags), base + BigInt(flags)]);
    }
  }
  return normalize(kinds);
}

/** pf_normalize_tcp(): SYN with FIN or RST, and FIN, PUSH or URG without ACK, are thrown away. */
function isSane(flags: number): boolean {
  const [fin, syn, rst, push, ack, urg] = [1, 2, 4, 8, 16, 32].map((bit) => (flags & bit) !== 0);
  if (syn) return !fin && !rst && !push && !urg;
  if (!ack) return rst === true && !fin && !push && !urg;
  return !(rst && fin);
}

export function universeFor(context: RegionContext): Record<Field, Ranges> {
  return {
    where: [[0n, 0n]],
    kind: saneKinds(context.family),
    source: universe("source", context),
    destination: universe("destination", context),
    sourcePort: universe("sourcePort", context),
    destinationPort: universe("destinationPort", context),
    tos: universe("tos", context),
  };
}
