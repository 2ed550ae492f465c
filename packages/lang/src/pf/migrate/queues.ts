/** ALTQ becomes the queues of OpenBSD 5.5: `altq on` a root, its queues a tree of names with parents. */
import type { Span } from "@pierhead/core";
import type { SyntaxStatement } from "../syntax.ts";
import { clauseOf, type MigrationContext } from "./context.ts";

const GONE = "queues are a tree of their own";

interface Parent {
  readonly name: string;
  /** Bits per second. */
  readonly bandwidth: number;
}

/** Rewrites all that can be said; the rest is left with a reason. */
export function rewriteQueues(context: MigrationContext, statements: readonly SyntaxStatement[]): void {
  const parents = new Map<string, Parent | null>();
  for (const statement of statements) {
    if (statement.broken) continue;
    if (statement.kind === "altq") rewriteRoot(context, statement, parents);
    else if (statement.kind === "queue") rewriteQueue(context, statement, parents);
  }
}

function rewriteRoot(context: MigrationContext, statement: SyntaxStatement, parents: Map<string, Parent | null>): void {
  const { out } = context;
  const on = clauseOf(statement, "on");
  const scheduler = schedulerOf(context, statement);
  const interfaceName = statement.tokens.find((token) => token.role === "interface")?.text;
  const bandwidth = bandwidthOf(statement, null);
  const children = childrenOf(statement);
  const give = (parent: Parent | null): void => {
    // A queue of two interfaces would need two definitions with one name.
    for (const child of children) parents.set(child, parents.has(child) ? null : parent);
  };
  if (on === null || interfaceName === undefined || scheduler === null || scheduler === "priq") {
    give(null);
    context.left(
      statement,
      scheduler === "priq"
        ? "priq is gone: every interface has eight priorities; write `set prio` on rules, or queues with bandwidths."
        : "ALTQ is gone; write `queue NAME on INTERFACE bandwidth …` and its children with `parent`.",
    );
    return;
  }
  if (bandwidth === null) {
    give(null);
    context.left(
      statement,
      "ALTQ is gone; a root queue needs a bandwidth in bits: `queue NAME on INTERFACE bandwidth 10M`.",
    );
    return;
  }
  const name = `root_${interfaceName.replace(/\W/g, "_")}`;
  give({ name, bandwidth });
  out.replace(statement.span, `queue ${name} ${out.slice(on.span)} bandwidth ${bitsText(bandwidth)}`, GONE);
}

function rewriteQueue(
  context: MigrationContext,
  statement: SyntaxStatement,
  parents: Map<string, Parent | null>,
): void {
  const { out } = context;
  const name = statement.tokens.find((token) => token.role === "queue")?.text;
  if (name === undefined) return;
  const parent = parents.get(name);
  const children = childrenOf(statement);
  const fail = (message: string): void => {
    for (const child of children) parents.set(child, null);
    context.left(statement, message);
  };
  if (parent === undefined || parent === null) {
    fail("its parent was not rewritten, or it is a queue of several interfaces; write `queue NAME parent …` for each.");
    return;
  }
  const own =
    bandwidthOf(statement, parent.bandwidth) ?? (clauseOf(statement, "bandwidth") === null ? parent.bandwidth : null);
  if (own === null) {
    fail("its bandwidth is not a plain number; write `bandwidth 5M`.");
    return;
  }
  const scheduler = schedulerOf(context, statement);
  const text = scheduler === null ? "" : out.slice((clauseOf(statement, "scheduler") as { span: Span }).span);
  const options = /\(([^)]*\)?[^)]*)\)/.exec(text)?.[1] ?? "";
  if (/\(/.test(options)) {
    fail("service curves with two slopes are written `bandwidth … burst … for …ms` now.");
    return;
  }
  let line = `queue ${name} parent ${parent.name} bandwidth ${bitsText(own)}`;
  const realtime = /\brealtime\s+([\d.]+\S*)/.exec(options)?.[1];
  const upper = /\bupperlimit\s+([\d.]+\S*)/.exec(options)?.[1];
  const share = /\blinkshare\s+([\d.]+\S*)/.exec(options)?.[1];
  if (share !== undefined) {
    const bits = bitsOf(share, parent.bandwidth);
    if (bits !== null) line = `queue ${name} parent ${parent.name} bandwidth ${bitsText(bits)}`;
  }
  const least = realtime === undefined ? null : bitsOf(realtime, parent.bandwidth);
  if (least !== null) line += ` min ${bitsText(least)}`;
  const most = upper === undefined ? null : bitsOf(upper, parent.bandwidth);
  if (most !== null) line += ` max ${bitsText(most)}`;
  // A class of cbq that does not borrow has no more than its own.
  else if (scheduler === "cbq" && !/\bborrow\b/.test(options)) line += ` max ${bitsText(own)}`;
  const limit = clauseOf(statement, "qlimit");
  if (/\bdefault\b/.test(options)) line += " default";
  if (limit !== null) line += ` ${out.slice(limit.span)}`;
  const lost = ["red", "rio", "ecn"].filter((word) => new RegExp(`\\b${word}\\b`).test(options));
  if (clauseOf(statement, "priority") !== null) lost.push("priority");
  for (const child of children) parents.set(child, { name, bandwidth: own });
  out.replace(statement.span, line, GONE);
  if (lost.length > 0)
    context.note(
      statement,
      `the new queues have no ${lost.join(", ")}; for priorities there is \`set prio\` on rules.`,
    );
}

function schedulerOf({ out }: MigrationContext, statement: SyntaxStatement): string | null {
  const clause = clauseOf(statement, "scheduler");
  return clause === null ? null : (/^[a-z]+/.exec(out.slice(clause.span))?.[0] ?? null);
}

/** Names in the braces after `queue`, or after a queue's own options. */
function childrenOf({ tokens }: SyntaxStatement): string[] {
  const names = tokens.filter((token) => token.role === "queue").map((token) => token.text);
  return tokens[0]?.text === "altq" ? names : names.slice(1);
}

function bandwidthOf(statement: SyntaxStatement, whole: number | null): number | null {
  const at = statement.tokens.findIndex((token) => token.role === "keyword" && token.text === "bandwidth");
  const value = statement.tokens.slice(at + 1).find((token) => token.role !== "macro-reference");
  return at === -1 || value === undefined ? null : bitsOf(value.text, whole);
}

/** `10Mb`, `500Kb`, `50%` of the parent. */
function bitsOf(text: string, whole: number | null): number | null {
  const match = /^([\d.]+)(%|[KMG]?b)?$/i.exec(text);
  if (match === null) return null;
  const value = Number(match[1]);
  if (match[2] === "%") return whole === null ? null : Math.round((whole * value) / 100);
  const unit = (match[2] ?? "").charAt(0).toUpperCase();
  return Math.round(value * (unit === "G" ? 1e9 : unit === "M" ? 1e6 : unit === "K" ? 1e3 : 1));
}

function bitsText(bits: number): string {
  for (const [size, unit] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "K"],
  ] as const) {
    if (bits >= size && bits % size === 0) return `${bits / size}${unit}`;
  }
  return `${bits}`;
}
