/**
 * What becomes of the packets that each rule lets in: one of every class is sent through the machine, and so is its
 * answer. The record that `pf-state-policy.ts` judges.
 */
import { type Address, type Family, type Packet, PROTOCOL, TCP_FLAG } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import type { MachineBuild } from "../build/index.ts";
import { nextPacket } from "../failover/packets.ts";
import type { Machine } from "../machine/index.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { delivery, departure, type Journey, type StepOf, stepsOf } from "../network/journey.ts";
import { receivePacket } from "../network/send.ts";
import { LIST_NAMES } from "../pf/ruleset.ts";
import { specialAddresses, universeFor, Watchers } from "../prove/arrivals.ts";
import { beginnings, protocolSet } from "../prove/beginnings.ts";
import { prefixSet } from "../prove/constraints.ts";
import { cut } from "../prove/cut.ts";
import { examplePacket, goodExamples, packetLine } from "../prove/example.ts";
import { FateTeller } from "../prove/fate.ts";
import { networkEnds } from "../prove/network-ends.ts";
import { intersect, NOTHING, normalize, type Ranges, subtract, union } from "../prove/ranges.ts";
import { passes } from "../scenario/observe.ts";

/** What happened to the packets of one class. */
export interface Crossing {
  /** Interface they come in by. */
  readonly arrival: string;
  /** They come from behind a line that the routing table does not send answers to by itself. */
  readonly secondLine: boolean;
  /** `trace --packet` takes it. */
  readonly example: string;
  readonly source: Address;
  /** The rule that passed them in; null: none is in the files. */
  readonly rule: Rule | null;
  readonly protocol: number;
  readonly fate: Fate;
  /** What the rules for the way out were asked; null when the packets did not get there. */
  readonly out: WayOut | null;
}

export interface WayOut {
  readonly interface: string;
  /** The rule that decided; null: none matched. */
  readonly rule: Rule | null;
  /** As rules at the end of the list saw it. */
  readonly source: Address;
  /** What translated their source: a rule of the old sort, or `match` rules, in any order. */
  readonly translatedBy: readonly Rule[];
}

export type Fate =
  /** Reached the machine, or left it; `answer` is what became of the far end's answer. */
  | { readonly kind: "local"; readonly answer: Answer }
  | { readonly kind: "sent"; readonly interface: string; readonly answer: Answer; readonly halfSeen: string | null }
  /** Passed in and blocked on the way out of `interface`. */
  | { readonly kind: "blocked"; readonly interface: string; readonly by: Rule | null; readonly routeTo: boolean }
  /** Lost otherwise, by the stack. */
  | { readonly kind: "lost" };

export type Answer =
  /** None is expected. */
  | { readonly kind: "none" }
  | { readonly kind: "passed"; readonly interface: string }
  | { readonly kind: "blocked"; readonly interface: string; readonly by: Rule | null; readonly direction: "in" | "out" }
  | { readonly kind: "lost" };

export interface Crossings {
  readonly all: readonly Crossing[];
  /** False: there are more classes than were sent. */
  readonly complete: boolean;
}

/** Most classes of packets for one check; each costs about 0.05 ms. */
const MOST_CLASSES = 4000;
/** Rules that are still examined: what the diagram costs grows with them. */
const MOST_RULES = 1000;

/** @param lines interfaces that lead to the outside world beside the default route */
export function crossingsOf(build: MachineBuild, lines: ReadonlySet<string>): Crossings {
  const { machine } = build;
  const found: Crossing[] = [];
  let rules = 0;
  for (const ruleset of machine.pf.core.rulesets.all()) for (const list of LIST_NAMES) rules += ruleset[list].length;
  if (rules > MOST_RULES) return { all: [], complete: false };
  const teller = new FateTeller(machine);
  let left = MOST_CLASSES;
  let complete = true;
  for (const family of [4, 6] as const) {
    const watchers = new Watchers(machine, family);
    if (watchers.own.length === 0) continue;
    for (const arrival of machine.interfaces()) {
      if (arrival.kind === "loopback" || !machine.isRunning(arrival.name)) continue;
      const universe = usualPackets(family);
      const ways = waysFrom(watchers, arrival, lines.has(arrival.name));
      for (const { secondLine, ...ends } of ways) {
        if (ends.source.length === 0 || ends.destination.length === 0) continue;
        const options = {
          limit: Math.max(1, left),
          universe: { ...universeFor(watchers.context), ...universe, ...ends },
          preferred: goodExamples([machine], family, arrival.name),
        };
        const classes = cut(watchers.lists(arrival.name, 0), options);
        if (!classes.complete) complete = false;
        for (let i = 0; i < classes.count && left > 0; i++, left--) {
          const packet = examplePacket(classes.example(i), family);
          const one = crossingOf(teller, packet, arrival, secondLine);
          if (one !== null) found.push(one);
        }
      }
    }
  }
  machine.fixedRandom = null;
  machine.pf.flush("states");
  return { all: found, complete: complete && left > 0 };
}

