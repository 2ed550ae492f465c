/**
 * A reading of ifstated.conf(5) for people: every node with its place, and an error costs its own line only. What it
 * takes for right the daemon takes too (`read.ts` makes sure); what it makes of a wrong file is the best guess.
 */
import type { Diagnostic, Source, Span } from "@pierhead/core";
import { nearest } from "../text/nearest.ts";
import { type ProbeDefinition, parseProbe } from "./extensions.ts";
import type { Token } from "./lexer.ts";
import { parseExpression } from "./parse-expression.ts";
import { lineEnd, Parser } from "./parser.ts";
import { splitPieces } from "./pieces.ts";
import type { Action, IfAction, IfstatedFile, InitBlock, Item, MacroDefinition, StateBlock } from "./tree.ts";
import { MAX_NESTING } from "./tree.ts";

const STATEMENTS = ["if", "run", "set-state", "state", "init", "init-state"];

export interface Reading {
  readonly file: IfstatedFile;
  readonly diagnostics: Diagnostic[];
  /** Targets of `set-state` that a diagnostic speaks of already. */
  readonly suspectTargets: ReadonlySet<Action>;
  readonly probes: readonly ProbeDefinition[];
  /** Places where an extension of `pierhead monitor` is used. */
  readonly extended: readonly Span[];
}

/** Reads a file. */
export function parse(source: Source, fixed: ReadonlyMap<string, string>, extensions: boolean = false): Reading {
  const broken = new Set<number>();
  for (let attempt = 0; ; attempt++) {
    const parser = new Parser(source, fixed, broken, extensions);
    const items = parseItems(parser);
    // A quote without partner turns the rest of the file inside out: let its string end with the line and look again.
    const culprit = parser.suspicious.find((start) => !broken.has(start)) ?? parser.unterminated;
    if (culprit !== null && !broken.has(culprit) && attempt < 8) {
      const confused = parser.unterminated !== null || parser.diagnostics.length > broken.size;
      if (confused) {
        broken.add(culprit);
        continue;
      }
    }
    for (const item of items) if (item.kind === "state") parser.states.add(item.name);
    parser.finish();
    const file: IfstatedFile = {
      source,
      items,
      pieces: splitPieces(source.text, parser.spans),
      usedMacros: parser.used,
    };
    const { diagnostics, suspectTargets, extended } = parser;
    return { file, diagnostics, suspectTargets, probes: [...parser.probes.values()], extended };
  }
}

function parseItems(parser: Parser): Item[] {
  const items: Item[] = [];
  for (;;) {
    parser.skipNewlines();
    if (parser.kind === "$end") return items;
    const before = parser.token;
    const item = parseItem(parser);
    if (item !== null) items.push(item);
    endStatement(parser, "top");
    // Whatever happens, a statement takes at least one token.
    if (parser.token === before) parser.take();
  }
}

function parseItem(parser: Parser): Item | null {
  switch (parser.kind) {
    case "state":
      return parseState(parser);
    case "init-state":
      return parseInitState(parser);
    case "run":
    case "set-state":
    case "if":
      if (parser.kind === "set-state") outsideState(parser);
      return parseAction(parser, 0);
    case "init": {
      parser.error("ifstated/init-outside-state", "`init` belongs inside a state block", parser.span(parser.token));
      parseInit(parser);
      return null;
    }
    case "}": {
      const span = parser.span(parser.take());
      parser.error("ifstated/unmatched-brace", "this `}` closes nothing; remove it, or open a block before it", span);
      return null;
    }
    default:
      return parseWord(parser, 0);
  }
}

function outsideState(parser: Parser): void {
  const message = "`set-state` belongs inside a state block: outside there is no state to leave";
  parser.error("ifstated/set-state-outside-state", message, parser.span(parser.token));
}

/** A macro, or a line that starts with nothing we know. */
function parseWord(parser: Parser, depth: number): MacroDefinition | IfAction | null {
  const first = parser.take();
  if (parser.extensions && depth === 0 && first.text === "probe" && parser.kind === "STRING") {
    parseProbe(parser, first);
    parser.extended.push(parser.from(first.start));
    return null;
  }
  return first.kind === "STRING" && parser.kind === "="
    ? parseMacro(parser, first)
    : strayStatement(parser, first, depth);
}

