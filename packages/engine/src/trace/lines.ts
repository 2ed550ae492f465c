/** The human form of a trace, as lines with a depth and a kind: the terminal adds colour, the studio boxes. */
import { type Packet, packetLength } from "@pierhead/core";
import { type JourneyStep, ownFlows, type StepOf, type TunnelKind } from "../network/journey.ts";
import { formatDestination } from "../network/routes.ts";
import type { EvaluationStep, FilterResult } from "../pf/types.ts";
import { endText } from "../scenario/check.ts";
import { originText, packetText, placeText, rulePlace, ruleText } from "./describe.ts";
import { nearMisses } from "./near-miss.ts";
import type { Trace } from "./trace.ts";

export type TraceLineKind =
  | "packet"
  | "pass"
  | "rule"
  | "no-match"
  | "anchor"
  | "decision"
  | "translation"
  | "route"
  | "state"
  | "sent"
  | "answer"
  | "end"
  | "note"
  | "sentence";

export interface TraceLine {
  readonly kind: TraceLineKind;
  /** 0 for headings. */
  readonly depth: number;
  readonly text: string;
  /** `file:line` that belongs to it; "" when none does. */
  readonly place: string;
}

export interface TraceLineOptions {
  /** Show rules that were looked at and did not match, with what failed. */
  readonly all?: boolean;
}

export function traceLines(trace: Trace, options: TraceLineOptions = {}): TraceLine[] {
  const writer = new Writer(trace, options.all ?? false);
  for (const step of trace.journey.steps) writer.step(step);
  for (const line of trace.statesAdded) writer.add("state", 0, `state: ${line.trim().replace(/\s+/g, " ")}`);
  writer.add("sentence", 0, `The packet ${trace.sentence}.`);
  return writer.lines;
}

/** The same as one text. */
export function traceText(trace: Trace, options: TraceLineOptions = {}): string {
  return traceLines(trace, options)
    .map((line) => {
      const text = `${"  ".repeat(line.depth)}${line.text}`;
      return line.place === "" ? text : `${text}  [${line.place}]`;
    })
    .join("\n");
}

const WRAPPED: Readonly<Record<TunnelKind, string>> = {
  ip: "carried in IP",
  ipsec: "protected by ESP",
  l2tp: "carried in L2TP",
};

const UNWRAPPED: Readonly<Record<TunnelKind, string>> = {
  ip: "out of IP in IP",
  ipsec: "out of ESP",
  l2tp: "out of L2TP",
};

class Writer {
  readonly lines: TraceLine[] = [];
  readonly #trace: Trace;
  readonly #all: boolean;
  readonly #own: ReadonlySet<number>;

  constructor(trace: Trace, all: boolean) {
    this.#trace = trace;
    this.#all = all;
    this.#own = new Set(ownFlows(trace.journey.steps));
  }

  add(kind: TraceLineKind, depth: number, text: string, place = ""): void {
    this.lines.push({ kind, depth, text, place });
  }

  #packet(packet: Packet): string {
    return packetText(packet, this.#trace.machine.system);
  }

