/**
 * A second evaluator of pf rules, written from pf.conf(5) alone and as plainly as possible: no skip steps, no
 * precomputation, no state table. Tests compare the engine's decision for a first packet with this one.
 *
 * It covers filter rules of OpenBSD from 4.7: match criteria, last match, quick, anchors, tables, tags, `match`
 * translation that later rules see.
 */
import { type Address, type NetworkInterface, type Packet, PROTOCOL } from "@pierhead/core";
import type { AddressWrap, Anchor, Direction, OperatorRange, Rule, RuleAddress } from "@pierhead/lang/pf";

export interface NaiveVerdict {
  readonly action: "pass" | "block";
  readonly rule: Rule | null;
  readonly tag: string | null;
}

interface Walk {
  packet: Packet;
  direction: Direction;
  interface: NetworkInterface;
  interfaces: readonly NetworkInterface[];
  main: Anchor;
  tag: string | null;
  action: "pass" | "block";
  rule: Rule | null;
  done: boolean;
}

/** The last matching rule decides, unless a `quick` one ends the evaluation; without any match the packet passes. */
export function naiveDecision(
  main: Anchor,
  packet: Packet,
  direction: Direction,
  on: NetworkInterface,
  interfaces: readonly NetworkInterface[],
): NaiveVerdict {
  const walk: Walk = {
    packet,
    direction,
    interface: on,
    interfaces,
    main,
    tag: null,
    action: "pass",
    rule: null,
    done: false,
  };
  evaluate(walk, main);
  return { action: walk.action, rule: walk.rule, tag: walk.tag };
}

/** @returns whether a pass or block rule in here matched, the case in which `anchor … quick` stops */
function evaluate(walk: Walk, anchor: Anchor): boolean {
  let decided = false;
  for (const rule of anchor.filter) {
    if (walk.done) return decided;
    if (!matches(walk, anchor, rule)) continue;
    if (rule.anchor !== null) {
      // The rules of an anchor are evaluated where it is called; a wildcard calls all children, in alphabetical order.
      let inside = false;
      for (const called of calledBy(walk.main, rule)) {
        if (walk.done) break;
        inside = evaluate(walk, called) || inside;
      }
      decided ||= inside;
      if (inside && rule.quick) walk.done = true;
      continue;
    }
    if (rule.tag !== null) walk.tag = rule.tag;
    if (rule.action === "match") continue;
    walk.action = rule.action === "block" ? "block" : "pass";
    walk.rule = rule;
    decided = true;
    if (rule.quick) walk.done = true;
  }
  return decided;
}

function calledBy(main: Anchor, rule: Rule): Anchor[] {
  let anchor: Anchor | undefined = main;
  for (const name of (rule.anchor?.path ?? "").split("/")) {
    if (name !== "") anchor = anchor?.children.get(name);
  }
  if (anchor === undefined) return [];
  if (rule.anchor?.wildcard !== true) return [anchor];
  return [...anchor.children.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, child]) => child);
}

function matches(walk: Walk, anchor: Anchor, rule: Rule): boolean {
  const { packet } = walk;
  if (rule.direction !== null && rule.direction !== walk.direction) return false;
  if (rule.interface !== null && names(walk.interface, rule.interface) === rule.interfaceNegated) return false;
  if (rule.family !== null && rule.family !== packet.family) return false;
  if (rule.protocol !== 0 && rule.protocol !== packet.protocol) return false;
  if (!addressMatches(walk, anchor, rule.from, packet.source)) return false;
  if (!addressMatches(walk, anchor, rule.to, packet.destination)) return false;
  const hasPorts = packet.protocol === PROTOCOL.tcp || packet.protocol === PROTOCOL.udp;
  if (rule.from.port !== null && !(hasPorts && inRange(rule.from.port, packet.sourcePort))) return false;
  if (rule.to.port !== null && !(hasPorts && inRange(rule.to.port, packet.destinationPort))) return false;
  if (
    rule.flagSet !== 0 &&
    packet.protocol === PROTOCOL.tcp &&
    ((packet.tcp?.flags ?? 0) & rule.flagSet) !== rule.flags
  )
    return false;
  if (rule.icmpType !== null && packet.icmp?.type !== rule.icmpType) return false;
  if (rule.icmpCode !== null && packet.icmp?.code !== rule.icmpCode) return false;
  if (rule.tos !== null && packet.tos !== rule.tos) return false;
  if (rule.tagged !== null && (walk.tag === rule.tagged) === rule.taggedNegated) return false;
  return true;
}

/** A rule's interface is the interface itself or one of its groups. */
function names(on: NetworkInterface, wanted: string): boolean {
  return on.name === wanted || on.groups.includes(wanted);
}

function addressMatches(walk: Walk, anchor: Anchor, wanted: RuleAddress, address: Address): boolean {
  return wrapMatches(walk, anchor, wanted.address, address) !== wanted.negated;
}

function wrapMatches(walk: Walk, anchor: Anchor, wrap: AddressWrap, address: Address): boolean {
  switch (wrap.kind) {
    case "any":
      return true;
    case "prefix":
      return address.isIn(wrap.address, wrap.length);
    case "range":
      return (
        wrap.first.family === address.family && wrap.first.compare(address) <= 0 && address.compare(wrap.last) <= 0
      );
    case "table": {
      // The narrowest entry that holds the address decides; a negated one takes it out.
      const table = anchor.tables.get(wrap.name) ?? walk.main.tables.get(wrap.name);
      let best = -1;
      let inside = false;
      for (const entry of table?.entries ?? []) {
        if (entry.length > best && address.isIn(entry.address, entry.length)) {
          best = entry.length;
          inside = !entry.negated;
        }
      }
      return inside;
    }
    case "dynamic":
      return walk.interfaces.some(
        (one) =>
          names(one, wrap.interface) &&
          one.addresses.some((own) => {
            const length = wrap.modifiers.network ? own.length : own.address.family === 4 ? wrap.length4 : wrap.length6;
            return own.address.family === address.family && address.isIn(own.address, length);
          }),
      );
    default:
      throw new Error(`the naive evaluator does not know ${wrap.kind}`);
  }
}

function inRange(range: OperatorRange, port: number): boolean {
  switch (range.operator) {
    case "=":
      return port === range.first;
    case "!=":
      return port !== range.first;
    case "<":
      return port < range.first;
    case "<=":
      return port <= range.first;
    case ">":
      return port > range.first;
    case ">=":
      return port >= range.first;
    case ":":
      return port >= range.first && port <= range.last;
    case "><":
      return port > range.first && port < range.last;
    case "<>":
      return port < range.first || port > range.last;
  }
}
