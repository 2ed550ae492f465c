/**
 * Rewrites a pf.conf for another release or system. Comments and layout stay; a statement that cannot be said there is
 * left as it was, with a diagnostic. Whether the result does the same is for `prove` to find out.
 */
import { type Diagnostic, diagnostic, Source, type Span, type System } from "@pierhead/core";
import { dialectOf } from "../dialect.ts";
import { parsePf } from "../load.ts";
import type { SyntaxStatement } from "../syntax.ts";
import { rewriteBack } from "./back.ts";
import type { MigrateOptions, Migration, MigrationContext } from "./context.ts";
import { rewriteQueues } from "./queues.ts";
import { Rewriter } from "./rewriter.ts";
import { rewriteRule } from "./rules.ts";
import { GUARDS, rewriteScrub, rewriteTranslation, rewriteTranslationAnchor } from "./translation.ts";

export function migratePf(source: Source, from: System, to: System, options: MigrateOptions = {}): Migration {
  const syntax = parsePf(source, dialectOf(from));
  const out = new Rewriter(source.text);
  const diagnostics: Diagnostic[] = syntax.diagnostics.filter((one) => one.severity === "error");
  const { statements } = syntax;
  const leftOver: Span[] = [];
  const broken = statements.filter((one) => one.broken).map((one) => one.span);
  const context: MigrationContext = {
    source,
    from: dialectOf(from),
    to: dialectOf(to),
    guard: options.guard ?? false,
    out,
    interfaces: options.interfaces ?? [],
    firstRule: statements.find((one) => ["rule", "anchor", "antispoof"].includes(one.kind))?.span.start ?? null,
    filterAnchors: new Set(statements.filter((one) => one.kind === "anchor").flatMap(filterAnchorName)),
    movedAnchors: new Set(),
    counters: { tags: 0 },
    firstNat: statements.find((one) => one.kind === "nat" && !one.broken)?.span.start ?? null,
    left(statement, message) {
      leftOver.push(statement.span);
      diagnostics.push(diagnostic("migrate/left", "warning", `Left as it was: ${message}`, source, statement.span));
    },
    note(statement, message) {
      diagnostics.push(diagnostic("migrate/lost", "warning", `Rewritten, but ${message}`, source, statement.span));
    },
  };
  for (const statement of flat(statements)) {
    if (!statement.broken) rewrite(context, statement);
  }
  if (context.from.altq && !context.to.altq && context.to.newQueues) rewriteQueues(context, statements);
  if (context.from.oldTranslation && !context.to.oldTranslation) addDefaultPass(context, statements);
  const text = out.text();
  for (const wrong of parsePf(new Source(source.name, text), context.to).diagnostics) {
    if (wrong.severity !== "error") continue;
    const start = out.originOf(wrong.span.start);
    const known = [...leftOver, ...broken].some((span) => span.start <= start && start <= span.end);
    if (known) continue;
    const end = Math.max(start, out.originOf(wrong.span.end));
    diagnostics.push(
      diagnostic("migrate/not-there", "warning", `${to.name} does not take this: ${wrong.message}`, source, {
        start,
        end,
      }),
    );
  }
  return { text, changes: out.changes, diagnostics };
}

/** Statements with those inside the braces of anchors. */
function* flat(statements: readonly SyntaxStatement[]): Generator<SyntaxStatement> {
  for (const statement of statements) {
    yield statement;
    if (statement.body !== null) yield* flat(statement.body);
  }
}

