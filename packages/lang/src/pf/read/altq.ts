/** ALTQ: `altqif`, `queuespec`, `queue_opts`, `scheduler`, `bandwidth`, `qassign` of parse.y. */
import { type AltqInterface, AltqTables, type QueueOptionsNode, type SchedulerNode } from "../load/altq.ts";
import { parseDouble, parseUnsigned } from "../load/numeric.ts";
import {
  ALTQ_DEFAULT_LIMIT,
  ALTQ_DEFAULT_PRIORITY,
  type AltqBandwidth,
  type AltqCurve,
  type AltqFlag,
} from "../print/altq.ts";
import type { AltqScheduler } from "../rule.ts";
import { QUEUE_NAME_MAXIMUM } from "./clauses.ts";
import { redefined } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { byteLength } from "./lexer.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseList } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

const NO_RATE: AltqBandwidth = { absolute: 0, percent: 0 };
const ANYWHERE: readonly AltqInterface[] = [{ name: "", negated: false }];
const UINT_MAX = 0xffffffff;
const INT_MAX = 0x7fffffff;

/** What a reader knows of ALTQ; made with the first statement that needs it. */
export function altqTables(reader: Reader): AltqTables {
  reader.altq ??= new AltqTables({
    freebsd: reader.dialect.family === "freebsd",
    mtu: (name) => reader.environment?.interfaces.find((it) => it.name === name)?.mtu ?? null,
    // The line speed is not among what a machine's description says.
    speed: (name) => (reader.environment?.interfaces.some((it) => it.name === name) ? 0 : null),
    toolLine: (text) => {
      reader.toolLine(text);
      reader.report("pf/altq-refused", "error", explain(text), reader.statementStart, reader.takenEnd);
    },
    warn: (text) => {
      reader.toolLine(text);
      reader.report("pf/altq-doubtful", "warning", explain(text), reader.statementStart, reader.takenEnd);
    },
    complain: (tool, code, message) => reader.complain(tool, code, message, { start: reader.statementStart }),
    fatal: (tool, code, message) => reader.fatal(tool, code, message),
    print: (text) => reader.text(text),
    origin: () => reader.origin(),
  });
  return reader.altq;
}

// pfctl_altq.c writes its complaints without a file and line, most of them plain enough.
function explain(tool: string): string {
  const text = tool.replace(/^(pfctl|cbq): /, "").trim();
  return `ALTQ: ${text}.`;
}

/** `altqif`. */
export function parseAltq(reader: Reader): void {
  reader.take("keyword");
  const interfaces = parseOnInterfaces(reader);
  const options = parseQueueOptions(reader);
  reader.expect(Token.queue, "keyword");
  const queues = parseQueueNames(reader);
  endsStatement(reader, queues);
  checkOrder(reader, ORDER.queue);
  const scheduler = options.scheduler.scheduler;
  if (scheduler === null) {
    reader.fail(
      "no scheduler specified!",
      "pf/altq-no-scheduler",
      "Name the scheduler of this interface: cbq, priq, hfsc, or on FreeBSD fairq or codelq.",
    );
  }
  if (queues.length === 0 && scheduler !== "codel") {
    reader.fail(
      "no child queues specified",
      "pf/altq-no-queues",
      "Name the queues of this interface: `queue { a, b }` at the end.",
    );
  }
  if (reader.environment === null || !reader.options.load.altq || reader.options.anchor !== "") return;
  if (altqTables(reader).addInterfaces(interfaces ?? ANYWHERE, options, queues) > 0) reader.giveUp();
}

