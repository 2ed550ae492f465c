import type { Address, Family } from "@pierhead/core";
import type { Kif } from "./interface-table.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { Threshold } from "./threshold.ts";

/** What a source node is for (`PF_SN_*`): limits, or the sticky address of one kind of pool. */
export const NODE = { limit: 0, nat: 1, rdr: 2, route: 3, count: 4 } as const;

/** Nodes a packet has met while its rules were evaluated, by {@link NODE}. */
export type NodeSlots = (SourceNode | null)[];

/** What pf remembers of one source address and rule (`struct pf_src_node`). */
export class SourceNode {
  readonly rule: LoadedRule;
  readonly type: number;
  readonly family: Family;
  readonly address: Address;
  /** Sticky address; null for limits. */
  readonly mapped: Address | null;
  readonly kif: Kif | null;
  states = 0;
  connections = 0;
  readonly rate: Threshold;
  readonly creation: number;
  expire = 0;
  readonly packets: Float64Array = new Float64Array(2);
  readonly bytes: Float64Array = new Float64Array(2);

  constructor(
    rule: LoadedRule,
    type: number,
    family: Family,
    address: Address,
    mapped: Address | null,
    kif: Kif | null,
    now: number,
    inWindows: boolean,
    rate: { readonly limit: number; readonly seconds: number } | null = rule.maxSrcConnRate,
  ) {
    this.rule = rule;
    this.type = type;
    this.family = family;
    this.address = address;
    this.mapped = mapped;
    this.kif = kif;
    this.rate = new Threshold(rate?.limit ?? 0, rate?.seconds ?? 0, now, inWindows);
    this.creation = now;
  }
}

/** All source nodes, by rule, kind and address. */
export class SourceNodeTable {
  readonly #byRule = new Map<LoadedRule, Map<string, SourceNode>>();
  count = 0;
  searches = 0;
  inserts = 0;
  removals = 0;

  find(rule: LoadedRule, type: number, address: Address): SourceNode | null {
    this.searches++;
    return this.#byRule.get(rule)?.get(nodeKey(type, address)) ?? null;
  }

  add(node: SourceNode): void {
    let nodes = this.#byRule.get(node.rule);
    if (nodes === undefined) {
      nodes = new Map();
      this.#byRule.set(node.rule, nodes);
    }
    nodes.set(nodeKey(node.type, node.address), node);
    this.count++;
    this.inserts++;
  }

  remove(node: SourceNode): void {
    const nodes = this.#byRule.get(node.rule);
    if (nodes?.delete(nodeKey(node.type, node.address)) !== true) return;
    if (nodes.size === 0) this.#byRule.delete(node.rule);
    this.count--;
    this.removals++;
  }

  /** In the order of the kernel's tree: rule, kind, family, address as its little-endian words compare. */
  list(): SourceNode[] {
    const all: SourceNode[] = [];
    for (const nodes of this.#byRule.values()) all.push(...nodes.values());
    return all.sort(
      (a, b) =>
        a.rule.serial - b.rule.serial || a.type - b.type || a.family - b.family || compareWords(a.address, b.address),
    );
  }
}

function nodeKey(type: number, address: Address): string {
  return `${type} ${address.family} ${address.w0} ${address.w1} ${address.w2} ${address.w3}`;
}

/** `pf_addr_compare()` on a little-endian machine: last word first, each with its octets turned. */
function compareWords(a: Address, b: Address): number {
  for (let i = a.family === 4 ? 0 : 3; i >= 0; i--) {
    const difference = turned(a.word(i)) - turned(b.word(i));
    if (difference !== 0) return difference;
  }
  return 0;
}

function turned(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0;
}
