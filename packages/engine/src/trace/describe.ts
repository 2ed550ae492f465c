/** Words for packets and rules. */
import { type Packet, PROTOCOL, type System } from "@pierhead/core";
import { icmpTypeName, protocolByNumber } from "@pierhead/lang/names";
import { formatRule, type Origin, type Rule } from "@pierhead/lang/pf";
import { endText, flagsText } from "../scenario/check.ts";
import { CHUNKS } from "../scenario/packet-spec.ts";

/** `tcp 192.168.1.10:40000 > 93.184.216.34:443 S`. */
export function packetText(packet: Packet, system: System): string {
  const parts = [protocolText(packet.protocol, system), endText(packet, "source"), ">", endText(packet, "destination")];
  const detail = detailText(packet, system);
  if (detail !== "") parts.push(detail);
  if (packet.fragment !== null)
    parts.push(`fragment ${packet.fragment.id}@${packet.fragment.offset}${packet.fragment.more ? "+" : ""}`);
  return parts.join(" ");
}

export function protocolText(number: number, system: System): string {
  return number === PROTOCOL.icmp6 ? "icmp6" : (protocolByNumber(system, number) ?? `protocol ${number}`);
}

function detailText(packet: Packet, system: System): string {
  if (packet.tcp !== null) return flagsText(packet.tcp.flags) || "no flags";
  if (packet.icmp !== null) {
    const { type, code, inner } = packet.icmp;
    const name = icmpTypeName(system, packet.family, type) ?? `type ${type}`;
    const about = inner === null ? "" : ` about ${packetText(inner, system)}`;
    return `${name}${code === 0 ? "" : ` code ${code}`}${about}`;
  }
  if (packet.sctpChunk !== null) {
    for (const [name, number] of CHUNKS) if (number === packet.sctpChunk) return name;
    return `chunk ${packet.sctpChunk}`;
  }
  return "";
}

/** Where a rule stands in the user's files. */
export interface RulePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export function rulePlace(rule: { readonly origin: Origin | null }): RulePlace | null {
  const { origin } = rule;
  if (origin === null) return null;
  const { line, column } = origin.source.position(origin.span.start);
  return { file: origin.source.name, line, column };
}

/** Where something stands, in the same words. */
export function originText(origin: Origin | null): string {
  return placeText(rulePlace({ origin }));
}

/** `/etc/pf.conf:12`, or nothing for a rule that no file has. */
export function placeText(place: RulePlace | null): string {
  return place === null ? "" : `${place.file}:${place.line}`;
}

export function ruleText(rule: Rule, system: System): string {
  return formatRule(rule, system);
}