/** `queuespec`. */
export function parseAltqQueue(reader: Reader): void {
  reader.take("keyword");
  const name = reader.string("queue");
  const interfaces = parseOnInterfaces(reader);
  const options = parseQueueOptions(reader);
  const children = parseQueueNames(reader);
  endsStatement(reader, children);
  checkOrder(reader, ORDER.queue);
  if (byteLength(name) > QUEUE_NAME_MAXIMUM) {
    reader.fail(
      `queue name too long (max ${QUEUE_NAME_MAXIMUM} chars)`,
      "pf/name-too-long",
      `A queue name has at most ${QUEUE_NAME_MAXIMUM} characters.`,
    );
  }
  if (options.tbrSize !== 0) {
    reader.fail(
      "cannot specify tbrsize for queue",
      "pf/altq-tbrsize",
      "`tbrsize` belongs to the interface: write it in the `altq on` statement.",
    );
  }
  if (reader.environment === null || !reader.options.load.altq || reader.options.anchor !== "") return;
  if (!altqTables(reader).addQueue(name, interfaces ?? ANYWHERE, options, children)) {
    reader.followUp("errors in queue definition");
    reader.giveUp();
  }
}

const NO_SCHEDULER: SchedulerNode = {
  scheduler: null,
  flags: new Set(),
  realtime: null,
  linkshare: null,
  upperlimit: null,
  buckets: 0,
  hogs: null,
  target: 0,
  interval: 0,
};

/** `queue_opts`: each option once, in any order. */
function parseQueueOptions(reader: Reader): QueueOptionsNode {
  let bandwidth: AltqBandwidth | null = null;
  let priority: number | null = null;
  let limit: number | null = null;
  let scheduler: SchedulerNode | null = null;
  let tbrSize: number | null = null;
  for (;;) {
    switch (reader.peek()) {
      case Token.bandwidth: {
        reader.clause("bandwidth");
        reader.take("keyword");
        const given = parseBandwidth(reader);
        if (bandwidth !== null) redefined(reader, "bandwidth cannot be respecified");
        bandwidth = given;
        continue;
      }
      case Token.priority:
        reader.clause("priority");
        reader.take("keyword");
        priority = parseBounded(reader, priority, "priority", 255, "priority out of range: max 255");
        continue;
      case Token.qlimit:
        reader.clause("qlimit");
        reader.take("keyword");
        limit = parseBounded(reader, limit, "qlimit", 65535, "qlimit out of range: max 65535");
        continue;
      case Token.tbrsize: {
        reader.clause("tbrsize");
        reader.take("keyword");
        const most = reader.dialect.family === "freebsd" ? UINT_MAX : 65535;
        tbrSize = parseBounded(reader, tbrSize, "tbrsize", most, `tbrsize too big: max ${most}`);
        continue;
      }
      case Token.cbq:
      case Token.priq:
      case Token.hfsc:
      case Token.fairq:
      case Token.codelq: {
        reader.clause("scheduler");
        const given = parseScheduler(reader);
        if (scheduler !== null) redefined(reader, "scheduler cannot be respecified");
        scheduler = given;
        continue;
      }
      default:
        return {
          bandwidth: bandwidth ?? { absolute: 0, percent: 100 },
          priority: priority ?? ALTQ_DEFAULT_PRIORITY,
          limit: limit ?? ALTQ_DEFAULT_LIMIT,
          tbrSize: tbrSize ?? 0,
          scheduler: scheduler ?? NO_SCHEDULER,
        };
    }
  }
}

function parseBounded(reader: Reader, old: number | null, word: string, most: number, tool: string): number {
  const value = reader.number();
  if (old !== null) redefined(reader, `${word} cannot be respecified`);
  if (value < 0 || value > most) reader.fail(tool, "pf/out-of-range", `\`${word}\` is 0 to ${most}.`);
  return value;
}

