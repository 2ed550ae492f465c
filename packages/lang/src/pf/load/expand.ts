/**
 * `expand_rule` of OpenBSD from 4.7: one rule for every combination of the lists of a statement, in the order of its
 * loops, and for `binat-to` the pair of rules it stands for.
 */

import {
  ANY_HOST,
  ANY_PORT,
  type HostNode,
  type IcmpNode,
  type IdNode,
  type InterfaceNode,
  type Peer,
  type PortNode,
  type Redirection,
} from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import { copyRule, type Rule } from "../rule.ts";
import { checkRule } from "./consistency.ts";
import { operatingSystem } from "./fingerprints.ts";
import { expandLabel, hasMacro, type LabelContext } from "./label.ts";
import { cutMask, netmaskFits } from "./netmask.ts";
import {
  applyRedirection,
  collapseRedirection,
  isMultiAddress,
  type TargetAddress,
  targetMaskIsZero,
} from "./redirect.ts";

/** Lists of a statement; null where nothing was given. */
export interface Expansion {
  readonly interfaces: readonly InterfaceNode[] | null;
  readonly protocols: readonly number[] | null;
  readonly icmp: readonly IcmpNode[] | null;
  readonly from: Peer;
  readonly to: Peer;
  readonly os: readonly string[] | null;
  readonly users: readonly IdNode[] | null;
  readonly groups: readonly IdNode[] | null;
  readonly receivedOn: InterfaceNode | null;
  readonly nat: Redirection | null;
  readonly rdr: Redirection | null;
  readonly route: Redirection | null;
  readonly ruleSourceTrack: boolean;
  /** An anchor has `af-to`: its target is forgotten, and pfctl takes it for a family of 0. */
  readonly afToWithoutTarget?: boolean;
}

const NO_INTERFACE: InterfaceNode = { name: "", negated: false, dynamic: false, loopback: false, routingDomain: -1 };
export const ANY_INTERFACES: readonly InterfaceNode[] = [NO_INTERFACE];
export const ANY_PROTOCOLS: readonly number[] = [0];
export const ANY_ICMP: readonly (IcmpNode | null)[] = [null];
export const ANY_HOSTS: readonly HostNode[] = [ANY_HOST];
export const ANY_PORTS: readonly PortNode[] = [ANY_PORT];
export const ANY_OS: readonly (string | null)[] = [null];
export const ANY_IDS: readonly (IdNode | null)[] = [null];

/** What carries over from one combination to the next, as it does in the structure that parse.y reuses. */
class Expander {
  readonly reader: Reader;
  readonly base: Rule;
  readonly lists: Expansion;
  readonly target: TargetAddress;
  readonly rdrTarget: TargetAddress;
  readonly routeTarget: TargetAddress;
  readonly interfaceName: NameBuffer = new NameBuffer();
  /** There is one combination. */
  readonly single: boolean;
  /** Labels or tags have macros in them. */
  readonly hasNames: boolean;
  errors = 0;
  skipped = 0;
  added = 0;

  constructor(reader: Reader, base: Rule, lists: Expansion, inherited: Expander | null) {
    this.reader = reader;
    this.base = base;
    this.lists = lists;
    this.target = { host: inherited?.target.host ?? null, given: true };
    this.rdrTarget = { host: inherited?.rdrTarget.host ?? null, given: true };
    this.routeTarget = { host: null, given: true };
    this.hasNames = hasNames(base);
    this.single = lists.nat?.binat !== true && isSingle(lists);
  }
}

function isSingle({ interfaces, protocols, icmp, from, to, os, users, groups }: Expansion): boolean {
  const one = (list: readonly unknown[] | null): boolean => list === null || list.length === 1;
  return (
    one(interfaces) &&
    one(protocols) &&
    one(icmp) &&
    one(from.hosts) &&
    one(from.ports) &&
    one(to.hosts) &&
    one(to.ports) &&
    one(os) &&
    one(users) &&
    one(groups)
  );
}

