/**
 * Rules of FreeBSD that are read or expanded in its own way: filter rules with routes and translation options
 * (`pfrule`), `scrub`, `nat`, `rdr` and `binat` rules. Its parse.y is a cousin of OpenBSD's of 2008 that learned
 * OpenBSD's later options, and keeps pools as lists.
 */
import type { Address } from "@pierhead/core";
import type { Expansion } from "../load/expand.ts";
import { expandFreebsdRule } from "../load/expand-freebsd.ts";
import { untilEmpty } from "../load/label.ts";
import { cutMask, maskOf } from "../load/netmask.ts";
import { checkTarget, checkTargetMask, poolMembers, removeOtherFamily } from "../load/pool-freebsd.ts";
import { isMultiAddress } from "../load/redirect.ts";
import { type Pool, type RouteOption, Rule, type StateOptions } from "../rule.ts";
import {
  checkLabel,
  checkTag,
  decideFamily,
  disallowUrpfFailed,
  parseDirection,
  parseFamily,
  parseFromTo,
  parseLogQuick,
  parseProtocols,
} from "./clauses.ts";
import { parsePortRedirection, parseScrubOptions, type ScrubOptionsNode } from "./freebsd-options.ts";
import { parseAddressSpec, parseHost, parsePoolOptions } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import type { FilterOptions, HostNode, PortRange, Redirection } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseServiceRange } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { parseRouteHosts } from "./route.ts";
import { Token } from "./tokens.ts";
import { applyTags, parsePassLog, parseTags, passWithNo } from "./translation-clauses.ts";

const NO_PORT: PortRange = { from: 0, to: 0, type: "none" };

/** `route-to (em0 10.0.0.1)` and the like. */
export interface FreebsdRoute {
  readonly option: RouteOption;
  redirection: Redirection;
}

/** `route`: null when there is none; `fastroute` is taken and has no effect. */
export function parseFreebsdRoute(reader: Reader): FreebsdRoute | null {
  let option: RouteOption;
  switch (reader.peek()) {
    case Token.fastroute:
      reader.clause("route");
      reader.take("keyword");
      return null;
    case Token.routeTo:
      option = "route-to";
      break;
    case Token.replyTo:
      option = "reply-to";
      break;
    case Token.dupTo:
      option = "dup-to";
      break;
    default:
      return null;
  }
  reader.clause(option);
  reader.take("keyword");
  const hosts = parseRouteHosts(reader);
  const options = parsePoolOptions(reader);
  return { option, redirection: { hosts, port: NO_PORT, options, binat: false, family: 0 } };
}

/** What `filteropts_to_rule` does with options that are FreeBSD's own, after those of everybody. */
export function applyFreebsdOptions(reader: Reader, rule: Rule, options: FilterOptions): void {
  rule.identifier = options.identifier;
  rule.limiters = options.limiters;
  rule.maxPacketSize = options.maxPacketSize;
  if (options.labels !== null) {
    rule.labels = untilEmpty(options.labels.map((label) => checkLabel(reader, label)));
  }
}

/** The end of `pfrule`: routes and translations, and the expansion. */
export function finishFreebsdRule(
  reader: Reader,
  rule: Rule,
  options: FilterOptions,
  route: FreebsdRoute | null,
  lists: Omit<Expansion, "nat" | "rdr" | "route">,
): void {
  if (options.afTo) rule.afTo = options.nat?.family || null;
  if (route !== null) applyRoute(reader, rule, route, options.afTo);
  rule.dummynet =
    options.dummynet !== null && (options.dummynet.number !== 0 || options.dummynet.reply !== 0)
      ? options.dummynet
      : null;
  if (options.divert !== null && options.divert.kind === "divert-to") {
    rule.divert = { kind: "divert-to", address: null, port: options.divert.port };
  }
  let { nat, rdr } = options;
  if (!options.afTo) {
    if (nat !== null) nat = fitTarget(reader, rule, nat);
    if (rdr !== null) rdr = fitTarget(reader, rule, rdr);
  }
  expandFreebsdRule(reader, rule, { ...lists, nat, rdr, route: route?.redirection ?? null });
}

