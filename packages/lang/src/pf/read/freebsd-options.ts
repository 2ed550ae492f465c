/** Options of filter rules that FreeBSD has alone, or reads in its own way: `filter_opt` of its parse.y. */
import type { Family } from "@pierhead/core";
import { removeOtherFamily } from "../load/pool-freebsd.ts";
import { parseHost, parsePoolOptions, parseStrings, redefined } from "./hosts.ts";
import { parseLimiterUse } from "./limiters.ts";
import type { FilterOptions, HostNode, PortRange, Redirection } from "./nodes.ts";
import { parseNumber, parseServiceRange, parseTos, portNamed } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** PF_RULE_MAX_LABEL_COUNT */
const LABELS_MAXIMUM = 5;

/**
 * Reads an option that is FreeBSD's own. Returns null when the next one is everybody's or none, false when everybody's
 * option is none here.
 */
export function parseFreebsdOption(reader: Reader, options: FilterOptions): boolean | null {
  switch (reader.peek()) {
    case Token.label:
      reader.clause("label");
      reader.take("keyword");
      addLabel(reader, options);
      return true;
    case Token.state:
    case Token.source:
      parseLimiterUse(reader, options);
      return true;
    case Token.ridentifier:
      reader.clause("ridentifier");
      reader.take("keyword");
      options.identifier = parseNumber(reader) >>> 0;
      return true;
    case Token.dnpipe:
    case Token.dnqueue:
      reader.clause("dummynet");
      parseDummynet(reader, options);
      return true;
    case Token.maxPktSize: {
      reader.clause("max-pkt-size");
      reader.take("keyword");
      const size = reader.number();
      if (size < 0 || size > 0xffff) {
        reader.fail("only positive values permitted", "pf/out-of-range", "A packet size is 0 to 65535.");
      }
      options.maxPacketSize = size;
      return true;
    }
    case Token.divertTo:
      reader.clause("divert");
      parseDivertTo(reader, options);
      return true;
    case Token.divertReply:
      reader.take("keyword");
      return reader.fail(
        "divert-reply has no meaning in FreeBSD pf(4)",
        "pf/wrong-system",
        "`divert-reply` is OpenBSD's. On FreeBSD divert(4) sockets get replies without it.",
      );
    case Token.scrub:
      if (!reader.dialect.translationOptions) return false;
      reader.clause("scrub");
      reader.take("keyword");
      parseRuleScrub(reader, options);
      return true;
    case Token.natTo:
    case Token.rdrTo:
    case Token.binatTo:
      parseTranslation(reader, options);
      return true;
    case Token.afTo:
      reader.clause("af-to");
      reader.take("keyword");
      parseFamilyTo(reader, options);
      return true;
    case Token.routeTo:
    case Token.replyTo:
    case Token.dupTo:
      // They stand before the address family.
      return false;
    default:
      return null;
  }
}

/** `label`, at most five times. */
export function addLabel(reader: Reader, options: { labels: string[] | null }): void {
  const label = reader.string("label");
  if (options.labels !== null && options.labels.length >= LABELS_MAXIMUM) {
    reader.fail(
      `label can only be used ${LABELS_MAXIMUM} times`,
      "pf/given-twice",
      `A rule has at most ${LABELS_MAXIMUM} labels.`,
    );
  }
  if (options.labels === null) options.labels = [label];
  else options.labels.push(label);
}

/** `dnpipe 1`, `dnpipe (1)`, `dnpipe (1, 2)`: there and back. */
function parseDummynet(reader: Reader, options: FilterOptions): void {
  const kind = reader.take("keyword") === Token.dnpipe ? "pipe" : "queue";
  let number: number;
  let reply = options.dummynet?.reply ?? 0;
  if (reader.accept(Char.open, "punctuation")) {
    number = parseNumber(reader);
    if (reader.peek() !== Char.close) {
      reader.optionalComma();
      reply = parseNumber(reader) & 0xffff;
    }
    reader.expect(Char.close);
  } else number = parseNumber(reader);
  // Both flags may be set by two options; pipe is what pfctl then sees.
  options.dummynet = {
    kind: options.dummynet?.kind === "pipe" ? "pipe" : kind,
    number: number & 0xffff,
    reply,
  };
}

