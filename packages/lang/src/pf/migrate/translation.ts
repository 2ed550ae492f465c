/** `nat`, `rdr`, `binat` and `scrub` rules become `match` (or `pass … quick`) rules with options. */
import type { SyntaxStatement } from "../syntax.ts";
import { clauseOf, type MigrationContext } from "./context.ts";

/** The tag that says: a translation rule has decided about this packet. */
const GUARD = "TRANSLATED";
const HEAD = ["log", "on", "family", "proto", "from", "to"] as const;
const GONE = "translation rules are options of match and pass rules";

export function rewriteTranslation(context: MigrationContext, statement: SyntaxStatement): void {
  const { out, guard } = context;
  const text = (name: string): string => {
    const clause = clauseOf(statement, name);
    return clause === null ? "" : ` ${out.slice(clause.span)}`;
  };
  const no = clauseOf(statement, "no") !== null;
  if (no && !guard) {
    context.left(
      statement,
      "an exemption from translation: migrate with tags (`--guard`), which say what was exempted.",
    );
    return;
  }
  const passes = clauseOf(statement, "pass") !== null;
  const direction = statement.kind === "nat" ? " out" : statement.kind === "rdr" ? " in" : "";
  let result = passes ? `pass${direction}${text("log")} quick` : `match${direction}${text("log")}`;
  for (const name of HEAD) if (name !== "log") result += text(name);
  // A tag of the rule itself wins over the guard's, and so do the tests for one.
  const ownTag = clauseOf(statement, "tag");
  const tested = clauseOf(statement, "tagged");
  if (tested !== null) result += text("tagged");
  else if (guard) result += ` ! tagged ${GUARD}`;
  if (ownTag !== null) result += text("tag");
  else if (guard && !passes) result += ` tag ${GUARD}`;
  const rtable = text("rtable");
  const arrow = clauseOf(statement, "->");
  if (!no) {
    if (arrow === null) return;
    const target = out.slice({ start: arrow.span.start, end: statement.span.end }).replace(/^->\s*/, "");
    result += ` ${statement.kind}-to ${target.trimEnd()}`;
  }
  // The kernel asked binat rules first, wherever they stood.
  const { firstNat } = context;
  if (statement.kind === "binat" && firstNat !== null && firstNat < statement.span.start) {
    out.insert(firstNat, `${result + rtable}\n`, "binat rules came before nat rules");
    out.replace(statement.span, "# (a binat rule stood here: it came before the nat rules, and does now)", GONE);
  } else out.replace(statement.span, result + rtable, GONE);
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
