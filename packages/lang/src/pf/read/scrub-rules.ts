/** `scrub in …`: the normalization rules of the 4.6 family and FreeBSD. */
import { expandOldRule } from "../load/expand-old.ts";
import { Rule } from "../rule.ts";
import { checkTag, parseDirection, parseFamily, parseFromTo, parseLogQuick, parseProtocols } from "./clauses.ts";
import { parseRoutingTable } from "./filter-options.ts";
import { parseStrings, redefined } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseTos } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

interface OldScrubOptions {
  noDf: boolean;
  randomId: boolean;
  reassembleTcp: boolean;
  minTtl: number | null;
  maxMss: number | null;
  setTos: number | null;
  fragments: "reassemble" | "crop" | "drop-overlap" | null;
  rtable: number;
  tagged: string | null;
  taggedNegated: boolean;
}

/** `scrubrule`, after an optional `no`. */
export function parseScrubRule(reader: Reader, no: boolean): void {
  reader.clause("action");
  reader.take("keyword");
  const direction = parseDirection(reader);
  const { log, quick } = parseLogQuick(reader);
  const interfaces = parseOnInterfaces(reader);
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  const options = parseScrubOptions(reader);
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.scrub);
  const rule = new Rule();
  rule.action = no ? "no scrub" : "scrub";
  rule.direction = direction;
  rule.log = log;
  if (quick) {
    reader.fail(
      "scrub rules do not support 'quick'",
      "pf/wrong-option",
      "The first scrub rule that matches decides: `quick` has no meaning here.",
    );
  }
  rule.family = family === 0 ? null : family;
  if (options.reassembleTcp && direction !== null) {
    reader.fail(
      "reassemble tcp rules can not specify direction",
      "pf/wrong-direction",
      "`reassemble tcp` sees both directions of a connection: leave `in` and `out` away.",
    );
  }
  rule.scrub = {
    noDf: options.noDf,
    randomId: options.randomId,
    reassembleTcp: options.reassembleTcp,
    minTtl: options.minTtl ?? 0,
    maxMss: options.maxMss ?? 0,
    fragments: options.fragments ?? "reassemble",
    setTos: options.setTos,
  };
  if (options.tagged) rule.tagged = checkTag(reader, options.tagged);
  rule.taggedNegated = options.taggedNegated;
  rule.rtable = options.rtable;
  expandOldRule(
    reader,
    rule,
    {
      interfaces,
      protocols,
      icmp: null,
      from: fromTo.from,
      to: fromTo.to,
      os: fromTo.os,
      users: null,
      groups: null,
      ruleSourceTrack: false,
      anchor: false,
    },
    null,
  );
}

/** `scrub_opts`. */
function parseScrubOptions(reader: Reader): OldScrubOptions {
  const options: OldScrubOptions = {
    noDf: false,
    randomId: false,
    reassembleTcp: false,
    minTtl: null,
    maxMss: null,
    setTos: null,
    fragments: null,
    rtable: -1,
    tagged: null,
    taggedNegated: false,
  };
  while (parseScrubOption(reader, options)) {
    // Each option stores itself.
  }
  return options;
}

function parseScrubOption(reader: Reader, options: OldScrubOptions): boolean {
  switch (reader.peek()) {
    case Token.noDf:
      reader.clause("no-df");
      reader.take("keyword");
      if (options.noDf) redefined(reader, "no-df cannot be respecified");
      options.noDf = true;
      return true;
    case Token.minTtl: {
      reader.clause("min-ttl");
      reader.take("keyword");
      const value = reader.number();
      if (options.minTtl !== null) redefined(reader, "min-ttl cannot be respecified");
      options.minTtl = inRange(reader, value, 255, "min-ttl");
      return true;
    }
    case Token.maxMss: {
      reader.clause("max-mss");
      reader.take("keyword");
      const value = reader.number();
      if (options.maxMss !== null) redefined(reader, "max-mss cannot be respecified");
      options.maxMss = inRange(reader, value, 65535, "max-mss");
      return true;
    }
    case Token.setTos: {
      reader.clause("set-tos");
      reader.take("keyword");
      const value = parseTos(reader);
      if (options.setTos !== null) redefined(reader, "set-tos cannot be respecified");
      options.setTos = value;
      return true;
    }
    case Token.fragment:
      reader.clause("fragment");
      parseFragments(reader, options);
      return true;
    case Token.reassemble: {
      reader.clause("reassemble");
      reader.take("keyword");
      const what = reader.string("option");
      if (what.toLowerCase() !== "tcp") {
        reader.fail(
          `scrub reassemble supports only tcp, not '${what}'`,
          "pf/unknown-option",
          "Only `reassemble tcp` exists here; for fragments write `fragment reassemble`.",
        );
      }
      if (options.reassembleTcp) redefined(reader, "reassemble tcp cannot be respecified");
      options.reassembleTcp = true;
      return true;
    }
    case Token.randomId:
      reader.clause("random-id");
      reader.take("keyword");
      if (options.randomId) redefined(reader, "random-id cannot be respecified");
      options.randomId = true;
      return true;
    case Token.rtable:
      reader.clause("rtable");
      reader.take("keyword");
      options.rtable = parseRoutingTable(reader);
      return true;
    case Char.exclamation:
    case Token.tagged: {
      reader.clause("tagged");
      const negated = reader.accept(Char.exclamation, "operator");
      reader.expect(Token.tagged, "keyword");
      options.tagged = parseStrings(reader, "tag");
      options.taggedNegated = negated;
      return true;
    }
    default:
      return false;
  }
}

/** `fragcache`. */
function parseFragments(reader: Reader, options: OldScrubOptions): void {
  reader.take("keyword");
  let fragments: OldScrubOptions["fragments"];
  switch (reader.peek()) {
    case Token.reassemble:
      fragments = "reassemble";
      break;
    case Token.crop:
      fragments = "crop";
      break;
    case Token.dropOvl:
      fragments = "drop-overlap";
      break;
    default:
      reader.syntaxError();
  }
  reader.take("keyword");
  if (options.fragments !== null) redefined(reader, "fragcache cannot be respecified");
  options.fragments = fragments;
}

function inRange(reader: Reader, value: number, high: number, what: string): number {
  if (value < 0 || value > high) {
    reader.fail(`illegal ${what} value ${value | 0}`, "pf/out-of-range", `The value of \`${what}\` is 0 to ${high}.`);
  }
  return value;
}
