/**
 * What `pierhead monitor` reads beyond ifstated.conf(5): intervals below a second, and probes. A probe is a line that is
 * watched all the time; conditions see it as a link of its name, so that the machine that runs the file needs to know
 * nothing about it. The daemon takes none of this: a file that uses it is not an ifstated.conf any more.
 */
import type { Span } from "@pierhead/core";
import type { Token } from "./lexer.ts";
import type { Parser } from "./parser.ts";

/** How a probe asks. */
export type ProbeMethod = "icmp" | "tcp" | "http" | "dns";

/** `probe name { … }`. Times are seconds. */
export interface ProbeDefinition {
  readonly name: string;
  readonly method: ProbeMethod;
  /** Host or, for `http`, the URL. */
  readonly target: string;
  /** TCP and DNS; null: there is none to name (`icmp`, `http`). */
  readonly port: number | null;
  /** `dns`: the name that is asked for; `.` when the file names none. */
  readonly query: string;
  /** Address it asks from; null: the system chooses. */
  readonly source: string | null;
  /** Interface it leaves by (`icmp` only); null: the routing table chooses. */
  readonly interface: string | null;
  readonly every: number;
  /** Without an answer for so long, one question counts as lost. */
  readonly timeout: number;
  /** Down when `lost` of the last `of` questions were lost. */
  readonly loss: { readonly lost: number; readonly of: number };
  /** Questions that have to be answered one after the other before it is up again. */
  readonly recover: number;
  /** Down when answers take longer than `limit` on average; up again below `back`. Null: latency does not matter. */
  readonly latency: { readonly limit: number; readonly back: number } | null;
  /** Once down it stays down for at least so long. */
  readonly holdDown: number;
  readonly span: Span;
  readonly nameSpan: Span;
}

const DURATION = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m)?$/;
const UNIT: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 };
/** Shorter intervals measure the scheduler, not the line. */
export const SHORTEST_INTERVAL = 0.01;

/** Seconds of `200ms`, `0.2`, `5s`, `1m`; null when it is none of these. */
export function parseDuration(text: string): number | null {
  const found = DURATION.exec(text);
  return found === null ? null : Number(found[1]) * (UNIT[found[2] ?? "s"] as number);
}

/** Tokens that touch, as one word: the lexer splits `192.0.2.1` and `0.2` at their dots. Null at the end of the line. */
export function takeGlued(parser: Parser): { readonly text: string; readonly span: Span } | null {
  if (parser.kind === "\n" || parser.kind === "$end" || parser.kind === "{" || parser.kind === "}") return null;
  const first = parser.take();
  let text = first.text;
  for (let last = first; !first.quoted && touches(parser, last); ) {
    last = parser.take();
    text += last.text;
  }
  return { text, span: parser.from(first.start) };
}

function touches(parser: Parser, last: Token): boolean {
  const { token } = parser;
  if (token.quoted || ["\n", "$end", "{", "}", "(", ")"].includes(token.kind)) return false;
  // All tokens out of a macro have the place of its `$name`.
  if (token.macro !== null) return token.macro === last.macro && (token.kind === "." || last.kind === ".");
  return token.start === parser.lastEnd;
}

interface Draft {
  method: ProbeMethod | null;
  target: string;
  port: number | null;
  query: string;
  source: string | null;
  interface: string | null;
  every: number;
  timeout: number | null;
  loss: { lost: number; of: number };
  recover: number | null;
  latency: { limit: number; back: number } | null;
  holdDown: number;
}

const OPTIONS =
  "`icmp`, `tcp`, `http`, `dns`, `port`, `query`, `source`, `interface`, `every`, `timeout`, `loss`, `recover`, `latency` and `hold-down`";

