import type { Source } from "@pierhead/core";
import {
  type Language,
  type LexerTraits,
  makeLanguage,
  openLexer,
  ParseReport,
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

let language: Language<VmContext> | null = null;

const TRAITS: LexerTraits = {
  macros: "unread",
  lineEndAtEndOfFile: true,
  firstLineOfIncluded: 0,
  escapesBlanks: true,
  countsEscapedLines: true,
  rejectsNul: true,
  forgetsPushback: false,
  slashesInWords: true,
};

/** Reads vm.conf(5) as vmd of OpenBSD 7.8 does; never throws, whatever the text. */
export function loadVmConf(source: Source): VmConfiguration {
  language ??= makeLanguage(KEYWORDS, PRODUCTIONS, TRAITS);
  const syntax = new SyntaxBuilder(source);
  const lexer = openLexer(source, language.lexer, syntax);
  const report = new ParseReport(lexer, CODES, ":", language.words);
  const context = new VmContext(report);
  language.parser.run(context, report, lexer);
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
