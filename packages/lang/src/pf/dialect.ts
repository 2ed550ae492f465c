/**
 * What pf.conf(5) is on one system: one grammar, and here the data that tells the systems apart. Differences that
 * are only in words are in `read/keywords.ts`.
 */
import { isAtLeast, type System } from "@pierhead/core";
import { keywordsOf } from "./read/keywords.ts";

/** How `yylex` of a system reads. */
export interface LexerDialect {
  /** `!=`, `<=` and `>=` are one token; before, they were two, which blanks may part. */
  readonly joinedOperators: boolean;
  /** `->` is a token. */
  readonly arrow: boolean;
  /** A missing line end at the end of a file is made up. */
  readonly fakeLastNewline: boolean;
  /** Number of the first line of an included file, before the line end that pfctl puts in front of it. */
  readonly includeFirstLine: 0 | 1;
  /** A backslash inside a macro's value escapes when the macro is used. */
  readonly backslashInMacros: boolean;
  /** A bad token ends the macro it is in. */
  readonly errorEndsExpansion: boolean;
  /** In quotes a backslash escapes blanks too, and continued lines are counted. */
  readonly quotedBlanks: boolean;
  readonly quotedNulIsError: boolean;
}

/** The three lines of descent. NetBSD and macOS are of the 4.6 family. */
export type PfFamily = "4.6" | "openbsd" | "freebsd";

