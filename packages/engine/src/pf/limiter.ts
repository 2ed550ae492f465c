import type { Address } from "@pierhead/core";
import type { Limiter } from "@pierhead/lang/pf";
import type { AddressTable } from "./table.ts";

type Rate = NonNullable<Limiter["rate"]>;

/** A bucket of tokens, one for each state, refilled evenly at a rate. Times are in seconds. */
class Bucket {
  /** When it was empty, or will have been: it holds what has come in since. */
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  hasToken(rate: Rate, now: number): boolean {
    const held = now - this.#since;
    if (held < rate.seconds / rate.limit) return false;
    if (held > rate.seconds) this.#since = now - rate.seconds;
    return true;
  }

  take(rate: Rate): void {
    this.#since += rate.seconds / rate.limit;
  }
}

/** Why a limiter lets no state be made. */
export type Refusal = "full" | "rate" | "entries";

/** `state limiter` in force (`struct pf_statelim`). */
export class StateLimiter {
  definition: Limiter;
  inUse = 0;
  admitted = 0;
  hardLimited = 0;
  rateLimited = 0;
  #bucket: Bucket;

  constructor(definition: Limiter, now: number) {
    this.definition = definition;
    this.#bucket = fullBucket(definition, now);
  }

  /** The definition of a new load: states stay, the bucket is full again. */
  redefine(definition: Limiter, now: number): void {
    this.definition = definition;
    this.#bucket = fullBucket(definition, now);
  }

  /** Whether a state could be made now. */
  refuses(now: number): Refusal | null {
    if (this.inUse >= this.definition.limit) {
      this.hardLimited++;
      return "full";
    }
    const { rate } = this.definition;
    if (rate !== null && !this.#bucket.hasToken(rate, now)) {
      this.rateLimited++;
      return "rate";
    }
    return null;
  }

  admit(): void {
    this.inUse++;
    this.admitted++;
    if (this.definition.rate !== null) this.#bucket.take(this.definition.rate);
  }

  release(): void {
    this.inUse--;
  }
}

function fullBucket(definition: Limiter, now: number): Bucket {
  return new Bucket(now - (definition.rate?.seconds ?? 0));
}

/** One address, or network, of a source limiter (`struct pf_source`). */
export class LimitedSource {
  readonly limiter: SourceLimiter;
  readonly key: string;
  readonly network: Address;
  inUse = 0;
  admitted = 0;
  hardLimited = 0;
  rateLimited = 0;
  /** It stands in the table of the limiter. */
  inTable = false;
  /** Without states: when it goes. */
  emptyAt: number;
  /** Cleared by hand: states that are left count nowhere. */
  gone = false;
  /** Never empty before the second state: the kernel begins at its boot. */
  readonly bucket: Bucket = new Bucket(Number.NEGATIVE_INFINITY);

  constructor(limiter: SourceLimiter, key: string, network: Address, now: number) {
    this.limiter = limiter;
    this.key = key;
    this.network = network;
    this.emptyAt = now;
  }
}

/** `source limiter` in force (`struct pf_sourcelim`). */
export class SourceLimiter {
  definition: Limiter;
  readonly sources: Map<string, LimitedSource> = new Map();
  inUse = 0;
  admitted = 0;
  hardLimited = 0;
  rateLimited = 0;
  addressLimited = 0;
  /** Table of sources with many states. */
  table: AddressTable | null;

  constructor(definition: Limiter, table: AddressTable | null) {
    this.definition = definition;
    this.table = table;
  }

