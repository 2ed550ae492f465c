/**
 * The contract between pf and the network stack around it (`network/`), between both and those who show results.
 * `PacketFilter.test` is `pf_test()`: one packet, one direction, one interface.
 */
import type { Address, Family, InterfaceAddress, LinkState, Packet, Span } from "@pierhead/core";
import type { Direction, Rule } from "@pierhead/lang/pf";

/** What the kernel keeps with a packet beside its bytes (`m_pkthdr.pf`): survives from the pass in to the pass out. */
export interface PacketContext {
  /** Interface the packet was received on; null for packets the host makes itself. */
  receivedOn: string | null;
  /** Name of the tag, null without. */
  tag: string | null;
  /** Routing table for lookups of this packet. */
  rtable: number;
  prio: number;
  queue: string | null;
  /** State that passed the packet in (`pf_find_state` uses it on the way out); the engine's own object. */
  stateKey: unknown;
  /** Made by pf, or already handled by it: pf does not look again. */
  generated: boolean;
  /** Re-injected after `divert-packet`. */
  divertedPacket: boolean;
  /** Address translation sent it to this host (`PF_TAG_TRANSLATE_LOCALHOST`). */
  translatedToLocalhost: boolean;
  /** How often route-to and af-to have passed it on; a loop ends at the kernel's limit. */
  routed: number;
  /** Milliseconds of `set delay`. */
  delay: number;
  /** The packet was made of fragments by pf, with this largest fragment size; 0 otherwise. */
  refragmentSize: number;
  /** FreeBSD: dummynet pipe or queue the packet goes through. */
  dummynet: { readonly kind: "pipe" | "queue"; readonly number: number } | null;
  /** FreeBSD: dup-to has made a copy. */
  duplicated?: boolean;
  /** The connection belongs to a local socket: what `user`, `group` and `divert` need. */
  socket: { readonly user: number; readonly group: number } | null;
}

/** Why a packet was not passed, in the words pflog uses (`PFRES_NAMES`). */
export type DropReason =
  | "match"
  | "bad-offset"
  | "fragment"
  | "short"
  | "normalize"
  | "memory"
  | "bad-timestamp"
  | "congestion"
  | "ip-option"
  | "proto-cksum"
  | "state-mismatch"
  | "state-insert"
  | "state-limit"
  | "src-limit"
  | "synproxy"
  | "translate"
  | "no-route"
  | "map-failed";

export type FilterVerdict =
  | "pass"
  | "block"
  /** A fragment that waits for the others. */
  | "held"
  /** pf answered the SYN itself. */
  | "synproxy"
  /** The packet was translated to the other family; `translated` goes on in its place. */
  | "af-translated"
  | "divert";

/** A rule that took part, with where it stands. */
export interface RuleReference {
  readonly rule: Rule;
  /** Path of the anchor it is in; "" is the main ruleset. */
  readonly anchor: string;
  /** Its ruleset has been replaced since: only states still know the rule. */
  readonly unlinked: boolean;
}

/** One thing that happened while rules were evaluated, in order: what `trace` shows. */
export type EvaluationStep =
  | { readonly kind: "rule"; readonly rule: Rule; readonly anchor: string; readonly matched: true }
  | {
      readonly kind: "rule";
      readonly rule: Rule;
      readonly anchor: string;
      readonly matched: false;
      readonly failed: string;
    }
  | { readonly kind: "enter-anchor"; readonly rule: Rule; readonly path: string }
  | { readonly kind: "leave-anchor"; readonly path: string; readonly decided: boolean }
  | {
      readonly kind: "translate";
      readonly rule: Rule;
      readonly what: "nat" | "rdr" | "binat" | "af-to" | "scrub";
      readonly before: Packet;
      readonly after: Packet;
    }
  | { readonly kind: "note"; readonly text: string };

/** Where `route-to`, `reply-to` or `dup-to` sends a packet. */
export interface RouteDecision {
  readonly option: "route-to" | "reply-to" | "dup-to";
  /** Gateway, or null: the packet's own destination is looked for on that interface. */
  readonly gateway: Address | null;
  /** Interface; null: found by a route lookup of the gateway (from OpenBSD 6.9). */
  readonly interface: string | null;
}

/** A packet pf itself sends: RST, ICMP error, ABORT, the synproxy's SYN. */
export interface GeneratedPacket {
  readonly packet: Packet;
  readonly context: PacketContext;
  /** True: it goes through the stack's output, unfiltered; the route is looked up by the stack. */
  readonly reason: string;
}

