import type { Family } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import { IN, OUT, STATE_FLAG } from "./constants.ts";
import type { InterfaceTable, Kif } from "./interface-table.ts";
import { type AddressResolver, LoadedAddress, OPERATOR } from "./loaded-address.ts";
import { LoadedPool } from "./loaded-pool.ts";
import type { StateActions } from "./rule-context.ts";
import type { Ruleset } from "./ruleset.ts";
import type { AddressTable } from "./table.ts";
import { Threshold } from "./threshold.ts";
import { ruleTimeouts } from "./timeout.ts";
import type { RuleReference } from "./types.ts";

/** What a rule does in the filter: `PF_PASS`, `PF_DROP`, `PF_MATCH`; translation rules of other systems have their own. */
export const RULE_ACTION = { pass: 0, block: 1, match: 2, translate: 3, noTranslate: 4, scrub: 5, noScrub: 6 } as const;

export const KEEP_STATE = { none: 0, keep: 1, modulate: 2, synproxy: 3 } as const;

const RETURN_PORT_UNREACHABLE = (3 << 8) | 3;
const RETURN_PORT_UNREACHABLE6 = (1 << 8) | 4;

/** Places of the skip steps of a rule: the next rule that differs in this. */
export const SKIP = {
  interface: 0,
  direction: 1,
  routingDomain: 2,
  family: 3,
  protocol: 4,
  source: 5,
  destination: 6,
  sourcePort: 7,
  destinationPort: 8,
  count: 9,
} as const;

/** Settings of the load a rule came with. */
export interface RuleDefaults {
  readonly ifBound: boolean;
  readonly now: number;
  /** How rates are counted ({@link Threshold}). */
  readonly windowRates: boolean;
}

/**
 * A rule in the kernel (`struct pf_rule`): numbers to compare packets with, pools with their position, counters, and
 * how many states depend on it.
 */
export class LoadedRule {
  readonly rule: Rule;
  readonly ruleset: Ruleset | null;
  /** Order in which rules were loaded: the kernel sorts source nodes by the rule's address. */
  readonly serial: number;
  readonly action: number;
  readonly quick: boolean;
  readonly direction: number;
  readonly kif: Kif | null;
  readonly kifNegated: boolean;
  readonly receivedOn: Kif | null;
  readonly receivedOnNegated: boolean;
  readonly onRoutingDomain: number;
  readonly family: number;
  readonly protocol: number;
  readonly source: LoadedAddress;
  readonly destination: LoadedAddress;
  /** ICMP type and code plus one; 0 is any. */
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly flags: number;
  readonly flagSet: number;
  readonly userOperator: number;
  readonly groupOperator: number;
  readonly fragmentOnly: boolean;
  readonly tos: number;
  readonly probability: number;
  readonly tagged: string | null;
  readonly taggedNegated: boolean;
  readonly prio: number;
  readonly os: string | null;
  readonly once: boolean;
  readonly rate: Threshold | null;
  /** Conditions that few rules have: one test tells that there are none. */
  readonly isPlain: boolean;
  readonly anchor: Ruleset | null;
  readonly anchorWildcard: boolean;
  readonly keepState: number;
  readonly ifBound: boolean;
  readonly sloppy: boolean;
  readonly nat: LoadedPool | null;
  readonly rdr: LoadedPool | null;
  readonly route: LoadedPool | null;
  readonly afTo: Family | 0;
  readonly scrubFlags: number;
  readonly minTtl: number;
  readonly maxMss: number;
  readonly setTos: number;
  readonly setPrioNormal: number;
  readonly setPrioLowDelay: number;
  readonly timeouts: Float64Array | null;
  /** A binat rule: it works in both directions. */
  readonly isBinat: boolean;
  readonly maxStates: number;
  readonly maxSrcNodes: number;
  readonly maxSrcStates: number;
  readonly maxSrcConn: number;
  readonly maxSrcConnRate: { readonly limit: number; readonly seconds: number } | null;
  readonly sourceTrack: boolean;
  readonly overload: AddressTable | null;
  readonly flush: "no" | "flush" | "flush global";
  readonly returnsRst: boolean;
  readonly returnsIcmp: boolean;
  readonly returns: boolean;
  readonly returnIcmp: number;
  readonly returnIcmp6: number;
  readonly tables: readonly AddressTable[];

