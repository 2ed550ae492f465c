import { ACTION_FLAGS, STATE_FLAG } from "./constants.ts";
import type { Description } from "./description.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { Ruleset } from "./ruleset.ts";
import { NODE, type NodeSlots } from "./source-node.ts";
import type { EvaluationStep } from "./types.ts";

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
  }
}

/** One evaluation of the rules (`struct pf_test_ctx`). */
export class RuleContext {
  readonly description: Description;
  readonly actions: Actions = new Actions();
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
  readonly matched: LoadedRule[] = [];
  readonly nodes: NodeSlots = new Array<null>(NODE.count).fill(null);
  /** The last rule that translated. */
  natRule: LoadedRule | null = null;
  /** The last rule that matched; the default rule until one does. */
  rule: LoadedRule;
  /** Rule whose anchor `rule` is in. */
  anchorRule: LoadedRule | null = null;
  /** Rule whose anchor is being evaluated. */
  currentAnchor: LoadedRule | null = null;
  readonly steps: EvaluationStep[] | null;

  constructor(description: Description, defaultRule: LoadedRule, steps: EvaluationStep[] | null) {
    this.description = description;
    this.tag = description.context.tag;
    this.rule = defaultRule;
    this.steps = steps;
    this.actions.rtable = description.routingDomain;
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
}
