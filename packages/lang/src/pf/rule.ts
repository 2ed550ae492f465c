/**
 * The loaded form of pf.conf: what pfctl(8) hands to the kernel after macros, lists and interface names
 * are expanded. It is the contract between reading (`load`), printing (`print`, `pfctl -nv`) and the
 * engine. The shapes follow `struct pf_rule` and its relatives in pfvar.h of OpenBSD 7.8 and FreeBSD 15.
 */
import type { Address, Family, Source, Span } from "@pierhead/core";

export type RuleAction =
  | "pass"
  | "block"
  | "match"
  | "scrub"
  | "no scrub"
  | "nat"
  | "no nat"
  | "binat"
  | "no binat"
  | "rdr"
  | "no rdr";

/** What a `block` rule answers with. `return` picks by protocol; `drop` is silence. */
export type BlockReturn = "drop" | "return" | "return-rst" | "return-icmp";

export type Direction = "in" | "out";

/** How `(interface)` and `interface` narrow an interface's addresses: `:network`, `:broadcast`, `:peer`, `:0`. */
export interface InterfaceModifiers {
  readonly network: boolean;
  readonly broadcast: boolean;
  readonly peer: boolean;
  /** `:0`, without alias addresses. */
  readonly noAlias: boolean;
}

/** An address as a rule holds it (`struct pf_addr_wrap`). `any` is a prefix of length 0. */
export type AddressWrap =
  | { readonly kind: "any" }
  | { readonly kind: "prefix"; readonly address: Address; readonly length: number }
  | { readonly kind: "range"; readonly first: Address; readonly last: Address }
  /** `(em0:network)/24`; `lengths` are the netmask for each family (32 and 128 when not given). */
  | {
      readonly kind: "dynamic";
      readonly interface: string;
      readonly modifiers: InterfaceModifiers;
      readonly length4: number;
      readonly length6: number;
    }
  | { readonly kind: "table"; readonly name: string }
  | { readonly kind: "route-label"; readonly label: string }
  | { readonly kind: "no-route" }
  | { readonly kind: "urpf-failed" };

/** `PF_OP_*`: unary and range operators on ports, users and groups. */
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "><" | "<>" | ":";

export interface OperatorRange {
  readonly operator: Operator;
  readonly first: number;
  /** Second value of `><`, `<>` and `:`; equals `first` otherwise. */
  readonly last: number;
}

export interface RuleAddress {
  readonly address: AddressWrap;
  /** `! address`. */
  readonly negated: boolean;
  readonly port: OperatorRange | null;
}

/** `user`/`group`: ids by number; `unknown` is UID_MAX. */
export interface IdMatch {
  readonly operator: Operator;
  readonly first: number;
  readonly last: number;
}

export type PoolType = "none" | "bitmask" | "random" | "source-hash" | "round-robin" | "least-states";

/** One member of a pool: address, optionally with the interface it is reached by. */
export interface PoolMember {
  readonly address: AddressWrap;
  /** Interface of route-to and the like: the old `(interface address)` and `address@interface`; null without. */
  readonly interface: string | null;
  /** `weight N` of least-states and round-robin; 0 when not given. */
  readonly weight: number;
}

/** Target of nat-to, rdr-to, route-to and of the old `->`. */
export interface Pool {
  /** One member, except for the dialects that keep lists in the rule (OpenBSD 4.6 family, FreeBSD). */
  readonly members: readonly PoolMember[];
  readonly type: PoolType;
  readonly sticky: boolean;
  /** Key of source-hash as 32 hexadecimal digits; null when none was given (the kernel then makes one). */
  readonly hashKey: string | null;
  /** First and last port of the target; null when not given (nat: 50001 to 65535). */
  readonly ports: { readonly low: number; readonly high: number } | null;
  readonly staticPort: boolean;
  /** FreeBSD: `map-e-portset OFFSET/LENGTH/PSID`. */
  readonly mapE: { readonly offset: number; readonly length: number; readonly id: number } | null;
  /** FreeBSD: `endpoint-independent`. */
  readonly endpointIndependent: boolean;
  /** FreeBSD: `prefer-ipv6-nexthop`. */
  readonly preferIpv6NextHop: boolean;
}

