import { type Family, PROTOCOL, type System } from "@pierhead/core";
import { icmpCodeName, icmpTypeName, protocolByNumber } from "../../names/index.ts";
import type { IdMatch, LogOptions, Rule, RuleAction, ScrubOptions } from "../rule.ts";
import { formatOperator, formatRuleFromTo } from "./address.ts";
import { type PrintDialect, printDialect } from "./dialect.ts";
import { type FormatOptions, PLAIN } from "./options.ts";
import { formatPool } from "./pool.ts";
import { formatKeepState, formatProbability, formatStateOptions, hasStateOptions } from "./state.ts";

/**
 * One rule as the system's pfctl(8) prints it, without a line end: the text of `pfctl -sr` by default
 * (`print_rule` of pfctl_parser.c).
 */
export function formatRule(rule: Rule, system: System, options: FormatOptions = PLAIN): string {
  const dialect = printDialect(system);
  let text = options.ruleNumbers ? `@${rule.number} ` : "";
  text += formatAction(rule, dialect, options);
  if (rule.direction !== null) text += rule.direction === "in" ? " in" : " out";
  if (rule.log !== null) text += formatLog(rule.log, dialect);
  if (rule.quick) text += " quick";
  if (rule.interface !== null) text += rule.interfaceNegated ? ` on ! ${rule.interface}` : ` on ${rule.interface}`;
  if (rule.onRoutingDomain >= 0) {
    text += `${rule.interfaceNegated ? " on ! rdomain " : " on rdomain "}${rule.onRoutingDomain}`;
  }
  if (rule.routeOption !== null && dialect.family !== "openbsd") text += formatRoute(rule, dialect, options);
  if (rule.family !== null) text += rule.family === 4 ? " inet" : " inet6";
  if (rule.protocol !== 0) {
    text += ` proto ${protocolByNumber(system, rule.protocol) ?? rule.protocol}`;
  }
  text += formatRuleFromTo(rule, dialect, options);
  if (rule.receivedOn !== null) text += `${rule.receivedOnNegated ? " !" : " "}received-on ${rule.receivedOn}`;
  if (rule.user !== null) text += formatIds("user", rule.user);
  if (rule.group !== null) text += formatIds("group", rule.group);
  text += formatFlags(rule, dialect);
  if (rule.icmpType !== null) text += formatIcmp(rule, rule.icmpType, system);
  if (rule.tos !== null && rule.tos !== 0) text += ` tos ${hexOctet(rule.tos)}`;
  if (rule.prio !== null) text += ` prio ${rule.prio}`;
  if (rule.maxPacketRate !== null) text += ` max-pkt-rate ${rule.maxPacketRate.limit}/${rule.maxPacketRate.seconds}`;
  if (rule.maxPacketSize !== 0) text += ` max-pkt-size ${rule.maxPacketSize}`;
  if (dialect.family === "openbsd") text += dialect.setOnRules ? formatSet(rule) : "";
  else if (dialect.family === "freebsd") text += formatFreebsdSet(rule);
  const hasOptions = hasStateOptions(rule.state);
  text += formatKeepState(rule, hasOptions, dialect);
  if (rule.probability !== 0) text += formatProbability(rule.probability);
  if (rule.state !== null && hasOptions) text += formatStateOptions(rule.state);
  text += dialect.family === "openbsd" ? formatTail(rule, dialect) : formatOldTail(rule, dialect);
  if (rule.tag !== null) text += ` tag ${rule.tag}`;
  if (rule.tagged !== null) text += `${rule.taggedNegated ? " !" : ""} tagged ${rule.tagged}`;
  if (rule.rtable !== -1) text += ` rtable ${rule.rtable}`;
  if (rule.divert !== null) text += formatDivert(rule, dialect);
  if (rule.anchor === null) text += formatTranslation(rule, dialect, options);
  if (rule.routeOption !== null && dialect.family === "openbsd") text += formatRoute(rule, dialect, options);
  return text;
}

const ANCHOR_WORDS: Record<RuleAction, string> = {
  pass: "anchor",
  block: "anchor",
  match: "anchor",
  scrub: "scrub-anchor",
  "no scrub": "scrub-anchor",
  nat: "nat-anchor",
  "no nat": "nat-anchor",
  binat: "binat-anchor",
  "no binat": "binat-anchor",
  rdr: "rdr-anchor",
  "no rdr": "rdr-anchor",
};

