/**
 * `expand_rule` of FreeBSD, whose pools are lists: one rule for every combination of the lists of a statement, and
 * for `binat-to` the pair of rules it stands for.
 */

import type { Family } from "@pierhead/core";
import type { HostNode, IcmpNode, IdNode, InterfaceNode, PortNode, Redirection } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Pool, Rule } from "../rule.ts";
import { checkFreebsdRule } from "./consistency-freebsd.ts";
import {
  ANY_HOSTS,
  ANY_ICMP,
  ANY_IDS,
  ANY_INTERFACES,
  ANY_OS,
  ANY_PORTS,
  ANY_PROTOCOLS,
  copyRule,
  type Expansion,
  familiesFit,
  NameBuffer,
  netmaskFits,
  noCombination,
  placeOnInterface,
} from "./expand.ts";
import { operatingSystem } from "./fingerprints.ts";
import { cutMask } from "./netmask.ts";
import { makePool, natPorts, rdrPorts } from "./pool-freebsd.ts";
import { isMultiAddress } from "./redirect.ts";

/** One combination of a statement's lists. */
interface Combination {
  readonly interface: InterfaceNode;
  readonly protocol: number;
  readonly icmp: IcmpNode | null;
  readonly from: HostNode;
  readonly to: HostNode;
  readonly fromPort: PortNode;
  readonly toPort: PortNode;
  readonly os: string | null;
  readonly user: IdNode | null;
  readonly group: IdNode | null;
}

interface Progress {
  readonly base: Rule;
  readonly lists: Expansion;
  /** Errors count for the whole statement: after the first, no combination is added. */
  errors: number;
  skipped: number;
  added: number;
  /** Pools that are the same for all combinations, once they were made. */
  nat: Pool | null;
  rdr: Pool | null;
  route: Pool | null;
  readonly interfaceName: NameBuffer;
}

/**
 * Expands a statement into rules and adds them to the current ruleset. `nat` and `rdr` rules have their target in
 * `lists.rdr`.
 */
export function expandFreebsdRule(reader: Reader, base: Rule, lists: Expansion): void {
  const progress: Progress = {
    base,
    lists,
    errors: 0,
    skipped: 0,
    added: 0,
    nat: null,
    rdr: null,
    route: null,
    interfaceName: new NameBuffer(),
  };
  const interfaces = lists.interfaces ?? ANY_INTERFACES;
  const protocols = lists.protocols ?? ANY_PROTOCOLS;
  const icmps = lists.icmp ?? ANY_ICMP;
  const fromHosts = lists.from.hosts ?? ANY_HOSTS;
  const toHosts = lists.to.hosts ?? ANY_HOSTS;
  const fromPorts = lists.from.ports ?? ANY_PORTS;
  const toPorts = lists.to.ports ?? ANY_PORTS;
  const oses = lists.os ?? ANY_OS;
  const users = lists.users ?? ANY_IDS;
  const groups = lists.groups ?? ANY_IDS;
  // Since 15 destinations come before the ports, as on OpenBSD since 4.7.
  const modern = reader.dialect.translationOptions;
  const inner = (
    networkInterface: InterfaceNode,
    protocol: number,
    icmp: IcmpNode | null,
    from: HostNode,
    fromPort: PortNode,
    os: string | null,
    to: HostNode,
    toPort: PortNode,
  ): void => {
    for (const user of users)
      for (const group of groups)
        combine(reader, progress, {
          interface: networkInterface,
          protocol,
          icmp,
          from,
          to,
          fromPort,
          toPort,
          os,
          user,
          group,
        });
  };
  for (const networkInterface of interfaces)
    for (const protocol of protocols)
      for (const icmp of icmps)
        for (const from of fromHosts)
          if (modern) {
            for (const to of toHosts)
              for (const fromPort of fromPorts)
                for (const toPort of toPorts)
                  for (const os of oses) inner(networkInterface, protocol, icmp, from, fromPort, os, to, toPort);
          } else {
            for (const fromPort of fromPorts)
              for (const os of oses)
                for (const to of toHosts)
                  for (const toPort of toPorts) inner(networkInterface, protocol, icmp, from, fromPort, os, to, toPort);
          }
  if (progress.added === 0) noCombination(reader, progress.errors + progress.skipped);
}

