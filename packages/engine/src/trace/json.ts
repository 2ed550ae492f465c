/** The same facts for machines. Field names are part of the contract of `trace --json`. */
import type { Packet, System } from "@pierhead/core";
import type { JourneyStep } from "../network/journey.ts";
import type { EvaluationStep, FilterResult, RuleReference } from "../pf/types.ts";
import { flagsText } from "../scenario/check.ts";
import { protocolText, rulePlace, ruleText } from "./describe.ts";
import { nearMisses } from "./near-miss.ts";
import type { Trace } from "./trace.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
type JsonObject = { readonly [key: string]: JsonValue };

export function traceJson(trace: Trace): JsonObject {
  const { journey, machine } = trace;
  const { system } = machine;
  return {
    direction: journey.direction,
    interface: journey.interface,
    packet: packetJson(journey.packet, system),
    verdict: journey.verdict,
    sentence: trace.sentence,
    steps: journey.steps.map((step) => stepJson(step, system)),
    nearMisses: nearMissJson(trace),
    flows: journey.flows.map((flow) => ({
      id: flow.id,
      cause: flow.cause,
      parent: flow.parent,
      reason: flow.reason,
      packet: packetJson(flow.packet, system),
    })),
    statesAdded: [...trace.statesAdded],
    statesRemoved: [...trace.statesRemoved],
  };
}

/** For every pass that blocked: pass rules that the packet fits in all but one or two respects. */
function nearMissJson({ journey, machine }: Trace): JsonValue[] {
  return journey.steps.flatMap((step) => {
    if (step.kind !== "filter" || step.result.verdict !== "block") return [];
    return nearMisses(machine, step.before, step.direction, step.interface).map((miss) => ({
      direction: step.direction,
      interface: step.interface,
      rule: ruleText(miss.rule, machine.system),
      place: miss.place === null ? null : { ...miss.place },
      differences: [...miss.differences],
      macro: miss.macro === null ? null : { name: miss.macro.name, ...miss.macro.place },
    }));
  });
}

export function packetJson(packet: Packet, system: System): JsonObject {
  const json: Record<string, JsonValue> = {
    family: packet.family === 4 ? "inet" : "inet6",
    proto: protocolText(packet.protocol, system),
    from: `${packet.source}`,
    to: `${packet.destination}`,
  };
  if (packet.sourcePort !== 0 || packet.destinationPort !== 0) {
    json["fromPort"] = packet.sourcePort;
    json["toPort"] = packet.destinationPort;
  }
  if (packet.tcp !== null) {
    json["flags"] = flagsText(packet.tcp.flags);
    if (packet.tcp.mss !== null) json["mss"] = packet.tcp.mss;
  }
  if (packet.icmp !== null) {
    json["type"] = packet.icmp.type;
    json["code"] = packet.icmp.code;
    if (packet.icmp.id !== 0) json["id"] = packet.icmp.id;
    if (packet.icmp.mtu !== 0) json["mtu"] = packet.icmp.mtu;
    if (packet.icmp.inner !== null) json["inner"] = packetJson(packet.icmp.inner, system);
  }
  if (packet.sctpChunk !== null) json["chunk"] = packet.sctpChunk;
  json["ttl"] = packet.ttl;
  if (packet.tos !== 0) json["tos"] = packet.tos;
  if (packet.dontFragment) json["df"] = true;
  if (packet.fragment !== null) json["fragment"] = { ...packet.fragment };
  return json;
}

