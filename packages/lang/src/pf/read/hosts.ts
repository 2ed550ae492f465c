/** Addresses: `host`, `xhost`, `ipspec`, `dynaddr`, `host_list`, `redirspec` of parse.y. */
import { isIllegalCombination, MODIFIER, modifierOf } from "../load/hosts.ts";
import type { InterfaceModifiers } from "../rule.ts";
import { isLetter } from "./characters.ts";
import { parseFreebsdPoolOption } from "./freebsd-pool.ts";
import { byteLength } from "./lexer.ts";
import { md5 } from "./md5.ts";
import { dynamicNode, HostNode, type PoolOptions, type PortRange, poolOptions, type Redirection } from "./nodes.ts";
import { parseServiceRange } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** Longest interface name in bytes (IFNAMSIZ - 1). */
export const INTERFACE_NAME_MAXIMUM = 15;
/** Longest route label in bytes (RTLABEL_LEN - 1). */
const ROUTE_LABEL_MAXIMUM = 31;

/** `host`. */
export function parseHost(reader: Reader): HostNode[] {
  switch (reader.peek()) {
    case Token.string: {
      const text = reader.string("address");
      const start = reader.takenStart;
      switch (reader.peek()) {
        case Char.minus:
          return parseRange(reader, text, start);
        case Char.slash:
          reader.take("punctuation");
          reader.number();
          return resolve(reader, `${text}/${reader.lexer.numberText}`, start, reader.takenEnd);
        default: {
          const end = reader.takenEnd;
          reader.follow(reader.lookahead.host);
          return resolve(reader, text, start, end);
        }
      }
    }
    case Token.number: {
      reader.number();
      const text = reader.lexer.numberText;
      const start = reader.takenStart;
      reader.expect(Char.slash);
      reader.number();
      return resolve(reader, `${text}/${reader.lexer.numberText}`, start, reader.takenEnd);
    }
    case Char.open: {
      const start = reader.lexer.start;
      const node = parseDynamic(reader);
      if (reader.peek() !== Char.slash) return [node];
      reader.take("punctuation");
      const bits = reader.number();
      if (bits < 0 || bits > 128) {
        reader.fail("bit number too big", "pf/bad-netmask", "A netmask has 0 to 128 bits.", { start });
      }
      const wrap = node.wrap;
      return wrap.kind === "dynamic" ? [dynamicNode(wrap.interface, wrap.modifiers, bits)] : [node];
    }
    case Char.less:
      reader.take("punctuation");
      return [parseTableReference(reader)];
    case Token.route: {
      reader.take("keyword");
      const label = reader.string("label");
      if (byteLength(label) > ROUTE_LABEL_MAXIMUM) {
        reader.fail(
          `route label too long, max ${ROUTE_LABEL_MAXIMUM} chars`,
          "pf/name-too-long",
          `A route label has at most ${ROUTE_LABEL_MAXIMUM} characters.`,
        );
      }
      return [new HostNode({ kind: "route-label", label }, 0, 0)];
    }
    default:
      return reader.syntaxError();
  }
}

function parseRange(reader: Reader, first: string, start: number): HostNode[] {
  reader.take("operator");
  const last = reader.string("address");
  const low = lookUp(reader, first, start, reader.takenEnd);
  const high = low === null ? null : lookUp(reader, last, start, reader.takenEnd);
  if (low === null || high === null) return cannotParse(reader, `${first} - ${last}`, start, reader.takenEnd);
  const a = low[0] as HostNode;
  const b = high[0] as HostNode;
  if (reader.hosts === null) return low;
  if (
    a.wrap.kind !== "prefix" ||
    b.wrap.kind !== "prefix" ||
    !isHost(a) ||
    !isHost(b) ||
    low.length > 1 ||
    high.length > 1 ||
    a.family !== b.family
  ) {
    return reader.fail(
      "invalid address range",
      "pf/invalid-range",
      "A range goes from one single address to another of the same family, without netmasks.",
      { start },
    );
  }
  return [new HostNode({ kind: "range", first: a.wrap.address, last: b.wrap.address }, a.family, 128)];
}

function isHost(node: HostNode): boolean {
  return node.bits === (node.family === 4 ? 32 : 128);
}

/** The rest of `<name>` after its `<`. */
export function parseTableReference(reader: Reader): HostNode {
  const name = reader.string("table");
  reader.expect(Char.greater);
  checkTableName(reader, name);
  return new HostNode({ kind: "table", name }, 0, 0);
}

export function checkTableName(reader: Reader, name: string): void {
  if (byteLength(name) <= reader.dialect.tableNameMaximum) return;
  reader.fail(
    `table name '${name}' too long`,
    "pf/name-too-long",
    `A table name has at most ${reader.dialect.tableNameMaximum} characters.`,
  );
}

function resolve(reader: Reader, text: string, start: number, end: number): HostNode[] {
  return lookUp(reader, text, start, end) ?? cannotParse(reader, text, start, end);
}

