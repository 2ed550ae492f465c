/** What a machine does with one packet, in words that two machines can be compared by. */
import { type Address, type Family, type Packet, PROTOCOL, TCP_FLAG } from "@pierhead/core";
import type { Pool, Rule } from "@pierhead/lang/pf";
import { answerTo } from "../failover/packets.ts";
import type { Machine } from "../machine/machine.ts";
import { delivery, departure, type Journey, type StepOf, stepsOf } from "../network/journey.ts";
import { receivePacket, sendPacket } from "../network/send.ts";
import type { LoadedPool } from "../pf/loaded-pool.ts";
import { LIST_NAMES } from "../pf/ruleset.ts";
import type { RuleReference } from "../pf/types.ts";
import { passes } from "../scenario/observe.ts";
import { type RulePlace, rulePlace, ruleText } from "../trace/describe.ts";
import type { Arrival } from "./arrivals.ts";
import { addressFrom, type RegionContext, wrapSet } from "./constraints.ts";
import { liveContext } from "./live.ts";

/** A rule that had to do with a fate. */
export interface ResponsibleRule {
  /** As the system prints it. */
  readonly text: string;
  /** Path of its anchor; "" is the main ruleset. */
  readonly anchor: string;
  readonly place: RulePlace | null;
}

/** The fate of one packet. */
export interface PacketFate {
  readonly verdict: Journey["verdict"];
  /** Everything that can be told from outside, in words without example addresses where they only repeat the packet. */
  readonly text: string;
  /** The main thing of `text`: without the next hop and without what becomes of answers. */
  readonly core: string;
  /** Rules that decided, translated or steered, in the order in which they came up. */
  readonly rules: readonly ResponsibleRule[];
  /** The stack threw it away (no route, not forwarding, …), and not pf. */
  readonly byStack: boolean;
  /** Left the machine by this interface; null when it did not. */
  readonly out: string | null;
  readonly nextHop: Address | null;
  /** Source it left, or reached the machine, with. */
  readonly source: Address | null;
  readonly reaches: "network" | "machine" | "nobody";
  /** What else may come out, by chance; null when chance has no say. */
  readonly alternatives: readonly PacketFate[] | null;
}

/** Sends packets through one machine, each as if it were the first one after boot. */
export class FateTeller {
  readonly machine: Machine;
  /** Pools that move on with every use. */
  readonly #pools: LoadedPool[] = [];
  readonly #texts: Map<Rule, ResponsibleRule> = new Map();
  readonly #traces: boolean;
  readonly #many: ManyAddresses;
  /** Rules match by chance. */
  readonly #chance: boolean;

  constructor(machine: Machine) {
    this.machine = machine;
    this.#many = manyAddresses(machine);
    let chance = false;
    for (const ruleset of machine.pf.core.rulesets.all()) {
      for (const list of LIST_NAMES) {
        for (const rule of ruleset[list]) {
          if (rule.rule.probability !== 0) chance = true;
          for (const pool of [rule.nat, rule.rdr, rule.route]) if (pool !== null) this.#pools.push(pool);
        }
      }
    }
    this.#chance = chance;
    machine.pf.indexed = true;
    this.#traces = machine.pf.core.kernel.separateTranslation || this.#pools.length > 0;
  }

