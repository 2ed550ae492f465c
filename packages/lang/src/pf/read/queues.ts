/** `queue …` of OpenBSD from 5.5: `queuespec`, `queue_opts`, `scspec`, `bandwidth` of parse.y, and the queue tree. */
import { parseDouble, parseUnsigned } from "../load/numeric.ts";
import type { Bandwidth, QueueSpec, ServiceCurve } from "../rule.ts";
import { QUEUE_NAME_MAXIMUM } from "./clauses.ts";
import { redefined } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { byteLength } from "./lexer.ts";
import type { Reader } from "./reader.ts";
import { Token } from "./tokens.ts";

interface QueueOptions {
  bandwidth: boolean;
  linkShare: ServiceCurve | null;
  realtime: ServiceCurve | null;
  upperLimit: ServiceCurve | null;
  parent: string | null;
  default: boolean;
  qlimit: number | null;
  flows: number | null;
  quantum: number | null;
}

/** `queuespec`. */
export function parseQueue(reader: Reader): void {
  reader.take("keyword");
  const name = reader.string("queue");
  const interfaces = parseOnInterfaces(reader);
  const options = parseQueueOptions(reader);
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (interfaces === null && options.parent === null) {
    reader.fail(
      "root queue without interface",
      "pf/queue-without-interface",
      "A queue is either the root queue of an interface (`on em0`) or has a parent (`parent name`).",
    );
  }
  const first = interfaces?.[0];
  if (reader.environment === null) return;
  if (first !== undefined && !(reader.hosts?.isInterface(first.name) && !reader.hosts.isGroup(first.name))) {
    reader.fail("not an interface", "pf/unknown-interface", `\`${first.name}\` is not an interface of this machine.`);
  }
  for (const item of interfaces ?? [null]) {
    if (!addQueue(reader, name, item?.name ?? "", options)) return;
  }
}

/** `expand_queue` for one interface. Returns false after a complaint; the statement is not given up. */
function addQueue(reader: Reader, name: string, interfaceName: string, options: QueueOptions): boolean {
  const wrong = (tool: string, code: string, message: string): false => {
    reader.complain(tool, code, message);
    return false;
  };
  if (!options.bandwidth && options.flows === null) {
    return wrong(
      "no bandwidth or flow specification",
      "pf/queue-without-bandwidth",
      "A queue needs `bandwidth …` or `flows …`.",
    );
  }
  for (const [text, what] of [
    [name, "queuename"],
    [options.parent ?? "", "parent"],
  ] as const) {
    if (byteLength(text) > QUEUE_NAME_MAXIMUM) {
      return wrong(
        `${what} too long`,
        "pf/name-too-long",
        `A queue name has at most ${QUEUE_NAME_MAXIMUM} characters.`,
      );
    }
  }
  const queue: PendingQueue = {
    spec: {
      name,
      parent: options.parent,
      interface: interfaceName === "" ? null : interfaceName,
      linkShare: options.linkShare,
      realtime: options.realtime,
      upperLimit: options.upperLimit,
      flows: options.flows ?? 0,
      quantum: options.quantum ?? 0,
      default: options.default,
      qlimit: options.qlimit ?? 0,
      origin: reader.origin(),
    },
    rootClass: options.parent === null && options.bandwidth,
    children: [],
    matches: 0,
  };
  if (reader.current.anchor.name !== "") {
    reader.textAlways("must not have queue definitions in an anchor");
    return wrong("cannot add queue", "pf/queue-in-anchor", "Queues are defined in the main ruleset, not in an anchor.");
  }
  if (options.parent === null) {
    if (reader.rootQueues.some((root) => root.spec.interface === queue.spec.interface)) {
      reader.textAlways(`A root queue is already defined on ${interfaceName}`);
      return wrong(
        "cannot add queue",
        "pf/duplicate-queue",
        `The interface ${interfaceName} has a root queue already.`,
      );
    }
    reader.rootQueues.push(queue);
  } else {
    reader.childQueues.push(queue);
    reader.queueNames.add(name);
  }
  return true;
}

/** A queue before the tree is put together. */
export interface PendingQueue {
  spec: QueueSpec;
  readonly rootClass: boolean;
  children: PendingQueue[];
  matches: number;
}

