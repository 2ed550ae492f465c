/** What the grammar's productions hand on: the `node_*` structures of parse.y, lists as arrays. */
import type { Address, Family } from "@pierhead/core";
import type {
  AddressWrap,
  InterfaceModifiers,
  LimiterUse,
  Operator,
  PoolType,
  RouteOption,
  RuleAddress,
  TimeoutName,
} from "../rule.ts";
import { ANY_ADDRESS } from "../rule.ts";

/** Not given, or either family. */
export type AnyFamily = 0 | Family;

export interface InterfaceNode {
  readonly name: string;
  negated: boolean;
  /** antispoof: in parentheses. */
  dynamic: boolean;
  readonly loopback: boolean;
  /** `rdomain N`; -1 for an interface. */
  readonly routingDomain: number;
}

/** An address, or anything that stands where one may. */
export class HostNode {
  wrap: AddressWrap;
  family: AnyFamily;
  negated = false;
  /** Length of the mask as written: it may be too long for the family. */
  bits: number;
  /** Interface index of a link-local address; 0 without. */
  scope = 0;
  weight = 0;
  /** Interface of a route: `(em0 10.0.0.1)`. */
  interface: string | null = null;
  /** The rule address without a port, made once for all rules. */
  plain: RuleAddress | null = null;

  constructor(wrap: AddressWrap, family: AnyFamily, bits: number) {
    this.wrap = wrap;
    this.family = family;
    this.bits = bits;
  }

  copy(): HostNode {
    const copy = new HostNode(this.wrap, this.family, this.bits);
    copy.negated = this.negated;
    copy.scope = this.scope;
    copy.weight = this.weight;
    copy.interface = this.interface;
    return copy;
  }

  /** The rule's `from` or `to` for this host. */
  ruleAddress(port: PortNode): RuleAddress {
    if (port.range === null) {
      this.plain ??=
        this.wrap.kind === "any" && !this.negated
          ? ANY_ADDRESS
          : { address: this.wrap, negated: this.negated, port: null };
      return this.plain;
    }
    return { address: this.wrap, negated: this.negated, port: port.range };
  }
}

/** A list that was left out: one node that matches everything. */
export const ANY_HOST: HostNode = new HostNode({ kind: "any" }, 0, 0);

const ANY_WRAP: AddressWrap = { kind: "any" };

/** An address with a mask: bits of the address that the mask hides are cleared (`set_ipmask`). */
export function prefixNode(address: Address, bits: number): HostNode {
  const masked = bits >= address.bits ? address : address.masked(bits);
  const wrap: AddressWrap =
    bits === 0 && masked.isUnspecified() ? ANY_WRAP : { kind: "prefix", address: masked, length: bits };
  return new HostNode(wrap, address.family, bits);
}

export function dynamicNode(name: string, modifiers: InterfaceModifiers, bits: number): HostNode {
  return new HostNode(
    { kind: "dynamic", interface: name, modifiers, length4: Math.min(bits, 32), length6: bits },
    0,
    bits,
  );
}

export interface PortNode {
  readonly range: { readonly operator: Operator; readonly first: number; readonly last: number } | null;
  /** Second port as parse.y keeps it: 0 where there is only one. */
  readonly second: number;
}

export const ANY_PORT: PortNode = { range: null, second: 0 };

/** `struct range` of a port as parsed: `to` 0 and type none for a single port; `*` keeps the type of a range. */
export interface PortRange {
  from: number;
  to: number;
  type: "none" | "range" | "star";
}

export interface IdNode {
  readonly operator: Operator;
  readonly first: number;
  readonly last: number;
}

/** Type and code of ICMP; null is any. */
export interface IcmpNode {
  readonly type: number;
  readonly code: number | null;
  readonly protocol: number;
}

export type StateOptionNode =
  | { readonly kind: "max"; readonly value: number }
  | { readonly kind: "no-sync" }
  | { readonly kind: "source-track"; readonly value: "default" | "global" | "rule" }
  | { readonly kind: "max-src-states"; readonly value: number }
  | { readonly kind: "max-src-conn"; readonly value: number }
  | { readonly kind: "max-src-conn-rate"; readonly limit: number; readonly seconds: number }
  | { readonly kind: "max-src-nodes"; readonly value: number }
  | { readonly kind: "overload"; readonly table: string; readonly flush: "no" | "flush" | "flush global" }
  | { readonly kind: "policy"; readonly value: "if-bound" | "floating" }
  | { readonly kind: "sloppy" }
  | { readonly kind: "pflow" }
  | { readonly kind: "allow-related" }
  | { readonly kind: "timeout"; readonly name: TimeoutName; readonly value: number };

export interface PoolOptions {
  type: PoolType;
  sticky: boolean;
  staticPort: boolean;
  hashKey: string | null;
  hasKey: boolean;
  mapE: { readonly offset: number; readonly length: number; readonly id: number } | null;
  endpointIndependent: boolean;
  preferIpv6NextHop: boolean;
}

export function poolOptions(): PoolOptions {
  return {
    type: "none",
    sticky: false,
    staticPort: false,
    hashKey: null,
    hasKey: false,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
  };
}

/** Target of a translation or route: hosts, ports, pool. */
export interface Redirection {
  hosts: HostNode[] | null;
  readonly port: PortRange;
  readonly options: PoolOptions;
  /** `binat-to`: makes two rules. */
  readonly binat: boolean;
  /** `af-to`: family of the target. */
  readonly family: AnyFamily;
}

export interface DivertNode {
  readonly kind: "divert-to" | "divert-reply" | "divert-packet";
  readonly hosts: readonly HostNode[];
  readonly port: number;
}

export interface Peer {
  hosts: HostNode[] | null;
  ports: PortNode[] | null;
}

export interface FromTo {
  from: Peer;
  to: Peer;
  os: string[] | null;
}

/** Options of a filter rule or anchor as collected; `struct filter_opts`. */
export class FilterOptions {
  /** There is one. */
  given = false;
  users: IdNode[] | null = null;
  groups: IdNode[] | null = null;
  receivedOn: InterfaceNode | null = null;
  hasFlags = false;
  flags = 0;
  flagSet = 0;
  icmp: IcmpNode[] | null = null;
  hasTos = false;
  tos = 0;
  probability = 0;
  hasKeep = false;
  keep: "none" | "keep" | "modulate" | "synproxy" = "none";
  stateOptions: readonly StateOptionNode[] | null = null;
  fragment = false;
  allowOpts = false;
  label: string | null = null;
  labels: string[] | null = null;
  queue: readonly [string, string | null] | null = null;
  tag: string | null = null;
  tagged: string | null = null;
  taggedNegated = false;
  rtable = -1;
  prio: number | null = null;
  setPrio: readonly [number, number] | null = null;
  setTos: number | null = null;
  delay: number | null = null;
  divert: DivertNode | null = null;
  nat: Redirection | null = null;
  rdr: Redirection | null = null;
  route: Redirection | null = null;
  routeOption: RouteOption | null = null;
  afTo = false;
  once = false;
  packetRate: { readonly limit: number; readonly seconds: number } | null = null;
  noDf = false;
  randomId = false;
  minTtl = 0;
  maxMss = 0;
  reassembleTcp = false;
  /** FreeBSD: `ridentifier`, `max-pkt-size`, `dnpipe` and `dnqueue`. */
  identifier = 0;
  limiters: { readonly state: LimiterUse | null; readonly source: LimiterUse | null } | null = null;
  maxPacketSize = 0;
  dummynet: { readonly kind: "pipe" | "queue"; readonly number: number; readonly reply: number } | null = null;
}
