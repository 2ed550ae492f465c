/** What becomes of a packet, reduced to what a user would call a difference. */
import { copyPacket, type Packet } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import { delivery, departure, type Journey, stepsOf } from "../network/journey.ts";
import { receivePacket, sendPacket } from "../network/send.ts";
import { type RulePlace, rulePlace, ruleText } from "../trace/describe.ts";

/** How often a packet is sent when chance has a say. */
const THROWS = 8;
/** Ports pf chooses by chance. */
const LOW_PORT = 50001;

export interface Fate {
  /** All outcomes that were seen, sorted: `passes: leaves vr2 for 203.0.113.200, from 203.0.113.220`. */
  readonly text: string;
  /** Rule that decided each pass, in order. */
  readonly rules: readonly FateRule[];
}

export interface FateRule {
  readonly direction: "in" | "out";
  readonly interface: string;
  /** Null: the default rule. */
  readonly rule: Rule | null;
  readonly text: string;
  readonly place: RulePlace | null;
}

/** Sends a packet through a machine without states. @param on interface it arrives on; null: the machine sends it */
export function fateOf(machine: Machine, packet: Packet, on: string | null): Fate {
  const outcomes = new Set<string>();
  let rules: readonly FateRule[] = [];
  for (let i = 0; i < THROWS; i++) {
    machine.pf.flush("states");
    machine.pf.flush("Sources");
    const journey =
      on === null ? sendPacket(machine, copyPacket(packet)) : receivePacket(machine, on, copyPacket(packet));
    outcomes.add(outcomeOf(journey, packet));
    const passes = stepsOf(journey, "filter", 0);
    if (i === 0) {
      rules = passes.map(({ direction, interface: where, result }) => ({
        direction,
        interface: where,
        rule: result.rule?.rule ?? null,
        text: result.rule === null ? "the default" : ruleText(result.rule.rule, machine.system),
        place: result.rule === null ? null : rulePlace(result.rule.rule),
      }));
    }
    if (passes.every((step) => step.result.possible.every((one) => /port|id$/.test(one.what)))) break;
  }
  return { text: [...outcomes].sort().join(" or "), rules };
}

function outcomeOf(journey: Journey, before: Packet): string {
  const left = departure(journey);
  if (left !== null) {
    const on = left.nextHop.equals(left.packet.destination) ? "" : ` for ${left.nextHop}`;
    return `passes: leaves ${left.interface}${on}${changes(before, left.packet)}`;
  }
  const delivered = delivery(journey);
  if (delivered !== null) return `passes: reaches the machine itself${changes(before, delivered.packet)}`;
  const divert = stepsOf(journey, "divert", 0).at(-1);
  if (divert !== undefined) return `diverted to port ${divert.port}`;
  return journey.verdict === "block" ? "blocked" : journey.verdict;
}

function changes(before: Packet, after: Packet): string {
  const end = (address: Packet["source"], port: number): string =>
    port === 0 ? `${address}` : `${address} port ${port >= LOW_PORT ? "chosen" : port}`;
  let text = "";
  if (!before.source.equals(after.source)) text += `, from ${end(after.source, after.sourcePort)}`;
  if (!before.destination.equals(after.destination) || before.destinationPort !== after.destinationPort) {
    text += `, to ${end(after.destination, after.destinationPort)}`;
  }
  if (before.tos !== after.tos) text += `, tos ${after.tos}`;
  return text;
}
