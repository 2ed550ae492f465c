/** Options of filter rules and anchors: `filter_opts`, `filter_sets`, `scrub_opts` in parentheses, `keep`. */
import { parseDouble } from "../load/numeric.ts";
import type { RouteOption } from "../rule.ts";
import { parseFreebsdOption } from "./freebsd-options.ts";
import { append, parsePoolOptions, parseRedirection, parseRedirectionHosts, parseStrings, redefined } from "./hosts.ts";
import { parseInterfaceItem } from "./interfaces.ts";
import { FilterOptions, type IdNode } from "./nodes.ts";
import { parseIcmp, parseId, parseList, parseServiceRange, parseTcpFlags, parseTos } from "./ports.ts";
import { checkPriority, parsePriorities } from "./priorities.ts";
import type { Reader } from "./reader.ts";
import { parseRouteHosts } from "./route.ts";
import { parseRate, parseStateOptions } from "./states.ts";
import { suggest } from "./suggest.ts";
import { Char, Token } from "./tokens.ts";

/** `filter_opts`: options until a token that is none. */
export function parseFilterOptions(reader: Reader): FilterOptions {
  const options = new FilterOptions();
  reader.hadIcmpType = false;
  while (parseFilterOption(reader, options)) options.given = true;
  return options;
}

function parseFilterOption(reader: Reader, options: FilterOptions): boolean {
  if (reader.dialect.family === "freebsd") {
    const own = parseFreebsdOption(reader, options);
    if (own !== null) return own;
  }
  switch (reader.peek()) {
    case Token.newline:
    case Token.end:
      return false;
    case Token.flags: {
      reader.clause("flags");
      reader.take("keyword");
      const [flags, flagSet] = parseTcpFlags(reader);
      if (options.hasFlags) redefined(reader, "flags cannot be redefined");
      options.hasFlags = true;
      // FreeBSD's pfctl has eight bits for them: the ninth flag, `e`, gets lost.
      const kept = reader.dialect.family === "freebsd" ? 0xff : 0x1ff;
      options.flags = flags & kept;
      options.flagSet = flagSet & kept;
      return true;
    }
    case Token.keep:
      parseKeep(reader, options, "keep");
      return true;
    case Token.modulate:
      parseKeep(reader, options, "modulate");
      return true;
    case Token.synproxy:
      parseKeep(reader, options, "synproxy");
      return true;
    case Token.no:
      parseKeep(reader, options, "none");
      return true;
    case Token.user:
      reader.clause("user");
      reader.take("keyword");
      options.users = prepend(parseList(reader, parseUser), options.users);
      return true;
    case Token.group:
      reader.clause("group");
      reader.take("keyword");
      options.groups = prepend(parseList(reader, parseGroup), options.groups);
      return true;
    case Token.icmpType:
    case Token.icmp6Type: {
      reader.clause("icmp-type");
      const icmp =
        reader.take("keyword") === Token.icmpType ? parseList(reader, parseIcmp4) : parseList(reader, parseIcmp6);
      if (options.icmp !== null) redefined(reader, "icmp-type cannot be redefined");
      options.icmp = icmp;
      reader.hadIcmpType = true;
      return true;
    }
    case Token.prio: {
      reader.clause("prio");
      reader.take("keyword");
      const priority = reader.number();
      if (options.prio !== null) redefined(reader, "prio cannot be redefined");
      options.prio = checkPriority(reader, priority);
      return true;
    }
    case Token.tos: {
      reader.clause("tos");
      reader.take("keyword");
      const tos = parseTos(reader);
      if (options.hasTos) redefined(reader, "tos cannot be redefined");
      options.hasTos = true;
      options.tos = tos;
      return true;
    }
    case Token.fragment:
      reader.clause("fragment");
      reader.take("keyword");
      options.fragment = true;
      return true;
    case Token.allowOpts:
      reader.clause("allow-opts");
      reader.take("keyword");
      options.allowOpts = true;
      return true;
    case Token.label: {
      reader.clause("label");
      reader.take("keyword");
      const label = reader.string("label");
      if (options.label !== null) redefined(reader, "label cannot be redefined");
      options.label = label;
      return true;
    }
    case Token.queue:
      reader.clause("queue");
      reader.take("keyword");
      setQueue(reader, options);
      return true;
    case Token.tag:
      reader.clause("tag");
      reader.take("keyword");
      options.tag = parseStrings(reader, "tag");
      return true;
    case Token.tagged:
      reader.clause("tagged");
      parseTagged(reader, options, false);
      return true;
    case Token.receivedOn:
      reader.clause("received-on");
      parseReceivedOn(reader, options, false);
      return true;
    case Char.exclamation:
      reader.clause("!");
      reader.take("operator");
      if (reader.peek() === Token.tagged) parseTagged(reader, options, true);
      else if (reader.peek() === Token.receivedOn) parseReceivedOn(reader, options, true);
      else reader.syntaxError();
      return true;
    case Token.probability:
      reader.clause("probability");
      parseProbability(reader, options);
      return true;
    case Token.rtable:
      reader.clause("rtable");
      reader.take("keyword");
      options.rtable = parseRoutingTable(reader);
      return true;
    case Token.divertTo:
    case Token.divertReply:
    case Token.divertPacket:
      reader.clause("divert");
      parseDivert(reader, options);
      return true;
    case Token.scrub:
      if (!reader.dialect.match) return false;
      reader.clause("scrub");
      reader.take("keyword");
      parseScrubSet(reader, options);
      return true;
    case Token.natTo: {
      reader.clause("nat-to");
      reader.take("keyword");
      const target = parseRedirection(reader, false, 0);
      if (options.nat !== null) redefined(reader, "cannot respecify nat-to/binat-to");
      options.nat = target;
      return true;
    }
    case Token.rdrTo: {
      reader.clause("rdr-to");
      reader.take("keyword");
      const target = parseRedirection(reader, false, 0);
      if (options.rdr !== null) redefined(reader, "cannot respecify rdr-to");
      options.rdr = target;
      return true;
    }
    case Token.binatTo: {
      reader.clause("binat-to");
      reader.take("keyword");
      const target = parseRedirection(reader, true, 0);
      if (options.nat !== null) redefined(reader, "cannot respecify nat-to/binat-to");
      options.nat = target;
      return true;
    }
    case Token.afTo:
      reader.clause("af-to");
      reader.take("keyword");
      parseFamilyTo(reader, options);
      return true;
    case Token.routeTo:
      return parseRoute(reader, options, "route-to");
    case Token.replyTo:
      return parseRoute(reader, options, "reply-to");
    case Token.dupTo:
      return parseRoute(reader, options, "dup-to");
    case Token.once:
      reader.clause("once");
      reader.take("keyword");
      options.once = true;
      return true;
    case Token.maxPktRate: {
      reader.clause("max-pkt-rate");
      reader.take("keyword");
      const rate = parseRate(reader);
      if (options.packetRate !== null) redefined(reader, "cannot respecify max-pkt-rate");
      options.packetRate = rate.limit === 0 ? null : rate;
      return true;
    }
    case Token.set:
      if (!reader.dialect.setOnRules) return false;
      reader.clause("set");
      reader.take("keyword");
      parseSets(reader, options);
      return true;
    default:
      return false;
  }
}

