/** Keeps account of a log: which rules logged how often, and what does not fit the configuration. */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type { LoggingRule, RuleFinder } from "./join.ts";
import type { PflogEntry } from "./types.ts";

/** One rule and how many entries it logged. */
export interface RuleCount {
  readonly logging: LoggingRule;
  readonly entries: number;
}

export interface Joined {
  readonly entry: PflogEntry;
  /** None: not in the configuration, or the default rule. Several: the log does not tell them apart. */
  readonly rules: readonly LoggingRule[];
}

const NOWHERE = { start: 0, end: 0 };

export class PflogAccount {
  readonly #finder: RuleFinder;
  readonly #counts: Map<LoggingRule["rule"], { logging: LoggingRule; entries: number }> = new Map();
  #entries = 0;
  #lines = 0;
  #unread = 0;
  #firstUnread = 0;
  #missing = 0;
  #firstMissing: PflogEntry | null = null;
  #other = 0;
  #firstOther: Joined | null = null;
  #several = 0;

  constructor(finder: RuleFinder) {
    this.#finder = finder;
  }

  get entries(): number {
    return this.#entries;
  }

  /** A line or a packet of the log; null is one that is not of pflog. */
  add(entry: PflogEntry | null): Joined | null {
    this.#lines++;
    if (entry === null) {
      this.#unread++;
      if (this.#unread === 1) this.#firstUnread = this.#lines;
      return null;
    }
    this.#entries++;
    const rules = this.#finder.find(entry);
    const joined: Joined = { entry, rules };
    if (rules.length > 1) this.#several++;
    if (rules.length === 0 && entry.rule !== null) {
      this.#missing++;
      this.#firstMissing ??= entry;
    }
    const [first] = rules;
    if (first !== undefined && !rules.some(({ rule }) => fits(entry, rule))) {
      this.#other++;
      this.#firstOther ??= joined;
    }
    if (rules.length === 1 && first !== undefined) {
      const known = this.#counts.get(first.rule);
      if (known === undefined) this.#counts.set(first.rule, { logging: first, entries: 1 });
      else known.entries++;
    }
    return joined;
  }

  /** Rules that logged, most entries first. */
  counts(): RuleCount[] {
    return [...this.#counts.values()].sort((a, b) => b.entries - a.entries);
  }

  diagnostics(): Diagnostic[] {
    const found: Diagnostic[] = [];
    const say = (code: string, severity: "warning" | "note", message: string): void => {
      found.push(diagnostic(code, severity, message, null, NOWHERE));
    };
    if (this.#unread > 0) {
      const what = this.#unread === 1 ? "1 line is" : `${this.#unread} lines are`;
      const where = this.#unread === 1 ? `line ${this.#firstUnread}` : `the first is line ${this.#firstUnread}`;
      say(
        "pflog/not-a-log-line",
        this.#entries === 0 ? "warning" : "note",
        `${what} not of pflog (${where}); tcpdump has to be asked with -e, or the rules are not in the lines.`,
      );
    }
    const missing = this.#firstMissing;
    if (missing !== null) {
      say(
        "pflog/no-such-rule",
        "warning",
        `${this.#missing} of ${this.#entries} entries name a rule that these files do not load, the first rule ${ruleName(missing)}: the machine runs other rules, or an anchor is filled by a program.`,
      );
    }
    const other = this.#firstOther;
    if (other !== null) {
      say(
        "pflog/other-action",
        "warning",
        `${this.#other} of ${this.#entries} entries do not fit the rule of their number, the first rule ${ruleName(other.entry)}, which did ${other.entry.action} ${other.entry.direction} on ${other.entry.interface}: the machine runs other rules than these files.`,
      );
    }
    if (this.#several > 0) {
      say(
        "pflog/several-anchors",
        "note",
        `${this.#several} entries are about an anchor whose name several anchors have; all that can be meant are listed.`,
      );
    }
    return found;
  }
}

/** As the log writes it: `5`, `5.ftp-proxy.2`. */
export function ruleName({ rule, anchor, subrule }: PflogEntry): string {
  const number = rule ?? "def";
  return anchor === null && subrule === null ? `${number}` : `${number}.${anchor ?? ""}.${subrule ?? "def"}`;
}

/** Whether a rule can have logged an entry. Packets that are dropped for what they are may stand on any rule. */
function fits(entry: PflogEntry, rule: LoggingRule["rule"]): boolean {
  if (rule.direction !== null && rule.direction !== entry.direction) return false;
  if (entry.reason !== "match") return true;
  if (entry.action === "block") return rule.action === "block";
  if (entry.action === "pass" || entry.action === "match") return rule.action === "pass" || rule.action === "match";
  return true;
}
