/** Words for a token that does not fit: what is wrong, what was meant, and what another dialect would have made of it. */
import type { Fix } from "@pierhead/core";
import { allKeywords } from "./keywords.ts";
import { otherDialect } from "./other-dialects.ts";
import type { Explanation, Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** Longest piece of the file that a message quotes. */
const QUOTE_MAXIMUM = 60;

/** Explains the token that was read ahead. */
export function explain(reader: Reader, kind: number): Explanation {
  const { lexer } = reader;
  const text = lexer.source.text.slice(lexer.start, lexer.end);
  const foreign = otherDialect(reader, kind, text);
  if (foreign !== null) return foreign;
  if (kind === Token.end) {
    return reader.dialect.lexer.fakeLastNewline
      ? plain("The file ends in the middle of a statement.")
      : plain("The last line of the file has no line end, which this pfctl does not take.");
  }
  if (kind === Token.newline) return plain(`The line ends too early: ${expected(reader)}.`);
  if (kind === Char.carriageReturn) return plain("A carriage return: pfctl takes line ends of Unix only.");
  const code = text.codePointAt(0) ?? 0;
  if (code > 126 || (code < 32 && code !== Char.tab)) return notAscii(reader, text, code);
  if (kind === Token.string && lexer.macro === null && !lexer.quoted) {
    const meant = closest(reader, text);
    if (meant !== null) {
      return {
        code: "pf/syntax-error",
        message: `\`${quote(text)}\` does not fit here. Did you mean \`${meant}\`?`,
        fix: replace(reader, `write \`${meant}\``, lexer.start, lexer.end, meant),
      };
    }
  }
  const first = firstWordMeant(reader);
  if (first !== null) return first;
  const from = lexer.macro === null ? "" : `, which comes out of the macro \`${lexer.macro.name}\`,`;
  return plain(`\`${quote(text)}\`${from} does not fit here: ${expected(reader)}.`);
}

/** A statement that seems to be an assignment because its first word is misspelt. */
function firstWordMeant(reader: Reader): Explanation | null {
  const { text } = reader.lexer.source;
  const start = reader.statementStart;
  if (reader.clauseName !== "" || reader.takenStart !== start || reader.lexer.macro !== null) return null;
  const word = text.slice(start, reader.takenEnd);
  const meant = /^[a-z-]+$/i.test(word) ? closest(reader, word) : null;
  if (meant === null || meant === word) return null;
  return {
    code: "pf/syntax-error",
    message: `\`${quote(word)}\` begins no statement. Did you mean \`${meant}\`?`,
    fix: replace(reader, `write \`${meant}\``, start, reader.takenEnd, meant),
    start,
    end: reader.takenEnd,
  };
}

function plain(message: string): Explanation {
  return { code: "pf/syntax-error", message, fix: null };
}

function quote(text: string): string {
  return text.length > QUOTE_MAXIMUM ? `${text.slice(0, QUOTE_MAXIMUM)}…` : text;
}

export function replace(reader: Reader, title: string, start: number, end: number, text: string): Fix {
  return { title, edits: [{ source: reader.lexer.source, span: { start, end }, text }] };
}

/** What may stand after the part of the statement that was read last. */
function expected(reader: Reader): string {
  if (reader.openBraces > 0) return "a list goes on with another item, or ends with `}`";
  switch (reader.clauseName) {
    case "":
      return "a statement begins with pass, block, match, anchor, table, set or another keyword, or with `name =`";
    case "on":
      return "`on` is followed by an interface or a list of interfaces, and then by what the packets are";
    case "from":
    case "to":
      return "after `from` and `to` stands an address, a name, a table `<name>`, `any` or a list, and then perhaps `port`";
    case "proto":
      return "after `proto` stands a protocol or a list of protocols";
    case "action":
    case "direction":
    case "log":
    case "quick":
    case "family":
      return "here follow on, inet or inet6, proto, from, to, or options of the rule";
    default:
      return `something is wrong after \`${reader.clauseName}\``;
  }
}

const STRAIGHT: Record<string, string> = {
  "“": '"',
  "”": '"',
  "„": '"',
  "‘": "'",
  "’": "'",
  "–": "-",
  "—": "-",
  "\u00a0": " ",
};

function notAscii(reader: Reader, text: string, code: number): Explanation {
  const { lexer } = reader;
  const character = String.fromCodePoint(code);
  const straight = STRAIGHT[character];
  const name =
    code < 33 || code === 127 || code === 0xa0 ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}` : quote(text);
  return {
    code: "pf/not-ascii",
    message:
      straight === undefined
        ? `The character ${name} can only stand in quotes or in a comment.`
        : `The character ${name} is not the one on the keyboard: write \`${straight}\`.`,
    fix:
      straight === undefined
        ? null
        : replace(reader, `write \`${straight}\``, lexer.start, lexer.start + character.length, straight),
  };
}

/** The keyword of the dialect that a word is one slip away from; null when there is none or more than one. */
function closest(reader: Reader, word: string): string | null {
  if (word.length < 3 || word.length > 24) return null;
  let found: string | null = null;
  for (const keyword of allKeywords().keys()) {
    if (!reader.dialect.keywords.has(keyword) || !isOneSlip(word.toLowerCase(), keyword)) continue;
    if (found !== null) return null;
    found = keyword;
  }
  return found;
}

/** One letter missing, too many, wrong or swapped with its neighbour; or only the case is wrong. */
function isOneSlip(word: string, keyword: string): boolean {
  if (word === keyword) return true;
  if (Math.abs(word.length - keyword.length) > 1) return false;
  let start = 0;
  while (start < word.length && word[start] === keyword[start]) start++;
  let wordEnd = word.length;
  let keywordEnd = keyword.length;
  while (wordEnd > start && keywordEnd > start && word[wordEnd - 1] === keyword[keywordEnd - 1]) {
    wordEnd--;
    keywordEnd--;
  }
  const left = wordEnd - start;
  const right = keywordEnd - start;
  if (left <= 1 && right <= 1) return true;
  return left === 2 && right === 2 && word[start] === keyword[start + 1] && word[start + 1] === keyword[start];
}