/** One dialect of pf.conf(5). */
export interface PfDialect {
  readonly system: System;
  readonly family: PfFamily;
  readonly lexer: LexerDialect;
  readonly keywords: ReadonlyMap<string, number>;
  /** `nat on … -> …`, `rdr`, `binat`, `scrub in`, and their anchors. */
  readonly oldTranslation: boolean;
  /** `nat-to`, `rdr-to` and `binat-to` as options of filter rules. */
  readonly translationOptions: boolean;
  /** `match` rules. */
  readonly match: boolean;
  /** `altq on` and queues with schedulers. */
  readonly altq: boolean;
  /** `state limiter`, `source limiter`. */
  readonly limiters: boolean;
  /** `ether` rules. */
  readonly etherRules: boolean;
  /** `queue … on em0 bandwidth 10M`: the queues of OpenBSD 5.5. */
  readonly newQueues: boolean;
  /** Where `route-to` stands and what it takes: after the interface with `(em0 10.0.0.1)`, or as an option. */
  readonly routeTo: "before-family" | "option-with-interface" | "option";
  /** Options, scrub, queues, translation and filter rules must come in this order. */
  readonly requireOrder: boolean;
  /** `set require-order` may turn that on or off; the default. */
  readonly requireOrderDefault: boolean;
  /** Tables and included files in the body of an inline anchor. */
  readonly tablesInAnchors: boolean;
  /** `pfctl -n` takes only one table in all inline anchors together. */
  readonly losesAnchorTables: boolean;
  /** nat, rdr and their anchors in the body of an inline anchor. */
  readonly translationInAnchors: boolean;
  /** Rules take `divert-to` and `divert-reply` by their direction. */
  readonly divertByDirection: boolean;
  /** Words of `set debug`: those of pfctl itself, or the levels of syslog(3). */
  readonly debugLevels: "pfctl" | "syslog" | "both";
  /** pfctl says which port is invalid. */
  readonly namesInvalidPorts: boolean;
  /** `tos 0` is allowed. */
  readonly zeroTos: boolean;
  /** Names of anchors are checked when they are read, and for more than a leading underscore. */
  readonly checksAnchorNamesEarly: boolean;
  /** What is wrong with a netmask is said in words of strtonum(3). */
  readonly namesBadNetmask: boolean;
  /** Addresses of a loopback interface with `link1` keep their netmasks. */
  readonly loopbackNetworks: boolean;
  /** `set ( … )` on rules. */
  readonly setOnRules: boolean;
  /** An IPv4 rule cuts the mask of `(interface)` for the rules after it, too. */
  readonly cutsDynamicMasks: boolean;
  /** Lists are expanded by source with its ports and systems first, then by destination. */
  readonly expandsBySource: boolean;
  /** Backward port ranges are refused. */
  readonly checksPortRanges: boolean;
  /** Unquoted numeric addresses may be abbreviated (`10.1`), as inet_aton(3) reads them. */
  readonly abbreviatedHosts: boolean;
  /** `any` in a list of addresses makes the whole list any; elsewhere it is passed over. */
  readonly anyWinsInLists: boolean;
  /** The list of a pool must begin with an address. */
  readonly redirectionListsAddressesOnly: boolean;
  /** A second `sticky-address` is refused. */
  readonly stickyOnce: boolean;
  /** `on any`. */
  readonly anyInterface: boolean;
  /** `on rdomain N`. */
  readonly onRoutingDomain: boolean;
  /** pfctl asks whether a routing table exists. */
  readonly checksRoutingTables: boolean;
  /** A second divert option is refused. */
  readonly divertOnce: boolean;
  /** pfctl warns that synproxy works for inbound rules only. */
  readonly warnsSynproxy: boolean;
  /** The second rule of antispoof logs to the interface that was given. */
  readonly antispoofKeepsLogInterface: boolean;
  /** pfctl has its own list of interfaces instead of asking the system for the name of each link. */
  readonly listsInterfacesLate: boolean;
  /** Blanks in a macro's name are refused. */
  readonly checksMacroNames: boolean;
  /** `log (group)`. */
  readonly logGroup: boolean;
  /** SCTP has ports like TCP and UDP. */
  readonly sctp: boolean;
  /** `allow-opts` on match rules. */
  readonly allowOptsOnMatch: boolean;
  /** Timeouts `sctp.first` and the like. */
  readonly sctpTimeouts: boolean;
  /** What a probability out of range is called: in percent, or as the number of 2^32. */
  readonly probabilityMessage: "percent" | "number";
  /** TCP flag letters in bit order. */
  readonly flagLetters: string;
  /** `weight N` in tables and pools. */
  readonly tableWeights: boolean;
  /** `counters` of tables. */
  readonly tableCounters: boolean;
  /** Names that `set limit` knows. */
  readonly limits: readonly string[];
  /** Longest label in bytes. */
  readonly labelMaximum: number;
  readonly tagMaximum: number;
  readonly tableNameMaximum: number;
  /** Depth of nested `anchor { }` at which pfctl gives up. */
  readonly anchorDepth: number;
  /** Largest routing table or domain. */
  readonly rtableMaximum: number;
  /** `pfctl -n` reads the system's pf.os(5), too; elsewhere it knows no system until `set fingerprints`. */
  readonly readsFingerprints: boolean;
  /** It is known what may follow what: see `read/lookahead.ts`. */
  readonly looksAhead: boolean;
  /** An anchor takes every option of a filter rule; before, the others were read and forgotten. */
  readonly anchorsTakeAllOptions: boolean;
}

const dialects = new Map<string, PfDialect>();

/** The dialect of a system. */
export function dialectOf(system: System): PfDialect {
  let dialect = dialects.get(system.name);
  if (dialect === undefined) {
    dialect = make(system);
    dialects.set(system.name, dialect);
  }
  return dialect;
}