/** `bandwidth`: `10Mb`, `25%`, or a number of bits per second. */
function parseBandwidth(reader: Reader): AltqBandwidth {
  const freebsd = reader.dialect.family === "freebsd";
  if (reader.peek() === Token.number) {
    const value = reader.number();
    if (value < 0 || (freebsd ? value >= 2 ** 63 : value > UINT_MAX)) {
      reader.fail("bandwidth number too big", "pf/invalid-bandwidth", "This bandwidth is larger than pfctl can hold.");
    }
    return { absolute: value, percent: 0 };
  }
  const { value, rest } = parseDouble(reader.string("number"));
  let unit = rest;
  // FreeBSD takes any of these words for bits, after the letter of the unit.
  if (freebsd && unit.length > 1 && /^(Bit|B|bit|b)$/.test(unit.slice(1))) unit = unit.slice(0, 1);
  const letter = freebsd ? unit : unit.replace(/^([KMG])b$/, "$1");
  if (!freebsd && /^[KMG]$/.test(unit)) unknownUnit(reader, rest);
  switch (letter) {
    case "b":
      return { absolute: whole(value, freebsd), percent: 0 };
    case "K":
      return { absolute: whole(value * 1000, freebsd), percent: 0 };
    case "M":
      return { absolute: whole(value * 1_000_000, freebsd), percent: 0 };
    case "G":
      return { absolute: whole(value * 1_000_000_000, freebsd), percent: 0 };
    case "%":
      if (value < 0 || value > 100) {
        reader.fail("bandwidth spec out of range", "pf/invalid-bandwidth", "A share is 0% to 100%.");
      }
      return { absolute: 0, percent: Math.trunc(value) };
    default:
      return unknownUnit(reader, unit);
  }
}

function unknownUnit(reader: Reader, unit: string): never {
  return reader.fail(
    `unknown unit ${unit}`,
    "pf/invalid-bandwidth",
    "A bandwidth is a number with b, Kb, Mb, Gb or %, without a blank between.",
  );
}

// A double becomes a 32-bit number in the 4.6 family, a 64-bit one on FreeBSD.
function whole(bits: number, freebsd: boolean): number {
  const integer = Math.trunc(bits);
  return freebsd ? Math.max(0, integer) : ((integer % 0x100000000) + 0x100000000) % 0x100000000;
}

/** `scheduler`. */
function parseScheduler(reader: Reader): SchedulerNode {
  const kind = reader.take("keyword");
  const name: AltqScheduler =
    kind === Token.cbq
      ? "cbq"
      : kind === Token.priq
        ? "priq"
        : kind === Token.hfsc
          ? "hfsc"
          : kind === Token.fairq
            ? "fairq"
            : "codel";
  const builder = new SchedulerBuilder(reader, name);
  if (reader.accept(Char.open, "punctuation")) {
    builder.item();
    while (reader.peek() !== Char.close) {
      reader.optionalComma();
      builder.item();
    }
    reader.expect(Char.close);
  }
  return builder.node();
}

/** Options in the parentheses of a scheduler. */
class SchedulerBuilder {
  readonly #reader: Reader;
  readonly #scheduler: AltqScheduler;
  readonly #flags: Set<AltqFlag> = new Set();
  readonly #curves: Map<"linkshare" | "realtime" | "upperlimit", AltqCurve> = new Map();
  #buckets = 0;
  #hogs: AltqBandwidth | null = null;
  #target = 0;
  #interval = 0;

  constructor(reader: Reader, scheduler: AltqScheduler) {
    this.#reader = reader;
    this.#scheduler = scheduler;
  }