function applyRoute(reader: Reader, rule: Rule, route: FreebsdRoute, afTo: boolean): void {
  if (rule.direction === null) {
    reader.fail(
      "direction must be explicit with rules that specify routing",
      "pf/direction-missing",
      "A rule that sets a route needs a direction: `in` or `out`.",
    );
  }
  rule.routeOption = route.option;
  if (route.redirection.options.preferIpv6NextHop) return;
  let hosts = route.redirection.hosts ?? [];
  decideFamily(hosts, rule);
  if (!afTo) {
    const fitting = removeOtherFamily(hosts, rule.family);
    hosts = fitting.hosts;
    rule.family = fitting.family;
  }
  if (hosts.length === 0) {
    reader.fail(
      "no routing address with matching address family found.",
      "pf/family-mismatch",
      "No next hop is of the rule's address family. An IPv6 next hop for IPv4 needs `prefer-ipv6-nexthop`.",
    );
  }
  route.redirection = { ...route.redirection, hosts };
}

/** The target of nat-to, rdr-to or `->`: of the rule's family, which it decides when nothing else has. */
function fitTarget(reader: Reader, rule: Rule, redirection: Redirection): Redirection {
  const given = redirection.hosts ?? [];
  const first = given[0];
  if (rule.family === null && first !== undefined && first.scope === 0) rule.family = first.family || null;
  let { hosts, family } = removeOtherFamily(given, rule.family);
  rule.family = family;
  checkTarget(reader, hosts, family);
  // `(interface)` is copied for the family, and the copy of the first one loses the rest of the list.
  const dynamic = hosts[0];
  if (dynamic?.wrap.kind === "dynamic") hosts = [cutMask(dynamic, family)];
  checkTargetMask(reader, hosts[0], family);
  return { ...redirection, hosts };
}

/** `scrubrule`, after an optional `no`. */
export function parseFreebsdScrub(reader: Reader, no: boolean): void {
  reader.clause("action");
  reader.take("keyword");
  const direction = parseDirection(reader);
  const { log, quick } = parseLogQuick(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  const options = parseScrubOptions(reader);
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.scrub);
  const rule = new Rule();
  rule.action = no ? "no scrub" : "scrub";
  rule.direction = direction;
  rule.log = log;
  if (quick) {
    reader.fail(
      "scrub rules do not support 'quick'",
      "pf/wrong-option",
      "The first scrub rule that matches decides: `quick` has no meaning here.",
    );
  }
  rule.family = family === 0 ? null : family;
  applyScrub(reader, rule, options);
  expandFreebsdRule(reader, rule, {
    interfaces,
    protocols,
    icmp: null,
    from: fromTo.from,
    to: fromTo.to,
    os: fromTo.os,
    users: null,
    groups: null,
    receivedOn: null,
    nat: null,
    rdr: null,
    route: null,
    ruleSourceTrack: false,
  });
}

function applyScrub(reader: Reader, rule: Rule, options: ScrubOptionsNode): void {
  if (rule.action === "no scrub") options = { ...options, noDf: false, randomId: false, setTos: null };
  if (options.reassembleTcp && rule.direction !== null) {
    reader.fail(
      "reassemble tcp rules can not specify direction",
      "pf/wrong-direction",
      "`reassemble tcp` sees both directions of a connection: leave `in` and `out` away.",
    );
  }
  rule.scrub = {
    noDf: options.noDf,
    randomId: options.randomId,
    reassembleTcp: options.reassembleTcp && rule.action === "scrub",
    minTtl: options.minTtl,
    maxMss: options.maxMss,
    fragments: options.noReassemble ? "no reassemble" : "reassemble",
    setTos: options.setTos,
  };
  if (options.tagged) {
    rule.tagged = checkTag(reader, options.tagged);
    rule.taggedNegated = options.taggedNegated;
  }
  rule.rtable = options.rtable;
}

