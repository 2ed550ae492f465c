/** Filter rules: where next hops stand and how they are written, queues, words that changed. */
import { type Address, parseAddress } from "@pierhead/core";
import type { PfDialect } from "../dialect.ts";
import type { SyntaxStatement } from "../syntax.ts";
import { clauseOf, type MigrationContext } from "./context.ts";

const ROUTES = ["route-to", "reply-to", "dup-to"] as const;

export function rewriteRule(context: MigrationContext, statement: SyntaxStatement): void {
  const { out, from, to } = context;
  for (const name of ROUTES) {
    const clause = clauseOf(statement, name);
    if (clause === null) continue;
    const before = out.slice(clause.span);
    const after = routeText(context, statement, before);
    if (after === null) continue;
    if (from.routeTo === to.routeTo) continue;
    if (to.routeTo === "before-family") {
      out.remove(clause.span, `${name} stands before the address family`);
      out.insert(placeOfOldRoute(statement), ` ${after}`, `${name} stands before the address family`);
    } else if (from.routeTo === "before-family") {
      out.remove(clause.span, `${name} is an option at the end of the rule`);
      out.insert(statement.span.end, ` ${after}`, `${name} is an option at the end of the rule`);
    } else out.replace(clause.span, after, "a next hop is an address, without its interface");
  }
  const queue = clauseOf(statement, "queue");
  if (queue !== null && !from.newQueues && to.newQueues) {
    out.replace(queue.span, `set ${out.slice(queue.span)}`, "queues are chosen with `set queue`");
  }
  const route = clauseOf(statement, "fastroute");
  if (route !== null && !to.keywords.has("fastroute")) out.remove(route.span, "`fastroute` is gone");
}

/** The next hops in the form of the other release; null when they cannot be said there. */
function routeText(context: MigrationContext, statement: SyntaxStatement, text: string): string | null {
  const { from, to, left } = context;
  if (to.routeTo === "option") {
    if (from.routeTo === "option") return text;
    const plain = text.replace(/\(\s*[^\s()]+\s+([^()]+?)\s*\)/g, "$1").replace(/@[A-Za-z][\w.]*/g, "");
    const rest = plain.replace(/^\S+\s*/, "").replace(/[{},]/g, " ");
    if (/^\s*\$?[A-Za-z]\w*\s*$/.test(rest) && !rest.trim().startsWith("$")) {
      left(statement, "route-to with an interface alone: write the address of the next hop.");
      return null;
    }
    return plain;
  }
  if (from.routeTo !== "option") return text;
  const hops = hopsOf(statement, text);
  const pairs = hops.map((hop) => {
    const on = interfaceTo(context, hop.address);
    return on === null ? null : `(${on} ${hop.written})`;
  });
  if (pairs.length === 0 || pairs.includes(null)) {
    left(statement, "the next hop needs its interface there: write `(interface address)`.");
    return null;
  }
  const [word] = text.split(/\s+/, 1);
  const rest = /\b(?:round-robin|random|source-hash|bitmask|sticky-address|least-states)\b.*$/s.exec(text)?.[0];
  const list = pairs.length === 1 ? pairs[0] : `{ ${pairs.join(", ")} }`;
  return `${word} ${list}${rest === undefined ? "" : ` ${rest}`}`;
}

/** The next hops of a clause: what they are, and how they are written. */
function hopsOf(statement: SyntaxStatement, text: string): { address: Address; written: string }[] {
  const clause = ROUTES.map((name) => clauseOf(statement, name)).find(
    (one) => one !== null && text.startsWith(one.name),
  );
  const hops: { address: Address; written: string }[] = [];
  let macro: string | null = null;
  for (const token of statement.tokens.slice(clause?.first ?? 0, (clause?.last ?? 0) + 1)) {
    if (token.role === "macro-reference") macro = `$${token.text}`;
    else if (!token.expanded) macro = null;
    const address = token.role === "address" ? parseAddress(token.text) : null;
    if (address !== null) hops.push({ address, written: macro ?? token.text });
  }
  return hops;
}

function interfaceTo({ interfaces }: MigrationContext, address: Address): string | null {
  const found = interfaces.find((one) => one.addresses.some((own) => address.isIn(own.address, own.length)));
  return found?.name ?? null;
}

/** After the interface, else after direction, log and quick: where parse.y of the 4.6 family has `route`. */
function placeOfOldRoute(statement: SyntaxStatement): number {
  let end = clauseOf(statement, "action")?.span.end ?? statement.span.start;
  for (const name of ["direction", "log", "quick", "on"]) end = Math.max(end, clauseOf(statement, name)?.span.end ?? 0);
  return end;
}

/** Where a route option is put into a rule of this dialect. */
export function routeInsertion(statement: SyntaxStatement, dialect: PfDialect): number {
  return dialect.routeTo === "before-family" ? placeOfOldRoute(statement) : statement.span.end;
}