/** `fastroute` is of the 4.6 family only and has no pool. */
export type RouteOption = "route-to" | "reply-to" | "dup-to" | "fastroute";

export type KeepState = "none" | "keep" | "modulate" | "synproxy";

export type TimeoutName =
  | "tcp.first"
  | "tcp.opening"
  | "tcp.established"
  | "tcp.closing"
  | "tcp.finwait"
  | "tcp.closed"
  | "tcp.tsdiff"
  | "sctp.first"
  | "sctp.opening"
  | "sctp.established"
  | "sctp.closing"
  | "sctp.closed"
  | "udp.first"
  | "udp.single"
  | "udp.multiple"
  | "icmp.first"
  | "icmp.error"
  | "other.first"
  | "other.single"
  | "other.multiple"
  | "frag"
  | "interval"
  | "adaptive.start"
  | "adaptive.end"
  | "src.track";

/** Options in the parentheses after `keep state`. One object serves all rules of a statement. */
export interface StateOptions {
  /** Timeouts in seconds; for `adaptive.*` numbers of states. */
  readonly timeouts: ReadonlyMap<TimeoutName, number>;
  readonly noSync: boolean;
  readonly sloppy: boolean;
  readonly pflow: boolean;
  /** FreeBSD: `allow-related`. */
  readonly allowRelated: boolean;
  /** `if-bound` or `floating` on the rule itself; null takes `set state-policy`. */
  readonly policy: "if-bound" | "floating" | null;
  /** 0: no limit. */
  readonly maxStates: number;
  readonly maxSrcNodes: number;
  readonly maxSrcStates: number;
  readonly maxSrcConn: number;
  readonly maxSrcConnRate: { readonly limit: number; readonly seconds: number } | null;
  readonly overload: { readonly table: string; readonly flush: "no" | "flush" | "flush global" } | null;
  readonly sourceTrack: "no" | "rule" | "global";
}

/** What `scrub (...)` on a rule or an old scrub rule asks for. */
export interface ScrubOptions {
  readonly noDf: boolean;
  readonly randomId: boolean;
  readonly reassembleTcp: boolean;
  /** 0: not set. */
  readonly minTtl: number;
  readonly maxMss: number;
  /** Old scrub rules: how fragments are treated; null on `scrub (...)`. */
  readonly fragments: "reassemble" | "crop" | "drop-overlap" | "no reassemble" | null;
  /** Old scrub rules: `set-tos`; null when not set. */
  readonly setTos: number | null;
}

export interface LogOptions {
  readonly all: boolean;
  readonly user: boolean;
  readonly matches: boolean;
  /** Number of the pflog interface. */
  readonly interface: number;
}

export type Divert =
  | { readonly kind: "divert-to"; readonly address: Address | null; readonly port: number }
  | { readonly kind: "divert-reply" }
  | { readonly kind: "divert-packet"; readonly port: number };

/** The call of an anchor by a rule of its parent. */
export interface AnchorCall {
  /** As it is to be printed: `foo`, `foo/*`, `/abs/path`; for an unnamed inline anchor pfctl's `_N`. */
  readonly name: string;
  /** Full path from the main ruleset, without the wildcard. */
  readonly path: string;
  readonly wildcard: boolean;
  /** The body was given in place. */
  readonly inline: boolean;
}

/** Where in the user's files a thing came from. */
export interface Origin {
  readonly source: Source;
  readonly span: Span;
}

/**
 * One loaded rule. Every instance has the same fields in the same order, so that the engine's loops stay fast;
 * what few rules have hangs off one nullable object each and is shared by all rules expanded from one statement.
 */
