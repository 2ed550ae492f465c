/**
 * The translation rules of the 4.6 family and FreeBSD: `nat`, `rdr`, `binat` with `->`, and the calls of anchors that
 * hold them.
 */

import type { Family } from "@pierhead/core";
import { anchorCall } from "../load/anchor-path.ts";
import { expandOldRule, hostsOfFamily, invalidRedirect, poolOf, poolType } from "../load/expand-old.ts";
import { expandPlainRule } from "../load/expand-plain.ts";
import { maskOf, netmaskFits } from "../load/netmask.ts";
import { isMultiAddress } from "../load/redirect.ts";
import { type Pool, Rule } from "../rule.ts";
import { decideFamily, disallowUrpfFailed, parseFamily, parseFromTo, parseProtocols } from "./clauses.ts";
import { parseRoutingTable } from "./filter-options.ts";
import { parseAddressSpec, parseHost, parsePoolOptions, parseRedirectionHosts, parseStrings } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import type { HostNode, PoolOptions, PortRange } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseServiceRange } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Token } from "./tokens.ts";
import { applyTags, parsePassLog, parseTags, passWithNo } from "./translation-clauses.ts";

const LOW_PORT = 50001;
const HIGH_PORT = 65535;

/** What `->` leads to. */
interface Target {
  hosts: HostNode[];
  readonly port: PortRange;
}

