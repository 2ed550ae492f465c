/** What packets of a class can still differ in: said, so that nobody takes silence for a proof. */
import { rulePlace, ruleText } from "../trace/describe.ts";
import type { Watchers } from "./arrivals.ts";
import type { RuleRegion } from "./constraints.ts";
import type { ResponsibleRule } from "./fate.ts";

export interface NotExamined {
  /** In plain words. */
  readonly what: string;
  /** Rules it is about. */
  readonly rules: readonly ResponsibleRule[];
}

/** Rules whose match depends on something that the header of a first packet does not show. */
const QUESTIONS: readonly {
  readonly what: string;
  readonly asks: (region: RuleRegion) => boolean;
  /** Fewer rules than this are no matter. */
  readonly least?: number;
}[] = [
  {
    // Of one such rule both outcomes are tried (fate.ts).
    what: "every mixture of chances: rules that match by chance were tried as all matching, and as none",
    asks: ({ rule }) => rule.probability !== 0,
    least: 2,
  },
  {
    what: "rules that ask for the user or group of a socket: only sockets that the files tell of are known",
    asks: ({ rule }) => rule.user !== null || rule.group !== null,
  },
  {
    what: "rules that ask for an operating system: the examples have no fingerprint of one",
    asks: ({ rule }) => rule.os !== null,
  },
  { what: "rules for fragments: the examples are whole packets", asks: ({ rule }) => rule.fragment },
  { what: "rules that are gone once they have matched", asks: ({ rule }) => rule.once },
  {
    what: "rules that count packets, or look at their size or priority",
    asks: ({ rule }) =>
      rule.maxPacketRate !== null || rule.maxPacketSize !== 0 || rule.prio !== null || rule.limiters !== null,
  },
  {
    what: "what happens after translation to the other address family, except to the examples",
    asks: ({ rule }) => rule.afTo !== null,
  },
  {
    what: "tables whose content is not known",
    asks: ({ conditions }) => conditions.some((one) => one.startsWith("table ")),
  },
];

/** @param concerns only rules for which it says yes */
export function notExaminedIn(
  watchers: Watchers,
  concerns: (region: RuleRegion) => boolean = () => true,
): NotExamined[] {
  const found: NotExamined[] = [];
  const regions = [...watchers.all()].filter(concerns);
  const { system } = watchers.machine;
  for (const { what, asks, least = 1 } of QUESTIONS) {
    const rules = regions
      .filter((region) => asks(region))
      .map(({ rule, anchor }) => ({ text: ruleText(rule, system), anchor, place: rulePlace(rule) }));
    if (rules.length >= least) found.push({ what, rules: rules.slice(0, 20) });
  }
  return found;
}