export class Rule {
  /** Position in its list (`nr`), counted as the kernel does. */
  number = 0;
  action: RuleAction = "pass";
  direction: Direction | null = null;
  quick = false;
  /** Interface or group; null is any. `any` as a name is a group of its own on some systems and is kept here. */
  interface: string | null = null;
  interfaceNegated = false;
  /**
   * What longer names before it in the statement's list left behind the name in pfctl's buffer. It shows in one place:
   * the optimizer takes two rules for equal only when this is equal too.
   */
  interfaceRest = "";
  /** `received-on`. */
  receivedOn: string | null = null;
  receivedOnNegated = false;
  family: Family | null = null;
  /** Protocol number; 0 is any. */
  protocol = 0;
  from: RuleAddress = ANY_ADDRESS;
  to: RuleAddress = ANY_ADDRESS;
  /** ICMP type and code; null is any. */
  icmpType: number | null = null;
  icmpCode: number | null = null;
  /** TCP flags `flags/flagSet`, bits of TCP_FLAG; both 0: `flags any`. */
  flags = 0;
  flagSet = 0;
  log: LogOptions | null = null;
  keepState: KeepState = "none";
  state: StateOptions | null = null;
  nat: Pool | null = null;
  rdr: Pool | null = null;
  route: Pool | null = null;
  routeOption: RouteOption | null = null;
  /** `af-to`: the family the packet is translated to. `nat` holds `from`, `rdr` holds `to`. */
  afTo: Family | null = null;
  /** Old translation rules: `nat pass`, `rdr pass`. */
  translationPass = false;
  blockReturn: BlockReturn = "drop";
  /** `return-rst (ttl N)`; 0 when not given. */
  returnTtl = 0;
  /** ICMP `type * 256 + code` that `return` sends (pf keeps both); 0 when not set. */
  returnIcmp = 0;
  returnIcmp6 = 0;
  anchor: AnchorCall | null = null;
  tag: string | null = null;
  tagged: string | null = null;
  taggedNegated = false;
  /** One label; FreeBSD has up to five. After expansion of `$nr` and the like. */
  labels: readonly string[] = NO_LABELS;
  allowOpts = false;
  fragment = false;
  once = false;
  scrub: ScrubOptions | null = null;
  user: IdMatch | null = null;
  group: IdMatch | null = null;
  /** Operating system fingerprint as written (`OpenBSD`, `Windows XP`); null is any. */
  os: string | null = null;
  /** `probability`, as the kernel keeps it: 0 is always, else of 2^32 - 1. */
  probability = 0;
  /** `tos` to match; null is any. */
  tos: number | null = null;
  /** `set tos`. */
  setTos: number | null = null;
  /** `prio N` to match; null is any. */
  prio: number | null = null;
  /** `set prio (normal, low-delay)`. */
  setPrio: readonly [number, number] | null = null;
  /** `set queue (queue, priority queue)` and ALTQ `queue`. */
  queue: readonly [string, string | null] | null = null;
  /** Routing table for the packet, -1 when not set. */
  rtable = -1;
  /** `on rdomain N`; -1 when not given. */
  onRoutingDomain = -1;
  divert: Divert | null = null;
  maxPacketRate: { readonly limit: number; readonly seconds: number } | null = null;
  /** FreeBSD: `max-pkt-size`; 0 when not given. */
  maxPacketSize = 0;
  /** `set delay` in milliseconds; 0 when not given. */
  delay = 0;
  /** `set delay` was given: pfctl prints `delay 0` too. */
  setsDelay = false;
  /** FreeBSD: `dnpipe (N, M)` or `dnqueue (N, M)`. */
  dummynet: { readonly kind: "pipe" | "queue"; readonly number: number; readonly reply: number } | null = null;
  /** FreeBSD: `ridentifier`; 0 when not given. */
  identifier = 0;
  /** FreeBSD 16 and OpenBSD 7.9: names of state and source limiters with what they do when full. */
  limiters: { readonly state: LimiterUse | null; readonly source: LimiterUse | null } | null = null;
  /** The statement it was expanded from; null for rules that no file has. */
  origin: Origin | null = null;
}