  /** Place in its list; -1 once it is out of it. */
  number: number;
  readonly skip: Int32Array = new Int32Array(SKIP.count);
  /** A `once` rule that has matched. */
  expired = false;
  evaluations = 0;
  readonly packets: Float64Array = new Float64Array(2);
  readonly bytes: Float64Array = new Float64Array(2);
  states = 0;
  statesTotal = 0;
  sourceNodes = 0;
  unlinked = false;
  /** What results say of it, once they did. */
  reference: RuleReference | null = null;
  /** What its last state does to packets: most states of a rule do the same. */
  stateActions: StateActions | null = null;
  /** Tables and anchors have been let go. */
  released = false;

  constructor(
    rule: Rule,
    ruleset: Ruleset | null,
    anchor: Ruleset | null,
    serial: number,
    number: number,
    defaults: RuleDefaults,
    resolver: AddressResolver,
    interfaces: InterfaceTable,
  ) {
    const tables: AddressTable[] = [];
    const collecting: AddressResolver = {
      attachTable: (name) => {
        const table = resolver.attachTable(name);
        tables.push(table);
        return table;
      },
      dynamic: (wrap, family) => resolver.dynamic(wrap, family),
    };
    this.rule = rule;
    this.ruleset = ruleset;
    this.serial = serial;
    this.number = number;
    this.action = actionOf(rule);
    this.quick = rule.quick;
    this.direction = rule.direction === null ? 0 : rule.direction === "in" ? IN : OUT;
    this.kif = rule.interface === null ? null : interfaces.get(rule.interface);
    this.kifNegated = rule.interfaceNegated;
    this.receivedOn = rule.receivedOn === null ? null : interfaces.get(rule.receivedOn);
    this.receivedOnNegated = rule.receivedOnNegated;
    this.onRoutingDomain = rule.onRoutingDomain;
    this.family = rule.family ?? 0;
    this.protocol = rule.protocol;
    this.source = new LoadedAddress(rule.from, rule.family, collecting);
    this.destination = new LoadedAddress(rule.to, rule.family, collecting);
    this.icmpType = rule.icmpType === null ? 0 : rule.icmpType + 1;
    this.icmpCode = rule.icmpCode === null ? 0 : rule.icmpCode + 1;
    this.flags = rule.flags;
    this.flagSet = rule.flagSet;
    this.userOperator = rule.user === null ? 0 : OPERATOR[rule.user.operator];
    this.groupOperator = rule.group === null ? 0 : OPERATOR[rule.group.operator];
    this.fragmentOnly = rule.fragment;
    this.tos = rule.tos ?? 0;
    this.probability = rule.probability;
    this.tagged = rule.tagged;
    this.taggedNegated = rule.taggedNegated;
    this.prio = rule.prio ?? -1;
    this.os = rule.os;
    this.once = rule.once;
    this.rate =
      rule.maxPacketRate === null
        ? null
        : new Threshold(rule.maxPacketRate.limit, rule.maxPacketRate.seconds, defaults.now, defaults.windowRates);
    this.anchor = anchor;
    this.anchorWildcard = rule.anchor?.wildcard ?? false;
    this.keepState = KEEP_STATE[rule.keepState];
    const state = rule.state;
    this.ifBound = state?.policy === null || state === null ? defaults.ifBound : state.policy === "if-bound";
    this.sloppy = state?.sloppy ?? false;
    // The kernel looks up dynamic addresses of all pools in the family of the rule, af-to or not.
    const pool = (given: Rule["nat"], isNat: boolean): LoadedPool | null =>
      given === null || given.members.length === 0
        ? null
        : new LoadedPool(given, isNat, rule.family, collecting, interfaces);
    this.nat = pool(rule.nat, true);
    this.rdr = pool(rule.rdr, false);
    this.route = pool(rule.route, false);
    this.afTo = rule.afTo ?? 0;
    const scrub = rule.scrub;
    const setTos = rule.setTos ?? scrub?.setTos ?? null;
    this.scrubFlags =
      (scrub?.noDf === true ? STATE_FLAG.noDf : 0) |
      (scrub?.randomId === true ? STATE_FLAG.randomId : 0) |
      (scrub?.reassembleTcp === true ? STATE_FLAG.scrubTcp : 0) |
      (setTos !== null ? STATE_FLAG.setTos : 0) |
      (rule.setPrio !== null ? STATE_FLAG.setPrio : 0);
    this.minTtl = scrub?.minTtl ?? 0;
    this.maxMss = scrub?.maxMss ?? 0;
    this.setTos = setTos ?? 0;
    this.setPrioNormal = rule.setPrio?.[0] ?? 0;
    this.setPrioLowDelay = rule.setPrio?.[1] ?? 0;
    this.timeouts = ruleTimeouts(state?.timeouts);
    this.isBinat = rule.action === "binat" || rule.action === "no binat";
    this.maxStates = state?.maxStates ?? 0;
    this.maxSrcNodes = state?.maxSrcNodes ?? 0;
    this.maxSrcStates = state?.maxSrcStates ?? 0;
    this.maxSrcConn = state?.maxSrcConn ?? 0;
    this.maxSrcConnRate = state?.maxSrcConnRate ?? null;
    this.sourceTrack =
      state !== null &&
      (state.sourceTrack !== "no" ||
        this.maxSrcNodes + this.maxSrcStates + this.maxSrcConn > 0 ||
        this.maxSrcConnRate !== null);
    this.overload = state?.overload == null ? null : collecting.attachTable(state.overload.table);
    this.flush = state?.overload?.flush ?? "no";
    this.returnsRst = rule.blockReturn === "return-rst";
    this.returnsIcmp = rule.blockReturn === "return-icmp";
    this.returns = rule.blockReturn === "return";
    this.returnIcmp = rule.returnIcmp !== 0 ? rule.returnIcmp : this.returns ? RETURN_PORT_UNREACHABLE : 0;
    this.returnIcmp6 = rule.returnIcmp6 !== 0 ? rule.returnIcmp6 : this.returns ? RETURN_PORT_UNREACHABLE6 : 0;
    this.tables = tables;
    this.isPlain =
      !this.fragmentOnly &&
      this.tos === 0 &&
      this.probability === 0 &&
      this.tagged === null &&
      this.receivedOn === null &&
      rule.limiters === null &&
      this.prio === -1 &&
      this.rate === null;
  }