function parseQueueOptions(reader: Reader): QueueOptions {
  const options: QueueOptions = {
    bandwidth: false,
    linkShare: null,
    realtime: null,
    upperLimit: null,
    parent: null,
    default: false,
    qlimit: null,
    flows: null,
    quantum: null,
  };
  let count = 0;
  for (; ; count++) {
    switch (reader.peek()) {
      case Token.bandwidth:
        reader.take("keyword");
        parseBandwidthOption(reader, options);
        break;
      case Token.parent: {
        reader.take("keyword");
        const parent = reader.string("queue");
        if (options.parent !== null) redefined(reader, "parent cannot be respecified");
        options.parent = parent;
        break;
      }
      case Token.default:
        reader.take("keyword");
        if (options.default) redefined(reader, "default cannot be respecified");
        options.default = true;
        break;
      case Token.qlimit: {
        reader.take("keyword");
        const value = reader.number();
        if (options.qlimit !== null) redefined(reader, "qlimit cannot be respecified");
        options.qlimit = inRange(reader, value, 0, 65535, "qlimit");
        break;
      }
      case Token.flows: {
        reader.take("keyword");
        const value = reader.number();
        if (options.flows !== null) redefined(reader, "number of flows cannot be respecified");
        options.flows = inRange(reader, value, 1, 32767, "number of flows");
        break;
      }
      case Token.quantum: {
        reader.take("keyword");
        const value = reader.number();
        if (options.quantum !== null) redefined(reader, "quantum cannot be respecified");
        options.quantum = inRange(reader, value, 1, 65535, "quantum");
        break;
      }
      default:
        if (count === 0) reader.syntaxError();
        return options;
    }
  }
}

function inRange(reader: Reader, value: number, low: number, high: number, what: string): number {
  if (value < low || value > high) {
    reader.fail(`${what} out of range: max ${high}`, "pf/out-of-range", `The ${what} is ${low} to ${high}.`);
  }
  return value;
}

function parseBandwidthOption(reader: Reader, options: QueueOptions): void {
  const linkShare = parseCurve(reader);
  let realtime: ServiceCurve | null = null;
  let upperLimit: ServiceCurve | null = null;
  for (let i = 0; i < 2; i++) {
    const comma = reader.peek() === 44;
    if (comma) reader.take("punctuation");
    if (reader.peek() === Token.min && realtime === null) {
      reader.take("keyword");
      realtime = parseCurve(reader);
    } else if (reader.peek() === Token.max && upperLimit === null) {
      reader.take("keyword");
      upperLimit = parseCurve(reader);
    } else if (comma) reader.syntaxError();
    else break;
  }
  if (options.bandwidth) redefined(reader, "bandwidth cannot be respecified");
  options.bandwidth = true;
  options.linkShare = linkShare;
  options.realtime = realtime;
  options.upperLimit = upperLimit;
}

/** `scspec`. */
function parseCurve(reader: Reader): ServiceCurve {
  const rate = parseBandwidth(reader);
  if (reader.peek() !== Token.burst) {
    reader.follow(reader.lookahead.queueRate);
    if (rate.percent) noPercent(reader);
    return { rate, burst: null, milliseconds: 0 };
  }
  reader.take("keyword");
  const burst = parseBandwidth(reader);
  reader.expect(Token.for, "keyword");
  const text = reader.string("number");
  const digits = /^[ \t]*\+?(\d*)/.exec(text);
  if (!text.endsWith("ms") || digits === null || text.slice(digits[0].length) !== "ms") {
    reader.fail("time in scspec must be in ms", "pf/invalid-value", "The time of a burst is in milliseconds: `100ms`.");
  }
  if (rate.percent || burst.percent) noPercent(reader);
  return { rate, burst, milliseconds: Number(parseUnsigned(digits?.[1] || "0") ?? 0n) >>> 0 };
}

function noPercent(reader: Reader): never {
  return reader.fail("no bandwidth in % yet", "pf/invalid-bandwidth", "Bandwidths are in bits per second: `10M`.");
}

const UNITS: Record<string, number> = { b: 1, K: 1e3, M: 1e6, G: 1e9 };

/** `bandwidth`. */
function parseBandwidth(reader: Reader): Bandwidth {
  const tooBig = (): never =>
    reader.fail("bandwidth number too big", "pf/invalid-bandwidth", "This bandwidth is out of range.");
  if (reader.peek() === Token.number) {
    const value = reader.number();
    if (value < 0) tooBig();
    return { value, percent: false };
  }
  const text = reader.string("number");
  const { value, rest } = parseDouble(text);
  let unit = rest;
  if (unit.length > 1 && /^(?:Bit|B|bit|b)$/.test(unit.slice(1))) unit = unit.slice(0, 1);
  if (unit === "%") {
    if (value < 0 || value > 100) {
      reader.fail("bandwidth spec out of range", "pf/invalid-bandwidth", "A percentage is 0 to 100.");
    }
    return { value: Math.trunc(value), percent: true };
  }
  const factor = UNITS[unit];
  if (factor === undefined) {
    return reader.fail(
      `unknown unit "${unit}"`,
      "pf/invalid-bandwidth",
      `\`${unit}\` is not a unit of bandwidth; there are K, M and G for thousands, millions and billions of bits per second.`,
    );
  }
  const bits = value * factor;
  if (bits < 0 || bits > 2 ** 63) tooBig();
  return { value: Math.trunc(bits), percent: false };
}
