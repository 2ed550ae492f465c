import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import { matchOperator } from "./loaded-address.ts";
import { type LoadedRule, RULE_ACTION, SKIP } from "./loaded-rule.ts";
import { addressMismatch } from "./match.ts";
import { matchFingerprint } from "./os-fingerprint.ts";

/** What the scrub rules say about a packet. */
export interface ScrubDecision {
  /** There are no scrub rules. */
  readonly none: boolean;
  /** The rule that matched; null when none did, or when there are none. */
  readonly rule: LoadedRule | null;
  /** The packet is to be normalized. */
  readonly normalizes: boolean;
}

/**
 * Looks for the scrub rule of a packet: the first that matches (`pf_normalize_ip()`, `pf_normalize_tcp()`). Its actions
 * are added to those of the packet.
 *
 * @param ports look at ports and operating systems too: what is known of TCP once the packet is whole
 */
export function findScrubRule(core: FilterCore, packet: Description, ports: boolean): ScrubDecision {
  const rules = core.rulesets.main.scrub;
  if (rules.length === 0) return { none: true, rule: null, normalizes: core.kernel.normalizesWithoutScrub };
  const tables = { lookupTable: packet.context.rtable };
  for (let index = 0; index < rules.length; ) {
    const rule = rules[index] as LoadedRule;
    rule.evaluations++;
    const failed = scrubMismatch(core, rule, packet, ports, tables);
    if (failed === 0) {
      if (rule.action === RULE_ACTION.noScrub) return { none: false, rule, normalizes: false };
      const slot = packet.direction - 1;
      rule.packets[slot] = (rule.packets[slot] as number) + 1;
      rule.bytes[slot] = (rule.bytes[slot] as number) + packet.totalLength;
      packet.actions.add(rule);
      return { none: false, rule, normalizes: true };
    }
    index = failed <= SKIP.count ? (rule.skip[failed - 1] as number) : index + 1;
  }
  return { none: false, rule: null, normalizes: false };
}

const OTHER = SKIP.count + 1;

/** @returns 0 when the rule matches, a skip step plus one, or more */
function scrubMismatch(
  core: FilterCore,
  rule: LoadedRule,
  packet: Description,
  ports: boolean,
  tables: { readonly lookupTable: number },
): number {
  const { source, destination } = rule;
  if (rule.kif === null ? rule.kifNegated : core.interfaces.matches(rule.kif, packet.kif) === rule.kifNegated) {
    return SKIP.interface + 1;
  }
  if (rule.direction !== 0 && rule.direction !== packet.direction) return SKIP.direction + 1;
  if (rule.family !== 0 && rule.family !== packet.family) return SKIP.family + 1;
  if (rule.protocol !== 0 && rule.protocol !== packet.protocol) return SKIP.protocol + 1;
  if (addressMismatch(core, source, packet.source, packet.kif, tables)) return SKIP.source + 1;
  if (
    ports &&
    source.portOperator !== 0 &&
    !matchOperator(source.portOperator, source.portFirst, source.portLast, packet.sourcePort)
  ) {
    return SKIP.sourcePort + 1;
  }
  if (addressMismatch(core, destination, packet.destination, null, tables)) return SKIP.destination + 1;
  if (!ports) {
    const { tag } = packet.context;
    return rule.tagged !== null && (rule.tagged === tag) === rule.taggedNegated ? OTHER : 0;
  }
  if (
    destination.portOperator !== 0 &&
    !matchOperator(destination.portOperator, destination.portFirst, destination.portLast, packet.destinationPort)
  ) {
    return SKIP.destinationPort + 1;
  }
  return rule.os !== null && !matchFingerprint(core.fingerprints, packet.packet, rule.os) ? OTHER : 0;
}