  /** States or source nodes still need the rule. */
  get isInUse(): boolean {
    return this.states > 0 || this.sourceNodes > 0;
  }
}

function actionOf(rule: Rule): number {
  switch (rule.action) {
    case "pass":
      return RULE_ACTION.pass;
    case "block":
      return RULE_ACTION.block;
    case "match":
      return RULE_ACTION.match;
    case "scrub":
      return RULE_ACTION.scrub;
    case "no scrub":
      return RULE_ACTION.noScrub;
    case "nat":
    case "binat":
    case "rdr":
      return RULE_ACTION.translate;
    default:
      return RULE_ACTION.noTranslate;
  }
}

/** `pf_calc_skip_steps()`: from each rule and criterion, the next rule that says something else. */
export function computeSkipSteps(rules: readonly LoadedRule[]): void {
  const heads = new Int32Array(SKIP.count);
  const close = (step: number, until: number): void => {
    for (let i = heads[step] as number; i < until; i++) (rules[i] as LoadedRule).skip[step] = until;
    heads[step] = until;
  };
  for (let i = 1; i < rules.length; i++) {
    const rule = rules[i] as LoadedRule;
    const previous = rules[i - 1] as LoadedRule;
    if (rule.kif !== previous.kif || rule.kifNegated !== previous.kifNegated) close(SKIP.interface, i);
    if (rule.direction !== previous.direction) close(SKIP.direction, i);
    if (rule.onRoutingDomain !== previous.onRoutingDomain || rule.kifNegated !== previous.kifNegated) {
      close(SKIP.routingDomain, i);
    }
    if (rule.family !== previous.family) close(SKIP.family, i);
    if (rule.protocol !== previous.protocol) close(SKIP.protocol, i);
    if (!rule.source.sameAddress(previous.source)) close(SKIP.source, i);
    if (!rule.destination.sameAddress(previous.destination)) close(SKIP.destination, i);
    if (!rule.source.samePort(previous.source)) close(SKIP.sourcePort, i);
    if (!rule.destination.samePort(previous.destination)) close(SKIP.destinationPort, i);
  }
  for (let step = 0; step < SKIP.count; step++) close(step, rules.length);
}
