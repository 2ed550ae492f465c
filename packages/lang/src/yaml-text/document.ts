/** A YAML text with the place of everything in it. */
import { type Diagnostic, diagnostic, type Source, type Span } from "@pierhead/core";
import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, parseDocument } from "yaml";

/** Keys and indexes from the top of the file: `["hosts", "edge", "uplinks", "isp1", "gateway"]`. */
export type YamlPath = readonly (string | number)[];

/** What a language calls the two things YAML itself can have wrong. */
export interface YamlCodes {
  readonly syntax: string;
  readonly duplicateKey: string;
}

/** Aliases that may stand for other nodes: more is a bomb, not a configuration. */
const MOST_ALIASES = 200;
/** Characters; a site of a thousand guests has some 300,000. */
const LARGEST = 32 * 1024 * 1024;

export class YamlText {
  readonly source: Source;
  readonly diagnostics: readonly Diagnostic[];
  /** Plain data; undefined when the text is no YAML at all. */
  readonly value: unknown;
  readonly #document: Document | null;
  /** Maps of many keys are asked often: their pairs by key, once made. */
  readonly #pairs = new Map<unknown, Map<string, { key: unknown; value: unknown }>>();

  constructor(source: Source, codes: YamlCodes) {
    this.source = source;
    const found: Diagnostic[] = [];
    let document: Document | null = null;
    let value: unknown;
    try {
      if (source.text.length > LARGEST) throw new RangeError("too large");
      document = parseDocument(source.text, { prettyErrors: false, uniqueKeys: true, logLevel: "silent" });
      for (const error of document.errors) {
        const span = { start: error.pos[0], end: Math.max(error.pos[0] + 1, error.pos[1]) };
        if (error.code === "DUPLICATE_KEY") {
          found.push(diagnostic(codes.duplicateKey, "error", "This key stands here twice.", source, span));
        } else {
          const words = error.message.replace(/\s+/g, " ").replace(/[. ]*$/, "");
          found.push(diagnostic(codes.syntax, "error", `Not YAML: ${words}.`, source, span));
        }
      }
      if (document.errors.length === 0) value = document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch {
      // The parser is recursive; what is nested so deep that it gives up, or expands without end, is no configuration.
      document = null;
      const message = "The file is nested too deep, too large, or its aliases stand for too much.";
      found.push(diagnostic(codes.syntax, "error", message, source, { start: 0, end: 0 }));
    }
    this.#document = document;
    this.value = value;
    // What a parser says after it lost its way is noise.
    const syntax = found.filter((one) => one.code === codes.syntax);
    this.diagnostics = syntax.length > 0 ? syntax : found;
  }

  /** Range of the value at a path, or of the nearest thing above it that is there. */
  place(path: YamlPath): Span {
    return this.#find(path, false);
  }

  /** Range of the key that leads to the last part of a path. */
  keyPlace(path: YamlPath): Span {
    return this.#find(path, true);
  }

  #find(path: YamlPath, wantKey: boolean): Span {
    let node: unknown = this.#document?.contents ?? null;
    let span = rangeOf(node) ?? { start: 0, end: 0 };
    for (let i = 0; i < path.length; i++) {
      const part = path[i] as string | number;
      while (isAlias(node) && this.#document !== null) node = node.resolve(this.#document);
      let key: unknown = null;
      if (isMap(node)) {
        const pair = this.#pair(node, String(part));
        if (pair === undefined) return i === 0 ? span : this.#head(path.slice(0, i));
        key = pair.key;
        node = pair.value;
      } else if (isSeq(node) && typeof part === "number") node = node.items[part];
      else return span;
      const last = i === path.length - 1;
      const own = rangeOf(wantKey && last && key !== null ? key : node) ?? rangeOf(key);
      if (own !== null) span = own;
    }
    // A block of many lines is pointed at by its key: underlining all of it helps nobody.
    if (!wantKey && (isMap(node) || isSeq(node)) && path.length > 0) return this.#head(path);
    return span;
  }

  #head(path: YamlPath): Span {
    const last = path[path.length - 1];
    if (typeof last === "string") return this.#find(path, true);
    const own = this.#rawNode(path);
    const range = rangeOf(own);
    if (range === null) return { start: 0, end: 0 };
    const line = this.source.text.indexOf("\n", range.start);
    return { start: range.start, end: line === -1 ? range.end : Math.min(range.end, line) };
  }

  #rawNode(path: YamlPath): unknown {
    let node: unknown = this.#document?.contents ?? null;
    for (const part of path) {
      while (isAlias(node) && this.#document !== null) node = node.resolve(this.#document);
      if (isMap(node)) node = this.#pair(node, String(part))?.value;
      else if (isSeq(node) && typeof part === "number") node = node.items[part];
      else return null;
    }
    return node;
  }

  #pair(map: { items: readonly unknown[] }, name: string): { key: unknown; value: unknown } | undefined {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined) {
      pairs = new Map();
      for (const item of map.items) {
        if (!isPair(item)) continue;
        const key = isScalar(item.key) ? String(item.key.value) : String(item.key);
        pairs.set(key, { key: item.key, value: item.value });
      }
      this.#pairs.set(map, pairs);
    }
    return pairs.get(name);
  }
}

function rangeOf(node: unknown): Span | null {
  if (!isNode(node)) return null;
  const range = (node as Node).range;
  return range == null ? null : { start: range[0], end: Math.max(range[0], range[1]) };
}
