/** One look at one session: whether an Interim-Update is due, whether it is over. Pure. */
import type { TerminateCause } from "../../radius/types.ts";
import type { StoredSession } from "../../store/store.ts";
import { totalOctets } from "./counters.ts";

export interface Judgement {
  /** When the next Interim-Update should go out (Unix milliseconds); null for none. */
  readonly interimAt: number | null;
  /** Null: it goes on. */
  readonly end: TerminateCause | null;
}

/** @param voucherLeft octets its voucher still has for everybody who uses it; null without limit */
export function judge(session: StoredSession, now: number, voucherLeft: bigint | null): Judgement {
  const { interim } = session.limits;
  return {
    interimAt: !session.radius || interim === null ? null : session.reported + interim * 1000,
    end: endOf(session, now, voucherLeft),
  };
}

/** RFC 2866, 5.10: a volume that is used up is a Session-Timeout too, as CoovaChilli says it. */
function endOf(session: StoredSession, now: number, voucherLeft: bigint | null): TerminateCause | null {
  const { limits } = session;
  if (limits.until !== null && now >= limits.until) return "Session-Timeout";
  if (over(session.inputOctets, limits.octetsInput)) return "Session-Timeout";
  if (over(session.outputOctets, limits.octetsOutput)) return "Session-Timeout";
  if (over(totalOctets(session), limits.octetsTotal)) return "Session-Timeout";
  if (voucherLeft !== null && voucherLeft <= 0n) return "Session-Timeout";
  if (limits.idle !== null && now - session.active >= limits.idle * 1000) return "Idle-Timeout";
  return null;
}

function over(used: bigint, limit: bigint | null): boolean {
  return limit !== null && used >= limit;
}

/** All times of a session moved by what the wall clock was set: how long it lasted and may last stays the same. */
export function moved(session: StoredSession, jump: number, keepUntil: boolean): StoredSession {
  const { limits } = session;
  return {
    ...session,
    started: session.started + jump,
    active: session.active + jump,
    reported: session.reported + jump,
    limits: { ...limits, until: limits.until === null || keepUntil ? limits.until : limits.until + jump },
  };
}
