import { ACTION_FLAGS, type Action, DROP, STATE_FLAG } from "./constants.ts";
import type { Description } from "./description.ts";
import type { SourceLimiter, StateLimiter } from "./limiter.ts";
import type { LoadedPool } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { Cursor } from "./rule-index.ts";
import type { Ruleset } from "./ruleset.ts";
import type { NodeSlots } from "./source-node.ts";
import type { State } from "./state.ts";
import type { KeyDrafts } from "./translation-key.ts";
import type { EvaluationStep, RouteDecision } from "./types.ts";
import type { UdpMapping } from "./udp-mapping.ts";

/** What the rules that matched want done with a packet (`struct pf_rule_actions`). */
export class Actions {
  /** -1: none set. */
  rtable = -1;
  queue: string | null = null;
  priorityQueue: string | null = null;
  setTos = 0;
  minTtl = 0;
  maxMss = 0;
  flags = 0;
  setPrioNormal = 0;
  setPrioLowDelay = 0;
  delay = 0;
  dummynet: LoadedRule["rule"]["dummynet"] = null;
  allowOptions = false;
  /** 0: any. */
  maxPacketSize = 0;

  /** As if it were new. */
  reset(): void {
    this.rtable = -1;
    this.queue = null;
    this.priorityQueue = null;
    this.setTos = 0;
    this.minTtl = 0;
    this.maxMss = 0;
    this.flags = 0;
    this.setPrioNormal = 0;
    this.setPrioLowDelay = 0;
    this.delay = 0;
    this.dummynet = null;
    this.allowOptions = false;
    this.maxPacketSize = 0;
  }

  /** `pf_rule_to_actions()`. */
  add(rule: LoadedRule): void {
    const source = rule.rule;
    if (source.queue !== null) {
      this.queue = source.queue[0];
      this.priorityQueue = source.queue[1] ?? source.queue[0];
    }
    if (source.rtable >= 0) this.rtable = source.rtable;
    if ((rule.scrubFlags & STATE_FLAG.setTos) !== 0) this.setTos = rule.setTos;
    if (rule.minTtl !== 0) this.minTtl = rule.minTtl;
    if (rule.maxMss !== 0) this.maxMss = rule.maxMss;
    this.flags |= rule.scrubFlags & ACTION_FLAGS;
    if ((rule.scrubFlags & STATE_FLAG.setPrio) !== 0) {
      this.setPrioNormal = rule.setPrioNormal;
      this.setPrioLowDelay = rule.setPrioLowDelay;
    }
    if (source.delay !== 0) this.delay = source.delay;
    if (source.dummynet !== null) this.dummynet = source.dummynet;
    if (source.allowOpts) this.allowOptions = true;
    if (source.maxPacketSize !== 0) this.maxPacketSize = source.maxPacketSize;
  }
}

/** {@link Actions} as a state keeps them: never changed, and shared by states that do the same. */
export class StateActions {
  readonly queue: string | null;
  readonly priorityQueue: string | null;
  readonly setTos: number;
  readonly minTtl: number;
  readonly maxMss: number;
  readonly setPrioNormal: number;
  readonly setPrioLowDelay: number;
  readonly delay: number;
  readonly dummynet: LoadedRule["rule"]["dummynet"];
  readonly maxPacketSize: number;

  constructor(actions: Actions) {
    this.queue = actions.queue;
    this.priorityQueue = actions.priorityQueue;
    this.setTos = actions.setTos;
    this.minTtl = actions.minTtl;
    this.maxMss = actions.maxMss;
    this.setPrioNormal = actions.setPrioNormal;
    this.setPrioLowDelay = actions.setPrioLowDelay;
    this.delay = actions.delay;
    this.dummynet = actions.dummynet;
    this.maxPacketSize = actions.maxPacketSize;
  }

  /** What these actions are to a state: `known` when that is the same. */
  static of(actions: Actions, known: StateActions | null): StateActions {
    return known !== null &&
      known.queue === actions.queue &&
      known.priorityQueue === actions.priorityQueue &&
      known.setTos === actions.setTos &&
      known.minTtl === actions.minTtl &&
      known.maxMss === actions.maxMss &&
      known.setPrioNormal === actions.setPrioNormal &&
      known.setPrioLowDelay === actions.setPrioLowDelay &&
      known.delay === actions.delay &&
      known.dummynet === actions.dummynet &&
      known.maxPacketSize === actions.maxPacketSize
      ? known
      : new StateActions(actions);
  }
}

/** Shared by all evaluations in which no match rule had a part; never filled. */
const NO_RULES: LoadedRule[] = [];

