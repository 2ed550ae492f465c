/** The file as a sequence of statements: `ruleset`, `pfa_anchorlist`, `include`, `varset`. */
import { Source } from "@pierhead/core";
import type { StatementKind } from "../syntax.ts";
import { parseAltq, parseAltqQueue } from "./altq.ts";
import { parseAnchor, parseLoad } from "./anchors.ts";
import { parseAntispoof } from "./antispoof.ts";
import { isSpace } from "./characters.ts";
import { parseEtherAnchor, parseEtherRule } from "./ether.ts";
import { parseFreebsdBinat, parseFreebsdNat, parseFreebsdScrub } from "./freebsd-rules.ts";
import { parseLimiter } from "./limiters.ts";
import { parseOption } from "./options.ts";
import { parseQueue } from "./queues.ts";
import { FATAL, type Reader, STATEMENT_ERROR } from "./reader.ts";
import { parseRule } from "./rules.ts";
import { parseScrubRule } from "./scrub-rules.ts";
import { parseTable } from "./tables.ts";
import { Char, Token } from "./tokens.ts";
import { notSimulated, parseBinat, parseNat, parseTranslationAnchor } from "./translation.ts";

/** Deepest nesting of included files; pfctl runs out of file descriptors. */
const INCLUDE_DEPTH = 64;

/** Where a statement stands decides which ones are allowed. */
type Place = "main" | "anchor" | "ether";

/** Reads a whole file. Returns false when pfctl would have stopped at once. */
export function readRuleset(reader: Reader): boolean {
  try {
    if (reader.peek() === Char.openBrace && reader.options.strict) return refuseBrace(reader);
    readStatements(reader, "main");
    return true;
  } catch (thrown) {
    if (thrown === FATAL) return false;
    throw thrown;
  }
}

/** Statements up to the end of the input, or up to the closing brace of an anchor. */
function readStatements(reader: Reader, place: Place): void {
  for (;;) {
    const kind = reader.peek();
    if (kind === Token.end) return;
    if (kind === Token.newline) {
      reader.take("punctuation");
      continue;
    }
    if (place !== "main" && kind === Char.closeBrace) return;
    if (!readStatement(reader, place)) return;
  }
}

/** One statement with its line end. Returns false when nothing more can be read. */
function readStatement(reader: Reader, place: Place): boolean {
  reader.beginStatement();
  reader.recorder?.beginStatement();
  try {
    dispatch(reader, place);
    if (reader.peek() !== Token.newline) reader.syntaxError();
    reader.recorder?.endStatement();
    reader.take("punctuation");
    return true;
  } catch (thrown) {
    if (thrown !== STATEMENT_ERROR) throw thrown;
    reader.flushTool();
    reader.recorder?.abandonBodies();
    // Inside an anchor pfctl has no recovery: the error goes up to the main ruleset, and so do the lines after it.
    if ((place === "anchor" || place === "ether") && reader.options.strict) {
      reader.recorder?.endStatement();
      throw thrown;
    }
    // A file whose first token begins nothing: yacc has no state yet to recover into, and reads no further.
    if (!reader.started && reader.options.strict) return false;
    const more = reader.recover(place === "main" ? 0 : 1);
    reader.recorder?.endStatement();
    return more;
  }
}

function dispatch(reader: Reader, place: Place): void {
  const kind = reader.peek();
  if (kind === Token.ether && reader.dialect.etherRules && (place === "main" || place === "ether")) {
    parseEther(reader);
    return;
  }
  if (place === "ether") reader.syntaxError();
  switch (kind) {
    case Token.pass:
    case Token.block:
    case Token.match:
      statement(reader, "rule");
      parseRule(reader);
      return;
    case Token.anchor:
      statement(reader, "anchor");
      parseAnchor(reader, readBody);
      return;
    case Token.table:
      if (place === "anchor" && !reader.dialect.tablesInAnchors) reader.syntaxError();
      statement(reader, "table");
      parseTable(reader);
      return;
    case Token.include:
      if (place === "anchor" && !reader.dialect.tablesInAnchors) reader.syntaxError();
      statement(reader, "include");
      parseInclude(reader);
      return;
  }
  if ((kind === Token.state || kind === Token.source) && place === "main" && reader.dialect.limiters) {
    statement(reader, "limiter");
    parseLimiter(reader);
    return;
  }
  if (reader.dialect.oldTranslation && dispatchOld(reader, place, kind)) return;
  if (place !== "main") reader.syntaxError();
  switch (kind) {
    case Token.set:
      statement(reader, "set");
      parseOption(reader);
      return;
    case Token.load:
      statement(reader, "load-anchor");
      parseLoad(reader);
      return;
    case Token.queue:
      statement(reader, "queue");
      if (reader.dialect.newQueues) parseQueue(reader);
      else parseAltqQueue(reader);
      return;
    case Token.altq:
      statement(reader, "altq");
      parseAltq(reader);
      return;
    case Token.antispoof:
      statement(reader, "antispoof");
      parseAntispoof(reader);
      return;
    case Token.string:
      parseMacro(reader);
      return;
    default:
      reader.syntaxError();
  }
}

/** `ether pass …`, `ether anchor …`. */
function parseEther(reader: Reader): void {
  reader.clause("ether");
  reader.take("keyword");
  if (reader.peek() === Token.anchor) {
    statement(reader, "anchor");
    parseEtherAnchor(reader, (inside) => readStatements(inside, "ether"));
  } else {
    statement(reader, "rule");
    parseEtherRule(reader);
  }
}

