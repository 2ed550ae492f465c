/**
 * The reader's state: lexer, lookahead, error recovery, and what pfctl keeps in `struct pfctl` while it parses. The
 * grammar is in the files beside this one, as functions of a {@link Reader}.
 *
 * It behaves as the yacc parser of parse.y does: a token is read ahead only where the grammar needs it (the line
 * number in messages depends on that), actions run as soon as a production is complete, `YYERROR` and syntax errors
 * drop the rest of the line, and after an error yacc stays silent until three tokens went well.
 */
import { diagnostic, type Fix, type RelatedPlace, type Severity, type Source } from "@pierhead/core";
import type { FingerprintNames } from "../../pf-os/index.ts";
import type { PfDialect } from "../dialect.ts";
import type { PfEnvironment } from "../environment.ts";
import type { AltqTables } from "../load/altq.ts";
import type { HostResolver } from "../load/hosts.ts";
import type { Ruleset } from "../load/ruleset.ts";
import type { PfDiagnostic, PfEvent } from "../result.ts";
import { type Origin, PfConfiguration, type Rule } from "../rule.ts";
import type { TokenRole } from "../syntax.ts";
import { InputFile, Lexer, type LexerReport, type Macro } from "./lexer.ts";
import { type Lookahead, lookaheadOf } from "./lookahead.ts";
import type { StateOptionNode } from "./nodes.ts";
import type { PendingQueue } from "./queues.ts";
import type { Recorder } from "./recorder.ts";
import { Char, Token } from "./tokens.ts";

/** What to say about a token that does not fit. */
export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly fix: Fix | null;
  /** Where to say it, when that is not the token itself. */
  readonly start?: number;
  readonly end?: number;
}

/** Thrown by the grammar to give up a statement; it carries nothing and never leaves the reader. */
export const STATEMENT_ERROR: { readonly statementError: true } = { statementError: true };
/** Thrown where pfctl exits at once. */
export const FATAL: { readonly fatal: true } = { fatal: true };

/** More diagnostics than anyone reads; what follows is counted only. */
const DIAGNOSTIC_LIMIT = 10_000;

/** Lines that are kept of what pfctl would write to standard error. */
const TOOL_LINE_LIMIT = 1_000_000;

/** Rules of one load: more than a machine has memory for, where lists multiply. */
const RULE_LIMIT = 1_000_000;

/** Combinations of list items that are tried for them. */
const COMBINATION_LIMIT = 4_000_000;

/** Nested lists and the like, beyond which yacc's own stack would overflow. */
export const NESTING_LIMIT = 500;

/** What to load and how: the command line of pfctl as far as it matters to reading. */
export interface ReaderOptions {
  /** Recover exactly as pfctl does, losing the lines it loses; otherwise every line is heard. */
  readonly strict: boolean;
  readonly anchor: string;
  /** Which statements count: `-O`, `-N`, `-R`, `-A`, `-T load`; all when none is given. */
  readonly load: {
    readonly options: boolean;
    readonly nat: boolean;
    readonly filter: boolean;
    readonly altq: boolean;
    readonly tables: boolean;
    /** FreeBSD's `ether` rules, which no option asks for. */
    readonly ether: boolean;
  };
  /** `-N` of OpenBSD from 4.7 (`-r` elsewhere): no name service. */
  readonly noDns: boolean;
  readonly verbose: 0 | 1 | 2;
}

export class Reader implements LexerReport {
  readonly dialect: PfDialect;
  readonly lookahead: Lookahead;
  /** Null while only the syntax is wanted: nothing is looked up, nothing is loaded. */
  readonly environment: PfEnvironment | null;
  readonly options: ReaderOptions;
  readonly lexer: Lexer;
  readonly hosts: HostResolver | null;
  readonly recorder: Recorder | null;

  readonly configuration: PfConfiguration;
  readonly events: PfEvent[];
  readonly stderr: string[];
  readonly diagnostics: PfDiagnostic[];
  /** `file->errors` of all files. */
  errors = 0;
  #pendingTool: string | null = null;
  #combinations = 0;
  #rules = 0;
  /** A string without an end was reported: that the file then ends is no news. */
  #endsInString = false;

  /** The token read ahead, -1 when none is. */
  #lookahead = -1;
  /** A token has been taken. */
  started = false;
  /** Place of the last token taken. */
  takenStart = 0;
  takenEnd = 0;
  takenSource: Source;
  /** yacc's `yyerrflag`: while it is above 0 a syntax error is not reported. */
  #quiet = 0;
  /** Part of the statement that was begun last: `on`, `from`, `nat-to`, … */
  clauseName = "";
  /** Open braces of lists in the current statement. */
  openBraces = 0;
  /** Where the braces that are open begin: bodies of anchors, then lists. */
  readonly #braces: number[] = [];
  depth = 0;

