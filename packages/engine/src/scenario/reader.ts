/** Reading YAML with positions: typed access that collects diagnostics instead of throwing. */
import {
  type Address,
  type Diagnostic,
  diagnostic,
  type Prefix,
  parseAddress,
  parsePrefix,
  type Source,
  type Span,
} from "@pierhead/core";
import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";

/** A value of the document; null stands for a key without one. */
export type YamlNode = Node | null;

/** One entry of a mapping. */
export interface Entry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: YamlNode;
  readonly span: Span;
}

const NOWHERE: Span = { start: 0, end: 0 };

export class Reader {
  readonly source: Source;
  readonly diagnostics: Diagnostic[] = [];

  constructor(source: Source) {
    this.source = source;
  }

  error(code: string, message: string, span: Span): void {
    this.diagnostics.push(diagnostic(code, "error", message, this.source, span));
  }

  warning(code: string, message: string, span: Span): void {
    this.diagnostics.push(diagnostic(code, "warning", message, this.source, span));
  }

  span(node: YamlNode, otherwise: Span = NOWHERE): Span {
    const range = node?.range;
    return range == null ? otherwise : { start: range[0], end: range[1] };
  }

  /** Entries of a mapping whose keys are all in `known` (others are reported); null when it is no mapping. */
  fields(node: YamlNode, what: string, known: readonly string[], at: Span): Map<string, Entry> | null {
    const entries = this.entries(node, what, at);
    if (entries === null) return null;
    const fields = new Map<string, Entry>();
    for (const entry of entries) {
      if (known.includes(entry.key)) fields.set(entry.key, entry);
      else {
        const guess = nearest(entry.key, known);
        const hint = guess === null ? `It may have: ${known.join(", ")}.` : `Did you mean \`${guess}\`?`;
        this.error("scenario/unknown-key", `\`${entry.key}\` means nothing in ${what}. ${hint}`, entry.keySpan);
      }
    }
    return fields;
  }

  /** Entries of any mapping, in order; null (reported) when it is something else. */
  entries(node: YamlNode, what: string, at: Span): Entry[] | null {
    if (node === null || (isScalar(node) && node.value === null)) return [];
    if (!isMap(node)) {
      this.error(
        "scenario/wrong-type",
        `${what} is a mapping of keys to values, not ${kindOf(node)}.`,
        this.span(node, at),
      );
      return null;
    }
    return (node as YAMLMap).items.map((pair) => this.#entry(pair as Pair<Node, Node | null>, at));
  }

  #entry(pair: Pair<Node, Node | null>, at: Span): Entry {
    const keySpan = this.span(pair.key, at);
    const key = isScalar(pair.key) ? String((pair.key as Scalar).value) : "?";
    return { key, keySpan, value: pair.value, span: this.span(pair.value, keySpan) };
  }

  /** Members of a list; null (reported) when it is something else. */
  list(node: YamlNode, what: string, at: Span): YamlNode[] | null {
    if (node === null) return [];
    if (!isSeq(node)) {
      this.error("scenario/wrong-type", `${what} is a list, not ${kindOf(node)}.`, this.span(node, at));
      return null;
    }
    return node.items as YamlNode[];
  }

  /** Members of a list, or the value itself as the only one. */
  oneOrMore(node: YamlNode): YamlNode[] {
    return isSeq(node) ? (node.items as YamlNode[]) : [node];
  }

  /** Text of a scalar; numbers and truth values as they are written. */
  text(entry: { readonly value: YamlNode; readonly span: Span }, what: string): string | null {
    const { value } = entry;
    if (isScalar(value) && value.value !== null) {
      const scalar = value as Scalar;
      return typeof scalar.value === "string" ? scalar.value : (scalar.source ?? String(scalar.value));
    }
    this.error("scenario/wrong-type", `${what} is text, not ${kindOf(value)}.`, entry.span);
    return null;
  }

  number(
    entry: { readonly value: YamlNode; readonly span: Span },
    what: string,
    low: number,
    high: number,
  ): number | null {
    const raw = isScalar(entry.value) ? (entry.value as Scalar).value : null;
    const value = typeof raw === "number" ? raw : typeof raw === "string" && /^\d+$/.test(raw) ? Number(raw) : null;
    if (value === null || !Number.isInteger(value)) {
      this.error("scenario/wrong-type", `${what} is a whole number, not ${kindOf(entry.value)}.`, entry.span);
      return null;
    }
    if (value < low || value > high) {
      this.error("scenario/out-of-range", `${what} is from ${low} to ${high}.`, entry.span);
      return null;
    }
    return value;
  }

  boolean(entry: { readonly value: YamlNode; readonly span: Span }, what: string): boolean | null {
    const raw = isScalar(entry.value) ? (entry.value as Scalar).value : null;
    if (typeof raw === "boolean") return raw;
    // YAML 1.1 words that many people still write.
    if (raw === "yes" || raw === "on") return true;
    if (raw === "no" || raw === "off") return false;
    this.error("scenario/wrong-type", `${what} is true or false, not ${kindOf(entry.value)}.`, entry.span);
    return null;
  }

  address(entry: { readonly value: YamlNode; readonly span: Span }, what: string): Address | null {
    const text = this.text(entry, what);
    if (text === null) return null;
    const address = parseAddress(withoutScope(text));
    if (address === null) this.error("scenario/bad-address", `\`${text}\` is not an IP address.`, entry.span);
    return address;
  }

  prefix(entry: { readonly value: YamlNode; readonly span: Span }, what: string): Prefix | null {
    const text = this.text(entry, what);
    if (text === null) return null;
    const prefix = parsePrefix(text);
    if (prefix === null) {
      this.error(
        "scenario/bad-address",
        `\`${text}\` is not an address with a prefix length, like 192.0.2.1/24.`,
        entry.span,
      );
    }
    return prefix;
  }
}

/** `fe80::1` of `fe80::1%em0`. */
export function withoutScope(text: string): string {
  const percent = text.indexOf("%");
  return percent === -1 ? text : text.slice(0, percent);
}

function kindOf(node: YamlNode): string {
  if (node === null) return "nothing";
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  if (isScalar(node)) return node.value === null ? "nothing" : `\`${String(node.value)}\``;
  return "an alias";
}

/** The known word at the smallest edit distance, when it is close enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate, bestDistance);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