function combine(reader: Reader, progress: Progress, at: Combination): void {
  const { base, lists } = progress;
  const { protocol, icmp } = at;
  reader.countCombination();
  const rule = copyRule(base);
  if (!familiesFit(reader, rule, at.interface, at.from, at.to)) return;
  rule.origin = reader.origin();
  const family = rule.family;
  placeOnInterface(reader, rule, at.interface, at.from, at.to, progress.interfaceName);
  const from = cutMask(at.from, family);
  const to = cutMask(at.to, family);
  if (!netmaskFits(reader, rule, from)) progress.errors++;
  if (!netmaskFits(reader, rule, to)) progress.errors++;
  rule.interfaceNegated = at.interface.negated;
  rule.protocol = protocol;
  rule.from = from.ruleAddress(at.fromPort);
  rule.to = to.ruleAddress(at.toPort);
  rule.user = at.user;
  rule.group = at.group;
  if (lists.receivedOn !== null) {
    rule.receivedOn = lists.receivedOn.name === "" ? null : lists.receivedOn.name;
    rule.receivedOnNegated = lists.receivedOn.negated;
  }
  if (icmp !== null) {
    rule.icmpType = icmp.type;
    rule.icmpCode = icmp.code;
  }
  if (protocol !== 0 && protocol !== 6) {
    if (rule.keepState === "modulate" || rule.keepState === "synproxy") rule.keepState = "keep";
    rule.flags = 0;
    rule.flagSet = 0;
  }
  if (icmp !== null && protocol !== icmp.protocol) {
    const word = icmp.protocol === 1 ? "icmp" : "icmp6";
    reader.complain(
      "icmp-type mismatch",
      "pf/icmp-type-mismatch",
      `\`${word === "icmp" ? "icmp-type" : "icmp6-type"}\` needs \`proto ${word}\`.`,
    );
    progress.errors++;
  }
  rule.os = operatingSystem(reader, at.os);
  applyPools(reader, progress, rule, at);
  if (!checkFreebsdRule(reader, rule, lists.ruleSourceTrack) || progress.errors > 0) {
    reader.followUp("skipping rule due to errors");
    progress.skipped++;
  } else {
    reader.addRule(rule);
    progress.added++;
  }
  if (progress.errors === 0 && lists.nat !== null && lists.nat.binat) addInboundHalf(reader, progress, rule, at);
}

// Ports and pools of each combination. Complaints come once for each combination, as pfctl's do.
function applyPools(reader: Reader, progress: Progress, rule: Rule, at: Combination): void {
  const { lists } = progress;
  if (rule.action === "rdr") {
    rule.rdr = lists.rdr === null ? null : (rdrPool(reader, progress, lists.rdr, at) ?? portOnly(lists.rdr));
    return;
  }
  if (rule.action === "nat") {
    rule.nat = lists.rdr === null ? null : natPool(reader, progress, lists.rdr);
    return;
  }
  if (lists.route?.hosts != null) {
    progress.route ??= makePool(reader, lists.route, lists.route.hosts, "route", null);
    if (progress.route === null) progress.errors++;
    rule.route = progress.route;
  }
  if (lists.nat?.hosts != null) rule.nat = natPool(reader, progress, lists.nat);
  if (lists.rdr?.hosts != null) rule.rdr = rdrPool(reader, progress, lists.rdr, at);
  if (lists.nat?.binat) checkBinat(reader, progress, rule, at.from);
}

// A pool is made once, but what is wrong with it is said for every combination.
function natPool(reader: Reader, progress: Progress, redirection: Redirection): Pool | null {
  if (progress.nat !== null) return progress.nat;
  const ports = natPorts(reader, redirection);
  if (ports === null) progress.errors++;
  const pool = makePool(reader, redirection, redirection.hosts ?? [], "nat", ports);
  if (pool === null) progress.errors++;
  if (ports !== null) progress.nat = pool;
  return pool;
}

function rdrPool(reader: Reader, progress: Progress, redirection: Redirection, at: Combination): Pool | null {
  const moving = redirection.port.type === "star";
  if (!moving && progress.rdr !== null) return progress.rdr;
  const ports = rdrPorts(reader, redirection, at.toPort);
  if (ports === null) progress.errors++;
  const given = { low: redirection.port.from, high: 0, staticPort: false };
  const pool = makePool(reader, redirection, redirection.hosts ?? [], "rdr", ports ?? given);
  if (pool === null) progress.errors++;
  if (!moving && ports !== null) progress.rdr = pool;
  return pool;
}

// A target that was refused still has its port, which the checks of rdr rules look at.
function portOnly({ port }: Redirection): Pool {
  return {
    members: [],
    type: "none",
    sticky: false,
    hashKey: null,
    ports: { low: port.from, high: 0 },
    staticPort: false,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
  };
}

