import { Source, type System } from "@pierhead/core";
import {
  type Language,
  type LexerTraits,
  makeLanguage,
  openLexer,
  ParseReport,
  type ReportCodes,
  SyntaxBuilder,
} from "../lexer/index.ts";
import type { NpppdConfiguration } from "./configuration.ts";
import { NpppdContext } from "./context.ts";
import { keywordsOf, productionsOf } from "./grammar.ts";

const CODES: ReportCodes = {
  "syntax-error": "npppd/syntax-error",
  "too-deep": "npppd/too-deep",
  "unterminated-quote": "npppd/unterminated-quote",
  "string-too-long": "npppd/string-too-long",
  "undefined-macro": "npppd/syntax-error",
  "invalid-number": "npppd/invalid-number",
  "nul-in-quote": "npppd/nul-in-quote",
};

const languages = new Map<boolean, Language<NpppdContext>>();

const TRAITS: LexerTraits = {
  macros: "none",
  lineEndAtEndOfFile: false,
  firstLineOfIncluded: 1,
  escapesBlanks: true,
  countsEscapedLines: true,
  rejectsNul: true,
  forgetsPushback: false,
};

/** Reads npppd.conf(5); never throws, whatever the text. */
export function loadNpppd(source: Source, system: System): NpppdConfiguration {
  return read(source, system).configuration;
}

/** What a run of a program printed. */
export interface NpppdOutput {
  readonly stderr: string;
  readonly exit: number;
}

/**
 * What `npppd -n -f FILE` prints on standard error, without the date, time and level before each message.
 *
 * @param fileName as the messages name it
 */
export function npppdPrint(text: string, fileName: string, system: System): NpppdOutput {
  const { configuration, stderr } = read(new Source(fileName, text), system);
  return configuration.accepted ? { stderr: "configuration OK\n", exit: 0 } : { stderr, exit: 1 };
}

function read(source: Source, system: System): { readonly configuration: NpppdConfiguration; readonly stderr: string } {
  const language = languageOf(system);
  const syntax = new SyntaxBuilder(source);
  const lexer = openLexer(source, language.lexer, syntax);
  const report = new ParseReport(lexer, CODES, ":", language.words);
  const context = new NpppdContext(report);
  language.parser.run(context, report, lexer);
  const { settings } = context;
  for (const { origin } of settings.tunnels) syntax.statement("tunnel", origin.span);
  for (const { origin } of settings.authentications) syntax.statement("authentication", origin.span);
  for (const { origin } of settings.ipcps) syntax.statement("ipcp", origin.span);
  for (const { origin } of settings.interfaces) syntax.statement("interface", origin.span);
  for (const { origin } of settings.binds) syntax.statement("bind", origin.span);
  const accepted = !report.halted && lexer.errors === 0;
  const configuration = { source, syntax: syntax.finish(), settings, diagnostics: report.diagnostics, accepted };
  return { configuration, stderr: report.stderr.join("") };
}

function languageOf(system: System): Language<NpppdContext> {
  const radiusStatements = system.family !== "openbsd" || system.major > 7 || (system.major === 7 && system.minor >= 6);
  const known = languages.get(radiusStatements);
  if (known !== undefined) return known;
  const language = makeLanguage(keywordsOf(radiusStatements), productionsOf(radiusStatements), TRAITS);
  languages.set(radiusStatements, language);
  return language;
}
