/** `set …` statements: `option` of parse.y. */
import { syslogPriorityByName } from "../../names/index.ts";
import { fingerprintNames } from "../load/fingerprints.ts";
import { parseDouble, parseUnsigned } from "../load/numeric.ts";
import type { TimeoutName } from "../rule.ts";
import { TIMEOUT_NAMES } from "../timeout-names.ts";
import { parseStrings } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import type { InterfaceNode } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { notPositive } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { collectStateOptions, parseStateOptionList, timeoutNamed } from "./states.ts";
import { suggest } from "./suggest.ts";
import { Char, Token } from "./tokens.ts";

/** `option`. */
export function parseOption(reader: Reader): void {
  reader.take("keyword");
  const options = reader.configuration.options;
  switch (reader.peek()) {
    case Token.reassemble: {
      reader.take("keyword");
      const on = parseYesNo(reader);
      const noDf = reader.accept(Token.noDf);
      if (!noDf && reader.peek() !== Token.newline) reader.syntaxError();
      checkOrder(reader, ORDER.option);
      if (!reader.options.load.options) return;
      reader.reassemble = on;
      options.reassemble = !on ? "no" : noDf ? "yes no-df" : "yes";
      reader.text(`set reassemble ${on ? "yes" : "no"} ${noDf ? "no-df" : ""}`);
      return;
    }
    case Token.optimization:
      parseOptimization(reader);
      return;
    case Token.rulesetOptimization:
      parseRulesetOptimization(reader);
      return;
    case Token.timeout:
      reader.take("keyword");
      parseSettings(reader, parseTimeout);
      return;
    case Token.limit:
      reader.take("keyword");
      parseSettings(reader, parseLimit);
      return;
    case Token.loginterface: {
      reader.take("keyword");
      const name = reader.accept(Token.all, "interface") ? "all" : reader.string("interface");
      checkOrder(reader, ORDER.option);
      if (!reader.options.load.options) return;
      options.logInterface = name === "none" ? null : name;
      reader.text(`set loginterface ${name}`);
      return;
    }
    case Token.hostid:
      parseHostId(reader);
      return;
    case Token.blockPolicy: {
      reader.take("keyword");
      const returns = reader.peek() === Token.return;
      if (!returns && reader.peek() !== Token.drop) reader.syntaxError();
      reader.take("keyword");
      reader.text(`set block-policy ${returns ? "return" : "drop"}`);
      checkOrder(reader, ORDER.option);
      reader.blockReturns = returns;
      options.blockPolicy = returns ? "return" : "drop";
      return;
    }
    case Token.failPolicy: {
      // What a pass rule does with packets it cannot pass: for want of memory, states, or an address to translate to.
      reader.take("keyword");
      const returns = reader.peek() === Token.return;
      if (!returns && reader.peek() !== Token.drop) reader.syntaxError();
      reader.take("keyword");
      reader.text(`set fail-policy ${returns ? "return" : "drop"}`);
      checkOrder(reader, ORDER.option);
      reader.failReturns = returns;
      options.failPolicy = returns ? "return" : "drop";
      return;
    }
    case Token.keepcounters:
      reader.take("keyword");
      options.keepCounters = true;
      return;
    case Token.fingerprints: {
      reader.take("keyword");
      const file = reader.string("file");
      reader.text(`set fingerprints "${file}"`);
      checkOrder(reader, ORDER.option);
      options.fingerprints = file;
      if (reader.environment === null || reader.main.anchor.path !== "") return;
      const names = fingerprintNames(reader.environment, file);
      reader.fingerprints = names;
      if (names === null) {
        reader.toolLine(`pfctl: ${file}: No such file or directory`);
        reader.fail(
          `error loading fingerprints ${file}`,
          "pf/unreadable-file",
          `The file of fingerprints ${file} cannot be read.`,
        );
      }
      if (reader.options.verbose > 1) reader.text(`Loaded ${names.count} passive OS fingerprints`);
      return;
    }
    case Token.statePolicy: {
      reader.take("keyword");
      const bound = reader.peek() === Token.ifBound;
      if (!bound && reader.peek() !== Token.floating) reader.syntaxError();
      reader.take("keyword");
      reader.text(`set state-policy ${bound ? "if-bound" : "floating"}`);
      reader.defaultIfBound = bound;
      options.statePolicy = bound ? "if-bound" : "floating";
      return;
    }
    case Token.debug:
      reader.take("keyword");
      parseDebug(reader);
      return;
    case Token.requireOrder: {
      reader.take("keyword");
      const yes = parseYesNo(reader);
      reader.text(`set require-order ${yes ? "yes" : "no"}`);
      reader.requireOrder = yes;
      options.requireOrder = yes;
      return;
    }
    case Token.skip:
      reader.take("keyword");
      parseSkip(reader);
      return;
    case Token.stateDefaults: {
      reader.take("keyword");
      const list = parseStateOptionList(reader);
      if (reader.stateDefaults !== null) {
        reader.fail("cannot redefine state-defaults", "pf/given-twice", "`set state-defaults` stands once in a file.");
      }
      reader.stateDefaults = list;
      // What is wrong with them is said where the first rule takes them.
      const state = reader.quietly(() => collectStateOptions(reader, list, true).state);
      if (state !== null) options.stateDefaults = state;
      return;
    }
    case Token.syncookies:
      reader.take("keyword");
      parseSyncookies(reader);
      return;
    default:
      reader.syntaxError();
  }
}

