/** Macros in labels and tags: `$if`, `$srcaddr`, `$dstaddr`, `$srcport`, `$dstport`, `$proto`, `$nr`. */
import type { Family, System } from "@pierhead/core";
import { protocolByNumber } from "../../names/index.ts";
import { byteLength } from "../read/lexer.ts";
import type { AddressWrap, OperatorRange, Rule } from "../rule.ts";

/** What the macros stand for. Nodes of a statement and the addresses of a rule both fit. */
export interface LabelContext {
  readonly interface: string | null;
  readonly family: Family | null;
  readonly from: LabelAddress;
  readonly to: LabelAddress;
  readonly fromPort: { readonly range: OperatorRange | null };
  readonly toPort: { readonly range: OperatorRange | null };
  readonly protocol: number;
  readonly system: System;
  /** Number of the rule, where pfctl replaces `$nr` at the same time; null or absent elsewhere. */
  readonly number?: number | null;
}

interface LabelAddress {
  readonly wrap: AddressWrap;
  readonly negated: boolean;
}

export function hasMacro(text: string): boolean {
  return text.includes("$");
}

/**
 * `expand_label`: in its order, so that what a replacement brings in may be replaced by a later one.
 *
 * @returns null when it gets longer than `maximum` bytes: pfctl exits then
 */
export function expandLabel(label: string, maximum: number, context: LabelContext): string | null {
  let text = label;
  let fits = true;
  const replace = (macro: string, value: () => string): void => {
    if (!fits || !text.includes(macro)) return;
    text = text.replaceAll(macro, value);
    fits = byteLength(text) <= maximum;
  };
  replace("$if", () => context.interface ?? "any");
  replace("$srcaddr", () => addressText(context.from, context.family));
  replace("$dstaddr", () => addressText(context.to, context.family));
  replace("$srcport", () => portText(context.fromPort.range));
  replace("$dstport", () => portText(context.toPort.range));
  replace("$proto", () => protocolByNumber(context.system, context.protocol) ?? `${context.protocol}`);
  const number = context.number ?? null;
  if (number !== null) replace("$nr", () => `${number}`);
  return fits ? text : null;
}

/**
 * Expands the labels and tags of a finished rule, as FreeBSD's pfctl does when it loads it.
 *
 * @returns false when one gets too long
 */
export function expandRuleNames(rule: Rule, system: System, labelMaximum: number, tagMaximum: number): boolean {
  const { labels, tag, tagged } = rule;
  if (!labels.some(hasMacro) && !(tag !== null && hasMacro(tag)) && !(tagged !== null && hasMacro(tagged))) return true;
  const context: LabelContext = {
    interface: rule.interface,
    family: rule.family,
    from: { wrap: rule.from.address, negated: rule.from.negated },
    to: { wrap: rule.to.address, negated: rule.to.negated },
    fromPort: { range: rule.from.port },
    toPort: { range: rule.to.port },
    protocol: rule.protocol,
    system,
    number: rule.number,
  };
  let fits = true;
  const expand = (text: string, maximum: number): string => {
    const expanded = expandLabel(text, maximum, context);
    if (expanded === null) fits = false;
    return expanded ?? text;
  };
  rule.labels = untilEmpty(labels.map((label) => expand(label, labelMaximum)));
  if (tag !== null) rule.tag = expand(tag, tagMaximum) || null;
  if (tagged !== null) rule.tagged = expand(tagged, tagMaximum) || null;
  return fits;
}

/** An empty label ends the list of a rule's labels. */
export function untilEmpty(labels: readonly string[]): string[] {
  const empty = labels.indexOf("");
  return labels.slice(0, empty === -1 ? labels.length : empty);
}

/** `expand_label_nr`: the rule's number. */
export function expandNumber(text: string, number: number): string {
  return text.includes("$nr") ? text.split("$nr").join(`${number}`) : text;
}

function addressText(host: LabelAddress, family: Family | null): string {
  const wrap = host.wrap;
  let text: string;
  switch (wrap.kind) {
    case "dynamic":
      text = `(${wrap.interface})`;
      break;
    case "table":
      text = `<${wrap.name}>`;
      break;
    case "no-route":
    case "urpf-failed":
      text = wrap.kind;
      break;
    case "any":
      text = "any";
      break;
    case "prefix":
      if (family === null) text = "any";
      else text = wrap.length < (family === 4 ? 32 : 128) ? `${wrap.address}/${wrap.length}` : `${wrap.address}`;
      break;
    default:
      text = "?";
  }
  return host.negated ? `! ${text}` : text;
}

function portText(range: OperatorRange | null): string {
  if (range === null) return "";
  switch (range.operator) {
    case "=":
      return `${range.first}`;
    case "><":
    case "<>":
      return `${range.first}${range.operator}${range.last}`;
    case ":":
      // parse.y has no case for ranges.
      return "";
    default:
      return `${range.operator}${range.first}`;
  }
}