/**
 * A copy of a rule; what hangs off it is shared. Field by field, because rules are copied by the hundred thousand: a
 * test holds this against the class.
 */
export function copyRule(rule: Rule): Rule {
  const copy = new Rule();
  copy.number = rule.number;
  copy.action = rule.action;
  copy.direction = rule.direction;
  copy.quick = rule.quick;
  copy.interface = rule.interface;
  copy.interfaceNegated = rule.interfaceNegated;
  copy.interfaceRest = rule.interfaceRest;
  copy.receivedOn = rule.receivedOn;
  copy.receivedOnNegated = rule.receivedOnNegated;
  copy.family = rule.family;
  copy.protocol = rule.protocol;
  copy.from = rule.from;
  copy.to = rule.to;
  copy.icmpType = rule.icmpType;
  copy.icmpCode = rule.icmpCode;
  copy.flags = rule.flags;
  copy.flagSet = rule.flagSet;
  copy.log = rule.log;
  copy.keepState = rule.keepState;
  copy.state = rule.state;
  copy.nat = rule.nat;
  copy.rdr = rule.rdr;
  copy.route = rule.route;
  copy.routeOption = rule.routeOption;
  copy.afTo = rule.afTo;
  copy.translationPass = rule.translationPass;
  copy.blockReturn = rule.blockReturn;
  copy.returnTtl = rule.returnTtl;
  copy.returnIcmp = rule.returnIcmp;
  copy.returnIcmp6 = rule.returnIcmp6;
  copy.anchor = rule.anchor;
  copy.tag = rule.tag;
  copy.tagged = rule.tagged;
  copy.taggedNegated = rule.taggedNegated;
  copy.labels = rule.labels;
  copy.allowOpts = rule.allowOpts;
  copy.fragment = rule.fragment;
  copy.once = rule.once;
  copy.scrub = rule.scrub;
  copy.user = rule.user;
  copy.group = rule.group;
  copy.os = rule.os;
  copy.probability = rule.probability;
  copy.tos = rule.tos;
  copy.setTos = rule.setTos;
  copy.prio = rule.prio;
  copy.setPrio = rule.setPrio;
  copy.queue = rule.queue;
  copy.rtable = rule.rtable;
  copy.onRoutingDomain = rule.onRoutingDomain;
  copy.divert = rule.divert;
  copy.maxPacketRate = rule.maxPacketRate;
  copy.maxPacketSize = rule.maxPacketSize;
  copy.delay = rule.delay;
  copy.setsDelay = rule.setsDelay;
  copy.dummynet = rule.dummynet;
  copy.identifier = rule.identifier;
  copy.limiters = rule.limiters;
  copy.origin = rule.origin;
  return copy;
}

export interface LimiterUse {
  readonly name: string;
  /** Number of its definition. */
  readonly id: number;
  readonly whenFull: "block" | "no-match";
}

const NO_LABELS: readonly string[] = [];

/** `from any`, `to any`. */
export const ANY_ADDRESS: RuleAddress = { address: { kind: "any" }, negated: false, port: null };

/** FreeBSD: one `ether` rule. */
export interface EtherRule {
  number: number;
  readonly action: "pass" | "block" | "match";
  readonly direction: Direction | null;
  readonly quick: boolean;
  readonly interface: string | null;
  readonly interfaceNegated: boolean;
  readonly bridgeTo: string | null;
  /** EtherType; 0 is any. */
  readonly protocol: number;
  readonly from: EtherAddress;
  readonly to: EtherAddress;
  readonly l3From: RuleAddress;
  readonly l3To: RuleAddress;
  readonly anchor: AnchorCall | null;
  /** Where the rules in its braces are; null without braces. Two anchors of one name have each its own. */
  readonly body: Anchor | null;
  readonly tag: string | null;
  readonly tagged: string | null;
  readonly taggedNegated: boolean;
  readonly labels: readonly string[];
  readonly identifier: number;
  readonly queue: string | null;
  readonly dummynet: { readonly kind: "pipe" | "queue"; readonly number: number } | null;
  readonly origin: Origin | null;
}

