/** What a journey amounts to, in the terms scenarios ask about. */
import type { Address, Packet } from "@pierhead/core";
import { delivery, departure, type Flow, type Journey, ownSteps, type StepOf, stepsOf } from "../network/journey.ts";
import type { RuleReference } from "../pf/types.ts";

/** A packet that left, or would have: where to, and how it looked. */
export interface Outcome {
  readonly packet: Packet;
  /** Interface it left by; null when it did not leave. */
  readonly out: string | null;
  readonly nextHop: Address | null;
}

/** The packet itself as it left, as the host got it, or as it was when it was lost. */
export function outcomeOf(journey: Journey): Outcome {
  const sent = departure(journey);
  if (sent !== null) return { packet: sent.whole ?? sent.packet, out: sent.interface, nextHop: sent.nextHop };
  const own = delivery(journey);
  if (own !== null) return { packet: own.packet, out: null, nextHop: null };
  const last = ownSteps(journey, "filter").at(-1);
  return { packet: last?.after ?? journey.packet, out: null, nextHop: null };
}

/** What left besides: copies, or answers of pf and the stack. */
export function sideOutcomes(journey: Journey, wanted: (flow: Flow) => boolean): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const flow of journey.flows) {
    if (flow.id === 0 || flow.cause === "tunnel" || !wanted(flow)) continue;
    const sent = stepsOf(journey, "send", flow.id)[0];
    if (sent === undefined) continue;
    outcomes.push({ packet: sent.whole ?? sent.packet, out: sent.interface, nextHop: sent.nextHop });
  }
  return outcomes;
}

/** The packets around the packet itself that left: those of a tunnel. */
export function carriers(journey: Journey): Outcome[] {
  return journey.flows
    .filter((flow) => flow.cause === "tunnel")
    .flatMap((flow) => stepsOf(journey, "send", flow.id).slice(0, 1))
    .map((sent) => ({ packet: sent.whole ?? sent.packet, out: sent.interface, nextHop: sent.nextHop }));
}

/** The passes of the packet itself through pf in which pf really looked. */
export function passes(journey: Journey): StepOf<"filter">[] {
  return ownSteps(journey, "filter").filter((step) => step.result.skipped === null);
}

/** Number of a rule as logs show it: `2`, or `1.foo.0` for rule 0 of anchor foo that rule 1 calls. */
export function ruleNumber(step: StepOf<"filter">): string | null {
  const { rule, anchorRule } = step.result;
  if (rule === null) return null;
  if (rule.anchor === "") return `${rule.rule.number}`;
  return `${anchorRule?.number ?? 0}.${rule.anchor}.${rule.rule.number}`;
}

/** The rules that decided about the packet, in the order of the passes. */
export function decidingRules(journey: Journey): RuleReference[] {
  const rules: RuleReference[] = [];
  for (const step of passes(journey)) if (step.result.rule !== null) rules.push(step.result.rule);
  return rules;
}

/** Where the packet was diverted to; null when it was not. */
export function diverted(journey: Journey): { readonly address: Address | null; readonly port: number } | null {
  const delivered = ownSteps(journey, "deliver").find((step) => step.divert !== null);
  if (delivered !== undefined) return delivered.divert;
  const step = ownSteps(journey, "divert")[0];
  return step === undefined ? null : { address: step.address, port: step.port };
}
