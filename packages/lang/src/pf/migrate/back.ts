/** The way back: translation and scrub options of rules become rules of their own, for the 4.6 family and FreeBSD. */
import type { SyntaxStatement } from "../syntax.ts";
import { clauseOf, type MigrationContext } from "./context.ts";

const APART = "translation rules stand by themselves";
/** What a translation rule can ask, in its order. */
const ASKED = ["on", "family", "proto", "from", "to", "tagged", "tag"] as const;
const KINDS = { "nat-to": "nat", "rdr-to": "rdr", "binat-to": "binat" } as const;

/** @returns whether it was this module's business */
export function rewriteBack(context: MigrationContext, statement: SyntaxStatement): boolean {
  const { from, to, out } = context;
  if (!to.oldTranslation || to.translationOptions) return false;
  const names = statement.clauses.map((one) => one.name);
  const option = (["nat-to", "rdr-to", "binat-to"] as const).find((name) => names.includes(name));
  const scrub = clauseOf(statement, "scrub");
  const action = clauseOf(statement, "action");
  const isMatch = action !== null && out.slice(action.span) === "match";
  if (option === undefined && scrub === null) {
    if (!isMatch || to.match) return false;
    context.left(statement, "`match` does not exist there: put what it does on the pass rules it is meant for.");
    return true;
  }
  if (!from.translationOptions) return false;
  if (scrub !== null) {
    if (!isMatch || option !== undefined || !onlyHas(names, ["scrub"])) {
      context.left(statement, "scrub with something else on one rule: write a `scrub` rule beside it.");
      return true;
    }
    const inner = out
      .slice(scrub.span)
      .replace(/^scrub\s*\(/, "")
      .replace(/\)\s*$/, "")
      .trim();
    const head = partsOf(context, statement, ["direction", "log", "on", "family", "proto", "from", "to", "tagged"]);
    const text = `scrub${head}${/ (?:from|to) /.test(`${head} `) ? "" : " all"} ${inner}`;
    move(context, statement, text, "scrub rules stand by themselves");
    out.comment(statement.span, "now a scrub rule, above");
    return true;
  }
  if (option === undefined) return false;
  const clause = clauseOf(statement, option);
  if (clause === null) return false;
  const wanted = option === "nat-to" ? "out" : option === "rdr-to" ? "in" : null;
  const direction = clauseOf(statement, "direction");
  const goes = direction === null ? null : out.slice(direction.span);
  if (goes !== wanted || (wanted !== null && direction === null)) {
    context.left(
      statement,
      `there \`${KINDS[option]}\` works for packets ${wanted === "in" ? "coming in" : "going out"} only.`,
    );
    return true;
  }
  if (isMatch && !onlyHas(names, [option])) {
    context.left(
      statement,
      "a match rule with more than a translation: write the translation rule and the rest apart.",
    );
    return true;
  }
  const target = out.slice(clause.span).replace(/^\S+\s*/, "");
  const rule = `${KINDS[option]}${partsOf(context, statement, ASKED)} -> ${target}`;
  if (isMatch) {
    move(context, statement, rule, APART);
    out.comment(statement.span, "now a rule of its own, above");
    return true;
  }
  if (out.slice((action ?? clause).span) !== "pass") {
    context.left(statement, "only pass and match rules translate.");
    return true;
  }
  if (option === "binat-to" || clauseOf(statement, "tagged") !== null) {
    context.left(statement, `write \`${rule}\`, and pass what it makes of the packets.`);
    return true;
  }
  // The pass rule sees the packet translated, and must not pass one that came with these addresses: a tag tells.
  const tag = `TRANSLATED_${++context.counters.tags}`;
  const asked = partsOf(context, statement, ["on", "family", "proto", "from", "to"]);
  move(context, statement, `${KINDS[option]}${asked} tag ${tag} -> ${target}`, APART);
  const own = clauseOf(statement, option === "rdr-to" ? "to" : "from");
  if (own !== null)
    out.replace(own.span, option === "rdr-to" ? "to any" : "from any", "a tag tells what was translated");
  out.replace(clause.span, `tagged ${tag}`, APART);
  return true;
}

function partsOf({ out }: MigrationContext, statement: SyntaxStatement, names: readonly string[]): string {
  let text = "";
  for (const name of names) {
    const clause = clauseOf(statement, name);
    if (clause !== null) text += ` ${out.slice(clause.span)}`;
  }
  return text;
}

function onlyHas(names: readonly string[], special: readonly string[]): boolean {
  const known = new Set<string>([...ASKED, "action", "direction", "log", "all", ...special]);
  return names.every((name) => known.has(name));
}

/** Before the first filter rule: translation and scrub rules have to stand there. */
function move({ out, firstRule }: MigrationContext, statement: SyntaxStatement, text: string, why: string): void {
  out.insert(firstRule ?? statement.span.start, `${text}\n`, why);
}