// Later lists come first: parse.y hangs the old list behind the new one.
function prepend<T>(list: T[], old: T[] | null): T[] {
  if (old !== null) append(list, old);
  return list;
}

const parseUser = (reader: Reader): IdNode => parseId(reader, "user");
const parseGroup = (reader: Reader): IdNode => parseId(reader, "group");
const parseIcmp4 = (reader: Reader): ReturnType<typeof parseIcmp> => parseIcmp(reader, 4);
const parseIcmp6 = (reader: Reader): ReturnType<typeof parseIcmp> => parseIcmp(reader, 6);

function parseKeep(reader: Reader, options: FilterOptions, keep: FilterOptions["keep"]): void {
  reader.clause("state");
  reader.take("keyword");
  reader.expect(Token.state, "keyword");
  const stateOptions = keep === "none" ? null : parseStateOptions(reader);
  if (keep !== "none" && stateOptions === null) reader.follow(reader.lookahead.option);
  if (options.hasKeep) redefined(reader, "modulate or keep cannot be redefined");
  options.hasKeep = true;
  options.keep = keep;
  options.stateOptions = stateOptions;
}

function parseTagged(reader: Reader, options: FilterOptions, negated: boolean): void {
  reader.take("keyword");
  options.tagged = parseStrings(reader, "tag");
  options.taggedNegated = negated;
}

