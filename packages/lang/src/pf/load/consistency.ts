/** `rule_consistent` of OpenBSD from 4.7: what a rule may not say. */
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";

export interface ConsistencyContext {
  readonly hasNat: boolean;
  readonly hasRdr: boolean;
  readonly ruleSourceTrack: boolean;
  /** See `Expansion`. */
  readonly afToWithoutTarget: boolean;
}

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;

/** Complains about every contradiction. Returns whether there was none. */
export function checkRule(reader: Reader, rule: Rule, context: ConsistencyContext): boolean {
  const before = reader.errors;
  const protocol = rule.protocol;
  const tcpUdp = protocol === TCP || protocol === UDP;
  const icmp = protocol === ICMP || protocol === ICMP6;
  const ports = rule.from.port !== null || rule.to.port !== null;
  if (protocol !== TCP && rule.os !== null) {
    reader.complain(
      "os only applies to tcp",
      "pf/tcp-only",
      "Operating systems can only be told apart with `proto tcp`.",
    );
  }
  if (!tcpUdp && ports) {
    reader.complain(
      "port only applies to tcp/udp",
      "pf/port-without-protocol",
      "Ports need `proto tcp` or `proto udp`.",
    );
  }
  if (!tcpUdp && rule.user !== null) {
    reader.complain(
      "user only applies to tcp/udp",
      "pf/user-without-protocol",
      "`user` needs `proto tcp` or `proto udp`.",
    );
  }
  if (!tcpUdp && rule.group !== null) {
    reader.complain(
      "group only applies to tcp/udp",
      "pf/user-without-protocol",
      "`group` needs `proto tcp` or `proto udp`.",
    );
  }
  if (!icmp && rule.icmpType !== null) {
    reader.complain(
      "icmp-type/code only applies to icmp",
      "pf/icmp-type-mismatch",
      "ICMP types need `proto icmp` or `proto icmp6`.",
    );
  }
  if (rule.family === null && rule.icmpType !== null) {
    reader.complain(
      "must indicate address family with icmp-type/code",
      "pf/family-missing",
      "ICMP types are different in IPv4 and IPv6: write `inet` or `inet6`.",
    );
  }
  if (rule.afTo === null ? context.afToWithoutTarget && rule.family === null : rule.family === rule.afTo) {
    reader.complain(
      "must indicate different address family with af-to",
      "pf/family-mismatch",
      "af-to translates from one family to the other: the rule must match the other one.",
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
  if (rule.fragment && (ports || rule.flagSet !== 0 || rule.icmpType !== null)) {
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
  if (state !== null && state.maxSrcNodes !== 0 && !context.ruleSourceTrack) {
    reader.complain(
      "max-src-nodes requires 'source-track rule'",
      "pf/incompatible-options",
      "Add `source-track rule`.",
    );
  }
  if (rule.action !== "pass" && rule.keepState !== "none") {
    reader.complain(
      "keep state is great, but only for pass rules",
      "pf/state-on-block",
      "Only pass rules make states: leave `keep state` away here.",
    );
  }
  if (rule.routeOption !== null && rule.keepState === "none" && reader.dialect.routeTo === "option") {
    reader.complain(
      "route-to, reply-to and dup-to require keep state",
      "pf/route-without-state",
      "Routes are kept in the state: leave `no state` away.",
    );
  }
  if (state?.sloppy && (rule.keepState === "modulate" || rule.keepState === "synproxy")) {
    reader.complain(
      "sloppy state matching cannot be used with synproxy state or modulate state",
      "pf/incompatible-options",
      "`sloppy` does not follow sequence numbers, which modulating and proxying need.",
    );
  }
  if (rule.keepState === "synproxy" && rule.direction !== "in" && reader.dialect.warnsSynproxy) {
    reader.toolWarning(
      "warning: synproxy used for inbound rules only, ignored for outbound",
      "pf/synproxy-outbound",
      "`synproxy state` works for connections that come in; going out it is plain `keep state`.",
    );
  }
  if ((context.hasNat || context.hasRdr) && rule.action !== "match" && rule.keepState === "none") {
    reader.complain(
      "nat-to and rdr-to require keep state",
      "pf/translation-without-state",
      "Translations are kept in the state: leave `no state` away, or use a match rule.",
    );
  }
  if (rule.direction === null && (context.hasNat || context.hasRdr)) {
    reader.complain(
      "nat-to and rdr-to require a direction",
      "pf/direction-missing",
      "Write `in` for rdr-to and `out` for nat-to.",
    );
  }
  if (rule.family === 6 && rule.scrub !== null && (rule.scrub.noDf || rule.scrub.randomId)) {
    reader.complain(
      "address family inet6 does not support scrub options no-df, random-id",
      "pf/family-mismatch",
      "IPv6 has neither the don't-fragment bit nor an identification in its header.",
    );
  }
  if (rule.action === "match") {
    if (rule.divert !== null) {
      reader.complain(
        "divert is not supported on match rules",
        "pf/wrong-action",
        "Divert options belong to pass rules.",
      );
    }
    if (rule.routeOption !== null) {
      reader.complain(
        "route-to, reply-to and dup-to are not supported on match rules",
        "pf/wrong-action",
        "Routes belong to pass rules.",
      );
    }
    if (rule.afTo !== null) {
      reader.complain("af-to is not supported on match rules", "pf/wrong-action", "af-to belongs to pass rules.");
    }
  } else if (rule.action === "block" && rule.routeOption !== null) {
    reader.complain(
      "route-to, reply-to and dup-to are not supported on block rules",
      "pf/wrong-action",
      "Routes belong to pass rules.",
    );
  }
  return reader.errors === before;
}