  tell(packet: Packet, arrival: Arrival): PacketFate {
    const first = this.#tell(packet, arrival, LUCKY);
    if (!this.#chance) return first;
    const second = this.#tell(packet, arrival, UNLUCKY);
    if (first.text === second.text) return first;
    return {
      ...first,
      alternatives: [second],
      text: `by chance ${first.text}; or ${second.text}`,
      core: `by chance ${first.core}; or ${second.core}`,
    };
  }

  /** Sends one packet as the first one after boot; where rules match by chance, all of them do. */
  journey(packet: Packet, arrival: Arrival, draw: number = LUCKY): Journey {
    this.#reset();
    this.machine.fixedRandom = draw;
    const { machine } = this;
    const options = { trace: this.#traces };
    return arrival === null
      ? sendPacket(machine, packet, null, options)
      : receivePacket(machine, arrival, packet, options);
  }

  #tell(packet: Packet, arrival: Arrival, draw: number): PacketFate {
    const journey = this.journey(packet, arrival, draw);
    const rules = this.#rulesOf(journey);
    const sent = departure(journey);
    const own = delivery(journey);
    const { core, hop } = this.#describe(
      journey,
      rules.map(({ rule }) => rule),
    );
    const text = [core, hop, this.#answer(journey)].filter((words) => words !== "").join("; ");
    return {
      verdict: journey.verdict,
      text,
      core,
      rules: rules.map((one) => this.#responsible(one)),
      byStack: stepsOf(journey, "end", 0).some((end) => end.why !== "blocked"),
      out: sent?.interface ?? null,
      alternatives: null,
      nextHop: sent?.nextHop ?? null,
      source: (sent?.whole ?? sent?.packet ?? own?.packet)?.source ?? null,
      reaches: journey.verdict !== "pass" ? "nobody" : sent !== null ? "network" : own !== null ? "machine" : "nobody",
    };
  }

  #reset(): void {
    const { pf } = this.machine;
    if (pf.stateCount > 0) pf.flush("states");
    pf.flush("Sources");
    for (const pool of this.#pools) {
      pool.current = 0;
      pool.counter = null;
      pool.tableIndex = 0;
      pool.currentWeight = 0;
    }
  }

  #rulesOf(journey: Journey): RuleReference[] {
    const rules: RuleReference[] = [];
    const add = (one: RuleReference): void => {
      if (!rules.some((other) => other.rule === one.rule)) rules.push(one);
    };
    for (const step of passes(journey)) {
      if (step.result.skipped !== null) continue;
      for (const each of step.result.steps) {
        if (each.kind === "translate") add({ rule: each.rule, anchor: "", unlinked: false });
      }
      for (const each of [...step.result.matchRules].reverse()) if (changesPackets(each.rule)) add(each);
      if (step.result.rule !== null && step.result.rule.rule.origin !== null) add(step.result.rule);
    }
    return rules;
  }