function parseReceivedOn(reader: Reader, options: FilterOptions, negated: boolean): void {
  reader.take("keyword");
  const item = parseInterfaceItem(reader);
  if (options.receivedOn !== null) redefined(reader, "cannot respecify received-on");
  item.negated = negated;
  options.receivedOn = item;
}

/** `probability`: kept as the kernel keeps it, of 2^32 - 1. */
function parseProbability(reader: Reader, options: FilterOptions): void {
  reader.take("keyword");
  let value: number;
  if (reader.peek() === Token.number) value = reader.number();
  else {
    const text = reader.string("number");
    const parsed = parseDouble(text);
    value = parsed.value;
    let rest = parsed.rest;
    if (rest.startsWith("%")) {
      value *= 0.01;
      rest = rest.slice(1);
    }
    if (rest !== "") {
      reader.fail(
        `invalid probability: ${text}`,
        "pf/invalid-probability",
        "A probability is a number from 0 to 1, or a percentage such as `50%`.",
      );
    }
  }
  const probability = Math.floor(value * 0xffffffff + 0.5);
  if (!(probability >= 0 && probability <= 0xffffffff)) {
    reader.fail(
      reader.dialect.probabilityMessage === "percent"
        ? `invalid probability: ${formatG(value * 100)}%`
        : `invalid probability: ${probability.toFixed(6)}`,
      "pf/invalid-probability",
      "A probability is a number from 0 to 1, or a percentage such as `50%`.",
    );
  }
  options.probability = Math.max(1, probability);
}