  item(): void {
    const reader = this.#reader;
    const curves = this.#scheduler === "hfsc" || this.#scheduler === "fairq";
    switch (reader.peek()) {
      case Token.string:
        this.#flag(reader.string("option"));
        return;
      case Token.linkshare:
        if (!curves) reader.syntaxError();
        this.#curve("linkshare");
        return;
      case Token.realtime:
        if (this.#scheduler !== "hfsc") reader.syntaxError();
        this.#curve("realtime");
        return;
      case Token.upperlimit:
        if (this.#scheduler !== "hfsc") reader.syntaxError();
        this.#curve("upperlimit");
        return;
      case Token.hogs:
        if (this.#scheduler !== "fairq") reader.syntaxError();
        reader.take("keyword");
        this.#hogs = parseBandwidth(reader);
        return;
      case Token.buckets:
        if (this.#scheduler !== "fairq") reader.syntaxError();
        reader.take("keyword");
        this.#buckets = parseNumber(reader);
        return;
      case Token.interval: {
        if (this.#scheduler !== "codel") reader.syntaxError();
        reader.take("keyword");
        const value = parseNumber(reader);
        if (this.#interval !== 0) redefined(reader, "interval already specified");
        this.#interval = value | 0;
        return;
      }
      case Token.target: {
        if (this.#scheduler !== "codel") reader.syntaxError();
        reader.take("keyword");
        const value = parseNumber(reader);
        if (this.#target !== 0) redefined(reader, "target already specified");
        this.#target = value | 0;
        return;
      }
      default:
        reader.syntaxError();
    }
  }

  node(): SchedulerNode {
    return {
      scheduler: this.#scheduler,
      flags: this.#flags,
      realtime: this.#curves.get("realtime") ?? null,
      linkshare: this.#curves.get("linkshare") ?? null,
      upperlimit: this.#curves.get("upperlimit") ?? null,
      buckets: this.#buckets,
      hogs: this.#hogs,
      target: this.#target,
      interval: this.#interval,
    };
  }

  #flag(word: string): void {
    const reader = this.#reader;
    if (this.#scheduler === "codel") {
      if (word !== "ecn") this.#unknown("unknown codel option", word);
      this.#flags.add("ecn");
      return;
    }
    switch (word) {
      case "default":
      case "red":
      case "rio":
        this.#flags.add(word);
        return;
      case "ecn":
        this.#flags.add("red").add("ecn");
        return;
      case "borrow":
        if (this.#scheduler !== "cbq") break;
        this.#flags.add("borrow");
        return;
      case "codel":
        if (reader.dialect.family !== "freebsd") break;
        this.#flags.add("codel");
        return;
    }
    this.#unknown(`unknown ${this.#scheduler} flag`, word);
  }

  #unknown(tool: string, word: string): never {
    return this.#reader.fail(
      `${tool} "${word}"`,
      "pf/unknown-option",
      `\`${word}\` is not an option of the scheduler ${this.#scheduler}.`,
    );
  }

  #curve(name: "linkshare" | "realtime" | "upperlimit"): void {
    const reader = this.#reader;
    reader.take("keyword");
    let curve: AltqCurve;
    if (reader.accept(Char.open, "punctuation")) {
      const fairq = this.#scheduler === "fairq";
      const m1 = parseBandwidth(reader);
      if (!fairq) reader.optionalComma();
      const d = fairq ? parseNumber(reader) : reader.number();
      if (!fairq) reader.optionalComma();
      const m2 = parseBandwidth(reader);
      reader.expect(Char.close);
      if (!fairq && (d < 0 || d > INT_MAX)) {
        reader.fail("timing in curve out of range", "pf/out-of-range", "The time of a curve is in milliseconds.");
      }
      curve = { m1, d, m2 };
    } else curve = { m1: NO_RATE, d: 0, m2: parseBandwidth(reader) };
    if (this.#curves.has(name)) redefined(reader, `${name} already specified`);
    this.#curves.set(name, curve);
  }
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

/** `qassign`: names of queues; none is an empty list. */
function parseQueueNames(reader: Reader): string[] {
  if (reader.peek() !== Token.string && reader.peek() !== Char.openBrace) return [];
  return parseList(reader, (it) => {
    const name = it.string("queue");
    if (byteLength(name) > QUEUE_NAME_MAXIMUM) {
      it.fail(
        `queue name '${name}' too long (max ${QUEUE_NAME_MAXIMUM} chars)`,
        "pf/name-too-long",
        `A queue name has at most ${QUEUE_NAME_MAXIMUM} characters.`,
      );
    }
    return name;
  });
}

// With queues named pfctl's parser needs no further token: it acts, and finds what does not belong there later.
function endsStatement(reader: Reader, queues: readonly string[]): void {
  if ((queues.length === 0 || !reader.options.strict) && reader.peek() !== Token.newline) reader.syntaxError();
}
