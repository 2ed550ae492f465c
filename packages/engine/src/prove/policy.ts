/**
 * Policies over all packets and all conditions. A policy is proved when one packet of every class that it is about was
 * sent through the machine under every condition, and none went against it. Anything less is *not proved*.
 */
import { type Family, PROTOCOL, type System } from "@pierhead/core";
import type { BuildOptions } from "../build/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { JsonValue } from "../trace/json.ts";
import type { ConfigTree, TreeTexts } from "../tree/index.ts";
import { type Arrival, saneKinds, specialAddresses, universeFor, Watchers } from "./arrivals.ts";
import { beginnings, protocolSet } from "./beginnings.ts";
import { findWorlds, type World } from "./conditions.ts";
import { prefixSet, type RuleRegion } from "./constraints.ts";
import { cut } from "./cut.ts";
import { fateJson, notExaminedLines, ruleLine } from "./diff-report.ts";
import { examplePacket, goodExamples, packetLine } from "./example.ts";
import { FateTeller, type PacketFate } from "./fate.ts";
import { networkEnds } from "./network-ends.ts";
import { type NotExamined, notExaminedIn } from "./not-examined.ts";
import { intersect, NOTHING, normalize, type Range, type Ranges, subtract, union } from "./ranges.ts";
import type { Policy, PolicyEnd } from "./read-policy.ts";

export interface PolicyOptions {
  readonly build?: BuildOptions;
  /** Most classes of packets for one policy under one condition; 50,000 when absent. */
  readonly limit?: number;
  /** Most conditions; 128 when absent. */
  readonly conditions?: number;
  readonly progress?: (done: number, all: number) => void;
}

export interface CounterExample {
  /** `trace --packet` takes it. */
  readonly packet: string;
  readonly condition: string;
  readonly fate: PacketFate;
}

export interface PolicyResult {
  readonly policy: Policy;
  readonly verdict: "proved" | "refuted" | "not proved";
  readonly counterExample: CounterExample | null;
  /** Why it is not proved. */
  readonly reasons: readonly string[];
  readonly notExamined: readonly NotExamined[];
  /** Classes of packets that were sent, over all conditions. */
  readonly classes: number;
  readonly conditions: number;
}

const USUAL_LIMIT = 50_000;

export function provePolicies(
  files: ConfigTree | TreeTexts,
  system: System,
  policies: readonly Policy[],
  options: PolicyOptions = {},
): PolicyResult[] {
  const worlds = findWorlds(files, system, options);
  const cases = policies.map((policy) => new Case(policy, options.limit ?? USUAL_LIMIT));
  let done = 0;
  for (const world of worlds.all()) {
    const tellers = { value: null as FateTeller | null };
    for (const one of cases) {
      if (!one.concerns(world, worlds.axes)) continue;
      tellers.value ??= new FateTeller(world.machine);
      one.examine(world, tellers.value);
    }
    options.progress?.(++done, worlds.count);
  }
  return cases.map((one) => {
    if (worlds.problem !== null) one.reasons.add(worlds.problem);
    if (worlds.leftOut > 0) one.reasons.add(`${worlds.leftOut} more conditions of links and tests were not looked at`);
    return one.result();
  });
}

class Case {
  readonly policy: Policy;
  readonly reasons: Set<string> = new Set();
  readonly #limit: number;
  readonly #notExamined: Map<string, NotExamined> = new Map();
  #counter: CounterExample | null = null;
  #classes = 0;
  #conditions = 0;

  constructor(policy: Policy, limit: number) {
    this.policy = policy;
    this.#limit = limit;
  }