function rewrite(context: MigrationContext, statement: SyntaxStatement): void {
  const isGone = context.from.oldTranslation && !context.to.oldTranslation;
  switch (statement.kind) {
    case "nat":
    case "rdr":
    case "binat":
      if (isGone) rewriteTranslation(context, statement);
      return;
    case "scrub":
      if (isGone) rewriteScrub(context, statement);
      return;
    case "anchor":
      if (isGone) rewriteTranslationAnchor(context, statement);
      return;
    case "rule":
      if (!rewriteBack(context, statement)) rewriteRule(context, statement);
      return;
    case "set":
      rewriteOption(context, statement);
      return;
    case "altq":
    case "queue":
      if (context.from.newQueues && !context.to.newQueues) {
        context.left(statement, "these queues do not exist there; write `altq on INTERFACE …` and `queue NAME …`.");
      }
      return;
    case "ether":
      if (!context.to.etherRules)
        context.left(statement, "`ether` rules exist on FreeBSD only; filter on the bridge instead.");
      return;
    case "limiter":
      if (!context.to.limiters) context.left(statement, "limiters do not exist there.");
      return;
    default:
  }
}

const DEBUG_LEVELS: Readonly<Record<string, string>> = { none: "crit", urgent: "err", misc: "notice", loud: "debug" };

function rewriteOption({ from, to, out, source, left }: MigrationContext, statement: SyntaxStatement): void {
  const words = statement.tokens.map((token) => token.text);
  switch (words[1]) {
    case "require-order":
      if (from.requireOrder && !to.requireOrder) out.comment(statement.span, "statements come in any order now");
      return;
    case "debug": {
      const level = words[2] ?? "";
      if (from.debugLevels === to.debugLevels) return;
      const pair = Object.entries(DEBUG_LEVELS).find(
        ([old, now]) => (to.debugLevels === "syslog" ? old : now) === level,
      );
      const token = statement.tokens[2];
      if (pair === undefined || token === undefined) {
        left(statement, `the debug level \`${level}\` has another name there.`);
      } else out.replace(token.span, to.debugLevels === "syslog" ? pair[1] : pair[0], "debug levels have other names");
      return;
    }
    case "reassemble":
      if (!from.oldTranslation && to.family === "4.6") {
        const noDf = words.includes("no-df") ? " no-df" : "";
        if (words[2] === "no") out.comment(statement.span, "without scrub rules nothing is reassembled");
        else out.replace(statement.span, `scrub in all fragment reassemble${noDf}`, "reassembly is a scrub rule");
      }
      return;
    default:
      void source;
  }
}

/**
 * A rule with a translation made a state by itself; now a pass rule has to. Where nothing passes everything, the default
 * would let packets through without a state, and so untranslated.
 */
function addDefaultPass(context: MigrationContext, statements: readonly SyntaxStatement[]): void {
  const translates = statements.some((one) => ["nat", "rdr", "binat"].includes(one.kind) && !one.broken);
  if (!translates) return;
  const first = statements.find((one) => one.kind === "rule");
  const catchesAll = first !== undefined && !first.clauses.some((one) => NARROWING.has(one.name));
  if (catchesAll) return;
  const last = statements.at(-1);
  const line = context.guard ? guardedPass(statements) : "pass\t\t# was the default; translations need a state\n";
  if (first !== undefined) context.out.insert(first.span.start, line, "translations need a state");
  else if (last !== undefined) context.out.append(line, "translations need a state");
}

/** The default passed without state, unless a translation needed one; the tags tell which packets these are. */
function guardedPass(statements: readonly SyntaxStatement[]): string {
  const has = (...kinds: string[]): boolean => statements.some((one) => kinds.includes(one.kind));
  let lines = "pass no state\t\t# was the default\n";
  if (has("rdr", "binat")) lines += `pass in tagged ${GUARDS.in} flags any\t\t# translations need a state\n`;
  if (has("nat", "binat")) lines += `pass out tagged ${GUARDS.out} flags any\t\t# translations need a state\n`;
  return lines;
}

const NARROWING: ReadonlySet<string> = new Set(["direction", "on", "family", "proto", "from", "to"]);

/** The name that `anchor "name"` calls; nothing for translation anchors and anchors without a name. */
function filterAnchorName(statement: SyntaxStatement): string[] {
  if (statement.tokens[0]?.text !== "anchor") return [];
  const name = statement.tokens.find((token) => token.role === "anchor");
  return name === undefined ? [] : [name.text];
}
