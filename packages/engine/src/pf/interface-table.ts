import type { FilterInterface } from "./types.ts";

/**
 * A name that rules and states are bound to (`struct pfi_kif`): an interface, a group, or a name that exists only in
 * rules so far. Identity is what is compared.
 */
export class Kif {
  readonly name: string;
  readonly id: number;
  /** The interface of this name; null for groups and for names that do not exist. */
  interface: FilterInterface | null = null;
  /** Ids of the groups this interface is in, as a set of flags by id. */
  groups: Uint8Array = NO_GROUPS;
  isGroup = false;
  /** Members when it is a group, in system order. */
  members: FilterInterface[] = [];
  /** `set skip on`, by its own name or by one of its groups. */
  skip = false;
  /** Packets and bytes by family (IPv4, IPv6), direction (in, out) and outcome (passed, blocked): index f*4 + d*2 + o. */
  readonly packets: Float64Array = new Float64Array(8);
  readonly bytes: Float64Array = new Float64Array(8);

  constructor(name: string, id: number) {
    this.name = name;
    this.id = id;
  }
}

const NO_GROUPS = new Uint8Array(0);

/** All names pf knows, kept in step with the machine's interfaces (pf_if.c). */
export class InterfaceTable {
  readonly #byName = new Map<string, Kif>();
  readonly #byId: Kif[] = [];
  /** `all`: what floating states are bound to. */
  readonly all: Kif;
  /**
   * Whether every interface is a member of the group `all`, as `if_attach()` sees to. A kernel whose interfaces did
   * not come up that way finds nothing in `(self)`. Takes effect with the next change of the interfaces.
   */
  hasGroupAll = true;
  /** Routing domains in use. */
  #domains = new Set<number>([0]);
  #interfaces: readonly FilterInterface[] = [];
  #seen: FilterInterface[] = [];
  #skipped = new Set<string>();
  /** Counts changes of addresses and groups: dynamic addresses compare it. */
  generation = 0;

  constructor() {
    this.all = this.get("all");
    this.all.isGroup = true;
  }

  /** The entry of a name, made when it is new. */
  get(name: string): Kif {
    let kif = this.#byName.get(name);
    if (kif === undefined) {
      kif = new Kif(name, this.#byId.length);
      this.#byName.set(name, kif);
      this.#byId.push(kif);
    }
    return kif;
  }

  find(name: string): Kif | null {
    return this.#byName.get(name) ?? null;
  }

  /** Names in the order pfctl lists them. */
  names(): string[] {
    return [...this.#byName.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  get interfaces(): readonly FilterInterface[] {
    return this.#interfaces;
  }

  /** Takes over the machine's interfaces. Cheap when they are the same objects as before. @returns whether they changed */
  refresh(interfaces: readonly FilterInterface[], force = false): boolean {
    if (!force && this.#isSeen(interfaces)) return false;
    this.#interfaces = interfaces;
    this.#seen = [...interfaces];
    this.generation++;
    for (const kif of this.#byId) {
      kif.interface = null;
      kif.members = [];
      kif.isGroup = kif === this.all;
    }
    this.#domains = new Set([0]);
    for (const one of interfaces) {
      this.get(one.name).interface = one;
      if (this.hasGroupAll) this.all.members.push(one);
      this.#domains.add(one.routingDomain);
      for (const group of one.groups) {
        const kif = this.get(group);
        if (kif === this.all) continue;
        kif.isGroup = true;
        kif.members.push(one);
      }
    }
    for (const kif of this.#byId) {
      kif.groups = new Uint8Array(this.#byId.length);
      if (kif.interface === null) continue;
      if (this.hasGroupAll) kif.groups[this.all.id] = 1;
      for (const group of kif.interface.groups) kif.groups[this.get(group).id] = 1;
    }
    this.#applySkip();
    return true;
  }

  /** Whether a rule on `ruleKif` concerns a packet on `packetKif` (`pfi_kif_match()`); null concerns all. */
  matches(ruleKif: Kif | null, packetKif: Kif): boolean {
    if (ruleKif === null || ruleKif === packetKif) return true;
    if (packetKif.groups[ruleKif.id] === 1) return true;
    return ruleKif.name === "any" && packetKif.interface !== null && packetKif.interface.kind !== "loopback";
  }

  /** `set skip`: names that are skipped from now on. */
  setSkipped(names: ReadonlySet<string>): void {
    this.#skipped = new Set(names);
    this.#applySkip();
  }

  get skipped(): ReadonlySet<string> {
    return this.#skipped;
  }

  /** Routing domain of a routing table (`rtable_l2()`): itself when interfaces are in it, else 0. */
  routingDomain(table: number): number {
    return this.#domains.has(table) ? table : 0;
  }

  #applySkip(): void {
    for (const kif of this.#byId) {
      kif.skip = this.#skipped.has(kif.name);
      if (kif.interface === null) continue;
      for (const group of kif.interface.groups) if (this.#skipped.has(group)) kif.skip = true;
      if (this.#skipped.has("all")) kif.skip = true;
    }
  }

  #isSeen(interfaces: readonly FilterInterface[]): boolean {
    const seen = this.#seen;
    if (interfaces.length !== seen.length || this.generation === 0) return false;
    for (let i = 0; i < seen.length; i++) if (interfaces[i] !== seen[i]) return false;
    return true;
  }
}