  concerns(world: World, axes: readonly string[]): boolean {
    if (this.#counter !== null) return false;
    const { when, rule } = this.policy;
    for (const { name } of when ?? []) {
      if (axes.includes(name) || world.machine.interface(name) !== null) continue;
      this.reasons.add(`no test or interface is called ${name}`);
      return false;
    }
    const named = new Set(when?.map((one) => one.name));
    // What must always work need not work over a dead link, unless the policy speaks of it.
    if (rule === "always" && world.unwatchedDown.some((name) => !named.has(name))) return false;
    return (when ?? []).every(({ name, value }) => (world.states.get(name) ?? "up") === value);
  }

  examine(world: World, teller: FateTeller): void {
    this.#conditions++;
    for (const doubt of world.doubts) this.reasons.add(`${world.name}: ${doubt}`);
    for (const family of [4, 6] as const) {
      const watchers = new Watchers(world.machine, family);
      for (const arrival of this.#arrivals(world.machine)) {
        if (this.#counter !== null) return;
        this.#send(world, watchers, teller, arrival, family);
      }
    }
  }

  #arrivals(machine: Machine): Arrival[] {
    const { in: names, via, from } = this.policy;
    for (const name of [...(names ?? []), ...(via === null ? [] : [via])]) {
      if (machine.interface(name) === null) this.reasons.add(`there is no interface ${name}`);
    }
    const running = machine.interfaces().filter((one) => one.kind !== "loopback" && machine.isRunning(one.name));
    const arrivals: Arrival[] = running.map((one) => one.name).filter((name) => names === null || names.includes(name));
    // The machine sends what is said to come from it, or from anywhere.
    if (names !== null) return arrivals;
    const ends = from ?? [{ kind: "any" as const }];
    if (ends.every((end) => end.kind === "self")) return [null];
    return ends.some((end) => end.kind === "self" || end.kind === "any") ? [...arrivals, null] : arrivals;
  }

  #send(world: World, watchers: Watchers, teller: FateTeller, arrival: Arrival, family: Family): void {
    const { machine } = world;
    const { policy } = this;
    const universe = universeFor(watchers.context);
    const sources = endSet(policy.from, watchers, family);
    universe.source = arrival === null ? intersect(watchers.own, sources) : subtract(sources, watchers.own);
    universe.destination = endSet(policy.to, watchers, family);
    if (arrival !== null && policy.rule === "always") {
      // Hosts are where the routes say; others forge their address, and nobody promised them anything.
      const behind = watchers
        .routes(machine.interface(arrival)?.routingDomain ?? 0)
        .filter((set) => set.interfaces.includes(arrival))
        .reduce<Ranges>((sum, set) => union(sum, set.ranges), NOTHING);
      universe.source = intersect(universe.source, behind);
    }
    universe.kind = kindsOf(policy, family);
    if (policy.ports !== null) {
      universe.destinationPort = normalize(policy.ports.map(([low, high]): Range => [BigInt(low), BigInt(high)]));
    }
    if ([universe.source, universe.destination, universe.kind].some((set) => set.length === 0)) return;
    const inside = (region: RuleRegion): boolean =>
      region.rule.nat !== null ||
      region.rule.rdr !== null ||
      (["source", "destination", "kind", "destinationPort"] as const).every((field) => {
        const constraint = region.constraints[field];
        return constraint === null || intersect(constraint, universe[field]).length > 0;
      });
    for (const one of notExaminedIn(watchers, inside)) this.#notExamined.set(one.what, one);
    const preferred = goodExamples([machine], family, arrival);
    const classes = cut(watchers.lists(arrival, 0), { limit: this.#limit, universe, preferred });
    if (!classes.complete) this.reasons.add(`there are more than ${this.#limit} classes of packets; raise the limit`);
    for (let i = 0; i < classes.count; i++) {
      const packet = examplePacket(classes.example(i), family);
      const fate = teller.tell(packet, arrival);
      this.#classes++;
      if (isAgainst(policy, fate)) {
        this.#counter = { packet: packetLine(packet, arrival, machine.system), condition: world.name, fate };
        return;
      }
    }
  }

  result(): PolicyResult {
    const { policy } = this;
    const notExamined = [...this.#notExamined.values()];
    if (this.#counter === null) {
      if (this.#conditions === 0) this.reasons.add("no condition of links and tests is one it is for");
      else if (this.#classes === 0) this.reasons.add("no packet is one it is about: are the addresses right?");
    }
    const whole = this.reasons.size === 0 && notExamined.length === 0;
    return {
      policy,
      verdict: this.#counter !== null ? "refuted" : whole ? "proved" : "not proved",
      counterExample: this.#counter,
      reasons: [...this.reasons],
      notExamined,
      classes: this.#classes,
      conditions: this.#conditions,
    };
  }
}

function isAgainst(policy: Policy, fate: PacketFate): boolean {
  const passes = fate.verdict === "pass" || fate.verdict === "synproxy";
  let matches =
    policy.outcome === "pass" ? passes : policy.outcome === "block" ? !passes : fate.verdict === policy.outcome;
  if (matches && passes && policy.via !== null) matches = fate.out === policy.via;
  if (matches && passes && policy.as !== null) {
    matches = fate.source?.isIn(policy.as.address, policy.as.length) ?? false;
  }
  // One of several outcomes by chance is enough to break a policy.
  if (fate.alternatives !== null)
    return [fate, ...fate.alternatives].some((one) => isAgainst(policy, { ...one, alternatives: null }));
  return policy.rule === "always" ? !matches : matches;
}

function kindsOf(policy: Policy, family: Family): Ranges {
  const sane = policy.rule === "never" ? saneKinds(family) : beginnings(family);
  if (policy.protocols === null)
    return policy.ports === null ? sane : intersect(sane, protocolSet([PROTOCOL.tcp, PROTOCOL.udp]));
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  // `icmp` means that of the family.
  const own = policy.protocols.map((one) => (one === PROTOCOL.icmp || one === PROTOCOL.icmp6 ? icmp : one));
  return intersect(sane, protocolSet(own));
}

/**
 * Addresses of one end. What is not named one by one means hosts: no multicast, broadcast, loopback; and a network does
 * not mean the machine's own address in it, which is `self`.
 */
function endSet(ends: readonly PolicyEnd[] | null, watchers: Watchers, family: Family): Ranges {
  const { context, machine, own } = watchers;
  const hosts = subtract(
    universeFor(context).source,
    normalize([...specialAddresses(family).flat(), ...networkEnds(machine, family)]),
  );
  let set: Ranges = NOTHING;
  for (const end of ends ?? [{ kind: "any" as const }]) {
    if (end.kind === "any") set = union(set, hosts);
    else if (end.kind === "self") set = union(set, own);
    else if (end.kind === "internet") set = union(set, subtract(hosts, connected(machine, family)));
    else if (end.kind === "prefix") {
      const { address, length } = end.prefix;
      if (address.family !== family) continue;
      const all = prefixSet(address, length);
      set = union(
        set,
        length === address.bits ? all : subtract(all, normalize([...networkEnds(machine, family), ...own])),
      );
    } else {
      for (const { address, length } of machine.interface(end.interface)?.addresses ?? []) {
        if (address.family === family) set = union(set, subtract(intersect(prefixSet(address, length), hosts), own));
      }
    }
  }
  return set;
}

/** The machine's own networks. */
function connected(machine: Machine, family: Family): Ranges {
  const own = machine.interfaces().flatMap((one) => one.addresses);
  return normalize(
    own.flatMap(({ address, length }) => (address.family === family ? [...prefixSet(address, length)] : [])),
  );
}

/** Plain text, without line ends. */
export function policyLines(results: readonly PolicyResult[]): string[] {
  const lines: string[] = [];
  for (const { policy, verdict, counterExample, reasons, notExamined, classes, conditions } of results) {
    const { line } = policy.source.position(policy.span.start);
    lines.push(`${verdict}: ${policy.name}  [${policy.source.name}:${line}]`);
    if (counterExample !== null) {
      const { packet, condition, fate } = counterExample;
      lines.push(`  counter-example: ${packet}`, `  when: ${condition}`, `  it ${fate.text}`);
      for (const rule of fate.rules) lines.push(`    ${ruleLine(rule)}`);
    } else {
      const counted = classes === 1 ? "1 class" : `${classes} classes`;
      lines.push(`  ${counted} of packets under ${conditions} ${conditions === 1 ? "condition" : "conditions"}`);
      for (const reason of reasons) lines.push(`  because ${reason}`);
      for (const text of notExaminedLines(notExamined)) lines.push(`  ${text}`);
    }
  }
  const count = (verdict: PolicyResult["verdict"]): number => results.filter((one) => one.verdict === verdict).length;
  lines.push(`${count("proved")} proved, ${count("refuted")} refuted, ${count("not proved")} not proved`);
  return lines;
}

export function policyJson(results: readonly PolicyResult[]): { readonly [key: string]: JsonValue } {
  return {
    policies: results.map(({ policy, verdict, counterExample, reasons, notExamined, classes, conditions }) => ({
      name: policy.name,
      file: policy.source.name,
      line: policy.source.position(policy.span.start).line,
      verdict,
      counterExample:
        counterExample === null
          ? null
          : { packet: counterExample.packet, condition: counterExample.condition, fate: fateJson(counterExample.fate) },
      reasons: [...reasons],
      notExamined: notExamined.map((one) => one.what),
      classes,
      conditions,
    })),
  };
}