/** `natrule`, after an optional `no`. */
export function parseNat(reader: Reader, no: boolean): void {
  reader.clause("action");
  const kind = reader.take("keyword") === Token.nat ? "nat" : "rdr";
  const { pass, log } = parsePassLog(reader);
  if (no && pass) passWithNo(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  const tags = parseTags(reader);
  let target: Target | null = null;
  if (reader.peek() === Token.arrow) {
    reader.clause("->");
    reader.take("operator");
    target = parseTarget(reader, parseRedirectionHosts(reader));
  }
  const before = reader.takenEnd;
  const options = parsePoolOptions(reader);
  // After the options of a pool a route's rule could go on: the rule is made before it is found that this one cannot.
  if ((reader.takenEnd === before || !reader.options.strict) && reader.peek() !== Token.newline) reader.syntaxError();
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
  let pool: Pool | null = null;
  if (no) {
    if (target !== null) {
      reader.fail(
        "translation rule with 'no' does not need '->'",
        "pf/translation-target",
        "A rule with `no` exempts from translation: leave `->` and what follows away.",
      );
    }
  } else pool = translationPool(reader, rule, kind, target, options, fromTo.to.ports?.[0]);
  if (options.staticPort && (no || kind !== "nat")) {
    reader.fail(
      "the 'static-port' option is only valid with nat rules",
      "pf/wrong-option",
      "`static-port` keeps the source port: it belongs to nat rules.",
    );
  }
  expandOldRule(
    reader,
    rule,
    {
      interfaces,
      protocols,
      icmp: null,
      from: fromTo.from,
      to: fromTo.to,
      os: fromTo.os,
      users: null,
      groups: null,
      ruleSourceTrack: false,
      anchor: false,
    },
    (copy) => {
      if (kind === "nat") copy.nat = pool;
      else copy.rdr = pool;
    },
  );
}

function parseTarget(reader: Reader, hosts: HostNode[]): Target {
  let port: PortRange = { from: 0, to: 0, type: "none" };
  if (reader.accept(Token.port)) port = parseServiceRange(reader, true, true);
  return { hosts, port };
}

/** The checks of natrule on what follows `->`, and the pool it makes. */
function translationPool(
  reader: Reader,
  rule: Rule,
  kind: "nat" | "rdr",
  target: Target | null,
  options: PoolOptions,
  firstPort: { readonly range: { readonly first: number } | null; readonly second: number } | undefined,
): Pool {
  if (target === null || target.hosts.length === 0) {
    return reader.fail(
      "translation rule requires '-> address'",
      "pf/translation-target",
      "The rule does not say what to translate to: write `-> address`.",
    );
  }
  const first = target.hosts[0] as HostNode;
  if (rule.family === null && first.scope === 0) rule.family = first.family === 0 ? null : first.family;
  target.hosts = hostsOfFamily(target.hosts, rule);
  if (invalidRedirect(reader, target.hosts, rule.family)) reader.giveUp();
  if (!netmaskFits(reader, rule, target.hosts[0] as HostNode)) reader.giveUp();
  let low = target.port.from;
  let high = target.port.to;
  if (kind === "rdr") {
    if (high === 0 && target.port.type !== "none" && firstPort !== undefined) {
      high = (low + (firstPort.second - (firstPort.range?.first ?? 0))) & 0xffff;
    }
  } else if (low === 0 && high === 0) {
    low = LOW_PORT;
    high = HIGH_PORT;
  } else if (high === 0) high = low;
  const type = poolType(
    reader,
    target.hosts,
    options,
    "redirection",
    "only round-robin valid for multiple redirection addresses",
  );
  let staticPort = false;
  if (options.staticPort && kind === "nat") {
    if (low !== LOW_PORT && high !== HIGH_PORT) {
      reader.fail(
        "the 'static-port' option can't be used when specifying a port range",
        "pf/incompatible-options",
        "Either the source port is kept (`static-port`) or it is chosen from a range.",
      );
    }
    staticPort = true;
  }
  const ports =
    kind === "nat"
      ? staticPort || (low === LOW_PORT && high === HIGH_PORT)
        ? null
        : { low, high }
      : low === 0
        ? null
        : { low, high };
  return poolOf(reader, target.hosts, { ...options, type }, ports, staticPort);
}

/** `binatrule`, after an optional `no`. */
export function parseBinat(reader: Reader, no: boolean): void {
  reader.clause("action");
  reader.take("keyword");
  const { pass, log } = parsePassLog(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  reader.clause("from");
  reader.expect(Token.from, "keyword");
  const from = parseHost(reader);
  let to: HostNode[] | null = null;
  if (reader.peek() === Token.to) {
    reader.clause("to");
    reader.take("keyword");
    to = parseAddressSpec(reader);
  }
  const tags = parseTags(reader);
  let target: Target | null = null;
  if (reader.peek() === Token.arrow) {
    reader.clause("->");
    reader.take("operator");
    target = parseTarget(reader, parseHost(reader));
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
  const decided = family || from[0]?.family || to?.[0]?.family || target?.hosts[0]?.family || 0;
  if (decided === 0) {
    reader.fail(
      "address family (inet/inet6) undefined",
      "pf/family-missing",
      "It is not clear whether this is IPv4 or IPv6: write `inet` or `inet6`.",
    );
    return;
  }
  rule.family = decided;
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
  from: HostNode[],
  to: HostNode[] | null,
  target: Target | null,
): void {
  const wrong = (tool: string, message: string, code = "pf/invalid-binat"): never => reader.fail(tool, code, message);
  const single = "binat maps one address or network to another.";
  const disallow = (hosts: readonly HostNode[], what: string): void => {
    for (const { wrap } of hosts) {
      if (wrap.kind === "table")
        wrong(`invalid use of table <${wrap.name}> as the ${what} address of a binat rule`, single);
    }
  };
  const disallowAlias = (hosts: readonly HostNode[], what: string): void => {
    for (const host of hosts) {
      if (isMultiAddress(host) && host.wrap.kind === "dynamic") {
        wrong(
          `invalid use of interface (${host.wrap.interface}) as the ${what} address of a binat rule`,
          "An interface in parentheses needs `:0` here, because it may have several addresses.",
        );
      }
    }
  };
  disallow(from, "source");
  disallowAlias(from, "source");
  if (target !== null) {
    disallow(target.hosts, "redirect");
    disallowAlias(target.hosts, "redirect");
  }
  const source = from[0] as HostNode;
  if (from.length > 1) wrong("multiple binat ip addresses", single);
  if (source.wrap.kind === "dynamic") source.family = rule.family ?? 0;
  if (source.family !== rule.family)
    wrong("binat ip versions must match", "The addresses are of different families.", "pf/family-mismatch");
  if (!netmaskFits(reader, rule, source)) reader.giveUp();
  rule.from = { address: source.wrap, negated: false, port: null };
  const destination = to?.[0];
  if (to !== null && destination !== undefined) {
    if (to.length > 1) wrong("multiple binat ip addresses", single);
    if (destination.family !== rule.family && destination.family !== 0) {
      wrong("binat ip versions must match", "The addresses are of different families.", "pf/family-mismatch");
    }
    if (!netmaskFits(reader, rule, destination)) reader.giveUp();
    rule.to = { address: destination.wrap, negated: destination.negated, port: null };
  }
  if (rule.action === "no binat") {
    if (target !== null) {
      wrong(
        "'no binat' rule does not need '->'",
        "A rule with `no` exempts from translation: leave `->` and what follows away.",
        "pf/translation-target",
      );
    }
    return;
  }
  if (target === null || target.hosts.length === 0) {
    wrong(
      "'binat' rule requires '-> address'",
      "The rule does not say what to translate to: write `-> address`.",
      "pf/translation-target",
    );
    return;
  }
  target.hosts = hostsOfFamily(target.hosts, rule);
  if (invalidRedirect(reader, target.hosts, rule.family)) reader.giveUp();
  if (target.hosts.length > 1) wrong("binat rule must redirect to a single address", single);
  const host = target.hosts[0] as HostNode;
  if (!netmaskFits(reader, rule, host)) reader.giveUp();
  const family = rule.family as Family;
  const sourceMask = maskOf(source, family);
  const targetMask = maskOf(host, family);
  if (sourceMask !== null && !sourceMask.isUnspecified() && (targetMask === null || !sourceMask.equals(targetMask))) {
    wrong(
      "'binat' source mask and redirect mask must be the same",
      "Source and target of binat are networks of the same size.",
    );
  }
  rule.nat = poolOf(reader, target.hosts, null, null, false);
}

/** `nat-anchor`, `rdr-anchor`, `binat-anchor`; on macOS `scrub-anchor` and `dummynet-anchor`, too. */
export function parseTranslationAnchor(reader: Reader): void {
  reader.clause("anchor");
  const kind = reader.take("keyword");
  const name = parseStrings(reader, "anchor");
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  let rtable = -1;
  const hasTable = reader.accept(Token.rtable);
  if (hasTable) rtable = parseRoutingTable(reader);
  if ((!hasTable || !reader.options.strict) && reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  if (kind === Token.dummynetAnchor) {
    notSimulated(reader);
    return;
  }
  checkOrder(reader, kind === Token.scrubAnchor ? ORDER.scrub : ORDER.translation);
  const rule = new Rule();
  rule.action =
    kind === Token.natAnchor
      ? "nat"
      : kind === Token.rdrAnchor
        ? "rdr"
        : kind === Token.scrubAnchor
          ? "scrub"
          : "binat";
  rule.family = family === 0 ? null : family;
  rule.rtable = rtable;
  rule.anchor = name === "" ? null : anchorCall(reader.current.anchor.path, name);
  if (kind === Token.binatAnchor) {
    binatAnchor(reader, rule, protocols, fromTo);
    return;
  }
  decideFamily(fromTo.from.hosts, rule);
  decideFamily(fromTo.to.hosts, rule);
  if (kind === Token.rdrAnchor) {
    const unsupported = (tool: string): never =>
      reader.fail(
        tool,
        "pf/anchor-parameters",
        "rdr-anchor takes one destination port, without operator, and no source port.",
      );
    if (fromTo.from.ports !== null) unsupported("source port parameter not supported in rdr-anchor");
    const ports = fromTo.to.ports;
    if (ports !== null) {
      if (ports.length > 1) unsupported("destination port list expansion not supported in rdr-anchor");
      if (ports[0]?.range?.operator !== "=") unsupported("destination port operators not supported in rdr-anchor");
    }
  }
  const { from, to, os } = fromTo;
  const none = { icmp: null, users: null, groups: null, receivedOn: null, ruleSourceTrack: false };
  expandPlainRule(reader, rule, { interfaces, protocols, from, to, os, ...none }, true);
}

/** Dummynet of macOS. */
export function notSimulated(reader: Reader): void {
  reader.report(
    "pf/dummynet",
    "note",
    "Dummynet is not simulated: what this line delays, limits or drops is left out.",
    reader.statementStart,
    reader.takenEnd,
  );
}

function binatAnchor(
  reader: Reader,
  rule: Rule,
  protocols: readonly number[] | null,
  fromTo: ReturnType<typeof parseFromTo>,
): void {
  if (protocols !== null) {
    if (protocols.length > 1) {
      reader.fail(
        "proto list expansion not supported in binat-anchor",
        "pf/anchor-parameters",
        "binat-anchor takes one protocol, not a list.",
      );
    }
    rule.protocol = protocols[0] ?? 0;
  }
  if (
    fromTo.from.hosts !== null ||
    fromTo.from.ports !== null ||
    fromTo.to.hosts !== null ||
    fromTo.to.ports !== null
  ) {
    reader.fail(
      "fromto parameter not supported in binat-anchor",
      "pf/anchor-parameters",
      "binat-anchor takes no addresses and ports.",
    );
  }
  rule.origin = reader.origin();
  reader.addRule(rule);
}