/** MAC address and mask as 12 hexadecimal digits each; `address` null is any. */
export interface EtherAddress {
  readonly address: string | null;
  readonly mask: string;
  readonly negated: boolean;
}

/** One entry of a table. */
export interface TableEntry {
  readonly address: Address;
  readonly length: number;
  readonly negated: boolean;
  /** Of a table that stands for a pool: `weight N` (round-robin, least-states). */
  readonly weight?: number;
  /** Of a table that stands for a pool of route-to before OpenBSD 6.9: `address@interface`. */
  readonly interface?: string;
}

export interface Table {
  readonly name: string;
  readonly persist: boolean;
  readonly const: boolean;
  readonly counters: boolean;
  /** Entries in the order of the file; interface names already expanded. */
  readonly entries: readonly TableEntry[];
  /** The statement had an address list or file (an empty `{}` too): loading it replaces what is there. */
  readonly initialized: boolean;
  /** Dynamic `(interface)` members: the kernel keeps them as they change (FreeBSD, OpenBSD: `{ (em0) }` is refused). */
  readonly origin: Origin | null;
}

/** A ruleset with its children: the main one has path "". */
export class Anchor {
  /** Last component of the path. */
  readonly name: string;
  /** Full path, components joined by `/`; "" for the main ruleset. */
  readonly path: string;
  /** Lists that are apart in the 4.6 family and FreeBSD. On OpenBSD from 4.7 only `filter` is used. */
  scrub: Rule[] = [];
  nat: Rule[] = [];
  binat: Rule[] = [];
  rdr: Rule[] = [];
  filter: Rule[] = [];
  ether: EtherRule[] = [];
  tables: Map<string, Table> = new Map();
  children: Map<string, Anchor> = new Map();

  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }
}

/** `load anchor NAME from FILE`. */
export interface LoadAnchor {
  readonly anchor: string;
  readonly file: string;
  readonly origin: Origin;
}

/** Values of `set` statements; a field is absent when the file does not set it. */
export interface PfOptions {
  blockPolicy?: "drop" | "return";
  statePolicy?: "if-bound" | "floating";
  /** `set state-defaults`. */
  stateDefaults?: StateOptions;
  skip: { readonly interface: string; readonly negated: boolean }[];
  timeouts: Map<TimeoutName, number>;
  optimization?: "normal" | "high-latency" | "satellite" | "aggressive" | "conservative";
  rulesetOptimization?: "none" | "basic" | "profile";
  /** `states`, `frags`, `src-nodes`, `tables`, `table-entries`, `pktdelay-pkts`, `anchors`, `eth-anchors`. */
  limits: Map<string, number>;
  logInterface?: string | null;
  hostId?: number;
  debug?: string;
  fingerprints?: string;
  reassemble?: "yes" | "no" | "yes no-df";
  requireOrder?: boolean;
  syncookies?: { readonly mode: "never" | "always" | "adaptive"; readonly start: number; readonly end: number };
  failPolicy?: "drop" | "return";
  keepCounters?: boolean;
}

/** A bandwidth: bits per second, or a percentage of the parent's. */
export interface Bandwidth {
  readonly value: number;
  readonly percent: boolean;
}

export type AltqScheduler = "cbq" | "priq" | "hfsc" | "fairq" | "codel";

/** Two-piece service curve of an hfsc or fairq queue, in bits per second; `percent` keeps how it was written. */
export interface AltqServiceCurve {
  /** First slope, 0 when the curve is linear. */
  readonly m1: number;
  readonly m1Percent: number;
  /** Milliseconds of the first slope. */
  readonly d: number;
  readonly m2: number;
  readonly m2Percent: number;
}

/**
 * ALTQ (4.6 family, FreeBSD): `altq on` when `queue` is null, else one queue on one interface
 * (`struct pf_altq` after pfctl's arithmetic).
 */