const PFCTL_DEBUG_LEVELS = ["none", "urgent", "misc", "loud"];

function parseDebug(reader: Reader): void {
  const levels = reader.dialect.debugLevels;
  const level = levels !== "pfctl" && reader.accept(Token.debug, "option") ? "debug" : reader.string("option");
  checkOrder(reader, ORDER.option);
  if (!reader.options.load.options) return;
  const known =
    (levels !== "syslog" && PFCTL_DEBUG_LEVELS.includes(level)) ||
    (levels !== "pfctl" && syslogPriorityByName(level) !== null);
  if (!known) {
    reader.toolLine(`pfctl: unknown debug level "${level}"`);
    reader.fail(
      `error setting debuglevel ${level}`,
      "pf/unknown-debug-level",
      levels === "pfctl"
        ? `\`${level}\` is not a debug level; there are ${PFCTL_DEBUG_LEVELS.join(", ")}.`
        : `\`${level}\` is not a level of syslog(3), such as err, notice or debug.`,
    );
  }
  reader.configuration.options.debug = level;
  reader.text(`set debug ${level}`);
}

/** One setting, or several in braces. */
function parseSettings(reader: Reader, setting: (reader: Reader) => void): void {
  if (reader.peek() !== Char.openBrace) {
    setting(reader);
    return;
  }
  reader.openBrace();
  setting(reader);
  reader.skipNewlines();
  while (reader.peek() !== Char.closeBrace) {
    reader.optionalComma();
    setting(reader);
    reader.skipNewlines();
  }
  reader.closeBrace();
}

export function parseYesNo(reader: Reader): boolean {
  if (reader.accept(Token.no, "option")) return false;
  const word = reader.string("option");
  if (word !== "yes") {
    reader.fail(
      `invalid value '${word}', expected 'yes' or 'no'`,
      "pf/invalid-value",
      `Here stands \`yes\` or \`no\`, not \`${word}\`.`,
    );
  }
  return true;
}

const OPTIMIZATIONS = ["normal", "satellite", "high-latency", "conservative", "aggressive"] as const;

