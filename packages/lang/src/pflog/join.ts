/** From what a log says about a rule to the line it was written on. */
import type { Anchor, PfConfiguration, Rule } from "../pf/index.ts";
import { listOf, type PflogEntry } from "./types.ts";

/** A rule that may have logged an entry, and the path of the anchor it is in ("" is the main ruleset). */
export interface LoggingRule {
  readonly rule: Rule;
  readonly anchor: string;
}

/** Octets of an anchor's name that the header holds (PFLOG_RULESET_NAME_SIZE, one of them is the end). */
const NAME_KEPT = 15;

/**
 * The rules that an entry can be about. One for a rule of the main ruleset; in anchors the log has the number of the call,
 * the number in the anchor and the anchor's last name, which several anchors may share: then there are several. None when
 * the loaded rules are not those of the configuration.
 */
export class RuleFinder {
  readonly #main: Anchor;
  readonly #split: boolean;
  /** Every anchor by the name the log has for it. */
  readonly #byName: Map<string, Anchor[]> = new Map();

  /** @param split translation and scrub rules are lists of their own (4.6 family, FreeBSD, NetBSD) */
  constructor(configuration: PfConfiguration, split: boolean) {
    this.#main = configuration.main;
    this.#split = split;
    const pending = [...configuration.main.children.values()];
    for (let anchor = pending.pop(); anchor !== undefined; anchor = pending.pop()) {
      const name = anchor.name.slice(0, NAME_KEPT);
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), anchor]);
      pending.push(...anchor.children.values());
    }
  }

  find(entry: PflogEntry): LoggingRule[] {
    if (entry.rule === null) return [];
    if (entry.subrule === null && entry.anchor === null) return found(this.#list(this.#main, entry), entry.rule, "");
    // In an anchor that has lost its name on the way (a filter for the log), every anchor may be meant.
    const named = entry.anchor === null ? [...this.#byName.values()].flat() : (this.#byName.get(entry.anchor) ?? []);
    const all = named.flatMap((anchor) => found(this.#list(anchor, entry), entry.subrule ?? -1, anchor.path));
    const called = all.filter((one) => this.#isCalled(one.anchor, entry));
    return called.length > 0 ? called : all;
  }

  #list(anchor: Anchor, entry: PflogEntry): readonly Rule[] {
    return anchor[this.#split ? listOf(entry.action) : "filter"];
  }

  /** Whether the rule with the logged number calls the anchor at `path`, itself or by a wildcard. */
  #isCalled(path: string, entry: PflogEntry): boolean {
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    const callers = [this.#main, ...[...this.#byName.values()].flat()];
    return callers.some((anchor) =>
      this.#list(anchor, entry).some(
        ({ number, anchor: call }) =>
          number === entry.rule && call !== null && (call.wildcard ? call.path === parent : call.path === path),
      ),
    );
  }
}

function found(list: readonly Rule[], number: number, anchor: string): LoggingRule[] {
  const rule = list[number]?.number === number ? list[number] : list.find((one) => one.number === number);
  return rule === undefined ? [] : [{ rule, anchor }];
}