/** `natrule`, after an optional `no`. */
export function parseFreebsdNat(reader: Reader, no: boolean): void {
  reader.clause("action");
  const kind = reader.take("keyword") === Token.nat ? "nat" : "rdr";
  const { pass, log } = parsePassLog(reader);
  if (no && pass) passWithNo(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  const tags = parseTags(reader);
  let target: Redirection | null = null;
  if (reader.peek() === Token.arrow) {
    reader.clause("->");
    reader.take("operator");
    target = parsePortRedirection(reader);
  }
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.translation);
  const rule = new Rule();
  rule.action = no ? (kind === "nat" ? "no nat" : "no rdr") : kind;
  rule.translationPass = pass;
  rule.log = log;
  rule.family = family === 0 ? null : family;
  if (rule.family === null) {
    for (const hosts of [fromTo.from.hosts, fromTo.to.hosts]) {
      const first = hosts?.[0];
      if (first === undefined || first.family === 0 || first.scope !== 0) continue;
      rule.family = first.family;
      break;
    }
  }
  applyTags(reader, rule, tags);
  if (no) {
    if (target !== null) {
      reader.fail(
        "translation rule with 'no' does not need '->'",
        "pf/translation-target",
        "A rule with `no` exempts from translation: leave `->` and what follows away.",
      );
    }
  } else {
    if (target === null) {
      reader.fail(
        "translation rule requires '-> address'",
        "pf/translation-target",
        "The rule does not say what to translate to: write `-> address`.",
      );
    }
    if (target.options.preferIpv6NextHop) {
      reader.fail(
        "The prefer-ipv6-nexthop option can't be used for nat/rdr/binat pools",
        "pf/wrong-option",
        "`prefer-ipv6-nexthop` chooses a next hop: it belongs to route-to.",
      );
    }
    target = fitTarget(reader, rule, target);
  }
  rule.state = stateOfDefaults(reader);
  expandFreebsdRule(reader, rule, {
    interfaces,
    protocols,
    icmp: null,
    from: fromTo.from,
    to: fromTo.to,
    os: fromTo.os,
    users: null,
    groups: null,
    receivedOn: null,
    nat: null,
    rdr: target,
    route: null,
    ruleSourceTrack: false,
  });
}

// Of `set state-defaults` translation rules take `pflow` alone.
function stateOfDefaults(reader: Reader): StateOptions | null {
  if (!(reader.stateDefaults?.some((option) => option.kind === "pflow") ?? false)) return null;
  return {
    timeouts: new Map(),
    noSync: false,
    sloppy: false,
    pflow: true,
    allowRelated: false,
    policy: null,
    maxStates: 0,
    maxSrcNodes: 0,
    maxSrcStates: 0,
    maxSrcConn: 0,
    maxSrcConnRate: null,
    overload: null,
    sourceTrack: "no",
  };
}

/** `binatrule`, after an optional `no`. */
export function parseFreebsdBinat(reader: Reader, no: boolean): void {
  reader.clause("action");
  reader.take("keyword");
  const { pass, log } = parsePassLog(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  reader.clause("from");
  reader.expect(Token.from, "keyword");
  const from = parseAddressSpec(reader);
  let to: HostNode[] | null = null;
  if (reader.peek() === Token.to) {
    reader.clause("to");
    reader.take("keyword");
    to = parseAddressSpec(reader);
  }
  const tags = parseTags(reader);
  let target: HostNode[] | null = null;
  if (reader.peek() === Token.arrow) {
    reader.clause("->");
    reader.take("operator");
    target = parseHost(reader);
    if (reader.accept(Token.port)) parseServiceRange(reader, true, true);
  }
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.translation);
  disallowUrpfFailed(reader, to, '"urpf-failed" is not permitted as a binat destination');
  if (no && pass) passWithNo(reader);
  const rule = new Rule();
  rule.action = no ? "no binat" : "binat";
  rule.translationPass = pass;
  rule.log = log;
  rule.family = family || from?.[0]?.family || to?.[0]?.family || target?.[0]?.family || null;
  if (rule.family === null) {
    reader.fail(
      "address family (inet/inet6) undefined",
      "pf/family-missing",
      "It is not clear whether this is IPv4 or IPv6: write `inet` or `inet6`.",
    );
  }
  const item = interfaces?.[0];
  if (item !== undefined) {
    rule.interface = item.name;
    rule.interfaceNegated = item.negated;
  }
  applyTags(reader, rule, tags);
  rule.protocol = protocols?.[0] ?? 0;
  binatAddresses(reader, rule, from, to, target);
  rule.origin = reader.origin();
  reader.addRule(rule);
}