  step(step: JourneyStep): void {
    const indent = this.#own.has(step.flow) ? 0 : 1;
    switch (step.kind) {
      case "arrive":
        this.add("packet", indent, `arrives on ${step.interface}: ${this.#packet(step.packet)}`);
        break;
      case "originate":
        this.add("packet", indent, `the machine sends: ${this.#packet(step.packet)}`);
        break;
      case "filter":
        this.#pass(step, indent);
        break;
      case "frame": {
        const what = step.packet === null ? "ARP" : "the frame";
        const { rule } = step.result;
        const by = rule === null ? "" : ` by @${rule.number} of the ether rules`;
        const verb = step.result.verdict === "pass" ? "passes" : "is blocked";
        const place = rule === null ? "" : originText(rule.origin);
        this.add("decision", indent, `${step.direction} on ${step.interface}: ${what} ${verb}${by}`, place);
        break;
      }
      case "route":
        this.add("route", indent, routeText(step));
        for (const one of step.candidates) {
          this.add("note", indent + 1, `could be: ${one.gateway ?? "on the link"} by ${one.interface}`);
        }
        break;
      case "fragment":
        this.add(
          "note",
          indent,
          `${packetLength(step.packet)} octets are cut into ${step.fragments.length} fragments for ${step.mtu}`,
        );
        break;
      case "send": {
        const on = step.nextHop.equals(step.packet.destination) ? "" : ` for ${step.nextHop}`;
        this.add("sent", indent, `leaves ${step.interface}${on}: ${this.#packet(step.packet)}`);
        break;
      }
      case "loop-back":
        this.add("note", indent, `comes back in by ${step.interface}`);
        break;
      case "deliver":
        this.add(
          "sent",
          indent,
          `delivered: ${this.#packet(step.packet)}${step.service === null ? "" : ` to ${step.service}`}`,
        );
        break;
      case "encapsulate":
        this.add("note", 0, `${WRAPPED[step.by]} by ${step.interface}: ${this.#packet(step.packet)}`);
        break;
      case "decapsulate":
        this.add("packet", 0, `${UNWRAPPED[step.by]} on ${step.interface}: ${this.#packet(step.packet)}`);
        break;
      case "divert":
        this.add("sent", indent, `diverted to ${step.address ?? "the machine"} port ${step.port}`);
        break;
      case "hold":
        this.add(
          "note",
          indent,
          step.by === "pf" ? "pf waits for the other fragments" : "waits for the other fragments",
        );
        break;
      case "answer": {
        const flow = this.#trace.journey.flows[step.answer];
        const who = flow?.cause === "pf" ? "pf answers" : "the machine answers";
        this.add("answer", 0, `${who}: ${flow === undefined ? "" : this.#packet(flow.packet)} (${step.reason})`);
        break;
      }
      case "end":
        if (step.why !== "blocked") this.add("end", indent, step.text);
        break;
    }
  }

  #pass(step: StepOf<"filter">, indent: number): void {
    const { result } = step;
    const where = `${step.direction} on ${step.interface}`;
    if (result.skipped !== null) {
      const why = result.skipped === "skip" ? "set skip" : "pf made the packet or has seen it";
      this.add("pass", indent, `${where}: pf does not look (${why})`);
      return;
    }
    this.add("pass", indent, `${where}: ${this.#packet(step.before)}`);
    if (result.state === "existing") this.add("state", indent + 1, "matches a state; rules are not asked");
    this.#rules(result.steps, indent + 1);
    this.#translation(step, indent + 1);
    this.#decision(step, indent + 1);
    const { tag } = step.marks;
    if (tag !== null) this.add("note", indent + 1, `tagged ${tag}`);
  }

  #rules(steps: readonly EvaluationStep[], indent: number): void {
    const { system } = this.#trace.machine;
    let depth = indent;
    for (const one of steps) {
      switch (one.kind) {
        case "rule": {
          if (!one.matched && !this.#all) break;
          const text = `@${one.rule.number} ${ruleText(one.rule, system)}`;
          const place = placeText(rulePlace(one.rule));
          if (one.matched) this.add("rule", depth, text, place);
          else this.add("no-match", depth, `${text} — ${one.failed}`, place);
          break;
        }
        case "enter-anchor":
          this.add("anchor", depth, `enters anchor ${one.path}`, placeText(rulePlace(one.rule)));
          depth++;
          break;
        case "leave-anchor":
          depth = Math.max(indent, depth - 1);
          this.add("anchor", depth, `leaves anchor ${one.path}${one.decided ? "" : ", where nothing matched"}`);
          break;
        case "translate":
          this.add(
            "translation",
            depth,
            translationText(one.what, one.before, one.after),
            placeText(rulePlace(one.rule)),
          );
          break;
        case "note":
          this.add("note", depth, one.text);
          break;
      }
    }
  }

  /** Translation by a state, which no rule step tells of. */
  #translation(step: StepOf<"filter">, indent: number): void {
    if (step.result.steps.some((one) => one.kind === "translate")) return;
    const text = translationText("state", step.before, step.after);
    if (text !== "") this.add("translation", indent, text);
  }

  /** Rules that would have passed a blocked packet, had it been only a little different. */
  #nearMisses(step: StepOf<"filter">, indent: number): void {
    const { machine } = this.#trace;
    for (const miss of nearMisses(machine, step.before, step.direction, step.interface)) {
      const text = `would pass by @${miss.rule.number} ${ruleText(miss.rule, machine.system)}, but ${miss.differences.join(", and ")}`;
      this.add("note", indent, text, placeText(miss.place));
      if (miss.macro !== null) {
        this.add(
          "note",
          indent + 1,
          `the interface comes from the macro $${miss.macro.name}`,
          placeText(miss.macro.place),
        );
      }
    }
  }

  #decision(step: StepOf<"filter">, indent: number): void {
    const { result } = step;
    const { rule } = result;
    const { system } = this.#trace.machine;
    const verb = VERBS[result.verdict];
    const reason = result.reason === null || result.reason === "match" ? "" : ` (${result.reason})`;
    const state = result.state === "new" ? ", makes a state" : "";
    if (rule === null) {
      this.add("decision", indent, `${verb}${reason}${state}: no rule matches, the default is to pass`);
    } else {
      const anchor = rule.anchor === "" ? "" : ` in anchor ${rule.anchor}`;
      const gone = rule.unlinked ? " (no longer loaded)" : "";
      const text = `${verb}${reason}${state} by @${rule.rule.number}${anchor}: ${ruleText(rule.rule, system)}${gone}`;
      this.add("decision", indent, text, placeText(rulePlace(rule.rule)));
    }
    if (result.verdict === "block" && (result.reason === "match" || result.reason === null))
      this.#nearMisses(step, indent);
    for (const one of result.possible) {
      this.add("note", indent, `${one.what} is chosen at random: ${one.outcomes.join(", ")}`);
    }
  }
}