function formatAction(rule: Rule, dialect: PrintDialect, options: FormatOptions): string {
  let text: string;
  if (rule.anchor !== null) {
    let name = rule.anchor.name;
    // pfctl of the 4.6 family prints, while it loads, what follows the last slash, the slash included.
    if (options.loading === true && dialect.family === "4.6") name = name.slice(Math.max(0, name.lastIndexOf("/")));
    // An unnamed anchor has a name that pfctl made, which starts with an underscore and is not printed.
    const unnamed = name.charCodeAt(name.lastIndexOf("/") + 1) === 95;
    text = unnamed ? ANCHOR_WORDS[rule.action] : `${ANCHOR_WORDS[rule.action]} "${name}"`;
  } else {
    text = rule.translationPass ? `${rule.action} pass` : rule.action;
  }
  return rule.action === "block" ? text + formatBlock(rule, dialect) : text;
}

function formatBlock(rule: Rule, dialect: PrintDialect): string {
  switch (rule.blockReturn) {
    case "drop":
      return " drop";
    case "return":
      return " return";
    case "return-rst":
      return rule.returnTtl === 0 ? " return-rst" : ` return-rst(ttl ${rule.returnTtl})`;
    case "return-icmp": {
      if (rule.family === 4) return ` return-icmp(${returnCode(rule.returnIcmp, 4, dialect.system)})`;
      if (rule.family === 6) return ` return-icmp6(${returnCode(rule.returnIcmp6, 6, dialect.system)})`;
      const code = returnCode(rule.returnIcmp, 4, dialect.system);
      return ` return-icmp(${code}, ${returnCode(rule.returnIcmp6, 6, dialect.system)})`;
    }
  }
}

function returnCode(typeAndCode: number, family: Family, system: System): string {
  const code = typeAndCode & 255;
  return icmpCodeName(system, family, typeAndCode >> 8, code) ?? `${code}`;
}

function formatLog(log: LogOptions, dialect: PrintDialect): string {
  let text = "";
  if (log.all) text += ", all";
  if (log.matches && dialect.family !== "4.6") text += ", matches";
  if (log.user) text += ", user";
  if (log.interface !== 0) text += `, to pflog${log.interface}`;
  return text === "" ? " log" : ` log (${text.slice(2)})`;
}

const UNKNOWN_ID = 0xffffffff;

// `unknown` is the id -1: UID_MAX of the 4.6 family is the same number.
function formatIds(word: string, match: IdMatch): string {
  const operator = match.operator;
  if (match.first === UNKNOWN_ID && (operator === "=" || operator === "!=")) return ` ${word} ${operator} unknown`;
  return ` ${word}${formatOperator(operator, `${match.first}`, `${match.last}`)}`;
}

function formatFlags(rule: Rule, dialect: PrintDialect): string {
  if (rule.flags !== 0 || rule.flagSet !== 0) {
    return ` flags ${flagLetters(rule.flags, dialect)}/${flagLetters(rule.flagSet, dialect)}`;
  }
  const stateful = rule.action === "pass" || (rule.action === "match" && dialect.family !== "4.6");
  const tcp = rule.protocol === 0 || rule.protocol === PROTOCOL.tcp;
  return stateful && tcp && !rule.fragment && rule.anchor === null && rule.keepState !== "none" ? " flags any" : "";
}

function flagLetters(flags: number, dialect: PrintDialect): string {
  const letters = dialect.flagLetters;
  let text = "";
  for (let i = 0; i < letters.length; i++) if ((flags & (1 << i)) !== 0) text += letters[i];
  return text;
}

// Names depend on the family; a rule without one has IPv4's.
function formatIcmp(rule: Rule, type: number, system: System): string {
  const family = rule.family === 6 ? 6 : 4;
  const text = `${family === 6 ? " icmp6-type " : " icmp-type "}${icmpTypeName(system, family, type) ?? type}`;
  if (rule.icmpCode === null) return text;
  return `${text} code ${icmpCodeName(system, family, type, rule.icmpCode) ?? rule.icmpCode}`;
}

