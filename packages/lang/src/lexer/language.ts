import type { Source } from "@pierhead/core";
import { Grammar, type Production } from "./grammar.ts";
import { Lexer, type LexerDialect } from "./lexer.ts";
import { Parser } from "./parser.ts";
import type { SyntaxBuilder, SyntaxKind } from "./syntax.ts";

/** A configuration language of the base system: its grammar, and how its lexer differs from the others'. */
export interface Language<Context> {
  readonly parser: Parser<Context>;
  readonly lexer: LexerDialect;
  /** Words by token name, for the list of what was expected. */
  readonly words: ReadonlyMap<string, string>;
}

/** What a language says of its lexer; the codes of its tokens follow from the grammar. */
export type LexerTraits = Omit<LexerDialect, "keywords" | "stringToken" | "numberToken" | "errorToken">;

/** @param keywords words, or each with the name its token has in the grammar; without one it is the word in quotes */
export function makeLanguage<Context>(
  keywords: readonly (string | readonly [word: string, token: string])[],
  productions: readonly Production<Context>[],
  traits: LexerTraits,
): Language<Context> {
  const named = keywords.map((one) => (typeof one === "string" ? ([one, `'${one}'`] as const) : one));
  const grammar = new Grammar<Context>(["STRING", "NUMBER", "ERROR", ...named.map(([, token]) => token)], productions);
  return {
    parser: new Parser(grammar),
    words: new Map(named.map(([word, token]) => [token, word])),
    lexer: {
      ...traits,
      keywords: new Map(named.map(([word, token]) => [word, grammar.code(token)])),
      stringToken: grammar.code("STRING"),
      numberToken: grammar.code("NUMBER"),
      errorToken: grammar.code("ERROR"),
    },
  };
}

/** A lexer that writes every token of `source` down for its syntax tree. */
export function openLexer(source: Source, dialect: LexerDialect, syntax: SyntaxBuilder): Lexer {
  const lexer = new Lexer(source, dialect);
  lexer.onToken = (code, start, end) => syntax.token(kindOf(code, dialect), start, end);
  return lexer;
}

function kindOf(code: number, { stringToken, numberToken }: LexerDialect): SyntaxKind {
  if (code === stringToken) return "word";
  if (code === numberToken) return "number";
  if (code === 10) return "line-end";
  return code > 256 ? "keyword" : "punctuation";
}

/** `name=value` of each `-D`; what has no `=` defines nothing. */
export function defineAll(lexer: Lexer, defines: readonly string[]): void {
  for (const define of defines) {
    const equals = define.lastIndexOf("=");
    if (equals !== -1) lexer.define(define.slice(0, equals), define.slice(equals + 1), true, null, 0, 0);
  }
}