function lookUp(reader: Reader, text: string, _start: number, _end: number): HostNode[] | null {
  if (reader.hosts === null) return [new HostNode({ kind: "any" }, 0, 0)];
  return reader.hosts.host(text, reader.addToolLine, reader.options.noDns);
}

function cannotParse(reader: Reader, text: string, start: number, end: number): never {
  return reader.fail(
    "could not parse host specification",
    "pf/unknown-host",
    `\`${text}\` is neither an address nor an interface of this machine, and as a host name it does not resolve.`,
    { start, end },
  );
}

/** `( interface[:modifier] )`. */
function parseDynamic(reader: Reader): HostNode {
  reader.take("punctuation");
  const text = reader.string("interface");
  const start = reader.takenStart;
  const end = reader.takenEnd;
  reader.expect(Char.close);
  let name = text;
  let modifiers = 0;
  if (!isLetter(name.charCodeAt(0))) {
    reader.fail(
      `invalid interface name '${text}'`,
      "pf/invalid-interface-name",
      `In parentheses stands the name of an interface, which begins with a letter; \`${text}\` does not.`,
      { start, end },
    );
  }
  for (let colon = name.lastIndexOf(":"); colon !== -1; colon = name.lastIndexOf(":")) {
    const modifier = modifierOf(name.slice(colon + 1));
    if (modifier === 0) {
      reader.fail(
        `interface ${name} has bad modifier`,
        "pf/bad-interface-modifier",
        `\`:${name.slice(colon + 1)}\` is not an interface modifier; there are :network, :broadcast, :peer and :0.`,
        { start, end },
      );
    }
    modifiers |= modifier;
    name = name.slice(0, colon);
  }
  if (isIllegalCombination(modifiers)) {
    reader.fail(
      "illegal combination of interface modifiers",
      "pf/bad-interface-modifier",
      "Only one of :network, :broadcast and :peer can be used at a time.",
      { start, end },
    );
  }
  checkInterfaceName(reader, name);
  return dynamicNode(name, modifiersOf(modifiers), 128);
}

export function checkInterfaceName(reader: Reader, name: string): void {
  if (byteLength(name) <= INTERFACE_NAME_MAXIMUM) return;
  reader.fail(
    "interface name too long",
    "pf/name-too-long",
    `An interface name has at most ${INTERFACE_NAME_MAXIMUM} characters.`,
  );
}

export function modifiersOf(bits: number): InterfaceModifiers {
  return {
    network: (bits & MODIFIER.network) !== 0,
    broadcast: (bits & MODIFIER.broadcast) !== 0,
    peer: (bits & MODIFIER.peer) !== 0,
    noAlias: (bits & MODIFIER.noAlias) !== 0,
  };
}

/** `xhost`: a host, `no-route` or `urpf-failed`, with an optional `!`. */
export function parseNegatableHost(reader: Reader): HostNode[] {
  const negated = reader.accept(Char.exclamation, "operator");
  let hosts: HostNode[];
  switch (reader.peek()) {
    case Token.noRoute:
      reader.take("keyword");
      hosts = [new HostNode({ kind: "no-route" }, 0, 0)];
      break;
    case Token.urpfFailed:
      reader.take("keyword");
      hosts = [new HostNode({ kind: "urpf-failed" }, 0, 0)];
      break;
    default:
      hosts = parseHost(reader);
  }
  for (const host of hosts) host.negated = negated;
  return hosts;
}

/** `ipspec`: `any` (null), a host, or a list. */
export function parseAddressSpec(reader: Reader): HostNode[] | null {
  switch (reader.peek()) {
    case Token.any:
      reader.take("keyword");
      return null;
    case Char.openBrace: {
      reader.enter();
      reader.openBrace();
      const list = parseHostList(reader);
      reader.leave();
      return list;
    }
    default:
      return parseNegatableHost(reader);
  }
}

/** `host_list` and the closing brace. */
export function parseHostList(reader: Reader): HostNode[] | null {
  let list = parseAddressSpec(reader);
  reader.skipNewlines();
  const anyWins = reader.dialect.anyWinsInLists;
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    const more = parseAddressSpec(reader);
    reader.skipNewlines();
    if (list === null || more === null) list = anyWins ? null : (list ?? more);
    else append(list, more);
  }
  reader.closeBrace();
  return list;
}

export function append<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}

/** `optweight`. */
export function parseWeight(reader: Reader): number {
  if (reader.peek() !== Token.weight) return 0;
  reader.take("keyword");
  const weight = reader.number();
  if (weight < 1 || weight > 65535) {
    reader.fail("weight out of range", "pf/out-of-range", "A weight is 1 to 65535.");
  }
  return weight;
}

function parseWeightedHost(reader: Reader): HostNode[] {
  const hosts = parseHost(reader);
  return weigh(hosts, parseWeight(reader));
}

export function weigh(hosts: HostNode[], weight: number): HostNode[] {
  if (weight > 0) for (const host of hosts) host.weight = weight;
  return hosts;
}

