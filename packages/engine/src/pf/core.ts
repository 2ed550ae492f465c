import type { System } from "@pierhead/core";
import { Rule } from "@pierhead/lang/pf";
import { DynamicAddressBook } from "./dynamic-address.ts";
import { EtherRulesets } from "./ether.ts";
import { FragmentCache } from "./fragment.ts";
import { InterfaceTable } from "./interface-table.ts";
import { type Kernel, kernelOf } from "./kernel.ts";
import { LimiterStore } from "./limiter.ts";
import { LoadedRule } from "./loaded-rule.ts";
import { FingerprintTable } from "./os-fingerprint.ts";
import type { PacketTest } from "./packet-test.ts";
import { RulesetTree } from "./ruleset.ts";
import type { SipKey } from "./siphash.ts";
import { SourceNodeTable } from "./source-node.ts";
import type { State } from "./state.ts";
import { StateTable } from "./state-table.ts";
import { SyncookieState } from "./syncookie-state.ts";
import { TableStore } from "./table-store.ts";
import { TagNumbers } from "./tag-number.ts";
import { DEFAULT_TIMEOUTS, TIMEOUT } from "./timeout.ts";
import type { DropReason, FilterHost, GeneratedPacket } from "./types.ts";
import { UdpMappings } from "./udp-mapping.ts";

/** How often things happened, by the names of `pfctl -si`. */
export class Counters {
  readonly reasons: Map<DropReason, number> = new Map();
  readonly limits: Map<string, number> = new Map();

  reason(reason: DropReason): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  limit(name: string): void {
    this.limits.set(name, (this.limits.get(name) ?? 0) + 1);
  }
}

/** A choice that the kernel makes at random: what could have come out. */
export interface Possibility {
  readonly what: string;
  readonly outcomes: readonly string[];
}

/**
 * Everything one packet filter knows, shared by the modules that are its parts. The public face is `PacketFilter`.
 */
export class FilterCore {
  readonly host: FilterHost;
  readonly system: System;
  readonly kernel: Kernel;
  readonly interfaces: InterfaceTable = new InterfaceTable();
  readonly tables: TableStore;
  readonly dynamics: DynamicAddressBook;
  readonly rulesets: RulesetTree;
  readonly states: StateTable;
  readonly sourceNodes: SourceNodeTable = new SourceNodeTable();
  readonly limiters: LimiterStore;
  readonly udpMappings: UdpMappings = new UdpMappings();
  readonly ether: EtherRulesets = new EtherRulesets();
  readonly fragments: FragmentCache;
  readonly syncookies: SyncookieState = new SyncookieState();
  readonly fingerprints: FingerprintTable = new FingerprintTable();
  readonly tags: TagNumbers = new TagNumbers();
  counters: Counters = new Counters();
  /** What decides when no rule matches. */
  readonly defaultRule: LoadedRule;
  readonly timeouts: Float64Array = Float64Array.from(DEFAULT_TIMEOUTS);
  readonly limits: Map<string, number> = new Map();
  reassemble: { enabled: boolean; noDf: boolean };
  hostId = 0;
  logInterface: string | null = null;
  debug = "err";
  running = true;
  /**
   * Find rules by index instead of walking the list: the same outcome, but `Evaluations` counts only the rules that were
   * looked at.
   */
  indexed = false;
  /** When counting began: seconds of the host's clock. */
  since: number;
  ruleSerial = 0;
  /** A finished test, for the next packet. */
  spareTest: PacketTest | null = null;
  /** What `modulate state` makes sequence numbers of, and how far it has counted (`pf_tcp_iss()`). */
  sequenceSecret: SipKey | null = null;
  sequenceOffset = 0;
  /** Packets pf made during the present test; the caller sends them afterwards. */
  generated: GeneratedPacket[] = [];
  /** Random choices of the present test. */
  possible: Possibility[] = [];
  /** Where the purge goes on (`pf_purge_expired_states()`). */
  purgeCursor: State | null = null;
  secondsToPurge = 0;

  constructor(host: FilterHost, system: System) {
    this.host = host;
    this.system = system;
    this.kernel = kernelOf(system);
    this.tables = new TableStore(() => this.seconds());
    this.dynamics = new DynamicAddressBook(this.interfaces, this.kernel.noAliasSkipsLinkLocal);
    this.rulesets = new RulesetTree((path) => this.tables.has(path));
    this.tables.onEmptied = (path) => {
      const ruleset = this.rulesets.find(path);
      if (ruleset !== null) this.rulesets.removeIfEmpty(ruleset);
    };
    this.limiters = new LimiterStore((table, network, length, present) =>
      this.tables.setNetwork(table, network, length, present),
    );
    this.states = new StateTable(this.interfaces.all);
    this.fragments = new FragmentCache(this.kernel.fragmentLimit);
    this.timeouts[TIMEOUT.fragment] = this.kernel.fragmentTimeout;
    this.reassemble = { enabled: this.kernel.reassembles, noDf: false };
    this.limits.set("states", this.kernel.stateLimit);
    this.limits.set("src-nodes", this.kernel.sourceNodeLimit);
    this.limits.set("frags", this.kernel.fragmentLimit);
    this.defaultRule = new LoadedRule(
      new Rule(),
      null,
      null,
      -1,
      -1,
      { ifBound: false, now: 0, windowRates: false },
      {
        attachTable: (name) => this.tables.attach("", name),
        dynamic: (wrap, family) => this.dynamics.get(wrap, family),
      },
      this.interfaces,
    );
    this.since = this.seconds();
  }

  /** Whole seconds since boot (`getuptime()`). */
  seconds(): number {
    return Math.floor(this.host.now());
  }

  /** `arc4random()`. */
  random(): number {
    return this.host.random() >>> 0;
  }

  /** `arc4random_uniform()`: 0 to `bound` - 1. */
  randomBelow(bound: number): number {
    if (bound < 2) return 0;
    const minimum = 0x1_0000_0000 % bound;
    let number = this.random();
    // A generator that never gets high enough must not hang us.
    for (let tries = 0; number < minimum && tries < 64; tries++) number = this.random();
    return number % bound;
  }

  /** Timeout of a rule, or the general one when the rule has none. */
  timeout(rule: LoadedRule, index: number): number {
    const own = rule.timeouts === null ? 0 : (rule.timeouts[index] as number);
    return own === 0 ? (this.timeouts[index] as number) : own;
  }
}
