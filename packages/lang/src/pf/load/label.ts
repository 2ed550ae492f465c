/** Macros in labels and tags: `$if`, `$srcaddr`, `$dstaddr`, `$srcport`, `$dstport`, `$proto`; `$nr` comes later. */
import type { Family, System } from "@pierhead/core";
import { protocolByNumber } from "../../names/index.ts";
import { byteLength } from "../read/lexer.ts";
import type { HostNode, PortNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";

export interface LabelContext {
  readonly interface: string | null;
  readonly family: Family | null;
  readonly from: HostNode;
  readonly to: HostNode;
  readonly fromPort: PortNode;
  readonly toPort: PortNode;
  readonly protocol: number;
  readonly system: System;
  /** Number of the rule, where pfctl replaces `$nr` already here; null or absent elsewhere. */
  readonly number?: number | null;
}

export function hasMacro(text: string): boolean {
  return text.includes("$");
}

/** `expand_label`: in its order, so that what a replacement brings in may be replaced by a later one. */
export function expandLabel(reader: Reader, label: string, maximum: number, context: LabelContext): string {
  let text = label;
  const replace = (macro: string, value: () => string): void => {
    if (!text.includes(macro)) return;
    text = text.replaceAll(macro, value);
    if (byteLength(text) > maximum) {
      reader.fatal(
        "expand_label: label too long",
        "pf/name-too-long",
        `With its macros expanded this label or tag is longer than ${maximum} characters; pfctl exits.`,
      );
    }
  };
  replace("$if", () => context.interface ?? "any");
  replace("$srcaddr", () => addressText(context.from, context.family));
  replace("$dstaddr", () => addressText(context.to, context.family));
  replace("$srcport", () => portText(context.fromPort));
  replace("$dstport", () => portText(context.toPort));
  replace("$proto", () => protocolByNumber(context.system, context.protocol) ?? `${context.protocol}`);
  const number = context.number ?? null;
  if (number !== null) replace("$nr", () => `${number}`);
  return text;
}

/** `expand_label_nr`: the rule's number. */
export function expandNumber(text: string, number: number): string {
  return text.includes("$nr") ? text.split("$nr").join(`${number}`) : text;
}

function addressText(host: HostNode, family: Family | null): string {
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

function portText(port: PortNode): string {
  const range = port.range;
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
