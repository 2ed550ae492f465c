import type { Address } from "@pierhead/core";
import type { AddressWrap, InterfaceModifiers, OperatorRange, Rule } from "../rule.ts";

/**
 * Whether two addresses are the same to `memcmp`: the family is not part of a `struct pf_addr_wrap`, so that
 * 10.0.0.0/8 and a00::/8 are equal, and every network of length 0 is `any`.
 */
export function sameWrap(a: AddressWrap, b: AddressWrap): boolean {
  return a === b || wrapKey(a) === wrapKey(b);
}

function modifierBits(modifiers: InterfaceModifiers): number {
  return (
    (modifiers.network ? 1 : 0) | (modifiers.broadcast ? 2 : 0) | (modifiers.peer ? 4 : 0) | (modifiers.noAlias ? 8 : 0)
  );
}

/** A key that is equal exactly when addresses are the same; IPv4-sized networks have numbers, all else has text. */
export function wrapKey(wrap: AddressWrap): number | string {
  switch (wrap.kind) {
    case "any":
      return 0;
    case "prefix":
      return prefixKey(wrap.address, wrap.length);
    case "range":
      return `r${wordsKey(wrap.first)}-${wordsKey(wrap.last)}`;
    case "dynamic":
      return `d${wrap.interface} ${modifierBits(wrap.modifiers)} ${wrap.length4} ${wrap.length6}`;
    case "table":
      return `t${wrap.name}`;
    case "route-label":
      return `l${wrap.label}`;
    case "no-route":
      return "n";
    case "urpf-failed":
      return "u";
  }
}

/** Key of a network whose host bits are clear. */
export function prefixKey(address: Address, length: number): number | string {
  if (address.w1 === 0 && address.w2 === 0 && address.w3 === 0) return address.w0 * 256 + length;
  return `p${wordsKey(address)}/${length}`;
}

function wordsKey(address: Address): string {
  return `${address.w0}.${address.w1}.${address.w2}.${address.w3}`;
}

/** Gives small numbers to values: 0, 1, 2, … in the order they are first seen. */
export class Interner<Key> {
  readonly #ids: Map<Key, number> = new Map();

  id(key: Key): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** The number a value has, or -1 when it was never seen. */
  find(key: Key): number {
    return this.#ids.get(key) ?? -1;
  }

  get size(): number {
    return this.#ids.size;
  }
}

const OPERATORS: Record<OperatorRange["operator"], number> = {
  "=": 1,
  "!=": 2,
  "<": 3,
  "<=": 4,
  ">": 5,
  ">=": 6,
  "><": 7,
  "<>": 8,
  ":": 9,
};

/** A number for a port condition; 0 is none. */
export function portKey(port: OperatorRange | null): number {
  return port === null ? 0 : OPERATORS[port.operator] * 0x100000000 + port.first * 0x10000 + port.last;
}

/**
 * Text of the fields that must agree when one rule covers or joins another, besides those that one may leave open
 * and the addresses. Most rules have none of them: the empty text.
 */
export function companyKey(rule: Rule): string {
  let key = "";
  if (rule.interfaceNegated) key += "i!";
  if (rule.tagged !== null) key += `${rule.taggedNegated ? " t!" : " t"}${rule.tagged.length}:${rule.tagged}`;
  if (rule.os !== null) key += ` o${rule.os.length}:${rule.os}`;
  const timeouts = rule.state?.timeouts;
  if (timeouts !== undefined && timeouts.size > 0) {
    const entries = [...timeouts].filter(([, seconds]) => seconds !== 0).map(([name, seconds]) => `${name}=${seconds}`);
    if (entries.length > 0) key += ` s${entries.sort().join()}`;
  }
  if (rule.returnIcmp !== 0 || rule.returnIcmp6 !== 0) key += ` r${rule.returnIcmp},${rule.returnIcmp6}`;
  if (rule.user !== null) key += ` u${rule.user.operator}${rule.user.first},${rule.user.last}`;
  if (rule.group !== null) key += ` g${rule.group.operator}${rule.group.first},${rule.group.last}`;
  if (rule.icmpType !== null) key += ` y${rule.icmpType}`;
  if (rule.icmpCode !== null) key += ` c${rule.icmpCode}`;
  if (rule.tos !== null) key += ` q${rule.tos}`;
  if (rule.from.negated) key += " f!";
  if (rule.to.negated) key += " d!";
  if (rule.onRoutingDomain !== -1) key += ` m${rule.onRoutingDomain}`;
  if (rule.afTo !== null) key += ` a${rule.afTo}`;
  return key;
}
