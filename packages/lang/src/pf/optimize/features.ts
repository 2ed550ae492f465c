import type { AddressWrap, Rule } from "../rule.ts";
import { companyKey, Interner, portKey, prefixKey, wrapKey } from "./identity.ts";

/** Fields that a rule may leave open, as bits of {@link Features.open}. */
export const OPEN = {
  interface: 1,
  direction: 2,
  family: 4,
  protocol: 8,
  flags: 16,
  fromPort: 32,
  toPort: 64,
} as const;

/**
 * The fields that the optimizer compares, as small numbers: one column a field, one row a rule. Equal numbers are
 * equal fields, 0 is a field left open. Rows are numbered as rules are added.
 */
export class Features {
  readonly rules: Rule[] = [];
  readonly interface: number[] = [];
  readonly direction: number[] = [];
  readonly routingDomain: number[] = [];
  readonly family: number[] = [];
  readonly protocol: number[] = [];
  readonly fromPort: number[] = [];
  readonly toPort: number[] = [];
  /** Address ids; 0 is any. */
  readonly from: number[] = [];
  readonly to: number[] = [];
  /** What must agree besides: see `companyKey`. */
  readonly company: number[] = [];
  /** Interface, direction, family, protocol, flags and ports together. */
  readonly combination: number[] = [];
  /** Bits of {@link OPEN}. */
  readonly open: number[] = [];

  readonly #wraps: Interner<number | string> = new Interner();
  /** An address of each id. */
  readonly wraps: AddressWrap[] = [];
  readonly #interfaces: Interner<string> = new Interner();
  readonly #companies: Interner<string> = new Interner();
  readonly #ports: Interner<number> = new Interner();
  readonly #flags: Interner<number> = new Interner();
  readonly #where: Interner<number> = new Interner();
  readonly #what: Interner<number> = new Interner();
  readonly #whatFrom: Interner<number> = new Interner();
  readonly #combinations: Interner<number> = new Interner();
  /** Parts of each combination, in the order of the bits of {@link OPEN}. */
  readonly combinationParts: (readonly number[])[] = [];

  constructor() {
    this.#interfaces.id("");
    this.#ports.id(0);
    this.#flags.id(0);
    this.#wrap({ kind: "any" });
  }

  add(rule: Rule): void {
    const name = rule.interface === null ? 0 : this.#interfaces.id(rule.interface);
    const direction = rule.direction === null ? 0 : rule.direction === "in" ? 1 : 2;
    const family = rule.family ?? 0;
    const flags = this.#flags.id(rule.flags * 512 + rule.flagSet);
    const fromPort = this.#ports.id(portKey(rule.from.port));
    const toPort = this.#ports.id(portKey(rule.to.port));
    this.rules.push(rule);
    this.interface.push(name);
    this.direction.push(direction);
    this.routingDomain.push(rule.onRoutingDomain);
    this.family.push(family);
    this.protocol.push(rule.protocol);
    this.fromPort.push(fromPort);
    this.toPort.push(toPort);
    this.from.push(this.#wrap(rule.from.address));
    this.to.push(this.#wrap(rule.to.address));
    this.company.push(this.#companies.id(companyKey(rule)));
    const whole = rule.interfaceRest === "" ? name : this.#interfaces.id(`${rule.interface}\0${rule.interfaceRest}`);
    const combination = this.#combine(whole, direction, family, rule.protocol, flags, fromPort, toPort, true);
    this.combination.push(combination);
    let open = 0;
    const parts = this.combinationParts[combination] as readonly number[];
    for (let i = 0; i < parts.length; i++) if (parts[i] === 0) open |= 1 << i;
    this.open.push(open);
  }

  /** Puts a rule with other addresses, and nothing else changed, in a row. */
  replace(row: number, rule: Rule): void {
    this.rules[row] = rule;
    this.from[row] = this.#wrap(rule.from.address);
    this.to[row] = this.#wrap(rule.to.address);
  }

  get addressCount(): number {
    return this.#wraps.size;
  }

  get combinationCount(): number {
    return this.#combinations.size;
  }

  /** The combination that is left when the fields of `open` are opened too; -1 when no rule has it. */
  opened(combination: number, open: number): number {
    const parts = this.combinationParts[combination] as readonly number[];
    const part = (i: number): number => ((open & (1 << i)) !== 0 ? 0 : (parts[i] as number));
    return this.#combine(part(0), part(1), part(2), part(3), part(4), part(5), part(6), false);
  }

  /** Id of the network of `length` bits around network `id`; -1 when no rule has it. */
  network(id: number, length: number): number {
    const wrap = this.wraps[id] as AddressWrap;
    return wrap.kind === "prefix" ? this.#wraps.find(prefixKey(wrap.address.masked(length), length)) : -1;
  }

  /** Prefix length of an address id, 0 for any; -1 when it is no network. */
  length(id: number): number {
    const wrap = this.wraps[id] as AddressWrap;
    return wrap.kind === "prefix" ? wrap.length : wrap.kind === "any" ? 0 : -1;
  }

  #wrap(wrap: AddressWrap): number {
    const id = this.#wraps.id(wrapKey(wrap));
    if (id === this.wraps.length) this.wraps.push(wrap);
    return id;
  }

  // Pairs of numbers below 2^20 fit a double, so four small maps do what one map of texts would.
  #combine(
    name: number,
    direction: number,
    family: number,
    protocol: number,
    flags: number,
    fromPort: number,
    toPort: number,
    make: boolean,
  ): number {
    const look = make ? (ids: Interner<number>, key: number) => ids.id(key) : find;
    const where = look(this.#where, (name * 4 + direction) * 8 + family);
    if (where < 0) return -1;
    const what = look(this.#what, (where * 256 + protocol) * 0x100000 + flags);
    if (what < 0) return -1;
    const whatFrom = look(this.#whatFrom, what * 0x100000 + fromPort);
    if (whatFrom < 0) return -1;
    const combination = look(this.#combinations, whatFrom * 0x100000 + toPort);
    if (combination === this.combinationParts.length) {
      this.combinationParts.push([name, direction, family, protocol, flags, fromPort, toPort]);
    }
    return combination;
  }
}

function find(ids: Interner<number>, key: number): number {
  return ids.find(key);
}
