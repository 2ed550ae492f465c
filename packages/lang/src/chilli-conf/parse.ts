/**
 * chilli.conf(5), read as the parser does that gengetopt makes of coova-chilli's options: a name, blanks or `=`, one
 * value, a comment. Of an option that is given twice the first line counts.
 */
import { type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import { checkEncoding, nearest, type TextLine, textLines } from "../text/index.ts";
import { CHILLI_OPTIONS, type ChilliOption, findOption } from "./options.ts";

/** Characters of a line that chilli reads as one; the rest is the next line to it. */
const LONGEST_LINE = 2046;

export interface ChilliEntry {
  readonly option: ChilliOption;
  /** The file it stands in. */
  readonly source: Source;
  /** Null for an option without one. */
  readonly value: string | null;
  readonly nameSpan: Span;
  /** The value without quotes; the name's when there is none. */
  readonly valueSpan: Span;
}

export interface ChilliInclude {
  readonly path: string;
  readonly span: Span;
}

export interface ChilliConf {
  readonly source: Source;
  /** Every line, with its end. */
  readonly lines: readonly Span[];
  /** Of one option that takes one value only the first. */
  readonly entries: readonly ChilliEntry[];
  readonly includes: readonly ChilliInclude[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads one file; includes are not followed, since that takes a file system. */
export function parseChilliConf(source: Source): ChilliConf {
  // A carriage return is a blank to chilli.
  const diagnostics: Diagnostic[] = checkEncoding(source).filter(({ code }) => code !== "encoding/carriage-return");
  const say: Say = (code, severity, message, span) =>
    diagnostics.push(diagnostic(code, severity, message, source, span));
  const lines: Span[] = [];
  const entries: ChilliEntry[] = [];
  const includes: ChilliInclude[] = [];
  const given = new Map<string, ChilliEntry>();
  for (const line of textLines(source.text)) {
    lines.push({ start: line.start, end: line.next });
    const words = readWords(source.text, line, say);
    if (words === null) continue;
    if (source.text.slice(words.name.start, words.name.end) === "include") {
      if (words.value === null)
        say("chilli-conf/include", "warning", "`include` wants the name of a file.", words.name);
      else includes.push({ path: source.text.slice(words.value.start, words.value.end), span: words.value });
      continue;
    }
    const entry = readEntry(source, words, say);
    if (entry === null) continue;
    const before = given.get(entry.option.name);
    if (before !== undefined && !entry.option.multiple) {
      diagnostics.push(
        diagnostic(
          "chilli-conf/given-twice",
          "warning",
          `${entry.option.name} is given twice; chilli takes the first line and leaves this one. Remove one.`,
          source,
          entry.nameSpan,
          { related: [{ source, span: before.nameSpan, message: "the first line" }] },
        ),
      );
      continue;
    }
    given.set(entry.option.name, entry);
    entries.push(entry);
  }
  return { source, lines, entries, includes, diagnostics };
}

/** The text again, byte for byte. */
export function printChilliConf(conf: ChilliConf): string {
  const { text } = conf.source;
  const body = conf.lines.map(({ start, end }) => text.slice(start, end)).join("");
  return text.slice(0, conf.lines[0]?.start ?? text.length) + body;
}

type Say = (code: string, severity: Severity, message: string, span: Span) => void;

interface Words {
  readonly name: Span;
  readonly value: Span | null;
  readonly equals: boolean;
}

/** Name and value of a line; null when it has none, or is wrong. */
function readWords(text: string, line: TextLine, say: Say): Words | null {
  const { end } = line;
  if (end - line.start > LONGEST_LINE) {
    const cut = line.start + LONGEST_LINE;
    say("chilli-conf/line-too-long", "error", `chilli reads ${LONGEST_LINE} characters of a line; use several lines.`, {
      start: cut,
      end,
    });
    return null;
  }
  let at = skip(text, line.start, end);
  if (at === end || text[at] === "#") return null;
  const name = { start: at, end: until(text, at, end, " \t\r=") };
  if (name.start === name.end) {
    say("chilli-conf/no-name", "error", "An option's name is expected before `=`.", { start: at, end });
    return null;
  }
  at = skip(text, name.end, end);
  const equals = text[at] === "=";
  if (equals) at = skip(text, at + 1, end);
  if (at === end) return { name, value: null, equals };
  const quote = text[at];
  let value: Span;
  if (quote === '"' || quote === "'") {
    const close = text.indexOf(quote, at + 1);
    if (close === -1 || close >= end) {
      say("chilli-conf/quote", "error", `This ${quote} is not closed on its line; close it.`, { start: at, end });
      return null;
    }
    value = { start: at + 1, end: close };
    at = close + 1;
  } else {
    value = { start: at, end: until(text, at, end, " \t\r#'\"") };
    at = value.end;
  }
  const rest = skip(text, at, end);
  if (rest < end && text[rest] !== "#") {
    const message = "One value is expected; put it in quotes when it has blanks or quotes, and a comment behind `#`.";
    say("chilli-conf/behind-value", "error", message, { start: rest, end });
    return null;
  }
  return { name, value: value.start === value.end ? null : value, equals };
}

function readEntry(source: Source, { name, value, equals }: Words, say: Say): ChilliEntry | null {
  const { text } = source;
  const word = text.slice(name.start, name.end);
  const option = findOption(word);
  if (option === null) {
    const meant = nearest(word, CHILLI_OPTIONS.keys());
    say(
      "chilli-conf/unknown-option",
      "error",
      `chilli has no option ${word}${meant === null ? "" : `; ${meant}?`}`,
      name,
    );
    return null;
  }
  if ("ambiguous" in option) {
    say("chilli-conf/ambiguous", "error", `This can be ${option.ambiguous.join(", ")}; write the name out.`, name);
    return null;
  }
  if (option.name !== word && word.length > 1) {
    say("chilli-conf/abbreviated", "note", `chilli takes this for ${option.name}; write it out.`, name);
  }
  if (option.argument === "none") {
    if (value === null && !equals) return { option, source, value: null, nameSpan: name, valueSpan: name };
    const message = `${option.name} is switched on by its name alone; remove the value, or the line to leave it off.`;
    say("chilli-conf/value-for-switch", "error", message, value ?? name);
    return null;
  }
  if (value === null && !equals) {
    const message = `${option.name} wants a value; without one chilli takes the next line for it.`;
    say("chilli-conf/no-value", "error", message, name);
    return null;
  }
  const written = value === null ? "" : text.slice(value.start, value.end);
  if (option.argument === "number" && !/^[ \t]*[-+]?(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)?$/.test(written)) {
    say("chilli-conf/number", "error", `${option.name} wants a number.`, value ?? name);
    return null;
  }
  return { option, source, value: written, nameSpan: name, valueSpan: value ?? name };
}

function skip(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && (text[at] === " " || text[at] === "\t" || text[at] === "\r")) at++;
  return at;
}

function until(text: string, from: number, end: number, stops: string): number {
  let at = from;
  while (at < end && !stops.includes(text[at] as string)) at++;
  return at;
}
