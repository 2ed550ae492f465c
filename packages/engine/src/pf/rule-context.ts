import { ACTION_FLAGS, STATE_FLAG } from "./constants.ts";
import type { Description } from "./description.ts";
import type { SourceLimiter, StateLimiter } from "./limiter.ts";
import type { LoadedPool } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { Cursor } from "./rule-index.ts";
import type { Ruleset } from "./ruleset.ts";
import type { NodeSlots } from "./source-node.ts";
import type { KeyDrafts } from "./translation-key.ts";
import type { EvaluationStep } from "./types.ts";
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
  readonly steps: EvaluationStep[] | null;

  constructor(description: Description, defaultRule: LoadedRule, steps: EvaluationStep[] | null, actions: Actions) {
    this.description = description;
    this.tag = description.context.tag;
    this.rule = defaultRule;
    this.steps = steps;
    this.actions = actions;
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
