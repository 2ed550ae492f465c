import type { Address, Family } from "@pierhead/core";
import type { AddressWrap, InterfaceModifiers } from "@pierhead/lang/pf";
import type { InterfaceTable, Kif } from "./interface-table.ts";
import { AddressTable, Entry } from "./table.ts";
import type { FilterInterface } from "./types.ts";

type DynamicWrap = Extract<AddressWrap, { readonly kind: "dynamic" }>;

/**
 * `(em0)`, `(egress:network)` in one rule: the addresses an interface or group has right now (`struct pfi_dynaddr`).
 * The table behind it is shared by all rules that say the same.
 */
export class DynamicAddress {
  readonly source: DynamicSource;
  /** Family of the rule; null looks at both. */
  readonly family: Family | null;
  count4 = 0;
  count6 = 0;
  /** The first address of each family in walking order, with its prefix length. */
  first4: Entry | null = null;
  first6: Entry | null = null;
  readonly #interfaces: InterfaceTable;
  #generation = -1;

  constructor(source: DynamicSource, family: Family | null, interfaces: InterfaceTable) {
    this.source = source;
    this.family = family;
    this.#interfaces = interfaces;
  }

  get table(): AddressTable {
    return this.source.table;
  }

  /** Reads the interface again when it changed; to be called before the fields are used. */
  refresh(): void {
    if (this.#generation === this.#interfaces.generation) return;
    this.#generation = this.#interfaces.generation;
    this.source.update(this.#interfaces);
    const { ipv4, ipv6 } = this.source.table;
    this.count4 = this.family === 6 ? 0 : ipv4.size;
    this.count6 = this.family === 4 ? 0 : ipv6.size;
    this.first4 = this.count4 > 0 ? (ipv4.entries()[0] ?? null) : null;
    this.first6 = this.count6 > 0 ? (ipv6.entries()[0] ?? null) : null;
  }

  /** `pfi_match_addr()`. */
  match(address: Address): boolean {
    this.refresh();
    const count = address.family === 4 ? this.count4 : this.count6;
    if (count === 0) return false;
    if (count === 1) {
      const first = (address.family === 4 ? this.first4 : this.first6) as Entry;
      return address.isIn(first.address, first.length);
    }
    return this.source.table.match(address);
  }
}

/** What the rules that name one interface with one set of modifiers and one mask share. */
export class DynamicSource {
  readonly kif: Kif;
  readonly modifiers: InterfaceModifiers;
  /** Prefix length given, or 128 for the address itself (with `:network`: the network of the interface). */
  readonly length: number;
  readonly table: AddressTable;
  /** FreeBSD: `:0` leaves IPv6 link-local addresses out. */
  readonly #skipLinkLocalAlias: boolean;
  #generation = -1;

  constructor(kif: Kif, modifiers: InterfaceModifiers, length: number, name: string, skipLinkLocalAlias: boolean) {
    this.kif = kif;
    this.modifiers = modifiers;
    this.length = length;
    this.table = new AddressTable(name, "_pf", 0);
    this.table.active = true;
    this.#skipLinkLocalAlias = skipLinkLocalAlias;
  }

  update(interfaces: InterfaceTable): void {
    if (this.#generation === interfaces.generation) return;
    this.#generation = interfaces.generation;
    this.table.clear();
    if (this.kif.interface !== null) this.#add(this.kif.interface);
    else for (const member of this.kif.members) this.#add(member);
  }

  /** `pfi_instance_add()`. */
  #add(one: FilterInterface): void {
    const { network, broadcast, peer, noAlias } = this.modifiers;
    let got4 = false;
    let got6 = false;
    for (const own of one.addresses) {
      const isSix = own.address.family === 6;
      if (broadcast && (isSix || one.kind !== "broadcast")) continue;
      if (peer && one.kind !== "point-to-point") continue;
      const linkLocal6 = isSix && own.address.isLinkLocal();
      if ((network || (noAlias && this.#skipLinkLocalAlias)) && linkLocal6) continue;
      if (noAlias && (isSix ? got6 : got4)) continue;
      if (isSix) got6 = true;
      else got4 = true;
      let length = this.length;
      if (length === 128 && network) length = own.length;
      if (!isSix && length > 32) length = 32;
      const address = broadcast ? own.broadcast : peer ? own.peer : own.address;
      if (address === undefined) continue;
      const masked = address.masked(length);
      if (this.table.find(masked, length) !== null) continue;
      this.table.add(new Entry({ address: masked, length, negated: false }, 0));
    }
  }
}

/** All dynamic addresses of the loaded rules. */
export class DynamicAddressBook {
  readonly #sources = new Map<string, DynamicSource>();
  readonly #interfaces: InterfaceTable;
  readonly #skipLinkLocalAlias: boolean;

  constructor(interfaces: InterfaceTable, skipLinkLocalAlias: boolean) {
    this.#interfaces = interfaces;
    this.#skipLinkLocalAlias = skipLinkLocalAlias;
  }

  /** The dynamic address of a rule (`pfi_dynaddr_setup()`). */
  get(wrap: DynamicWrap, family: Family | null): DynamicAddress {
    const name = wrap.interface === "self" ? "all" : wrap.interface;
    const whole = wrap.length4 === 32 && wrap.length6 === 128;
    let length = whole ? 128 : family === 6 ? wrap.length6 : wrap.length4;
    if (family === 4 && length === 32) length = 128;
    const { network, broadcast, peer, noAlias } = wrap.modifiers;
    const text =
      wrap.interface +
      (network ? ":network" : "") +
      (broadcast ? ":broadcast" : "") +
      (peer ? ":peer" : "") +
      (noAlias ? ":0" : "") +
      (length === 128 ? "" : `/${length}`);
    let source = this.#sources.get(text);
    if (source === undefined) {
      source = new DynamicSource(this.#interfaces.get(name), wrap.modifiers, length, text, this.#skipLinkLocalAlias);
      this.#sources.set(text, source);
    }
    return new DynamicAddress(source, family, this.#interfaces);
  }
}
