/** What pflog(4) says about one packet. */
export interface PflogEntry {
  /** As the log has it; null where it has no time. */
  readonly time: string | null;
  /** Number of the rule, or of the rule that calls the anchor; null is the default rule. */
  readonly rule: number | null;
  /** Last component of the anchor's path, at most 15 characters; null when the rule is in the main ruleset. */
  readonly anchor: string | null;
  /** Number of the rule in the anchor; null without an anchor, and for its default. */
  readonly subrule: number | null;
  /** Why: `match`, or what was wrong with the packet. */
  readonly reason: string;
  /** `pass`, `block`, `match`, `scrub`, `nat`, `binat`, `rdr`. */
  readonly action: string;
  readonly direction: "in" | "out";
  readonly interface: string;
  /** The packet, in the words of the log or in ours. */
  readonly packet: string;
}

/** Lists that a rule's number may be about. */
export type PflogList = "filter" | "scrub" | "nat" | "rdr" | "binat";

/** The list that an action logs from; on OpenBSD from 4.7 there is only `filter`. */
export function listOf(action: string): PflogList {
  if (action === "scrub" || action === "nat" || action === "rdr" || action === "binat") return action;
  return "filter";
}
