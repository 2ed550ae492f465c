/**
 * What a device gets for a click where there is a pause between clicks: its time once, by the wall clock, in as many sessions
 * as it likes, and then nothing until the pause is over. What it had is read from the newest of its sessions in the store, so
 * all gateways that share it count together and no restart gives more.
 */
import type { SessionLimitsNow, StoredSession } from "../../store/store.ts";
import { type Engine, inStore } from "./context.ts";
import { totalOctets } from "./counters.ts";

export type Pause = number | "tomorrow";

export type Allowance =
  | { readonly kind: "granted"; readonly limits: SessionLimitsNow }
  /** Unix milliseconds of the next one. */
  | { readonly kind: "pause"; readonly until: number };

/** @param fresh limits of somebody who comes for the first time */
export async function clickAllowance(engine: Engine, mac: string, fresh: SessionLimitsNow): Promise<Allowance> {
  const pause = engine.config.click?.pause ?? null;
  if (pause === null || fresh.until === null) return { kind: "granted", limits: fresh };
  const { store } = engine.parts;
  const [last] = await inStore(engine.troubles, store.sessions({ mac, method: "click", limit: 1 }));
  return last === undefined ? { kind: "granted", limits: fresh } : allowance(last, fresh, pause, engine.now());
}

/** Pure. A clock that was wrong when the last one was stored neither keeps anybody out nor lets anybody stay longer. */
export function allowance(last: StoredSession, fresh: SessionLimitsNow, pause: Pause, now: number): Allowance {
  const { until } = last.limits;
  if (until === null || fresh.until === null) return { kind: "granted", limits: fresh };
  const left = {
    octetsInput: remaining(last.limits.octetsInput, last.inputOctets) ?? fresh.octetsInput,
    octetsOutput: remaining(last.limits.octetsOutput, last.outputOctets) ?? fresh.octetsOutput,
    octetsTotal: remaining(last.limits.octetsTotal, totalOctets(last)) ?? fresh.octetsTotal,
  };
  const isUsedUp = Object.values(left).includes(0n);
  if (!isUsedUp && now < until) {
    return { kind: "granted", limits: { ...fresh, ...left, until: Math.min(until, fresh.until) } };
  }
  const end = isUsedUp ? Math.min(until, last.ended ?? now) : until;
  const again = pauseEnd(Math.min(end, now), pause);
  return now < again ? { kind: "pause", until: again } : { kind: "granted", limits: fresh };
}

function pauseEnd(end: number, pause: Pause): number {
  return pause === "tomorrow" ? nextMidnight(end) : end + pause * 1000;
}

/** The first moment of the next day where the gateway is. */
export function nextMidnight(at: number): number {
  const day = new Date(at);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime();
}

function remaining(limit: bigint | null, used: bigint): bigint | null {
  if (limit === null) return null;
  return used >= limit ? 0n : limit - used;
}
