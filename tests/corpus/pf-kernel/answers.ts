/** What our machine did, written as the corpus writes it. */
import { copyPacket, type System } from "@pierhead/core";
import type { Machine } from "@pierhead/engine/machine";
import { type Journey, type JourneyStep, type StepOf, stepsOf } from "@pierhead/engine/network";
import type { RuleReference } from "@pierhead/engine/pf";
import { formatRule } from "@pierhead/lang/pf";
import { type Json, jsonOf } from "./packets.ts";

const VERDICTS: Readonly<Record<string, string>> = { block: "drop" };

function ruleJson(reference: RuleReference | null, system: System): Json {
  if (reference === null) return { default: true };
  if (reference.unlinked) return { unlinked: true };
  const json: Json = { number: reference.rule.number, text: formatRule(reference.rule, system) };
  if (reference.anchor !== "") json["anchor"] = reference.anchor;
  return json;
}

function testJson(step: StepOf<"filter">, system: System): Json {
  const { result, marks } = step;
  const json: Json = {
    direction: step.direction,
    interface: step.interface,
    verdict: VERDICTS[result.verdict] ?? result.verdict,
  };
  if (result.skipped !== null) {
    json["skipped"] = result.skipped;
    return json;
  }
  if (result.verdict === "held") return json;
  if (result.reason !== null) json["reason"] = result.reason;
  json["rule"] = ruleJson(result.rule, system);
  if (result.anchorRule !== null) {
    const anchorRule: Json = { number: result.anchorRule.number, text: formatRule(result.anchorRule, system) };
    if (result.anchorRuleAnchor !== "") anchorRule["anchor"] = result.anchorRuleAnchor;
    json["anchorRule"] = anchorRule;
  }
  if (marks.tag !== null) json["tag"] = marks.tag;
  if (marks.rtable !== 0) json["rtable"] = marks.rtable;
  if (marks.prio !== 3) json["prio"] = marks.prio;
  if (marks.queue !== null) json["queued"] = true;
  if (result.state !== null) json["state"] = result.state;
  if (result.routeOption !== null) json["route"] = result.routeOption;
  if (result.matchRules.length > 0) json["matchRules"] = result.matchRules.map((one) => ruleJson(one, system));
  let after = step.after;
  if (result.verdict === "af-translated") {
    // The recorded packet still has its old header, with the new ports (and ids) already written behind it.
    after = copyPacket(step.before);
    after.sourcePort = result.packet.sourcePort;
    after.destinationPort = result.packet.destinationPort;
    if (after.icmp !== null && result.packet.icmp !== null) after.icmp = result.packet.icmp;
  }
  json["packet"] = jsonOf(system, after);
  return json;
}

/** The answer to one packet. `before` are the state lines from before it. */
export function answerOf(machine: Machine, journey: Journey, before: readonly string[]): Json {
  const { system } = machine;
  const json: Json = { tests: stepsOf(journey, "filter").map((step) => testJson(step, system)) };
  const sent = stepsOf(journey, "send").map((step) => {
    const entry: Json = {
      interface: step.interface,
      nextHop: `${step.nextHop}`,
      packet: jsonOf(system, step.packet, step.whole),
    };
    const cause = journey.flows[step.flow]?.cause;
    if (cause === "pf") entry["by"] = "pf";
    if (cause === "stack") entry["by"] = "kernel";
    return entry;
  });
  if (sent.length > 0) json["sent"] = sent;
  if (journey.steps.some((step) => step.kind === "loop-back")) json["loopedBack"] = true;
  const delivered = stepsOf(journey, "deliver").at(-1);
  if (delivered !== undefined) {
    json["delivered"] = jsonOf(system, delivered.packet);
    if (delivered.divert !== null) (json["delivered"] as Json)["divertTo"] = delivered.divert.port;
  }
  const divert = stepsOf(journey, "divert").at(-1);
  if (divert !== undefined) json["divertPacket"] = divert.port;
  const error = journey.direction === "out" ? outputError(journey) : null;
  if (error !== null) json["outputError"] = error;
  json["outcome"] = outcomeOf(journey, error);
  Object.assign(json, stateChanges(before, machine.pf.stateLines()));
  return json;
}

const ERRORS: Readonly<Record<string, string>> = {
  blocked: "EACCES",
  "no-route": "EHOSTUNREACH",
  "too-big": "EMSGSIZE",
};

/** What the sending call got: the host's own packet was refused before it reached an interface. */
function outputError(journey: Journey): string | null {
  for (const step of journey.steps) {
    if (step.flow !== 0) continue;
    if (step.kind === "send") return null;
    if (step.kind === "end") return ERRORS[step.why] ?? null;
  }
  return null;
}

function outcomeOf(journey: Journey, error: string | null): string {
  const own = journey.steps.filter((step) => step.flow === 0);
  const has = (kind: JourneyStep["kind"]): boolean => own.some((step) => step.kind === kind);
  if (journey.direction === "out" && error === null && has("send")) return "sent";
  if (has("divert")) return "diverted";
  const gone = (step: JourneyStep): boolean =>
    step.kind === "send" && journey.flows[step.flow]?.cause !== "pf" && journey.flows[step.flow]?.cause !== "stack";
  if (journey.direction === "in" && journey.steps.some(gone)) return "forwarded";
  if (journey.steps.some((step) => step.kind === "deliver")) return "delivered";
  if (own.some((step) => step.kind === "filter" && step.result.verdict === "synproxy")) return "synproxy";
  if (has("hold")) return "held";
  const end = own.find((step): step is StepOf<"end"> => step.kind === "end");
  if (end?.why === "blocked") return "blocked";
  return journey.flows.some((flow) => flow.cause !== "packet") ? "rejected" : "discarded";
}

/** Lines that appeared and went; a line that stands twice counts twice. */
export function stateChanges(before: readonly string[], after: readonly string[]): Json {
  const json: Json = {};
  const added = without(after, before);
  const removed = without(before, after);
  if (added.length > 0) json["statesAdded"] = added;
  if (removed.length > 0) json["statesRemoved"] = removed;
  return json;
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    if (count > 0) counts.set(line, count - 1);
    return count === 0;
  });
}
