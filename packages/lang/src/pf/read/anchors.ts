/** `anchor`, `load anchor`: `anchorrule`, `pfa_anchor`, `loadrule` of parse.y. */
import { anchorCall } from "../load/anchor-path.ts";
import { expandPlainRule } from "../load/expand-plain.ts";
import { inlineRuleset, placeInline, type Ruleset } from "../load/ruleset.ts";
import { Rule } from "../rule.ts";
import {
  checkTcpOnly,
  decideFamily,
  parseDirection,
  parseFamily,
  parseFromTo,
  parseProtocols,
  takeQuick,
} from "./clauses.ts";
import { parseFilterOptions } from "./filter-options.ts";
import { applyFreebsdOptions } from "./freebsd-rules.ts";
import { parseStrings } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { byteLength } from "./lexer.ts";
import { FilterOptions } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import type { Reader } from "./reader.ts";
import { applyFilterOptions } from "./rules.ts";
import { Char, Token } from "./tokens.ts";

/** Longest anchor path (PATH_MAX - 1). */
const PATH_MAXIMUM = 1023;

/** Reads the statements between the braces of an inline anchor; `statements.ts` gives it, to avoid a circle. */
export type BodyParser = (reader: Reader) => void;

/** `anchorrule`. */
export function parseAnchor(reader: Reader, parseBody: BodyParser): void {
  reader.clause("anchor");
  reader.take("keyword");
  const name = parseAnchorName(reader);
  const nameStart = reader.takenStart;
  const nameEnd = reader.takenEnd;
  const direction = parseDirection(reader);
  const quick = reader.peek() === Token.quick ? takeQuick(reader) : false;
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  let options = parseFilterOptions(reader);
  if (!reader.dialect.anchorsTakeAllOptions) options = anchorOptions(options);
  const statementStart = reader.statementStart;
  const origin = reader.origin();
  let body: Ruleset | null = null;
  if (reader.peek() === Char.openBrace) body = parseBraces(reader, name, parseBody);
  reader.restoreStatement(statementStart, origin);
  // With a body the statement is complete at its brace, and what follows on the line is looked at later.
  if ((body === null || !reader.options.strict) && reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;

  checkOrder(reader, ORDER.filter);
  if (name !== null && !reader.dialect.checksAnchorNamesEarly) checkReserved(reader, name);
  const rule = new Rule();
  // A brace pair before this one at the same depth failed: pfctl still holds its ruleset.
  body ??= reader.anchorStack[reader.anchorDepth + 1] ?? null;
  if (body !== null) placeBody(reader, rule, body, name, nameStart, nameEnd);
  else callAnchor(reader, rule, name);
  rule.direction = direction;
  rule.quick = quick;
  rule.family = family === 0 ? null : family;
  if (reader.dialect.checksAnchorNamesEarly) checkTcpOnly(reader, options, fromTo, protocols, "applies");
  applyFilterOptions(reader, rule, options);
  if (!reader.dialect.checksAnchorNamesEarly) checkTcpOnly(reader, options, fromTo, protocols, "applies");
  if (reader.dialect.family === "freebsd") applyFreebsdOptions(reader, rule, options);
  if (options.keep !== "none") {
    reader.fail(
      "cannot specify state handling on anchors",
      "pf/state-on-anchor",
      "An anchor makes no states: the rules inside it do. Leave the state options away.",
    );
  }
  if (options.routeOption !== null) {
    reader.fail(
      "cannot specify route handling on anchors",
      "pf/route-on-anchor",
      "An anchor sets no routes: the rules inside it do.",
    );
  }
  decideFamily(fromTo.from.hosts, rule);
  decideFamily(fromTo.to.hosts, rule);
  const { icmp, users, groups, receivedOn } = options;
  const { from, to, os } = fromTo;
  const lists = {
    ...{ interfaces, protocols, icmp, from, to, os, users, groups, receivedOn, ruleSourceTrack: false },
    afToWithoutTarget: options.afTo,
  };
  expandPlainRule(reader, rule, lists, true);
  reader.anchorStack[reader.anchorDepth + 1] = null;
}

/** The filter options that anchors of 4.6 take: the others are read and forgotten. */
function anchorOptions(given: FilterOptions): FilterOptions {
  const options = new FilterOptions();
  const { hasFlags, flags, flagSet, tos, probability, rtable, tag, tagged, taggedNegated, label } = given;
  const { users, groups, icmp, keep } = given;
  const taken = { hasFlags, flags, flagSet, tos, probability, rtable, tag, tagged, taggedNegated, label };
  return Object.assign(options, taken, { users, groups, icmp, keep });
}

/** `anchorname`: null when there is none. */
export function parseAnchorName(reader: Reader): string | null {
  if (reader.peek() !== Token.string) return null;
  const name = reader.string("anchor");
  if (!reader.dialect.checksAnchorNamesEarly) return name;
  if (name === "") reader.fail("anchor name must not be empty", "pf/invalid-anchor-name", "Give the anchor a name.");
  if (byteLength(reader.main.toolPath) + 1 + byteLength(name) > PATH_MAXIMUM) {
    reader.fail(
      `anchor name is longer than ${PATH_MAXIMUM}`,
      "pf/name-too-long",
      `The path of an anchor has at most ${PATH_MAXIMUM} characters.`,
    );
  }
  checkReserved(reader, name);
  return name;
}

export function checkReserved(reader: Reader, name: string): void {
  if (!name.startsWith("_") && !name.includes("/_")) return;
  reader.fail(
    "anchor names beginning with '_' are reserved for internal use",
    "pf/invalid-anchor-name",
    "Names that begin with `_` are pfctl's own. Choose another one.",
  );
}

/** `pfa_anchor`: the body, in a ruleset of its own. */
export function parseBraces(reader: Reader, name: string | null, parseBody: BodyParser): Ruleset {
  reader.openBody();
  if (reader.anchorDepth + 1 >= reader.dialect.anchorDepth) {
    reader.fatal(
      "pfa_anchor: anchors too deep",
      "pf/nested-too-deep",
      `Anchors are nested deeper than ${reader.dialect.anchorDepth - 1} levels; pfctl exits.`,
    );
  }
  reader.anchorDepth++;
  reader.braceNumber++;
  const ruleset = inlineRuleset(reader.current, name, reader.braceNumber);
  reader.anchorStack[reader.anchorDepth] = ruleset;
  reader.current = ruleset;
  reader.recorder?.openBody();
  if (reader.peek() !== Token.newline) reader.syntaxError();
  reader.take("punctuation");
  parseBody(reader);
  reader.closeBody();
  reader.recorder?.closeBody();
  reader.lastAnchor = reader.current;
  reader.anchorDepth--;
  reader.current = reader.anchorStack[reader.anchorDepth] as Ruleset;
  return ruleset;
}

/** Hangs the body into the anchor it belongs to. */
function placeBody(
  reader: Reader,
  rule: Rule,
  body: Ruleset,
  name: string | null,
  nameStart: number,
  nameEnd: number,
): void {
  if (name?.includes("/") && reader.dialect.checksAnchorNamesEarly) {
    reader.fail(
      "anchor paths containing '/' cannot be used for inline anchors.",
      "pf/invalid-anchor-name",
      "An anchor with its rules in place has a simple name: nest anchors instead of writing a path.",
      { start: nameStart, end: nameEnd },
    );
  }
  const parent = reader.anchorStack[reader.anchorDepth] as Ruleset;
  // After an error pfctl takes the body that could not be placed for that of the next anchor.
  const isLeft = name !== null && !name.includes("/") && body.anchor.name !== name;
  const own = isLeft ? name : body.anchor.name;
  const early = reader.dialect.checksAnchorNamesEarly;
  const above = !early && climbs(parent, name);
  if (above) reader.textAlways("pf_anchor_setup: .. beyond root");
  if (!early && (above || own === "" || body.anchor.path.includes("//"))) {
    if (!above && name !== "") reader.textAlways("pf_anchor_setup: ruleset");
    reader.fatal(
      "anchorrule: unable to create ruleset: Undefined error: 0",
      "pf/invalid-anchor-name",
      "The parts of an anchor's path are not empty, and `..` leads no higher than the main ruleset; pfctl exits.",
    );
  }
  const prefix = parent.toolPath === "" ? "" : `${parent.toolPath}/`;
  const existing = reader.inlineRulesets.get(isLeft ? `${prefix}${own}` : body.toolPath);
  if (existing !== undefined && existing !== body && existing.anchor.filter.length > 0) {
    reader.fail(
      `inline anchor '${own}' already exists`,
      "pf/duplicate-anchor",
      `An anchor named \`${own}\` has been given its rules above. Use another name, or put the rules there.`,
      { start: nameStart, end: nameEnd },
    );
  }
  reader.inlineRulesets.set(body.toolPath, body);
  // Bodies inside this one have found their places in it.
  placeInline(name?.startsWith("/") ? reader.main.anchor : parent.anchor, body.anchor);
  rule.anchor = {
    name: early && body.rules === 0 ? body.toolPath : own,
    path: body.anchor.path,
    wildcard: name?.endsWith("/*") ?? false,
    inline: true,
  };
}

// Whether `../` at the beginning of a name leads out of the main ruleset.
function climbs({ holder, toolPath }: Ruleset, name: string | null): boolean {
  const steps = /^(?:\.\.\/)+/.exec(name ?? "")?.[0].length ?? 0;
  const base = holder === "" ? toolPath : holder;
  return steps / 3 > (base === "" ? 0 : base.split("/").length);
}

/** A call of an anchor that is filled from elsewhere. */
function callAnchor(reader: Reader, rule: Rule, name: string | null): void {
  if (name === null) {
    reader.fail(
      "anchors without explicit rules must specify a name",
      "pf/invalid-anchor-name",
      "An anchor has a name, or its rules in braces, or both.",
    );
  }
  if (name === "") return;
  if (name.endsWith("/") && reader.dialect.checksAnchorNamesEarly) {
    reader.fail(
      `anchorrule: bad anchor name ${name}`,
      "pf/invalid-anchor-name",
      "The path of an anchor does not end with a slash.",
    );
  }
  rule.anchor = anchorCall(reader.current.anchor.path, name);
}

/** `loadrule`. */
export function parseLoad(reader: Reader): void {
  reader.take("keyword");
  reader.expect(Token.anchor, "keyword");
  const name = reader.dialect.checksAnchorNamesEarly ? parseAnchorName(reader) : parseStrings(reader, "anchor");
  reader.expect(Token.from, "keyword");
  const file = parseStrings(reader, "file");
  if (!reader.options.strict && reader.peek() !== Token.newline) reader.syntaxError();
  if (name === null) {
    reader.fail("anchor name is missing", "pf/invalid-anchor-name", "Name the anchor that the file is loaded into.");
  }
  const base = reader.current.anchor.path;
  reader.configuration.loads.push({ anchor: base === "" ? name : `${base}/${name}`, file, origin: reader.origin() });
}
