import { type Anchor, Rule } from "../rule.ts";
import { expandNumber, hasMacro } from "./label.ts";

/**
 * Numbers the rules of an anchor and all below it, and puts the numbers into labels and tags that have `$nr`
 * (`pfctl_expand_label_nr`): to be done when the rulesets are final, after the optimizer.
 *
 * @param expand puts more than numbers into them, and finds the number that pfctl gave the rule while it read it
 */
export function numberRules(anchor: Anchor, keepNumbers = false, expand: ((rule: Rule) => void) | null = null): void {
  const stack = [anchor];
  for (let it = stack.pop(); it !== undefined; it = stack.pop()) {
    for (const list of [it.scrub, it.nat, it.binat, it.rdr, it.filter]) {
      for (let i = 0; i < list.length; i++) {
        const rule = list[i] as Rule;
        if (expand === null) numberRule(rule, i, keepNumbers);
        else {
          expand(rule);
          if (!keepNumbers) rule.number = i;
        }
      }
    }
    for (const child of it.children.values()) stack.push(child);
  }
}

/** The rule with this number in the place of `$nr`; the same object when it has none. */
export function numbered(rule: Rule, number: number): Rule {
  const { labels, tag, tagged } = rule;
  const has = (text: string | null): boolean => text?.includes("$nr") ?? false;
  if (!labels.some(has) && !has(tag) && !has(tagged)) return rule;
  const copy = Object.assign(new Rule(), rule);
  numberRule(copy, number, true);
  return copy;
}

function numberRule(rule: Rule, number: number, keepNumber: boolean): void {
  if (!keepNumber) rule.number = number;
  if (rule.labels.length > 0 && rule.labels.some(hasMacro)) {
    rule.labels = rule.labels.map((label) => expandNumber(label, number));
  }
  if (rule.tag !== null) rule.tag = expandNumber(rule.tag, number);
  if (rule.tagged !== null) rule.tagged = expandNumber(rule.tagged, number);
}