  find(address: Address, routingDomain: number): LimitedSource | null {
    return this.sources.get(this.#key(address, routingDomain)) ?? null;
  }

  refuses(source: LimitedSource | null, now: number): Refusal | null {
    if (source === null) {
      if (this.sources.size < this.definition.entries) return null;
      this.addressLimited++;
      return "entries";
    }
    if (source.inUse >= this.definition.limit) {
      source.hardLimited++;
      this.hardLimited++;
      return "full";
    }
    const { rate } = this.definition;
    if (rate !== null && !source.bucket.hasToken(rate, now)) {
      source.rateLimited++;
      this.rateLimited++;
      return "rate";
    }
    return null;
  }

  /** The source of a new state, made when it is new. */
  add(address: Address, routingDomain: number, now: number): LimitedSource {
    const key = this.#key(address, routingDomain);
    let source = this.sources.get(key);
    if (source === undefined) {
      source = new LimitedSource(this, key, this.#network(address), now);
      this.sources.set(key, source);
    }
    return source;
  }

  remove(source: LimitedSource): void {
    this.sources.delete(source.key);
    source.gone = true;
  }

  #network(address: Address): Address {
    const { length4, length6 } = this.definition;
    return address.masked(address.family === 4 ? length4 : length6);
  }

  #key(address: Address, routingDomain: number): string {
    return `${routingDomain} ${this.#network(address)}`;
  }
}

/** What of a state's limiters it counts in. */
export interface LimiterShare {
  readonly state: StateLimiter | null;
  readonly source: LimitedSource | null;
}

/** All limiters by number. They are part of the main ruleset: a load replaces them, and keeps those that are the same. */
export class LimiterStore {
  readonly states: Map<number, StateLimiter> = new Map();
  readonly sources: Map<number, SourceLimiter> = new Map();
  /** Puts a network into a table, or takes it out. */
  readonly #enter: (table: AddressTable, network: Address, length: number, present: boolean) => void;

  constructor(enter: (table: AddressTable, network: Address, length: number, present: boolean) => void) {
    this.#enter = enter;
  }

  replace(definitions: readonly Limiter[], now: number, tableOf: (name: string) => AddressTable): void {
    const states = new Map(this.states);
    const sources = new Map(this.sources);
    this.states.clear();
    this.sources.clear();
    for (const definition of definitions) {
      const { id, table } = definition;
      if (definition.kind === "state") {
        const known = states.get(id);
        known?.redefine(definition, now);
        this.states.set(id, known ?? new StateLimiter(definition, now));
      } else {
        const known = sources.get(id);
        const target = table === null ? null : tableOf(table.name);
        if (known !== undefined && sameMasks(known.definition, definition)) {
          known.definition = definition;
          known.table = target;
          this.sources.set(id, known);
        } else this.sources.set(id, new SourceLimiter(definition, target));
      }
    }
  }

  /** A state was made. */
  admit(
    state: StateLimiter | null,
    limiter: SourceLimiter | null,
    address: Address,
    domain: number,
    now: number,
  ): LimiterShare {
    state?.admit();
    if (limiter === null) return { state, source: null };
    const source = limiter.add(address, domain, now);
    const before = source.inUse;
    source.inUse++;
    source.admitted++;
    if (limiter.definition.rate !== null) source.bucket.take(limiter.definition.rate);
    limiter.inUse++;
    limiter.admitted++;
    const { table } = limiter.definition;
    if (table !== null && limiter.table !== null && before > 0 && before >= table.above && !source.inTable) {
      source.inTable = true;
      this.#enter(limiter.table, source.network, lengthOf(limiter, source), true);
    }
    return { state, source };
  }

  /** A state has gone. */
  release(share: LimiterShare, now: number): void {
    share.state?.release();
    const { source } = share;
    if (source === null || source.gone) return;
    const { limiter } = source;
    source.inUse--;
    limiter.inUse--;
    const { table } = limiter.definition;
    if (table !== null && limiter.table !== null && source.inTable && source.inUse < table.below) {
      source.inTable = false;
      this.#enter(limiter.table, source.network, lengthOf(limiter, source), false);
    }
    if (source.inUse === 0) source.emptyAt = now + (limiter.definition.rate?.seconds ?? 0);
  }

  /** Lets go of sources that have had no state for long enough. */
  purge(now: number): void {
    for (const limiter of this.sources.values()) {
      for (const source of limiter.sources.values()) {
        if (source.inUse === 0 && source.emptyAt <= now) limiter.remove(source);
      }
    }
  }
}

function lengthOf(limiter: SourceLimiter, source: LimitedSource): number {
  return source.network.family === 4 ? limiter.definition.length4 : limiter.definition.length6;
}

function sameMasks(a: Limiter, b: Limiter): boolean {
  return a.length4 === b.length4 && a.length6 === b.length6;
}