function make(system: System): PfDialect {
  const openbsd = (major: number, minor: number): boolean =>
    system.family === "linux" || isAtLeast(system, "openbsd", major, minor);
  const freebsd = (major: number): boolean => isAtLeast(system, "freebsd", major);
  const family: PfFamily = system.family === "freebsd" ? "freebsd" : openbsd(4, 7) ? "openbsd" : "4.6";
  const newLexer = openbsd(6, 4) || freebsd(15);
  return {
    system,
    family,
    lexer: {
      joinedOperators: openbsd(4, 8) || freebsd(9),
      arrow: family !== "openbsd",
      fakeLastNewline: newLexer,
      includeFirstLine: newLexer ? 0 : 1,
      backslashInMacros: newLexer,
      errorEndsExpansion: !newLexer,
      quotedBlanks: openbsd(5, 8) || freebsd(12),
      quotedNulIsError: newLexer,
    },
    keywords: keywordsOf(system),
    oldTranslation: family !== "openbsd",
    translationOptions: openbsd(4, 7) || freebsd(15),
    match: openbsd(4, 7) || freebsd(14),
    altq: family !== "openbsd" || !openbsd(5, 6),
    limiters: freebsd(15),
    etherRules: freebsd(14),
    newQueues: openbsd(5, 5),
    routeTo: family !== "openbsd" ? "before-family" : openbsd(6, 9) ? "option" : "option-with-interface",
    requireOrder: family !== "openbsd",
    requireOrderDefault: family !== "openbsd",
    tablesInAnchors: openbsd(5, 0) || freebsd(15),
    losesAnchorTables: openbsd(7, 6),
    translationInAnchors: freebsd(9),
    divertByDirection: !openbsd(6, 2) && !freebsd(15),
    debugLevels: openbsd(4, 9) ? "syslog" : "pfctl",
    namesInvalidPorts: openbsd(6, 2),
    zeroTos: openbsd(4, 7) || freebsd(9),
    checksAnchorNamesEarly: openbsd(5, 8) || freebsd(15),
    namesBadNetmask: openbsd(6, 0) || freebsd(15),
    loopbackNetworks: !openbsd(5, 8),
    setOnRules: openbsd(5, 1) || system.family === "freebsd",
    cutsDynamicMasks: !openbsd(4, 7) && !freebsd(13),
    expandsBySource: family !== "openbsd",
    checksPortRanges: openbsd(7, 0) || freebsd(15),
    abbreviatedHosts: !openbsd(5, 4),
    anyWinsInLists: openbsd(5, 0) || freebsd(15),
    redirectionListsAddressesOnly: openbsd(5, 1),
    stickyOnce: openbsd(4, 7) || freebsd(15),
    anyInterface: openbsd(5, 0) || freebsd(15),
    onRoutingDomain: openbsd(4, 9),
    checksRoutingTables: openbsd(4, 9),
    divertOnce: openbsd(6, 2),
    warnsSynproxy: openbsd(6, 2) || freebsd(15),
    antispoofKeepsLogInterface: openbsd(5, 5) || freebsd(15),
    listsInterfacesLate: openbsd(6, 2) || family === "freebsd",
    checksMacroNames: openbsd(5, 6) || freebsd(15),
    logGroup: !openbsd(4, 9) && !freebsd(15),
    sctp: freebsd(15),
    allowOptsOnMatch: freebsd(15),
    sctpTimeouts: freebsd(15),
    probabilityMessage: openbsd(5, 5) ? "percent" : "number",
    flagLetters: freebsd(15) ? "FSRPAUEWe" : "FSRPAUEW",
    tableWeights: openbsd(5, 1),
    tableCounters: openbsd(4, 4) || freebsd(9) || system.family === "netbsd",
    limits: limitsOf(system),
    labelMaximum: 63,
    tagMaximum: 63,
    tableNameMaximum: 31,
    anchorDepth: 64,
    rtableMaximum: 255,
    readsFingerprints: freebsd(15) || openbsd(4, 7),
    looksAhead: freebsd(15) || (system.family === "openbsd" && (family === "4.6" || openbsd(7, 0))),
    anchorsTakeAllOptions: family !== "4.6",
  };
}

function limitsOf(system: System): readonly string[] {
  const limits = ["states", "src-nodes", "frags"];
  if (system.family === "netbsd") return limits;
  if (system.family === "openbsd" && !isAtLeast(system, "openbsd", 4, 2)) return limits;
  if (system.family === "freebsd") {
    limits.push("table-entries");
    if (isAtLeast(system, "freebsd", 15)) limits.push("anchors", "eth-anchors");
    return limits;
  }
  limits.push("tables", "table-entries");
  if (isAtLeast(system, "openbsd", 6, 4)) limits.push("pktdelay-pkts");
  if (isAtLeast(system, "openbsd", 7, 5)) limits.push("anchors");
  return limits;
}
