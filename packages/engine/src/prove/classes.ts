/**
 * Cuts all packets of one family into classes that no rule tells apart, and yields one example of each class that
 * matters. It is the firewall decision diagram of Gouda and Liu: one header field after the other, branches with the
 * same candidate rules merged, rules dropped as soon as a later one is certain to decide.
 */
import { Address, type Family, PROTOCOL } from "@pierhead/core";
import { FIELDS, type Field, type RegionContext, type RuleRegion, regionsOf, universe } from "./constraints.ts";
import { type ClassSet, Domain } from "./domain.ts";
import type { Ranges } from "./ranges.ts";

/** A set of packets that the rules treat alike, as far as headers decide. */
export interface PacketClass {
  /** One value of every field: what to send to see what happens to all of them. */
  readonly example: Readonly<Record<Field, bigint>>;
  /** The values of every field that lead here along this path. */
  readonly values: Readonly<Record<Field, Ranges>>;
  /** Rules whose header part fits, in the order of evaluation; those certain not to decide may be left out. */
  readonly candidates: readonly RuleRegion[];
}

export interface Partition {
  readonly classes: readonly PacketClass[];
  /** False: there are more classes than `limit`, and the rest was not looked at. */
  readonly complete: boolean;
}

export interface PartitionOptions {
  readonly limit: number;
  /** Sets that must not be cut across although no rule names them: own addresses, routes. */
  readonly extra?: Partial<Record<Field, readonly Ranges[]>>;
  /** Values that make good examples. */
  readonly preferred?: Partial<Record<Field, readonly bigint[]>>;
  /** Only these values; all of a field when it is not here. */
  readonly only?: Partial<Record<Field, Ranges>>;
}

/** Classes of the packets for one ruleset or for several at once (to compare them). */
export function partition(contexts: readonly RegionContext[], options: PartitionOptions): Partition {
  const context = contexts[0];
  if (context === undefined) return { classes: [], complete: true };
  return partitionRegions(
    contexts.map((one) => regionsOf(one)),
    context,
    options,
  );
}

/**
 * Classes for several evaluations at once: each list is the rules that one pass through a filter walks. `context` says
 * which family, and which values `where` has.
 */
export function partitionRegions(
  regions: readonly (readonly RuleRegion[])[],
  context: RegionContext,
  options: PartitionOptions,
): Partition {
  const flat = regions.flat();
  const domains = new Map<Field, Domain>();
  for (const field of FIELDS) {
    const constraints = flat.flatMap((region) =>
      region.constraints[field] === null ? [] : [region.constraints[field]],
    );
    const whole = options.only?.[field] ?? universe(field, context);
    const extra = [...(options.extra?.[field] ?? [])];
    if (field === "kind") extra.push(...interestingKinds(context.family));
    domains.set(field, Domain.build(field, whole, [...constraints, ...extra], options.preferred?.[field] ?? []));
  }
  // Fields with few classes first: the diagram branches late.
  const order = [...FIELDS].sort((a, b) => (domains.get(a)?.size ?? 0) - (domains.get(b)?.size ?? 0));
  const covers = flat.map((region) => order.map((field) => coverOf(region, field, domains)));
  const starts = regions.map((_, i) => regions.slice(0, i).reduce((sum, list) => sum + list.length, 0));
  const classes: PacketClass[] = [];
  let complete = true;
  const seen = order.map(() => new Set<string>());
  const chosen: number[] = [];

  // Fields whose values must be told apart even where no rule does: what is below one of them is looked at for each.
  const forced = order.map((field) => options.extra?.[field] !== undefined);

  const visit = (depth: number, candidates: readonly number[], prefix: string): void => {
    if (!complete) return;
    if (depth === order.length) {
      if (classes.length >= options.limit) {
        complete = false;
        return;
      }
      const list = candidates.map((i) => flat[i] as RuleRegion);
      classes.push(describe(order, domains, chosen, list));
      return;
    }
    const domain = domains.get(order[depth] as Field) as Domain;
    const known = seen[depth] as Set<string>;
    for (let value = 0; value < domain.size; value++) {
      const list = candidates.filter((i) => covers[i]?.[depth]?.has(value) !== false);
      const kept = dropDecided(list, flat, covers, depth + 1, starts);
      const path = forced[depth] ? `${prefix}${value};` : prefix;
      const name = `${path}|${kept.join(",")}`;
      // The same candidates at the same depth were looked at along another path: nothing new below.
      if (known.has(name)) continue;
      known.add(name);
      chosen[depth] = value;
      visit(depth + 1, kept, path);
    }
  };
  const all = flat.map((_, i) => i);
  visit(0, all, "");
  return { classes, complete };
}

