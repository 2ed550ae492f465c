import type { Span } from "@pierhead/core";
import type { Piece } from "./tree.ts";

/**
 * Cuts a text into what was read as tokens and what lies between them. Tokens that share a macro use, or that were
 * glued to one, are one piece.
 */
export function splitPieces(text: string, spans: readonly Span[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const span of spans) {
    if (span.end <= at) continue;
    if (span.start > at) between(text, at, span.start, pieces);
    const last = pieces[pieces.length - 1];
    const newline = text.charCodeAt(span.start) === 10 && span.end === span.start + 1;
    if (span.start < at && last !== undefined) {
      pieces[pieces.length - 1] = { kind: "text", span: { start: last.span.start, end: span.end } };
    } else pieces.push({ kind: newline ? "newline" : "text", span: { start: span.start, end: span.end } });
    at = span.end;
  }
  if (at < text.length) between(text, at, text.length, pieces);
  return pieces;
}

/** White space, comments and joined lines. */
function between(text: string, start: number, end: number, pieces: Piece[]): void {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    let next = at + 1;
    let kind: Piece["kind"] = "text";
    if (code === 32 || code === 9 || code === 13) {
      kind = "space";
      while (next < end && /[ \t\r]/.test(text[next] as string)) next++;
    } else if (code === 35) {
      // A comment goes on after a backslash at the end of its line.
      kind = "comment";
      while (next < end && !(text[next] === "\n" && text[next - 1] !== "\\")) next++;
    } else if (code === 92 && text[at + 1] === "\n" && at + 1 < end) {
      kind = "continuation";
      next = at + 2;
    } else if (code === 10) kind = "newline";
    else while (next < end && !/[\s#\\]/.test(text[next] as string)) next++;
    pieces.push({ kind, span: { start: at, end: next } });
    at = next;
  }
}