/** `redirspec`: where `nat-to`, `rdr-to` and the like send to. */
export function parseRedirectionHosts(reader: Reader): HostNode[] {
  if (reader.peek() !== Char.openBrace) return parseWeightedHost(reader);
  reader.openBrace();
  const list = parseHost(reader);
  const weight = parseWeight(reader);
  reader.skipNewlines();
  if (reader.dialect.redirectionListsAddressesOnly) {
    reader.follow(reader.lookahead.target);
    const kind = (list[0] as HostNode).wrap.kind;
    if (reader.hosts !== null && kind !== "prefix" && kind !== "any") {
      reader.fail(
        "only addresses can be listed for redirection pools ",
        "pf/pool-not-addresses",
        "The list of a pool starts with an address; a table or `(interface)` stands alone, without braces.",
      );
    }
  }
  weigh(list, weight);
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    const more = parseHost(reader);
    const moreWeight = parseWeight(reader);
    reader.skipNewlines();
    append(list, weigh(more, moreWeight));
  }
  reader.closeBrace();
  return list;
}

const NO_PORT: PortRange = { from: 0, to: 0, type: "none" };

/** `redirpool pool_opts`. */
export function parseRedirection(reader: Reader, binat: boolean, family: 0 | 4 | 6): Redirection {
  const hosts = parseRedirectionHosts(reader);
  let port = NO_PORT;
  if (reader.accept(Token.port)) port = parseServiceRange(reader, true, true);
  const options = parsePoolOptions(reader);
  if (binat) options.staticPort = true;
  return { hosts, port, options, binat, family };
}

/** `pool_opts`. */
export function parsePoolOptions(reader: Reader): PoolOptions {
  const options = poolOptions();
  for (;;) {
    switch (reader.peek()) {
      case Token.bitmask:
        setPoolType(reader, options, "bitmask");
        break;
      case Token.random:
        setPoolType(reader, options, "random");
        break;
      case Token.roundRobin:
        setPoolType(reader, options, "round-robin");
        break;
      case Token.leastStates:
        setPoolType(reader, options, "least-states");
        break;
      case Token.sourceHash: {
        reader.take("keyword");
        const key = parseHashKey(reader);
        if (options.type !== "none") poolTypeRedefined(reader);
        options.type = "source-hash";
        options.hashKey = key;
        options.hasKey = true;
        break;
      }
      case Token.staticPort:
        reader.take("keyword");
        if (options.staticPort) redefined(reader, "static-port cannot be redefined");
        options.staticPort = true;
        break;
      case Token.stickyAddress:
        reader.take("keyword");
        // Older ones look at the wrong flag: that of `icmp-type` in the filter options that were read last.
        if (!reader.dialect.stickyOnce && reader.hadIcmpType) {
          reader.fail(
            "sticky-address cannot be redefined",
            "pf/sticky-after-icmp-type",
            "This pfctl takes `sticky-address` for a repetition when the filter rule before has `icmp-type`. Put another rule between them.",
          );
        }
        if (reader.dialect.stickyOnce && options.sticky) redefined(reader, "sticky-address cannot be redefined");
        options.sticky = true;
        break;
      default:
        if (reader.dialect.family === "freebsd" && parseFreebsdPoolOption(reader, options)) break;
        reader.follow(reader.lookahead.pool);
        return options;
    }
  }
}

function setPoolType(reader: Reader, options: PoolOptions, type: PoolOptions["type"]): void {
  reader.take("keyword");
  if (options.type !== "none") poolTypeRedefined(reader);
  options.type = type;
}

function poolTypeRedefined(reader: Reader): never {
  return reader.fail(
    "pool type cannot be redefined",
    "pf/given-twice",
    "A pool has one type: bitmask, random, source-hash, round-robin or least-states.",
  );
}

/** An option that may be given once. */
export function redefined(reader: Reader, tool: string): never {
  return reader.fail(
    tool,
    "pf/given-twice",
    `${tool.charAt(0).toUpperCase()}${tool.slice(1)}: it is given twice in this statement.`,
  );
}

/** `hashkey`: 32 hexadecimal digits; null for a random one. */
function parseHashKey(reader: Reader): string | null {
  if (reader.peek() !== Token.string) {
    reader.follow(reader.lookahead.sourceHash);
    return null;
  }
  const text = parseStrings(reader, "string");
  if (!text.startsWith("0x")) return md5(text);
  if (text.length !== 34) {
    reader.fail(
      "hex key must be 128 bits (32 hex digits) long",
      "pf/invalid-hash-key",
      "A hexadecimal source-hash key has 32 digits after 0x.",
    );
  }
  if (!/^0x[0-9a-fA-F]{32}$/.test(text)) {
    reader.fail("invalid hex key", "pf/invalid-hash-key", "A source-hash key that begins with 0x is hexadecimal.");
  }
  return text.slice(2).toLowerCase();
}

/** `string`: one or more strings, joined by blanks. */
export function parseStrings(
  reader: Reader,
  role: "string" | "tag" | "file" | "anchor" | "label" | "interface",
): string {
  let text = reader.string(role);
  while (reader.peek() === Token.string) text += ` ${reader.string(role)}`;
  reader.follow(reader.lookahead.string);
  return text;
}