/** A line that starts with nothing we know. A block that it opens is read, so that its lines are looked at. */
function strayStatement(parser: Parser, token: Token, depth: number): IfAction | null {
  const span = parser.span(token);
  const word = token.kind === "STRING" && !token.quoted ? token.text : null;
  if (token.kind === "\0") {
    parser.error(
      "ifstated/nul-character",
      "ifstated stops reading at this NUL character: the rest of the file is lost",
      span,
    );
    return null;
  }
  if (word === "else" || word === "elseif" || word === "elsif") {
    parser.error("ifstated/no-else", "ifstated has no `else`: write a second `if` with the opposite condition", span);
  } else {
    const near = word === null ? null : nearest(word, STATEMENTS);
    const fix = near === null ? null : parser.replace(`write \`${near}\``, span, near);
    const hint = near === null ? `expected ${STATEMENTS.join(", ")} or a macro` : `did you mean \`${near}\`?`;
    parser.error("ifstated/syntax", `a statement cannot start with ${parser.describe(token)}; ${hint}`, span, { fix });
  }
  parser.skipLine();
  if (parser.kind !== "{") return null;
  const then = parseActionBlock(parser, depth + 1, "if");
  return { kind: "if", condition: null, then, span: parser.from(token.start) };
}

/** `name = string string …`, the name already taken. */
function parseMacro(parser: Parser, name: Token): MacroDefinition | null {
  parser.take();
  const parts: Token[] = [];
  while (parser.kind === "STRING") parts.push(parser.take());
  if (parts.length === 0) {
    const message = `macro \`${name.text}\` has no value; write it in quotes`;
    parser.error("ifstated/syntax", message, parser.span(parser.kind === "\n" ? name : parser.token));
    parser.skipLine();
  } else if (parser.kind !== "\n" && parser.kind !== "$end") {
    const span = { start: (parts[0] as Token).start, end: lineEnd(parser) };
    parser.error(
      "ifstated/syntax",
      `the value of a macro is one or more strings; put ${parser.describe(parser.token)} in quotes`,
      span,
    );
    parser.skipLine();
  }
  if (/[\t-\r ]/.test(name.text.slice(1))) {
    parser.error("ifstated/macro-name", "the name of a macro cannot hold white space", parser.span(name));
    return null;
  }
  const first = parts[0];
  const definition: MacroDefinition = {
    kind: "macro",
    name: name.text,
    value: parts.map(({ text }) => text).join(" "),
    span: parser.from(name.start),
    nameSpan: parser.span(name),
    valueSpan: first === undefined ? parser.span(name) : { start: first.start, end: parser.lastEnd },
    offsets: parts.length === 1 ? (first?.offsets ?? null) : null,
  };
  parser.definitions.set(definition.name, definition);
  return definition;
}

function parseInitState(parser: Parser): Item | null {
  const keyword = parser.take();
  if (parser.kind !== "STRING") {
    nameExpected(parser, "init-state");
    return null;
  }
  const name = parser.take();
  return {
    kind: "init-state",
    name: name.text,
    span: { start: keyword.start, end: name.end },
    nameSpan: parser.span(name),
  };
}

function nameExpected(parser: Parser, after: string): void {
  const { token } = parser;
  const reserved = token.kind !== "STRING" && /^[a-z]/.test(token.kind);
  const span =
    parser.kind === "\n" || parser.kind === "$end" ? parser.from(parser.lastEnd - after.length) : parser.span(token);
  if (reserved) {
    const fix = parser.replace(`write \`"${token.text}"\``, parser.span(token), `"${token.text}"`);
    parser.error(
      "ifstated/reserved-word",
      `\`${token.text}\` is a word of the language; as a name it needs quotes`,
      span,
      {
        fix,
      },
    );
  } else parser.error("ifstated/syntax", `\`${after}\` needs the name of a state, not ${parser.describe(token)}`, span);
  if (parser.kind !== "{") parser.skipLine();
}

function parseState(parser: Parser): StateBlock {
  const keyword = parser.take();
  const parts: Token[] = [];
  while (parser.kind === "STRING") parts.push(parser.take());
  if (parts.length === 0) nameExpected(parser, "state");
  const name = parts.map(({ text }) => text).join(" ");
  const nameSpan = parts.length > 0 ? { start: (parts[0] as Token).start, end: parser.lastEnd } : parser.span(keyword);
  if (parser.kind !== "{" && parser.kind !== "\n" && parser.kind !== "$end") {
    parser.error(
      "ifstated/syntax",
      `expected \`{\` after the name of the state, not ${parser.describe(parser.token)}`,
      parser.span(parser.token),
    );
    parser.skipLine();
  }
  parser.skipNewlines();
  if (parser.kind !== "{") {
    parser.error("ifstated/syntax", `state \`${name}\` needs a block: \`{\` … \`}\``, nameSpan);
    return { kind: "state", name, items: [], span: parser.from(keyword.start), nameSpan };
  }
  const { items } = parseBlock(parser, 0, true);
  return { kind: "state", name, items, span: parser.from(keyword.start), nameSpan };
}

