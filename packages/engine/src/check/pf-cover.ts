/** Whether one rule matches every packet another one matches, from the rules alone. When in doubt: no. */
import { type Address, PROTOCOL } from "@pierhead/core";
import type { AddressWrap, IdMatch, OperatorRange, Rule, RuleAddress } from "@pierhead/lang/pf";

/** What is known beside the rules. */
export interface CoverContext {
  /** Interfaces of a group; null for a name that is no group here. */
  members(group: string): ReadonlySet<string> | null;
}

/**
 * Whether `wide` matches every packet that `narrow` matches.
 *
 * @param translated addresses, ports and tags may have changed between the two rules: only "any" covers them then
 */
export function covers(wide: Rule, narrow: Rule, context: CoverContext, translated: boolean): boolean {
  // Cheapest and most telling first: most pairs differ in one of these.
  if (wide.direction !== null && wide.direction !== narrow.direction) return false;
  if (wide.protocol !== 0 && wide.protocol !== narrow.protocol) return false;
  if (wide.family !== null && wide.family !== narrow.family) return false;
  if (!coversInterface(wide, narrow, context)) return false;
  if (wide.probability !== 0 || wide.once || wide.maxPacketRate !== null || wide.limiters !== null) return false;
  if (translated) {
    if (!matchesAny(wide.from) || !matchesAny(wide.to) || wide.tagged !== null) return false;
  } else if (!coversAddress(wide.from, narrow.from) || !coversAddress(wide.to, narrow.to)) return false;
  if (wide.icmpType !== null && wide.icmpType !== narrow.icmpType) return false;
  if (wide.icmpCode !== null && wide.icmpCode !== narrow.icmpCode) return false;
  if (!coversFlags(wide, narrow)) return false;
  if (wide.fragment && !narrow.fragment) return false;
  return (
    sameNamed(wide.receivedOn, wide.receivedOnNegated, narrow.receivedOn, narrow.receivedOnNegated) &&
    sameNamed(wide.tagged, wide.taggedNegated, narrow.tagged, narrow.taggedNegated) &&
    sameId(wide.user, narrow.user) &&
    sameId(wide.group, narrow.group) &&
    (wide.os === null || wide.os === narrow.os) &&
    (wide.tos === null || wide.tos === narrow.tos) &&
    (wide.prio === null || wide.prio === narrow.prio) &&
    (wide.onRoutingDomain === -1 || wide.onRoutingDomain === narrow.onRoutingDomain) &&
    (wide.maxPacketSize === 0 || wide.maxPacketSize === narrow.maxPacketSize)
  );
}

function coversInterface(wide: Rule, narrow: Rule, context: CoverContext): boolean {
  if (wide.interface === null) return true;
  if (narrow.interface === null) return false;
  if (wide.interfaceNegated) {
    if (narrow.interfaceNegated) return wide.interface === narrow.interface;
    if (wide.interface === narrow.interface) return false;
    // `! group` covers an interface outside the group, and nothing is known of two groups.
    const members = context.members(wide.interface);
    return members === null ? context.members(narrow.interface) === null : !members.has(narrow.interface);
  }
  if (narrow.interfaceNegated) return false;
  if (wide.interface === narrow.interface) return true;
  return context.members(wide.interface)?.has(narrow.interface) === true && context.members(narrow.interface) === null;
}

/** `flags any` (or a protocol without flags) against `flags S/SA`: a wider mask with more bits wanted is narrower. */
function coversFlags(wide: Rule, narrow: Rule): boolean {
  if (wide.flagSet === 0) return true;
  // Packets of other protocols do not have flags; a rule with flags and no protocol still matches them all.
  if (narrow.protocol !== 0 && narrow.protocol !== PROTOCOL.tcp) return true;
  return (narrow.flagSet & wide.flagSet) === wide.flagSet && (narrow.flags & wide.flagSet) === wide.flags;
}

function sameNamed(wide: string | null, wideNot: boolean, narrow: string | null, narrowNot: boolean): boolean {
  return wide === null || (wide === narrow && wideNot === narrowNot);
}

function sameId(wide: IdMatch | null, narrow: IdMatch | null): boolean {
  if (wide === null) return true;
  if (narrow === null) return false;
  return wide.operator === narrow.operator && wide.first === narrow.first && wide.last === narrow.last;
}

function matchesAny(side: RuleAddress): boolean {
  return !side.negated && side.port === null && isAny(side.address);
}

function isAny(address: AddressWrap): boolean {
  return address.kind === "any" || (address.kind === "prefix" && address.length === 0);
}

function coversAddress(wide: RuleAddress, narrow: RuleAddress): boolean {
  if (wide.port !== null && (narrow.port === null || !coversPort(wide.port, narrow.port))) return false;
  if (isAny(wide.address)) return !wide.negated;
  if (wide.negated || narrow.negated) {
    return wide.negated === narrow.negated && sameAddress(wide.address, narrow.address);
  }
  const a = range(wide.address);
  const b = range(narrow.address);
  if (a !== null && b !== null) {
    return a.first.family === b.first.family && a.first.compare(b.first) <= 0 && a.last.compare(b.last) >= 0;
  }
  return sameAddress(wide.address, narrow.address);
}

function range(address: AddressWrap): { first: Address; last: Address } | null {
  if (address.kind === "range") return { first: address.first, last: address.last };
  if (address.kind !== "prefix") return null;
  return { first: address.address.masked(address.length), last: address.address.filled(address.length) };
}

function sameAddress(a: AddressWrap, b: AddressWrap): boolean {
  switch (a.kind) {
    case "dynamic":
      return (
        b.kind === "dynamic" &&
        a.interface === b.interface &&
        a.length4 === b.length4 &&
        a.length6 === b.length6 &&
        a.modifiers.network === b.modifiers.network &&
        a.modifiers.broadcast === b.modifiers.broadcast &&
        a.modifiers.peer === b.modifiers.peer &&
        (a.modifiers.noAlias === b.modifiers.noAlias || !a.modifiers.noAlias)
      );
    case "table":
      return b.kind === "table" && a.name === b.name;
    case "route-label":
      return b.kind === "route-label" && a.label === b.label;
    case "no-route":
    case "urpf-failed":
      return b.kind === a.kind;
    case "prefix":
    case "range": {
      const one = range(a);
      const other = range(b);
      return one !== null && other !== null && one.first.equals(other.first) && one.last.equals(other.last);
    }
    default:
      return b.kind === "any";
  }
}

/** Intervals of ports an operator takes, ends included. */
export function portIntervals(port: OperatorRange): readonly (readonly [number, number])[] {
  const { operator, first, last } = port;
  switch (operator) {
    case "=":
      return [[first, first]];
    case "!=":
      return [
        [0, first - 1],
        [first + 1, 65535],
      ];
    case "<":
      return [[0, first - 1]];
    case "<=":
      return [[0, first]];
    case ">":
      return [[first + 1, 65535]];
    case ">=":
      return [[first, 65535]];
    case "><":
      return [[first + 1, last - 1]];
    case "<>":
      return [
        [0, first - 1],
        [last + 1, 65535],
      ];
    case ":":
      return [[first, last]];
  }
}

function coversPort(wide: OperatorRange, narrow: OperatorRange): boolean {
  const outer = portIntervals(wide);
  return portIntervals(narrow).every(
    ([low, high]) => low > high || outer.some(([from, to]) => from <= low && to >= high),
  );
}
