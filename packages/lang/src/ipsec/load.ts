import { type Diagnostic, Source, type System } from "@pierhead/core";
import {
  defineAll,
  type Language,
  type Lexer,
  type Macro,
  makeLanguage,
  openLexer,
  ParseReport,
  type ReportCodes,
  SyntaxBuilder,
  type SyntaxFile,
} from "../lexer/index.ts";
import { IpsecContext, type IpsecSink } from "./context.ts";
import { type IpsecDialect, ipsecDialect } from "./dialect.ts";
import { keywordsOf, productionsOf } from "./grammar.ts";
import type { IpsecEnvironment } from "./hosts.ts";
import { ikeCommands, ikeDeleteCommands } from "./isakmpd.ts";
import { printAssociation, printBundle, printFlow } from "./print.ts";
import type { IpsecRule } from "./rule.ts";
import type { IpsecStatement } from "./statement.ts";

/** A file as ipsecctl(8) understood it. */
export interface IpsecConfiguration {
  readonly source: Source;
  readonly system: System;
  readonly syntax: SyntaxFile;
  readonly statements: readonly IpsecStatement[];
  /** In the order they are loaded. When there are errors, ipsecctl loads none of them. */
  readonly rules: readonly IpsecRule[];
  readonly macros: readonly Macro[];
  readonly diagnostics: readonly Diagnostic[];
  /** ipsecctl would load it. */
  readonly accepted: boolean;
}

/** What a run of a program printed. */
export interface ToolOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

export interface PrintOptions {
  /** `-k`: show the keys of manual SAs. */
  readonly keys?: boolean;
  /** `-d`: print what deletes the rules. */
  readonly delete?: boolean;
  /** How many `-v`: with 2 rules are numbered and unused macros named. */
  readonly verbose?: 1 | 2;
  /** `-D name=value`, each. */
  readonly defines?: readonly string[];
}

const CODES: ReportCodes = {
  "syntax-error": "ipsec/syntax-error",
  "too-deep": "ipsec/too-deep",
  "unterminated-quote": "ipsec/unterminated-quote",
  "string-too-long": "ipsec/string-too-long",
  "undefined-macro": "ipsec/undefined-macro",
  "invalid-number": "ipsec/invalid-number",
  "nul-in-quote": "ipsec/nul-in-quote",
};

const languages = new Map<IpsecDialect, Language<IpsecContext>>();

/** Reads ipsec.conf(5); never throws, whatever the text. */
export function loadIpsec(
  source: Source,
  environment: IpsecEnvironment,
  defines: readonly string[] = [],
): IpsecConfiguration {
  const rules: IpsecRule[] = [];
  const sink: IpsecSink = { macro: () => {}, rule: (rule) => rules.push(rule) };
  const run = read(source, environment, defines, sink);
  return {
    source,
    system: environment.system,
    syntax: run.syntax,
    statements: run.context.statements,
    rules,
    macros: [...run.lexer.macros.values()],
    diagnostics: run.context.report.diagnostics,
    accepted: run.accepted,
  };
}

/**
 * What that system's `ipsecctl -nv -f FILE` prints, byte for byte, with its exit status. Secrets are in it: the tool
 * shows pre-shared keys.
 *
 * @param fileName as the messages name it: `stdin` for `-f -`
 */
export function ipsecctlPrint(
  text: string,
  fileName: string,
  environment: IpsecEnvironment,
  options: PrintOptions = {},
): ToolOutput {
  const stdout: string[] = [];
  const dialect = ipsecDialect(environment.system);
  const verbose = options.verbose ?? 1;
  const warnings: string[] = [];
  for (const define of options.defines ?? []) {
    if (!define.includes("=")) warnings.push(`ipsecctl: could not parse macro definition ${define}\n`);
  }
  const sink: IpsecSink = {
    macro: (name, value) => stdout.push(`${name} = "${value}"\n`),
    rule: (rule) => {
      const printed = printRule(rule, environment, dialect, options);
      // 4.6 ties SAs together by itself and says so only with `-vv`.
      if (rule.kind === "bundle" && !dialect.bundles && verbose < 2) return;
      stdout.push(verbose >= 2 ? `@${rule.number} ${printed.text}` : printed.text);
      if (printed.problem !== null) run?.context.report.stderr.push(`ipsecctl: ${printed.problem}\n`);
    },
  };
  let run: Run | undefined;
  read(new Source(fileName, text), environment, options.defines ?? [], sink, (started) => {
    run = started;
  });
  const { report } = (run as Run).context;
  const stderr = [...warnings, ...report.stderr];
  if (report.halted) return { stdout: stdout.join(""), stderr: stderr.join(""), exit: report.exit };
  if (verbose >= 2) {
    for (const macro of (run as Run).lexer.macros.values()) {
      if (!macro.used) stderr.push(`warning: macro '${macro.name}' not used\n`);
    }
  }
  const failed = (run as Run).lexer.errors > 0;
  if (failed) stderr.push("ipsecctl: Syntax error in config file: ipsec rules not loaded\n");
  return { stdout: stdout.join(""), stderr: stderr.join(""), exit: failed ? 1 : 0 };
}

function printRule(
  rule: IpsecRule,
  environment: IpsecEnvironment,
  dialect: IpsecDialect,
  options: PrintOptions,
): { readonly text: string; readonly problem: string | null } {
  switch (rule.kind) {
    case "flow":
      return { text: printFlow(rule, environment.system), problem: null };
    case "sa":
      return { text: printAssociation(rule, options.keys === true), problem: null };
    case "bundle":
      return { text: printBundle(rule, dialect.bundles ? "bundle" : "group"), problem: null };
    case "ike":
      if (options.delete === true) return { text: ikeDeleteCommands(rule), problem: null };
      return ikeCommands(rule, dialect, environment.hostName ?? "localhost");
  }
}

interface Run {
  readonly context: IpsecContext;
  readonly lexer: Lexer;
}

function read(
  source: Source,
  environment: IpsecEnvironment,
  defines: readonly string[],
  sink: IpsecSink,
  started: (run: Run) => void = () => {},
): Run & { readonly syntax: SyntaxFile; readonly accepted: boolean } {
  const dialect = ipsecDialect(environment.system);
  const language = languageOf(dialect);
  const syntax = new SyntaxBuilder(source);
  const lexer = openLexer(source, language.lexer, syntax);
  const report = new ParseReport(lexer, CODES, ": ", language.words);
  const context = new IpsecContext(report, dialect, environment, sink);
  started({ context, lexer });
  defineAll(lexer, defines);
  language.parser.run(context, report, lexer);
  for (const statement of context.statements) {
    if (statement.origin.source === source) syntax.statement(statement.kind, statement.origin.span);
  }
  const accepted = !report.halted && lexer.errors === 0;
  return { context, lexer, syntax: syntax.finish(), accepted };
}

function languageOf(dialect: IpsecDialect): Language<IpsecContext> {
  const known = languages.get(dialect);
  if (known !== undefined) return known;
  const language = makeLanguage<IpsecContext>(keywordsOf(dialect), productionsOf(dialect), {
    macros: "buffer",
    lineEndAtEndOfFile: false,
    firstLineOfIncluded: 1,
    escapesBlanks: dialect.escapesBlanks,
    countsEscapedLines: dialect.countsEscapedLines,
    rejectsNul: dialect.rejectsNul,
    forgetsPushback: dialect.forgetsPushback,
  });
  languages.set(dialect, language);
  return language;
}
