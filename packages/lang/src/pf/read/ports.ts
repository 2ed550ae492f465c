/** Ports, users, groups, ICMP types, TCP flags, TOS: the small operands of filter rules. */
import { icmpCodeByName, icmpTypeByName, protocolByName, serviceByName, tosByName } from "../../names/index.ts";
import { parseUnsigned } from "../load/numeric.ts";
import type { Operator } from "../rule.ts";
import type { TokenRole } from "../syntax.ts";
import type { IcmpNode, IdNode, PortNode, PortRange } from "./nodes.ts";
import type { Reader } from "./reader.ts";
import { suggest } from "./suggest.ts";
import { Char, Token } from "./tokens.ts";

/** `{ item, item }` or one item; items may be parted by line ends, and commas are optional. */
export function parseList<T>(reader: Reader, item: (reader: Reader) => T): T[] {
  if (reader.peek() !== Char.openBrace) return [item(reader)];
  reader.openBrace();
  const list = [item(reader)];
  reader.skipNewlines();
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    list.push(item(reader));
    reader.skipNewlines();
  }
  reader.closeBrace();
  return list;
}

/** `getservice`: a port by number or name. */
export function lookUpService(reader: Reader, text: string): number {
  const number = parseUnsigned(text);
  if (number !== null) {
    if (number > 65535n) {
      reader.fail(`illegal port value ${number}`, "pf/invalid-port", "A port is 0 to 65535.");
    }
    return Number(number);
  }
  const system = reader.dialect.system;
  const port =
    serviceByName(system, text, "tcp") ??
    serviceByName(system, text, "udp") ??
    (reader.dialect.sctp ? serviceByName(system, text, "sctp") : null);
  if (port === null) {
    const meant = suggest(reader, text, COMMON_SERVICES);
    return reader.fail(
      `unknown port ${text}`,
      "pf/unknown-port",
      meant.question === ""
        ? `There is no service named \`${text}\` in services(5). Write the port's number.`
        : `There is no service named \`${text}\` in services(5).${meant.question}`,
      meant,
    );
  }
  return port;
}

/**
 * `portplain`, `portrange`, `portstar`: a port, with `ranges` also `from:to`, with `star` also `from:*`.
 */
export function parseServiceRange(reader: Reader, ranges: boolean, star: boolean): PortRange {
  if (reader.peek() === Token.number) {
    const value = reader.number();
    if (value >= 0 && value <= 65535) return { from: value, to: 0, type: "none" };
    return { from: lookUpService(reader, reader.lexer.numberText), to: 0, type: "none" };
  }
  return portNamed(reader, reader.string("port"), ranges, star);
}

/** `parseport`: a port, `from:to` or `from:*` in one word. */
export function portNamed(reader: Reader, text: string, ranges: boolean, star: boolean): PortRange {
  const colon = text.indexOf(":");
  if (colon === -1) return { from: lookUpService(reader, text), to: 0, type: "none" };
  if (star && text.slice(colon + 1) === "*") {
    return { from: lookUpService(reader, text.slice(0, colon)), to: 0, type: "star" };
  }
  if (ranges) {
    const from = lookUpService(reader, text.slice(0, colon));
    const to = lookUpService(reader, text.slice(colon + 1));
    return from === to ? { from, to: 0, type: "none" } : { from, to, type: "range" };
  }
  const message = "Here stands one port, not a range.";
  if (reader.dialect.namesInvalidPorts) reader.fail(`port is invalid: ${text}`, "pf/invalid-port", message);
  reader.report("pf/invalid-port", "error", message, reader.takenStart, reader.takenEnd);
  return reader.giveUp();
}

/** `unaryop`, or null when the next token is none. */
function parseUnaryOperator(reader: Reader): Operator | null {
  switch (reader.peek()) {
    case Char.equals:
      reader.take("operator");
      return "=";
    case Token.notEqual:
      reader.take("operator");
      return "!=";
    case Token.lessEqual:
      reader.take("operator");
      return "<=";
    case Token.greaterEqual:
      reader.take("operator");
      return ">=";
    case Char.less:
      reader.take("operator");
      return !reader.dialect.lexer.joinedOperators && reader.accept(Char.equals, "operator") ? "<=" : "<";
    case Char.greater:
      reader.take("operator");
      return !reader.dialect.lexer.joinedOperators && reader.accept(Char.equals, "operator") ? ">=" : ">";
    case Char.exclamation:
      if (reader.dialect.lexer.joinedOperators) return null;
      reader.take("operator");
      reader.expect(Char.equals, "operator");
      return "!=";
    default:
      return null;
  }
}

/** `validate_range`: an empty range, or one that holds every port. */
function isBackward(operator: Operator, first: number, last: number): boolean {
  if (operator === ":") return first > last;
  if (operator === "><") return first >= last;
  return operator === "<>" && first > last;
}