/** `check_binat_redirspec`; then the rule is the outbound half. */
function checkBinat(reader: Reader, progress: Progress, rule: Rule, from: HostNode): void {
  const wrong = (tool: string, message: string): void => {
    reader.complain(tool, "pf/invalid-binat", message);
    progress.errors++;
  };
  const targets = progress.lists.nat?.hosts ?? [];
  const target = targets[0];
  const family = progress.base.family;
  // The source with what follows it in its list; `(interface)` was copied, and the copy has no list.
  const list = progress.lists.from.hosts ?? [];
  const rest = from.wrap.kind === "dynamic" ? [from] : list.slice(list.indexOf(from));
  if (rest.length > 1) {
    wrong(
      "invalid use of table as the source address of a binat-to rule",
      "binat-to maps one address or network to another: its source is not a list.",
    );
  }
  // A combination that was skipped leaves its target behind in the pool.
  if (targets.length > 1 || progress.skipped > 0) {
    wrong(
      "tables cannot be used as the redirect address of a binat-to rule",
      "binat-to has one target: neither a table nor a list.",
    );
  }
  const single = (host: HostNode | undefined): boolean =>
    host !== undefined && (host.wrap.kind === "prefix" || host.wrap.kind === "any" || host.wrap.kind === "dynamic");
  const table = rest.find((host) => host.wrap.kind === "table")?.wrap;
  const multiple = rest.find(isMultiAddress)?.wrap;
  if (table?.kind === "table") {
    wrong(
      `invalid use of table <${table.name}> as the source address of a binat-to rule`,
      "binat-to maps one address or network to another: a table cannot be its source.",
    );
  } else if (multiple?.kind === "dynamic") {
    wrong(
      `invalid use of interface (${multiple.interface}) as the source address of a binat-to rule`,
      "An interface in parentheses needs `:0` here, because it may have several addresses.",
    );
  } else if (!single(from) || !single(target)) {
    wrong(
      "binat-to requires a specified source and redirect address",
      "binat-to maps one address or network to one other: write a single address on both sides.",
    );
  }
  if (isMultiAddress(from) || (target !== undefined && isMultiAddress(target))) {
    wrong(
      "dynamic interfaces must be used with:0 in a binat-to rule",
      "An interface in parentheses needs `:0` here, because it may have several addresses.",
    );
  }
  if (maskIsZero(from, family) || (target !== undefined && maskIsZero(target, family))) {
    wrong(
      "source and redir addresess must have a matching network mask in binat-rule",
      "Source and target of binat-to are addresses or networks of the same size.",
    );
  }
  if (target !== undefined && target.wrap.kind === "table") {
    wrong(
      "tables cannot be used as the redirect address of a binat-to rule",
      "binat-to has one target: neither a table nor a list.",
    );
  }
  // The first combination leaves its direction behind.
  if (rule.direction !== null || progress.added + progress.skipped > 0) {
    wrong(
      "binat-to cannot be specified with a direction",
      "binat-to makes a rule for each direction: leave `in` and `out` away.",
    );
  }
  rule.direction = "out";
}

function maskIsZero(host: HostNode, family: Family | null): boolean {
  if (family === null) return false;
  switch (host.wrap.kind) {
    case "prefix":
    case "any":
    case "dynamic":
      return host.bits === 0;
    case "table":
      return host.wrap.name.length <= 16;
    case "range":
      return host.wrap.last.isUnspecified();
    default:
      return true;
  }
}

/** The second rule of `binat-to`: packets to the outer address come in to the inner one. */
function addInboundHalf(reader: Reader, progress: Progress, outbound: Rule, at: Combination): void {
  const { lists } = progress;
  const nat = lists.nat as Redirection;
  const target = nat.hosts?.[0];
  if (target === undefined) return;
  const base = copyRule(outbound);
  base.nat = null;
  base.rdr = null;
  base.direction = "in";
  const outer = target.copy();
  outer.negated = false;
  // A copy of the address alone: it has no family of its own.
  outer.family = 0;
  outer.scope = 0;
  outer.interface = null;
  const inner = (lists.from.hosts?.[0] ?? at.from).copy();
  inner.interface = null;
  expandFreebsdRule(reader, base, {
    ...lists,
    interfaces: [at.interface],
    protocols: [at.protocol],
    icmp: at.icmp === null ? null : [at.icmp],
    from: { hosts: [at.to], ports: [at.toPort] },
    to: { hosts: [outer], ports: [at.fromPort] },
    os: at.os === null ? null : [at.os],
    users: at.user === null ? null : [at.user],
    groups: at.group === null ? null : [at.group],
    nat: null,
    rdr: { ...nat, hosts: [inner], options: { ...nat.options, staticPort: false }, binat: false },
    route: null,
  });
}
