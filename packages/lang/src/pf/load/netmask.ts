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
