/** Words for a token that does not fit: what is wrong, what was meant, and what another dialect would have made of it. */
import type { Fix } from "@pierhead/core";
import type { Macro } from "./lexer.ts";
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
  if (kind === Token.end) return atEnd(reader);
  if (kind === Token.newline) return firstWordMeant(reader) ?? plain(`The line ends too early: ${expected(reader)}.`);
  const option = optionMeant(reader, text);
  if (option !== null) return option;
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
  if (kind === Token.port && isRuleWithoutAddress(reader)) {
    return {
      code: "pf/syntax-error",
      message: "A port belongs to an address: `port` stands after `from …` or `to …`.",
      fix: replace(reader, "write `to port`", lexer.start, lexer.end, "to port"),
    };
  }
  if (lexer.macro?.value.includes("$")) return nestedMacro(lexer.macro);
  const from = lexer.macro === null ? "" : `, which comes out of the macro \`${lexer.macro.name}\`,`;
  return plain(`\`${quote(text)}\`${from} does not fit here: ${expected(reader)}.`);
}

function atEnd(reader: Reader): Explanation {
  const brace = reader.unclosedBrace;
  if (brace >= 0 && reader.lexer.source.text[brace] === "{") {
    return { ...plain("The brace that opens here is never closed: a `}` is missing."), start: brace, end: brace + 1 };
  }
  return reader.dialect.lexer.fakeLastNewline
    ? plain("The file ends in the middle of a statement.")
    : plain("The last line of the file has no line end, which this pfctl does not take.");
}

/** `on em0 port 80`: neither `from` nor `to` was said. */
function isRuleWithoutAddress(reader: Reader): boolean {
  return ["action", "direction", "log", "quick", "on", "family", "proto"].includes(reader.clauseName);
}

// The value of a macro is text that replaces `$name`, and in that text pfctl sees no macros.
function nestedMacro({ name, value }: Macro): Explanation {
  const inner = /\$(\w*)/.exec(value)?.[1] ?? "";
  return plain(
    `The value of \`${name}\` contains \`$${inner}\` inside its quotes, where macros are not replaced: end the quotes before it, as in \`${name} = "{" $${inner} "}"\`.`,
  );
}

const SET_OPTIONS: Record<string, string> = {
  reassemble: "yes or no, and perhaps no-df",
  optimization: "default, normal, high-latency, satellite, aggressive or conservative",
  "ruleset-optimization": "none, basic or profile",
  timeout: "the name of a timeout and seconds, or a list of these in braces",
  limit: "",
  loginterface: "an interface or none",
  hostid: "a number",
  "block-policy": "drop or return",
  "fail-policy": "drop or return",
  "require-order": "yes or no",
  fingerprints: "the name of a file",
  "state-policy": "if-bound or floating",
  "state-defaults": "options of states, such as no-sync or pflow",
  debug: "a level",
  skip: "on and an interface or a list of interfaces",
  syncookies: "never, always or adaptive",
  keepcounters: "nothing",
};

/** In a `set` statement: which option there is instead, or what the option takes. */
function optionMeant(reader: Reader, text: string): Explanation | null {
  const { lexer, dialect } = reader;
  const before = lexer.source.text.slice(reader.statementStart, Math.min(lexer.start, reader.statementStart + 200));
  if (!/^set[ \t]/.test(before) || lexer.source !== reader.takenSource) return null;
  const names = Object.keys(SET_OPTIONS).filter((it) => dialect.keywords.has(it));
  const words = before.trim().split(/[\s{,]+/);
  const option = words[1] ?? "";
  if (words.length > 1 && !names.includes(option)) return null;
  if (option === "timeout" && !/^[a-z]/i.test(text)) return null;
  const candidates = words.length === 1 ? names : option === "limit" ? dialect.limits : [];
  const meant = nearest(text, candidates);
  if (meant !== null) {
    return {
      ...plain(`\`${quote(text)}\` is no ${option === "limit" ? "limit" : "option"}. Did you mean \`${meant}\`?`),
      fix: replace(reader, `write \`${meant}\``, lexer.start, lexer.end, meant),
    };
  }
  if (words.length === 1) return plain(`\`${quote(text)}\` is no option. The options are ${names.join(", ")}.`);
  const takes = option === "limit" ? `a limit (${dialect.limits.join(", ")}) and a number` : SET_OPTIONS[option];
  return plain(`\`${quote(text)}\` does not fit here: \`set ${option}\` takes ${takes}.`);
}

/** Words that begin statements. */
const STATEMENTS: readonly string[] = [
  ..."pass block match anchor table set queue antispoof include load altq nat rdr binat scrub ether no".split(" "),
  ..."nat-anchor rdr-anchor binat-anchor".split(" "),
];

/** A statement that seems to be an assignment because its first word is misspelt. */
function firstWordMeant(reader: Reader): Explanation | null {
  const { text } = reader.lexer.source;
  const start = reader.statementStart;
  if (reader.clauseName !== "" || reader.takenStart !== start || reader.lexer.macro !== null) return null;
  const word = text.slice(start, reader.takenEnd);
  if (!/^[a-z-]+$/i.test(word)) return null;
  const { keywords } = reader.dialect;
  const meant = nearest(
    word,
    STATEMENTS.filter((it) => keywords.has(it)),
  );
  if (meant === null) {
    return {
      ...plain(`\`${quote(word)}\` begins no statement: ${expected(reader)}.`),
      start,
      end: reader.takenEnd,
    };
  }
  if (meant === word) return null;
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
  return nearest(word, reader.dialect.keywords.keys());
}

function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length < 3 || word.length > 24) return null;
  let found: string | null = null;
  for (const candidate of candidates) {
    if (!isOneSlip(word.toLowerCase(), candidate)) continue;
    if (found !== null) return null;
    found = candidate;
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
