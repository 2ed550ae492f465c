/** `rule_consistent` of FreeBSD: what a rule may not say. */
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ICMP = 1;
const ICMP6 = 58;

type Wrong = (tool: string, code: string, message: string) => void;

/** Complains about every contradiction. Returns whether there was none. */
export function checkFreebsdRule(reader: Reader, rule: Rule, ruleSourceTrack: boolean): boolean {
  let problems = 0;
  const wrong: Wrong = (tool, code, message) => {
    reader.complain(tool, code, message);
    problems++;
  };
  switch (rule.action) {
    case "pass":
    case "match":
    case "block":
    case "scrub":
    case "no scrub":
      checkFilter(reader, rule, ruleSourceTrack, wrong);
      break;
    case "rdr":
    case "no rdr":
      checkRdr(reader, rule, wrong);
      break;
    default:
  }
  return problems === 0;
}

function protocols(reader: Reader): string {
  return reader.dialect.sctp ? "tcp/udp/sctp" : "tcp/udp";
}

function hasPorts(reader: Reader, protocol: number): boolean {
  return protocol === TCP || protocol === UDP || (protocol === SCTP && reader.dialect.sctp);
}

function checkFilter(reader: Reader, rule: Rule, ruleSourceTrack: boolean, wrong: Wrong): void {
  const { protocol, state } = rule;
  const ports = rule.from.port !== null || rule.to.port !== null;
  if (!hasPorts(reader, protocol) && ports) {
    wrong(
      `port only applies to ${protocols(reader)}`,
      "pf/port-without-protocol",
      "Ports need `proto tcp` or `proto udp`.",
    );
  }
  if (protocol !== ICMP && protocol !== ICMP6 && rule.icmpType !== null) {
    wrong(
      "icmp-type/code only applies to icmp",
      "pf/icmp-type-mismatch",
      "ICMP types need `proto icmp` or `proto icmp6`.",
    );
  }
  if (rule.family === null && rule.icmpType !== null) {
    wrong(
      "must indicate address family with icmp-type/code",
      "pf/family-missing",
      "ICMP types are different in IPv4 and IPv6: write `inet` or `inet6`.",
    );
  }
  if (rule.afTo !== null && rule.family === rule.afTo) {
    wrong(
      "must indicate different address family with af-to",
      "pf/family-mismatch",
      "af-to translates from one family to the other: the rule must match the other one.",
    );
  }
  if (state !== null && state.overload !== null && state.maxSrcConn === 0 && state.maxSrcConnRate === null) {
    wrong(
      "'overload' requires 'max-src-conn' or 'max-src-conn-rate'",
      "pf/overload-without-limit",
      "`overload` acts when `max-src-conn` or `max-src-conn-rate` is exceeded: give one of them.",
    );
  }
  if ((protocol === ICMP && rule.family === 6) || (protocol === ICMP6 && rule.family === 4)) {
    wrong(
      `proto ${protocol === ICMP ? "icmp" : "icmp6"} doesn't match address family ${rule.family === 4 ? "inet" : "inet6"}`,
      "pf/family-mismatch",
      protocol === ICMP
        ? "ICMP is IPv4's: for IPv6 write `proto icmp6`."
        : "ICMPv6 is IPv6's: for IPv4 write `proto icmp`.",
    );
  }
  if (rule.allowOpts && rule.action !== "pass" && !(rule.action === "match" && reader.dialect.allowOptsOnMatch)) {
    wrong(
      reader.dialect.allowOptsOnMatch
        ? "allow-opts can only be specified for pass or match rules"
        : "allow-opts can only be specified for pass rules",
      "pf/wrong-action",
      "`allow-opts` lets packets with IP options pass: it belongs to a pass rule.",
    );
  }
  if (rule.fragment && (ports || rule.flagSet !== 0 || rule.icmpType !== null)) {
    wrong(
      "fragments can be filtered only on IP header fields",
      "pf/fragment-with-ports",
      "Later fragments have no ports, flags or ICMP types: leave them away with `fragment`.",
    );
  }
  if (rule.blockReturn === "return-rst" && protocol !== TCP) {
    wrong(
      "return-rst can only be applied to TCP rules",
      "pf/tcp-only",
      "A RST answers TCP only: write `proto tcp`, or `block return`.",
    );
  }
  if (state !== null && state.maxSrcNodes !== 0 && !ruleSourceTrack) {
    wrong("max-src-nodes requires 'source-track rule'", "pf/incompatible-options", "Add `source-track rule`.");
  }
  if (rule.keepState !== "none" && rule.action !== "pass") {
    wrong(
      "keep state is great, but only for pass rules",
      "pf/state-on-block",
      "Only pass rules make states: leave `keep state` away here.",
    );
  }
  if (state?.sloppy === true && (rule.keepState === "modulate" || rule.keepState === "synproxy")) {
    wrong(
      "sloppy state matching cannot be used with synproxy state or modulate state",
      "pf/incompatible-options",
      "`sloppy` does not follow sequence numbers, which modulating and proxying need.",
    );
  }
  checkRouting(reader, rule, wrong);
}

