/** Comparing what happened with what a step expects. */
import {
  type Family,
  formatPrefix,
  type Packet,
  PROTOCOL,
  packetLength,
  parsePrefix,
  type System,
} from "@pierhead/core";
import { icmpCodeByName, icmpCodeName, icmpTypeName, protocolByNumber } from "@pierhead/lang/names";
import { formatRule } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import { delivery, type Journey } from "../network/journey.ts";
import type { Attempt } from "../vpn/index.ts";
import type { Saved } from "./memory.ts";
import {
  carriers,
  decidingRules,
  diverted,
  type Outcome,
  outcomeOf,
  passes,
  ruleNumber,
  sideOutcomes,
} from "./observe.ts";
import { CHUNKS, icmpTypeOf } from "./packet-spec.ts";
import type { Expectation, ExpectedEnd, ExpectedPacket } from "./types.ts";

/** One thing that was not as expected. */
export interface Failure {
  /** Key of `expect`, with the keys it is inside of: `answer.type`. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

export interface CheckContext {
  readonly machine: Machine;
  readonly saved: ReadonlyMap<string, Saved>;
  /** State ifstated is in; null when it does not run. */
  readonly ifstatedState: string | null;
}

/** Everything about the packet itself. */
export function checkJourney(expect: Expectation, journey: Journey, context: CheckContext): Failure[] {
  const failures: Failure[] = [];
  const { system } = context.machine;
  if (expect.verdict !== null && !expect.verdict.includes(journey.verdict)) {
    failures.push({ what: "verdict", expected: expect.verdict.join(" or "), got: journey.verdict });
  }
  const outcome = outcomeOf(journey);
  failures.push(...checkPacket(expect.packet, outcome, "", context));
  if (expect.not !== null) failures.push(...checkNot(expect.not, outcome, context));
  if (expect.rule !== null) {
    const rules = decidingRules(journey).map((one) => formatRule(one.rule, system));
    const wanted = expect.rule.map(squeeze);
    if (!rules.some((rule) => wanted.includes(squeeze(rule)))) {
      failures.push({ what: "rule", expected: expect.rule.join(" or "), got: rules.at(-1) ?? "the default rule" });
    }
  }
  if (expect.ruleNumber !== null) failures.push(...checkRuleNumbers(expect.ruleNumber, journey));
  if (expect.answer !== null) {
    const answers = sideOutcomes(journey, (flow) => flow.cause !== "copy");
    failures.push(...checkAny(expect.answer, answers, "answer", context));
  }
  if (expect.carrier !== null) failures.push(...checkAny(expect.carrier, carriers(journey), "carrier", context));
  for (const [index, copy] of (expect.copies ?? []).entries()) {
    const all = sideOutcomes(journey, (flow) => flow.cause === "copy");
    failures.push(...checkAny(copy, all, `copies[${index}]`, context));
  }
  if (expect.divert !== null) {
    const to = diverted(journey);
    const fits = expect.divert.some(
      (end) =>
        to !== null &&
        (end.end?.address == null || to.address?.equals(end.end.address) === true) &&
        (end.end?.port == null || end.end.port === to.port),
    );
    if (!fits) failures.push({ what: "divert", expected: endsText(expect.divert), got: divertText(to) });
  }
  if (expect.delivered !== null) {
    const got = delivery(journey) !== null;
    if (got !== expect.delivered) {
      failures.push({ what: "delivered", expected: `${expect.delivered}`, got: `${got}` });
    }
  }
  return failures;
}

/** Whether a client got in as expected; without a word about it, it has to. */
export function checkAttempt(expect: Expectation | null, attempt: Attempt | null): Failure[] {
  const failures: Failure[] = [];
  const connected = attempt?.connected ?? false;
  const wanted = expect?.connected ?? (expect?.verdict == null || expect.verdict.includes("pass"));
  if (connected !== wanted) {
    const why = attempt?.steps.find((one) => !one.ok);
    failures.push({
      what: "connected",
      expected: `${wanted}`,
      got: why === undefined ? `${connected}` : `${connected} (${why.text})`,
    });
  }
  if (expect?.address != null && !expect.address.some((one) => attempt?.framed?.equals(one) === true)) {
    failures.push({ what: "address", expected: expect.address.join(" or "), got: `${attempt?.framed ?? "none"}` });
  }
  if (expect?.interface != null && !expect.interface.includes(attempt?.interface ?? "")) {
    failures.push({ what: "interface", expected: expect.interface.join(" or "), got: attempt?.interface ?? "none" });
  }
  return failures;
}