/** Expands a statement into rules and adds them to the current ruleset. */
export function expandRule(reader: Reader, base: Rule, lists: Expansion): void {
  const expander = new Expander(reader, base, lists, null);
  run(expander);
}

function run(expander: Expander): void {
  const { lists, reader } = expander;
  const fromHosts = lists.from.hosts ?? ANY_HOSTS;
  const toHosts = lists.to.hosts ?? ANY_HOSTS;
  const fromPorts = lists.from.ports ?? ANY_PORTS;
  const toPorts = lists.to.ports ?? ANY_PORTS;
  const oses = lists.os ?? ANY_OS;
  const users = lists.users ?? ANY_IDS;
  const groups = lists.groups ?? ANY_IDS;
  for (const networkInterface of lists.interfaces ?? ANY_INTERFACES)
    for (const protocol of lists.protocols ?? ANY_PROTOCOLS)
      for (const icmp of lists.icmp ?? ANY_ICMP)
        for (const from of fromHosts)
          for (const to of toHosts)
            for (const fromPort of fromPorts)
              for (const toPort of toPorts)
                for (const os of oses)
                  for (const user of users)
                    for (const group of groups)
                      combine(expander, networkInterface, protocol, icmp, from, to, fromPort, toPort, os, user, group);
  if (expander.added === 0) noCombination(reader, expander.errors + expander.skipped);
}

export function noCombination(reader: Reader, errors: number): void {
  if (errors > 0) reader.followUp("rule expands to no valid combination");
  else {
    reader.complain(
      "rule expands to no valid combination",
      "pf/no-valid-combination",
      "Nothing is left of this rule: the families of its addresses, its family and its targets exclude each other.",
      { start: reader.statementStart },
    );
  }
}

function combine(
  expander: Expander,
  networkInterface: InterfaceNode,
  protocol: number,
  icmp: IcmpNode | null,
  from: HostNode,
  to: HostNode,
  fromPort: PortNode,
  toPort: PortNode,
  os: string | null,
  user: IdNode | null,
  group: IdNode | null,
): void {
  const { reader, base, lists, target, rdrTarget, routeTarget } = expander;
  reader.countCombination();
  // A statement without lists is its own rule.
  const rule = expander.single ? base : copyRule(base);
  rule.origin = reader.origin();
  if (lists.rdr !== null || lists.nat !== null || lists.route !== null) {
    if (!collapseRedirection(reader, rule, lists.rdr, rdrTarget, "translation")) expander.errors++;
    if (!collapseRedirection(reader, rule, lists.nat, target, "translation")) expander.errors++;
    if (!collapseRedirection(reader, rule, lists.route, routeTarget, "routing")) expander.errors++;
  }
  if (!familiesFit(reader, rule, networkInterface, from, to)) return;
  placeOnInterface(reader, rule, networkInterface, from, to, expander.interfaceName);
  if (expander.hasNames) expandNames(reader, rule, { from, to, fromPort, toPort, protocol }, null);
  if (!netmaskFits(reader, rule, from)) expander.errors++;
  if (!netmaskFits(reader, rule, to)) expander.errors++;
  rule.interfaceNegated = networkInterface.negated;
  rule.protocol = protocol;
  rule.from = cutMask(from, rule.family).ruleAddress(fromPort);
  rule.to = cutMask(to, rule.family).ruleAddress(toPort);
  rule.user = user;
  rule.group = group;
  if (lists.receivedOn !== null) {
    rule.receivedOn = lists.receivedOn.name === "" ? null : lists.receivedOn.name;
    rule.receivedOnNegated = lists.receivedOn.negated;
  }
  if (icmp !== null) {
    rule.icmpType = icmp.type;
    rule.icmpCode = icmp.code;
  }
  stripForProtocol(rule);
  if (icmp !== null && protocol !== icmp.protocol) {
    icmpMismatch(reader, icmp);
    expander.errors++;
  }
  rule.os = operatingSystem(reader, os);
  const binat = lists.nat?.binat;
  if (binat) checkBinat(expander, rule, from);
  if (lists.nat !== null) {
    const pool = applyRedirection(reader, lists.nat, target, "nat", toPort);
    if (pool === null) expander.errors++;
    else rule.nat = target.given ? pool : null;
  }
  if (lists.rdr !== null) {
    const pool = applyRedirection(reader, lists.rdr, rdrTarget, "rdr", toPort);
    if (pool === null) expander.errors++;
    else rule.rdr = rdrTarget.given ? pool : null;
  }
  if (lists.route !== null) {
    const pool = applyRedirection(reader, lists.route, routeTarget, "route", toPort);
    if (pool === null) expander.errors++;
    else rule.route = pool;
  }
  const consistent = checkRule(reader, rule, {
    hasNat: lists.nat !== null && target.given,
    hasRdr: lists.rdr !== null && rdrTarget.given,
    ruleSourceTrack: lists.ruleSourceTrack,
    afToWithoutTarget: lists.afToWithoutTarget ?? false,
  });
  if (!consistent || expander.errors > 0) {
    reader.followUp("skipping rule due to errors");
    expander.skipped++;
  } else {
    reader.addRule(rule);
    expander.added++;
  }
  if (binat && expander.errors === 0) {
    addInboundHalf(expander, rule, { networkInterface, protocol, icmp, from, to, fromPort, toPort, os, user, group });
  }
}

