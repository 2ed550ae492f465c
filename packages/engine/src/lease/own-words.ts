import type { ClientNote } from "@pierhead/lang/leases";
import { duration, type Findings } from "./complaint.ts";

/** What a client's log says of its own timers: the last plan it made, and what became of it. */
export interface OwnWords {
  readonly client: string;
  readonly interface: string | null;
  readonly family: 4 | 6;
  /** Of the line with the timers; seconds since 1970. */
  readonly time: number | null;
  readonly renewIn: number | null;
  readonly rebindIn: number | null;
  readonly expireIn: number | null;
  /** What followed, in order: `renew` after how many seconds, … */
  readonly events: readonly { readonly event: ClientNote["event"]; readonly after: number | null }[];
}

function near(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.abs(a - b) < 1.5);
}

/** More events than this after one plan are not listed. */
const MOST_EVENTS = 40;

/** Follows the notes of a log, and says where an address was lost or is about to be. */
export function followNotes(notes: readonly ClientNote[], into: Findings): OwnWords[] {
  const plans = new Map<string, OwnWords & { events: { event: ClientNote["event"]; after: number | null }[] }>();
  for (const note of notes) {
    const key = `${note.client} ${note.family} ${note.interface ?? ""}`;
    const plan = plans.get(key);
    if (note.event === "bound") {
      const { client, family, time, renewIn, rebindIn, expireIn } = note;
      // dhcpcd says the lease's length in one line and its timers in the next, systemd-networkd has a line for each.
      const same = plan !== undefined && near(plan.time, time) && plan.events.length === 0;
      plans.set(key, {
        client,
        interface: note.interface,
        family,
        time,
        renewIn: renewIn ?? (same ? plan.renewIn : null),
        rebindIn: rebindIn ?? (same ? plan.rebindIn : null),
        expireIn: expireIn ?? (same ? plan.expireIn : null),
        events: [],
      });
      if (renewIn !== null && expireIn !== null && expireIn > 0 && renewIn >= expireIn) {
        into.add(
          "lease/t1-after-valid",
          "error",
          `${client} will ask again in ${duration(renewIn)}, but what it has ends in ${duration(expireIn)}: it is lost before.`,
          note.span,
          { key: `${key} ${renewIn} ${expireIn}` },
        );
      }
      continue;
    }
    const after = plan === undefined || plan.time === null || note.time === null ? null : note.time - plan.time;
    if (note.event === "expired") {
      into.add(
        "lease/lost",
        "error",
        `${note.client} lost its lease${note.interface === null ? "" : ` on ${note.interface}`}${after === null ? "" : `, ${duration(after)} after it had last got it`}: from here until the next one there is no connectivity by it.`,
        note.span,
        { key: `${key} ${note.span.start}` },
      );
    }
    if (plan !== undefined && plan.events.length < MOST_EVENTS) plan.events.push({ event: note.event, after });
  }
  return [...plans.values()];
}
