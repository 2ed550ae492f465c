/** Filter rules: `pfrule`, `action`, `logquick`, `fromto` of parse.y, and what becomes of them. */
import { icmpCodeByName } from "../../names/index.ts";
import { applyDivert } from "../load/divert.ts";
import { expandRule } from "../load/expand.ts";
import { expandOldRule } from "../load/expand-old.ts";
import { parseUnsigned } from "../load/numeric.ts";
import { type BlockReturn, Rule, type RuleAction } from "../rule.ts";
import {
  checkLabel,
  checkTag,
  checkTcpOnly,
  decideFamily,
  parseDirection,
  parseFamily,
  parseFromTo,
  parseLogQuick,
  parseProtocols,
  QUEUE_NAME_MAXIMUM,
} from "./clauses.ts";
import { parseFilterOptions } from "./filter-options.ts";
import { applyFreebsdOptions, finishFreebsdRule, parseFreebsdRoute } from "./freebsd-rules.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { byteLength } from "./lexer.ts";
import type { FilterOptions } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import type { Reader } from "./reader.ts";
import { applyOldRoute, parseOldRoute } from "./route.ts";
import { collectStateOptions } from "./states.ts";
import { Char, Token } from "./tokens.ts";

/** ICMP type and code that `block return` answers with: port unreachable. */
const RETURN_ICMP = 3 * 256 + 3;
const RETURN_ICMP6 = 1 * 256 + 4;

export interface Action {
  readonly action: RuleAction;
  readonly blockReturn: BlockReturn;
  readonly ttl: number;
  readonly icmp: number;
  readonly icmp6: number;
}

/** `pfrule`. */
export function parseRule(reader: Reader): void {
  const action = parseAction(reader);
  const direction = parseDirection(reader);
  const { log, quick } = parseLogQuick(reader);
  const interfaces = parseOnInterfaces(reader);
  const isFreebsd = reader.dialect.family === "freebsd";
  const freebsdRoute = isFreebsd ? parseFreebsdRoute(reader) : null;
  const route = !isFreebsd && reader.dialect.routeTo === "before-family" ? parseOldRoute(reader) : null;
  const family = parseFamily(reader);
  const protocols = parseProtocols(reader);
  const fromTo = parseFromTo(reader);
  const options = parseFilterOptions(reader);
  // After options a brace could open an anchor: the rule is made before it is found to stand alone.
  const next = reader.peek();
  if (next !== Token.newline && !(reader.options.strict && options.given && next === Char.openBrace)) {
    reader.syntaxError();
  }
  if (reader.environment === null) return;

  checkOrder(reader, ORDER.filter);
  const rule = new Rule();
  rule.action = action.action;
  rule.blockReturn = action.blockReturn;
  rule.returnTtl = action.ttl;
  rule.returnIcmp = action.icmp;
  rule.returnIcmp6 = action.icmp6;
  rule.direction = direction;
  rule.log = log;
  rule.quick = quick;
  rule.family = family === 0 ? null : family;
  applyFilterOptions(reader, rule, options);
  checkTcpOnly(reader, options, fromTo, protocols, "apply");
  let stateNodes = options.stateOptions;
  if (rule.keepState === "none" && rule.action === "pass" && !options.hasKeep) {
    // Rules that pass keep state unless told not to.
    rule.keepState = "keep";
    stateNodes = reader.stateDefaults;
  }
  const collected = collectStateOptions(reader, stateNodes, rule.keepState !== "none");
  rule.state = collected.state;
  if (
    rule.action === "pass" &&
    rule.flags === 0 &&
    rule.flagSet === 0 &&
    !options.fragment &&
    !options.hasFlags &&
    rule.keepState !== "none"
  ) {
    rule.flags = 0x02;
    rule.flagSet = 0x12;
  }
  decideFamily(fromTo.from.hosts, rule);
  decideFamily(fromTo.to.hosts, rule);
  if (isFreebsd) {
    const { icmp, users, groups, receivedOn } = options;
    const { from, to, os } = fromTo;
    const { ruleSourceTrack } = collected;
    applyFreebsdOptions(reader, rule, options);
    finishFreebsdRule(reader, rule, options, freebsdRoute, {
      interfaces,
      protocols,
      icmp,
      from,
      to,
      os,
      users,
      groups,
      receivedOn,
      ruleSourceTrack,
    });
    return;
  }
  if (reader.dialect.routeTo === "before-family") {
    const pool = route === null ? null : applyOldRoute(reader, rule, route);
    if (!applyDivert(reader, rule, options.divert)) reader.giveUp();
    const { icmp, users, groups } = options;
    const { from, to, os } = fromTo;
    const { ruleSourceTrack } = collected;
    expandOldRule(
      reader,
      rule,
      { interfaces, protocols, icmp, from, to, os, users, groups, ruleSourceTrack, anchor: false },
      pool === null
        ? null
        : (copy) => {
            copy.route = pool;
          },
    );
    return;
  }
  if (options.routeOption !== null) {
    if (options.routeOption !== "dup-to" && rule.direction === null) {
      reader.fail(
        "direction must be explicit with rules that specify routing",
        "pf/direction-missing",
        "A rule with route-to or reply-to needs a direction: `in` or `out`.",
      );
    }
    rule.routeOption = options.routeOption;
  }
  if (!applyDivert(reader, rule, options.divert)) reader.giveUp();
  expandRule(reader, rule, {
    interfaces,
    protocols,
    icmp: options.icmp,
    from: fromTo.from,
    to: fromTo.to,
    os: fromTo.os,
    users: options.users,
    groups: options.groups,
    receivedOn: options.receivedOn,
    nat: options.nat,
    rdr: options.rdr,
    route: options.route,
    ruleSourceTrack: collected.ruleSourceTrack,
  });
}