/** An entry and what follows it in its list: expand_rule() is handed the entry, and goes on from there. */
function onwards<T>(list: readonly T[] | null, from: T): T[] {
  const at = list?.indexOf(from) ?? -1;
  return list === null || at < 0 ? [from] : list.slice(at);
}

/**
 * The second rule of `binat-to`: packets to the outer address come in to the inner one. With lists it is made for
 * everything that still follows in them, so that some of these rules come more than once.
 */
function addInboundHalf(
  expander: Expander,
  outbound: Rule,
  at: {
    networkInterface: InterfaceNode;
    protocol: number;
    icmp: IcmpNode | null;
    from: HostNode;
    to: HostNode;
    fromPort: PortNode;
    toPort: PortNode;
    os: string | null;
    user: IdNode | null;
    group: IdNode | null;
  },
): void {
  const { reader, lists, target } = expander;
  const nat = lists.nat as Redirection;
  const base = copyRule(expander.base);
  base.family = outbound.family;
  base.direction = "in";
  base.keepState = outbound.keepState;
  base.flags = outbound.flags;
  base.flagSet = outbound.flagSet;
  base.labels = outbound.labels;
  base.tag = outbound.tag;
  base.tagged = outbound.tagged;
  const outer = (target.host as HostNode).copy();
  outer.negated = false;
  // A copy of the address alone: it has no family of its own.
  outer.family = 0;
  outer.scope = 0;
  const inner = at.from.copy();
  inner.interface = null;
  const inbound = new Expander(
    reader,
    base,
    {
      interfaces: onwards(lists.interfaces, at.networkInterface),
      protocols: onwards(lists.protocols, at.protocol),
      icmp: at.icmp === null ? null : onwards(lists.icmp, at.icmp),
      // gen_dynnode() copies a dynamic address without what follows it.
      from: {
        hosts: at.to.wrap.kind === "dynamic" ? [at.to] : onwards(lists.to.hosts, at.to),
        ports: onwards(lists.to.ports, at.toPort),
      },
      to: { hosts: [outer], ports: onwards(lists.from.ports, at.fromPort) },
      os: at.os === null ? null : onwards(lists.os, at.os),
      users: at.user === null ? null : onwards(lists.users, at.user),
      groups: at.group === null ? null : onwards(lists.groups, at.group),
      receivedOn: lists.receivedOn,
      nat: null,
      rdr: {
        hosts: [inner],
        port: nat.port,
        options: { ...nat.options, staticPort: false },
        binat: false,
        family: nat.family,
      },
      route: null,
      ruleSourceTrack: lists.ruleSourceTrack,
    },
    null,
  );
  run(inbound);
}

