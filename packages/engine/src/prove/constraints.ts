/**
 * What a rule asks of a packet's header, as sets of values. What a header does not show (tags, probability, sockets,
 * fingerprints, routes) makes the rule *conditional*: it may match, and only the simulator can tell.
 */
import { Address, type Family, PROTOCOL } from "@pierhead/core";
import type { AddressWrap, Anchor, Direction, OperatorRange, Rule, RuleAddress } from "@pierhead/lang/pf";
import type { FilterInterface } from "../pf/types.ts";
import { NOTHING, normalize, type Range, type Ranges, single, subtract, union } from "./ranges.ts";

/** The fields of a header, each a domain of its own. Families are handled one at a time. */
export const FIELDS = ["where", "kind", "source", "destination", "sourcePort", "destinationPort", "tos"] as const;
export type Field = (typeof FIELDS)[number];

/** Sets of values for every field; null is "any value". */
export type Constraints = Record<Field, Ranges | null>;

export interface RuleRegion {
  readonly rule: Rule;
  readonly anchor: string;
  /** Ranges of the fields, null for any; the rule matches only inside. */
  readonly constraints: Constraints;
  /** Why the rule might not match although the header fits; empty when the header decides. */
  readonly conditions: readonly string[];
  /** The end of evaluation when it matches. */
  readonly stops: boolean;
  /** Number of the `anchor … quick` around it whose end stops the evaluation once one of its rules matched; -1 without. */
  readonly quickAnchor: number;
}

export interface RegionContext {
  readonly family: Family;
  readonly interfaces: readonly FilterInterface[];
  readonly main: Anchor;
  /** Current members of a table seen from an anchor; null when nobody knows. */
  table(anchor: string, name: string): readonly { address: Address; length: number; negated: boolean }[] | null;
}

/** `where`: interface number * 2, plus 1 for out. */
export function whereValue(interfaceIndex: number, direction: Direction): bigint {
  return BigInt(interfaceIndex * 2 + (direction === "out" ? 1 : 0));
}

/** `kind`: protocol * 65536 plus TCP flags, or ICMP type * 256 + code. */
export function kindValue(protocol: number, detail = 0): bigint {
  return BigInt(protocol * 65536 + detail);
}

export function addressValue(address: Address): bigint {
  if (address.family === 4) return BigInt(address.w0);
  return (BigInt(address.w0) << 96n) | (BigInt(address.w1) << 64n) | (BigInt(address.w2) << 32n) | BigInt(address.w3);
}

/** The address a field value stands for. */
export function addressFrom(value: bigint, family: Family): Address {
  if (family === 4) return new Address(4, Number(value));
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return new Address(6, word(96n), word(64n), word(32n), word(0n));
}

export function universe(field: Field, context: RegionContext): Ranges {
  switch (field) {
    case "where":
      return [[0n, BigInt(Math.max(0, context.interfaces.length * 2 - 1))]];
    case "kind":
      return [[0n, 256n * 65536n - 1n]];
    case "source":
    case "destination":
      return [[0n, context.family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n]];
    case "sourcePort":
    case "destinationPort":
      // Port 0 is on no wire; protocols without ports are told apart by their kind.
      return [[1n, 65535n]];
    case "tos":
      return [[0n, 255n]];
  }
}

/** Lists of rules of one anchor. */
export type RegionList = "filter" | "scrub" | "nat" | "binat" | "rdr";

/** All rules of a list in the order of evaluation, anchors opened where they are called. */
export function regionsOf(context: RegionContext, list: RegionList = "filter"): RuleRegion[] {
  const regions: RuleRegion[] = [];
  const any: Constraints = {
    where: null,
    kind: null,
    source: null,
    destination: null,
    sourcePort: null,
    destinationPort: null,
    tos: null,
  };
  let quickAnchors = 0;
  const visit = (
    anchor: Anchor,
    outer: Constraints,
    conditions: readonly string[],
    quickAnchor: number,
    depth: number,
  ): void => {
    for (const rule of anchor[list]) {
      const own = constraintsOf(rule, anchor.path, context);
      if (own === null) continue;
      const merged = both(outer, own);
      if (merged === null) continue;
      const all = [...conditions, ...conditionsOf(rule, anchor.path, context)];
      if (rule.anchor === null) {
        regions.push({
          rule,
          anchor: anchor.path,
          constraints: merged,
          conditions: all,
          stops: rule.quick,
          quickAnchor,
        });
        continue;
      }
      // The kernel refuses to go deeper than PF_ANCHOR_STACK_MAX (64).
      if (depth >= 64) continue;
      const inner = rule.quick ? quickAnchors++ : quickAnchor;
      for (const called of calledAnchors(context.main, rule)) visit(called, merged, all, inner, depth + 1);
    }
  };
  visit(context.main, any, [], -1, 0);
  return regions;
}

