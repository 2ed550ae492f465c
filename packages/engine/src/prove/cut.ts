/**
 * The decision diagram under every proof: packets of one family are cut field after field; what has the same candidate
 * regions left is one node, however it was reached. A leaf is a set of packets that no region tells apart.
 *
 * It differs from a plain product of all field classes in that a node remembers only the regions that still matter:
 * what a certain later rule overrides, or a certain `quick` rule hides, is forgotten on the way.
 */
import type { Constraints, Field } from "./constraints.ts";
import { Domain } from "./domain.ts";
import { contains, normalize, type Range, type Ranges } from "./ranges.ts";

/** One thing that looks at packets: a rule, or a set that must not be cut across (an own address, a route). */
export interface CutRegion {
  /** Number of what it is: the same for the same rule, seen in the same way, of two machines; -1 for a mere mark. */
  readonly identity: number;
  readonly constraints: Constraints;
  /** It matches whenever the header fits. */
  readonly certain: boolean;
  /** Nothing after it in its list is looked at once it matched. */
  readonly stops: boolean;
  /** It says pass or block. */
  readonly decides: boolean;
  /** It says block, and quickly or not, nothing of it is left but the answer. */
  readonly blocks: boolean;
  /** When a later one of its list decides, it is as if it had not matched. */
  readonly forgettable: boolean;
  /** The other machine of a comparison has no such rule at this place of its list. */
  readonly changed?: boolean;
}

export interface CutOptions {
  /** Most leaves. */
  readonly limit: number;
  /** All values of each field. */
  readonly universe: Readonly<Record<Field, Ranges>>;
  /** Values that make good examples, best first. */
  readonly preferred: Partial<Record<Field, readonly bigint[]>>;
  /** Fields of which the universe holds only some values: all of them are named, too. */
  readonly restricted?: ReadonlySet<Field>;
  /** Only packets that some changed region may still decide about. */
  readonly onlyChanged?: boolean;
  /** The order of the fields; the rest follows by the number of their classes. */
  readonly first?: readonly Field[];
}

/** One way to a node: some values of a field, after what leads to the parent. */
interface Edge {
  readonly parent: CutNode;
  /** Numbers of classes of the field; null is every one. */
  readonly values: readonly number[] | null;
}

interface CutNode {
  readonly candidates: Int32Array;
  readonly edges: Edge[];
  /** Ways that are not kept: their packets are in the class, too. */
  more: boolean;
  /** Best value of the field that led here, along the first way. */
  example: number;
}

/** A set of packets that are treated alike. */
export interface Leaf {
  /** One value of every field. */
  readonly example: Readonly<Record<Field, bigint>>;
  /** Parts of the set, each a product of ranges; a field that may have any value is absent. */
  readonly parts: readonly Partial<Record<Field, Ranges>>[];
  /** There are parts that are not listed. */
  readonly more: boolean;
}

export interface Cut {
  readonly count: number;
  /** False: there are more than `limit`; what is here is right, but not everything. */
  readonly complete: boolean;
  leaf(index: number): Leaf;
  /** The example of a leaf alone; quicker. */
  example(index: number): Readonly<Record<Field, bigint>>;
  /** Numbers of the regions, counted through all lists, that may still decide about the packets of a leaf. */
  candidates(index: number): Int32Array;
}

/** Ways that are kept for each node, and values for each way: enough to describe a set to people. */
const MOST_EDGES = 3;
const MOST_VALUES = 48;
const MOST_PARTS = 4;

const ALL_FIELDS: readonly Field[] = ["kind", "tos", "source", "destination", "sourcePort", "destinationPort", "where"];

/** Regions in the order of evaluation. Each list is evaluated for itself. */
export interface CutList {
  /** Whose list it is, by a number of the caller's, and which; null for marks. */
  readonly owner: number | null;
  readonly regions: readonly CutRegion[];
  /** Lists that are only reached when this one did not block; by a number shared among the lists of one packet filter. */
  readonly gate: number | null;
  /** The list belongs to the gate of this number: all of its lists must be certain to block to close it. */
  readonly closes: number | null;
}

