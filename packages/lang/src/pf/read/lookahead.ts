/**
 * What may follow. Where pfctl's parser has to look at the next token to know whether a thing is complete, it looks
 * before it acts on the thing: a token that can follow it nowhere is a syntax error, and what the action would have
 * complained about is not said. These are the sets of the LALR(1) automaton for the things whose actions complain.
 */
import type { PfDialect } from "../dialect.ts";
import { Char, Token } from "./tokens.ts";

/** Tokens that may stand after each. */
export interface Lookahead {
  /** A filter option. */
  readonly option: ReadonlySet<number>;
  /** A host that is one word. */
  readonly host: ReadonlySet<number>;
  /** A host in the list of a pool. */
  readonly target: ReadonlySet<number>;
  /** A next hop in a list. */
  readonly nextHop: ReadonlySet<number>;
  /** A MAC address without mask. */
  readonly mac: ReadonlySet<number>;
  /** The addresses of `from` or `to`. */
  readonly addresses: ReadonlySet<number>;
  /** A port or a range `from:to`. */
  readonly port: ReadonlySet<number>;
  /** A user or a group. */
  readonly id: ReadonlySet<number>;
  /** An ICMP type. */
  readonly icmp: ReadonlySet<number>;
  /** The last of several strings that are one. */
  readonly string: ReadonlySet<number>;
  /** `pass` of a translation rule. */
  readonly translationPass: ReadonlySet<number>;
  /** The bandwidth of a queue. */
  readonly queueRate: ReadonlySet<number>;
  /** `log` without options. */
  readonly log: ReadonlySet<number>;
  /** The options of a pool. */
  readonly pool: ReadonlySet<number>;
  /** `source-hash` without a key. */
  readonly sourceHash: ReadonlySet<number>;
}

const { newline, number, string } = Token;
const { comma, exclamation, open, close, openBrace, closeBrace, less, greater, equals, slash } = Char;

const OPTIONS = [
  ...[exclamation, newline, openBrace, Token.allowOpts, Token.divertReply, Token.divertTo, Token.flags, Token.fragment],
  ...[Token.group, Token.icmp6Type, Token.icmpType, Token.keep, Token.label, Token.modulate, Token.no],
  ...[Token.probability, Token.queue, Token.rtable, Token.synproxy, Token.tag, Token.tagged, Token.tos, Token.user],
];
const TRANSLATION_OPTIONS = [
  ...[Token.afTo, Token.binatTo, Token.maxPktRate, Token.natTo, Token.prio, Token.rdrTo, Token.receivedOn],
  ...[Token.scrub, Token.set],
];
const OWN_OPTIONS = {
  "4.6": [],
  openbsd: [...TRANSLATION_OPTIONS, Token.divertPacket, Token.dupTo, Token.once, Token.replyTo, Token.routeTo],
  freebsd: [...TRANSLATION_OPTIONS, Token.dnpipe, Token.dnqueue, Token.maxPktSize, Token.once, Token.ridentifier],
};
const POOL = [
  ...[Token.bitmask, Token.random, Token.roundRobin, Token.sourceHash, Token.staticPort, Token.stickyAddress],
  ...[Token.leastStates, Token.endpointIndependent, Token.preferIpv6Nexthop, Token.mapEPortset],
];
const SCRUB = [Token.maxMss, Token.minTtl, Token.noDf, Token.randomId, Token.reassemble, Token.setTos];
const COMPARISONS = [less, greater, equals, Token.lessEqual, Token.greaterEqual, Token.notEqual];

const known = new Map<PfDialect, Lookahead>();

/** The sets of a dialect. */
export function lookaheadOf(dialect: PfDialect): Lookahead {
  const { family, oldTranslation, limiters } = dialect;
  let sets = known.get(dialect);
  if (sets !== undefined) return sets;
  const option = [...OPTIONS, ...OWN_OPTIONS[family], ...(limiters ? [Token.state, Token.source] : [])];
  const oldEnds = oldTranslation ? [Token.arrow, ...SCRUB] : [];
  const ends = [...option, ...oldEnds, Token.os, Token.to];
  const targets = family === "4.6" ? POOL : [];
  const beforeFamily = oldTranslation
    ? [Token.all, Token.from, Token.inet, Token.inet6, Token.os, Token.proto, Token.to]
    : [Token.to];
  const inPool = option.filter((kind) => family !== "4.6" || kind !== openBrace);
  const list = [comma, closeBrace, number, string];
  sets = {
    option: new Set(option),
    host: new Set([
      ...ends,
      ...POOL,
      ...list,
      ...[open, less, Token.any, Token.noRoute, Token.port, Token.urpfFailed, Token.weight],
      ...(family === "freebsd" ? [] : [Token.route]),
      // Also where a next hop stands in parentheses behind its interface: route-to (vr0 192.0.2.1), OpenBSD to 6.8.
      ...(oldTranslation || dialect.routeTo !== "option" ? [close] : []),
    ]),
    target: new Set([...list, open, less, Token.route]),
    nextHop: new Set([comma, closeBrace, open, string]),
    mac: new Set([
      ...[exclamation, comma, newline, openBrace, closeBrace, string, Token.dnpipe, Token.dnqueue, Token.l3],
      ...[Token.label, Token.queue, Token.ridentifier, Token.tag, Token.tagged, Token.to],
    ]),
    addresses: new Set([...ends, ...targets]),
    port: new Set([...ends, ...targets, ...list, ...COMPARISONS]),
    id: new Set([...option, ...list, ...COMPARISONS]),
    icmp: new Set([...option, ...list]),
    string: new Set([
      ...option,
      ...oldEnds,
      ...POOL,
      ...beforeFamily,
      // `load anchor NAME from FILE` takes a string of several, too, until the middle of the releases.
      ...[close, comma, Token.all, Token.from, Token.matches],
      ...(oldTranslation ? [Token.on] : []),
      ...(family === "freebsd" ? [slash, closeBrace, Token.l3] : []),
    ]),
    queueRate: new Set([
      ...[comma, newline, Token.bandwidth, Token.default, Token.flows, Token.max, Token.min, Token.parent],
      ...[Token.qlimit, Token.quantum],
    ]),
    log: new Set([
      ...[...option, ...oldEnds, ...POOL, Token.on, Token.os, Token.quick, Token.for],
      ...[
        Token.all,
        Token.from,
        Token.inet,
        Token.inet6,
        Token.proto,
        Token.to,
        Token.routeTo,
        Token.replyTo,
        Token.dupTo,
        Token.fastroute,
        open,
      ],
    ]),
    translationPass: new Set([
      ...[...beforeFamily, ...targets, exclamation, newline],
      ...[Token.arrow, Token.log, Token.on, Token.rtable, Token.tag, Token.tagged],
    ]),
    pool: new Set([...inPool, ...oldEnds, ...beforeFamily, newline]),
    sourceHash: new Set([...inPool, ...POOL, ...beforeFamily]),
  };
  known.set(dialect, sets);
  return sets;
}
