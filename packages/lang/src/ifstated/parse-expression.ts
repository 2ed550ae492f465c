import type { LinkState, Span } from "@pierhead/core";
import { parseDuration, SHORTEST_INTERVAL, takeGlued } from "./extensions.ts";
import type { Token } from "./lexer.ts";
import { lineEnd, type Parser } from "./parser.ts";
import { type Expression, MAX_NESTING } from "./tree.ts";

/** An operand that waits for what comes after it: the left side with its operator, the `!` before, the `(` around. */
interface Frame {
  left: Expression | null;
  operator: Token | null;
  /** Starts of the negations of the operand that is read now. */
  nots: number[];
  /** Start of the parenthesis that this frame is the inside of; -1 outside. */
  readonly open: number;
}

/**
 * `&&` and `||` group from the left alike; `!` takes the one operand after it (parse.y: `%left AND OR`, `%left
 * UNARY`). Null when nothing can be made of it; the rest of the line is then dropped up to a block.
 */
export function parseExpression(parser: Parser): Expression | null {
  const frames: Frame[] = [{ left: null, operator: null, nots: [], open: -1 }];
  let depth = 0;
  for (;;) {
    const frame = frames[frames.length - 1] as Frame;
    if (parser.kind === "!" || parser.kind === "(") {
      const { kind, start } = parser.take();
      if (kind === "!") frame.nots.push(start);
      else frames.push({ left: null, operator: null, nots: [], open: start });
      if (++depth > MAX_NESTING) {
        parser.error("ifstated/too-deep", `the condition nests deeper than ${MAX_NESTING}`, {
          start,
          end: parser.lastEnd,
        });
        parser.skipLine();
        return null;
      }
      continue;
    }
    let value = parseTerm(parser);
    if (value === null) {
      parser.skipLine();
      return null;
    }
    for (;;) {
      const top = frames[frames.length - 1] as Frame;
      value = combine(top, value);
      if (parser.kind !== ")" || frames.length === 1) break;
      const close = parser.take();
      frames.pop();
      depth--;
      value = { ...value, parentheses: { start: top.open, end: close.end } };
    }
    if (parser.kind === "&&" || parser.kind === "||") {
      const top = frames[frames.length - 1] as Frame;
      top.left = value;
      top.operator = parser.take();
      depth = frames.length;
      continue;
    }
    if (frames.length > 1) {
      const open = (frames[frames.length - 1] as Frame).open;
      const related = [{ source: parser.source, span: { start: open, end: open + 1 }, message: "opened here" }];
      const message = `expected \`&&\`, \`||\` or \`)\`, not ${parser.describe(parser.token)}`;
      parser.error("ifstated/syntax", message, parser.span(parser.token), { related });
      parser.skipLine();
      return null;
    }
    if (!["\n", "{", "run", "set-state", "if", "$end"].includes(parser.kind)) {
      const span = { start: parser.token.start, end: Math.max(parser.token.end, lineEnd(parser)) };
      parser.error(
        "ifstated/syntax",
        `expected \`&&\`, \`||\` or an action, not ${parser.describe(parser.token)}`,
        span,
      );
      parser.skipLine();
    }
    return value;
  }
}

/** Applies the negations that stand before an operand, then the operator before them. */
function combine(frame: Frame, operand: Expression): Expression {
  let value = operand;
  const end = (operand.parentheses ?? operand.span).end;
  for (let i = frame.nots.length - 1; i >= 0; i--) {
    value = { kind: "not", operand: value, span: { start: frame.nots[i] as number, end } };
  }
  frame.nots = [];
  const { left, operator } = frame;
  if (left === null || operator === null) return value;
  frame.left = null;
  frame.operator = null;
  return {
    kind: operator.kind === "&&" ? "and" : "or",
    left,
    right: value,
    span: { start: (left.parentheses ?? left.span).start, end },
    operatorSpan: { start: operator.start, end: operator.end },
    macro: operator.macro,
  };
}