/** One evaluation of the rules (`struct pf_test_ctx`). */
export class RuleContext {
  readonly description: Description;
  readonly actions: Actions;
  /** Tag as the evaluation leaves it: what the packet brought until a rule sets another. */
  tag: string | null;
  /** Whether a rule has set the tag. */
  tagSet = false;
  icmpType = 0;
  icmpCode = 0;
  /** The packet asks (in) or answers (out), for ICMP. */
  icmpDirection = 0;
  /** An ICMP error: it makes no state of its own. */
  isIcmpError = false;
  virtualType = 0;
  virtualId = 0;
  /** `match` rules, first to last. */
  matched: LoadedRule[] = NO_RULES;
  readonly nodes: NodeSlots = [null, null, null, null];
  /** The last rule that translated. */
  natRule: LoadedRule | null = null;
  /** Pool it took the address from. */
  natPool: LoadedPool | null = null;
  /** Translation rule that was found before the filter rules are evaluated. */
  translation: LoadedRule | null = null;
  /** Keys of the state to be, once a rule has translated (kernels that translate first). */
  keys: KeyDrafts | null = null;
  /** Limiters the rule being looked at takes its states from, and those of the last rule that matched. */
  stateLimiter: StateLimiter | null = null;
  sourceLimiter: SourceLimiter | null = null;
  chosenStateLimiter: StateLimiter | null = null;
  chosenSourceLimiter: SourceLimiter | null = null;
  /** A limiter is full, and its rule says that the packet is dropped then. */
  limited: "state-limit" | "src-limit" | null = null;
  /** `endpoint-independent`: mapping of the source that the state will share. */
  udpMapping: UdpMapping | null = null;
  /** The last rule that matched; the default rule until one does. */
  rule: LoadedRule;
  /** Rule whose anchor `rule` is in. */
  anchorRule: LoadedRule | null = null;
  /** Rule whose anchor is being evaluated. */
  currentAnchor: LoadedRule | null = null;
  steps: EvaluationStep[] | null = null;
  /** What came of it, filled in by those who let the rules decide: the state that was made, if one was. */
  action: Action = DROP;
  state: State | null = null;
  /** Headers changed while the state was made: a modulated sequence number, timestamps. */
  rewritten = false;
  /** Where route-to and the like send a packet, with or without state (kernels that translate first). */
  route: RouteDecision | null = null;

  constructor(description: Description, defaultRule: LoadedRule) {
    this.description = description;
    this.tag = null;
    this.rule = defaultRule;
    this.actions = description.actions;
  }

  /** Gets ready for the packet of the description. */
  begin(defaultRule: LoadedRule, steps: EvaluationStep[] | null): void {
    this.tag = this.description.context.tag;
    this.tagSet = false;
    this.icmpType = 0;
    this.icmpCode = 0;
    this.icmpDirection = 0;
    this.isIcmpError = false;
    this.virtualType = 0;
    this.virtualId = 0;
    this.matched = NO_RULES;
    this.nodes.fill(null);
    this.natRule = null;
    this.natPool = null;
    this.translation = null;
    this.keys = null;
    this.stateLimiter = null;
    this.sourceLimiter = null;
    this.chosenStateLimiter = null;
    this.chosenSourceLimiter = null;
    this.limited = null;
    this.udpMapping = null;
    this.rule = defaultRule;
    this.anchorRule = null;
    this.currentAnchor = null;
    this.steps = steps;
    this.action = DROP;
    this.state = null;
    this.rewritten = false;
    this.route = null;
  }

  /** `match` rules that had a part, last first: for whoever keeps them. */
  get matchedLastFirst(): readonly LoadedRule[] {
    return this.matched.length === 0 ? NO_RULES : [...this.matched].reverse();
  }

  /** OpenBSD looks routes up in the table the rules have chosen so far, others in that of the packet. */
  get lookupTable(): number {
    const { kernel } = this.description.core;
    return kernel.separateTranslation ? this.description.context.rtable : this.actions.rtable;
  }

  /** A rule matched: it decides, unless another one matches later. */
  choose(rule: LoadedRule, isLimited: boolean): void {
    this.rule = rule;
    this.anchorRule = this.currentAnchor;
    this.chosenStateLimiter = isLimited ? this.stateLimiter : null;
    this.chosenSourceLimiter = isLimited ? this.sourceLimiter : null;
  }

  addMatched(rule: LoadedRule): void {
    if (this.matched === NO_RULES) this.matched = [rule];
    else this.matched.push(rule);
  }

  setTag(tag: string): void {
    this.tag = tag;
    this.tagSet = true;
  }
}

/** A place to come back to when an anchor has been evaluated. */
export interface AnchorFrame {
  readonly ruleset: Ruleset;
  readonly anchor: LoadedRule | null;
  readonly index: number;
  /** Anchors a wildcard call visits; null for a plain call. */
  readonly children: readonly Ruleset[] | null;
  readonly child: number;
  /** Candidates of the ruleset that is left; null when it is walked. */
  readonly cursor: Cursor | null;
}
