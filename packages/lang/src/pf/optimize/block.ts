import type { System } from "@pierhead/core";
import type { Divert, LogOptions, Pool, PoolMember, Rule, ScrubOptions, StateOptions } from "../rule.ts";
import { sameWrap } from "./identity.ts";

/** What of the system the optimizer asks for. */
export interface BlockRules {
  readonly system: System;
  /**
   * Whether pools are compared by what they hold (OpenBSD since 4.7). Elsewhere a pool is a list, whose pointers
   * differ in every rule, so that a rule with a pool stands alone.
   */
  readonly poolValues: boolean;
  /** `af-to` may differ inside a block (OpenBSD); elsewhere it divides. */
  readonly familyFree: boolean;
  /** Whether a name is an interface group. */
  isGroup(name: string): boolean;
}

/**
 * Cuts a ruleset into superblocks: runs of rules that do the same to a packet, within which order does not matter
 * (`construct_superblocks` of pfctl_optimize.c). Every block has at least one rule.
 */
export function superblocks(rules: readonly Rule[], how: BlockRules): Rule[][] {
  const blocks: Rule[][] = [];
  let block: Rule[] = [];
  for (const rule of rules) {
    const first = block[0];
    if (first !== undefined && belongs(first, rule, how)) {
      block.push(rule);
      continue;
    }
    block = [rule];
    blocks.push(block);
  }
  return blocks;
}

/** `superblock_inclusive` */
function belongs(first: Rule, rule: Rule, how: BlockRules): boolean {
  if (isBarrier(rule) || isBarrier(first)) return false;
  if (!how.poolValues && (hasPool(rule) || hasPool(first))) return false;
  // A group may hold an interface that another rule names; who is in it changes at run time.
  if (rule.interface !== first.interface) {
    if (rule.interface !== null && how.isGroup(rule.interface)) return false;
    if (first.interface !== null && how.isGroup(first.interface)) return false;
  }
  return sameTreatment(first, rule, how);
}

// Fields whose mere presence puts a rule in a block of its own; counting sources per rule does too.
function isBarrier(rule: Rule): boolean {
  if (rule.labels.length > 0 || rule.probability !== 0 || rule.anchor !== null) return true;
  const state = rule.state;
  return (
    state !== null &&
    (state.maxStates !== 0 ||
      state.maxSrcNodes !== 0 ||
      state.maxSrcStates !== 0 ||
      state.maxSrcConn !== 0 ||
      state.maxSrcConnRate !== null ||
      state.sourceTrack === "rule")
  );
}

function hasPool(rule: Rule): boolean {
  return rule.nat !== null || rule.rdr !== null || rule.route !== null;
}

// Fields that may not differ inside a block, and those that the C table does not name. `set tos` of different
// values, `min-ttl` and `max-mss` are taken for equal there: only whether a TOS is set counts.
function sameTreatment(a: Rule, b: Rule, how: BlockRules): boolean {
  return (
    a.action === b.action &&
    a.quick === b.quick &&
    a.keepState === b.keepState &&
    a.blockReturn === b.blockReturn &&
    a.returnTtl === b.returnTtl &&
    a.tag === b.tag &&
    a.routeOption === b.routeOption &&
    a.allowOpts === b.allowOpts &&
    a.fragment === b.fragment &&
    a.once === b.once &&
    a.rtable === b.rtable &&
    a.prio === b.prio &&
    a.receivedOn === b.receivedOn &&
    a.receivedOnNegated === b.receivedOnNegated &&
    a.delay === b.delay &&
    a.maxPacketSize === b.maxPacketSize &&
    a.identifier === b.identifier &&
    (a.setTos === null) === (b.setTos === null) &&
    // The flag that the rule translates families is one of those that divide, the family is not.
    (how.familyFree ? (a.afTo === null) === (b.afTo === null) : a.afTo === b.afTo) &&
    samePair(a.queue, b.queue) &&
    samePair(a.setPrio, b.setPrio) &&
    sameLog(a.log, b.log) &&
    sameState(a.state, b.state) &&
    sameScrub(a.scrub, b.scrub) &&
    sameDivert(a.divert, b.divert) &&
    sameRate(a.maxPacketRate, b.maxPacketRate) &&
    sameDummynet(a.dummynet, b.dummynet) &&
    sameLimiters(a.limiters, b.limiters) &&
    samePool(a.nat, b.nat) &&
    samePool(a.rdr, b.rdr) &&
    samePool(a.route, b.route)
  );
}

