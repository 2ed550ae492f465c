/** Clauses that several kinds of rules have: direction, `log`, family, `proto`, `from` and `to`, and their checks. */
import type { LogOptions, Rule } from "../rule.ts";
import { parseAddressSpec, parseStrings } from "./hosts.ts";
import { byteLength } from "./lexer.ts";
import type { AnyFamily, FilterOptions, FromTo, HostNode, Peer } from "./nodes.ts";
import { parseList, parsePort, parseProtocol } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** PF_QNAME_SIZE - 1. */
export const QUEUE_NAME_MAXIMUM = 63;

export function checkTag(reader: Reader, tag: string): string {
  if (byteLength(tag) > reader.dialect.tagMaximum) {
    reader.fail(
      `tag too long, max ${reader.dialect.tagMaximum} chars`,
      "pf/name-too-long",
      `A tag has at most ${reader.dialect.tagMaximum} characters.`,
    );
  }
  return tag;
}

export function checkLabel(reader: Reader, label: string): string {
  if (byteLength(label) > reader.dialect.labelMaximum) {
    reader.fail(
      `rule label too long (max ${reader.dialect.labelMaximum} chars)`,
      "pf/name-too-long",
      `A label has at most ${reader.dialect.labelMaximum} characters.`,
    );
  }
  return label;
}

/** `flags` and `os` make sense for TCP alone. */
export function checkTcpOnly(
  reader: Reader,
  options: FilterOptions,
  fromTo: FromTo,
  protocols: readonly number[] | null,
  verb: "apply" | "applies",
): void {
  const flags = options.flags !== 0 || options.flagSet !== 0;
  if ((!flags && fromTo.os === null) || protocols === null || protocols.includes(6)) return;
  if (flags)
    reader.complain("flags only apply to tcp", "pf/tcp-only", "TCP flags can only be matched with `proto tcp`.");
  if (fromTo.os !== null) {
    reader.complain(
      `OS fingerprinting only ${verb} to tcp`,
      "pf/tcp-only",
      "Operating systems can only be told apart with `proto tcp`.",
    );
  }
  reader.giveUp();
}

export function parseDirection(reader: Reader): "in" | "out" | null {
  switch (reader.peek()) {
    case Token.in:
      reader.clause("direction");
      reader.take("keyword");
      return "in";
    case Token.out:
      reader.clause("direction");
      reader.take("keyword");
      return "out";
    default:
      return null;
  }
}

/** `logquick`: either, both in any order, or neither. */
export function parseLogQuick(reader: Reader): { log: LogOptions | null; quick: boolean } {
  let log: LogOptions | null = null;
  let quick = false;
  if (reader.peek() === Token.log) {
    log = parseLog(reader);
    if (reader.peek() === Token.quick) quick = takeQuick(reader);
  } else if (reader.peek() === Token.quick) {
    quick = takeQuick(reader);
    if (reader.peek() === Token.log) log = parseLog(reader);
  }
  return { log, quick };
}

export function takeQuick(reader: Reader): true {
  reader.clause("quick");
  reader.take("keyword");
  return true;
}

const PLAIN_LOG: LogOptions = { all: false, user: false, matches: false, interface: 0 };

/** `log`. */
export function parseLog(reader: Reader): LogOptions {
  reader.clause("log");
  reader.take("keyword");
  if (!reader.accept(Char.open, "punctuation")) {
    reader.follow(reader.lookahead.log);
    return PLAIN_LOG;
  }
  let all = false;
  let user = false;
  let matches = false;
  let number = 0;
  for (let first = true; first || reader.peek() !== Char.close; first = false) {
    if (!first) reader.optionalComma();
    switch (reader.peek()) {
      case Token.all:
        reader.take("keyword");
        all = true;
        break;
      case Token.matches:
        reader.take("keyword");
        matches = true;
        break;
      case Token.user:
        reader.take("keyword");
        user = true;
        break;
      case Token.group:
        if (!reader.dialect.logGroup) reader.syntaxError();
        reader.take("keyword");
        user = true;
        break;
      case Token.to: {
        reader.take("keyword");
        const name = parseStrings(reader, "interface");
        const other = logInterface(reader, name);
        if (other !== 0) number = other;
        break;
      }
      default:
        reader.syntaxError();
    }
  }
  reader.expect(Char.close);
  return { all, user, matches, interface: number };
}

