/** FreeBSD's `ether` rules: they see every frame of an Ethernet link before (in) or after (out) the IP rules do. */
import type { Address, Packet } from "@pierhead/core";
import type { Direction, EtherAddress, EtherRule } from "@pierhead/lang/pf";
import type { FilterCore } from "./core.ts";
import type { Kif } from "./interface-table.ts";
import { type AddressResolver, LoadedAddress } from "./loaded-address.ts";
import { addressMismatch } from "./match.ts";

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** A frame on its way in or out of a link. Addresses are 12 hexadecimal digits; null is not known. */
export interface EtherFrame {
  readonly type: number;
  readonly source: string | null;
  readonly destination: string | null;
  /** The IP packet inside; null for other types. */
  readonly packet: Packet | null;
}

export interface EtherResult {
  readonly verdict: "pass" | "block";
  /** Last match; null: none, and the default is to pass. */
  readonly rule: EtherRule | null;
  /** Path of the anchor it is in; "" is the main ruleset. */
  readonly anchor: string;
  /** Tag the packet gets; null keeps what it has. */
  readonly tag: string | null;
}

interface LoadedEtherRule {
  readonly rule: EtherRule;
  readonly kif: Kif | null;
  readonly from: LoadedAddress;
  readonly to: LoadedAddress;
}

interface Walk {
  readonly core: FilterCore;
  readonly frame: EtherFrame;
  readonly direction: Direction;
  readonly kif: Kif;
  readonly rtable: number;
  tag: string | null;
  newTag: string | null;
  match: LoadedEtherRule | null;
  anchor: string;
  done: boolean;
}

/** Deeper calls are not made (`PF_ANCHOR_STACK_MAX`). */
const MAX_DEPTH = 64;

/** The `ether` rules of all anchors. */
export class EtherRulesets {
  readonly #rules = new Map<string, readonly LoadedEtherRule[]>();

  /** Whether there is a rule at all: without, frames are not looked at. */
  get active(): boolean {
    return this.#rules.size > 0;
  }

  /** Rules of one anchor, for listings. */
  list(path: string): EtherRule[] {
    return (this.#rules.get(path) ?? []).map((one) => one.rule);
  }

  replace(core: FilterCore, path: string, rules: readonly EtherRule[]): void {
    if (rules.length === 0) {
      this.#rules.delete(path);
      return;
    }
    const resolver: AddressResolver = {
      attachTable: (name) => core.tables.attach(path, name),
      dynamic: (wrap, family) => core.dynamics.get(wrap, family),
    };
    const loaded = rules.map((rule) => ({
      rule,
      kif: rule.interface === null ? null : core.interfaces.get(rule.interface),
      from: new LoadedAddress(rule.l3From, null, resolver),
      to: new LoadedAddress(rule.l3To, null, resolver),
    }));
    this.#rules.set(path, loaded);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** `pf_test_eth_rule()`. */
  test(
    core: FilterCore,
    frame: EtherFrame,
    direction: Direction,
    kif: Kif,
    tag: string | null,
    rtable: number,
  ): EtherResult {
    const walk: Walk = {
      core,
      frame,
      direction,
      kif,
      rtable,
      tag,
      newTag: null,
      match: null,
      anchor: "",
      done: false,
    };
    this.#evaluate(walk, "", 0);
    const { match } = walk;
    const blocked = match?.rule.action === "block";
    return {
      verdict: blocked ? "block" : "pass",
      rule: match?.rule ?? null,
      anchor: walk.anchor,
      tag: match === null || blocked ? null : walk.newTag,
    };
  }

  /** @returns whether a rule in here matched: what makes `anchor … quick` the last word */
  #evaluate(walk: Walk, path: string, depth: number): boolean {
    let any = false;
    for (const loaded of this.#rules.get(path) ?? []) {
      if (!matches(walk, loaded)) continue;
      const { rule } = loaded;
      if (rule.tag !== null) {
        walk.newTag = rule.tag;
        walk.tag = rule.tag;
      }
      if (rule.anchor === null) {
        any = true;
        walk.match = loaded;
        walk.anchor = path;
        if (rule.quick) walk.done = true;
      } else if (depth < MAX_DEPTH) {
        let inside = false;
        for (const called of rule.anchor.wildcard ? this.#children(rule.anchor.path) : [rule.anchor.path]) {
          inside = this.#evaluate(walk, called, depth + 1) || inside;
          if (walk.done) return true;
        }
        any ||= inside;
        if (inside && rule.quick) walk.done = true;
      }
      if (walk.done) return any;
    }
    return any;
  }

  /** Anchors directly below a path, by name. */
  #children(path: string): string[] {
    const start = path === "" ? "" : `${path}/`;
    return [...this.#rules.keys()]
      .filter((key) => key !== "" && key.startsWith(start) && !key.slice(start.length).includes("/"))
      .sort();
  }
}

function matches(walk: Walk, loaded: LoadedEtherRule): boolean {
  const { rule } = loaded;
  const { core, frame } = walk;
  if (loaded.kif !== null && core.interfaces.matches(loaded.kif, walk.kif) === rule.interfaceNegated) return false;
  if (rule.direction !== null && rule.direction !== walk.direction) return false;
  if (rule.protocol !== 0 && rule.protocol !== frame.type) return false;
  if (!isAddress(rule.from, frame.source) || !isAddress(rule.to, frame.destination)) return false;
  const { packet } = frame;
  if (packet !== null) {
    if (differs(walk, loaded.from, packet.source) || differs(walk, loaded.to, packet.destination)) return false;
  }
  return rule.tagged === null || (rule.tagged === walk.tag) !== rule.taggedNegated;
}

function differs(walk: Walk, wanted: LoadedAddress, address: Address): boolean {
  // A rule's prefix is of one family; `any` is of none.
  const { address: own } = wanted;
  if (own !== null && own.family !== address.family && wanted.length > 0) return !wanted.negated;
  return addressMismatch(walk.core, wanted, address, walk.kif, { lookupTable: walk.rtable });
}

/** A hardware address that is not known is no particular one. */
function isAddress(wanted: EtherAddress, actual: string | null): boolean {
  if (wanted.address === null) return true;
  if (actual === null) return wanted.negated;
  for (let i = 0; i < 12; i++) {
    const mask = Number.parseInt(wanted.mask[i] ?? "f", 16);
    const a = Number.parseInt(wanted.address[i] ?? "0", 16) & mask;
    const b = Number.parseInt(actual[i] ?? "0", 16) & mask;
    if (a !== b) return wanted.negated;
  }
  return !wanted.negated;
}
