/** State options: `keep state ( … )` and `set state-defaults`. */
import type { StateOptions, TimeoutName } from "../rule.ts";
import { TIMEOUT_NAMES } from "../timeout-names.ts";
import { byteLength } from "./lexer.ts";
import type { StateOptionNode } from "./nodes.ts";
import { parseCount } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { suggest } from "./suggest.ts";
import { Char, Token } from "./tokens.ts";

/** The timeout of this name in the dialect, or null. */
export function timeoutNamed(reader: Reader, name: string): TimeoutName | null {
  const found = TIMEOUT_NAMES.find((timeout) => timeout === name);
  if (found === undefined) return null;
  return found.startsWith("sctp.") && !reader.dialect.sctpTimeouts ? null : found;
}

/** `state_opt_spec`. */
export function parseStateOptions(reader: Reader): StateOptionNode[] | null {
  if (!reader.accept(Char.open, "punctuation")) return null;
  const list = parseStateOptionList(reader);
  reader.expect(Char.close);
  return list;
}

/** `state_opt_list`: it ends where no option begins. */
export function parseStateOptionList(reader: Reader): StateOptionNode[] {
  const list = [parseStateOption(reader)];
  for (;;) {
    if (reader.peek() === Char.comma) reader.take("punctuation");
    else if (!beginsStateOption(reader.peek())) return list;
    list.push(parseStateOption(reader));
  }
}

function beginsStateOption(kind: number): boolean {
  switch (kind) {
    case Token.max:
    case Token.noSync:
    case Token.maxSrcStates:
    case Token.maxSrcConn:
    case Token.maxSrcConnRate:
    case Token.overload:
    case Token.maxSrcNodes:
    case Token.sourceTrack:
    case Token.ifBound:
    case Token.floating:
    case Token.sloppy:
    case Token.pflow:
    case Token.allowRelated:
    case Token.string:
      return true;
    default:
      return false;
  }
}

function parseStateOption(reader: Reader): StateOptionNode {
  switch (reader.peek()) {
    case Token.max:
      reader.take("keyword");
      return { kind: "max", value: parseCount(reader) };
    case Token.noSync:
      reader.take("keyword");
      return { kind: "no-sync" };
    case Token.maxSrcStates:
      reader.take("keyword");
      return { kind: "max-src-states", value: parseCount(reader) };
    case Token.maxSrcConn:
      reader.take("keyword");
      return { kind: "max-src-conn", value: parseCount(reader) };
    case Token.maxSrcConnRate: {
      reader.take("keyword");
      const { limit, seconds } = parseRate(reader);
      return { kind: "max-src-conn-rate", limit, seconds };
    }
    case Token.overload:
      return parseOverload(reader);
    case Token.maxSrcNodes:
      reader.take("keyword");
      return { kind: "max-src-nodes", value: parseCount(reader) };
    case Token.sourceTrack:
      reader.take("keyword");
      if (reader.accept(Token.global)) return { kind: "source-track", value: "global" };
      if (reader.accept(Token.rule)) return { kind: "source-track", value: "rule" };
      return { kind: "source-track", value: "default" };
    case Token.ifBound:
      reader.take("keyword");
      return { kind: "policy", value: "if-bound" };
    case Token.floating:
      reader.take("keyword");
      return { kind: "policy", value: "floating" };
    case Token.sloppy:
      reader.take("keyword");
      return { kind: "sloppy" };
    case Token.pflow:
      reader.take("keyword");
      return { kind: "pflow" };
    case Token.allowRelated:
      reader.take("keyword");
      return { kind: "allow-related" };
    case Token.string:
      return parseTimeout(reader);
    default:
      return reader.syntaxError();
  }
}

/** `N / M`. */
export function parseRate(reader: Reader): { limit: number; seconds: number } {
  const limit = reader.number();
  reader.expect(Char.slash);
  const seconds = reader.number();
  if (limit < 0 || limit > 0xffffffff || seconds < 0 || seconds > 0xffffffff) {
    reader.fail("only positive values permitted", "pf/out-of-range", "The values are 0 to 4294967295.");
  }
  return { limit, seconds };
}