function binatAddresses(
  reader: Reader,
  rule: Rule,
  from: HostNode[] | null,
  to: HostNode[] | null,
  target: HostNode[] | null,
): void {
  const single = "binat maps one address or network to another.";
  const wrong = (tool: string, message = single, code = "pf/invalid-binat"): never => reader.fail(tool, code, message);
  const family = rule.family;
  const disallow = (hosts: readonly HostNode[], what: string): void => {
    for (const { wrap } of hosts) {
      if (wrap.kind === "table") {
        wrong(`invalid use of table <${wrap.name}> as the ${what} address of a binat rule`);
      }
    }
    for (const host of hosts) {
      if (isMultiAddress(host) && host.wrap.kind === "dynamic") {
        wrong(
          `invalid use of interface (${host.wrap.interface}) as the ${what} address of a binat rule`,
          "An interface in parentheses needs `:0` here, because it may have several addresses.",
        );
      }
    }
  };
  if (from !== null) disallow(from, "source");
  if (target !== null) disallow(target, "redirect");
  let sourceMask: Address | null = null;
  const source = from?.[0];
  if (from !== null && source !== undefined) {
    if (from.length > 1) wrong("multiple binat ip addresses");
    if (source.wrap.kind === "dynamic") source.family = family ?? 0;
    if (source.family !== family) {
      wrong("binat ip versions must match", "The addresses are of different families.", "pf/family-mismatch");
    }
    const cut = cutMask(source, family);
    checkTargetMask(reader, cut, family);
    sourceMask = family === null ? null : maskOf(cut, family);
    rule.from = { address: cut.wrap, negated: false, port: null };
  }
  const destination = to?.[0];
  if (to !== null && destination !== undefined) {
    if (to.length > 1) wrong("multiple binat ip addresses");
    if (destination.family !== family && destination.family !== 0) {
      wrong("binat ip versions must match", "The addresses are of different families.", "pf/family-mismatch");
    }
    const cut = cutMask(destination, family);
    checkTargetMask(reader, cut, family);
    rule.to = { address: cut.wrap, negated: destination.negated, port: null };
  }
  if (rule.action === "no binat") {
    if (target !== null) {
      wrong(
        "'no binat' rule does not need '->'",
        "A rule with `no` exempts from translation.",
        "pf/translation-target",
      );
    }
    return;
  }
  if (target === null) {
    wrong(
      "'binat' rule requires '-> address'",
      "The rule does not say what to translate to: write `-> address`.",
      "pf/translation-target",
    );
    return;
  }
  const { hosts } = removeOtherFamily(target, family);
  checkTarget(reader, hosts, family);
  if (hosts.length > 1) wrong("binat rule must redirect to a single address");
  const host = cutMask(hosts[0] as HostNode, family);
  checkTargetMask(reader, host, family);
  const targetMask = family === null ? null : maskOf(host, family);
  if (sourceMask !== null && !sourceMask.isUnspecified() && (targetMask === null || !sourceMask.equals(targetMask))) {
    wrong(
      "'binat' source mask and redirect mask must be the same",
      "Source and target of binat are networks of the same size.",
    );
  }
  const pool: Pool = {
    members: poolMembers([host]),
    type: "none",
    sticky: false,
    hashKey: null,
    ports: null,
    staticPort: false,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
  };
  rule.nat = pool;
}
