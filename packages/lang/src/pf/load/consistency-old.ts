/** `rule_consistent` of the 4.6 family: filter, scrub and rdr rules; nat and binat rules are always consistent. */
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;

/** Complains about every contradiction. Returns whether there was none. */
export function checkOldRule(reader: Reader, rule: Rule, ruleSourceTrack: boolean): boolean {
  switch (rule.action) {
    case "rdr":
    case "no rdr":
      return checkRdr(reader, rule);
    case "nat":
    case "no nat":
    case "binat":
    case "no binat":
      return true;
    default:
      return checkFilter(reader, rule, ruleSourceTrack);
  }
}

function checkFilter(reader: Reader, rule: Rule, ruleSourceTrack: boolean): boolean {
  const before = reader.errors;
  const protocol = rule.protocol;
  const ports = rule.from.port !== null || rule.to.port !== null;
  if (protocol !== TCP && protocol !== UDP && ports) {
    reader.complain(
      "port only applies to tcp/udp",
      "pf/port-without-protocol",
      "Ports need `proto tcp` or `proto udp`.",
    );
  }
  if (protocol !== ICMP && protocol !== ICMP6 && (rule.icmpType !== null || rule.icmpCode !== null)) {
    reader.complain(
      "icmp-type/code only applies to icmp",
      "pf/icmp-type-mismatch",
      "ICMP types need `proto icmp` or `proto icmp6`.",
    );
  }
  if (rule.family === null && (rule.icmpType !== null || rule.icmpCode !== null)) {
    reader.complain(
      "must indicate address family with icmp-type/code",
      "pf/family-missing",
      "ICMP types are different in IPv4 and IPv6: write `inet` or `inet6`.",
    );
  }
  const state = rule.state;
  if (state?.overload != null && state.maxSrcConn === 0 && state.maxSrcConnRate === null) {
    reader.complain(
      "'overload' requires 'max-src-conn' or 'max-src-conn-rate'",
      "pf/overload-without-limit",
      "`overload` acts when `max-src-conn` or `max-src-conn-rate` is exceeded: give one of them.",
    );
  }
  if ((protocol === ICMP && rule.family === 6) || (protocol === ICMP6 && rule.family === 4)) {
    reader.complain(
      `proto ${protocol === ICMP ? "icmp" : "icmp6"} doesn't match address family ${rule.family === 4 ? "inet" : "inet6"}`,
      "pf/family-mismatch",
      protocol === ICMP
        ? "ICMP is IPv4's: for IPv6 write `proto icmp6`."
        : "ICMPv6 is IPv6's: for IPv4 write `proto icmp`.",
    );
  }
  if (rule.allowOpts && rule.action !== "pass") {
    reader.complain(
      "allow-opts can only be specified for pass rules",
      "pf/wrong-action",
      "`allow-opts` lets packets with IP options pass: it belongs to a pass rule.",
    );
  }
  if (rule.fragment && (ports || rule.flagSet !== 0 || rule.icmpType !== null || rule.icmpCode !== null)) {
    reader.complain(
      "fragments can be filtered only on IP header fields",
      "pf/fragment-with-ports",
      "Later fragments have no ports, flags or ICMP types: leave them away with `fragment`.",
    );
  }
  if (rule.blockReturn === "return-rst" && protocol !== TCP) {
    reader.complain(
      "return-rst can only be applied to TCP rules",
      "pf/tcp-only",
      "A RST answers TCP only: write `proto tcp`, or `block return`.",
    );
  }
  if (state !== null && state.maxSrcNodes !== 0 && !ruleSourceTrack) {
    reader.complain(
      "max-src-nodes requires 'source-track rule'",
      "pf/incompatible-options",
      "Add `source-track rule`.",
    );
  }
  if (rule.action === "block" && rule.keepState !== "none") {
    reader.complain(
      "keep state on block rules doesn't make sense",
      "pf/state-on-block",
      "Only pass rules make states: leave `keep state` away here.",
    );
  }
  if (state?.sloppy && (rule.keepState === "modulate" || rule.keepState === "synproxy")) {
    reader.complain(
      "sloppy state matching cannot be used with synproxy state or modulate state",
      "pf/incompatible-options",
      "`sloppy` does not follow sequence numbers, which modulating and proxying need.",
    );
  }
  return reader.errors === before;
}

function checkRdr(reader: Reader, rule: Rule): boolean {
  const before = reader.errors;
  if (rule.protocol !== TCP && rule.protocol !== UDP) {
    const message = "Ports need `proto tcp` or `proto udp`.";
    if (rule.from.port !== null)
      reader.complain("src port only applies to tcp/udp", "pf/port-without-protocol", message);
    if (rule.to.port !== null) reader.complain("dst port only applies to tcp/udp", "pf/port-without-protocol", message);
    if ((rule.rdr?.ports?.low ?? 0) !== 0)
      reader.complain("rpool port only applies to tcp/udp", "pf/port-without-protocol", message);
  }
  const operator = rule.to.port?.operator;
  if (operator !== undefined && operator !== "=" && operator !== ":") {
    reader.complain(
      "invalid port operator for rdr destination port",
      "pf/invalid-port",
      "The destination port of an rdr rule is one port or a range `from:to`.",
    );
  }
  return reader.errors === before;
}