/** The anchors a calling rule evaluates, in the kernel's order; empty when nothing was ever loaded there. */
export function calledAnchors(main: Anchor, rule: Rule): Anchor[] {
  if (rule.anchor === null) return [];
  let anchor: Anchor | undefined = main;
  for (const name of rule.anchor.path.split("/")) if (name !== "") anchor = anchor?.children.get(name);
  if (anchor === undefined) return [];
  if (!rule.anchor.wildcard) return [anchor];
  return [...anchor.children.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, child]) => child);
}

function both(a: Constraints, b: Constraints): Constraints | null {
  const result = { ...a };
  for (const field of FIELDS) {
    const left = a[field];
    const right = b[field];
    if (right === null) continue;
    const value = left === null ? right : intersection(left, right);
    if (value.length === 0) return null;
    result[field] = value;
  }
  return result;
}

function intersection(a: Ranges, b: Ranges): Ranges {
  return subtract(a, subtract(a, b));
}

/** The header sets of one rule; null when no packet of this family can fit. */
function constraintsOf(rule: Rule, anchor: string, context: RegionContext): Constraints | null {
  if (rule.family !== null && rule.family !== context.family) return null;
  const source = addressSet(rule.from, anchor, context);
  const destination = addressSet(rule.to, anchor, context);
  if (source?.length === 0 || destination?.length === 0) return null;
  const where = whereSet(rule, context);
  const kind = kindSet(rule, context.family);
  if (where?.length === 0 || kind?.length === 0) return null;
  return {
    where,
    kind,
    source,
    destination,
    sourcePort: portSet(rule.from.port),
    destinationPort: portSet(rule.to.port),
    tos: rule.tos === null ? null : single(BigInt(rule.tos)),
  };
}

function conditionsOf(rule: Rule, anchor: string, context: RegionContext): string[] {
  const conditions: string[] = [];
  if (rule.tagged !== null) conditions.push(`tagged ${rule.tagged}`);
  if (rule.probability !== 0) conditions.push("probability");
  if (rule.user !== null) conditions.push("user");
  if (rule.group !== null) conditions.push("group");
  if (rule.os !== null) conditions.push("os");
  if (rule.receivedOn !== null) conditions.push("received-on");
  if (rule.fragment) conditions.push("fragment");
  if (rule.once) conditions.push("once");
  if (rule.prio !== null) conditions.push("prio");
  if (rule.maxPacketRate !== null) conditions.push("max-pkt-rate");
  if (rule.maxPacketSize !== 0) conditions.push("max-pkt-size");
  if (rule.onRoutingDomain >= 0) conditions.push("rdomain");
  if (rule.limiters !== null) conditions.push("limiter");
  for (const side of [rule.from, rule.to]) {
    const { address } = side;
    if (address.kind === "no-route" || address.kind === "urpf-failed" || address.kind === "route-label")
      conditions.push(address.kind);
    if (address.kind === "table" && context.table(anchor, address.name) === null)
      conditions.push(`table <${address.name}>`);
  }
  return conditions;
}

function whereSet(rule: Rule, context: RegionContext): Ranges | null {
  if (rule.interface === null && rule.direction === null) return null;
  const values: Range[] = [];
  context.interfaces.forEach((one, index) => {
    if (rule.interface !== null && isNamed(one, rule.interface) === rule.interfaceNegated) return;
    for (const direction of ["in", "out"] as const) {
      if (rule.direction !== null && rule.direction !== direction) continue;
      const value = whereValue(index, direction);
      values.push([value, value]);
    }
  });
  return normalize(values);
}

/** A name in a rule means the interface or one of its groups; every interface is in `all`. */
export function isNamed(one: FilterInterface, name: string): boolean {
  return one.name === name || name === "all" || one.groups.includes(name);
}

const kinds = new Map<string, Ranges | null>();

/** The same set is the same object: the diagram asks for each only once. */
function kindSet(rule: Rule, family: Family): Ranges | null {
  const key = `${family} ${rule.protocol} ${rule.icmpType} ${rule.icmpCode} ${rule.flagSet} ${rule.flags}`;
  let set = kinds.get(key);
  if (set === undefined) {
    set = makeKindSet(rule, family);
    kinds.set(key, set);
  }
  return set;
}