/** An interface's link, a test, or null after saying what is wrong. */
function parseTerm(parser: Parser): Expression | null {
  const token = parser.token;
  if (token.kind === "UNDEFINED") {
    parser.take();
    return { kind: "unreadable", span: parser.span(token) };
  }
  if (token.kind !== "STRING") {
    const at: Span =
      token.kind === "\n" || token.kind === "$end" ? parser.from(parser.lastEnd - 1) : parser.span(token);
    const message = `expected \`interface.link.up\` or a test (\`"command" every 10\`), not ${parser.describe(token)}`;
    parser.error("ifstated/syntax", message, at);
    return null;
  }
  parser.take();
  if (parser.kind === ".") return parseLink(parser, token);
  if (parser.kind === "every") return parseTest(parser, token);
  const span = parser.span(token);
  if (parser.extensions && parser.probes.has(token.text)) {
    parser.extended.push(span);
    return { kind: "link", interface: token.text, is: "up", span, interfaceSpan: span, macro: token.macro };
  }
  if (token.quoted) {
    parser.error("ifstated/syntax", "a test needs its interval: write `every` and seconds after the command", span);
  } else {
    const message = `\`${token.text}\` alone is no condition: write \`${token.text}.link.up\`, or a command in quotes with \`every\` and seconds`;
    parser.error("ifstated/syntax", message, span);
  }
  return null;
}

function parseLink(parser: Parser, name: Token): Expression | null {
  parser.take();
  const rest = parser.token;
  const state = take(parser, "link") && take(parser, ".") ? parser.token : null;
  if (state !== null && (state.kind === "up" || state.kind === "down" || state.kind === "unknown")) {
    parser.take();
    const span = { start: name.start, end: Math.max(name.end, state.end) };
    const is: LinkState = state.kind;
    return { kind: "link", interface: name.text, is, span, interfaceSpan: parser.span(name), macro: name.macro };
  }
  const bad = parser.token;
  const glued = /^(up|down|unknown)(&&|\|\|)/.exec(bad.text);
  if (bad.kind === "STRING" && glued !== null && bad.macro === null) {
    const [whole, state, operator] = glued as unknown as [string, string, string];
    const span = { start: bad.start, end: bad.start + whole.length };
    const fix = parser.replace("put spaces around it", span, `${state} ${operator} `);
    parser.error("ifstated/missing-space", `\`${operator}\` needs a space before and after it`, parser.span(bad), {
      fix,
    });
  } else {
    const message = `a link is \`${name.text}.link.up\`, \`.down\` or \`.unknown\`; here is ${parser.describe(bad)}`;
    parser.error("ifstated/syntax", message, { start: name.start, end: Math.max(name.end, rest.end) });
  }
  return null;
}

function take(parser: Parser, kind: string): boolean {
  if (parser.kind !== kind) return false;
  parser.take();
  return true;
}

function parseTest(parser: Parser, command: Token): Expression | null {
  const keyword = parser.take();
  if (parser.extensions && parser.kind === "STRING") return parseShortInterval(parser, command);
  if (parser.kind !== "NUMBER") {
    const at = parser.kind === "\n" || parser.kind === "$end" ? parser.span(keyword) : parser.span(parser.token);
    parser.error("ifstated/syntax", `\`every\` needs a number of seconds, not ${parser.describe(parser.token)}`, at);
    return null;
  }
  const number = parser.take();
  if (number.number <= 0n || number.number > 0xffffffffn) {
    parser.error("ifstated/invalid-interval", "an interval is 1 to 4294967295 seconds", parser.span(number));
    return null;
  }
  return {
    kind: "test",
    command: command.text,
    every: Number(number.number),
    span: { start: command.start, end: Math.max(command.end, number.end) },
    commandSpan: parser.span(command),
    offsets: command.offsets,
    macro: command.macro,
  };
}

/** `every 0.2`, `every 200ms`: an extension. */
function parseShortInterval(parser: Parser, command: Token): Expression | null {
  const word = takeGlued(parser);
  const every = word === null ? null : parseDuration(word.text);
  if (word === null || every === null || every < SHORTEST_INTERVAL || every > 0xffffffff) {
    const span = word?.span ?? parser.span(command);
    parser.error(
      "ifstated/invalid-interval",
      "an interval is written `10`, `0.2` or `200ms`, and 10 ms at least",
      span,
    );
    return null;
  }
  parser.extended.push(word.span);
  return {
    kind: "test",
    command: command.text,
    every,
    span: { start: command.start, end: Math.max(command.end, word.span.end) },
    commandSpan: parser.span(command),
    offsets: command.offsets,
    macro: command.macro,
  };
}