  #responsible({ rule, anchor }: RuleReference): ResponsibleRule {
    let known = this.#texts.get(rule);
    if (known === undefined) {
      known = { text: ruleText(rule, this.machine.system), anchor, place: rulePlace(rule) };
      this.#texts.set(rule, known);
    }
    return known;
  }

  #describe(journey: Journey, rules: readonly Rule[]): { core: string; hop: string } {
    const { packet, verdict } = journey;
    const words: string[] = [];
    let hop = "";
    const many = (which: "nat" | "rdr" | "route"): string | null => {
      for (let i = rules.length - 1; i >= 0; i--) {
        const rule = rules[i] as Rule;
        const pool = which === "route" && rule.routeOption !== "route-to" ? null : rule[which];
        const text = pool === null ? null : this.#many(pool, packet.family);
        if (text !== null) return text;
      }
      return null;
    };
    switch (verdict) {
      case "pass": {
        const sent = departure(journey);
        const own = delivery(journey);
        const diverted = stepsOf(journey, "divert", 0)[0];
        if (diverted !== undefined) words.push(`passes to divert port ${diverted.port}`);
        else if (sent !== null) {
          const after = sent.whole ?? sent.packet;
          words.push(`passes out ${sent.interface}`);
          hop = hopWords(sent, after, many("route"));
          words.push(...changeWords(packet, after, many("nat"), many("rdr")));
        } else if (own !== null) {
          words.push("passes to the machine itself");
          words.push(...changeWords(packet, own.packet, many("nat"), many("rdr")));
          if (own.divert !== null) words.push(`diverted to port ${own.divert.port}`);
        } else words.push("passes");
        break;
      }
      case "return-rst":
        words.push("is refused with a TCP reset");
        break;
      case "return-abort":
        words.push("is refused with an SCTP abort");
        break;
      case "return-icmp": {
        const answer = journey.flows.find((flow) => flow.parent === 0 && flow.packet.icmp !== null)?.packet.icmp;
        words.push(`is refused with ICMP ${answer?.type ?? ""}/${answer?.code ?? ""}`, endWords(journey));
        break;
      }
      case "synproxy":
        words.push("is answered by synproxy");
        break;
      case "held":
        words.push("waits for its other fragments");
        break;
      case "no-route":
      case "arp-failed":
        words.push("is lost without a way on", endWords(journey));
        break;
      case "block":
        words.push("is dropped", endWords(journey));
        break;
    }
    for (const copy of journey.flows.filter((flow) => flow.cause === "copy")) {
      const sent = stepsOf(journey, "send", copy.id)[0];
      words.push(`copied ${sent === undefined ? "nowhere" : `to ${sent.nextHop} on ${sent.interface}`}`);
    }
    const last = passes(journey).at(-1);
    if (verdict === "pass" && last !== undefined) words.push(...markWords(last));
    if (verdict === "pass" || verdict === "synproxy") words.push(...stateWords(journey));
    return { core: words.filter((word) => word !== "").join(", "), hop };
  }

  /** What the far end's answer meets, when the packet has made a state for it. */
  #answer(journey: Journey): string {
    if (journey.verdict !== "pass") return "";
    const made = passes(journey).some((step) => step.result.state === "new");
    if (!made) return "";
    const back = this.answer(journey);
    if (back === null) return "";
    const first = journey.packet;
    const end = departure(back) ?? delivery(back);
    if (back.verdict !== "pass" || end === null) return `the answer is lost (${back.verdict})`;
    const ends = end.packet.source.equals(first.destination) && end.packet.destination.equals(first.source);
    // A packet without a source had one chosen for it.
    if (!ends && !first.source.isUnspecified()) return "the answer comes from elsewhere";
    const way = departure(back);
    return way === null ? "its answer passes" : `its answer passes out ${way.interface}`;
  }

  /** The far end's answer to the packet that was sent last; null when nobody gets it, or it is none that is answered. */
  answer(journey: Journey): Journey | null {
    const { machine } = this;
    const first = journey.packet;
    if (first.tcp !== null && (first.tcp.flags & TCP_FLAG.S) === 0) return null;
    const isQuery = first.icmp !== null && (first.icmp.type === 8 || first.icmp.type === 128);
    if (first.icmp !== null && !isQuery) return null;
    const sent = departure(journey);
    const own = delivery(journey);
    if (sent !== null) {
      const answer = answerTo(sent.whole ?? sent.packet);
      if (answer.icmp !== null && answer.family === 6) answer.icmp = { ...answer.icmp, type: 129 };
      return receivePacket(machine, sent.interface, answer);
    }
    if (own !== null && own.divert === null) {
      if (machine.ownerOf(own.packet.destination) === null) return null;
      const answer = answerTo(own.packet);
      if (answer.icmp !== null && answer.family === 6) answer.icmp = { ...answer.icmp, type: 129 };
      return sendPacket(machine, answer);
    }
    return null;
  }
}

/** Draws with which rules of any probability match, and with which none does; neither is refused by `randomBelow`. */
const LUCKY = 0x0010_0000;
const UNLUCKY = 0xffff_fff0;

function changesPackets(rule: Rule): boolean {
  return (
    rule.nat !== null ||
    rule.rdr !== null ||
    rule.route !== null ||
    rule.afTo !== null ||
    rule.queue !== null ||
    rule.setPrio !== null ||
    rule.setTos !== null ||
    rule.tag !== null ||
    rule.rtable >= 0 ||
    rule.setsDelay ||
    rule.divert !== null
  );
}

/** What a pool has to give to packets of one family, when it is more than one address; null otherwise. */
export type ManyAddresses = (pool: Pool, family: Family) => string | null;