/** `divert-to 8668`, or with an address that FreeBSD takes and drops. */
function parseDivertTo(reader: Reader, options: FilterOptions): void {
  reader.take("keyword");
  let port: number;
  if (reader.peek() === Token.number) port = parseServiceRange(reader, false, false).from;
  else {
    const text = reader.string("port");
    if (reader.accept(Token.port)) port = parseServiceRange(reader, false, false).from;
    else {
      reader.follow(reader.lookahead.option);
      port = portNamed(reader, text, false, false).from;
    }
  }
  if (port === 0) {
    reader.fail(`invalid divert port: ${port}`, "pf/invalid-port", "The port of divert-to is 1 to 65535.");
  }
  options.divert = { kind: "divert-to", hosts: [], port };
}

/** What `scrub` rules and `scrub ( … )` share (`scrub_opts`). */
export interface ScrubOptionsNode {
  noDf: boolean;
  minTtl: number;
  maxMss: number;
  setTos: number | null;
  /** `fragment reassemble` or `fragment no reassemble`. */
  noReassemble: boolean;
  reassembleTcp: boolean;
  randomId: boolean;
  rtable: number;
  tagged: string | null;
  taggedNegated: boolean;
}

/** `scrub_opts`, up to a token that is none. */
export function parseScrubOptions(reader: Reader): ScrubOptionsNode {
  const node: ScrubOptionsNode = {
    noDf: false,
    minTtl: 0,
    maxMss: 0,
    setTos: null,
    noReassemble: false,
    reassembleTcp: false,
    randomId: false,
    rtable: -1,
    tagged: null,
    taggedNegated: false,
  };
  const seen = new Set<string>();
  const once = (word: string): void => {
    if (seen.has(word)) redefined(reader, `${word} cannot be respecified`);
    seen.add(word);
  };
  for (let first = true; ; first = false) {
    if (!first && reader.peek() === Char.comma) reader.take("punctuation");
    else if (!beginsScrubOption(reader.peek())) return node;
    parseScrubOption(reader, node, once);
  }
}

function beginsScrubOption(kind: number): boolean {
  switch (kind) {
    case Token.noDf:
    case Token.minTtl:
    case Token.maxMss:
    case Token.setTos:
    case Token.fragment:
    case Token.reassemble:
    case Token.randomId:
    case Token.rtable:
    case Token.tagged:
    case Char.exclamation:
      return true;
    default:
      return false;
  }
}

function parseScrubOption(reader: Reader, node: ScrubOptionsNode, once: (word: string) => void): void {
  switch (reader.peek()) {
    case Token.noDf:
      reader.take("keyword");
      once("no-df");
      node.noDf = true;
      return;
    case Token.minTtl:
      node.minTtl = parseScrubNumber(reader, "min-ttl", 255, once);
      return;
    case Token.maxMss:
      node.maxMss = parseScrubNumber(reader, "max-mss", 65535, once);
      return;
    case Token.setTos: {
      reader.take("keyword");
      const tos = parseTos(reader);
      once("set-tos");
      node.setTos = tos;
      return;
    }
    case Token.fragment: {
      reader.take("keyword");
      const no = reader.accept(Token.no);
      reader.expect(Token.reassemble, "keyword");
      once("fragcache");
      node.noReassemble = no;
      return;
    }
    case Token.reassemble: {
      reader.take("keyword");
      const what = reader.string("option");
      if (what.toLowerCase() !== "tcp") {
        reader.fail(
          `scrub reassemble supports only tcp, not '${what}'`,
          "pf/unknown-option",
          "Only `reassemble tcp` exists here.",
        );
      }
      once("reassemble tcp");
      node.reassembleTcp = true;
      return;
    }
    case Token.randomId:
      reader.take("keyword");
      once("random-id");
      node.randomId = true;
      return;
    case Token.rtable:
      reader.take("keyword");
      node.rtable = parseFib(reader);
      return;
    case Token.tagged:
    case Char.exclamation:
      node.taggedNegated = reader.accept(Char.exclamation, "operator");
      reader.expect(Token.tagged, "keyword");
      node.tagged = parseStrings(reader, "tag");
      return;
    default:
      reader.syntaxError();
  }
}