/** What is expected of the machine after any step. */
export function checkMachine(expect: Expectation, context: CheckContext): Failure[] {
  const failures: Failure[] = [];
  const { machine } = context;
  if (expect.states !== null && !expect.states.includes(machine.pf.stateCount)) {
    failures.push({ what: "states", expected: expect.states.join(" or "), got: `${machine.pf.stateCount}` });
  }
  if (expect.state !== null && !expect.state.includes(context.ifstatedState ?? "")) {
    const got = context.ifstatedState ?? "ifstated does not run";
    failures.push({ what: "state", expected: expect.state.join(" or "), got });
  }
  for (const [table, members] of expect.tables ?? []) {
    const shown = machine.pfctl(["-t", table, "-T", "show"]);
    const entries = shown.output.split("\n").map((line) => line.trim());
    for (const member of members) {
      if (!entries.includes(normalEntry(member))) {
        const got = entries.filter((entry) => entry !== "").join(", ");
        failures.push({ what: `tables.${table}`, expected: member, got: got === "" ? "an empty table" : got });
      }
    }
  }
  return failures;
}

function normalEntry(text: string): string {
  const prefix = parsePrefix(text);
  return prefix === null ? text : formatPrefix(prefix);
}

function squeeze(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

function checkRuleNumbers(
  wanted: { readonly in: string | null; readonly out: string | null },
  journey: Journey,
): Failure[] {
  const failures: Failure[] = [];
  for (const direction of ["in", "out"] as const) {
    const expected = wanted[direction];
    if (expected === null) continue;
    const found = passes(journey)
      .filter((step) => step.direction === direction)
      .map(ruleNumber);
    if (!found.includes(expected)) {
      failures.push({ what: `rule-number.${direction}`, expected, got: found.at(-1) ?? "no rule" });
    }
  }
  return failures;
}

/** The first of several that fits; else the failures of the nearest. */
function checkAny(
  expected: ExpectedPacket,
  outcomes: readonly Outcome[],
  what: string,
  context: CheckContext,
): Failure[] {
  let best: Failure[] | null = null;
  for (const outcome of outcomes) {
    const failures = checkPacket(expected, outcome, `${what}.`, context);
    if (best === null || failures.length < best.length) best = failures;
  }
  return best ?? [{ what, expected: "a packet", got: "none was sent" }];
}

function checkNot(expected: ExpectedPacket, outcome: Outcome, context: CheckContext): Failure[] {
  const failures: Failure[] = [];
  const probe = (key: keyof ExpectedPacket, name: string): void => {
    if (expected[key] === null) return;
    const only = { ...NOTHING_EXPECTED, span: expected.span, [key]: expected[key] };
    if (checkPacket(only, outcome, "", context).length > 0) return;
    failures.push({ what: `not.${name}`, expected: "something else", got: shown(key, expected) });
  };
  for (const key of Object.keys(NOTHING_EXPECTED) as (keyof ExpectedPacket)[]) {
    if (key !== "span") probe(key, key === "nextHop" ? "next-hop" : key);
  }
  return failures;
}

function shown(key: keyof ExpectedPacket, expected: ExpectedPacket): string {
  const value = expected[key];
  if (Array.isArray(value)) {
    return value.map((one) => (typeof one === "object" && "text" in one ? one.text : `${one}`)).join(" or ");
  }
  return `${String(value)}`;
}

const NOTHING_EXPECTED: ExpectedPacket = {
  span: { start: 0, end: 0 },
  out: null,
  nextHop: null,
  from: null,
  to: null,
  proto: null,
  type: null,
  code: null,
  flags: null,
  chunk: null,
  id: null,
  ttl: null,
  tos: null,
  mss: null,
  mtu: null,
  length: null,
  df: null,
  inner: null,
};

/** Compares one packet, and where it went, with what is expected of it. */
export function checkPacket(
  expected: ExpectedPacket,
  outcome: Outcome,
  prefix: string,
  context: CheckContext,
): Failure[] {
  const failures: Failure[] = [];
  const { packet } = outcome;
  const { system } = context.machine;
  const fail = (what: string, wanted: string, got: string): void => {
    failures.push({ what: `${prefix}${what}`, expected: wanted, got });
  };
  const anyOf = <T>(what: string, wanted: readonly T[] | null, got: T | null, none = "none"): void => {
    if (wanted === null || (got !== null && wanted.includes(got))) return;
    fail(what, wanted.join(" or "), got === null ? none : `${got}`);
  };
  anyOf("out", expected.out, outcome.out, "it did not leave");
  if (expected.nextHop !== null && !expected.nextHop.some((hop) => outcome.nextHop?.equals(hop) === true)) {
    fail("next-hop", expected.nextHop.join(" or "), outcome.nextHop?.toString() ?? "none");
  }
  if (expected.from !== null && !expected.from.some((end) => fits(end, packet, "source", context))) {
    fail("from", endsText(expected.from), endText(packet, "source"));
  }
  if (expected.to !== null && !expected.to.some((end) => fits(end, packet, "destination", context))) {
    fail("to", endsText(expected.to), endText(packet, "destination"));
  }
  if (expected.proto !== null && !expected.proto.includes(packet.protocol)) {
    fail(
      "proto",
      expected.proto.map((one) => protocolText(system, one)).join(" or "),
      protocolText(system, packet.protocol),
    );
  }
  checkIcmp(expected, packet, system, fail);
  if (expected.flags !== null && !expected.flags.includes(packet.tcp?.flags ?? -1)) {
    fail(
      "flags",
      expected.flags.map(flagsText).join(" or "),
      packet.tcp === null ? "none" : flagsText(packet.tcp.flags),
    );
  }
  if (expected.chunk !== null && !expected.chunk.includes(packet.sctpChunk ?? -1)) {
    fail(
      "chunk",
      expected.chunk.map(chunkText).join(" or "),
      packet.sctpChunk === null ? "none" : chunkText(packet.sctpChunk),
    );
  }
  anyOf("ttl", expected.ttl, packet.ttl);
  anyOf("tos", expected.tos, packet.tos);
  anyOf("mss", expected.mss, packet.tcp?.mss ?? null);
  anyOf("length", expected.length, packetLength(packet));
  if (expected.df !== null && expected.df !== packet.dontFragment)
    fail("df", `${expected.df}`, `${packet.dontFragment}`);
  if (expected.inner !== null) {
    const inner = packet.icmp?.inner ?? null;
    if (inner === null) fail("inner", "a quoted packet", "none");
    else {
      const quoted = { packet: inner, out: null, nextHop: null };
      failures.push(...checkPacket(expected.inner, quoted, `${prefix}inner.`, context));
    }
  }
  return failures;
}

function checkIcmp(
  expected: ExpectedPacket,
  packet: Packet,
  system: System,
  fail: (what: string, wanted: string, got: string) => void,
): void {
  const { icmp, family } = packet;
  const protocol = packet.protocol === PROTOCOL.igmp ? PROTOCOL.igmp : null;
  if (expected.type !== null) {
    const ok = expected.type.some((text) => icmp !== null && icmpTypeOf(system, text, family, protocol) === icmp.type);
    if (!ok) fail("type", expected.type.join(" or "), icmp === null ? "no ICMP" : typeText(system, family, icmp.type));
  }
  if (expected.code !== null) {
    const ok = expected.code.some((text) => icmp !== null && codeOf(system, family, icmp.type, text) === icmp.code);
    if (!ok) fail("code", expected.code.join(" or "), icmp === null ? "no ICMP" : codeText(system, family, icmp));
  }
  if (expected.id !== null && !expected.id.includes(icmp?.id ?? -1)) {
    fail("id", expected.id.join(" or "), icmp === null ? "no ICMP" : `${icmp.id}`);
  }
  if (expected.mtu !== null && !expected.mtu.includes(icmp?.mtu ?? -1)) {
    fail("mtu", expected.mtu.join(" or "), icmp === null ? "no ICMP" : `${icmp.mtu}`);
  }
}

function codeOf(system: System, family: Family, type: number, text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : icmpCodeByName(system, family, type, text);
}

function typeText(system: System, family: Family, type: number): string {
  return icmpTypeName(system, family, type) ?? `${type}`;
}

function codeText(system: System, family: Family, icmp: { readonly type: number; readonly code: number }): string {
  return icmpCodeName(system, family, icmp.type, icmp.code) ?? `${icmp.code}`;
}

export function flagsText(flags: number): string {
  return [..."FSRPAUEW"].filter((_, bit) => (flags & (1 << bit)) !== 0).join("");
}

function chunkText(chunk: number): string {
  for (const [name, number] of CHUNKS) if (number === chunk) return name;
  return `${chunk}`;
}

function protocolText(system: System, number: number): string {
  return number === PROTOCOL.icmp6 ? "icmp6" : (protocolByNumber(system, number) ?? `${number}`);
}

function fits(end: ExpectedEnd, packet: Packet, side: "source" | "destination", context: CheckContext): boolean {
  const address = packet[side];
  const port = side === "source" ? packet.sourcePort : packet.destinationPort;
  if (end.end === null) return true;
  if (end.end.saved !== null) {
    const saved = context.saved.get(end.end.saved);
    if (saved === undefined || !saved.address.equals(address)) return false;
    return saved.port === null || saved.port === port;
  }
  if (end.end.address !== null && !end.end.address.equals(address)) return false;
  if (end.ports !== null) return port >= end.ports.low && port <= end.ports.high;
  return end.end.port === null || end.end.port === port;
}

function endsText(ends: readonly ExpectedEnd[]): string {
  return ends.map((end) => end.text).join(" or ");
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, or the address alone. */
export function endText(packet: Packet, side: "source" | "destination"): string {
  const address = packet[side];
  const port = side === "source" ? packet.sourcePort : packet.destinationPort;
  if (port === 0) return `${address}`;
  return address.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function divertText(to: ReturnType<typeof diverted>): string {
  return to === null ? "it was not diverted" : `${to.address ?? "the host"}:${to.port}`;
}
