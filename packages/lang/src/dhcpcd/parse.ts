/**
 * dhcpcd.conf(5), line by line as common.c get_line and if-options.c read_config take it apart: blanks in front are
 * nothing, `#` ends a line unless it is quoted or escaped, `;` makes a comment in front only.
 */
import type { Source, Span } from "@pierhead/core";
import { skipBlanks, type TextLine, textLines } from "../text/index.ts";
import { BLOCKS } from "./options.ts";
import type { DhcpcdBlock, DhcpcdFile, DhcpcdLine, DhcpcdStatement } from "./tree.ts";

export function parseDhcpcd(source: Source): DhcpcdFile {
  const { text } = source;
  const lines: DhcpcdLine[] = [];
  let block: DhcpcdBlock | null = null;
  for (const line of textLines(text)) {
    const read = readLine(text, line, block);
    if (read.block !== null) block = read.block;
    lines.push({ span: { start: line.start, end: line.next }, ...read });
  }
  return { source, head: { start: 0, end: lines[0]?.span.start ?? text.length }, lines };
}

function readLine(
  text: string,
  line: TextLine,
  inside: DhcpcdBlock | null,
): { readonly statement: DhcpcdStatement | null; readonly block: DhcpcdBlock | null } {
  const start = skipBlanks(text, line.start, line.end);
  const end = contentEnd(text, start, line.end);
  if (start >= end || text[start] === ";") return { statement: null, block: null };
  let nameEnd = start;
  while (nameEnd < end && text[nameEnd] !== " " && text[nameEnd] !== "\t") nameEnd++;
  const name = text.slice(start, nameEnd);
  const at = skipBlanks(text, nameEnd, end);
  const argument = at < end ? text.slice(at, end) : null;
  if (BLOCKS.includes(name)) {
    const kind = name as DhcpcdBlock["kind"];
    return { statement: null, block: { kind, name: argument, span: { start, end } } };
  }
  const argumentSpan: Span = argument === null ? { start: nameEnd, end: nameEnd } : { start: at, end };
  const nameSpan = { start, end: nameEnd };
  return { statement: { name, nameSpan, argument, argumentSpan, block: inside }, block: null };
}

/** Where the comment begins, and blanks before it; a blank behind a backslash stays. */
function contentEnd(text: string, start: number, lineEnd: number): number {
  let end = lineEnd;
  let quoted = false;
  for (let i = start; i < lineEnd; i++) {
    const character = text[i];
    if (character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (character === "#" && !quoted) {
      end = i;
      break;
    }
  }
  while (end > start && (text[end - 1] === " " || text[end - 1] === "\t") && text[end - 2] !== "\\") end--;
  return end;
}

export function statementsOf(file: DhcpcdFile): DhcpcdStatement[] {
  return file.lines.flatMap((line) => (line.statement === null ? [] : [line.statement]));
}

/** The file again. */
export function printDhcpcd(file: DhcpcdFile): string {
  const { text } = file.source;
  const parts = [text.slice(file.head.start, file.head.end)];
  for (const { span } of file.lines) parts.push(text.slice(span.start, span.end));
  return parts.join("");
}
