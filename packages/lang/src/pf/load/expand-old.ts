/** `expand_rule` of the 4.6 family and FreeBSD up to 14: pools keep their lists, and nothing is derived from them. */
import type { Family } from "@pierhead/core";
import { INTERFACE_NAME_MAXIMUM } from "../read/hosts.ts";
import { byteLength } from "../read/lexer.ts";
import type { HostNode, IcmpNode, IdNode, InterfaceNode, Peer, PoolOptions, PortNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import { copyRule, type Pool, type Rule } from "../rule.ts";
import { checkOldRule } from "./consistency-old.ts";
import {
  ANY_HOSTS,
  ANY_ICMP,
  ANY_IDS,
  ANY_INTERFACES,
  ANY_OS,
  ANY_PORTS,
  ANY_PROTOCOLS,
  expandNames,
  familiesFit,
  hasNames,
  icmpMismatch,
  NameBuffer,
  noCombination,
  placeOnInterface,
  stripForProtocol,
} from "./expand.ts";
import { operatingSystem } from "./fingerprints.ts";
import { netmaskFits } from "./netmask.ts";
import { isMultiAddress } from "./redirect.ts";

/** Lists of a statement; null where nothing was given. */
export interface OldExpansion {
  readonly interfaces: readonly InterfaceNode[] | null;
  readonly protocols: readonly number[] | null;
  readonly icmp: readonly IcmpNode[] | null;
  readonly from: Peer;
  readonly to: Peer;
  readonly os: readonly string[] | null;
  readonly users: readonly IdNode[] | null;
  readonly groups: readonly IdNode[] | null;
  readonly ruleSourceTrack: boolean;
  /** The rule calls an anchor. */
  readonly anchor: boolean;
}

/** Expands a statement and adds its rules; `finish` puts the pool into each. */
export function expandOldRule(
  reader: Reader,
  base: Rule,
  lists: OldExpansion,
  finish: ((rule: Rule) => void) | null,
): void {
  let errors = 0;
  let skipped = 0;
  let added = 0;
  const named = hasNames(base);
  const interfaceName = new NameBuffer();
  const combine = (
    networkInterface: InterfaceNode,
    protocol: number,
    icmp: IcmpNode | null,
    from: HostNode,
    fromPort: PortNode,
    os: string | null,
    to: HostNode,
    toPort: PortNode,
    user: IdNode | null,
    group: IdNode | null,
  ): void => {
    reader.countCombination();
    const rule = copyRule(base);
    rule.origin = reader.origin();
    if (!familiesFit(reader, rule, networkInterface, from, to)) return;
    placeOnInterface(reader, rule, networkInterface, from, to, interfaceName);
    if (named) expandNames(reader, rule, { from, to, fromPort, toPort, protocol }, reader.rulesOfCurrent);
    if (!netmaskFits(reader, rule, from)) errors++;
    if (!netmaskFits(reader, rule, to)) errors++;
    rule.interfaceNegated = networkInterface.negated;
    rule.protocol = protocol;
    rule.from = from.ruleAddress(fromPort);
    rule.to = to.ruleAddress(toPort);
    rule.user = user;
    rule.group = group;
    if (icmp !== null) {
      // Both are kept in eight bits, one higher than they are: 255 is as none.
      rule.icmpType = icmp.type === 255 ? null : icmp.type;
      rule.icmpCode = icmp.code === 255 ? null : icmp.code;
    }
    stripForProtocol(rule);
    if (icmp !== null && protocol !== icmp.protocol) {
      icmpMismatch(reader, icmp);
      errors++;
    }
    rule.os = operatingSystem(reader, os);
    finish?.(rule);
    if (rule.route?.members.some((member) => byteLength(member.interface ?? "") > INTERFACE_NAME_MAXIMUM)) {
      const message = `An interface name has at most ${INTERFACE_NAME_MAXIMUM} characters; pfctl exits.`;
      reader.fatal("expand_rule: strlcpy", "pf/name-too-long", message);
    }
    if (!checkOldRule(reader, rule, lists.ruleSourceTrack) || errors > 0) {
      reader.followUp("skipping rule due to errors");
      skipped++;
    } else {
      reader.addRule(rule);
      added++;
    }
  };
  for (const networkInterface of lists.interfaces ?? ANY_INTERFACES)
    for (const protocol of lists.protocols ?? ANY_PROTOCOLS)
      for (const icmp of lists.icmp ?? ANY_ICMP)
        for (const from of lists.from.hosts ?? ANY_HOSTS)
          for (const fromPort of lists.from.ports ?? ANY_PORTS)
            for (const os of lists.os ?? ANY_OS)
              for (const to of lists.to.hosts ?? ANY_HOSTS)
                for (const toPort of lists.to.ports ?? ANY_PORTS)
                  for (const user of lists.users ?? ANY_IDS)
                    for (const group of lists.groups ?? ANY_IDS)
                      combine(networkInterface, protocol, icmp, from, fromPort, os, to, toPort, user, group);
  if (added === 0) noCombination(reader, errors + skipped);
}

/** `remove_invalid_hosts`: those of the rule's family, which the first one that has one decides. */
export function hostsOfFamily(hosts: readonly HostNode[], rule: Rule): HostNode[] {
  const list: HostNode[] = [];
  for (const host of hosts) {
    if (rule.family !== null && host.family !== 0 && host.family !== rule.family) continue;
    if (host.family !== 0 && rule.family === null) rule.family = host.family;
    list.push(host);
  }
  return list;
}

/** `invalid_redirect`. Complains and returns true when nothing can be translated to. */
export function invalidRedirect(reader: Reader, hosts: readonly HostNode[], family: Family | null): boolean {
  if (family === null) {
    for (const { wrap } of hosts) {
      if (wrap.kind === "table" || wrap.kind === "dynamic") continue;
      reader.complain(
        "address family not given and translation address expands to multiple address families",
        "pf/family-missing",
        "The target has addresses of both families: write `inet` or `inet6`.",
      );
      return true;
    }
  }
  if (hosts.length > 0) return false;
  reader.complain(
    "no translation address with matching address family found.",
    "pf/family-mismatch",
    "No address of the target is of the rule's address family.",
  );
  return true;
}

/** A pool that keeps its list. */
export function poolOf(
  reader: Reader,
  hosts: readonly HostNode[],
  options: PoolOptions | null,
  ports: Pool["ports"],
  staticPort: boolean,
): Pool {
  return {
    members: hosts.map((host) => ({
      address: reader.options.strict ? withoutCut(host) : host.wrap,
      interface: host.interface,
      weight: host.weight,
    })),
    type: options?.type ?? "none",
    sticky: options?.sticky ?? false,
    hashKey: options?.hashKey ?? null,
    ports,
    staticPort,
    mapE: options?.mapE ?? null,
    endpointIndependent: options?.endpointIndependent ?? false,
    preferIpv6NextHop: options?.preferIpv6NextHop ?? false,
  };
}

// Nobody cuts the mask of an `(interface)` in a pool to the 32 bits of IPv4, but for the first target of nat and rdr:
// it prints as `/128`. Nor does anybody look whether the mask of a next hop fits its address.
function withoutCut({ wrap, bits }: HostNode): HostNode["wrap"] {
  if (wrap.kind === "prefix" && bits > wrap.length) return { ...wrap, length: bits };
  return wrap.kind === "dynamic" ? { ...wrap, length4: bits, length6: bits } : wrap;
}

/** Several addresses, tables and `(interface)` make a pool round-robin, and allow no other type. */
export function poolType(
  reader: Reader,
  hosts: readonly HostNode[],
  options: PoolOptions,
  what: "redirection" | "routing",
  manyTool: string,
): PoolOptions["type"] {
  const first = hosts[0] as HostNode;
  let type = options.type;
  if (type === "none" && (hosts.length > 1 || first.wrap.kind === "table" || isMultiAddress(first)))
    type = "round-robin";
  if (type === "round-robin") return type;
  for (const host of hosts) {
    if (host.wrap.kind === "table") {
      reader.fail(
        `tables are only supported in round-robin ${what} pools`,
        "pf/invalid-target",
        "A table needs a pool that is round-robin.",
      );
    }
  }
  for (const host of hosts) {
    if (isMultiAddress(host) && host.wrap.kind === "dynamic") {
      reader.fail(
        `interface (${host.wrap.interface}) is only supported in round-robin ${what} pools`,
        "pf/invalid-target",
        "An interface in parentheses without `:0` needs a pool that is round-robin.",
      );
    }
  }
  if (hosts.length > 1) {
    reader.fail(manyTool, "pf/invalid-target", "A pool of several addresses is round-robin.");
  }
  return type;
}