  // What statements leave for later ones.
  blockReturns = false;
  failReturns = false;
  defaultIfBound = false;
  stateDefaults: readonly StateOptionNode[] | null = null;
  reassemble = true;
  optimizeGiven = false;
  optimize: "none" | "basic" | "profile" = "basic";
  /** Order of statements: see `checkOrder`. */
  order = 0;
  requireOrder: boolean;
  keepCounters = false;
  /** Names that `os "…"` finds; null when pfctl has not read any. */
  fingerprints: FingerprintNames | null = null;
  /** The filter options that were read last have `icmp-type`. */
  hadIcmpType = false;
  /** Percentages of `set syncookies adaptive`, once some were given. */
  syncookieMarks: { readonly start: number; readonly end: number } | null = null;

  // Inline anchors: pfctl's `astack`, `asd`, `bn`, `alast`.
  readonly main: Ruleset;
  anchorStack: (Ruleset | null)[];
  /** The same for bodies of `ether` anchors, which pfctl holds apart: those that no rule has taken yet. */
  readonly etherBodies: (Ruleset | null)[] = [];
  anchorDepth = 0;
  braceNumber = 0;
  /** An inline anchor has had a table. */
  tableInAnchor = false;
  lastAnchor: Ruleset | null = null;
  /** Bodies that have their place, by pfctl's path. */
  readonly inlineRulesets: Map<string, Ruleset> = new Map();
  current: Ruleset;
  /** Names of the queues that rules may be assigned to. */
  readonly queueNames: Set<string> = new Set();
  readonly rootQueues: PendingQueue[] = [];
  readonly childQueues: PendingQueue[] = [];
  /** ALTQ interfaces and queues; null until there is one. */
  altq: AltqTables | null = null;
  /** Number of the next `<__automatic_N>`. */
  automaticTables = 0;
  statementStart = 0;
  #origin: Origin | null = null;

  /** @param previous the reader of the file before, when files of anchors follow the main one */
  constructor(
    source: Source,
    dialect: PfDialect,
    environment: PfEnvironment | null,
    hosts: HostResolver | null,
    main: Ruleset,
    options: ReaderOptions,
    recorder: Recorder | null,
    previous: Reader | null,
  ) {
    this.configuration = previous?.configuration ?? new PfConfiguration();
    this.events = previous?.events ?? [];
    this.stderr = previous?.stderr ?? [];
    this.diagnostics = previous?.diagnostics ?? [];
    if (previous !== null) {
      this.#rules = previous.#rules;
      // What parse.y keeps in static variables and does not reset.
      this.automaticTables = previous.automaticTables;
      this.stateDefaults = previous.stateDefaults;
      this.defaultIfBound = previous.defaultIfBound;
    }
    this.dialect = dialect;
    this.environment = environment;
    this.hosts = hosts;
    this.options = options;
    this.recorder = recorder;
    this.main = main;
    this.current = main;
    this.anchorStack = [main];
    this.requireOrder = dialect.requireOrderDefault;
    this.takenSource = source;
    this.lookahead = lookaheadOf(dialect);
    this.lexer = new Lexer(new InputFile(source, null, 1), dialect.lexer, dialect.keywords, this, options.strict);
  }

  // ---- tokens

