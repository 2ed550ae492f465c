/** Lines of mpd.conf and mpd.secret as mpd's util.c reads them: `ReadLine`, `ReadFullLine`, `ParseLine`. */
import type { Span } from "@pierhead/core";

/** A word with quotes and escapes taken off, and where it stands with them. */
export interface MpdWord {
  readonly text: string;
  readonly span: Span;
  /** It begins with a quote that is not closed before the line ends. */
  readonly open: boolean;
}

/** A line with those that a backslash before the line end joins to it. */
export interface MpdLine {
  readonly span: Span;
  /** Begins with white space: a command. What begins at the first column is a label. */
  readonly indented: boolean;
  readonly words: readonly MpdWord[];
}

/** One stretch of the file that belongs to a joined line. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Lines that are neither empty nor a comment. A comment may stand between joined lines. */
export function readMpdLines(text: string): MpdLine[] {
  const lines: MpdLine[] = [];
  let pieces: Piece[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const newline = text.indexOf("\n", at);
    const stop = newline === -1 ? text.length : newline;
    let end = stop;
    while (end > at && isSpace(text.charCodeAt(end - 1))) end--;
    let first = at;
    while (first < end && isSpace(text.charCodeAt(first))) first++;
    if (first < end && text.charCodeAt(first) !== HASH) {
      const continues = text.charCodeAt(end - 1) === BACKSLASH;
      pieces.push({ start: at, end: continues ? end - 1 : end });
      if (!continues) {
        lines.push(join(text, pieces));
        pieces = [];
      }
    }
    at = stop + 1;
  }
  if (pieces.length > 0) lines.push(join(text, pieces));
  return lines;
}

const HASH = 35;
const QUOTE = 34;
const BACKSLASH = 92;

/** isspace(3). */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function join(text: string, pieces: readonly Piece[]): MpdLine {
  const first = pieces[0] as Piece;
  const last = pieces[pieces.length - 1] as Piece;
  let start = first.start;
  while (start < first.end && isSpace(text.charCodeAt(start))) start++;
  const words: MpdWord[] = [];
  // A backslash at the end of a line becomes a blank, so that no word goes over it; a quoted one does.
  let open: { readonly parts: string[]; readonly start: number; end: number } | null = null;
  for (const piece of pieces) {
    let at = piece.start;
    if (open !== null) {
      const rest = quoted(text, at, piece.end);
      open.parts.push(" ", rest.text);
      open.end = rest.end;
      at = rest.end;
      if (!rest.closed) continue;
      words.push({ text: open.parts.join(""), span: { start: open.start, end: open.end }, open: false });
      open = null;
    }
    while (at < piece.end) {
      if (isSpace(text.charCodeAt(at))) {
        at++;
        continue;
      }
      const from = at;
      if (text.charCodeAt(at) === QUOTE) {
        const found = quoted(text, at + 1, piece.end);
        at = found.end;
        if (found.closed) words.push({ text: found.text, span: { start: from, end: at }, open: false });
        else open = { parts: [found.text], start: from, end: at };
      } else {
        while (at < piece.end && !isSpace(text.charCodeAt(at))) at++;
        words.push({ text: withoutEscapes(text.slice(from, at)), span: { start: from, end: at }, open: false });
      }
    }
  }
  if (open !== null) words.push({ text: open.parts.join(""), span: { start: open.start, end: open.end }, open: true });
  return { span: { start, end: last.end }, indented: isSpace(text.charCodeAt(first.start)), words };
}

/** What stands up to the closing quote, escapes taken off. */
function quoted(
  text: string,
  from: number,
  end: number,
): { readonly text: string; readonly end: number; readonly closed: boolean } {
  let at = from;
  while (at < end && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  const closed = at < end;
  const stop = Math.min(at, end);
  return { text: withoutEscapes(text.slice(from, stop)), end: closed ? at + 1 : stop, closed };
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", s: " " };

/** `Escape()`: the C ones, `\s` for a blank, up to three octal and two hexadecimal digits; else the character itself. */
function withoutEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]))/g, (_, octal, hex, one) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ESCAPES[one as string] ?? (one as string);
  });
}