/** What binat-to asks of its addresses; then the rule is the outbound half. */
function checkBinat(expander: Expander, rule: Rule, from: HostNode): void {
  const { reader, base, target } = expander;
  const wrong = (tool: string, message: string): void => {
    reader.complain(tool, "pf/invalid-binat", message);
    expander.errors++;
  };
  const family = base.family ?? 0;
  const address = from.wrap;
  const host = target.host;
  // The source with what follows it in its list; `(interface)` was copied, and the copy has no list.
  const list = expander.lists.from.hosts ?? [];
  const rest = address.kind === "dynamic" || !list.includes(from) ? [from] : list.slice(list.indexOf(from));
  const table = rest.find(({ wrap }) => wrap.kind === "table")?.wrap;
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
  } else if (
    (address.kind !== "prefix" && address.kind !== "any" && address.kind !== "dynamic") ||
    (target.given &&
      host !== null &&
      host.wrap.kind !== "prefix" &&
      host.wrap.kind !== "any" &&
      host.wrap.kind !== "dynamic")
  ) {
    wrong(
      "binat-to requires a specified source and redirect address",
      "binat-to maps one address or network to one other: write a single address on both sides.",
    );
  }
  if (isMultiAddress(from) || (host !== null && isMultiAddress(host))) {
    wrong(
      "dynamic interfaces must be used with :0 in a binat-to rule",
      "An interface in parentheses needs `:0` here, because it may have several addresses.",
    );
  }
  if (maskIsZero(from, family) || targetMaskIsZero(target, family)) {
    wrong(
      "source and redir addresess must have a matching network mask in binat-rule",
      "Source and target of binat-to are addresses or networks of the same size.",
    );
  }
  if (host !== null && host.wrap.kind === "table") {
    wrong(
      "tables cannot be used as the redirect address of a binat-to rule",
      "binat-to has one target: neither a table nor a list.",
    );
  }
  if (rule.direction !== null) {
    wrong(
      "binat-to cannot be specified with a direction",
      "binat-to makes a rule for each direction: leave `in` and `out` away.",
    );
  }
  rule.direction = "out";
}

/** `PF_AZERO(&….v.a.mask, af)`, also where the union holds something else than a mask. */
export function maskIsZero(node: HostNode, family: 0 | 4 | 6): boolean {
  if (family === 0) return false;
  switch (node.wrap.kind) {
    case "prefix":
    case "any":
    case "dynamic":
      return node.bits === 0;
    case "table":
      return node.wrap.name.length <= 16;
    case "route-label":
      return node.wrap.label.length <= 16;
    case "range":
      return node.wrap.last.isUnspecified();
    default:
      return true;
  }
}

/** A link-local address and the interface of the rule, or of the other address, must be on the same link. */
function scopesFit(reader: Reader, networkInterface: InterfaceNode, from: HostNode, to: HostNode): boolean {
  if (from.scope === 0 && to.scope === 0) return true;
  if (from.scope !== 0 && to.scope !== 0 && from.scope !== to.scope) return false;
  if (networkInterface.name === "") return true;
  const index = reader.hosts?.indexOf(networkInterface.name) ?? 0;
  return (from.scope === 0 || from.scope === index) && (to.scope === 0 || to.scope === index);
}

function scopeName(reader: Reader, from: HostNode, to: HostNode): string | null {
  return reader.hosts?.nameOf(from.scope) ?? reader.hosts?.nameOf(to.scope) ?? null;
}