/** A test that another one made first, with what came to be known of its packet. */
export interface EarlierTest {
  readonly result: FilterResult;
  readonly context: PacketContext;
}

export interface FilterResult {
  readonly verdict: FilterVerdict;
  readonly reason: DropReason | null;
  /** Rule that decided or that made the state which matched; null for the default rule. */
  readonly rule: RuleReference | null;
  /** Rule whose anchor holds `rule`; null when `rule` is in the main ruleset. */
  readonly anchorRule: Rule | null;
  /** Path of the anchor that `anchorRule` is in: "" unless anchors are nested. */
  readonly anchorRuleAnchor: string;
  /** `match` rules recorded, last first. */
  readonly matchRules: readonly RuleReference[];
  /** pf did not look: `set skip`, or a packet it made itself. */
  readonly skipped: "skip" | "generated" | null;
  readonly state: "new" | "existing" | null;
  /** Direction of the packet that made the state: what decides how af-to goes on (FreeBSD `pf_route`). */
  readonly stateDirection?: Direction | null;
  /** The packet as it goes on; the object that was passed in, rewritten, unless it was reassembled or translated. */
  readonly packet: Packet;
  /** What the caller does with this packet (`pf_route()`); null when the state has no route or this is the other way. */
  readonly route: RouteDecision | null;
  /** Route option of the state, whether or not it concerns this packet's direction. */
  readonly routeOption: "route-to" | "reply-to" | "dup-to" | null;
  /**
   * FreeBSD: an if-bound state whose packets leave by another way than they are tested on; to be called with the name of
   * the interface, once it is known, before anything is tested there. Null when there is nothing to bind.
   */
  readonly bind: ((leaving: string) => void) | null;
  /** FreeBSD: the packet as its sender knows it, for errors about it; null when nothing was translated. */
  readonly untranslated: ((packet: Packet) => Packet) | null;
  /** Passed, but gone: it was routed too often (`pf_routed`). */
  readonly discarded: boolean;
  /** Out: destination or routing table changed, the caller looks for a route again (`PF_TAG_REROUTE`). */
  readonly reroute: boolean;
  /** What the counters of `pfctl -si` book, which is sometimes more exact than `reason`; null when passed. */
  readonly cause: DropReason | null;
  /** Tests this one made first, on the same interface: the SYN that a valid syncookie stands for. */
  readonly before: readonly EarlierTest[];
  /** Interface and gateway by random choice: all that could have come out, when more than one could. */
  readonly possible: readonly { readonly what: string; readonly outcomes: readonly string[] }[];
  readonly divert: {
    readonly kind: "divert-to" | "divert-reply" | "divert-packet";
    readonly address: Address | null;
    readonly port: number;
  } | null;
  readonly generated: readonly GeneratedPacket[];
  /** What was evaluated, when the caller asked for a trace; empty otherwise. */
  readonly steps: readonly EvaluationStep[];
}

/** What pf asks of the machine it runs on. */
export interface FilterHost {
  /** Interfaces in system order. */
  interfaces(): readonly FilterInterface[];
  /** Route for an address in a routing table; null when there is none. */
  route(address: Address, table: number): HostRoute | null;
  /** Monotonic seconds; fractions allowed. */
  now(): number;
  /** Next pseudo-random unsigned 32-bit number of the seeded generator. */
  random(): number;
  /** Owner of the local socket for a connection: for `user` and `group`; null when there is none. */
  socketOwner(packet: Packet, direction: Direction): { readonly user: number; readonly group: number } | null;
}

export interface FilterInterface {
  readonly name: string;
  readonly groups: readonly string[];
  readonly addresses: readonly InterfaceAddress[];
  readonly link: LinkState;
  readonly kind: "broadcast" | "point-to-point" | "loopback";
  readonly mtu: number;
  readonly routingDomain: number;
}

export interface HostRoute {
  readonly family: Family;
  readonly destination: Address;
  readonly length: number;
  /** Interface the packet leaves by. */
  readonly interface: string;
  /** Next hop; null for a destination that is on the link. */
  readonly gateway: Address | null;
  readonly label: string | null;
  readonly reject: boolean;
  /** The address is one of this machine's. */
  readonly local: boolean;
}

/** Where a thing is in the user's files, for reports. */
export interface Place {
  readonly file: string;
  readonly span: Span;
}