  /** Kind of the next token, read ahead. */
  peek(): number {
    if (this.#lookahead < 0) this.#lookahead = this.lexer.next();
    return this.#lookahead;
  }

  /** Whether a token has been read ahead. */
  get hasLookahead(): boolean {
    return this.#lookahead >= 0;
  }

  /** Takes the next token, whatever it is; its text and number are the lexer's until the next `peek`. */
  take(role: TokenRole): number {
    const kind = this.peek();
    this.#lookahead = -1;
    this.started = true;
    const lexer = this.lexer;
    this.takenStart = lexer.start;
    this.takenEnd = lexer.end;
    this.takenSource = lexer.source;
    if (this.#quiet > 0) this.#quiet--;
    if (this.recorder !== null) this.recorder.token(kind, role, lexer);
    return kind;
  }

  /** Takes the next token if it is of this kind. */
  accept(kind: number, role: TokenRole = "keyword"): boolean {
    if (this.peek() !== kind) return false;
    this.take(role);
    return true;
  }

  /** Takes the next token, which must be of this kind. */
  expect(kind: number, role: TokenRole = "punctuation"): void {
    if (this.peek() !== kind) this.syntaxError();
    this.take(role);
  }

  /** Takes a string and returns its text. */
  string(role: TokenRole): string {
    if (this.peek() !== Token.string) this.syntaxError();
    this.take(role);
    return this.lexer.text;
  }

  /** Takes a number and returns its value; `lexer.numberText` prints it. */
  number(): number {
    if (this.peek() !== Token.number) this.syntaxError();
    this.take("number");
    return this.lexer.number;
  }

  /** The next token must be one of these before what was just read is acted on, as {@link Lookahead} says. */
  follow(kinds: ReadonlySet<number>): void {
    if (this.options.strict && this.dialect.looksAhead && !kinds.has(this.peek())) this.syntaxError();
  }

  /**
   * The number that was taken last, as pfctl prints it in a message: 4.6 and FreeBSD print the 64 bits they have read
   * as an int, an unsigned int or an unsigned long.
   */
  numberAs(format: "int" | "unsigned" | "unsigned long"): string {
    const text = this.lexer.numberText;
    if (this.dialect.family === "openbsd") return text;
    const value = BigInt(text);
    if (format === "int") return `${BigInt.asIntN(32, value)}`;
    return `${BigInt.asUintN(format === "unsigned" ? 32 : 64, value)}`;
  }

  /** `{ optnl`. */
  openBrace(): void {
    this.take("punctuation");
    this.#braces.push(this.takenStart);
    this.openBraces++;
    this.skipNewlines();
  }

  closeBrace(): void {
    this.expect(Char.closeBrace);
    this.#braces.pop();
    this.openBraces--;
  }

  /** `{` before the body of an anchor. */
  openBody(): void {
    this.take("punctuation");
    this.#braces.push(this.takenStart);
  }

  closeBody(): void {
    this.expect(Char.closeBrace);
    this.#braces.pop();
  }

  /** Place of the innermost brace that is still open, -1 when there is none. */
  get unclosedBrace(): number {
    return this.#braces.at(-1) ?? -1;
  }

  /** `optnl`: line ends inside a list. */
  skipNewlines(): void {
    while (this.peek() === Token.newline) this.take("punctuation");
  }

  /** `comma`: a comma or nothing. */
  optionalComma(): void {
    if (this.peek() === Char.comma) this.take("punctuation");
  }

  /** One more level of nesting; gives the statement up when there are too many. */
  enter(): void {
    if (++this.depth > NESTING_LIMIT) {
      this.depth = 0;
      this.toolLine(this.#prefix("yacc stack overflow"));
      this.errors++;
      this.report(
        "pf/nested-too-deep",
        "error",
        `Lists are nested deeper than ${NESTING_LIMIT} levels here. Put the elements in one list.`,
        this.takenStart,
        this.takenEnd,
      );
      throw STATEMENT_ERROR;
    }
  }

  leave(): void {
    this.depth--;
  }

  /** The next token begins this part of the statement. */
  clause(name: string): void {
    this.clauseName = name;
    this.recorder?.clause(name);
  }

  // ---- complaints

  #prefix(text: string): string {
    return `${this.lexer.file.name}:${this.lexer.line}: ${text}`;
  }

  /** A line that pfctl writes to standard error without counting an error; it joins the next diagnostic. */
  toolLine(text: string): void {
    if (this.stderr.length < TOOL_LINE_LIMIT) this.stderr.push(text);
    this.#pendingTool = this.#pendingTool === null ? text : `${this.#pendingTool}\n${text}`;
  }

  /** {@link toolLine} as a value. */
  readonly addToolLine = (text: string): void => this.toolLine(text);

  /** `yyerror` of a semantic action: the statement goes on. Place: the last token taken, unless given. */
  complain(
    tool: string,
    code: string,
    message: string,
    extra: { start?: number; end?: number; fix?: Fix | null; related?: readonly RelatedPlace[] } = {},
  ): void {
    this.errors++;
    this.toolLine(this.#prefix(tool));
    this.report(code, "error", message, extra.start ?? this.takenStart, extra.end ?? this.takenEnd, extra);
  }

  /** `yyerror` and `YYERROR`: the statement is given up. */
  fail(
    tool: string,
    code: string,
    message: string,
    extra: { start?: number; end?: number; fix?: Fix | null; related?: readonly RelatedPlace[] } = {},
  ): never {
    this.complain(tool, code, message, extra);
    throw STATEMENT_ERROR;
  }

  /** `YYERROR` after something else complained. */
  giveUp(): never {
    throw STATEMENT_ERROR;
  }

  /** What `attempt` returns, or null when it gives up; what it complains about is not heard. */
  quietly<T>(attempt: () => T): T | null {
    const { errors } = this;
    const lines = this.stderr.length;
    const count = this.diagnostics.length;
    const pending = this.#pendingTool;
    try {
      return attempt();
    } catch (thrown) {
      if (thrown !== STATEMENT_ERROR) throw thrown;
      return null;
    } finally {
      this.errors = errors;
      this.stderr.length = lines;
      this.diagnostics.length = count;
      this.#pendingTool = pending;
    }
  }

  /** `yyerror` that only repeats for pfctl's output what a diagnostic has said already. */
  followUp(tool: string): void {
    this.errors++;
    const line = this.#prefix(tool);
    if (this.stderr.length < TOOL_LINE_LIMIT) this.stderr.push(line);
    const last = this.diagnostics.length - 1;
    const diagnosed = this.diagnostics[last];
    if (diagnosed !== undefined && diagnosed.tool !== null && this.diagnostics.length < DIAGNOSTIC_LIMIT) {
      this.diagnostics[last] = { ...diagnosed, tool: `${diagnosed.tool}\n${line}` };
    }
  }

  /** {@link followUp} and `YYERROR`. */
  followUpAndGiveUp(tool: string): never {
    this.followUp(tool);
    throw STATEMENT_ERROR;
  }

  /** `errx(1, …)`: pfctl exits. */
  fatal(tool: string, code: string, message: string): never {
    this.errors++;
    this.toolLine(`pfctl: ${tool}`);
    this.report(code, "error", message, this.takenStart, this.takenEnd);
    throw FATAL;
  }

  /** A warning of pfctl itself, with line number. */
  toolWarning(tool: string, code: string, message: string): void {
    this.toolLine(this.#prefix(tool));
    this.report(code, "warning", message, this.takenStart, this.takenEnd);
  }

  /** A diagnostic for people; whatever pfctl wrote since the last one goes with it. */
  report(
    code: string,
    severity: Severity,
    message: string,
    start: number,
    end: number,
    extra: { fix?: Fix | null; related?: readonly RelatedPlace[]; source?: Source } = {},
  ): void {
    const tool = this.#pendingTool;
    this.#pendingTool = null;
    if (this.diagnostics.length >= DIAGNOSTIC_LIMIT) return;
    const source = extra.source ?? this.takenSource;
    const basis = diagnostic(code, severity, message, source, { start, end: Math.max(start, end) }, extra);
    this.diagnostics.push({ ...basis, tool });
    this.recorder?.broken(severity);
  }

  /** The next token does not fit. */
  syntaxError(): never {
    const kind = this.peek();
    const said = this.#quiet > 0;
    if (!said) {
      this.errors++;
      this.toolLine(this.#prefix("syntax error"));
    }
    const lexer = this.lexer;
    // A bad token has been reported by the lexer, and the silence of yacc after an error is not for people.
    if (this.diagnostics.length >= DIAGNOSTIC_LIMIT) this.#pendingTool = null;
    else if (kind !== Token.error && !(kind === Token.end && this.#endsInString)) {
      const problem = this.describe(kind);
      this.report(problem.code, "error", problem.message, problem.start ?? lexer.start, problem.end ?? lexer.end, {
        source: lexer.source,
        fix: problem.fix,
      });
    } else if (!said) this.#appendTool();
    throw STATEMENT_ERROR;
  }

  /** Words for the token that does not fit; `explain.ts` sets it. */
  describe: (kind: number) => Explanation = () => ({
    code: "pf/syntax-error",
    message: "Syntax error.",
    fix: null,
  });

  #appendTool(): void {
    const last = this.diagnostics.length - 1;
    const diagnosed = this.diagnostics[last];
    const tool = this.#pendingTool;
    this.#pendingTool = null;
    if (diagnosed === undefined || tool === null) return;
    this.diagnostics[last] = { ...diagnosed, tool: diagnosed.tool === null ? tool : `${diagnosed.tool}\n${tool}` };
  }

  lexicalError(tool: string, code: string, message: string, start: number, end: number): void {
    this.#endsInString = code === "pf/unterminated-string";
    if (tool !== "") {
      this.errors++;
      this.toolLine(this.#prefix(tool));
    }
    this.report(code, "error", message, start, end, { source: this.lexer.source });
  }

  macroUsed(macro: Macro, start: number, end: number): void {
    this.recorder?.macroUsed(macro, start, end, this.lexer.source);
  }

  /** What pfctl said without counting an error, when nothing else was reported about it. */
  flushTool(): void {
    const tool = this.#pendingTool;
    if (tool === null) return;
    const text =
      tool
        .split("\n")
        .at(-1)
        ?.replace(/^pfctl: /, "") ?? "";
    this.report(
      "pf/refused",
      "error",
      `pfctl refuses this statement: ${text}.`,
      this.statementStart,
      Math.max(this.takenEnd, this.statementStart),
    );
  }

  // ---- recovery

  /** After a statement was given up: yacc's `error '\n'`. Returns false at the end of the input. */
  recover(bodies: number): boolean {
    this.#quiet = 3;
    const wasOpen = this.openBraces;
    this.#braces.length = Math.max(0, this.#braces.length - wasOpen);
    this.openBraces = 0;
    this.depth = 0;
    let depth = this.options.strict ? 0 : wasOpen;
    for (;;) {
      const kind = this.peek();
      if (kind === Token.end) return false;
      // The brace that closes the anchor around the statement, on a line of its own.
      if (kind === Char.closeBrace && depth === 0 && bodies > 0 && this.hasFreshLine) return true;
      if (kind === Char.openBrace && depth > 0) depth++;
      else if (kind === Char.closeBrace && depth > 0) depth--;
      if (kind === Token.newline && depth === 0) break;
      if (kind === Token.newline) {
        // A list that is never closed must not hide the statements after it.
        this.#drop();
        if (startsStatement(this.peek())) return true;
        continue;
      }
      this.#drop();
    }
    this.take("punctuation");
    this.errors++;
    return true;
  }

  /** The token read ahead is the first one of its line. */
  get hasFreshLine(): boolean {
    const { source, start } = this.lexer;
    for (let i = start - 1; i >= 0; i--) {
      const c = source.text.charCodeAt(i);
      if (c === Char.newline) return true;
      if (c !== Char.space && c !== Char.tab) return false;
    }
    return true;
  }

  #drop(): void {
    this.#lookahead = -1;
    if (this.recorder !== null) this.recorder.dropped(this.lexer);
  }

  // ---- output

  /** Rules that pfctl has counted in the current ruleset (`match`): the next rule's number while it reads. */
  get rulesOfCurrent(): number {
    return this.current.rules;
  }

  /** Before a combination of list items is made into a rule. */
  countCombination(): void {
    if (++this.#combinations > COMBINATION_LIMIT) this.#tooManyRules();
  }

  #tooManyRules(): never {
    return this.fatal(
      "Cannot allocate memory",
      "pf/too-many-rules",
      `The lists of this file multiply to more than ${RULE_LIMIT} rules; the rest is not read. Put addresses into tables, which are one item of a list.`,
    );
  }

  /** Adds a rule to its list of the current ruleset. binat rules are not counted. */
  addRule(rule: Rule): void {
    if (++this.#rules > RULE_LIMIT) this.#tooManyRules();
    const anchor = this.current.anchor;
    switch (rule.action) {
      case "pass":
      case "block":
      case "match":
        rule.number = this.current.rules++;
        anchor.filter.push(rule);
        return;
      case "scrub":
      case "no scrub":
        rule.number = this.current.rules++;
        anchor.scrub.push(rule);
        return;
      case "nat":
      case "no nat":
        rule.number = this.current.rules++;
        anchor.nat.push(rule);
        return;
      case "rdr":
      case "no rdr":
        rule.number = this.current.rules++;
        anchor.rdr.push(rule);
        return;
      case "binat":
      case "no binat":
        anchor.binat.push(rule);
    }
  }

  /** A line on standard output whether `-v` is given or not. */
  textAlways(text: string): void {
    this.events.push({ kind: "text", text });
  }

  text(text: string): void {
    if (this.options.verbose > 0) this.events.push({ kind: "text", text });
  }

  /** Where the current statement is; one object for all rules made from it. */
  origin(): Origin {
    this.#origin ??= {
      source: this.takenSource,
      span: { start: this.statementStart, end: this.takenEnd },
    };
    return this.#origin;
  }

  /** Back in the statement that an inline anchor's body interrupted. */
  restoreStatement(start: number, origin: Origin): void {
    this.statementStart = start;
    this.#origin = origin;
  }

  beginStatement(): void {
    this.#origin = null;
    this.openBraces = 0;
    this.depth = 0;
    this.statementStart = this.lexer.start;
    this.clauseName = "";
  }
}

/** Keywords that begin a statement and stand nowhere else at the start of a line. */
function startsStatement(kind: number): boolean {
  switch (kind) {
    case Token.pass:
    case Token.block:
    case Token.match:
    case Token.anchor:
    case Token.antispoof:
    case Token.set:
    case Token.table:
    case Token.include:
    case Token.load:
    case Token.nat:
    case Token.rdr:
    case Token.binat:
    case Token.scrub:
    case Token.altq:
    case Token.end:
      return true;
    default:
      return false;
  }
}
