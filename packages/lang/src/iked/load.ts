import { Source } from "@pierhead/core";
import {
  Grammar,
  Lexer,
  type LexerDialect,
  ParseReport,
  Parser,
  type ReportCodes,
  SyntaxBuilder,
} from "../lexer/index.ts";
import type { IkedConfiguration } from "./configuration.ts";
import { IkedContext, type IkedSink } from "./context.ts";
import { KEYWORDS, PRODUCTIONS } from "./grammar.ts";
import type { IkedEnvironment } from "./hosts.ts";
import { printPolicy, printUser } from "./print.ts";

const CODES: ReportCodes = {
  "syntax-error": "iked/syntax-error",
  "too-deep": "iked/too-deep",
  "unterminated-quote": "iked/unterminated-quote",
  "string-too-long": "iked/string-too-long",
  "undefined-macro": "iked/undefined-macro",
  "invalid-number": "iked/invalid-number",
  "nul-in-quote": "iked/nul-in-quote",
};

interface Language {
  readonly parser: Parser<IkedContext>;
  readonly lexer: LexerDialect;
  readonly words: ReadonlyMap<string, string>;
}

let language: Language | null = null;

/** Reads iked.conf(5); never throws, whatever the text. */
export function loadIked(
  source: Source,
  environment: IkedEnvironment,
  defines: readonly string[] = [],
): IkedConfiguration {
  const run = read(source, environment, defines, { user: () => {}, policy: () => {} });
  const { context } = run;
  return {
    source,
    system: environment.system,
    syntax: run.syntax.finish(),
    settings: context.settings,
    users: context.users,
    policies: context.policies,
    radius: context.radius,
    macros: [...run.lexer.macros.values()],
    diagnostics: context.report.diagnostics,
    accepted: run.accepted,
  };
}

/** What a run of a program printed. */
export interface IkedOutput {
  readonly stderr: string;
  readonly exit: number;
}

/**
 * What `iked -nv -f FILE` prints; it prints all of it on standard error. Secrets are in it.
 *
 * @param fileName as the messages name it
 * @param defines `name=value` of each `-D`
 */
export function ikedPrint(
  text: string,
  fileName: string,
  environment: IkedEnvironment,
  defines: readonly string[] = [],
): IkedOutput {
  let report: { readonly stderr: string[] } | null = null;
  const sink: IkedSink = {
    user: (user) => report?.stderr.push(printUser(user)),
    policy: (policy) => report?.stderr.push(printPolicy(policy, environment.system)),
  };
  const warnings = defines
    .filter((define) => !define.includes("="))
    .map((define) => `could not parse macro definition ${define}\n`);
  const run = read(new Source(fileName, text), environment, defines, sink, (started) => {
    report = started.report;
  });
  const { context } = run;
  const stderr = [...warnings, ...context.report.stderr];
  if (context.halted) return { stderr: stderr.join(""), exit: context.report.exit };
  if (context.rules === 0) stderr.push(`${fileName}: no valid configuration rules found\n`);
  if (run.accepted) stderr.push("configuration OK\n");
  return { stderr: stderr.join(""), exit: run.accepted ? 0 : 1 };
}

function read(
  source: Source,
  environment: IkedEnvironment,
  defines: readonly string[],
  sink: IkedSink,
  started: (context: IkedContext) => void = () => {},
): {
  readonly context: IkedContext;
  readonly lexer: Lexer;
  readonly syntax: SyntaxBuilder;
  readonly accepted: boolean;
} {
  language ??= makeLanguage();
  const lexer = new Lexer(source, language.lexer);
  const report = new ParseReport(lexer, CODES, ": ", language.words);
  const context = new IkedContext(report, environment, sink);
  started(context);
  for (const define of defines) {
    const equals = define.lastIndexOf("=");
    if (equals !== -1) lexer.define(define.slice(0, equals), define.slice(equals + 1), true, null, 0, 0);
  }
  const syntax = new SyntaxBuilder(source);
  const { stringToken, numberToken } = language.lexer;
  lexer.onToken = (code, start, end) => {
    const named = code === stringToken ? "word" : code === numberToken ? "number" : "keyword";
    syntax.token(code === 10 ? "line-end" : code > 256 ? named : "punctuation", start, end);
  };
  language.parser.run(context, lexer);
  for (const { origin } of context.users) if (origin.source === source) syntax.statement("user", origin.span);
  for (const { origin } of context.policies) if (origin.source === source) syntax.statement("ikev2", origin.span);
  for (const { origin } of context.radius) if (origin.source === source) syntax.statement("radius", origin.span);
  return { context, lexer, syntax, accepted: !report.halted && lexer.errors === 0 };
}

function makeLanguage(): Language {
  const tokens = ["STRING", "NUMBER", "ERROR", ...KEYWORDS.map((word) => `'${word}'`)];
  const grammar = new Grammar<IkedContext>(tokens, PRODUCTIONS);
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
    },
  };
}
