import { Address, type Family } from "@pierhead/core";
import type { Pool } from "@pierhead/lang/pf";
import type { InterfaceTable, Kif } from "./interface-table.ts";
import { type AddressResolver, LoadedAddress } from "./loaded-address.ts";
import { type SipKey, sipKeyOfPool } from "./siphash.ts";

export const POOL = { none: 0, bitmask: 1, random: 2, sourceHash: 3, roundRobin: 4, leastStates: 5 } as const;

const TYPES = {
  none: POOL.none,
  bitmask: POOL.bitmask,
  random: POOL.random,
  "source-hash": POOL.sourceHash,
  "round-robin": POOL.roundRobin,
  "least-states": POOL.leastStates,
} as const;

/** One address of a pool with the interface it is reached by. */
export interface PoolAddress {
  readonly address: LoadedAddress;
  readonly kif: Kif | null;
  readonly weight: number;
}

/** A pool and where it stands (`struct pf_pool`). OpenBSD's have one member, FreeBSD's and the 4.6 family's a list. */
export class LoadedPool {
  readonly pool: Pool;
  readonly members: readonly PoolAddress[];
  readonly type: number;
  readonly sticky: boolean;
  /** Null when none was given: the kernel or pfctl makes one up. */
  hashKey: SipKey | null;
  readonly portLow: number;
  readonly portHigh: number;
  /** Member in turn (lists only). */
  current = 0;
  /** Next address of round-robin; 0 before the first one. */
  counter: Address | null = null;
  /** Position in a table or dynamic address. */
  tableIndex = 0;
  currentWeight = 0;
  /** Of the entry taken last. */
  weight = 0;
  states = 0;
  kif: Kif | null;
  /** Interface of the table entry taken last, by name (`address@interface`). */
  entryInterface: string | null = null;
  /** `prefer-ipv6-nexthop`, round-robin: family that is looked for next. */
  nextHopFamily: Family = 6;

  constructor(
    pool: Pool,
    isNat: boolean,
    family: Family | null,
    resolver: AddressResolver,
    interfaces: InterfaceTable,
  ) {
    this.pool = pool;
    this.type = TYPES[pool.type];
    this.sticky = pool.sticky;
    this.hashKey = pool.hashKey === null ? null : sipKeyOfPool(pool.hashKey);
    this.members = pool.members.map((member) => ({
      address: new LoadedAddress({ address: member.address, negated: false, port: null }, family, resolver),
      kif: member.interface === null ? null : interfaces.get(member.interface),
      weight: member.weight,
    }));
    this.kif = this.members[0]?.kif ?? null;
    if (pool.ports !== null) {
      this.portLow = pool.ports.low;
      this.portHigh = isNat && pool.ports.high === 0 ? pool.ports.low : pool.ports.high;
    } else if (isNat && !pool.staticPort) {
      this.portLow = 50_001;
      this.portHigh = 65_535;
    } else {
      this.portLow = 0;
      this.portHigh = 0;
    }
  }

  get address(): LoadedAddress {
    return (this.members[this.current] as PoolAddress).address;
  }

  /** Tables and dynamic addresses can be used (`PF_POOL_DYNTYPE`). */
  get isDynamicType(): boolean {
    return (
      this.type === POOL.roundRobin ||
      this.type === POOL.leastStates ||
      this.type === POOL.random ||
      this.type === POOL.sourceHash
    );
  }

  /** The counter in one family; zero when it has none. */
  counterIn(family: Family): Address {
    const counter = this.counter;
    if (counter === null) return family === 4 ? ZERO4 : ZERO6;
    return counter.family === family ? counter : new Address(family, counter.w0, counter.w1, counter.w2, counter.w3);
  }
}

export const ZERO4: Address = new Address(4, 0);
export const ZERO6: Address = new Address(6, 0);
