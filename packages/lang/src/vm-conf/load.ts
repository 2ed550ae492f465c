import type { Source } from "@pierhead/core";
import {
  Grammar,
  Lexer,
  type LexerDialect,
  ParseReport,
  Parser,
  type ReportCodes,
  SyntaxBuilder,
} from "../lexer/index.ts";
import type { VmConfiguration } from "./configuration.ts";
import { VmContext } from "./context.ts";
import { KEYWORDS, PRODUCTIONS } from "./grammar.ts";

const CODES: ReportCodes = {
  "syntax-error": "vm-conf/syntax-error",
  "too-deep": "vm-conf/too-deep",
  "unterminated-quote": "vm-conf/unterminated-quote",
  "string-too-long": "vm-conf/string-too-long",
  "undefined-macro": "vm-conf/undefined-macro",
  "invalid-number": "vm-conf/invalid-number",
  "nul-in-quote": "vm-conf/nul-in-quote",
};

interface Language {
  readonly parser: Parser<VmContext>;
  readonly lexer: LexerDialect;
  readonly words: ReadonlyMap<string, string>;
}

let language: Language | null = null;

/** Reads vm.conf(5) as vmd of OpenBSD 7.8 does; never throws, whatever the text. */
export function loadVmConf(source: Source): VmConfiguration {
  language ??= makeLanguage();
  const lexer = new Lexer(source, language.lexer);
  const report = new ParseReport(lexer, CODES, ":", language.words);
  const context = new VmContext(report);
  const syntax = new SyntaxBuilder(source);
  const { stringToken, numberToken } = language.lexer;
  lexer.onToken = (code, start, end) => {
    const named = code === stringToken ? "word" : code === numberToken ? "number" : "keyword";
    syntax.token(code === 10 ? "line-end" : code > 256 ? named : "punctuation", start, end);
  };
  language.parser.run(context, lexer);
  for (const { origin } of context.settings.switches) syntax.statement("switch", origin.span);
  for (const { origin } of context.settings.machines) syntax.statement("vm", origin.span);
  for (const origin of context.included) {
    const advice = "The file it includes is not read here.";
    report.note("vm-conf/include", "note", advice, origin);
  }
  return {
    ...context.settings,
    source,
    syntax: syntax.finish(),
    macros: [...lexer.macros.values()],
    diagnostics: report.diagnostics,
    accepted: !report.halted && lexer.errors === 0,
  };
}

function makeLanguage(): Language {
  const tokens = ["STRING", "NUMBER", "ERROR", ...KEYWORDS.map((word) => `'${word}'`)];
  const grammar = new Grammar<VmContext>(tokens, PRODUCTIONS);
  return {
    parser: new Parser(grammar),
    words: new Map(KEYWORDS.map((word) => [`'${word}'`, word])),
    lexer: {
      keywords: new Map(KEYWORDS.map((word) => [word, grammar.code(`'${word}'`)])),
      stringToken: grammar.code("STRING"),
      numberToken: grammar.code("NUMBER"),
      errorToken: grammar.code("ERROR"),
      macros: "unread",
      lineEndAtEndOfFile: true,
      firstLineOfIncluded: 0,
      escapesBlanks: true,
      countsEscapedLines: true,
      rejectsNul: true,
      forgetsPushback: false,
      slashesInWords: true,
    },
  };
}