function parseOverload(reader: Reader): StateOptionNode {
  reader.take("keyword");
  reader.expect(Char.less);
  const table = reader.string("table");
  reader.expect(Char.greater);
  let flush: "no" | "flush" | "flush global" = "no";
  if (reader.accept(Token.flush)) flush = reader.accept(Token.global) ? "flush global" : "flush";
  if (byteLength(table) > reader.dialect.tableNameMaximum) {
    reader.fail(
      `table name '${table}' too long`,
      "pf/name-too-long",
      `A table name has at most ${reader.dialect.tableNameMaximum} characters.`,
    );
  }
  return { kind: "overload", table, flush };
}

function parseTimeout(reader: Reader): StateOptionNode {
  const name = reader.string("option");
  const { takenStart, takenEnd } = reader;
  const value = parseCount(reader);
  const timeout = timeoutNamed(reader, name);
  if (timeout === null) {
    const meant = suggest(reader, name, TIMEOUT_NAMES, takenStart, takenEnd);
    return reader.fail(
      `illegal timeout name ${name}`,
      "pf/unknown-timeout",
      `\`${name}\` is neither a state option nor a timeout.${meant.question}`,
      meant,
    );
  }
  if (!timeout.includes(".")) {
    reader.fail(
      `illegal state timeout ${name}`,
      "pf/unknown-timeout",
      `The timeout \`${name}\` cannot be set for one rule, only with \`set timeout\`.`,
    );
  }
  return { kind: "timeout", name: timeout, value };
}

/** What a rule keeps of its state options, and what checks need to know beside it. */
export interface CollectedStateOptions {
  readonly state: StateOptions | null;
  readonly ruleSourceTrack: boolean;
}

/** Largest `limit` of a rate (PF_THRESHOLD_MAX). */
const THRESHOLD_MAXIMUM = 4294967;

