/** Runs a case and compares every recorded answer. */
import type { Packet, System } from "@pierhead/core";
import type { Machine } from "@pierhead/engine/machine";
import { type Journey, receivePacket, sendPacket, stepsOf } from "@pierhead/engine/network";
import { answerOf, stateChanges } from "./answers.ts";
import { differences } from "./compare.ts";
import { addRoute, type Case, destinationOf, interfaceAddress, machineOf } from "./machine.ts";
import { type Json, jsonOf, packetOf } from "./packets.ts";

/** What a step left behind for others to answer. */
interface Left {
  readonly packet: Packet;
  /** Interface it left by; null: delivered to the host. */
  readonly interface: string | null;
}

/** Runs the case. @returns differences, first the earliest; empty when all is as recorded */
export function runCase(one: Case): string[] {
  const machine = machineOf(one);
  const lines: string[] = [];
  const load = machine.pfctl(["-f", "/etc/pf.conf"]);
  lines.push(...differences(one.load.exit, load.exit, "load.exit"));
  if (one.load.errors !== undefined) lines.push(...differences(one.load.errors, load.errors, "load.errors"));
  if (one.load.rules !== undefined) {
    const shown = machine.pfctl(["-a", "*", "-sr"]).output.split("\n").slice(0, -1);
    lines.push(...differences(one.load.rules, shown, "load.rules"));
  }
  const left: (Left | null)[] = [];
  for (const [index, step] of one.steps.entries()) {
    const path = `step ${index} (${step.do})`;
    const { answer, next } = runStep(machine, step, left);
    left.push(next);
    const wrong = differences(step.answer, answer, path);
    lines.push(...wrong);
  }
  lines.push(...finalDifferences(machine, one.final));
  return lines;
}

function finalDifferences(machine: Machine, final: Json): string[] {
  const lines: string[] = [];
  if (final["states"] !== undefined) lines.push(...differences(final["states"], machine.pf.stateLines(), "states"));
  if (final["statesDetail"] !== undefined) {
    lines.push(...differences(final["statesDetail"], machine.pf.stateLines(1), "statesDetail"));
  }
  if (final["sourceNodes"] !== undefined) {
    lines.push(...differences(final["sourceNodes"], machine.pf.sourceNodeLines(), "sourceNodes"));
  }
  return lines;
}

function runStep(
  machine: Machine,
  step: Case["steps"][number],
  left: readonly (Left | null)[],
): { answer: Json; next: Left | null } {
  const before = machine.pf.stateLines();
  switch (step.do) {
    case "packet":
      return packetStep(machine, step, left, before);
    case "reply":
    case "icmp-error":
      return answeringStep(machine, step, left, before);
    case "advance":
      machine.advance(Number(step["seconds"]));
      break;
    case "pfctl": {
      const stdin = step["stdin"] === undefined ? null : String(step["stdin"]);
      const { exit, output, errors } = machine.pfctl(step["args"] as string[], stdin);
      return { answer: { exit, output, errors }, next: null };
    }
    case "route-add":
      addRoute(machine, step);
      break;
    case "route-delete":
      machine.deleteRoute(destinationOf(String(step["to"]), String(step["via"])));
      break;
    case "address-add":
      machine.addAddress(String(step["interface"]), interfaceAddress(String(step["address"])));
      break;
    case "address-delete":
      machine.removeAddress(String(step["interface"]), interfaceAddress(String(step["address"])).address);
      break;
    default:
      throw new Error(`unknown step ${step.do}`);
  }
  return { answer: stateChanges(before, machine.pf.stateLines()), next: null };
}