export function cut(lists: readonly CutList[], options: CutOptions): Cut {
  const regions = lists.flatMap((list) => list.regions);
  const total = regions.length;
  const domains = new Map<Field, Domain>();
  for (const field of ALL_FIELDS) {
    const constraints = regions.flatMap((region) => {
      const constraint = region.constraints[field];
      return constraint === null ? [] : [constraint];
    });
    domains.set(field, Domain.build(field, options.universe[field], constraints, options.preferred[field] ?? []));
  }
  const first = options.first ?? ["kind", "tos"];
  const size = (field: Field): number => domains.get(field)?.size ?? 0;
  const order = [...first, ...ALL_FIELDS.filter((field) => !first.includes(field)).sort((a, b) => size(a) - size(b))];
  // Depth from which nothing of a region is left to ask.
  const openFrom = new Int32Array(total);
  const columns = order.map(
    (field, depth) => new Column(field, domains.get(field) as Domain, regions, options, () => depth, openFrom),
  );
  const decided = new Decided(lists, regions, openFrom);
  const root: CutNode = { candidates: Int32Array.from(regions.keys()), edges: [], more: false, example: 0 };
  let level: CutNode[] = [root];
  let complete = true;
  for (let depth = 0; depth < order.length; depth++) {
    const column = columns[depth] as Column;
    const known = new NodeSet();
    for (const node of level) {
      for (const [list, values] of column.branches(node.candidates)) {
        const kept = decided.drop(list, depth + 1);
        if (options.onlyChanged === true && !kept.some((index) => regions[index]?.changed === true)) continue;
        let child = known.find(kept);
        if (child === null) {
          if (known.nodes.length >= options.limit) {
            complete = false;
            continue;
          }
          child = { candidates: kept, edges: [], more: false, example: column.best(values) };
          known.add(child);
        }
        if (child.edges.length < MOST_EDGES) {
          const whole = values.length === column.domain.size && options.restricted?.has(column.field) !== true;
          if (values.length > MOST_VALUES && !whole) child.more = true;
          child.edges.push({ parent: node, values: whole ? null : values.slice(0, MOST_VALUES) });
        } else child.more = true;
      }
    }
    level = known.nodes;
  }
  const leaves = level;
  return {
    count: leaves.length,
    complete,
    leaf: (index) => leafOf(leaves[index] as CutNode, order, domains),
    example: (index) => exampleOf(leaves[index] as CutNode, order, domains),
    candidates: (index) => (leaves[index] as CutNode).candidates,
  };
}

/** One field with, for each of its classes, the regions that ask for it. */
class Column {
  readonly domain: Domain;
  readonly field: Field;
  /** Regions that do not ask about the field. */
  readonly #open: Uint8Array;
  /** For each class of the field: the regions that ask and take it, ascending. */
  readonly #takers: readonly (readonly number[])[];
  readonly #ranks: readonly number[];

  constructor(
    field: Field,
    domain: Domain,
    regions: readonly CutRegion[],
    options: CutOptions,
    depth: () => number,
    openFrom: Int32Array,
  ) {
    this.domain = domain;
    this.field = field;
    this.#open = new Uint8Array(regions.length);
    const takers: number[][] = domain.classes.map(() => []);
    const covered = new Map<Ranges, readonly number[]>();
    for (const [index, region] of regions.entries()) {
      const constraint = region.constraints[field];
      if (constraint === null) {
        this.#open[index] = 1;
        continue;
      }
      let classes = covered.get(constraint);
      if (classes === undefined) {
        classes = domain.covered(constraint);
        covered.set(constraint, classes);
      }
      if (classes.length === domain.size) {
        this.#open[index] = 1;
        continue;
      }
      openFrom[index] = Math.max(openFrom[index] as number, depth() + 1);
      for (const value of classes) (takers[value] as number[]).push(index);
    }
    this.#takers = takers;
    const preferred = options.preferred[field] ?? [];
    this.#ranks = domain.classes.map((_, value) => {
      const rank = preferred.indexOf(domain.example(value));
      return rank === -1 ? preferred.length : rank;
    });
  }

  /** The different lists of candidates that the classes of the field leave, with the classes that leave them. */
  *branches(candidates: Int32Array): Generator<[list: Int32Array, values: readonly number[]]> {
    const isCandidate = new Set<number>();
    const base: number[] = [];
    for (const index of candidates) {
      if (this.#open[index] === 1) base.push(index);
      else isCandidate.add(index);
    }
    const groups = new Map<string, { takers: readonly number[]; values: number[] }>();
    for (let value = 0; value < this.#takers.length; value++) {
      const all = this.#takers[value] as readonly number[];
      const takers = isCandidate.size === 0 ? [] : all.filter((index) => isCandidate.has(index));
      const key = takers.join(",");
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { takers, values: [value] });
      else group.values.push(value);
    }
    for (const { takers, values } of groups.values()) yield [merge(base, takers), values];
  }

  best(values: readonly number[]): number {
    let best = values[0] as number;
    for (const value of values) if ((this.#ranks[value] as number) < (this.#ranks[best] as number)) best = value;
    return best;
  }
}

function merge(a: readonly number[], b: readonly number[]): Int32Array {
  const result = new Int32Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let at = 0; at < result.length; at++) {
    const left = i < a.length ? (a[i] as number) : Infinity;
    const right = j < b.length ? (b[j] as number) : Infinity;
    if (left < right) {
      result[at] = left;
      i++;
    } else {
      result[at] = right;
      j++;
    }
  }
  return result;
}