function coverOf(region: RuleRegion, field: Field, domains: ReadonlyMap<Field, Domain>): ClassSet | null {
  const constraint = region.constraints[field];
  if (constraint === null) return null;
  const set = (domains.get(field) as Domain).covered(constraint);
  return set.isAll ? null : set;
}

/**
 * Leaves out rules that cannot decide: all that stand before a rule which is certain to match (nothing left to ask,
 * no condition) when they only pass or block, and all after a certain `quick` one.
 */
function dropDecided(
  list: readonly number[],
  regions: readonly RuleRegion[],
  covers: readonly (readonly (ClassSet | null)[])[],
  depth: number,
  starts: readonly number[],
): number[] {
  const result: number[] = [];
  let from = 0;
  for (let set = 0; set < starts.length; set++) {
    const end = starts[set + 1] ?? regions.length;
    let until = from;
    while (until < list.length && (list[until] as number) < end) until++;
    const own = list.slice(from, until);
    from = until;
    const isCertain = (index: number): boolean =>
      (regions[index] as RuleRegion).conditions.length === 0 && restIsOpen(covers[index] ?? [], depth);
    const stop = own.findIndex((index) => isCertain(index) && (regions[index] as RuleRegion).stops);
    const reached = stop === -1 ? own : own.slice(0, stop + 1);
    let last = -1;
    for (let i = reached.length - 1; i >= 0; i--) {
      const region = regions[reached[i] as number] as RuleRegion;
      if (isCertain(reached[i] as number) && decides(region)) {
        last = i;
        break;
      }
    }
    for (let i = 0; i < reached.length; i++) {
      const region = regions[reached[i] as number] as RuleRegion;
      if (i >= last || !isForgotten(region)) result.push(reached[i] as number);
    }
  }
  return result;
}

function restIsOpen(covers: readonly (ClassSet | null)[], depth: number): boolean {
  for (let i = depth; i < covers.length; i++) if (covers[i] !== null) return false;
  return true;
}

function decides(region: RuleRegion): boolean {
  return region.rule.action === "pass" || region.rule.action === "block";
}

/** A later match makes it as if the rule had not been there: no tag, no `quick`, no translation, no logging of matches. */
function isForgotten(region: RuleRegion): boolean {
  return decides(region) && !region.stops && region.rule.tag === null && region.quickAnchor === -1;
}

function describe(
  order: readonly Field[],
  domains: ReadonlyMap<Field, Domain>,
  chosen: readonly number[],
  candidates: readonly RuleRegion[],
): PacketClass {
  const example = {} as Record<Field, bigint>;
  const values = {} as Record<Field, Ranges>;
  order.forEach((field, depth) => {
    const domain = domains.get(field) as Domain;
    example[field] = domain.example(chosen[depth] as number);
    values[field] = domain.classes[chosen[depth] as number] as Ranges;
  });
  return { example, values, candidates };
}

/** Kinds every analysis tells apart, so that examples are packets somebody sends: SYN, other TCP, UDP, echo request. */
function interestingKinds(family: Family): Ranges[] {
  const whole = (protocol: number): Ranges => [[BigInt(protocol * 65536), BigInt(protocol * 65536 + 65535)]];
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6;
  return [whole(PROTOCOL.tcp), whole(PROTOCOL.udp), whole(icmp)];
}

/** The address a field value stands for. */
export function addressFrom(value: bigint, family: Family): Address {
  if (family === 4) return new Address(4, Number(value));
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return new Address(6, word(96n), word(64n), word(32n), word(0n));
}