function samePair(a: readonly [unknown, unknown] | null, b: readonly [unknown, unknown] | null): boolean {
  if (a === b) return true;
  return a !== null && b !== null && a[0] === b[0] && a[1] === b[1];
}

function sameLog(a: LogOptions | null, b: LogOptions | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return a.all === b.all && a.user === b.user && a.matches === b.matches && a.interface === b.interface;
}

// Timeouts may differ inside a block.
function sameState(a: StateOptions | null, b: StateOptions | null): boolean {
  if (a === b) return true;
  return (
    (a?.noSync ?? false) === (b?.noSync ?? false) &&
    (a?.sloppy ?? false) === (b?.sloppy ?? false) &&
    (a?.pflow ?? false) === (b?.pflow ?? false) &&
    (a?.allowRelated ?? false) === (b?.allowRelated ?? false) &&
    (a?.policy === "if-bound") === (b?.policy === "if-bound") &&
    (a?.sourceTrack ?? "no") === (b?.sourceTrack ?? "no") &&
    (a?.overload?.table ?? null) === (b?.overload?.table ?? null) &&
    (a?.overload?.flush ?? null) === (b?.overload?.flush ?? null)
  );
}

function sameScrub(a: ScrubOptions | null, b: ScrubOptions | null): boolean {
  if (a === b) return true;
  return (
    (a?.noDf ?? false) === (b?.noDf ?? false) &&
    (a?.randomId ?? false) === (b?.randomId ?? false) &&
    (a?.reassembleTcp ?? false) === (b?.reassembleTcp ?? false) &&
    (a?.fragments ?? null) === (b?.fragments ?? null) &&
    ((a?.setTos ?? null) === null) === ((b?.setTos ?? null) === null)
  );
}

function sameDivert(a: Divert | null, b: Divert | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.kind !== b.kind) return false;
  if (a.kind === "divert-reply" || b.kind === "divert-reply") return true;
  if (a.port !== b.port) return false;
  if (a.kind === "divert-packet" || b.kind === "divert-packet") return true;
  return a.address === b.address || (a.address !== null && b.address !== null && a.address.equals(b.address));
}

function sameRate(a: Rule["maxPacketRate"], b: Rule["maxPacketRate"]): boolean {
  return a === b || (a !== null && b !== null && a.limit === b.limit && a.seconds === b.seconds);
}

function sameDummynet(a: Rule["dummynet"], b: Rule["dummynet"]): boolean {
  return a === b || (a !== null && b !== null && a.kind === b.kind && a.number === b.number && a.reply === b.reply);
}

function sameLimiters(a: Rule["limiters"], b: Rule["limiters"]): boolean {
  if (a === b) return true;
  return (
    a?.state?.name === b?.state?.name &&
    a?.state?.whenFull === b?.state?.whenFull &&
    a?.source?.name === b?.source?.name &&
    a?.source?.whenFull === b?.source?.whenFull
  );
}

function samePool(a: Pool | null, b: Pool | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.type === b.type &&
    a.sticky === b.sticky &&
    a.hashKey === b.hashKey &&
    a.staticPort === b.staticPort &&
    a.ports?.low === b.ports?.low &&
    a.ports?.high === b.ports?.high &&
    a.members.length === b.members.length &&
    a.members.every((member, i) => sameMember(member, b.members[i] as PoolMember))
  );
}

function sameMember(a: PoolMember, b: PoolMember): boolean {
  return a.interface === b.interface && a.weight === b.weight && sameWrap(a.address, b.address);
}