/** Whether families and links of a combination go together; decides the rule's family. */
export function familiesFit(
  reader: Reader,
  rule: Rule,
  networkInterface: InterfaceNode,
  from: HostNode,
  to: HostNode,
): boolean {
  const family = rule.family ?? 0;
  if (family !== 0) {
    if (from.family !== 0 && family !== from.family) return false;
    if (to.family !== 0 && family !== to.family) return false;
  }
  if (from.family !== 0 && to.family !== 0 && from.family !== to.family) return false;
  if (!scopesFit(reader, networkInterface, from, to)) return false;
  if (family === 0) {
    const decided = from.family !== 0 ? from.family : to.family;
    if (decided !== 0) rule.family = decided;
  }
  return true;
}

/** The interface of the rule: the one given, or that of a link-local address. */
export function placeOnInterface(
  reader: Reader,
  rule: Rule,
  networkInterface: InterfaceNode,
  from: HostNode,
  to: HostNode,
  buffer: NameBuffer,
): void {
  if (networkInterface.name !== "") rule.interface = networkInterface.name;
  else if (from.scope !== 0 || to.scope !== 0) rule.interface = scopeName(reader, from, to);
  else rule.interface = null;
  rule.onRoutingDomain = networkInterface.routingDomain;
  rule.interfaceRest = buffer.write(rule.interface);
}

/** `ifname` of the rule that a statement's rules are all made in: a name does not wipe out a longer one before it. */
export class NameBuffer {
  #bytes = "";

  /** Writes a name, or nothing, which clears all. Returns what is left behind the name. */
  write(name: string | null): string {
    const rest = name === null || this.#bytes === "" ? "" : this.#bytes.slice(name.length + 1);
    this.#bytes = rest === "" ? (name ?? "") : `${name}\0${rest}`;
    return rest;
  }
}

/** Only TCP has sequence numbers to modulate, handshakes to proxy, and flags. */
export function stripForProtocol(rule: Rule): void {
  if (rule.protocol === 0 || rule.protocol === 6) return;
  if (rule.keepState === "modulate" || rule.keepState === "synproxy") rule.keepState = "keep";
  rule.flags = 0;
  rule.flagSet = 0;
}

export function icmpMismatch(reader: Reader, icmp: IcmpNode): void {
  reader.complain(
    "icmp-type mismatch",
    "pf/icmp-type-mismatch",
    `\`${icmp.protocol === 1 ? "icmp-type" : "icmp6-type"}\` needs \`proto ${icmp.protocol === 1 ? "icmp" : "icmp6"}\`.`,
  );
}

/** Whether labels or tags of a rule have macros to replace. */
export function hasNames(rule: Rule): boolean {
  return (
    (rule.labels.length > 0 && rule.labels.some(hasMacro)) ||
    (rule.tag !== null && hasMacro(rule.tag)) ||
    (rule.tagged !== null && hasMacro(rule.tagged))
  );
}

/** Macros in label and tags; with a rule number also `$nr`, which newer pfctls replace when everything is loaded. */
export function expandNames(
  reader: Reader,
  rule: Rule,
  at: { from: HostNode; to: HostNode; fromPort: PortNode; toPort: PortNode; protocol: number },
  number: number | null,
): void {
  const context: LabelContext = {
    number,
    ...at,
    interface: rule.interface,
    family: rule.family,
    system: reader.dialect.system,
  };
  const { labelMaximum, tagMaximum } = reader.dialect;
  const expand = (text: string, maximum: number): string =>
    expandLabel(text, maximum, context) ??
    reader.fatal(
      "expand_label: label too long",
      "pf/name-too-long",
      `With its macros expanded this label or tag is longer than ${maximum} characters; pfctl exits.`,
    );
  // A text that expands to nothing is none.
  if (rule.labels.some(hasMacro)) {
    rule.labels = rule.labels.map((label) => expand(label, labelMaximum)).filter((label) => label !== "");
  }
  if (rule.tag !== null && hasMacro(rule.tag)) rule.tag = expand(rule.tag, tagMaximum) || null;
  if (rule.tagged !== null && hasMacro(rule.tagged)) {
    rule.tagged = expand(rule.tagged, tagMaximum) || null;
  }
}

export { copyRule, netmaskFits };