function packetStep(
  machine: Machine,
  step: Json,
  left: readonly (Left | null)[],
  before: readonly string[],
): { answer: Json; next: Left | null } {
  const spec = { ...(step["packet"] as Json) };
  let made: Json | null = null;
  for (const [key, field] of [
    ["ackOf", "ack"],
    ["seqOf", "seq"],
  ] as const) {
    if (step[key] === undefined) continue;
    const about = left[Number(step[key])];
    if (about?.packet.tcp == null) return { answer: { skipped: "nothing to answer" }, next: null };
    spec[field] = field === "ack" ? acknowledges(about.packet) : about.packet.tcp.acknowledgement;
    made = spec;
  }
  const packet = packetOf(machine.system, spec);
  const journey =
    step["out"] === true ? sendPacket(machine, packet) : receivePacket(machine, String(step["in"]), packet);
  const answer = answerOf(machine, journey, before);
  if (made !== null) {
    answer["packetSent"] = made;
    if (step["out"] === true) answer["out"] = true;
    else answer["in"] = step["in"];
  }
  return { answer, next: leftBy(journey) };
}

function answeringStep(
  machine: Machine,
  step: Json,
  left: readonly (Left | null)[],
  before: readonly string[],
): { answer: Json; next: Left | null } {
  const about = left[Number(step["do"] === "reply" ? step["to"] : step["about"])];
  if (about === null || about === undefined) return { answer: { skipped: "nothing to answer" }, next: null };
  const spec =
    step["do"] === "reply"
      ? replySpec(machine.system, about.packet, (step["packet"] ?? {}) as Json)
      : errorSpec(machine.system, about.packet, (step["packet"] ?? {}) as Json);
  const packet = packetOf(machine.system, spec);
  const journey =
    about.interface === null ? sendPacket(machine, packet) : receivePacket(machine, about.interface, packet);
  const answer = answerOf(machine, journey, before);
  answer["packetSent"] = spec;
  if (about.interface === null) answer["out"] = true;
  else answer["in"] = about.interface;
  return { answer, next: leftBy(journey) };
}

function leftBy(journey: Journey): Left | null {
  const sent = stepsOf(journey, "send");
  const outside = (cause: string) =>
    sent.find((one) => journey.flows[one.flow]?.cause === cause && one.interface !== "lo0");
  const wire = outside("packet") ?? outside("copy");
  const delivered = stepsOf(journey, "deliver").at(-1);
  if (wire === undefined && delivered !== undefined) return { packet: delivered.packet, interface: null };
  const own = wire ?? sent[0];
  return own === undefined ? null : { packet: own.whole ?? own.packet, interface: own.interface };
}

function acknowledges(packet: Packet): number {
  const flags = packet.tcp?.flags ?? 0;
  return ((packet.tcp?.sequence ?? 0) + packet.payloadLength + ((flags & 2) >> 1) + (flags & 1)) >>> 0;
}

function replySpec(system: System, packet: Packet, overrides: Json): Json {
  const forward = jsonOf(system, packet);
  const spec: Json = { src: forward["dst"], dst: forward["src"], proto: forward["proto"] };
  if (packet.tcp !== null || forward["proto"] === "udp") {
    spec["sport"] = forward["dport"];
    spec["dport"] = forward["sport"];
  }
  if (packet.tcp !== null) {
    const syn = (packet.tcp.flags & 2) !== 0 && (packet.tcp.flags & 16) === 0;
    spec["flags"] = syn ? "SA" : "A";
    spec["seq"] = syn ? 5000 : packet.tcp.acknowledgement;
    spec["ack"] = acknowledges(packet);
  } else if (packet.icmp !== null) {
    spec["type"] = packet.icmp.type === 8 ? 0 : packet.icmp.type === 128 ? 129 : packet.icmp.type;
    spec["id"] = packet.icmp.id;
    spec["iseq"] = packet.icmp.sequence;
  }
  return { ...spec, ...overrides };
}

function errorSpec(system: System, packet: Packet, overrides: Json): Json {
  const six = packet.family === 6;
  return {
    src: `${packet.destination}`,
    dst: `${packet.source}`,
    proto: six ? "icmp6" : "icmp",
    type: six ? 1 : 3,
    code: six ? 4 : 3,
    ...overrides,
    inner: innerSpec(system, packet),
  };
}

/** The packet an error is about, as far as it is described: with lengths of 0, without what it quotes itself. */
function innerSpec(system: System, packet: Packet): Json {
  const json = jsonOf(system, packet);
  delete json["inner"];
  if (packet.tcp !== null) json["ack"] ??= 0;
  if (packet.icmp?.inner == null) json["len"] ??= 0;
  return json;
}
