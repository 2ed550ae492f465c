/** Names in pf.conf that lead nowhere: macros and tables nobody uses, tags nobody sets, anchors nobody fills. */
import { type Diagnostic, diagnostic, type Span } from "@pierhead/core";
import type { SyntaxToken } from "@pierhead/lang/pf";
import { nearest } from "@pierhead/lang/text";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import { type OutsideWorld, outsideWorld } from "./pf-outside.ts";
import { isComplete, loadsOf, rulesOf, statementsOf, tokensOf } from "./pf-walk.ts";

export function checkUsage(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const outside = outsideWorld(build);
  return [
    ...checkMacros(pf),
    ...(isComplete(pf) ? [...checkTables(pf, outside), ...checkTags(pf, outside), ...checkAnchors(pf, outside)] : []),
  ];
}

/** A macro of the file itself that is defined and never used. */
function checkMacros(pf: LoadedPf): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const load of loadsOf(pf)) {
    const { syntax } = load;
    if (syntax === null) continue;
    const definitions = new Map<string, SyntaxToken>();
    const used = new Set<string>();
    let includes = false;
    for (const { token, statement } of tokensOf(load)) {
      // What is broken may be no assignment at all: `nat on …` begins as one does.
      if (token.role === "macro-definition" && !statement.broken) definitions.set(token.text, token);
      else if (token.role === "macro-reference") used.add(token.text.replace(/^\$/, ""));
      if (statement.kind === "include") includes = true;
    }
    // An included file may use what was defined before it; what it says is not in this syntax.
    if (includes) continue;
    const { text } = syntax.source;
    for (const [name, token] of definitions) {
      // A broken statement may hide a use: ask the text itself.
      if (used.has(name) || new RegExp(`\\$\\{?${name}\\b`).test(text)) continue;
      found.push(
        diagnostic("pf/unused-macro", "warning", `Macro \`${name}\` is never used.`, syntax.source, token.span),
      );
    }
  }
  return found;
}

function checkTables(pf: LoadedPf, outside: OutsideWorld): Diagnostic[] {
  const found: Diagnostic[] = [];
  const defined = new Set<string>();
  const filled = new Set<string>(outside.tables);
  const used = new Map<string, { source: NonNullable<Diagnostic["source"]>; span: Span }>();
  for (const load of loadsOf(pf)) {
    for (const anchor of [load.configuration.main, ...load.configuration.main.children.values()]) {
      for (const name of anchor.tables.keys()) defined.add(name);
    }
    for (const { rule } of rulesOf(load)) {
      for (const side of [rule.from.address, rule.to.address]) {
        if (side.kind === "table" && rule.origin !== null && !used.has(side.name)) used.set(side.name, rule.origin);
      }
      for (const pool of [rule.nat, rule.rdr, rule.route]) {
        for (const member of pool?.members ?? []) {
          if (member.address.kind === "table" && rule.origin !== null) used.set(member.address.name, rule.origin);
        }
      }
      const overload = rule.state?.overload?.table;
      if (overload !== undefined) filled.add(overload);
    }
  }
  for (const [name, place] of used) {
    if (defined.has(name) || filled.has(name) || name.startsWith("__")) continue;
    const meant = nearest(name, defined);
    found.push(
      diagnostic(
        "pf/undefined-table",
        "warning",
        `Nothing in these files defines or fills table <${name}>, so it is empty${meant === null ? "" : `; did you mean <${meant}>?`}`,
        place.source,
        place.span,
      ),
    );
  }
  for (const load of loadsOf(pf)) {
    for (const table of load.configuration.main.tables.values()) {
      if (used.has(table.name) || filled.has(table.name) || table.persist || table.origin === null) continue;
      if (mentioned(pf, table.name)) continue;
      found.push(
        diagnostic(
          "pf/unused-table",
          "warning",
          `No rule uses table <${table.name}>; without \`persist\` the kernel drops it at once.`,
          table.origin.source,
          table.origin.span,
        ),
      );
    }
  }
  return found;
}

/** Whether some statement but its own names a table: in an anchor's body, in a limiter. */
function mentioned(pf: LoadedPf, name: string): boolean {
  for (const load of loadsOf(pf)) {
    for (const { token, statement } of tokensOf(load)) {
      if (statement.kind !== "table" && token.role === "table" && token.text === name) return true;
    }
  }
  return false;
}

/** A tag that is tested and never set: the rule matches nothing. */
function checkTags(pf: LoadedPf, outside: OutsideWorld): Diagnostic[] {
  if (outside.setsTags) return [];
  const set = new Set<string>();
  const tested = new Map<string, { source: NonNullable<Diagnostic["source"]>; span: Span }>();
  for (const load of loadsOf(pf)) {
    for (const { rule } of rulesOf(load)) {
      if (rule.tag !== null) set.add(rule.tag);
      if (rule.tagged !== null && !rule.taggedNegated && rule.origin !== null && !tested.has(rule.tagged)) {
        tested.set(rule.tagged, rule.origin);
      }
    }
  }
  const found: Diagnostic[] = [];
  for (const [name, place] of tested) {
    // `$if` and the like in a tag stand for the interface of the packet's rule.
    if (set.has(name) || name.includes("$") || [...set].some((one) => one.includes("$"))) continue;
    const meant = nearest(name, set);
    found.push(
      diagnostic(
        "pf/undefined-tag",
        "warning",
        `No rule sets the tag \`${name}\`, so this rule matches nothing${meant === null ? "" : `; did you mean \`${meant}\`?`}`,
        place.source,
        place.span,
      ),
    );
  }
  return found;
}

/** An anchor point that stays empty as far as these files tell. */
function checkAnchors(pf: LoadedPf, outside: OutsideWorld): Diagnostic[] {
  const found: Diagnostic[] = [];
  const loaded = new Set(pf.load.configuration.loads.map((one) => one.anchor.replace(/^\//, "")));
  for (const statement of statementsOf(pf.load)) {
    if (statement.kind !== "anchor" || statement.body !== null) continue;
    const token = statement.tokens.find((one) => one.role === "anchor");
    const name = token?.text.replace(/^\//, "");
    if (token === undefined || name === undefined || name === "") continue;
    const wildcard = name.endsWith("*");
    const path = name.replace(/\/?\*$/, "");
    const known = [...loaded, ...outside.anchors];
    if (known.some((one) => one === path || (wildcard && (path === "" || one.startsWith(`${path}/`))))) continue;
    if (FILLED_BY_PROGRAMS.has(path.split("/")[0] as string) || (wildcard && path === "")) continue;
    if (pf.load.configuration.anchor(path).filter.length > 0) continue;
    found.push(
      diagnostic(
        "pf/anchor-never-filled",
        "warning",
        `Nothing in these files loads rules into anchor \`${name}\`, so it stays empty.`,
        pf.source,
        token.span,
      ),
    );
  }
  return found;
}

/** Programs that keep rules in an anchor of their own name. */
const FILLED_BY_PROGRAMS: ReadonlySet<string> = new Set([
  "ftp-proxy",
  "ftpsesame",
  "pierhead",
  "tftp-proxy",
  "relayd",
  "authpf",
  "spamd",
  "miniupnpd",
  "blacklistd",
  "blocklistd",
  "sshguard",
  "f2b",
  "fail2ban",
  "hotspotd",
  "dhcpd",
  "com.apple",
]);
