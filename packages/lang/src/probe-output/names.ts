/** Numbers in answers, in words. */
import { REASON_NAMES } from "../pf/reason-names.ts";
import type { ProbeFacts } from "../probe/types.ts";

const PROTOCOLS: Readonly<Record<string, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  41: "ip6",
  47: "gre",
  50: "esp",
  58: "icmp6",
};

/** Errors of a route lookup, by errno of Linux; 0 comes from systems that tell no more than that it failed. */
const LOOKUP_ERRORS: Readonly<Record<string, string>> = {
  0: "no route",
  "-11": "no route",
  "-13": "prohibit route",
  "-22": "blackhole route",
  "-101": "network unreachable",
  "-113": "unreachable route",
};

/** PFRES_NAMES of FreeBSD's pf.h. */
const PF_REASONS: readonly string[] = [...REASON_NAMES, "map-failed", "translate"];

/** The words for a number in a column of a table; what has none stays as it is. */
export function inWords(table: string, column: string, value: string, facts: Pick<ProbeFacts, "dropReasons">): string {
  if (column === "protocol") return PROTOCOLS[value] ?? value;
  if (column === "reason" && (table === "drops" || table === "queues")) {
    for (const [name, number] of facts.dropReasons) if (String(number) === value) return name;
    return value;
  }
  if (column === "what" && table === "rules") return PF_REASONS[Number(value)] ?? value;
  if (column === "error" && table === "noroute") return LOOKUP_ERRORS[value] ?? `error ${value}`;
  // Lookups that come from no interface have the index of loopback, which is the first in every namespace.
  if (column === "asked by" && table === "noroute" && /^\d+$/.test(value)) {
    return Number(value) <= 1 ? "this machine" : `interface ${value}`;
  }
  return value;
}
