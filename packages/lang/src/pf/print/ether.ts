import { Address, type Family, type System } from "@pierhead/core";
import type { EtherAddress, EtherRule, RuleAddress } from "../rule.ts";
import { formatFromTo } from "./address.ts";
import { printDialect } from "./dialect.ts";
import { type FormatOptions, PLAIN } from "./options.ts";

const ETHERTYPE_IP = 0x0800;
const MAC_BITS = 48;

/** One `ether` rule as FreeBSD's pfctl(8) prints it, without a line end (`print_eth_rule`). */
export function formatEtherRule(rule: EtherRule, system: System, options: FormatOptions = PLAIN): string {
  let text = options.ruleNumbers ? `@${rule.number} ether ` : "ether ";
  if (rule.anchor === null) text += rule.action;
  else {
    // While it loads pfctl prints what follows the last slash, the slash included.
    const name = options.loading
      ? rule.anchor.name.slice(Math.max(0, rule.anchor.name.lastIndexOf("/")))
      : rule.anchor.name;
    text += name.startsWith("_") ? "anchor" : `anchor "${name}"`;
  }
  if (rule.direction !== null) text += ` ${rule.direction}`;
  if (rule.quick) text += " quick";
  if (rule.interface !== null) text += rule.interfaceNegated ? ` on ! ${rule.interface}` : ` on ${rule.interface}`;
  if (rule.bridgeTo !== null) text += ` bridge-to ${rule.bridgeTo}`;
  if (rule.protocol !== 0) text += ` proto 0x${rule.protocol.toString(16).padStart(4, "0")}`;
  if (rule.from.address !== null) text += ` from ${formatMac(rule.from)}`;
  if (rule.to.address !== null) text += ` to ${formatMac(rule.to)}`;
  text += " l3";
  const family = rule.protocol === ETHERTYPE_IP ? 4 : 6;
  text += formatFromTo(
    asFamily(rule.l3From, family),
    null,
    asFamily(rule.l3To, family),
    family,
    0,
    printDialect(system),
    PLAIN,
  );
  for (const label of rule.labels) text += ` label "${label}"`;
  if (rule.identifier !== 0) text += ` ridentifier ${rule.identifier}`;
  if (rule.queue !== null) text += ` queue ${rule.queue}`;
  if (rule.tag !== null) text += ` tag ${rule.tag}`;
  if (rule.tagged !== null) text += `${rule.taggedNegated ? " !" : ""} tagged ${rule.tagged}`;
  if (rule.dummynet !== null) text += ` dn${rule.dummynet.kind} ${rule.dummynet.number}`;
  return text;
}

// pfctl prints addresses as the family of the EtherType, whatever family they are of: all but IPv4's is IPv6.
function asFamily(peer: RuleAddress, family: Family): RuleAddress {
  const wrap = peer.address;
  const cast = (address: Address): Address =>
    family === 4 ? new Address(4, address.w0) : new Address(6, address.w0, address.w1, address.w2, address.w3);
  if (wrap.kind === "prefix" && wrap.address.family !== family) {
    const address = cast(wrap.address);
    return { ...peer, address: { kind: "prefix", address, length: Math.min(wrap.length, address.bits) } };
  }
  if (wrap.kind === "range" && wrap.first.family !== family) {
    return { ...peer, address: { kind: "range", first: cast(wrap.first), last: cast(wrap.last) } };
  }
  return peer;
}

// `print_eth_addr`. The address of zeros prints as nothing. Mask bits count from the low end of each octet, as
// pfctl sets them from a length.
function formatMac(mac: EtherAddress): string {
  const address = mac.address ?? "";
  if (/^0*$/.test(address)) return "";
  const text = `${mac.negated ? "! " : ""}${withColons(address)}`;
  let length = 0;
  while (length < MAC_BITS && maskBit(mac.mask, length)) length++;
  if (length === MAC_BITS) return text;
  for (let i = length; i < MAC_BITS; i++) if (maskBit(mac.mask, i)) return `${text}&${withColons(mac.mask)}`;
  return `${text}/${length}`;
}

function maskBit(mask: string, bit: number): boolean {
  const octet = bit >> 3;
  return (Number.parseInt(mask.slice(octet * 2, octet * 2 + 2), 16) & (1 << (bit & 7))) !== 0;
}

function withColons(digits: string): string {
  return (digits.match(/../g) ?? []).join(":");
}