/** `probe name { options }`; the word `probe` is taken already. Options are separated by white space or line ends. */
export function parseProbe(parser: Parser, keyword: Token): void {
  const name = parser.take();
  const wrong = (message: string, span: Span): void => parser.error("ifstated/probe", message, span);
  if (parser.kind !== "{") {
    wrong("a probe is `probe name { … }`, the brace on the same line", parser.span(parser.token));
    parser.skipLine();
    return;
  }
  parser.take();
  const draft: Draft = {
    method: null,
    target: "",
    port: null,
    query: ".",
    source: null,
    interface: null,
    every: 1,
    timeout: null,
    loss: { lost: 3, of: 5 },
    recover: null,
    latency: null,
    holdDown: 0,
  };
  for (;;) {
    parser.skipNewlines();
    if ((parser.kind as string) === "}") break;
    const word = takeGlued(parser);
    if (word === null) {
      wrong(`the probe \`${name.text}\` is not closed; add \`}\``, parser.span(name));
      return;
    }
    const problem = readOption(parser, draft, word.text);
    if (problem !== null) {
      wrong(problem, parser.from(word.span.start));
      parser.skipLine();
      if (parser.kind === "{") parser.take();
    }
  }
  parser.take();
  const span = parser.from(keyword.start);
  const nameSpan = parser.span(name);
  if (parser.probes.has(name.text)) {
    wrong(`there is a probe \`${name.text}\` already`, nameSpan);
    return;
  }
  if (draft.method === null) {
    wrong(`the probe \`${name.text}\` asks nobody: give it \`icmp\`, \`tcp\`, \`http\` or \`dns\``, nameSpan);
    return;
  }
  if (draft.method === "tcp" && draft.port === null) {
    wrong(`the probe \`${name.text}\` needs a \`port\``, nameSpan);
    return;
  }
  if (draft.interface !== null && draft.method !== "icmp") {
    wrong(`only an \`icmp\` probe can be bound to an interface; give \`${name.text}\` a \`source\``, nameSpan);
    return;
  }
  const { method, loss, timeout, recover, ...rest } = draft;
  const port = draft.port ?? (method === "dns" ? 53 : null);
  parser.probes.set(name.text, {
    ...rest,
    name: name.text,
    method,
    port,
    timeout: timeout ?? Math.min(2, Math.max(draft.every, 0.1)),
    loss,
    recover: recover ?? loss.of,
    span,
    nameSpan,
  });
}

/** @returns what is wrong, null when nothing is */
function readOption(parser: Parser, draft: Draft, option: string): string | null {
  const word = (): string => takeGlued(parser)?.text ?? "";
  const duration = (least: number): number | null => {
    const seconds = parseDuration(word());
    return seconds === null || seconds < least || seconds > 86_400 ? null : seconds;
  };
  const count = (most: number): number | null => {
    const value = Number(word());
    return Number.isInteger(value) && value >= 1 && value <= most ? value : null;
  };
  switch (option) {
    case "icmp":
    case "tcp":
    case "http":
    case "dns": {
      if (draft.method !== null) return "a probe asks one target";
      const target = word();
      if (target === "" || target.startsWith("-")) return `\`${option}\` needs a host to ask`;
      if (option === "http" && !/^https?:\/\/[^/]/.test(target)) return "`http` needs a URL in quotes";
      draft.method = option;
      draft.target = target;
      return null;
    }
    case "source":
    case "interface": {
      const value = word();
      if (value === "" || value.startsWith("-")) return `\`${option}\` needs a value`;
      draft[option] = value;
      return null;
    }
    case "query":
      draft.query = word();
      return /^(?:\.|[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,40}\.?)$/i.test(draft.query)
        ? null
        : "`query` needs a domain name";
    case "port":
      draft.port = count(65_535);
      return draft.port === null ? "a port is 1 to 65535" : null;
    case "every": {
      const seconds = duration(SHORTEST_INTERVAL);
      if (seconds === null) return "`every` needs a time from 10ms to a day: `200ms`, `0.2`, `1s`";
      draft.every = seconds;
      return null;
    }
    case "timeout": {
      draft.timeout = duration(SHORTEST_INTERVAL);
      return draft.timeout === null ? "`timeout` needs a time: `200ms`, `0.2`, `1s`" : null;
    }
    case "loss": {
      const lost = count(1_000);
      const separator = word();
      const of = count(1_000);
      if (lost === null || separator !== "of" || of === null || lost > of) return "loss is written `loss 3 of 5`";
      draft.loss = { lost, of };
      return null;
    }
    case "recover":
      draft.recover = count(1_000);
      return draft.recover === null ? "`recover` needs a number of answers from 1 to 1000" : null;
    case "latency": {
      const limit = duration(0.0001);
      if (limit === null) return "`latency` needs a time: `latency 200ms`, or `latency 200ms back 150ms`";
      let back: number | null = limit * 0.8;
      if (parser.kind === "STRING" && parser.token.text === "back") {
        parser.take();
        back = duration(0.0001);
      }
      if (back === null || back > limit) return "`back` needs a time that is no longer than the limit";
      draft.latency = { limit, back };
      return null;
    }
    case "hold-down": {
      const seconds = duration(0);
      if (seconds === null) return "`hold-down` needs a time: `5s`";
      draft.holdDown = seconds;
      return null;
    }
    default:
      return `\`${option}\` is no option of a probe; there are ${OPTIONS}`;
  }
}