function stepJson(step: JourneyStep, system: System): JsonObject {
  switch (step.kind) {
    case "arrive":
      return { kind: step.kind, flow: step.flow, interface: step.interface, packet: packetJson(step.packet, system) };
    case "originate":
      return { kind: step.kind, flow: step.flow, packet: packetJson(step.packet, system) };
    case "filter":
      return {
        kind: step.kind,
        flow: step.flow,
        direction: step.direction,
        interface: step.interface,
        before: packetJson(step.before, system),
        after: packetJson(step.after, system),
        ...resultJson(step.result, system),
        tag: step.marks.tag,
        rtable: step.marks.rtable,
        queue: step.marks.queue,
      };
    case "frame": {
      const place = step.result.rule === null ? null : rulePlace(step.result.rule);
      return {
        kind: step.kind,
        flow: step.flow,
        direction: step.direction,
        interface: step.interface,
        packet: step.packet === null ? null : packetJson(step.packet, system),
        verdict: step.result.verdict,
        rule: step.result.rule?.number ?? null,
        anchor: step.result.anchor,
        file: place?.file ?? null,
        line: place?.line ?? null,
      };
    }
    case "route":
      return {
        kind: step.kind,
        flow: step.flow,
        destination: `${step.destination}`,
        table: step.table,
        by: step.by,
        interface: step.interface,
        gateway: step.gateway === null ? null : `${step.gateway}`,
        route:
          step.route === null
            ? null
            : { to: `${step.route.destination}/${step.route.length}`, label: step.route.label },
        candidates: step.candidates.map((one) => ({
          interface: one.interface,
          gateway: one.gateway === null ? null : `${one.gateway}`,
        })),
      };
    case "fragment":
      return { kind: step.kind, flow: step.flow, fragments: step.fragments.length, mtu: step.mtu };
    case "send":
      return {
        kind: step.kind,
        flow: step.flow,
        interface: step.interface,
        nextHop: `${step.nextHop}`,
        packet: packetJson(step.packet, system),
      };
    case "encapsulate":
    case "decapsulate": {
      const other = step.kind === "encapsulate" ? step.carrier : step.carried;
      const packet = packetJson(step.packet, system);
      return { kind: step.kind, flow: step.flow, by: step.by, interface: step.interface, other, packet };
    }
    case "loop-back":
      return { kind: step.kind, flow: step.flow, interface: step.interface };
    case "deliver":
      return {
        kind: step.kind,
        flow: step.flow,
        interface: step.interface,
        packet: packetJson(step.packet, system),
        service: step.service,
        divert: step.divert === null ? null : { address: addressText(step.divert.address), port: step.divert.port },
      };
    case "divert":
      return { kind: step.kind, flow: step.flow, address: addressText(step.address), port: step.port };
    case "hold":
      return { kind: step.kind, flow: step.flow, by: step.by };
    case "answer":
      return { kind: step.kind, flow: step.flow, answer: step.answer, reason: step.reason };
    case "end":
      return { kind: step.kind, flow: step.flow, why: step.why, text: step.text };
  }
}

function addressText(address: { toString(): string } | null): string | null {
  return address === null ? null : `${address}`;
}

function resultJson(result: FilterResult, system: System): JsonObject {
  return {
    verdict: result.verdict,
    skipped: result.skipped,
    reason: result.reason,
    rule: result.rule === null ? null : referenceJson(result.rule, system),
    matchRules: result.matchRules.map((one) => referenceJson(one, system)),
    state: result.state,
    route:
      result.route === null
        ? null
        : {
            option: result.route.option,
            gateway: addressText(result.route.gateway),
            interface: result.route.interface,
          },
    possible: result.possible.map((one) => ({ what: one.what, outcomes: [...one.outcomes] })),
    rules: result.steps.map((one) => evaluationJson(one, system)),
  };
}

function evaluationJson(one: EvaluationStep, system: System): JsonObject {
  switch (one.kind) {
    case "rule": {
      const rule = referenceJson({ rule: one.rule, anchor: one.anchor, unlinked: false }, system);
      return { kind: "rule", ...rule, matched: one.matched, failed: one.matched ? null : one.failed };
    }
    case "enter-anchor":
      return { kind: "enter-anchor", anchor: one.path };
    case "leave-anchor":
      return { kind: "leave-anchor", anchor: one.path, decided: one.decided };
    case "translate":
      return {
        kind: "translate",
        what: one.what,
        before: packetJson(one.before, system),
        after: packetJson(one.after, system),
      };
    case "note":
      return { kind: "note", text: one.text };
  }
}

function referenceJson(reference: RuleReference, system: System): JsonObject {
  const place = rulePlace(reference.rule);
  return {
    number: reference.rule.number,
    anchor: reference.anchor,
    text: ruleText(reference.rule, system),
    file: place?.file ?? null,
    line: place?.line ?? null,
  };
}
