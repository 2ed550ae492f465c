import type { Span } from "@pierhead/core";

/** One word of a line with the place it was written at. */
export interface Word {
  /** The word as the program sees it: quotes and escapes gone. */
  readonly text: string;
  readonly span: Span;
}

/** One line of a text: its content is `[start, end)`, its line end `[end, next)`. */
export interface TextLine {
  readonly start: number;
  /** Before `\n` or `\r\n`. */
  readonly end: number;
  /** Start of the next line; the length of the text for the last one. */
  readonly next: number;
}

const BYTE_ORDER_MARK = 0xfeff;

/**
 * Cuts a text into lines. A byte order mark belongs to no line; the part after the last line end is a line of its
 * own only when it is not empty.
 */
export function textLines(text: string): TextLine[] {
  const lines: TextLine[] = [];
  let start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    if (end > start && text.charCodeAt(end - 1) === 13) end--;
    lines.push({ start, end, next });
    start = next;
  }
  return lines;
}

/** Whether the character is a blank as the shells and the BSD tools mean it: space or tab. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Words of `text[start, end)` separated by spaces and tabs; quotes mean nothing. */
export function blankSeparated(text: string, start: number, end: number): Word[] {
  const words: Word[] = [];
  let i = start;
  while (i < end) {
    while (i < end && isBlank(text.charCodeAt(i))) i++;
    if (i >= end) break;
    const from = i;
    while (i < end && !isBlank(text.charCodeAt(i))) i++;
    words.push({ text: text.slice(from, i), span: { start: from, end: i } });
  }
  return words;
}

/** First offset in `[start, end)` that is not a blank; `end` when there is none. */
export function skipBlanks(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && isBlank(text.charCodeAt(i))) i++;
  return i;
}