function makeKindSet(rule: Rule, family: Family): Ranges | null {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  if (rule.icmpType !== null) {
    if (rule.protocol !== icmp && rule.protocol !== 0) return NOTHING;
    const from = rule.icmpType * 256 + (rule.icmpCode ?? 0);
    return [[kindValue(icmp, from), kindValue(icmp, rule.icmpType * 256 + (rule.icmpCode ?? 255))]];
  }
  const hasFlags = rule.flagSet !== 0;
  const whole = (protocol: number): Range => [kindValue(protocol), kindValue(protocol, 65535)];
  if (!hasFlags) return rule.protocol === 0 ? null : [whole(rule.protocol)];
  // Flags are looked at on TCP only (pf_match_rule); another protocol fits whatever they say.
  const tcp: Range[] = [];
  for (let flags = 0; flags < 256; flags++) {
    if ((flags & rule.flagSet) === rule.flags)
      tcp.push([kindValue(PROTOCOL.tcp, flags), kindValue(PROTOCOL.tcp, flags)]);
  }
  if (rule.protocol === PROTOCOL.tcp) return normalize(tcp);
  if (rule.protocol !== 0) return [whole(rule.protocol)];
  return normalize([...tcp, [0n, kindValue(PROTOCOL.tcp) - 1n], [kindValue(PROTOCOL.tcp + 1), 256n * 65536n - 1n]]);
}

export function portSet(range: OperatorRange | null): Ranges | null {
  if (range === null) return null;
  const first = BigInt(range.first);
  const last = BigInt(range.last);
  const all: Ranges = [[0n, 65535n]];
  switch (range.operator) {
    case "=":
      return single(first);
    case "!=":
      return subtract(all, single(first));
    case "<":
      return first === 0n ? NOTHING : [[0n, first - 1n]];
    case "<=":
      return [[0n, first]];
    case ">":
      return first === 65535n ? NOTHING : [[first + 1n, 65535n]];
    case ">=":
      return [[first, 65535n]];
    case ":":
      return normalize([[first, last]]);
    case "><":
      return first + 1n > last - 1n ? NOTHING : [[first + 1n, last - 1n]];
    case "<>":
      return subtract(all, normalize([[first, last]]));
  }
}

function addressSet(side: RuleAddress, anchor: string, context: RegionContext): Ranges | null {
  const values = wrapSet(side.address, anchor, context);
  if (!side.negated) return values;
  // A set nobody knows stays unknown when negated: the rule is conditional.
  if (values === null) return side.address.kind === "any" ? NOTHING : null;
  return subtract(universe("source", context), values);
}

export function wrapSet(wrap: AddressWrap, anchor: string, context: RegionContext): Ranges | null {
  switch (wrap.kind) {
    case "any":
      return null;
    case "prefix":
      return wrap.address.family === context.family ? prefixSet(wrap.address, wrap.length) : NOTHING;
    case "range":
      return wrap.first.family === context.family
        ? normalize([[addressValue(wrap.first), addressValue(wrap.last)]])
        : NOTHING;
    case "dynamic": {
      const values: Range[] = [];
      for (const one of context.interfaces) {
        if (!isNamed(one, wrap.interface)) continue;
        let seen = false;
        for (const own of one.addresses) {
          if (own.address.family !== context.family) continue;
          if (wrap.modifiers.noAlias && (seen || (own.address.family === 6 && own.address.isLinkLocal()))) continue;
          seen = true;
          if (wrap.modifiers.broadcast) {
            if (own.broadcast !== undefined) values.push(...prefixSet(own.broadcast, own.broadcast.bits));
          } else if (wrap.modifiers.peer) {
            if (own.peer !== undefined) values.push(...prefixSet(own.peer, own.peer.bits));
          } else {
            const given = context.family === 4 ? wrap.length4 : wrap.length6;
            values.push(...prefixSet(own.address, wrap.modifiers.network ? Math.min(own.length, given) : given));
          }
        }
      }
      return normalize(values);
    }
    case "table": {
      const entries = context.table(anchor, wrap.name);
      if (entries === null) return null;
      // The narrowest entry decides, so apply them from the widest to the narrowest.
      let values: Ranges = NOTHING;
      const own = entries.filter((entry) => entry.address.family === context.family);
      const negated = own.some((entry) => entry.negated);
      if (!negated) return normalize(own.flatMap((entry) => [...prefixSet(entry.address, entry.length)]));
      for (const entry of [...own].sort((a, b) => a.length - b.length)) {
        const set = prefixSet(entry.address, entry.length);
        values = entry.negated ? subtract(values, set) : union(values, set);
      }
      return values;
    }
    case "no-route":
    case "urpf-failed":
    case "route-label":
      return null;
  }
}

export function prefixSet(address: Address, length: number): Ranges {
  return [[addressValue(address.masked(length)), addressValue(address.filled(length))]];
}
