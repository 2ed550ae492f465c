/** Constructs of pf.conf(5) on other systems and releases: recognized where they are errors, to say what they became. */
import type { Edit, Fix } from "@pierhead/core";
import { allKeywords } from "./keywords.ts";
import type { Explanation, Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

const CODE = "pf/other-dialect";

/** What a statement of another dialect is called here; `word` is its first word. */
function foreignStatement(reader: Reader, word: string): string | null {
  const { dialect } = reader;
  const { family } = dialect;
  const here = dialect.system.name;
  switch (word) {
    case "nat":
      if (family === "openbsd") return "`nat on` is gone since OpenBSD 4.7: write `match out … nat-to`.";
      break;
    case "rdr":
      if (family === "openbsd") {
        return "`rdr on` is gone since OpenBSD 4.7: write `match in … rdr-to`, and `pass in … rdr-to` for `rdr pass`.";
      }
      break;
    case "binat":
      if (family === "openbsd") return "`binat on` is gone since OpenBSD 4.7: write `match … binat-to`.";
      break;
    case "no":
      if (family === "openbsd") {
        return "`no nat` and `no rdr` are gone since OpenBSD 4.7: let the match rule exclude the addresses with `!`, or write a `pass quick` rule before it.";
      }
      break;
    case "scrub":
      if (family === "openbsd") {
        return "Scrub rules are gone since OpenBSD 4.7: write `match in all scrub (no-df random-id max-mss 1440)`; fragments are reassembled anyway, see `set reassemble`.";
      }
      break;
    case "nat-anchor":
    case "rdr-anchor":
    case "binat-anchor":
      if (family === "openbsd")
        return `\`${word}\` is gone since OpenBSD 4.7: one \`anchor\` holds all kinds of rules.`;
      break;
    case "altq":
      if (!dialect.altq) {
        return family === "openbsd"
          ? "`altq on` is gone since OpenBSD 5.5: write `queue name on interface bandwidth …`, and its children with `parent`."
          : `${here} has no ALTQ.`;
      }
      break;
    case "match":
      if (!dialect.match) return `${here} has no match rules: use nat, rdr, scrub and pass rules for what they did.`;
      break;
    case "ether":
      return "`ether` rules exist on FreeBSD from 14 only.";
    case "queue":
      if (!dialect.altq && !dialect.newQueues) return `${here} has no queues.`;
      break;
    case "include":
      if (!dialect.keywords.has("include")) return `${here} has no \`include\`: the files must be one.`;
      break;
    case "state":
    case "source":
      return `\`${word} limiter\` does not exist on ${here}.`;
    default:
  }
  return null;
}

/** Words of rules that other dialects have, and what to do about them here. */
const WORDS: Record<string, string> = {
  "nat-to": "Translation is a rule of its own here: write `nat on interface from … to … -> address`.",
  "rdr-to": "Redirection is a rule of its own here: write `rdr on interface from … to … -> address`.",
  "binat-to": "Translation is a rule of its own here: write `binat on interface from … to … -> address`.",
  "af-to": "pf does not translate between IPv4 and IPv6 here.",
  "received-on": "Tag the packets where they come in (`tag name`), and test for the tag (`tagged name`).",
  once: "Rules cannot remove themselves here.",
  "divert-packet": "Packets can be diverted to connections only here.",
  "max-pkt-rate": "The rate of packets cannot be tested here.",
  "max-pkt-size": "The size of packets cannot be tested here.",
  fastroute: "`fastroute` is gone; leave it away.",
  prio: "Packets have no priorities here.",
  weight: "Members of a pool have no weights here.",
  "least-states": "Pools cannot choose by states here: use round-robin.",
  ridentifier: "Rules have no identifiers here: use a label.",
  dnpipe: "There is no dummynet here.",
  dnqueue: "There is no dummynet here.",
  rdomain: "There are no routing domains here: use `rtable`.",
  "route-to":
    "Where it stands is different: before OpenBSD 4.7 and on FreeBSD after the interface, since then among the options.",
  matches: "`log (matches)` does not exist here: log at the rules themselves.",
  "require-order": "Rules need no order here: leave the line away.",
  "fail-policy": "There is no `set fail-policy` here.",
  keepcounters: "There is no `set keepcounters` here.",
  "state-defaults": "There is no `set state-defaults` here: write the options at the rules.",
  syncookies: "There is no `set syncookies` here.",
  hostid: "There is no `set hostid` here.",
};

/** Whether the token that does not fit makes sense on another system; null when it does not. */
export function otherDialect(reader: Reader, kind: number, text: string): Explanation | null {
  const { lexer } = reader;
  const source = lexer.source.text;
  const first = firstWord(source, reader.statementStart);
  const statement = foreignStatement(reader, first);
  if (statement !== null && reader.openBraces === 0 && isNear(reader, first)) {
    const start = reader.statementStart;
    const fix = reader.dialect.family === "openbsd" ? rewriteOld(reader, first, start) : null;
    return { code: CODE, message: statement, fix, start, end: start + first.length };
  }
  if (kind === Token.arrow || (kind === Char.minus && source.startsWith("->", lexer.start))) {
    return plain(
      "`->` belongs to the translation rules of other systems; here the option `nat-to` or `rdr-to` is followed by the address.",
    );
  }
  if (reader.dialect.routeTo === "option" && isRouteClause(reader.clauseName)) {
    const old = oldRoute(source, reader, kind);
    if (old !== null) return old;
  }
  if (reader.dialect.keywords.has(text) && text !== "route-to") return null;
  const advice = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  if (advice !== undefined) return plain(`\`${text}\` does not fit here on ${reader.dialect.system.name}. ${advice}`);
  if (allKeywords().has(text) && !reader.dialect.keywords.has(text)) {
    return plain(`\`${text}\` is a word of pf.conf on other systems; ${reader.dialect.system.name} does not have it.`);
  }
  return null;
}

function plain(message: string): Explanation {
  return { code: CODE, message, fix: null };
}

function isRouteClause(name: string): boolean {
  return name === "route-to" || name === "reply-to" || name === "dup-to";
}

// `(em0 10.0.0.1)` or `em0`: before OpenBSD 6.9.
function oldRoute(source: string, reader: Reader, kind: number): Explanation | null {
  if (kind !== Token.string && kind !== Token.number) return null;
  const open = source.lastIndexOf("(", reader.lexer.start);
  if (open < reader.statementStart) return null;
  const match = /^\(\s*([^\s()]+)\s+([^\s()]+)\s*\)/.exec(source.slice(open, open + 200));
  if (match === null) return null;
  const [whole, , address] = match as unknown as [string, string, string];
  const end = open + whole.length;
  const file = reader.lexer.source;
  const rest = logicalLine(source, end);
  const word = source.lastIndexOf(reader.clauseName, open);
  const isAlone = word >= reader.statementStart && /^\s*$/.test(source.slice(word + reader.clauseName.length, open));
  // It stood before the address family; now it is an option, and those come last.
  const moves = isAlone && /^\s+(?:inet6?|proto|from|to|all)\b/.test(rest);
  const last = end + rest.trimEnd().length;
  return {
    code: CODE,
    message: `Since OpenBSD 6.9 \`${reader.clauseName}\` takes the next hop alone, and its interface follows from the route: write \`${address}\`.`,
    fix: {
      title: moves ? `write \`${reader.clauseName} ${address}\` at the end` : `write \`${address}\``,
      edits: moves
        ? [
            { source: file, span: { start: word, end: end + 1 }, text: "" },
            { source: file, span: { start: last, end: last }, text: ` ${reader.clauseName} ${address}` },
          ]
        : [{ source: file, span: { start: open, end }, text: address }],
    },
    start: open,
    end,
  };
}

/** The error is at the first word or right behind it: the statement as a whole is not known. */
function isNear(reader: Reader, first: string): boolean {
  const end = reader.statementStart + first.length;
  if (reader.lexer.start <= end) return true;
  const between = reader.lexer.source.text.slice(end, reader.lexer.start);
  return (
    !between.includes("=") &&
    (first !== "no" || /^\s+(nat|rdr|binat|scrub)?\s*$/.test(between)) &&
    between.trim().split(/\s+/).length <= 2
  );
}

function firstWord(text: string, start: number): string {
  return /^[a-z-]*/.exec(text.slice(start, start + 40))?.[0] ?? "";
}

const SCRUB_OPTION = String.raw`\s+(?:no-df|random-id|min-ttl\s+\d+|max-mss\s+\d+|reassemble\s+tcp|fragment\s+reassemble)`;
const SCRUB = new RegExp(`^scrub\\b((?:(?!${SCRUB_OPTION})[^#])*?)((?:${SCRUB_OPTION})+)\\s*$`);

/** A scrub rule for everything that asks for reassembly only: what every pf since 4.7 does without being told. */
const PLAIN_SCRUB =
  /^scrub(?:\s+(?:in|out|log|all|on\s+(?:\{[^}\n]*\}|[^\s{]+)|from\s+any\s+to\s+any|fragment\s+reassemble))*\s*$/;

/** The old statement in the words of OpenBSD 4.7 and later, where that is a matter of a few words. */
function rewriteOld(reader: Reader, word: string, start: number): Fix | null {
  const { source } = reader.lexer;
  const line = logicalLine(source.text, start);
  const edits: Edit[] = [];
  const edit = (from: number, to: number, text: string): void => {
    edits.push({ source, span: { start: start + from, end: start + to }, text });
  };
  let title: string;
  if (word === "scrub" && PLAIN_SCRUB.test(line)) {
    edit(0, line.trimEnd().length, "");
    title = "take the rule away: fragments are reassembled by default";
  } else if (word === "scrub") {
    const match = SCRUB.exec(line);
    if (match === null) return null;
    const [, clauses, options] = match as unknown as [string, string, string];
    const kept = options
      .replace(/\s+fragment\s+reassemble/g, "")
      .trim()
      .replace(/\s+/g, " ");
    if (kept === "") return null;
    edit(0, line.trimEnd().length, `match${clauses} scrub (${kept})`);
    title = "write `match … scrub ( … )`";
  } else {
    const head = /^(nat|rdr|binat)(\s+pass)?(?=\s)/.exec(line);
    const arrow = line.indexOf("->");
    if (head === null || arrow === -1) return null;
    const action = head[2] === undefined ? "match" : "pass";
    const direction = word === "nat" ? " out" : word === "rdr" ? " in" : "";
    // `binat pass` would need a direction, and two rules.
    if (word === "binat" && action === "pass") return null;
    edit(0, head[0].length, `${action}${direction}`);
    edit(arrow, arrow + 2, `${word}-to`);
    title = `write \`${action}${direction} … ${word}-to\``;
  }
  return { title, edits };
}

/** From `start` to the line end that no backslash takes away; comments end it, too. */
function logicalLine(text: string, start: number): string {
  const match = /^(?:\\[\s\S]|"[^"\n]*"|[^\n#\\"])*/.exec(text.slice(start, start + 4096));
  return match?.[0] ?? "";
}
