import type { Span } from "@pierhead/core";
import { blankSeparated, isBlank, type TextLine, type Word } from "./lines.ts";

/** A line as the shell's `read` (without `-r`) hands it over: continued lines joined, backslashes gone. */
export interface ReadLine {
  readonly text: string;
  /** Offset in the file of each character of `text`; null when they follow each other from `span.start`. */
  readonly offsets: readonly number[] | null;
  /** Without the last line end. */
  readonly span: Span;
  /** Index after the last line taken. */
  readonly next: number;
}

/** Reads the line at `index`, with those a backslash before the line end joins to it. */
export function readLine(text: string, lines: readonly TextLine[], index: number): ReadLine {
  const first = lines[index] as TextLine;
  const slash = text.indexOf("\\", first.start);
  if (slash === -1 || slash >= first.end) {
    return {
      text: text.slice(first.start, first.end),
      offsets: null,
      span: { start: first.start, end: first.end },
      next: index + 1,
    };
  }
  const characters: string[] = [];
  const offsets: number[] = [];
  let at = index;
  let line = first;
  for (let i = first.start; ; i++) {
    if (i >= line.end) break;
    if (text.charCodeAt(i) !== 92) {
      characters.push(text[i] as string);
      offsets.push(i);
    } else if (i + 1 < line.end) {
      i++;
      characters.push(text[i] as string);
      offsets.push(i);
    } else {
      const following = lines[at + 1];
      if (following === undefined) break;
      line = following;
      at++;
      i = line.start - 1;
    }
  }
  return { text: characters.join(""), offsets, span: { start: first.start, end: line.end }, next: at + 1 };
}

/** Words of a line between blanks, each with its place in the file. */
export function readFields(line: ReadLine): Word[] {
  const words = blankSeparated(line.text, 0, line.text.length);
  const { offsets } = line;
  return words.map((word) => ({
    text: word.text,
    span:
      offsets === null
        ? { start: word.span.start + line.span.start, end: word.span.end + line.span.start }
        : { start: offsets[word.span.start] as number, end: (offsets[word.span.end - 1] as number) + 1 },
  }));
}

/** What `eval` makes of words joined by single blanks. */
export interface Unquoted {
  readonly words: readonly Word[];
  /** A `'`, `"` or backquote that is never closed, at this word; null when all are closed. */
  readonly open: Word | null;
  /** The line holds `;`, `|`, `&`, `$`, redirections or the like: only a shell can tell what it does. */
  readonly needsShell: boolean;
}

/** Takes quotes off and ends at a comment, the way the shell reads the fields joined by blanks. */
export function unquoteFields(fields: readonly Word[]): Unquoted {
  const words: Word[] = [];
  let needsShell = false;
  let open: Word | null = null;
  for (let i = 0; i < fields.length; i++) {
    const first = fields[i] as Word;
    if (first.text.startsWith("#")) break;
    const parts: string[] = [];
    let quote = 0;
    let end = first.span.end;
    let field = first;
    for (let j = 0; ; j++) {
      if (j === field.text.length) {
        if (quote === 0) break;
        const following = fields[i + 1];
        if (following === undefined) {
          open = first;
          break;
        }
        i++;
        field = following;
        end = field.span.end;
        parts.push(" ");
        j = -1;
        continue;
      }
      const code = field.text.charCodeAt(j);
      if (quote !== 0) {
        if (code === quote) quote = 0;
        else if (quote === 34 && (code === 36 || code === 96)) {
          needsShell = true;
          parts.push(field.text[j] as string);
        } else if (quote === 34 && code === 92 && j + 1 < field.text.length) parts.push(field.text[++j] as string);
        else parts.push(field.text[j] as string);
      } else if (code === 34 || code === 39) quote = code;
      else if (code === 92 && j + 1 < field.text.length) parts.push(field.text[++j] as string);
      else {
        if (isShellCharacter(code)) needsShell = true;
        parts.push(field.text[j] as string);
      }
    }
    words.push({ text: parts.join(""), span: { start: first.span.start, end } });
  }
  return { words, open, needsShell };
}

/** `$`, backquote, `;`, `|`, `&`, `<`, `>`, `(`, `)`. */
function isShellCharacter(code: number): boolean {
  return (
    code === 36 ||
    code === 96 ||
    code === 59 ||
    code === 124 ||
    code === 38 ||
    code === 60 ||
    code === 62 ||
    code === 40 ||
    code === 41
  );
}

/** Whether a line has nothing but blanks. */
export function isBlankLine(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isBlank(text.charCodeAt(i))) return false;
  return true;
}