/** Leaves out regions that cannot decide any more. */
class Decided {
  readonly #lists: readonly CutList[];
  readonly #regions: readonly CutRegion[];
  readonly #ends: readonly number[];
  readonly #openFrom: Int32Array;

  constructor(lists: readonly CutList[], regions: readonly CutRegion[], openFrom: Int32Array) {
    this.#lists = lists;
    this.#regions = regions;
    let end = 0;
    this.#ends = lists.map((list) => {
      end += list.regions.length;
      return end;
    });
    this.#openFrom = openFrom;
  }

  drop(list: Int32Array, depth: number): Int32Array {
    const result: number[] = [];
    const closed = new Map<number, boolean>();
    let at = 0;
    for (let which = 0; which < this.#ends.length; which++) {
      const end = this.#ends[which] as number;
      const { gate, closes } = this.#lists[which] as CutList;
      let until = at;
      // The first certain stop ends the list; the last certain decision makes those before it forgettable.
      let stopped = false;
      let last = -1;
      let reached = at;
      for (; until < list.length && (list[until] as number) < end; until++) {
        if (stopped) continue;
        reached = until + 1;
        const index = list[until] as number;
        const region = this.#regions[index] as CutRegion;
        if (!region.certain || (this.#openFrom[index] as number) > depth) continue;
        if (region.decides) last = until;
        if (region.stops) stopped = true;
      }
      if (gate !== null && closed.get(gate) === true) {
        at = until;
        continue;
      }
      const blocks = last !== -1 && last === reached - 1 && (this.#regions[list[last] as number] as CutRegion).blocks;
      if (closes !== null) closed.set(closes, blocks && closed.get(closes) !== false);
      // What came before a certain block leaves no trace.
      const from = blocks && closes !== null ? last : at;
      for (let i = from; i < reached; i++) {
        const index = list[i] as number;
        if (i >= last || !(this.#regions[index] as CutRegion).forgettable) result.push(index);
      }
      at = until;
    }
    return Int32Array.from(result);
  }
}

/** Nodes of one level by their candidates. */
class NodeSet {
  readonly nodes: CutNode[] = [];
  readonly #byHash = new Map<number, CutNode[]>();

  find(candidates: Int32Array): CutNode | null {
    for (const node of this.#byHash.get(hashOf(candidates)) ?? [])
      if (sameList(node.candidates, candidates)) return node;
    return null;
  }

  add(node: CutNode): void {
    this.nodes.push(node);
    const hash = hashOf(node.candidates);
    const bucket = this.#byHash.get(hash);
    if (bucket === undefined) this.#byHash.set(hash, [node]);
    else bucket.push(node);
  }
}

function hashOf(list: Int32Array): number {
  let hash = 0x811c9dc5;
  for (const value of list) hash = Math.imul(hash ^ value, 0x01000193);
  return hash >>> 0;
}

function sameList(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function exampleOf(leaf: CutNode, order: readonly Field[], domains: ReadonlyMap<Field, Domain>): Record<Field, bigint> {
  const example = {} as Record<Field, bigint>;
  let node: CutNode = leaf;
  for (let depth = order.length - 1; depth >= 0; depth--) {
    const field = order[depth] as Field;
    example[field] = (domains.get(field) as Domain).example(node.example);
    node = (node.edges[0] as Edge).parent;
  }
  return example;
}

function leafOf(leaf: CutNode, order: readonly Field[], domains: ReadonlyMap<Field, Domain>): Leaf {
  const example = exampleOf(leaf, order, domains);
  // Ways back to the root, breadth first at each node, as many as are shown.
  let more = false;
  const parts: Partial<Record<Field, Ranges>>[] = [];
  const pending: { node: CutNode; depth: number; part: Partial<Record<Field, Ranges>> }[] = [
    { node: leaf, depth: order.length - 1, part: {} },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.node.more) more = true;
    if (next.depth < 0) {
      if (parts.length < MOST_PARTS) parts.push(next.part);
      else more = true;
      if (parts.length >= MOST_PARTS && pending.length > 0) {
        more = true;
        break;
      }
      continue;
    }
    const field = order[next.depth] as Field;
    const domain = domains.get(field) as Domain;
    for (let i = next.node.edges.length - 1; i >= 0; i--) {
      const edge = next.node.edges[i] as Edge;
      const part = { ...next.part };
      if (edge.values !== null) {
        const ranges: Range[] = edge.values.flatMap((value) => [...(domain.classes[value] as Ranges)]);
        part[field] = normalize(ranges);
      }
      pending.push({ node: edge.parent, depth: next.depth - 1, part });
    }
  }
  return { example, parts, more };
}

/** Whether a value is in one part of a leaf. */
export function isInPart(part: Partial<Record<Field, Ranges>>, field: Field, value: bigint): boolean {
  const ranges = part[field];
  return ranges === undefined || contains(ranges, value);
}
