/** `nat`, `rdr`, `binat` and `scrub` rules become `match` (or `pass … quick`) rules with options. */
import type { SyntaxStatement } from "../syntax.ts";
import { clauseOf, type MigrationContext } from "./context.ts";

/** The tags that say: a translation rule has decided about this packet on its way in, on its way out. */
export const GUARDS = { in: "TRANSLATED_IN", out: "TRANSLATED_OUT" } as const;
const GONE = "translation rules are options of match and pass rules";

export function rewriteTranslation(context: MigrationContext, statement: SyntaxStatement): void {
  const { out, guard } = context;
  const no = clauseOf(statement, "no") !== null;
  if (no && !guard) {
    context.left(
      statement,
      "an exemption from translation: migrate with tags (`--guard`), which say what was exempted.",
    );
    return;
  }
  if (!no && clauseOf(statement, "->") === null) return;
  const lines =
    statement.kind === "binat" && guard
      ? [binatLine(context, statement, "out"), binatLine(context, statement, "in")]
      : [translationLine(context, statement)];
  // The kernel asked binat rules first, wherever they stood.
  const { firstNat } = context;
  if (statement.kind === "binat" && firstNat !== null && firstNat < statement.span.start) {
    out.insert(firstNat, lines.map((line) => `${line}\n`).join(""), "binat rules came before nat rules");
    out.replace(statement.span, "# (a binat rule stood here: it came before the nat rules, and does now)", GONE);
  } else out.replace(statement.span, lines.join("\n"), GONE);
}

function partOf({ out }: MigrationContext, statement: SyntaxStatement, name: string): string {
  const clause = clauseOf(statement, name);
  return clause === null ? "" : ` ${out.slice(clause.span)}`;
}

function translationLine(context: MigrationContext, statement: SyntaxStatement): string {
  const direction = statement.kind === "nat" ? "out" : statement.kind === "rdr" ? "in" : null;
  const text = (name: string): string => partOf(context, statement, name);
  let result = headOf(context, statement, direction);
  for (const name of ["on", "family", "proto", "from", "to"]) result += text(name);
  result += marksOf(context, statement, direction);
  if (clauseOf(statement, "no") !== null) return result + text("rtable");
  return `${result} ${statement.kind}-to ${targetOf(context, statement)}${text("rtable")}`;
}

/** One direction of a binat rule: out it is nat with the ports kept, in it is rdr the other way round. */
function binatLine(context: MigrationContext, statement: SyntaxStatement, direction: "in" | "out"): string {
  const text = (name: string): string => partOf(context, statement, name);
  const source = text("from").replace(/^ from\s+/, "") || "any";
  const destination = text("to").replace(/^ to\s+/, "") || "any";
  let result = headOf(context, statement, direction);
  for (const name of ["on", "family", "proto"]) result += text(name);
  const isNo = clauseOf(statement, "no") !== null;
  const target = isNo ? "" : targetOf(context, statement);
  const whole = target.includes("/") ? " bitmask" : "";
  if (direction === "out") result += ` from ${source} to ${destination}`;
  else result += ` from ${destination} to ${isNo ? "any" : target}`;
  result += marksOf(context, statement, direction);
  if (isNo) return result;
  return direction === "out"
    ? `${result} nat-to ${target}${whole} static-port${text("rtable")}`
    : `${result} rdr-to ${source}${whole}${text("rtable")}`;
}

function headOf(context: MigrationContext, statement: SyntaxStatement, direction: "in" | "out" | null): string {
  const where = direction === null ? "" : ` ${direction}`;
  const log = partOf(context, statement, "log");
  return clauseOf(statement, "pass") === null ? `match${where}${log}` : `pass${where}${log} quick`;
}

/** What a rule asks of tags, and sets: its own win over the guard's. */
function marksOf(context: MigrationContext, statement: SyntaxStatement, direction: "in" | "out" | null): string {
  const own = partOf(context, statement, "tag");
  const tested = partOf(context, statement, "tagged");
  if (!context.guard || direction === null) return tested + own;
  const tag = GUARDS[direction];
  const passes = clauseOf(statement, "pass") !== null;
  return `${tested === "" ? ` ! tagged ${tag}` : tested}${own === "" ? (passes ? "" : ` tag ${tag}`) : own}`;
}

function targetOf({ out }: MigrationContext, statement: SyntaxStatement): string {
  const arrow = clauseOf(statement, "->");
  if (arrow === null) return "";
  return out
    .slice({ start: arrow.span.start, end: statement.span.end })
    .replace(/^->\s*/, "")
    .trimEnd();
}

export function rewriteTranslationAnchor(context: MigrationContext, statement: SyntaxStatement): void {
  const { out, filterAnchors, movedAnchors } = context;
  const word = statement.tokens[0];
  if (word === undefined || !/^(?:nat|rdr|binat)-anchor$/.test(word.text)) return;
  const name = statement.tokens.find((token, i) => i > 0 && (token.role === "anchor" || token.role === "string"))?.text;
  if (name !== undefined && (filterAnchors.has(name) || movedAnchors.has(name))) {
    out.comment(statement.span, "one anchor holds all kinds of rules now");
    return;
  }
  if (name !== undefined) movedAnchors.add(name);
  out.replace(word.span, "anchor", "one anchor holds all kinds of rules now");
}

export function rewriteScrub(context: MigrationContext, statement: SyntaxStatement): void {
  const { out } = context;
  const text = (name: string): string => {
    const clause = clauseOf(statement, name);
    return clause === null ? "" : ` ${out.slice(clause.span)}`;
  };
  if (clauseOf(statement, "no") !== null) {
    context.left(statement, "an exemption from scrub: reassembly cannot be switched off for some packets only.");
    return;
  }
  const fragment = text("fragment");
  if (/crop|drop-ovl/.test(fragment)) {
    context.left(
      statement,
      "`fragment crop` and `drop-ovl` are gone: fragments are reassembled (`set reassemble yes`).",
    );
    return;
  }
  const options = ["no-df", "random-id", "min-ttl", "max-mss"].map(text).join("");
  const tcp = /reassemble\s+tcp/.test(out.slice(statement.span)) ? " reassemble tcp" : "";
  const tos = clauseOf(statement, "set-tos");
  let head = `match${text("direction")}${text("log")}`;
  for (const name of ["on", "family", "proto", "from", "to", "tagged"]) head += text(name);
  if (options + tcp === "" && tos === null) {
    out.comment(statement.span, "fragments are reassembled by default");
    return;
  }
  if (options + tcp !== "") head += ` scrub (${(options + tcp).trim()})`;
  if (tos !== null) head += ` set tos ${out.slice(tos.span).replace(/^set-tos\s*/, "")}`;
  out.replace(statement.span, head, "scrub is an option of match rules");
}