/** `port_item`. */
export function parsePort(reader: Reader): PortNode {
  const unary = parseUnaryOperator(reader);
  if (unary !== null) {
    const range = parseServiceRange(reader, true, false);
    if (range.type !== "none") colonWithOperator(reader);
    return { range: { operator: unary, first: range.from, last: range.from }, second: range.to };
  }
  const range = parseServiceRange(reader, true, false);
  if (reader.peek() === Token.portBinary) {
    const operator = reader.lexer.operator;
    reader.take("operator");
    const last = parseServiceRange(reader, true, false);
    if (range.type !== "none" || last.type !== "none") colonWithOperator(reader);
    checkRange(reader, operator, range.from, last.from);
    return { range: { operator, first: range.from, last: last.from }, second: last.from };
  }
  reader.follow(reader.lookahead.port);
  if (range.type === "none") return { range: { operator: "=", first: range.from, last: range.from }, second: 0 };
  checkRange(reader, ":", range.from, range.to);
  return { range: { operator: ":", first: range.from, last: range.to }, second: range.to };
}

function colonWithOperator(reader: Reader): never {
  return reader.fail(
    "':' cannot be used with an other port operator",
    "pf/invalid-port",
    "A range with `:` stands alone, without another operator.",
  );
}

function checkRange(reader: Reader, operator: Operator, first: number, last: number): void {
  if (!isBackward(operator, first, last)) return;
  const message =
    operator === "<>"
      ? `\`${first} <> ${last}\` is every port.`
      : `No port is in the range ${first} to ${last}. Write the smaller port first.`;
  if (reader.dialect.checksPortRanges) reader.fail("invalid port range", "pf/invalid-port-range", message);
  reader.report("pf/invalid-port-range", "warning", message, reader.takenStart, reader.takenEnd);
}

/** `uid_item` and `gid_item`. */
export function parseId(reader: Reader, what: "user" | "group"): IdNode {
  const unary = parseUnaryOperator(reader);
  if (unary !== null) {
    const id = parseIdValue(reader, what);
    if (id === UNKNOWN_ID && unary !== "=" && unary !== "!=") unknownNeedsEquality(reader, what);
    return { operator: unary, first: id, last: id };
  }
  const first = parseIdValue(reader, what);
  if (reader.peek() === Token.portBinary) {
    const operator = reader.lexer.operator;
    reader.take("operator");
    const last = parseIdValue(reader, what);
    if (first === UNKNOWN_ID || last === UNKNOWN_ID) unknownNeedsEquality(reader, what);
    return { operator, first, last };
  }
  reader.follow(reader.lookahead.id);
  return { operator: "=", first, last: first };
}

/** UID_MAX: the socket's owner cannot be found. */
const UNKNOWN_ID = 0xffffffff;

function unknownNeedsEquality(reader: Reader, what: string): never {
  return reader.fail(
    `${what} unknown requires operator = or !=`,
    "pf/invalid-id",
    `\`unknown\` can be compared with = and != only.`,
  );
}

function parseIdValue(reader: Reader, what: "user" | "group"): number {
  if (reader.peek() === Token.number) {
    const value = reader.number();
    if (value < 0 || value >= UNKNOWN_ID) {
      reader.fail(
        `illegal ${what === "user" ? "uid" : "gid"} value ${reader.numberAs("unsigned long")}`,
        "pf/invalid-id",
        `A ${what} id is 0 to 4294967294.`,
      );
    }
    return value;
  }
  const name = reader.string(what);
  if (name === "unknown") return UNKNOWN_ID;
  const environment = reader.environment;
  if (environment === null) return 0;
  const id = what === "user" ? environment.userId(name) : environment.groupId(name);
  if (id === null) {
    return reader.fail(
      `unknown ${what} ${name}`,
      what === "user" ? "pf/unknown-user" : "pf/unknown-group",
      `There is no ${what} named \`${name}\` on this machine.`,
    );
  }
  return id;
}

/** What a misspelt name is compared with: protocols(5) has many that nobody means. */
const COMMON_PROTOCOLS = "tcp udp icmp ipv6-icmp icmp6 igmp esp ah gre carp pfsync sctp ospf ipencap ipv6".split(" ");
const COMMON_SERVICES =
  "ssh http https www domain smtp smtps submission imap imaps pop3 pop3s ntp syslog snmp ftp telnet bootps bootpc isakmp ipsec-nat-t ldap ldaps auth tftp".split(
    " ",
  );

/** `protoval`. */
export function parseProtocol(reader: Reader): number {
  let protocol: number;
  if (reader.peek() === Token.number) {
    protocol = reader.number();
    if (protocol < 0 || protocol > 255) {
      reader.fail("protocol outside range", "pf/out-of-range", "A protocol number is 0 to 255.");
    }
  } else {
    const name = reader.string("protocol");
    const found = protocolByName(reader.dialect.system, name);
    if (found === null) {
      const meant = suggest(reader, name, COMMON_PROTOCOLS);
      return reader.fail(
        `unknown protocol ${name}`,
        "pf/unknown-protocol",
        `There is no protocol named \`${name}\` in protocols(5).${meant.question}`,
        meant,
      );
    }
    protocol = found;
  }
  if (protocol === 0) {
    reader.fail("proto 0 cannot be used", "pf/out-of-range", "Protocol 0 cannot be matched.");
  }
  return protocol;
}