function parseOptimization(reader: Reader): void {
  reader.take("keyword");
  const word = reader.string("option");
  checkOrder(reader, ORDER.option);
  if (!reader.options.load.options) return;
  const found = OPTIMIZATIONS.find((name) => name === word.toLowerCase());
  if (found === undefined) {
    reader.toolLine("pfctl: invalid state timeouts optimization");
    const meant = suggest(reader, word, OPTIMIZATIONS);
    reader.fail(
      `unknown optimization ${word}`,
      "pf/unknown-optimization",
      `\`${word}\` is not an optimization; there are ${OPTIMIZATIONS.join(", ")}.${meant.question}`,
      meant,
    );
    return;
  }
  reader.configuration.options.optimization = found;
  reader.text(`set optimization ${word}`);
}

function parseRulesetOptimization(reader: Reader): void {
  reader.take("keyword");
  const word = parseStrings(reader, "string");
  if (word !== "none" && word !== "basic" && word !== "profile") {
    reader.fail(
      `unknown ruleset-optimization ${word}`,
      "pf/unknown-optimization",
      `\`${word}\` is not a ruleset optimization; there are none, basic and profile.`,
    );
    return;
  }
  reader.configuration.options.rulesetOptimization = word;
  if (!reader.optimizeGiven) {
    reader.optimizeGiven = true;
    reader.optimize = word;
  }
}

function parseTimeout(reader: Reader): void {
  // Where it is a keyword of queues, `interval` is still a timeout.
  const name = reader.accept(Token.interval, "option") ? "interval" : reader.string("option");
  const { takenStart, takenEnd } = reader;
  const seconds = reader.number();
  checkOrder(reader, ORDER.option);
  if (seconds < 0 || seconds > 0xffffffff) notPositive(reader);
  if (!reader.options.load.options) return;
  const timeout = timeoutNamed(reader, name.toLowerCase());
  if (timeout === null) {
    reader.toolLine("pfctl: Bad timeout name.");
    const meant = suggest(reader, name, TIMEOUT_NAMES, takenStart, takenEnd);
    const message = `There is no timeout named \`${name}\`.${meant.question}`;
    reader.fail(`unknown timeout ${name}`, "pf/unknown-timeout", message, meant);
    return;
  }
  reader.configuration.options.timeouts.set(timeout satisfies TimeoutName, seconds);
  reader.text(`set timeout ${name} ${seconds | 0}`);
}

function parseLimit(reader: Reader): void {
  const name = reader.string("option");
  const { takenStart, takenEnd } = reader;
  const limit = reader.number();
  checkOrder(reader, ORDER.option);
  if (limit < 0 || limit > 0xffffffff) notPositive(reader);
  if (!reader.dialect.limits.includes(name.toLowerCase())) {
    reader.toolLine("pfctl: Bad pool name.");
    const { limits } = reader.dialect;
    const meant = suggest(reader, name, limits, takenStart, takenEnd);
    reader.fail(
      `unable to set limit ${name} ${reader.numberAs("unsigned")}`,
      "pf/unknown-limit",
      `There is no limit named \`${name}\`; there are ${limits.join(", ")}.${meant.question}`,
      meant,
    );
  }
  reader.configuration.options.limits.set(name.toLowerCase(), limit);
  reader.text(`set limit ${name} ${limit | 0}`);
}

function parseHostId(reader: Reader): void {
  reader.take("keyword");
  let value: bigint;
  if (reader.peek() === Token.number) {
    reader.number();
    value = BigInt(reader.lexer.numberText);
  } else {
    const text = reader.string("number");
    const parsed = parseUnsigned(text);
    if (parsed === null) {
      reader.fail(`${text} is not a number`, "pf/not-a-number", `\`${text}\` is not a number.`);
    }
    value = BigInt.asIntN(64, parsed);
  }
  if (value === 0n || value > 0xffffffffn) {
    reader.fail("hostid must be non-zero", "pf/out-of-range", "A host id is 1 to 4294967295.");
  }
  if (!reader.options.load.options) return;
  const id = Number(BigInt.asUintN(32, value));
  reader.configuration.options.hostId = id;
  reader.text(`set hostid 0x${id.toString(16).padStart(8, "0")}`);
}