function parseScrubNumber(reader: Reader, word: string, most: number, once: (word: string) => void): number {
  reader.take("keyword");
  const value = reader.number();
  once(word);
  if (value < 0 || value > most) {
    reader.fail(`illegal ${word} value ${value | 0}`, "pf/out-of-range", `\`${word}\` is 0 to ${most}.`);
  }
  return value;
}

/** A routing table (fib). */
export function parseFib(reader: Reader): number {
  const table = reader.number();
  if (table < 0 || table > reader.dialect.rtableMaximum) {
    reader.fail("invalid rtable id", "pf/out-of-range", `A routing table is 0 to ${reader.dialect.rtableMaximum}.`);
  }
  return table;
}

/** `scrub ( … )` on a filter rule. */
function parseRuleScrub(reader: Reader, options: FilterOptions): void {
  reader.expect(Char.open);
  const node = parseScrubOptions(reader);
  reader.expect(Char.close);
  options.noDf = node.noDf;
  options.minTtl = node.minTtl;
  options.randomId = node.randomId;
  options.maxMss = node.maxMss;
  if (node.reassembleTcp) options.reassembleTcp = true;
  // `set-tos` in the parentheses is `set tos` of the rule.
  if (node.setTos !== null) options.setTos = node.setTos;
}

/** `redir_host`: a host or a list. */
function parseRedirectionHosts(reader: Reader): HostNode[] {
  if (reader.peek() !== Char.openBrace) return parseHost(reader);
  reader.openBrace();
  const list = parseHost(reader);
  reader.skipNewlines();
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    for (const host of parseHost(reader)) list.push(host);
    reader.skipNewlines();
  }
  reader.closeBrace();
  return list;
}

/** `port_redirspec`. */
export function parsePortRedirection(reader: Reader): Redirection {
  const hosts = parseRedirectionHosts(reader);
  let port: PortRange = { from: 0, to: 0, type: "none" };
  if (reader.accept(Token.port)) port = parseServiceRange(reader, true, true);
  return { hosts, port, options: parsePoolOptions(reader), binat: false, family: 0 };
}

function parseTranslation(reader: Reader, options: FilterOptions): void {
  const kind = reader.peek();
  reader.clause(kind === Token.natTo ? "nat-to" : kind === Token.rdrTo ? "rdr-to" : "binat-to");
  reader.take("keyword");
  const target = parsePortRedirection(reader);
  if (kind === Token.rdrTo) {
    if (options.rdr !== null) redefined(reader, "cannot respecify rdr-to");
    options.rdr = target;
    return;
  }
  if (options.nat !== null) redefined(reader, "cannot respecify nat-to/binat-to");
  if (kind === Token.natTo) options.nat = target;
  else options.nat = { ...target, options: { ...target.options, staticPort: true }, binat: true };
}

/** `af-to FAMILY from … [to …]`. */
function parseFamilyTo(reader: Reader, options: FilterOptions): void {
  const family: Family | null = reader.accept(Token.inet) ? 4 : reader.accept(Token.inet6) ? 6 : null;
  reader.expect(Token.from, "keyword");
  const from = parsePortRedirection(reader);
  const to = reader.accept(Token.to) ? parsePortRedirection(reader) : null;
  if (options.nat !== null) redefined(reader, "cannot respecify af-to");
  if (family === null) {
    reader.fail(
      "no address family specified",
      "pf/family-missing",
      "Write `inet` or `inet6` after af-to: the family to translate to.",
    );
  }
  const ofFamily = (redirection: Redirection): Redirection => {
    const { hosts } = removeOtherFamily(redirection.hosts ?? [], family);
    if (hosts.length === 0) {
      reader.fail(
        "af-to addresses must be in the target address family",
        "pf/family-mismatch",
        "The addresses of af-to belong to the family it translates to.",
      );
    }
    return { ...redirection, hosts, family };
  };
  options.nat = ofFamily(from);
  if (to !== null) options.rdr = ofFamily(to);
  options.afTo = true;
}
