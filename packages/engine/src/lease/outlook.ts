import type { ClientModel, Group, Moment, Plan, Said, Taken } from "./clients/client.ts";

/**
 * What becomes of an address: `forever` never ends; `kept` is asked for again in time; `deprecated` too, but only
 * after its preferred lifetime; `lost` ends before the client asks; `none` was never taken.
 */
export type Verdict = "forever" | "kept" | "deprecated" | "lost" | "none";

/** One address of one client. Times in seconds after the grant. */
export interface AddressOutlook extends Taken {
  readonly verdict: Verdict;
  /** When it is asked for again, by Renew or Rebind, whichever is first; null is never. */
  readonly asks: Moment | null;
  /** When it ends although a server would have extended it; null when it does not. */
  readonly lostAt: number | null;
  /** Whether chance may still save it: the earliest moment at which the client asks is before the end. */
  readonly byChance: boolean;
  /** New connections do not use it from here… */
  readonly deprecatedFrom: number | null;
  /** When it ends if no server ever answers again. */
  readonly silentUntil: number;
}

/** What one client makes of a grant. */
export interface Outlook {
  readonly client: string;
  readonly version: string;
  readonly systems: string;
  readonly verdict: Verdict;
  readonly addresses: readonly AddressOutlook[];
  /** The first of its groups: most clients have one. */
  readonly renew: Moment | null;
  readonly rebind: Moment | null;
  readonly refused: readonly Said[];
  readonly notes: readonly Said[];
  readonly afterExpiry: string;
}

const WORSE: readonly Verdict[] = ["forever", "kept", "deprecated", "lost", "none"];

/** What comes of a plan. */
export function outlookOf(model: ClientModel, plan: Plan): Outlook {
  const addresses = plan.groups.flatMap((group) => group.leases.map((lease) => addressOutlook(lease, group)));
  let verdict: Verdict = addresses.length === 0 ? "none" : "forever";
  for (const address of addresses) {
    if (WORSE.indexOf(address.verdict) > WORSE.indexOf(verdict)) verdict = address.verdict;
  }
  const notes = [...plan.notes];
  for (const { givesUp } of plan.groups) if (givesUp !== null) notes.push(givesUp.why);
  return {
    client: model.name,
    version: model.version,
    systems: model.systems,
    verdict,
    addresses,
    renew: plan.groups[0]?.renew ?? null,
    rebind: plan.groups[0]?.rebind ?? null,
    refused: plan.refused,
    notes,
    afterExpiry: model.afterExpiry,
  };
}

function addressOutlook(lease: Taken, group: Group): AddressOutlook {
  const asks = first(group.renew, group.rebind);
  const silentUntil = Math.min(lease.valid, group.givesUp?.at ?? Number.POSITIVE_INFINITY);
  const base = { ...lease, asks, silentUntil, byChance: false, deprecatedFrom: null, lostAt: null };
  if (lease.valid === Number.POSITIVE_INFINITY && lease.preferred === Number.POSITIVE_INFINITY) {
    return { ...base, verdict: "forever" };
  }
  if (asks === null || asks.latest >= lease.valid) {
    if (lease.valid === Number.POSITIVE_INFINITY)
      return { ...base, verdict: "deprecated", deprecatedFrom: lease.preferred };
    const byChance = asks !== null && asks.earliest < lease.valid;
    const deprecatedFrom = lease.preferred < lease.valid ? lease.preferred : null;
    return { ...base, verdict: "lost", lostAt: lease.valid, byChance, deprecatedFrom };
  }
  if (asks.latest > lease.preferred) {
    return {
      ...base,
      verdict: "deprecated",
      deprecatedFrom: lease.preferred,
      byChance: asks.earliest < lease.preferred,
    };
  }
  return { ...base, verdict: "kept" };
}

/** Whichever comes first. */
function first(a: Moment | null, b: Moment | null): Moment | null {
  if (a === null || b === null) return a ?? b;
  return a.latest <= b.latest ? a : b;
}
