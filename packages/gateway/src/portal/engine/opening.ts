/** How a session begins: the store has it first, then the kernel, then people are told. */
import type { RadiusLimits } from "../../radius/types.ts";
import type { SessionLimitsNow, StoredSession, Voucher } from "../../store/store.ts";
import type { SignInAnswer } from "../service.ts";
import { endSession } from "./closing.ts";
import { type Engine, entryOf, failed, inStore } from "./context.ts";
import { NO_COUNTERS } from "./counters.ts";
import { watchEnd } from "./deadline.ts";
import { earliest } from "./limits.ts";
import { recordOf } from "./record.ts";
import type { Entry } from "./table.ts";

/** Somebody may come in, on these terms. */
export interface Grant {
  readonly id: string;
  readonly number: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly user: string;
  readonly method: StoredSession["method"];
  readonly voucher: Voucher | null;
  readonly radius: boolean;
  readonly classes: readonly Uint8Array[];
  readonly limits: SessionLimitsNow;
  /** Unix milliseconds: what durations count from. */
  readonly started: number;
  /** The end is a time that somebody named. */
  readonly fixedUntil: boolean;
  readonly redirect: string | null;
  readonly message: string;
}

export function namesATime(limits: RadiusLimits): boolean {
  return limits.until !== undefined;
}

/** Opens what was granted. Its number is free again when nothing came of it. */
export async function openSession(engine: Engine, grant: Grant): Promise<SignInAnswer> {
  const session = sessionOf(engine, grant);
  const entry = entryOf(session, "opening", engine.parts.clock.monotonic());
  entry.fixedUntil = grant.fixedUntil;
  const writes = engine.writes;
  engine.table.add(entry);
  const start = grant.radius ? recordOf(session, "Start", session.started) : null;
  try {
    const verdict = await inStore(engine.troubles, engine.parts.store.openSession(session, start));
    if (verdict !== null && verdict.kind === "bad") {
      forget(engine, entry);
      engine.numbers.free(session.number);
      return { kind: "refused", why: verdict.why === "unknown" ? "unknown-voucher" : verdict.why, message: "" };
    }
    if (verdict !== null && verdict.kind === "good") {
      if (engine.writes === writes) engine.budgets.learn(verdict.voucher);
      const until = earliest(session.limits.until, verdict.until);
      if (until !== entry.now.limits.until) entry.now = { ...entry.now, limits: { ...entry.now.limits, until } };
    }
  } catch (error) {
    // It says that nothing was done; whether its word can be kept when the line broke, the store tells later.
    forget(engine, entry);
    engine.doubtful.set(session.id, entry);
    return { kind: "unavailable", reason: failed(engine, error) };
  }
  if (grant.radius) engine.parts.accountingWaits();
  try {
    await engine.kernel.add({ kind: "open", opening: openingOf(entry.now) });
  } catch (error) {
    const reason = failed(engine, error);
    await endSession(engine, entry, "NAS-Error");
    return { kind: "unavailable", reason };
  }
  if (entry.phase !== "opening") return { kind: "unavailable", reason: "it was ended again at once" };
  entry.phase = "open";
  entry.opened = engine.parts.clock.monotonic();
  watchEnd(engine, entry);
  return { kind: "in", session: entry.now, redirect: grant.redirect, message: grant.message };
}

/** What the kernel is told of a session. */
export function openingOf(session: StoredSession): {
  number: number;
  mac: string;
  addresses: readonly string[];
  rateUp: number | null;
  rateDown: number | null;
} {
  const { number, mac, addresses, limits } = session;
  return { number, mac, addresses, rateUp: limits.rateUp, rateDown: limits.rateDown };
}

/** Looks up the sessions nobody knows about: what the store has after all is ended. */
export async function settleDoubts(engine: Engine): Promise<void> {
  for (const [id, entry] of engine.doubtful) {
    try {
      const found = await inStore(engine.troubles, engine.parts.store.session(id));
      engine.doubtful.delete(id);
      if (found === null || found.state === "closed") {
        engine.numbers.free(entry.now.number);
        continue;
      }
      // Its device may have come in with another one meanwhile, which stays the one that is found by it.
      const newer = engine.table.mac(entry.now.mac);
      engine.table.add(entry);
      if (newer !== null) engine.table.add(newer);
      await endSession(engine, entry, "NAS-Error");
    } catch (error) {
      failed(engine, error);
      return;
    }
  }
}

function forget(engine: Engine, entry: Entry): void {
  engine.table.remove(entry);
}

function sessionOf(engine: Engine, grant: Grant): StoredSession {
  const { id, number, mac, addresses, user, method, radius, classes, limits, started, voucher } = grant;
  return {
    id,
    gateway: engine.config.gateway,
    number,
    mac,
    addresses,
    user,
    method,
    voucher: voucher?.id ?? null,
    radius,
    classes,
    state: "open",
    started,
    ended: null,
    cause: null,
    limits,
    ...NO_COUNTERS,
    kernel: NO_COUNTERS,
    active: started,
    reported: started,
  };
}
