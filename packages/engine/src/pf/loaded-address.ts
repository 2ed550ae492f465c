import { type Address, type Family, maskWord } from "@pierhead/core";
import type { AddressWrap, Operator, RuleAddress } from "@pierhead/lang/pf";
import type { DynamicAddress } from "./dynamic-address.ts";
import type { AddressTable } from "./table.ts";

/** Kinds of addresses in a rule (`PF_ADDR_*`); `any` is a mask of no bits. */
export const ADDRESS = {
  any: 0,
  prefix: 1,
  range: 2,
  dynamic: 3,
  table: 4,
  routeLabel: 5,
  noRoute: 6,
  urpfFailed: 7,
} as const;

/** Port operators as numbers (`PF_OP_*`); 0 is none. */
export const OPERATOR: Readonly<Record<Operator, number>> = {
  "><": 1,
  "=": 2,
  "!=": 3,
  "<": 4,
  "<=": 5,
  ">": 6,
  ">=": 7,
  "<>": 8,
  ":": 9,
};

/** Where the things a rule names are found or made. */
export interface AddressResolver {
  attachTable(name: string): AddressTable;
  dynamic(wrap: Extract<AddressWrap, { readonly kind: "dynamic" }>, family: Family | null): DynamicAddress;
}

/** One address of a rule or pool in the form that packets are compared with. All instances have the same shape. */
export class LoadedAddress {
  readonly kind: number;
  readonly negated: boolean;
  /** Address of a prefix, first of a range; masked words in network order. */
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  /** Mask of a prefix, or last address of a range. */
  readonly m0: number;
  readonly m1: number;
  readonly m2: number;
  readonly m3: number;
  /** As written: a pool hands this out. */
  readonly address: Address | null;
  readonly length: number;
  readonly table: AddressTable | null;
  readonly dynamic: DynamicAddress | null;
  readonly label: string;
  readonly portOperator: number;
  readonly portFirst: number;
  readonly portLast: number;

  constructor(source: RuleAddress, family: Family | null, resolver: AddressResolver) {
    const wrap = source.address;
    const port = source.port;
    this.negated = source.negated;
    this.portOperator = port === null ? 0 : OPERATOR[port.operator];
    this.portFirst = port?.first ?? 0;
    this.portLast = port?.last ?? 0;
    this.label = wrap.kind === "route-label" ? wrap.label : "";
    this.table = wrap.kind === "table" ? resolver.attachTable(wrap.name) : null;
    this.dynamic = wrap.kind === "dynamic" ? resolver.dynamic(wrap, family) : null;
    const low = wrap.kind === "prefix" ? wrap.address : wrap.kind === "range" ? wrap.first : null;
    this.address = low;
    this.length = wrap.kind === "prefix" ? wrap.length : 0;
    if (wrap.kind === "range") {
      this.a0 = wrap.first.w0;
      this.a1 = wrap.first.w1;
      this.a2 = wrap.first.w2;
      this.a3 = wrap.first.w3;
      this.m0 = wrap.last.w0;
      this.m1 = wrap.last.w1;
      this.m2 = wrap.last.w2;
      this.m3 = wrap.last.w3;
    } else {
      this.m0 = maskWord(this.length, 0);
      this.m1 = maskWord(this.length, 1);
      this.m2 = maskWord(this.length, 2);
      this.m3 = maskWord(this.length, 3);
      this.a0 = ((low?.w0 ?? 0) & this.m0) >>> 0;
      this.a1 = ((low?.w1 ?? 0) & this.m1) >>> 0;
      this.a2 = ((low?.w2 ?? 0) & this.m2) >>> 0;
      this.a3 = ((low?.w3 ?? 0) & this.m3) >>> 0;
    }
    this.kind = kindOf(wrap);
  }

  /** Whether two rules say the same here: what skip steps are made of (`pf_addr_wrap_neq()`, negation included). */
  sameAddress(other: LoadedAddress): boolean {
    return (
      this.negated === other.negated &&
      this.kind === other.kind &&
      this.a0 === other.a0 &&
      this.a1 === other.a1 &&
      this.a2 === other.a2 &&
      this.a3 === other.a3 &&
      this.m0 === other.m0 &&
      this.m1 === other.m1 &&
      this.m2 === other.m2 &&
      this.m3 === other.m3 &&
      this.table === other.table &&
      this.dynamic?.source === other.dynamic?.source &&
      this.label === other.label
    );
  }

  samePort(other: LoadedAddress): boolean {
    return (
      this.portOperator === other.portOperator && this.portFirst === other.portFirst && this.portLast === other.portLast
    );
  }
}

function kindOf(wrap: AddressWrap): number {
  switch (wrap.kind) {
    case "any":
      return ADDRESS.any;
    case "prefix":
      return wrap.length === 0 ? ADDRESS.any : ADDRESS.prefix;
    case "range":
      return ADDRESS.range;
    case "dynamic":
      return ADDRESS.dynamic;
    case "table":
      return ADDRESS.table;
    case "route-label":
      return ADDRESS.routeLabel;
    case "no-route":
      return ADDRESS.noRoute;
    case "urpf-failed":
      return ADDRESS.urpfFailed;
  }
}

/** `pf_match()`: whether `value` is what the operator asks for. */
export function matchOperator(operator: number, first: number, last: number, value: number): boolean {
  switch (operator) {
    case 1:
      return value > first && value < last;
    case 2:
      return value === first;
    case 3:
      return value !== first;
    case 4:
      return value < first;
    case 5:
      return value <= first;
    case 6:
      return value > first;
    case 7:
      return value >= first;
    case 8:
      return value < first || value > last;
    case 9:
      return value >= first && value <= last;
    default:
      return false;
  }
}