/** First packets of connections. */
function usualPackets(family: Family): Pick<Universe, "kind" | "tos"> {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  const protocols = protocolSet([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.esp, PROTOCOL.gre, icmp].sort((a, b) => a - b));
  return { kind: intersect(beginnings(family), protocols), tos: [[0n, 0n]] };
}

type Universe = ReturnType<typeof universeFor>;

interface Way {
  readonly source: Ranges;
  readonly destination: Ranges;
  readonly secondLine: boolean;
}

/** From where to where packets really go that arrive by an interface. */
function waysFrom(watchers: Watchers, arrival: MachineInterface, isLine: boolean): Way[] {
  const { machine, own, family } = watchers;
  const all = universeFor(watchers.context).source;
  const hosts = subtract(all, normalize([...specialAddresses(family).flat(), ...networkEnds(machine, family)]));
  const behind = watchers
    .routes(arrival.routingDomain)
    .filter((set) => set.interfaces.includes(arrival.name))
    .reduce<Ranges>((sum, set) => union(sum, intersect(set.ranges, hosts)), NOTHING);
  const source = subtract(behind, own);
  // Of what is behind one link, only hosts of the link itself and what their other routers lead to meet here.
  const isLink = arrival.kind === "broadcast";
  const destination = union(isLink ? subtract(hosts, behind) : hosts, own);
  const ways = [{ source, destination, secondLine: false }];
  const outside = outsideOf(watchers, arrival);
  if (isLink && !outside.has(arrival.name)) {
    const near = normalize(
      arrival.addresses.flatMap(({ address, length }) =>
        address.family === family ? [...prefixSet(address, length)] : [],
      ),
    );
    ways.push({
      source: intersect(source, near),
      destination: subtract(subtract(behind, near), own),
      secondLine: false,
    });
  }
  if (isLine) {
    const world = watchers
      .routes(arrival.routingDomain)
      .filter((set) => set.interfaces.length === 1 && outside.has(set.interfaces[0] as string))
      .reduce<Ranges>((sum, set) => union(sum, intersect(set.ranges, hosts)), NOTHING);
    ways.push({ source: subtract(world, behind), destination: ownOf(arrival, family), secondLine: true });
  }
  return ways;
}

/** Interfaces that default routes lead out by. */
function outsideOf({ machine, family }: Watchers, arrival: MachineInterface): Set<string> {
  const routes = machine.routes.list(arrival.routingDomain);
  return new Set(
    routes.flatMap((route) =>
      route.length === 0 && route.family === family && route.discard === null && route.interface !== null
        ? [route.interface]
        : [],
    ),
  );
}

function ownOf(one: MachineInterface, family: Family): Ranges {
  return normalize(
    one.addresses.flatMap(({ address }) =>
      address.family === family && !address.isLinkLocal() ? [...prefixSet(address, address.bits)] : [],
    ),
  );
}

/** Null: no rule passed it in. */
function crossingOf(
  teller: FateTeller,
  packet: Packet,
  { name }: MachineInterface,
  secondLine: boolean,
): Crossing | null {
  const { machine } = teller;
  const journey = teller.journey(packet, name);
  const [first, ...rest] = passes(journey);
  if (first === undefined || first.direction !== "in" || first.interface !== name) return null;
  const rule = first.result.rule?.rule;
  if (first.result.verdict !== "pass") return null;
  const out = rest.find((step) => step.direction === "out") ?? null;
  const fate = fateOf(teller, journey, out);
  return {
    arrival: name,
    secondLine,
    example: packetLine(packet, name, machine.system),
    source: packet.source,
    rule: rule === undefined || rule.origin === null ? null : rule,
    protocol: packet.protocol,
    fate,
    out: out === null ? null : wayOut(out),
  };
}

