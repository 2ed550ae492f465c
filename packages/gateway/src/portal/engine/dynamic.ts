/** CoA and Disconnect (RFC 5176). */
import type { DynamicAnswer, DynamicRequest, RadiusLimits } from "../../radius/types.ts";
import { endSession } from "./closing.ts";
import type { Engine } from "./context.ts";
import { watchEnd } from "./deadline.ts";
import { withRadius } from "./limits.ts";
import { namesATime } from "./opening.ts";
import type { Entry } from "./table.ts";
import { alterNow, writeSessions } from "./tick.ts";

/** Error-Cause (RFC 5176, 3.6). */
const MISSING_ATTRIBUTE = 402;
const SESSION_CONTEXT_NOT_FOUND = 503;
const RESOURCES_UNAVAILABLE = 506;

export async function dynamic(engine: Engine, request: DynamicRequest): Promise<DynamicAnswer> {
  const { selector } = request;
  if (Object.values(selector).every((value) => value === undefined)) return refused(MISSING_ATTRIBUTE);
  const entries = engine.table.select(selector);
  if (entries.length === 0) return refused(SESSION_CONTEXT_NOT_FOUND);
  const done =
    request.kind === "disconnect"
      ? await Promise.all(entries.map((entry) => endSession(engine, entry, "Admin-Reset")))
      : await change(engine, entries, request.limits);
  return done.every((one) => one) ? { kind: "done" } : refused(RESOURCES_UNAVAILABLE);
}

/** The limits of a CoA take the place of the session's; the store knows before the kernel. */
async function change(engine: Engine, entries: readonly Entry[], limits: RadiusLimits): Promise<boolean[]> {
  const before = entries.map((entry) => ({ entry, old: entry.now.limits, fixed: entry.fixedUntil }));
  for (const { entry } of before) {
    entry.now = { ...entry.now, limits: withRadius(entry.now.limits, limits, entry.now.started) };
    if (limits.session !== undefined || limits.until !== undefined) entry.fixedUntil = namesATime(limits);
  }
  const open = entries.filter((entry) => entry.phase === "open");
  const batch = open.map((entry) => ({ entry, session: entry.now, reported: entry.now.reported }));
  if (!(await writeSessions(engine, batch, []))) {
    for (const { entry, old, fixed } of before) {
      entry.now = { ...entry.now, limits: old };
      entry.fixedUntil = fixed;
    }
    return [false];
  }
  return Promise.all(
    before.map(async ({ entry, old }) => {
      watchEnd(engine, entry);
      const { rateUp, rateDown } = entry.now.limits;
      if (entry.phase !== "open" || (rateUp === old.rateUp && rateDown === old.rateDown)) return true;
      return alterNow(engine, entry);
    }),
  );
}

function refused(errorCause: number): DynamicAnswer {
  return { kind: "refused", errorCause };
}
