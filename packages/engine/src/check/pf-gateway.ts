/**
 * What becomes of the packets of a gateway's clients. Packets that stand for many are sent through the machine, and
 * only what holds for all of them is reported, with the rule that decided.
 */
import { type Address, type Diagnostic, diagnostic, formatPrefix } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import { planProbes, probePacket } from "../failover/packets.ts";
import type { Machine } from "../machine/index.ts";
import { type Journey, receivePacket } from "../network/index.ts";
import { isComplete } from "./pf-walk.ts";

export function checkGateway(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  // ifstated changes rules and routes when it starts: `failover` looks at that. Guesses are not judged.
  if (build.assumed || build.ifstated !== null || build.opaque.length > 0) return [];
  if (!pf.enabled || !isComplete(pf) || !machine.forwards(4)) return [];
  const outside = outsideInterfaces(machine);
  if (outside.size === 0) return [];
  const found: Diagnostic[] = [];
  for (const one of machine.interfaces()) {
    if (outside.has(one.name) || one.kind !== "broadcast" || !machine.isRunning(one.name)) continue;
    const own = one.addresses.find(({ address }) => address.family === 4 && isPrivate(address));
    if (own === undefined || own.length > 29 || build.interfaces.get(one.name)?.addresses !== "known") continue;
    const network = formatPrefix({ address: own.address.masked(own.length), length: own.length });
    found.push(...checkClients(pf, build, one.name, network));
  }
  machine.pf.flush("states");
  return found;
}

interface Crossing {
  readonly kind: string;
  readonly in: Rule | null;
  readonly out: Rule | null;
  readonly outside: string;
  readonly passed: boolean;
  readonly translated: boolean;
  readonly source: Address;
}

function checkClients(pf: LoadedPf, build: MachineBuild, name: string, network: string): Diagnostic[] {
  const { machine } = build;
  const plans = planProbes(machine, [name], []).filter((plan) => plan.probe.from === "lan");
  const crossings: Crossing[] = [];
  let port = 40_000;
  for (const plan of plans) {
    const journey = receivePacket(machine, name, probePacket(plan, port++));
    const crossing = crossingOf(plan.probe.name, journey, name);
    if (crossing !== null) crossings.push(crossing);
  }
  machine.pf.flush("states");
  if (crossings.length === 0) return [];
  const bare = crossings.filter((one) => one.passed && !one.translated);
  const sample = bare[0];
  if (sample === undefined || !hasPublicAddress(machine, sample.outside)) return [];
  const place = sample.out?.origin ?? sample.in?.origin ?? null;
  const which = bare.length === crossings.length ? "Packets" : `Packets (${bare.map((one) => one.kind).join(", ")})`;
  return [
    diagnostic(
      "pf/leaves-untranslated",
      "warning",
      `${which} from ${network} leave ${sample.outside} with their private address: no rule translates them, and no answer finds the way back.`,
      place?.source ?? pf.source,
      place?.span ?? { start: 0, end: 0 },
    ),
  ];
}

/** The two passes of a forwarded packet; null when it did not get as far as the second. */
function crossingOf(kind: string, journey: Journey, inside: string): Crossing | null {
  let passedIn: Rule | null | undefined;
  for (const step of journey.steps) {
    if (step.kind !== "filter" || step.flow !== 0) continue;
    const rule = step.result.rule?.rule ?? null;
    if (step.direction === "in") {
      if (step.interface !== inside || step.result.verdict !== "pass") return null;
      passedIn = rule;
      continue;
    }
    if (passedIn === undefined) return null;
    return {
      kind: kind.split(" ")[0] as string,
      in: passedIn,
      out: rule,
      outside: step.interface,
      passed: step.result.verdict === "pass",
      translated: !step.after.source.equals(step.before.source) || !isPrivate(step.after.source),
      source: step.after.source,
    };
  }
  return null;
}

function outsideInterfaces(machine: Machine): Set<string> {
  const found = new Set<string>();
  for (const route of machine.routes.list(0)) {
    if (route.length === 0 && route.family === 4 && route.discard === null && route.interface !== null) {
      found.add(route.interface);
    }
  }
  return found;
}

function hasPublicAddress(machine: Machine, name: string): boolean {
  const addresses = machine.interface(name)?.addresses.filter(({ address }) => address.family === 4) ?? [];
  return addresses.length > 0 && addresses.every(({ address }) => !isPrivate(address) && !isShared(address));
}

/** RFC 1918. */
function isPrivate(address: Address): boolean {
  if (address.family === 6) return false;
  return address.w0 >>> 24 === 10 || address.w0 >>> 20 === 0xac1 || address.w0 >>> 16 === 0xc0a8;
}

/** RFC 6598, and the range that stands for addresses nobody knows. */
function isShared(address: Address): boolean {
  return address.w0 >>> 22 === 0x191 || address.w0 >>> 17 === 0x6309;
}