/** `filteropts_to_rule`: what rules and anchors have in common. */
export function applyFilterOptions(reader: Reader, rule: Rule, options: FilterOptions): void {
  if (options.once) {
    if ((rule.action !== "pass" && rule.action !== "block") || rule.anchor !== null) {
      reader.fail(
        "'once' only applies to pass/block rules",
        "pf/wrong-action",
        "`once` goes with pass and block only.",
      );
    }
    rule.once = true;
  }
  rule.keepState = options.keep;
  rule.maxPacketRate = options.packetRate;
  rule.probability = options.probability;
  rule.rtable = options.rtable;
  rule.tos = options.tos === 0 ? null : options.tos;
  // Empty texts are none.
  if (options.tag) rule.tag = checkTag(reader, options.tag);
  if (options.tagged) {
    rule.tagged = checkTag(reader, options.tagged);
    rule.taggedNegated = options.taggedNegated;
  }
  if (options.label) rule.labels = [checkLabel(reader, options.label)];
  if (options.afTo && reader.dialect.family !== "freebsd") {
    if (rule.direction !== "in") {
      reader.fail(
        "af-to can only be used with direction in",
        "pf/direction-missing",
        "A rule with af-to is a `pass in` rule.",
      );
    }
    if (options.routeOption !== null) {
      reader.fail(
        "af-to cannot be used together with route-to, reply-to, dup-to",
        "pf/incompatible-options",
        "A rule translates families or sets a route, not both.",
      );
    }
  }
  if (options.noDf || options.randomId || options.minTtl !== 0 || options.maxMss !== 0 || options.reassembleTcp) {
    rule.scrub = {
      noDf: options.noDf,
      randomId: options.randomId,
      reassembleTcp: options.reassembleTcp,
      minTtl: options.minTtl,
      maxMss: options.maxMss,
      fragments: null,
      setTos: null,
    };
  }
  rule.delay = options.delay ?? 0;
  rule.setsDelay = options.delay !== null;
  rule.setTos = options.setTos;
  rule.prio = options.prio;
  rule.setPrio = options.setPrio;
  rule.flags = options.flags;
  rule.flagSet = options.flagSet;
  if ((options.flags & options.flagSet) !== options.flags) {
    reader.fail(
      "flags always false",
      "pf/flags-never-match",
      "These flags can never match: a flag that must be set is not in the mask after the slash.",
    );
  }
  if (options.queue !== null) {
    checkQueueName(reader, options.queue[0], "qname");
    if (options.queue[1] !== null) checkQueueName(reader, options.queue[1], "pqname");
    rule.queue = options.queue;
  }
  rule.fragment = options.fragment;
  rule.allowOpts = options.allowOpts;
}

function checkQueueName(reader: Reader, name: string, what: string): void {
  if (byteLength(name) <= QUEUE_NAME_MAXIMUM) return;
  reader.fail(
    `rule ${what} too long (max ${QUEUE_NAME_MAXIMUM} chars)`,
    "pf/name-too-long",
    `A queue name has at most ${QUEUE_NAME_MAXIMUM} characters.`,
  );
}