const VERBS: Readonly<Record<FilterResult["verdict"], string>> = {
  pass: "passes",
  block: "blocked",
  held: "held",
  synproxy: "answered by pf",
  "af-translated": "translated to the other family",
  divert: "diverted",
};

/** What changed in a packet, in a line; "" when nothing did. */
function translationText(what: string, before: Packet, after: Packet): string {
  const parts: string[] = [];
  if (endText(before, "source") !== endText(after, "source")) {
    parts.push(`source ${endText(before, "source")} → ${endText(after, "source")}`);
  }
  if (endText(before, "destination") !== endText(after, "destination")) {
    parts.push(`destination ${endText(before, "destination")} → ${endText(after, "destination")}`);
  }
  if (before.ttl !== after.ttl) parts.push(`ttl ${before.ttl} → ${after.ttl}`);
  if (before.tos !== after.tos) parts.push(`tos ${before.tos} → ${after.tos}`);
  if (before.dontFragment && !after.dontFragment) parts.push("DF taken off");
  if ((before.tcp?.mss ?? null) !== (after.tcp?.mss ?? null)) {
    parts.push(`mss ${before.tcp?.mss ?? "none"} → ${after.tcp?.mss ?? "none"}`);
  }
  return parts.length === 0 ? "" : `${what}: ${parts.join(", ")}`;
}

function routeText(step: StepOf<"route">): string {
  const table = step.table === 0 ? "" : ` (table ${step.table})`;
  if (step.by !== "routing-table") {
    const way = step.interface === null ? "no interface" : step.interface;
    return `${step.by}: ${step.gateway ?? step.destination} by ${way}${table}`;
  }
  if (step.route === null) {
    return step.interface === null
      ? `no route to ${step.destination}${table}`
      : `to ${step.destination} on the link of ${step.interface}`;
  }
  const route = formatDestination(step.route);
  const by = step.interface ?? "no interface";
  return step.gateway === null
    ? `route ${route} on the link of ${by}${table}`
    : `route ${route} via ${step.gateway} by ${by}${table}`;
}