/** Translation and scrub rules of the 4.6 family and FreeBSD. Returns false when the token begins none. */
function dispatchOld(reader: Reader, place: Place, kind: number): boolean {
  let first = kind;
  const no = first === Token.no;
  if (no) {
    reader.clause("no");
    reader.take("keyword");
    first = reader.peek();
  }
  // In the body of an inline anchor stand filter rules and calls of anchors, on FreeBSD translation rules too.
  const anchorCall = first === Token.natAnchor || first === Token.rdrAnchor || first === Token.binatAnchor;
  if (place === "anchor" && !reader.dialect.translationInAnchors && !anchorCall) {
    return no ? reader.syntaxError() : false;
  }
  switch (first) {
    case Token.nat:
    case Token.rdr:
      statement(reader, first === Token.nat ? "nat" : "rdr");
      if (reader.dialect.family === "freebsd") parseFreebsdNat(reader, no);
      else parseNat(reader, no);
      return true;
    case Token.binat:
      statement(reader, "binat");
      if (reader.dialect.family === "freebsd") parseFreebsdBinat(reader, no);
      else parseBinat(reader, no);
      return true;
    case Token.scrub:
      if (place !== "main") reader.syntaxError();
      statement(reader, "scrub");
      if (reader.dialect.family === "freebsd") parseFreebsdScrub(reader, no);
      else parseScrubRule(reader, no);
      return true;
    case Token.scrubAnchor:
    case Token.natAnchor:
    case Token.rdrAnchor:
    case Token.binatAnchor:
    case Token.dummynetAnchor:
      if (no) reader.syntaxError();
      statement(reader, "anchor");
      parseTranslationAnchor(reader);
      return true;
    case Token.dummynet:
      if (place !== "main") reader.syntaxError();
      statement(reader, "rule");
      skipDummynet(reader);
      return true;
    default:
      return no ? reader.syntaxError() : false;
  }
}

/** `dummynet` rules of macOS: passed over, as nothing here delays or limits packets. */
function skipDummynet(reader: Reader): void {
  reader.clause("dummynet");
  while (reader.peek() !== Token.newline && reader.peek() !== Token.end) reader.take("unknown");
  notSimulated(reader);
}

function statement(reader: Reader, kind: StatementKind): void {
  if (reader.recorder !== null) reader.recorder.kind(kind);
}

/** `pfa_anchorlist`. */
function readBody(reader: Reader): void {
  readStatements(reader, "anchor");
}

/**
 * A file that begins with a brace. parse.y has a rule for it (`'{' fakeanchor '}'`), but what it says stands between
 * the braces can begin with nothing; pfctl reports an error and reads no further.
 */
function refuseBrace(reader: Reader): true {
  try {
    reader.take("punctuation");
    reader.syntaxError();
  } catch (thrown) {
    if (thrown !== STATEMENT_ERROR) throw thrown;
    reader.flushTool();
  }
  return true;
}

/** `include`. */
function parseInclude(reader: Reader): void {
  reader.take("keyword");
  const path = reader.string("file");
  const environment = reader.environment;
  if (environment === null) return;
  let depth = 0;
  for (let file = reader.lexer.file; ; file = file.parent) {
    depth++;
    if (file.source.name === path && file.parent !== null) depth = INCLUDE_DEPTH + 1;
    if (file.parent === null) break;
  }
  const where = reader.dialect.lexer.fakeLastNewline ? "pushfile: " : "";
  if (depth > INCLUDE_DEPTH) {
    reader.toolLine(`pfctl: ${where}${path}: Too many open files`);
    reader.fail(
      `failed to include file ${path}`,
      "pf/include-loop",
      `${path} includes itself, or includes are nested deeper than ${INCLUDE_DEPTH} files.`,
    );
  }
  const text = environment.readFile(path);
  if (text === null) {
    reader.toolLine(`pfctl: ${where}${path}: No such file or directory`);
    reader.fail(`failed to include file ${path}`, "pf/unreadable-file", `The file ${path} cannot be read.`);
  }
  reader.lexer.include(new Source(environment.fileName?.(path) ?? path, text));
}

/** `varset`. */
function parseMacro(reader: Reader): void {
  const name = reader.string("macro-definition");
  const start = reader.takenStart;
  const source = reader.takenSource;
  reader.expect(Char.equals, "operator");
  statement(reader, "macro");
  let value = macroWord(reader);
  let words: string[] | null = null;
  while (reader.peek() === Token.string || reader.peek() === Token.number) {
    words ??= [value];
    words.push(macroWord(reader));
  }
  if (words !== null) value = words.join(" ");
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.options.verbose > 0) reader.events.push({ kind: "macro", name, value });
  if (reader.dialect.checksMacroNames) {
    for (let i = 1; i < name.length; i++) {
      if (isSpace(name.charCodeAt(i))) {
        reader.fail(
          "macro name cannot contain whitespace",
          "pf/invalid-macro-name",
          "The name of a macro has no blanks.",
          { start },
        );
      }
    }
  }
  reader.lexer.define(name, value, false, { source, start, end: reader.takenEnd });
}

function macroWord(reader: Reader): string {
  if (reader.peek() === Token.number) {
    reader.take("macro-value");
    return reader.lexer.numberText;
  }
  return reader.string("macro-value");
}