/** `{ … }` with the current token on the brace. */
function parseBlock(
  parser: Parser,
  depth: number,
  isState: boolean,
): { items: (InitBlock | Action)[]; actions: Action[] } {
  const open = parser.take();
  const items: (InitBlock | Action)[] = [];
  const actions: Action[] = [];
  let wrong = false;
  for (;;) {
    parser.skipNewlines();
    const before = parser.token;
    if (before.kind === "}") {
      if (items.length === 0 && !wrong) emptyBlock(parser, open, isState);
      parser.take();
      break;
    }
    if (before.kind === "$end" || before.kind === "state") {
      if (parser.unclosedAt !== before) {
        const related = [{ source: parser.source, span: parser.span(open), message: "the block starts here" }];
        const where = before.kind === "state" ? "before this state" : "before the end of the file";
        parser.error("ifstated/unclosed-block", `a \`}\` is missing ${where}`, parser.span(before), { related });
        parser.unclosedAt = before;
      }
      break;
    }
    if (before.kind === "init") {
      if (!isState) {
        parser.error(
          "ifstated/init-outside-state",
          "`init` stands directly in a state, not in another block",
          parser.span(before),
        );
      }
      const block = parseInit(parser);
      if (isState) items.push(block);
      else wrong = true;
    } else if (before.kind === "init-state") {
      parser.error("ifstated/syntax", "`init-state` belongs outside the state blocks", parser.span(before));
      wrong = true;
      parseInitState(parser);
    } else if (before.kind === "run" || before.kind === "set-state" || before.kind === "if") {
      const action = parseAction(parser, depth + 1);
      if (action === null) wrong = true;
      else {
        items.push(action);
        actions.push(action);
      }
    } else {
      wrong = true;
      const found = parseWord(parser, depth + 1);
      if (found?.kind === "macro") {
        parser.error("ifstated/syntax", "a macro is defined outside the state blocks; move this line up", found.span);
      } else if (found !== null) items.push(found);
    }
    endStatement(parser, "block");
    if (parser.token === before) parser.take();
  }
  return { items, actions };
}

function emptyBlock(parser: Parser, open: Token, isState: boolean): void {
  const span = { start: open.start, end: parser.token.end };
  const what = isState ? "a state needs at least one statement" : "a block needs at least one statement";
  parser.error("ifstated/empty-block", `${what}; ifstated does not take an empty one`, span);
}

function parseInit(parser: Parser): InitBlock {
  const keyword = parser.take();
  const actions = parseActionBlock(parser, 1, "init");
  return { kind: "init", actions, span: parser.from(keyword.start) };
}

/** What stands after a condition or `init`: a block or one action, line ends allowed before it. */
function parseActionBlock(parser: Parser, depth: number, after: string): Action[] {
  parser.skipNewlines();
  if (parser.kind === "{") {
    if (depth > MAX_NESTING) {
      tooDeep(parser);
      skipBlock(parser);
      return [];
    }
    return parseBlock(parser, depth, false).actions;
  }
  if (parser.kind === "run" || parser.kind === "set-state" || parser.kind === "if") {
    if (depth > MAX_NESTING) {
      tooDeep(parser);
      parser.skipLine();
      return [];
    }
    const action = parseAction(parser, depth);
    return action === null ? [] : [action];
  }
  if (parser.kind !== "}" && parser.kind !== "$end" && parser.kind !== "state" && parser.kind !== "init") {
    const stray = strayStatement(parser, parser.take(), depth);
    return stray === null ? [] : [stray];
  }
  parser.error(
    "ifstated/missing-action",
    `\`${after}\` needs an action or a block after it`,
    parser.span(parser.token),
  );
  return [];
}

function tooDeep(parser: Parser): void {
  parser.error("ifstated/too-deep", `blocks nest deeper than ${MAX_NESTING}`, parser.span(parser.token));
}

function skipBlock(parser: Parser): void {
  let depth = 0;
  do {
    if (parser.kind === "{") depth++;
    else if (parser.kind === "}") depth--;
    parser.take();
  } while (depth > 0 && parser.kind !== "$end");
}