function checkRouting(reader: Reader, rule: Rule, wrong: Wrong): void {
  if (rule.keepState === "synproxy" && rule.direction !== "in" && reader.dialect.warnsSynproxy) {
    reader.toolWarning(
      "warning: synproxy used for inbound rules only, ignored for outbound",
      "pf/synproxy-outbound",
      "`synproxy state` works for connections that come in; going out it is plain `keep state`.",
    );
  }
  if (rule.afTo !== null && rule.routeOption === "dup-to") {
    wrong(
      "dup-to must not be used on af-to rules",
      "pf/incompatible-options",
      "A rule that translates families cannot copy its packets elsewhere.",
    );
  }
  if (rule.action === "match") {
    if (rule.divert !== null) {
      wrong("divert is not supported on match rules", "pf/wrong-action", "Divert options belong to pass rules.");
    }
    if (rule.routeOption !== null) {
      wrong(
        "route-to, reply-to, dup-to and fastroute must not be used on match rules",
        "pf/wrong-action",
        "Routes belong to pass rules.",
      );
    }
    if (rule.afTo !== null) {
      wrong("af-to is not supported on match rules", "pf/wrong-action", "af-to belongs to pass rules.");
    }
  } else if (rule.action === "block" && rule.routeOption !== null) {
    wrong(
      "route-to, reply-to and dup-to are not supported on block rules",
      "pf/wrong-action",
      "Routes belong to pass rules.",
    );
  }
  if (rule.nat !== null || rule.rdr !== null) {
    if (rule.action !== "match" && rule.keepState === "none") {
      wrong(
        "nat-to and rdr-to require keep state",
        "pf/translation-without-state",
        "Translations are kept in the state: leave `no state` away, or use a match rule.",
      );
    }
    if (rule.direction === null) {
      wrong(
        "nat-to and rdr-to require a direction",
        "pf/direction-missing",
        "Write `in` for rdr-to and `out` for nat-to.",
      );
    }
  }
  if (rule.route?.sticky === true && rule.keepState === "none") {
    // pfctl says so but does not count it among the rule's problems; the file is refused all the same.
    reader.complain(
      "'sticky-address' requires 'keep state'",
      "pf/route-without-state",
      "Which address a source got is kept with its states: leave `no state` away.",
    );
  }
}

function checkRdr(reader: Reader, rule: Rule, wrong: Wrong): void {
  if (!hasPorts(reader, rule.protocol)) {
    const need = "Ports need `proto tcp` or `proto udp`.";
    const code = "pf/port-without-protocol";
    if (rule.from.port !== null) wrong(`src port only applies to ${protocols(reader)}`, code, need);
    if (rule.to.port !== null) wrong(`dst port only applies to ${protocols(reader)}`, code, need);
    if (rule.rdr !== null && rule.rdr.ports !== null && rule.rdr.ports.low !== 0) {
      wrong(`rdr port only applies to ${protocols(reader)}`, code, need);
    }
  }
  const operator = rule.to.port?.operator;
  if (operator !== undefined && operator !== "=" && operator !== ":") {
    wrong(
      "invalid port operator for rdr destination port",
      "pf/invalid-port",
      "An rdr rule is for one port or a range with `:`.",
    );
  }
}