/** `icmpspec` after its keyword. */
export function parseIcmp(reader: Reader, family: 4 | 6): IcmpNode {
  const word = family === 4 ? "icmp" : "icmp6";
  const protocol = family === 4 ? 1 : 58;
  const system = reader.dialect.system;
  let type: number;
  if (reader.peek() === Token.number) {
    type = reader.number();
    if (type < 0 || type > 255) {
      reader.fail(
        `illegal ${word}-type ${reader.numberAs("unsigned long")}`,
        "pf/out-of-range",
        "An ICMP type is 0 to 255.",
      );
    }
  } else {
    const name = reader.string("option");
    const found = icmpTypeByName(system, family, name);
    if (found === null) {
      return reader.fail(
        `unknown ${word}-type ${name}`,
        "pf/unknown-icmp-type",
        `\`${name}\` is not an ICMP type that pf.conf knows. Use its number.`,
      );
    }
    type = found;
  }
  if (!reader.accept(Token.code)) {
    reader.follow(reader.lookahead.icmp);
    return { type, code: null, protocol };
  }
  if (reader.peek() === Token.number) {
    const code = reader.number();
    if (code < 0 || code > 255) {
      reader.fail(
        `illegal icmp-code ${reader.numberAs("unsigned long")}`,
        "pf/out-of-range",
        "An ICMP code is 0 to 255.",
      );
    }
    return { type, code, protocol };
  }
  const name = reader.string("option");
  const code = icmpCodeByName(system, family, type, name);
  if (code === null) {
    return reader.fail(
      `unknown ${word}-code ${name}`,
      "pf/unknown-icmp-code",
      `\`${name}\` is not a code of this ICMP type that pf.conf knows. Use its number.`,
    );
  }
  return { type, code, protocol };
}

/** `flags`: both octets. */
export function parseTcpFlags(reader: Reader): readonly [number, number] {
  switch (reader.peek()) {
    case Token.any:
      reader.take("keyword");
      return [0, 0];
    case Char.slash:
      reader.take("punctuation");
      return [0, parseFlagLetters(reader)];
    default: {
      const flags = parseFlagLetters(reader);
      reader.expect(Char.slash);
      return [flags, parseFlagLetters(reader)];
    }
  }
}

function parseFlagLetters(reader: Reader): number {
  const text = reader.string("flags");
  let flags = 0;
  for (const letter of text) {
    const bit = reader.dialect.flagLetters.indexOf(letter);
    if (bit === -1) {
      return reader.fail(
        `bad flags ${text}`,
        "pf/invalid-flags",
        `TCP flags are written with the letters ${reader.dialect.flagLetters}; \`${letter}\` is none of them.`,
      );
    }
    flags |= 1 << bit;
  }
  return flags === 0 ? 0xff : flags;
}

/** `tos`: an octet by word or number. Before OpenBSD 4.7 it may not be 0, and hexadecimal digits may be followed by anything. */
export function parseTos(reader: Reader): number {
  const least = reader.dialect.zeroTos ? 0 : 1;
  if (reader.peek() === Token.number) {
    const value = least === 0 ? reader.number() : reader.number() | 0;
    if (least === 1 && value < 0) return value & 0xff;
    // There the message prints the number as a string: 0 is the null pointer.
    if (value < least || value > 255)
      illegalTos(reader, least === 1 && value === 0 ? "(null)" : reader.numberAs("unsigned long"));
    return value;
  }
  const text = reader.string("option");
  const named = tosByName(reader.dialect.system, text);
  if (named !== null) return named;
  const digits = /^0x([0-9a-fA-F]+)/.exec(text);
  if (digits !== null && (digits[0].length === text.length || !reader.dialect.zeroTos)) {
    const value = Number(digits[0]);
    if (value >= least && value <= 255) return value;
  }
  return illegalTos(reader, text);
}

function illegalTos(reader: Reader, text: string): never {
  return reader.fail(
    `illegal tos value ${text}`,
    "pf/invalid-tos",
    "A TOS value is 0 to 255, or one of the words of pf.conf(5) such as `lowdelay`.",
  );
}

/** `number`: a number, or one in a string with another base. */
export function parseNumber(reader: Reader): number {
  if (reader.peek() === Token.number) return reader.number();
  const text = reader.string("number");
  const value = parseUnsigned(text);
  if (value === null) {
    return reader.fail(`${text} is not a number`, "pf/invalid-number", `\`${text}\` is not a number.`);
  }
  return Number(value);
}

/** A number that must fit 32 bits. */
export function parseCount(reader: Reader): number {
  const value = reader.number();
  if (value < 0 || value > 0xffffffff) notPositive(reader);
  return value;
}

export function notPositive(reader: Reader): never {
  return reader.fail("only positive values permitted", "pf/out-of-range", "The value is 0 to 4294967295.");
}

/** Role of words that name things. */
export type NameRole = TokenRole;
