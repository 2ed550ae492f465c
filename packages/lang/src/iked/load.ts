import { Source } from "@pierhead/core";
import {
  defineAll,
  type Language,
  type Lexer,
  type LexerTraits,
  makeLanguage,
  openLexer,
  ParseReport,
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

let language: Language<IkedContext> | null = null;

const TRAITS: LexerTraits = {
  macros: "unread",
  lineEndAtEndOfFile: true,
  firstLineOfIncluded: 0,
  escapesBlanks: true,
  countsEscapedLines: true,
  rejectsNul: true,
  forgetsPushback: false,
};

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
  if (context.report.halted) return { stderr: stderr.join(""), exit: context.report.exit };
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
  language ??= makeLanguage(KEYWORDS, PRODUCTIONS, TRAITS);
  const syntax = new SyntaxBuilder(source);
  const lexer = openLexer(source, language.lexer, syntax);
  const report = new ParseReport(lexer, CODES, ": ", language.words);
  const context = new IkedContext(report, environment, sink);
  started(context);
  defineAll(lexer, defines);
  language.parser.run(context, report, lexer);
  for (const { origin } of context.users) if (origin.source === source) syntax.statement("user", origin.span);
  for (const { origin } of context.policies) if (origin.source === source) syntax.statement("ikev2", origin.span);
  for (const { origin } of context.radius) if (origin.source === source) syntax.statement("radius", origin.span);
  return { context, lexer, syntax, accepted: !report.halted && lexer.errors === 0 };
}