/** The loop of pfrule over its state options, with its complaints, and what is derived from them. */
export function collectStateOptions(
  reader: Reader,
  nodes: readonly StateOptionNode[] | null,
  keepsState: boolean,
): CollectedStateOptions {
  const list = nodes ?? [];
  if (list.length === 0) {
    const bound = keepsState && reader.defaultIfBound;
    return { state: bound ? IF_BOUND : null, ruleSourceTrack: false };
  }
  const timeouts = new Map<TimeoutName, number>();
  let max = 0;
  let maxSrcNodes = 0;
  let maxSrcStates = 0;
  let maxSrcConn = 0;
  let rate: { limit: number; seconds: number } | null = null;
  let overload: StateOptions["overload"] = null;
  let noSync = false;
  let sloppy = false;
  let pflow = false;
  let allowRelated = false;
  let policy: StateOptions["policy"] = null;
  let track: "none" | "default" | "global" | "rule" = "none";
  let sourceTrack = false;
  let ruleSourceTrack = false;
  let adaptive = false;
  const twice = (tool: string): never =>
    reader.fail(tool, "pf/given-twice", "A state option is given twice in these parentheses.");
  const positive = (tool: string, name: string): never =>
    reader.fail(tool, "pf/out-of-range", `\`${name}\` must be greater than 0.`);
  for (const node of list) {
    switch (node.kind) {
      case "max":
        if (max !== 0) twice("state option 'max' multiple definitions");
        max = node.value;
        break;
      case "no-sync":
        if (noSync) twice("state option 'sync' multiple definitions");
        noSync = true;
        break;
      case "source-track":
        if (track !== "none") twice("state option 'source-track' multiple definitions");
        track = node.value;
        sourceTrack = true;
        break;
      case "max-src-states":
        if (maxSrcStates !== 0) twice("state option 'max-src-states' multiple definitions");
        if (node.value === 0) positive("'max-src-states' must be > 0", node.kind);
        maxSrcStates = node.value;
        sourceTrack = true;
        break;
      case "overload":
        if (overload !== null) twice("multiple 'overload' table definitions");
        overload = { table: node.table, flush: node.flush };
        break;
      case "max-src-conn":
        if (maxSrcConn !== 0) twice("state option 'max-src-conn' multiple definitions");
        if (node.value === 0) positive("'max-src-conn' must be > 0", node.kind);
        maxSrcConn = node.value;
        sourceTrack = ruleSourceTrack = true;
        break;
      case "max-src-conn-rate":
        if (rate !== null) twice("state option 'max-src-conn-rate' multiple definitions");
        if (node.limit === 0 || node.seconds === 0) positive("'max-src-conn-rate' values must be > 0", node.kind);
        if (node.limit > THRESHOLD_MAXIMUM) {
          reader.fail(
            `'max-src-conn-rate' maximum rate must be < ${THRESHOLD_MAXIMUM}`,
            "pf/out-of-range",
            `The rate of \`max-src-conn-rate\` is at most ${THRESHOLD_MAXIMUM}.`,
          );
        }
        rate = { limit: node.limit, seconds: node.seconds };
        sourceTrack = ruleSourceTrack = true;
        break;
      case "max-src-nodes":
        if (maxSrcNodes !== 0) twice("state option 'max-src-nodes' multiple definitions");
        if (node.value === 0) positive("'max-src-nodes' must be > 0", node.kind);
        maxSrcNodes = node.value;
        sourceTrack = ruleSourceTrack = true;
        break;
      case "policy":
        if (policy !== null) twice("state locking option: multiple definitions");
        policy = node.value;
        break;
      case "sloppy":
        if (sloppy) twice("state sloppy option: multiple definitions");
        sloppy = true;
        break;
      case "pflow":
        if (pflow) twice("state pflow option: multiple definitions");
        pflow = true;
        break;
      case "allow-related":
        if (allowRelated) twice("state allow-related option: multiple definitions");
        allowRelated = true;
        break;
      case "timeout":
        if (node.name === "adaptive.start" || node.name === "adaptive.end") adaptive = true;
        if (timeouts.has(node.name)) twice(`state timeout ${node.name} multiple definitions`);
        if (node.value !== 0) timeouts.set(node.name, node.value);
        break;
    }
  }
  // `max` without adaptive timeouts: they start at 60 % and end at 120 % of it.
  if (!adaptive && max !== 0) {
    const tenth = Math.floor(max / 10);
    if (tenth > 0) {
      timeouts.set("adaptive.start", (tenth * 6) >>> 0);
      timeouts.set("adaptive.end", (tenth * 12) >>> 0);
    }
  }
  if (sourceTrack) {
    if (track === "global") {
      const incompatible = (name: string): never =>
        reader.fail(
          `'${name}' is incompatible with 'source-track global'`,
          "pf/incompatible-options",
          `\`${name}\` counts per rule, so it cannot be used with \`source-track global\`.`,
        );
      if (maxSrcNodes !== 0) incompatible("max-src-nodes");
      if (maxSrcConn !== 0) incompatible("max-src-conn");
      if (rate !== null) incompatible("max-src-conn-rate");
    }
    if (rate !== null && (timeouts.get("src.track") ?? 0) < rate.seconds) timeouts.set("src.track", rate.seconds);
    if (track === "rule") ruleSourceTrack = true;
  }
  if (keepsState && policy === null && reader.defaultIfBound) policy = "if-bound";
  return {
    state: {
      timeouts,
      noSync,
      sloppy,
      pflow,
      allowRelated,
      policy,
      maxStates: max,
      maxSrcNodes,
      maxSrcStates,
      maxSrcConn,
      maxSrcConnRate: rate,
      overload,
      sourceTrack: !sourceTrack ? "no" : ruleSourceTrack ? "rule" : "global",
    },
    ruleSourceTrack,
  };
}

const IF_BOUND: StateOptions = {
  timeouts: new Map(),
  noSync: false,
  sloppy: false,
  pflow: false,
  allowRelated: false,
  policy: "if-bound",
  maxStates: 0,
  maxSrcNodes: 0,
  maxSrcStates: 0,
  maxSrcConn: 0,
  maxSrcConnRate: null,
  overload: null,
  sourceTrack: "no",
};
