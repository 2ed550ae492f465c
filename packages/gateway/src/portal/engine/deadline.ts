/** Ends that come before the next tick get a timer of their own: a session of ten minutes is not ten minutes and a tick. */
import { endSession } from "./closing.ts";
import type { Engine } from "./context.ts";
import type { Entry } from "./table.ts";

export function watchEnd(engine: Engine, entry: Entry): void {
  const { until } = entry.now.limits;
  entry.callOff();
  entry.callOff = () => {};
  if (until === null || entry.phase !== "open") return;
  const left = until - engine.now();
  if (left > engine.config.tick * 1000) return;
  entry.callOff = engine.parts.clock.later(left, () => {
    const end = entry.now.limits.until;
    if (entry.phase !== "open" || end === null) return;
    if (engine.now() >= end) void endSession(engine, entry, "Session-Timeout");
    else watchEnd(engine, entry);
  });
}