/** @param machine whose tables and interfaces the members name */
function manyAddresses(machine: Machine): ManyAddresses {
  const known = new Map<Pool, Map<Family, string | null>>();
  return (pool, family) => {
    let byFamily = known.get(pool);
    if (byFamily === undefined) {
      byFamily = new Map();
      known.set(pool, byFamily);
    }
    let text = byFamily.get(family);
    if (text === undefined) {
      text = describePool(pool, liveContext(machine, family));
      byFamily.set(family, text);
    }
    return text;
  };
}

function describePool(pool: Pool, context: RegionContext): string | null {
  // Host bits are kept, or there is nothing to choose.
  if (pool.type === "bitmask" || (pool.type === "none" && pool.members.length === 1)) return null;
  const parts: string[] = [];
  let count = 0n;
  for (const { address, interface: name } of pool.members) {
    const set = wrapSet(address, "", context);
    if (set === null) continue;
    for (const [low, high] of set) {
      count += high - low + 1n;
      const first = addressFrom(low, context.family);
      const last = low === high ? "" : `-${addressFrom(high, context.family)}`;
      parts.push(`${first}${last}${name === null ? "" : `@${name}`}`);
    }
  }
  if (count < 2n) return null;
  return `one of { ${parts.sort().join(", ")} } by ${pool.type}${pool.sticky ? ", sticky" : ""}`;
}

function hopWords(sent: StepOf<"send">, after: Packet, routes: string | null): string {
  if (routes !== null) return `next hop ${routes}`;
  return sent.nextHop.equals(after.destination) ? "the destination is on the link" : `next hop ${sent.nextHop}`;
}

function changeWords(before: Packet, after: Packet, sources: string | null, destinations: string | null): string[] {
  const words: string[] = [];
  const side = (
    name: "source" | "destination",
    from: Address,
    to: Address,
    fromPort: number,
    toPort: number,
    pool: string | null,
  ): void => {
    const moved = !from.equals(to);
    if (!moved && fromPort === toPort) return;
    const port = fromPort === toPort ? "" : name === "source" ? " with another port" : ` port ${toPort}`;
    // A packet without a source gets that of the interface it leaves by.
    words.push(`${name} becomes ${pool ?? to}${port}`);
  };
  if (before.family !== after.family) words.push(`becomes IPv${after.family}`);
  side("source", before.source, after.source, before.sourcePort, after.sourcePort, sources);
  side(
    "destination",
    before.destination,
    after.destination,
    before.destinationPort,
    after.destinationPort,
    destinations,
  );
  if (after.tos !== before.tos) words.push(`tos ${after.tos}`);
  if (before.tcp !== null && after.tcp !== null && before.tcp.mss !== after.tcp.mss) words.push("another mss");
  return words;
}

function markWords({ marks, result }: StepOf<"filter">): string[] {
  const words: string[] = [];
  if (result.skipped !== null) return words;
  if (marks.queue !== null) words.push(`queue ${marks.queue}`);
  if (marks.delay > 0) words.push(`delayed by ${marks.delay} ms`);
  return words;
}

/** What remains of it for the packets that follow. */
function stateWords(journey: Journey): string[] {
  const filtered = passes(journey).filter((step) => step.result.skipped === null);
  if (filtered.length === 0) return ["unfiltered"];
  const without = filtered.filter((step) => step.result.state === null);
  if (without.length > 0) return [`without state ${[...new Set(without.map((step) => step.direction))].join(" and ")}`];
  return [];
}

function endWords(journey: Journey): string {
  const end = stepsOf(journey, "end", 0).at(-1);
  if (end === undefined || end.why === "blocked") return "";
  return `by the machine and not by pf: ${end.why.replaceAll("-", " ")}`;
}

/** Ports of TCP and UDP that a packet of a class may have. */
export function hasPorts(packet: Packet): boolean {
  return packet.protocol === PROTOCOL.tcp || packet.protocol === PROTOCOL.udp || packet.protocol === PROTOCOL.sctp;
}