function logInterface(reader: Reader, name: string): number {
  if (!name.startsWith("pflog")) {
    reader.fail(
      `${name}: should be a pflog interface`,
      "pf/not-pflog",
      `Packets are logged to pflog0, pflog1 and so on; \`${name}\` is none of them.`,
    );
  }
  const digits = name.slice(5);
  const number = Number(digits);
  const problem = !/^\s*[+-]?\d+$/.test(digits)
    ? "invalid"
    : number < 0
      ? "too small"
      : number > 255
        ? "too large"
        : null;
  if (problem !== null) {
    reader.fail(`${name}: ${problem}`, "pf/not-pflog", "The number of a pflog interface is 0 to 255.");
  }
  return number;
}

export function parseFamily(reader: Reader): AnyFamily {
  switch (reader.peek()) {
    case Token.inet:
      reader.clause("family");
      reader.take("keyword");
      return 4;
    case Token.inet6:
      reader.clause("family");
      reader.take("keyword");
      return 6;
    default:
      return 0;
  }
}

export function parseProtocols(reader: Reader): number[] | null {
  if (reader.peek() !== Token.proto) return null;
  reader.clause("proto");
  reader.take("keyword");
  return parseList(reader, parseProtocol);
}

/** `fromto`. */
export function parseFromTo(reader: Reader): FromTo {
  if (reader.peek() === Token.all) {
    reader.clause("all");
    reader.take("keyword");
    return { from: { hosts: null, ports: null }, to: { hosts: null, ports: null }, os: null };
  }
  let from: Peer = { hosts: null, ports: null };
  if (reader.peek() === Token.from) {
    reader.clause("from");
    reader.take("keyword");
    from = parsePeer(reader);
  }
  let os: string[] | null = null;
  if (reader.peek() === Token.os) {
    reader.clause("os");
    reader.take("keyword");
    os = parseList(reader, (it) => it.string("os"));
  }
  let to: Peer = { hosts: null, ports: null };
  if (reader.peek() === Token.to) {
    reader.clause("to");
    reader.take("keyword");
    to = parsePeer(reader);
    disallowUrpfFailed(reader, to.hosts, '"urpf-failed" is not permitted in a destination address');
  }
  return { from, to, os };
}

export function disallowUrpfFailed(reader: Reader, hosts: readonly HostNode[] | null, tool: string): void {
  if (hosts === null) return;
  for (const host of hosts) {
    if (host.wrap.kind === "urpf-failed") {
      reader.fail(tool, "pf/wrong-address", "`urpf-failed` checks the source of a packet: it stands after `from`.");
    }
  }
}

/** `ipportspec`. */
function parsePeer(reader: Reader): Peer {
  if (reader.peek() === Token.port) {
    reader.take("keyword");
    return { hosts: null, ports: parseList(reader, parsePort) };
  }
  const hosts = parseAddressSpec(reader);
  if (reader.peek() !== Token.port) {
    reader.follow(reader.lookahead.addresses);
    return { hosts, ports: null };
  }
  reader.take("keyword");
  return { hosts, ports: parseList(reader, parsePort) };
}

/** `decide_address_family`: the family all addresses have in common. */
export function decideFamily(hosts: readonly HostNode[] | null, rule: Rule): void {
  if (rule.family !== null || hosts === null) return;
  const first = hosts[0]?.family ?? 0;
  for (const host of hosts) if (host.family !== first) return;
  rule.family = first === 0 ? null : first;
}
