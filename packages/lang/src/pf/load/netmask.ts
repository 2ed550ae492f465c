import { Address, type Family } from "@pierhead/core";
import { dynamicNode, type HostNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";

/**
 * `check_netmask`: an IPv4 rule has no masks beyond 32 bits. Returns false after a complaint.
 *
 * Before OpenBSD had `gen_dynnode`, this cut the mask of `(interface)` to 32 bits in the list itself, so that rules
 * for IPv6 made later from the same list have a mask of 32 bits, too.
 */
export function netmaskFits(reader: Reader, rule: Rule, node: HostNode): boolean {
  if (rule.family !== 4 || node.bits <= 32) return true;
  const wrap = node.wrap;
  if (wrap.kind === "dynamic") {
    if (reader.dialect.cutsDynamicMasks) {
      node.bits = 32;
      node.wrap = dynamicNode(wrap.interface, wrap.modifiers, 32).wrap;
      node.plain = null;
    }
    return true;
  }
  if (wrap.kind !== "prefix") return true;
  reader.toolLine(`netmask ${node.bits} invalid for IPv4 address`);
  reader.report(
    "pf/bad-netmask",
    "error",
    `A netmask of ${node.bits} bits is too long for an IPv4 address, which has 32.`,
    reader.takenStart,
    reader.takenEnd,
  );
  return false;
}

/** What pfctl has as a host's mask: the last address of a range. Null is the zero mask. */
export function maskOf({ wrap, bits }: HostNode, family: Family): Address | null {
  if (wrap.kind === "range") return wrap.last;
  if (wrap.kind !== "prefix" && wrap.kind !== "any" && wrap.kind !== "dynamic") return null;
  return bits === 0 ? null : new Address(family, 0).filled(0).masked(bits);
}

/** The mask of `(interface)` in an IPv4 rule is at most 32 bits long (`gen_dynnode`). */
export function cutMask(host: HostNode, family: Family | null): HostNode {
  if (family !== 4 || host.wrap.kind !== "dynamic" || host.bits <= 32) return host;
  const copy = dynamicNode(host.wrap.interface, host.wrap.modifiers, 32);
  copy.negated = host.negated;
  copy.interface = host.interface;
  return copy;
}