// `0x%2.2x`
function hexOctet(value: number): string {
  return value < 16 ? `0x0${value.toString(16)}` : `0x${value.toString(16)}`;
}

function formatSet(rule: Rule): string {
  let text = "";
  const prio = rule.setPrio;
  if (prio !== null) text += prio[0] === prio[1] ? `, prio ${prio[0]}` : `, prio(${prio[0]}, ${prio[1]})`;
  if (rule.queue !== null) {
    const [queue, priority] = rule.queue;
    text += priority === null ? `, queue ${queue}` : `, queue(${queue}, ${priority})`;
  }
  if (rule.setTos !== null) text += `, tos ${hexOctet(rule.setTos)}`;
  if (rule.setsDelay) text += `, delay ${rule.delay}`;
  return text === "" ? "" : ` set (${text.slice(2)})`;
}

function formatFreebsdSet(rule: Rule): string {
  if (rule.action === "scrub" || rule.action === "no scrub") return "";
  let text = "";
  const prio = rule.setPrio;
  if (prio !== null) text += prio[0] === prio[1] ? `, prio ${prio[0]}` : `, prio(${prio[0]}, ${prio[1]})`;
  if (rule.setTos !== null) text += `, tos ${hexOctet(rule.setTos)}`;
  return text === "" ? "" : ` set (${text.slice(1)} )`;
}

// OpenBSD, from `fragment` to `once`.
function formatTail(rule: Rule, dialect: PrintDialect): string {
  let text = rule.fragment ? " fragment" : "";
  text += formatScrub(rule.scrub, dialect.setOnRules ? null : rule.setTos);
  if (rule.allowOpts) text += " allow-opts";
  for (const label of rule.labels) text += ` label "${label}"`;
  if (rule.once) text += " once";
  if (rule.queue !== null && !dialect.setOnRules) text += formatQueueOption(rule.queue);
  return text;
}

function formatScrub(scrub: ScrubOptions | null, setTos: number | null): string {
  let text = "";
  if (scrub?.noDf === true) text += " no-df";
  if (scrub?.randomId === true) text += " random-id";
  if (scrub !== null && scrub.minTtl !== 0) text += ` min-ttl ${scrub.minTtl}`;
  if (setTos !== null) text += ` set-tos ${hexOctet(setTos)}`;
  if (scrub?.reassembleTcp === true) text += " reassemble tcp";
  if (scrub !== null && scrub.maxMss !== 0) text += ` max-mss ${scrub.maxMss}`;
  return text === "" ? "" : ` scrub (${text.slice(1)})`;
}

// 4.6 family and FreeBSD, from `fragment` to `queue`.
function formatOldTail(rule: Rule, dialect: PrintDialect): string {
  const freebsd = dialect.family === "freebsd";
  let text = formatLimiters(rule);
  if (freebsd && rule.allowOpts) text += " allow-opts";
  if (rule.fragment) text += " fragment";
  text += freebsd ? formatFreebsdScrub(rule) : formatOldScrub(rule);
  for (const label of rule.labels) {
    // pfctl stops at the first empty one.
    if (label === "" && freebsd) break;
    text += ` label "${label}"`;
  }
  if (rule.once) text += " once";
  if (rule.identifier !== 0) text += ` ridentifier ${rule.identifier}`;
  if (rule.dummynet !== null) {
    const { kind, number, reply } = rule.dummynet;
    text += reply !== 0 ? ` dn${kind}(${number}, ${reply})` : ` dn${kind} ${number}`;
  }
  if (rule.queue !== null) text += formatQueueOption(rule.queue);
  return text;
}

function formatQueueOption([queue, priority]: NonNullable<Rule["queue"]>): string {
  return priority === null ? ` queue ${queue}` : ` queue(${queue}, ${priority})`;
}

function formatOldScrub(rule: Rule): string {
  const scrub = rule.scrub;
  let text = scrub === null ? "" : oldScrubOptions(scrub);
  if (rule.allowOpts) text += " allow-opts";
  if (rule.action !== "scrub") return text;
  if (scrub?.reassembleTcp === true) text += " reassemble tcp";
  switch (scrub?.fragments) {
    case "crop":
      return `${text} fragment crop`;
    case "drop-overlap":
      return `${text} fragment drop-ovl`;
    default:
      return `${text} fragment reassemble`;
  }
}