export function parseAction(reader: Reader): Action {
  switch (reader.peek()) {
    case Token.pass:
      reader.clause("action");
      reader.take("keyword");
      if (reader.failReturns) {
        return { action: "pass", blockReturn: "return", ttl: 0, icmp: RETURN_ICMP, icmp6: RETURN_ICMP6 };
      }
      return reader.failReturns
        ? { action: "pass", blockReturn: "return", ttl: 0, icmp: RETURN_ICMP, icmp6: RETURN_ICMP6 }
        : { action: "pass", blockReturn: "drop", ttl: 0, icmp: 0, icmp6: 0 };
    case Token.match:
      reader.clause("action");
      reader.take("keyword");
      return { action: "match", blockReturn: "drop", ttl: 0, icmp: 0, icmp6: 0 };
    case Token.block:
      reader.clause("action");
      reader.take("keyword");
      return parseBlock(reader);
    default:
      return reader.syntaxError();
  }
}

/** `blockspec`. */
function parseBlock(reader: Reader): Action {
  const block = (blockReturn: BlockReturn, ttl: number, icmp: number, icmp6: number): Action => ({
    action: "block",
    blockReturn,
    ttl,
    icmp,
    icmp6,
  });
  switch (reader.peek()) {
    case Token.drop:
      reader.take("keyword");
      return block("drop", 0, 0, 0);
    case Token.return:
      reader.take("keyword");
      return block("return", 0, RETURN_ICMP, RETURN_ICMP6);
    case Token.returnRst: {
      reader.take("keyword");
      if (!reader.accept(Char.open, "punctuation")) return block("return-rst", 0, 0, 0);
      reader.expect(Token.ttl, "keyword");
      const ttl = reader.number();
      const text = reader.numberAs("int");
      reader.expect(Char.close);
      if (ttl < 0 || ttl > 255) reader.fail(`illegal ttl value ${text}`, "pf/out-of-range", "A TTL is 0 to 255.");
      return block("return-rst", ttl, 0, 0);
    }
    case Token.returnIcmp: {
      reader.take("keyword");
      if (!reader.accept(Char.open, "punctuation")) return block("return-icmp", 0, RETURN_ICMP, RETURN_ICMP6);
      const icmp = parseReturnIcmp(reader, 4);
      if (reader.accept(Char.close, "punctuation")) return block("return-icmp", 0, icmp, RETURN_ICMP);
      reader.optionalComma();
      const icmp6 = parseReturnIcmp(reader, 6);
      reader.expect(Char.close);
      return block("return-icmp", 0, icmp, icmp6);
    }
    case Token.returnIcmp6: {
      reader.take("keyword");
      if (!reader.accept(Char.open, "punctuation")) return block("return-icmp", 0, RETURN_ICMP, RETURN_ICMP6);
      const icmp6 = parseReturnIcmp(reader, 6);
      reader.expect(Char.close);
      return block("return-icmp", 0, RETURN_ICMP, icmp6);
    }
    default:
      return reader.blockReturns ? block("return", 0, RETURN_ICMP, RETURN_ICMP6) : block("drop", 0, 0, 0);
  }
}

/** `reticmpspec` and `reticmp6spec`: type and code of the answer. */
function parseReturnIcmp(reader: Reader, family: 4 | 6): number {
  const type = family === 4 ? 3 : 1;
  if (reader.peek() === Token.number) {
    const code = reader.number();
    if (code < 0 || code > 255) {
      reader.fail(
        `invalid icmp code ${reader.numberAs("unsigned long")}`,
        "pf/out-of-range",
        "An ICMP code is 0 to 255.",
      );
    }
    return type * 256 + code;
  }
  const text = reader.string("option");
  const number = parseUnsigned(text);
  if (number === null) {
    const code = icmpCodeByName(reader.dialect.system, family, type, text);
    if (code === null) {
      return reader.fail(
        `unknown icmp code ${text}`,
        "pf/unknown-icmp-code",
        `\`${text}\` is not a code of ICMP unreachable that pf.conf knows.`,
      );
    }
    return type * 256 + code;
  }
  if (number > 255n) reader.fail(`invalid icmp code ${number}`, "pf/out-of-range", "An ICMP code is 0 to 255.");
  return type * 256 + Number(number);
}
