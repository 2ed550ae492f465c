/** The fate of a packet in one sentence. */
import type { Packet } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { delivery, departure, type Journey, ownSteps, type StepOf } from "../network/journey.ts";
import { endText } from "../scenario/check.ts";
import { diverted, passes } from "../scenario/observe.ts";
import { originText, placeText, rulePlace, ruleText } from "./describe.ts";

/** Such as "passes; leaves vr2 for 203.0.113.200 as 203.0.113.220". */
export function sentenceOf(journey: Journey, machine: Machine): string {
  switch (journey.verdict) {
    case "pass":
      return passed(journey, machine);
    case "held":
      return "waits: it is a fragment, and the others have not come";
    case "synproxy":
      return `is answered by pf in the server's place (synproxy)${deciding(journey, machine)}`;
    case "return-rst":
      return `is refused with a TCP reset${blockedWhere(journey)}${deciding(journey, machine)}`;
    case "return-abort":
      return `is refused with an SCTP ABORT${blockedWhere(journey)}${deciding(journey, machine)}`;
    case "return-icmp": {
      const end = lastEnd(journey);
      if (end !== null && end.why !== "blocked") return `goes no further: ${end.text}; the sender gets an ICMP error`;
      return `is refused with an ICMP error${blockedWhere(journey)}${deciding(journey, machine)}`;
    }
    case "no-route":
    case "arp-failed": {
      const end = lastEnd(journey);
      const before = passes(journey).length === 0 ? "" : "passes pf, but ";
      return `${before}is lost: ${end?.text ?? "it has no way on"}`;
    }
    case "block": {
      const end = lastEnd(journey);
      if (end !== null && end.why !== "blocked") return `is dropped by the machine: ${end.text}`;
      const frame = ownSteps(journey, "frame").find((step) => step.result.verdict === "block");
      if (frame !== undefined) {
        const place = originText(frame.result.rule?.origin ?? null);
        const where = place === "" ? "" : ` (${place})`;
        return `is blocked ${frame.direction} on ${frame.interface} by rule @${frame.result.rule?.number} of the ether rules${where}`;
      }
      return `is blocked${blockedWhere(journey)}${deciding(journey, machine)}`;
    }
  }
}

function passed(journey: Journey, machine: Machine): string {
  const to = diverted(journey);
  if (to !== null) return `passes; is handed to ${to.address ?? "the machine"} port ${to.port}`;
  const sent = departure(journey);
  if (sent !== null) {
    const packet = sent.whole ?? sent.packet;
    const others = choices(journey);
    return `passes; leaves ${sent.interface} for ${sent.nextHop}${changes(journey.packet, packet)}${others}`;
  }
  const own = delivery(journey);
  if (own === null) return "passes";
  const service = own.service === null ? "" : ` (${own.service})`;
  const owner = machine.ownerOf(own.packet.destination);
  const what =
    owner === null && !own.packet.destination.isMulticast() ? "a socket of the machine" : "the machine itself";
  return `passes; reaches ${what}${service}${changes(journey.packet, own.packet)}`;
}

/** What translation made of it. */
function changes(before: Packet, after: Packet): string {
  const words: string[] = [];
  if (!before.source.equals(after.source)) words.push(` as ${after.source}`);
  const readdressed = !before.destination.equals(after.destination) || before.destinationPort !== after.destinationPort;
  if (readdressed) words.push(`, redirected to ${endText(after, "destination")}`);
  return words.join("");
}

/** Random choices that could have led elsewhere. */
function choices(journey: Journey): string {
  const ways = new Set<string>();
  for (const step of ownSteps(journey, "filter")) {
    for (const one of step.result.possible) {
      if (/gateway|route|interface/.test(one.what)) for (const outcome of one.outcomes) ways.add(outcome);
    }
  }
  return ways.size > 1 ? ` (chosen at random among ${[...ways].join(", ")})` : "";
}

function lastEnd(journey: Journey): StepOf<"end"> | null {
  return ownSteps(journey, "end").at(-1) ?? null;
}

function blockingPass(journey: Journey): StepOf<"filter"> | null {
  return passes(journey).find((step) => step.result.verdict !== "pass") ?? null;
}

function blockedWhere(journey: Journey): string {
  const step = blockingPass(journey);
  return step === null ? "" : ` ${step.direction === "in" ? "in on" : "out on"} ${step.interface}`;
}

function deciding(journey: Journey, machine: Machine): string {
  const step = blockingPass(journey);
  if (step === null) return "";
  const { rule, reason } = step.result;
  if (reason !== null && reason !== "match" && reason !== "synproxy") return ` because of ${REASONS[reason] ?? reason}`;
  if (rule === null) return "";
  const place = placeText(rulePlace(rule.rule));
  const where = rule.anchor === "" ? place : `anchor ${rule.anchor}${place === "" ? "" : `, ${place}`}`;
  return ` by \`${ruleText(rule.rule, machine.system)}\`${where === "" ? "" : ` (${where})`}`;
}

/** pflog's words for reasons, in plain ones. */
const REASONS: Readonly<Record<string, string>> = {
  "bad-offset": "a header that points outside of the packet",
  fragment: "a fragment that no rule takes",
  short: "a packet too short for its headers",
  normalize: "a packet that normalization throws away",
  memory: "a full table",
  "bad-timestamp": "a TCP timestamp that does not fit",
  congestion: "congestion",
  "ip-option": "IP options, which need allow-opts",
  "proto-cksum": "a wrong checksum",
  "state-mismatch": "a state it does not fit",
  "state-insert": "a state that stands in the way of its own",
  "state-limit": "the limit of states",
  "src-limit": "the limit for its source",
  translate: "no free address or port to translate it to",
  "no-route": "a missing route",
  "map-failed": "no address in the pool to translate it to",
};