function wayOut({ interface: name, after, result }: StepOf<"filter">): WayOut {
  const translatedBy = new Set<Rule>();
  // What is blocked is put back as it was: the steps tell what rules saw.
  let { source } = after;
  for (const step of result.steps) {
    if (step.kind !== "translate" || step.before.source.equals(step.after.source)) continue;
    translatedBy.add(step.rule);
    source = step.after.source;
  }
  for (const { rule } of result.matchRules) if (rule.nat !== null) translatedBy.add(rule);
  return { interface: name, rule: result.rule?.rule ?? null, source, translatedBy: [...translatedBy] };
}

function fateOf(teller: FateTeller, journey: Journey, out: StepOf<"filter"> | null): Fate {
  const { machine } = teller;
  const sent = departure(journey);
  if (journey.verdict === "pass" && sent !== null) {
    const halfSeen = answersBypass(machine, journey, sent) ? stallReason(machine, journey, sent) : null;
    // What passed no state comes back as a new packet: the answer is asked all the same.
    const answer = halfSeen === null ? answerOf(teller, journey) : ({ kind: "none" } as const);
    return { kind: "sent", interface: sent.interface, answer, halfSeen };
  }
  if (journey.verdict === "pass" && delivery(journey) !== null) {
    return { kind: "local", answer: answerOf(teller, journey) };
  }
  if (out !== null && out.result.verdict === "block" && out.result.reason === "match") {
    const routes = stepsOf(journey, "route", 0);
    const routeTo = routes.at(-1)?.by === "route-to";
    return { kind: "blocked", interface: out.interface, by: out.result.rule?.rule ?? null, routeTo };
  }
  return { kind: "lost" };
}

function answerOf(teller: FateTeller, journey: Journey): Answer {
  const { packet } = journey;
  const isAnswered = packet.protocol === PROTOCOL.tcp || packet.icmp !== null;
  const back = isAnswered ? teller.answer(journey) : null;
  if (back === null) return { kind: "none" };
  const way = departure(back);
  if (back.verdict === "pass" && way !== null) return { kind: "passed", interface: way.interface };
  const last = passes(back).at(-1);
  if (last === undefined || last.result.verdict !== "block") return { kind: "lost" };
  const { interface: name, direction, result } = last;
  return { kind: "blocked", interface: name, by: result.rule?.rule ?? null, direction };
}

/** The next hop is on the network of the sender: it answers the sender, and not this machine. */
function answersBypass(machine: Machine, journey: Journey, sent: StepOf<"send">): boolean {
  const after = sent.whole ?? sent.packet;
  if (sent.interface !== journey.interface || sent.nextHop.equals(after.destination)) return false;
  if (!after.source.equals(journey.packet.source)) return false;
  const one = machine.interface(sent.interface);
  if (one?.kind !== "broadcast") return false;
  const route = machine.lookup(after.destination, one.routingDomain);
  return (
    route !== null &&
    route.length > 0 &&
    one.addresses.some(
      ({ address, length }) =>
        address.family === after.family && length < address.bits - 1 && after.source.isIn(address, length),
    )
  );
}

/** Far from what any host chooses first, as real initial sequence numbers are. */
const FAR_SEQUENCE = 0x5eed5eed;

/** A TCP connection of which the machine sees one direction: the reason why what follows is dropped, or null. */
function stallReason(machine: Machine, journey: Journey, sent: StepOf<"send">): string | null {
  const { packet } = journey;
  if (packet.tcp === null || (packet.tcp.flags & TCP_FLAG.S) === 0) return null;
  const heard: Packet = {
    ...packet,
    tcp: { ...packet.tcp, sequence: FAR_SEQUENCE, acknowledgement: (packet.tcp.sequence + 1) >>> 0 },
  };
  const begin = nextPacket(packet, heard, 0);
  // Without the far end's window pf lets about 64 KB pass (MAXACKWINDOW in pf_tcp_track_full).
  for (let offset = 0; offset <= 96_000 && begin.tcp !== null; offset += 32_000) {
    const sequence = (begin.tcp.sequence + offset) >>> 0;
    const next = { ...begin, tcp: { ...begin.tcp, sequence }, payloadLength: offset === 0 ? 0 : 1000 };
    const journey = receivePacket(machine, sent.interface, next);
    if (journey.verdict !== "pass") return passes(journey).at(-1)?.result.reason ?? null;
  }
  return null;
}