/** `%g` of printf(3). */
function formatG(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 6) {
    const [mantissa, power] = value.toExponential(5).split("e") as [string, string];
    const digits = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    const sign = power.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  const text = value.toPrecision(6);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function parseRoutingTable(reader: Reader): number {
  const table = reader.number();
  if (table < 0 || table > reader.dialect.rtableMaximum) {
    reader.fail("invalid rtable id", "pf/out-of-range", `A routing table is 0 to ${reader.dialect.rtableMaximum}.`);
  }
  if (reader.dialect.checksRoutingTables && !routingTableExists(reader, table)) {
    reader.fail(
      `rtable ${reader.lexer.numberText} does not exist`,
      "pf/unknown-rtable",
      `Routing table ${table} does not exist: it has no routes, and no interface of this machine is in routing domain ${table}.`,
    );
  }
  return table;
}

// A table exists with its domain, and a domain with its first interface (rtable_exists).
function routingTableExists(reader: Reader, table: number): boolean {
  const environment = reader.environment;
  if (table === 0 || environment === null || environment.routingTable?.(table) === true) return true;
  return environment.interfaces.some((it) => it.routingDomain === table);
}

function parseDivert(reader: Reader, options: FilterOptions): void {
  const kind = reader.take("keyword");
  const once = (): void => {
    if (options.divert !== null && reader.dialect.divertOnce) {
      reader.fail("more than one divert option", "pf/given-twice", "A rule has at most one divert option.");
    }
  };
  if (kind === Token.divertReply) {
    once();
    options.divert = { kind: "divert-reply", hosts: options.divert?.hosts ?? [], port: 1 };
    return;
  }
  if (kind === Token.divertPacket) {
    reader.expect(Token.port, "keyword");
    const port = parseServiceRange(reader, false, false).from;
    once();
    if (reader.reassemble) options.reassembleTcp = true;
    checkDivertPort(reader, port);
    options.divert = { kind: "divert-packet", hosts: [], port };
    return;
  }
  const address = reader.string("address");
  const start = reader.takenStart;
  const end = reader.takenEnd;
  reader.expect(Token.port, "keyword");
  const port = parseServiceRange(reader, false, false).from;
  once();
  const hosts = reader.hosts === null ? [] : reader.hosts.host(address, reader.addToolLine, reader.options.noDns);
  if (hosts === null) {
    reader.fail(
      `could not parse divert address: ${address}`,
      "pf/unknown-host",
      `\`${address}\` is neither an address nor an interface of this machine.`,
      { start, end },
    );
  } else {
    checkDivertPort(reader, port);
    options.divert = { kind: "divert-to", hosts, port };
  }
}

function checkDivertPort(reader: Reader, port: number): void {
  if (port === 0)
    reader.fail(`invalid divert port: ${port}`, "pf/invalid-port", "The port of a divert option is 1 to 65535.");
}

/** `scrub ( … )`. */
function parseScrubSet(reader: Reader, options: FilterOptions): void {
  reader.expect(Char.open);
  let noDf = false;
  let randomId = false;
  let reassembleTcp = false;
  let minTtl = -1;
  let maxMss = -1;
  for (let first = true; first || reader.peek() !== Char.close; first = false) {
    if (!first) reader.optionalComma();
    switch (reader.peek()) {
      case Token.noDf:
        reader.take("keyword");
        if (noDf) redefined(reader, "no-df cannot be respecified");
        noDf = true;
        break;
      case Token.minTtl: {
        reader.take("keyword");
        const value = reader.number();
        if (minTtl >= 0) redefined(reader, "min-ttl cannot be respecified");
        if (value < 0 || value > 255) {
          reader.fail(`illegal min-ttl value ${reader.numberAs("int")}`, "pf/out-of-range", "A TTL is 0 to 255.");
        }
        minTtl = value;
        break;
      }
      case Token.maxMss: {
        reader.take("keyword");
        const value = reader.number();
        if (maxMss >= 0) redefined(reader, "max-mss cannot be respecified");
        if (value < 0 || value > 65535) {
          reader.fail(`illegal max-mss value ${reader.numberAs("int")}`, "pf/out-of-range", "An MSS is 0 to 65535.");
        }
        maxMss = value;
        break;
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
        if (reassembleTcp) redefined(reader, "reassemble tcp cannot be respecified");
        reassembleTcp = true;
        break;
      }
      case Token.randomId:
        reader.take("keyword");
        if (randomId) redefined(reader, "random-id cannot be respecified");
        randomId = true;
        break;
      case Token.setTos: {
        reader.take("keyword");
        const tos = parseTos(reader);
        if (options.setTos !== null) redefined(reader, "set-tos cannot be respecified");
        options.setTos = tos;
        break;
      }
      default:
        reader.syntaxError();
    }
  }
  reader.expect(Char.close);
  options.noDf = noDf;
  options.minTtl = Math.max(0, minTtl);
  options.randomId = randomId;
  options.maxMss = Math.max(0, maxMss);
  if (reassembleTcp) options.reassembleTcp = true;
}

function parseFamilyTo(reader: Reader, options: FilterOptions): void {
  const family = reader.accept(Token.inet) ? 4 : reader.accept(Token.inet6) ? 6 : 0;
  reader.expect(Token.from, "keyword");
  const from = parseRedirection(reader, false, family);
  const once = (): void => {
    if (options.nat !== null) redefined(reader, "cannot respecify af-to");
  };
  if (!reader.accept(Token.to)) {
    reader.follow(reader.lookahead.option);
    once();
    if (family === 0) noFamily(reader, "no target address family specified");
    options.nat = from;
    options.rdr = {
      hosts: null,
      port: { from: 0, to: 0, type: "none" },
      options: from.options,
      binat: false,
      family: 0,
    };
    options.afTo = true;
    return;
  }
  const to = parseRedirection(reader, false, family);
  once();
  if (family === 0) noFamily(reader, "no address family specified");
  const fromFamily = from.hosts?.[0]?.family ?? 0;
  const toFamily = to.hosts?.[0]?.family ?? 0;
  if ((fromFamily !== 0 && fromFamily !== family) || (toFamily !== 0 && toFamily !== family)) {
    reader.fail(
      "af-to addresses must be in the target address family",
      "pf/family-mismatch",
      "The addresses of af-to belong to the family it translates to.",
    );
  }
  // parse.y copies the second pool's options over the first's; the target keeps none of its own.
  options.nat = { ...from, options: to.options };
  options.rdr = { ...to, options: noPoolOptions() };
  options.afTo = true;
}

function noFamily(reader: Reader, tool: string): never {
  return reader.fail(tool, "pf/family-missing", "Write `inet` or `inet6` after af-to.");
}

function noPoolOptions(): ReturnType<typeof parsePoolOptions> {
  return {
    type: "none",
    sticky: false,
    staticPort: false,
    hashKey: null,
    hasKey: false,
    mapE: null,
    endpointIndependent: false,
    preferIpv6NextHop: false,
  };
}

function parseRoute(reader: Reader, options: FilterOptions, option: RouteOption): boolean {
  if (reader.dialect.routeTo === "before-family") return false;
  reader.clause(option);
  reader.take("keyword");
  const old = reader.dialect.routeTo === "option-with-interface";
  const hosts = old ? parseRouteHosts(reader) : parseRedirectionHosts(reader);
  const pool = parsePoolOptions(reader);
  if (options.routeOption !== null) redefined(reader, "cannot respecify route-to/reply-to/dup-to");
  options.route = { hosts, port: { from: 0, to: 0, type: "none" }, options: pool, binat: false, family: 0 };
  options.routeOption = option;
  return true;
}

/** `set ( … )` or `set …` on a rule. */
function parseSets(reader: Reader, options: FilterOptions): void {
  if (!reader.accept(Char.open, "punctuation")) {
    parseSet(reader, options);
    return;
  }
  parseSet(reader, options);
  while (reader.peek() !== Char.close) {
    reader.optionalComma();
    parseSet(reader, options);
  }
  reader.expect(Char.close);
}

function parseSet(reader: Reader, options: FilterOptions): void {
  switch (reader.peek()) {
    case Token.prio: {
      reader.take("keyword");
      const pair = parsePriorities(reader);
      if (options.setPrio !== null) redefined(reader, "prio cannot be redefined");
      options.setPrio = pair;
      return;
    }
    case Token.queue:
      if (reader.dialect.family === "freebsd") reader.syntaxError();
      reader.take("keyword");
      setQueue(reader, options);
      return;
    case Token.tos: {
      reader.take("keyword");
      const tos = parseTos(reader);
      if (options.setTos !== null) redefined(reader, "tos cannot be respecified");
      options.setTos = tos;
      return;
    }
    case Token.delay: {
      reader.take("keyword");
      const delay = reader.number();
      if (options.delay !== null && options.delay !== 0) redefined(reader, "delay cannot be respecified");
      if (delay < 0 || delay > 0xffff) {
        reader.fail(
          `illegal delay value ${reader.lexer.numberText} (0-65535)`,
          "pf/out-of-range",
          "A delay is 0 to 65535 milliseconds.",
        );
      }
      options.delay = delay;
      return;
    }
    default:
      reader.syntaxError();
  }
}

/** `qname`: `name`, `(name)` or `(name, name)`. */
function setQueue(reader: Reader, options: FilterOptions): void {
  let first: string;
  let second: string | null = null;
  if (reader.accept(Char.open, "punctuation")) {
    first = reader.string("queue");
    if (reader.peek() !== Char.close) {
      reader.optionalComma();
      second = reader.string("queue");
    }
    reader.expect(Char.close);
  } else first = reader.string("queue");
  if (reader.dialect.newQueues) {
    for (const name of second === null ? [first] : [first, second]) {
      if (reader.environment === null || reader.queueNames.has(name)) continue;
      const meant = suggest(reader, name, reader.queueNames);
      reader.fail(
        `queue ${name} is not defined`,
        "pf/unknown-queue",
        `The queue \`${name}\` is not defined above, or is a root queue.${meant.question}`,
        meant,
      );
    }
  }
  if (options.queue !== null) redefined(reader, "queue cannot be redefined");
  options.queue = [first, second];
}
