/**
 * The syntax of systemd's configuration files (systemd.syntax(7), config_parse() in conf-parser.c): sections in
 * brackets, `Key=Value`, comments on lines of their own, and values that a backslash carries over a line end.
 */
import type { Source, Span } from "@pierhead/core";
import { textLines } from "../text/index.ts";

/** One logical line: a value that goes on over several lines is one. */
export interface IniLine {
  readonly kind: "blank" | "comment" | "section" | "assignment" | "wrong";
  /** With its line end. */
  readonly span: Span;
}

/** `Key=Value`. */
export interface Assignment {
  readonly key: string;
  /** Without the blanks around it; joined lines are joined by a blank. */
  readonly value: string;
  readonly keySpan: Span;
  /** Of the value as it is written; empty behind the `=` for no value. */
  readonly valueSpan: Span;
}

/** One `[Name]` with what stands below it. */
export interface Section {
  readonly name: string;
  /** The header. */
  readonly span: Span;
  readonly assignments: readonly Assignment[];
}

/** Why a line is not taken, and what systemd does about it. */
export interface IniProblem {
  readonly kind: "bad-header" | "outside-section" | "no-equals" | "no-key";
  readonly span: Span;
}

export interface IniFile {
  readonly source: Source;
  readonly lines: readonly IniLine[];
  readonly sections: readonly Section[];
  readonly problems: readonly IniProblem[];
  /** A broken section header ends the reading: systemd takes nothing from the file. */
  readonly refused: boolean;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Reads a file; never throws, whatever the text. */
export function parseIni(source: Source): IniFile {
  const { text } = source;
  const lines: IniLine[] = [];
  const sections: { name: string; span: Span; assignments: Assignment[] }[] = [];
  const problems: IniProblem[] = [];
  let refused = false;
  const textual = textLines(text);
  for (let i = 0; i < textual.length; i++) {
    const first = textual[i] as (typeof textual)[number];
    const start = blanksEnd(text, first.start, first.end);
    if (start === first.end || isComment(text.charCodeAt(start))) {
      lines.push({ kind: start === first.end ? "blank" : "comment", span: { start: first.start, end: first.next } });
      continue;
    }
    // A backslash at the end joins the next line; comments and empty lines between them are passed over.
    const pieces: Piece[] = [];
    let last = first;
    for (let at = first; ; ) {
      const goesOn = endsEscaped(text, at.start, at.end);
      pieces.push({ start: at.start, end: goesOn ? at.end - 1 : at.end });
      last = at;
      if (!goesOn) break;
      let next = textual[i + 1];
      while (next !== undefined && isPassedOver(text, next.start, next.end)) {
        i++;
        last = next;
        next = textual[i + 1];
      }
      if (next === undefined) break;
      i++;
      at = next;
    }
    const span = { start: first.start, end: last.next };
    const line = readPieces(text, pieces);
    const wrong = (kind: IniProblem["kind"]): void => {
      lines.push({ kind: "wrong", span });
      problems.push({ kind, span: line.span });
      if (kind === "bad-header") refused = true;
    };
    if (line.text.startsWith("[")) {
      if (!line.text.endsWith("]") || line.text.length < 3) {
        wrong("bad-header");
        continue;
      }
      lines.push({ kind: "section", span });
      sections.push({ name: line.text.slice(1, -1), span: line.span, assignments: [] });
      continue;
    }
    const section = sections[sections.length - 1];
    if (section === undefined) {
      wrong("outside-section");
      continue;
    }
    const equals = line.text.indexOf("=");
    if (equals <= 0) {
      wrong(equals === 0 ? "no-key" : "no-equals");
      continue;
    }
    lines.push({ kind: "assignment", span });
    const key = line.text.slice(0, equals).trimEnd();
    const value = line.text.slice(equals + 1).trim();
    const written = text.indexOf("=", line.span.start);
    const valueStart = blanksEnd(text, written + 1, line.span.end);
    section.assignments.push({
      key,
      value,
      keySpan: { start: line.span.start, end: line.span.start + key.length },
      valueSpan: { start: valueStart, end: line.span.end },
    });
  }
  return { source, lines, sections, problems, refused };
}

/** The text again, byte for byte. */
export function printIni(file: IniFile): string {
  const { text } = file.source;
  return (
    text.slice(0, file.lines[0]?.span.start ?? text.length) +
    file.lines.map((line) => text.slice(line.span.start, line.span.end)).join("")
  );
}

function readPieces(text: string, pieces: readonly Piece[]): { text: string; span: Span } {
  const joined = pieces.map((piece) => text.slice(piece.start, piece.end)).join(" ");
  const from = pieces[0] as Piece;
  const to = pieces[pieces.length - 1] as Piece;
  let end = to.end;
  while (end > from.start && isSpace(text.charCodeAt(end - 1))) end--;
  return { text: joined.trim(), span: { start: blanksEnd(text, from.start, from.end), end } };
}

/** Whether the line ends in a backslash that no other one takes its meaning from. */
function endsEscaped(text: string, start: number, end: number): boolean {
  let backslashes = 0;
  while (end - backslashes > start && text.charCodeAt(end - backslashes - 1) === 92) backslashes++;
  return backslashes % 2 === 1;
}

function isPassedOver(text: string, start: number, end: number): boolean {
  const first = blanksEnd(text, start, end);
  return first === end || isComment(text.charCodeAt(first));
}

function isComment(code: number): boolean {
  return code === 35 || code === 59;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

function blanksEnd(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && isSpace(text.charCodeAt(i))) i++;
  return i;
}
