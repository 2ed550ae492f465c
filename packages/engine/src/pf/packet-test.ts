import { type Action, PASS } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import { Description } from "./description.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import { RuleContext } from "./rule-context.ts";
import type { State } from "./state.ts";
import type { EvaluationStep, RouteDecision } from "./types.ts";

const NO_RULES: readonly LoadedRule[] = [];

/**
 * Everything `pf_test()` works with for one packet. It is used again for the next one: nothing that outlives the test
 * may hold on to it or to its parts.
 */
export class PacketTest {
  readonly packet: Description;
  readonly rules: RuleContext;
  steps: EvaluationStep[] | null = null;
  action: Action = PASS;
  rule: LoadedRule;
  anchorRule: LoadedRule | null = null;
  state: State | null = null;
  isNewState = false;
  /** `match` rules of a packet without state. */
  matched: readonly LoadedRule[] = NO_RULES;
  /** Where the rule sends a packet, with or without state. */
  route: RouteDecision | null = null;
  /** A bare acknowledgement, or interactive traffic: takes the second priority and queue. */
  isUrgent = false;

  constructor(core: FilterCore) {
    this.packet = new Description(core);
    this.rules = new RuleContext(this.packet, core.defaultRule);
    this.rule = core.defaultRule;
  }

  /** As if it were new. */
  begin(steps: EvaluationStep[] | null): void {
    this.steps = steps;
    this.action = PASS;
    this.rule = this.packet.core.defaultRule;
    this.anchorRule = null;
    this.state = null;
    this.isNewState = false;
    this.matched = NO_RULES;
    this.route = null;
    this.isUrgent = false;
  }

  useState(state: State): void {
    this.state = state;
    this.rule = state.rule;
    this.anchorRule = state.anchor;
  }

  /** Takes over what the rules decided. */
  useRules(): void {
    const { rules } = this;
    this.action = rules.action;
    this.rule = rules.rule;
    this.anchorRule = rules.anchorRule;
    this.state = rules.state;
    this.isNewState = rules.state !== null;
    this.matched = rules.matchedLastFirst;
    this.route = rules.route;
  }
}