/** `expand_skip_interface`. */
function parseSkip(reader: Reader): void {
  const list = parseOnInterfaces(reader);
  if (list === null && reader.peek() !== Token.newline) reader.syntaxError();
  const skip = reader.configuration.options.skip;
  const only = list?.[0] as InterfaceNode | undefined;
  if (list === null || (list.length === 1 && only?.negated === false && only.name === "none")) {
    reader.text("set skip on none");
    skip.length = 0;
    return;
  }
  let line = "set skip on {";
  let wrong = false;
  const stop = reader.events.length;
  for (const item of list) {
    line += ` ${item.name}`;
    if (item.negated) {
      reader.complain(
        "skip on ! <interface> is not supported",
        "pf/skip-negated",
        "`set skip` names interfaces; it cannot name all but one.",
      );
      wrong = true;
    } else if (item.name === "") {
      reader.complain(
        "skip on rdomain <num> is not supported",
        "pf/skip-rdomain",
        "`set skip` names interfaces, not routing domains.",
      );
      wrong = true;
    } else skip.push({ interface: item.name, negated: false });
  }
  if (reader.options.verbose > 0) reader.events.splice(stop, 0, { kind: "text", text: `${line} }` });
  if (wrong) reader.followUpAndGiveUp("error setting skip interface(s)");
}

function parseSyncookies(reader: Reader): void {
  const word = reader.string("option");
  const mode = word === "never" || word === "adaptive" || word === "always" ? word : null;
  if (mode === null) {
    reader.fail(
      "illegal value for syncookies",
      "pf/invalid-value",
      `\`${word}\` is not a value of syncookies; there are never, always and adaptive.`,
    );
  }
  let start = 0;
  let end = 0;
  let given = false;
  if (reader.accept(Char.open, "punctuation")) {
    given = true;
    for (let first = true; first || reader.peek() !== Char.close; first = false) {
      if (!first) reader.optionalComma();
      const name = reader.string("option");
      const { value, rest } = parseDouble(reader.string("number"));
      if (rest !== "%") {
        reader.report(
          "pf/invalid-value",
          "error",
          "Here stands a percentage such as `25%`.",
          reader.takenStart,
          reader.takenEnd,
        );
        reader.giveUp();
      }
      if (value <= 0 || value > 100) {
        reader.fail("illegal percentage value", "pf/out-of-range", "A percentage is above 0 and at most 100.");
      }
      if (name === "start") start = Math.trunc(value);
      else if (name === "end") end = Math.trunc(value);
      else reader.fail("illegal syncookie option", "pf/unknown-option", "There are `start` and `end`.");
    }
    reader.expect(Char.close);
  } else if (reader.peek() !== Token.newline) reader.syntaxError();
  const refuse = (tool: string, message: string): never => {
    reader.toolLine(`pfctl: ${tool}`);
    return reader.fail("error setting syncookies", "pf/invalid-value", message);
  };
  if (mode !== "adaptive" && given) {
    refuse("syncookies start/end only apply to adaptive", "`start` and `end` belong to `syncookies adaptive`.");
  }
  if (given) {
    if (start === 0) start = SYNCOOKIES_START;
    if (end === 0) end = Math.floor(start / 2);
    if (end >= start) refuse("start must be higher than end", "`start` must be higher than `end`.");
  }
  if (given) reader.syncookieMarks = { start, end };
  // Marks stay for statements after this one.
  const marks = mode === "adaptive" ? reader.syncookieMarks : null;
  reader.configuration.options.syncookies = {
    mode,
    start: marks?.start ?? SYNCOOKIES_START,
    end: marks?.end ?? SYNCOOKIES_END,
  };
  reader.text(`set syncookies ${mode}${marks === null ? "" : ` (start ${marks.start}%, end ${marks.end}%)`}`);
}

/** PF_SYNCOOKIES_HIWATPCT and PF_SYNCOOKIES_LOWATPCT. */
const SYNCOOKIES_START = 25;
const SYNCOOKIES_END = 12;
