/** How the limits of a local user change. */
import type { LocalUser, SessionLimitsNow } from "../store/store.ts";

type Limits = LocalUser["limits"];
type Change = { readonly [Name in keyof SessionLimitsNow]?: SessionLimitsNow[Name] | undefined };

/** A limit that is absent stays; one that is null goes, so that the portal's own is in force. */
export function changedLimits(before: Limits, change: Change): Limits {
  const said = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    Object.entries({ ...before, ...Object.fromEntries(said) }).filter(([, value]) => value !== null),
  );
}