function oldScrubOptions(scrub: ScrubOptions): string {
  let text = "";
  if (scrub.noDf) text += " no-df";
  if (scrub.randomId) text += " random-id";
  if (scrub.minTtl !== 0) text += ` min-ttl ${scrub.minTtl}`;
  if (scrub.maxMss !== 0) text += ` max-mss ${scrub.maxMss}`;
  if (scrub.setTos !== null) text += ` set-tos ${hexOctet(scrub.setTos)}`;
  return text;
}

function formatFreebsdScrub(rule: Rule): string {
  const scrub = rule.scrub;
  if (rule.action === "scrub") {
    let text = scrub === null ? "" : oldScrubOptions(scrub);
    if (scrub?.reassembleTcp === true) text += " reassemble tcp";
    return `${text} fragment ${scrub?.fragments === "no reassemble" ? "no " : ""}reassemble`;
  }
  if (scrub === null) return "";
  let text = "";
  if (scrub.noDf) text += " no-df";
  if (scrub.randomId) text += " random-id";
  if (scrub.minTtl !== 0) text += ` min-ttl ${scrub.minTtl}`;
  if (rule.setTos !== null) text += ` set-tos ${hexOctet(rule.setTos)}`;
  if (scrub.reassembleTcp) text += " reassemble tcp";
  if (scrub.maxMss !== 0) text += ` max-mss ${scrub.maxMss}`;
  return text === "" ? "" : ` scrub(${text})`;
}

function formatDivert(rule: Rule, dialect: PrintDialect): string {
  const divert = rule.divert;
  if (divert === null) return "";
  switch (divert.kind) {
    case "divert-reply":
      return " divert-reply";
    case "divert-packet":
      return ` divert-packet port ${divert.port}`;
    case "divert-to":
      if (dialect.family === "freebsd") return ` divert-to ${divert.port}`;
      return ` divert-to ${divert.address ?? "?"} port ${divert.port}`;
  }
}

function formatTranslation(rule: Rule, dialect: PrintDialect, options: FormatOptions): string {
  switch (rule.action) {
    case "nat":
    case "rdr":
    case "binat": {
      const pool = rule.action === "nat" ? (rule.nat ?? rule.rdr) : (rule.rdr ?? rule.nat);
      return pool === null ? "" : ` -> ${formatPool(pool, rule.action, rule.family, dialect, options)}`;
    }
    default:
  }
  if (dialect.family === "4.6") return "";
  const target = rule.afTo ?? rule.family;
  if (rule.afTo !== null) {
    if (rule.nat === null && dialect.family === "openbsd") {
      return rule.rdr === null ? "" : ` rdr-to ${formatPool(rule.rdr, "rdr", rule.family, dialect, options)}`;
    }
    let text = "";
    if (rule.nat !== null) {
      text += ` af-to ${rule.afTo === 4 ? "inet" : "inet6"} from `;
      text += formatPool(rule.nat, "nat", target, dialect, options);
    }
    if (rule.rdr !== null) text += ` to ${formatPool(rule.rdr, "rdr", target, dialect, options)}`;
    return text;
  }
  let text = "";
  if (rule.nat !== null) text += ` nat-to ${formatPool(rule.nat, "nat", target, dialect, options)}`;
  // OpenBSD prints one of the two; FreeBSD both.
  if (rule.rdr !== null && (rule.nat === null || dialect.family === "freebsd")) {
    text += ` rdr-to ${formatPool(rule.rdr, "rdr", rule.family, dialect, options)}`;
  }
  return text;
}

function formatRoute(rule: Rule, dialect: PrintDialect, options: FormatOptions): string {
  if (rule.route === null) return ` ${rule.routeOption}`;
  return ` ${rule.routeOption} ${formatPool(rule.route, "route", rule.family, dialect, options)}`;
}

function formatLimiters({ limiters }: Rule): string {
  if (limiters === null) return "";
  const { state, source } = limiters;
  let text = "";
  if (state !== null) text += ` state limiter id ${state.id} (${state.whenFull})`;
  if (source !== null) text += ` source limiter id ${source.id} (${source.whenFull})`;
  return text;
}
