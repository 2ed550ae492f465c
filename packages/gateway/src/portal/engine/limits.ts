/** Which limits a session has: the portal's own, those of a RADIUS answer, of a voucher, of a local user. */
import type { SessionLimits } from "@pierhead/lang/portal-conf";
import type { RadiusLimits } from "../../radius/types.ts";
import type { SessionLimitsNow } from "../../store/store.ts";

/** The portal's own for a session that starts at `started` (Unix milliseconds). */
export function ownLimits(limits: SessionLimits, interim: number | null, started: number): SessionLimitsNow {
  return {
    until: limits.session === null ? null : started + limits.session * 1000,
    idle: limits.idle,
    octetsInput: octets(limits.octetsInput),
    octetsOutput: octets(limits.octetsOutput),
    octetsTotal: octets(limits.octetsTotal),
    rateUp: limits.rateUp,
    rateDown: limits.rateDown,
    interim,
  };
}

/**
 * What an Access-Accept or a CoA says takes the place of what was there; what it does not speak of stays. 0 is without
 * limit, as CoovaChilli reads it. Session-Timeout counts from the start of the session, in a CoA too.
 */
export function withRadius(before: SessionLimitsNow, said: RadiusLimits, started: number): SessionLimitsNow {
  const asked = (value: number | undefined, old: number | null): number | null =>
    value === undefined ? old : value === 0 ? null : value;
  const volume = (value: number | undefined, old: bigint | null): bigint | null =>
    value === undefined ? old : value === 0 ? null : octets(value);
  let until = before.until;
  if (said.session !== undefined || said.until !== undefined) {
    const ends = [
      said.session === undefined || said.session === 0 ? null : started + said.session * 1000,
      said.until ?? null,
    ];
    until = earliest(...ends);
  }
  return {
    until,
    idle: asked(said.idle, before.idle),
    octetsInput: volume(said.octetsInput, before.octetsInput),
    octetsOutput: volume(said.octetsOutput, before.octetsOutput),
    octetsTotal: volume(said.octetsTotal, before.octetsTotal),
    rateUp: asked(said.rateUp, before.rateUp),
    rateDown: asked(said.rateDown, before.rateDown),
    interim: asked(said.interim, before.interim),
  };
}

/** Limits of a local user replace the portal's where there are some. */
export function withUser(before: SessionLimitsNow, user: Partial<SessionLimitsNow>): SessionLimitsNow {
  const said = Object.fromEntries(Object.entries(user).filter(([, value]) => value !== undefined));
  return { ...before, ...said };
}

/** Of the ends that there are, the first. */
export function earliest(...ends: readonly (number | null)[]): number | null {
  const known = ends.filter((end) => end !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function octets(value: number | null): bigint | null {
  return value === null ? null : BigInt(Math.floor(value));
}
