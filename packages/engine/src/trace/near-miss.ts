/**
 * Why a packet was blocked although there is a rule for it: the pass rules that fit in all but one or two respects,
 * and what does not fit. A wrong interface name in a macro looks like this.
 */
import { type Packet, PROTOCOL } from "@pierhead/core";
import type { Direction, Rule } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import { addressValue, type Field, kindValue, type RuleRegion, regionsOf, whereValue } from "../prove/constraints.ts";
import { liveContext } from "../prove/live.ts";
import { contains } from "../prove/ranges.ts";
import { type RulePlace, rulePlace } from "./describe.ts";

export interface NearMiss {
  readonly rule: Rule;
  readonly place: RulePlace | null;
  /** What the rule asks for and the packet is not, in words. */
  readonly differences: readonly string[];
  /** Where the macro behind a wrong interface is defined; null when the name is written in the rule. */
  readonly macro: { readonly name: string; readonly place: RulePlace } | null;
}

/** At most this many rules are worth showing. */
const MOST = 2;

/** Pass rules that nearly match, the nearest first. `interfaceName` is where pf looked at the packet. */
export function nearMisses(machine: Machine, packet: Packet, direction: Direction, interfaceName: string): NearMiss[] {
  const index = machine.interfaces().findIndex((one) => one.name === interfaceName);
  if (index === -1) return [];
  const context = liveContext(machine, packet.family);
  const values = valuesOf(packet, whereValue(index, direction));
  const found: { miss: NearMiss; count: number }[] = [];
  for (const region of regionsOf(context)) {
    const { rule } = region;
    if (rule.action !== "pass" || (rule.direction !== null && rule.direction !== direction)) continue;
    // A rule that asks for nothing but an interface or a direction says little about this packet.
    if (region.constraints.source === null && region.constraints.destination === null && rule.protocol === 0) continue;
    const failing = failingFields(region, values);
    // A wrong interface often brings wrong networks along: they are one mistake.
    const most = failing.includes("where") ? 3 : 2;
    if (failing.length === 0 || failing.length > most) continue;
    const differences = failing.map((field) => difference(field, rule, packet, interfaceName));
    const macro = failing.includes("where") ? macroOf(rule) : null;
    found.push({ miss: { rule, place: rulePlace(rule), differences, macro }, count: failing.length });
  }
  return found
    .sort((a, b) => a.count - b.count)
    .slice(0, MOST)
    .map(({ miss }) => miss);
}

function valuesOf(packet: Packet, where: bigint): Record<Field, bigint> {
  const { tcp, icmp } = packet;
  const isIcmp = packet.protocol === PROTOCOL.icmp || packet.protocol === PROTOCOL.icmp6;
  const detail = tcp !== null ? tcp.flags : isIcmp && icmp !== null ? icmp.type * 256 + icmp.code : 0;
  return {
    where,
    kind: kindValue(packet.protocol, detail),
    source: addressValue(packet.source),
    destination: addressValue(packet.destination),
    sourcePort: BigInt(packet.sourcePort),
    destinationPort: BigInt(packet.destinationPort),
    tos: BigInt(packet.tos),
  };
}

function failingFields(region: RuleRegion, values: Record<Field, bigint>): Field[] {
  return (Object.keys(values) as Field[]).filter((field) => {
    const wanted = region.constraints[field];
    return wanted !== null && !contains(wanted, values[field]);
  });
}

function difference(field: Field, rule: Rule, packet: Packet, interfaceName: string): string {
  switch (field) {
    case "where":
      return `it is for ${rule.interfaceNegated ? "! " : ""}${rule.interface ?? "another direction"}, and the packet is on ${interfaceName}`;
    case "kind":
      return rule.protocol !== 0 && rule.protocol !== packet.protocol
        ? "it is for another protocol"
        : "the TCP flags or ICMP type differ";
    case "source":
      return `the source ${packet.source} is not in its \`from\``;
    case "destination":
      return `the destination ${packet.destination} is not in its \`to\``;
    case "sourcePort":
      return `the source port ${packet.sourcePort} is not one of its ports`;
    case "destinationPort":
      return `the destination port ${packet.destinationPort} is not one of its ports`;
    case "tos":
      return `the type of service ${packet.tos} is not the one it asks for`;
  }
}

/** `on $int_if`: the macro, and the line that defines it. */
function macroOf(rule: Rule): NearMiss["macro"] {
  const { origin } = rule;
  if (origin === null) return null;
  const { source, span } = origin;
  const name = /\bon\s+!?\s*\$(\w+)/.exec(source.text.slice(span.start, span.end))?.[1];
  if (name === undefined) return null;
  const definition = new RegExp(`^[ \\t]*${name}[ \\t]*=`, "m").exec(source.text);
  if (definition === null) return null;
  const { line, column } = source.position(definition.index);
  return { name, place: { file: source.name, line, column } };
}
