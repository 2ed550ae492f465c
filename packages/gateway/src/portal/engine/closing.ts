/** How a session ends: the store knows of it first, then the kernel closes, then the store takes the last counters. */
import type { TerminateCause } from "../../radius/types.ts";
import { count, type Engine, failed } from "./context.ts";
import { totalOctets } from "./counters.ts";
import type { Entry } from "./table.ts";

/**
 * Ends a session; one that is ending already keeps its cause and is tried again.
 * @returns true when it is closed everywhere; false: it is tried again later
 */
export function endSession(engine: Engine, entry: Entry, cause: TerminateCause): Promise<boolean> {
  if (entry.ending !== null) return entry.ending;
  if (entry.phase === "open" || entry.phase === "opening") {
    entry.phase = "begin";
    entry.now = { ...entry.now, state: "closing", ended: engine.now(), cause };
    entry.callOff();
  }
  engine.table.closing(entry);
  const ending = finish(engine, entry).finally(() => {
    entry.ending = null;
  });
  entry.ending = ending;
  return ending;
}

/** Tries again what did not work. */
export async function retryClosings(engine: Engine): Promise<void> {
  const entries = [...engine.table.ending];
  const done = await Promise.all(entries.map((entry) => endSession(engine, entry, "NAS-Error")));
  const left = done.filter((one) => !one).length;
  if (left === 0) engine.troubles.over("closing");
  else engine.troubles.begin("closing", `Sessions that could not be closed yet, and are tried again: ${left}`);
}

async function finish(engine: Engine, entry: Entry): Promise<boolean> {
  try {
    const { id, number } = entry.now;
    const at = entry.now.ended ?? engine.now();
    const cause = entry.now.cause ?? "NAS-Error";
    if (entry.phase === "begin") {
      await engine.beginnings.add({ id, cause, at });
      entry.phase = "cut";
    }
    if (entry.phase === "cut") {
      const last = await engine.kernel.add({ kind: "close", number });
      if (last !== null) count(engine, entry, last, at);
      entry.phase = "end";
    }
    // A write of its counters that is under way must not come after its last.
    await engine.writing;
    await engine.endings.add({ session: { ...entry.now, state: "closed" }, stop: entry.now.radius });
    const { voucher } = entry.now;
    if (voucher !== null) engine.budgets.written(voucher, totalOctets(entry.now) - totalOctets(entry.stored));
    engine.table.remove(entry);
    engine.numbers.free(number);
    if (entry.now.radius) engine.parts.accountingWaits();
    return true;
  } catch (error) {
    failed(engine, error);
    return false;
  }
}