export interface Altq {
  readonly interface: string;
  readonly scheduler: AltqScheduler;
  readonly queue: string | null;
  /** Parent queue; null for a queue directly under the interface. */
  readonly parent: string | null;
  /** Bits per second of the interface, and of this queue (0 on `altq on`). */
  readonly interfaceBandwidth: number;
  readonly bandwidth: number;
  /** Percentage as written; 0 when an absolute bandwidth or none was given. */
  readonly bandwidthPercent: number;
  readonly priority: number;
  readonly limit: number;
  /** Token bucket regulator, octets; `altq on` only. */
  readonly tbrSize: number;
  /** Scheduler options by name in the order pfctl prints them: `red`, `ecn`, `rio`, `default`, `borrow`, … */
  readonly flags: readonly string[];
  readonly realTime: AltqServiceCurve | null;
  readonly linkShare: AltqServiceCurve | null;
  readonly upperLimit: AltqServiceCurve | null;
  /** fairq: buckets and the hogs limit in bits per second. */
  readonly buckets: number;
  readonly hogs: number;
  /** codel: target and interval in milliseconds. */
  readonly target: number;
  readonly interval: number;
  readonly origin: Origin | null;
}

/** FreeBSD 16 and OpenBSD 7.9: `state limiter` and `source limiter` definitions. */
export interface Limiter {
  readonly kind: "state" | "source";
  readonly name: string;
  readonly id: number;
  readonly limit: number;
  readonly rate: { readonly limit: number; readonly seconds: number } | null;
  /** Source limiters: most entries, and how many bits of an address make one source. */
  readonly entries: number;
  readonly length4: number;
  readonly length6: number;
  /** Source limiters: `table <T> above N below M`. */
  readonly table: { readonly name: string; readonly above: number; readonly below: number } | null;
  readonly origin: Origin | null;
}

/** One service curve: `bandwidth 10M burst 20M for 100ms`. */
export interface ServiceCurve {
  readonly rate: Bandwidth;
  /** Rate of the burst; null without one. */
  readonly burst: Bandwidth | null;
  /** Length of the burst in milliseconds; 0 without one. */
  readonly milliseconds: number;
}

/** OpenBSD from 5.5: one queue of the tree. */
export interface QueueSpec {
  readonly name: string;
  /** Null for the root queue of an interface. */
  readonly parent: string | null;
  readonly interface: string | null;
  /** `bandwidth`; null for a queue of flows without one. */
  readonly linkShare: ServiceCurve | null;
  /** `min`. */
  readonly realtime: ServiceCurve | null;
  /** `max`. */
  readonly upperLimit: ServiceCurve | null;
  /** Number of flows of FQ-CoDel; 0 without. */
  readonly flows: number;
  readonly quantum: number;
  readonly default: boolean;
  /** 0 when not given. */
  readonly qlimit: number;
  readonly origin: Origin | null;
}

/** A whole loaded configuration of one pfctl run. */
export class PfConfiguration {
  readonly main: Anchor = new Anchor("", "");
  /** OpenBSD from 5.5: root queues each followed by their children. */
  readonly queues: QueueSpec[] = [];
  readonly options: PfOptions = { skip: [], timeouts: new Map(), limits: new Map() };
  readonly loads: LoadAnchor[] = [];
  /** 4.6 family and FreeBSD: ALTQ interfaces and queues in the order they are loaded. */
  readonly altqs: Altq[] = [];
  readonly limiters: Limiter[] = [];

  /** The anchor at `path`, made with its parents when it is not there. */
  anchor(path: string): Anchor {
    let anchor = this.main;
    for (const name of path.split("/")) {
      if (name === "") continue;
      let child = anchor.children.get(name);
      if (child === undefined) {
        child = new Anchor(name, anchor.path === "" ? name : `${anchor.path}/${name}`);
        anchor.children.set(name, child);
      }
      anchor = child;
    }
    return anchor;
  }
}