function parseAction(parser: Parser, depth: number): Action | null {
  const keyword = parser.take();
  if (keyword.kind === "if") {
    const condition = parseExpression(parser);
    const then = parseActionBlock(parser, depth + 1, "if");
    return { kind: "if", condition, then, span: parser.from(keyword.start) };
  }
  if (keyword.kind === "set-state") return parseSetState(parser, keyword);
  if (parser.kind !== "STRING") {
    const token = parser.token;
    const span = parser.kind === "\n" || parser.kind === "$end" ? parser.span(keyword) : parser.span(token);
    parser.error("ifstated/syntax", `\`run\` needs a command in quotes, not ${parser.describe(token)}`, span);
    parser.skipLine();
    return null;
  }
  const command = parser.take();
  if (!endsStatement(parser)) {
    const span = { start: command.start, end: lineEnd(parser) };
    const text = parser.source.text.slice(span.start, span.end).trimEnd();
    const plain = command.macro === null && !command.quoted && !/["'\\#$]/.test(text);
    const fix = plain
      ? parser.replace("put the command in quotes", { start: span.start, end: span.start + text.length }, `"${text}"`)
      : null;
    parser.error("ifstated/extra-words", "`run` takes one string; put the whole command in quotes", span, { fix });
    parser.skipLine();
  }
  return {
    kind: "run",
    command: command.text,
    span: { start: keyword.start, end: command.end },
    commandSpan: parser.span(command),
    offsets: command.offsets,
    macro: command.macro,
  };
}

function parseSetState(parser: Parser, keyword: Token): Action | null {
  if (parser.kind !== "STRING") {
    nameExpected(parser, "set-state");
    return null;
  }
  const name = parser.take();
  const words = [name];
  while (parser.kind === "STRING" || /^[a-z]/.test(parser.kind)) words.push(parser.take());
  const action: Action = {
    kind: "set-state",
    name: name.text,
    span: { start: keyword.start, end: name.end },
    nameSpan: parser.span(name),
  };
  if (words.length === 1) return action;
  const span = { start: name.start, end: parser.lastEnd };
  parser.later(() => extraWords(parser, words, span));
  const wrong: Action = {
    kind: "set-state",
    name: words.map(({ text }) => text).join(" "),
    span: parser.from(keyword.start),
    nameSpan: span,
  };
  parser.suspectTargets.add(wrong);
  return wrong;
}

function extraWords(parser: Parser, words: readonly Token[], span: Span): void {
  const { states } = parser;
  const spaced = words.map(({ text }) => text).join(" ");
  const joined = words.map(({ text }) => text).join("");
  const first = (words[0] as Token).text;
  let write: string | null = null;
  if (states.has(spaced)) write = `"${spaced}"`;
  else if (states.has(joined)) write = joined;
  else if (states.has(first)) write = first;
  else write = parser.suggestions.nearest(joined, states);
  const message = `\`set-state\` takes one name, and here are ${words.length} words`;
  const fix = write === null ? null : parser.replace(`write \`${write}\``, span, write);
  const hint = write === null ? "" : `; did you mean \`${write}\`?`;
  parser.error("ifstated/extra-words", message + hint, span, { fix });
}

function endsStatement(parser: Parser): boolean {
  return parser.kind === "\n" || parser.kind === "$end" || parser.kind === "}" || parser.kind === "{";
}

/** A statement ends with its line. */
function endStatement(parser: Parser, where: "top" | "block"): void {
  if (parser.kind === "\n") {
    parser.take();
    return;
  }
  const at = { start: parser.lastEnd, end: parser.lastEnd };
  if (parser.kind === "$end") {
    if (where === "block" || parser.token === parser.unclosedAt) return;
    const fix = parser.replace(
      "end the line",
      { start: parser.source.text.length, end: parser.source.text.length },
      "\n",
    );
    const message = "the last line has no line end; ifstated does not take the file without one";
    parser.error("ifstated/newline-expected", message, at, { fix });
    return;
  }
  if (parser.kind === "}" && where === "block") {
    if (parser.wrongOnThisLine) return;
    const fix = parser.replace("start a new line", { start: parser.token.start, end: parser.token.start }, "\n");
    parser.error(
      "ifstated/newline-expected",
      "a statement ends with its line: `}` goes on the next one",
      parser.span(parser.token),
      { fix },
    );
    return;
  }
  if (parser.token === parser.unclosedAt) return;
  if (!parser.wrongOnThisLine) {
    const span = { start: parser.token.start, end: Math.max(parser.token.end, lineEnd(parser)) };
    parser.error("ifstated/syntax", `expected the end of the line, not ${parser.describe(parser.token)}`, span);
  }
  if (parser.kind === "}") parser.take();
  parser.skipLine();
  if (parser.kind === "{") skipBlock(parser);
  if (parser.kind === "\n") parser.take();
}
