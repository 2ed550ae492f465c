import type { Anchor, Rule } from "../rule.ts";
import { expandNumber, hasMacro } from "./label.ts";

/**
 * Numbers the rules of an anchor and all below it, and puts the numbers into labels and tags that have `$nr`
 * (`pfctl_expand_label_nr`): to be done when the rulesets are final, after the optimizer.
 */
export function numberRules(anchor: Anchor): void {
  const stack = [anchor];
  for (let it = stack.pop(); it !== undefined; it = stack.pop()) {
    it.filter.forEach(numberRule);
    for (const child of it.children.values()) stack.push(child);
  }
}

function numberRule(rule: Rule, number: number): void {
  rule.number = number;
  if (rule.labels.some(hasMacro)) rule.labels = rule.labels.map((label) => expandNumber(label, number));
  if (rule.tag !== null) rule.tag = expandNumber(rule.tag, number);
  if (rule.tagged !== null) rule.tagged = expandNumber(rule.tagged, number);
}
