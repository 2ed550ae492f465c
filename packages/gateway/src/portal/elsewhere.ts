/** Sessions of the other gateways that share the store: one gateway can look at them, and have them ended. */

import type { SessionQuery, Store, StoredSession } from "../store/store.ts";
import { coveredSession } from "./covered.ts";

export interface Here {
  readonly store: Store;
  /** This one's name. */
  readonly gateway: string;
  now(): number;
}

/** Open ones, newest first. Their counters are as old as their gateway's last write, half a minute at most. */
export function sessionsElsewhere(
  { store, gateway }: Pick<Here, "store" | "gateway">,
  query: Pick<SessionQuery, "user" | "mac" | "limit">,
): Promise<readonly StoredSession[]> {
  return store.sessions({ ...query, notGateway: gateway, states: ["open"] });
}

/**
 * They are `closing` from now on, so their gateways close them with their next looks, or when they start again.
 * @returns those that were open
 */
export async function endElsewhere(
  { store, gateway, now }: Here,
  sessions: readonly StoredSession[],
  who: string,
): Promise<readonly StoredSession[]> {
  if (sessions.length === 0) return [];
  const at = now();
  const ids = new Set(await store.beginClose(sessions.map(({ id }) => ({ id, cause: "Admin-Reset", at }))));
  const asked = sessions.filter(({ id }) => ids.has(id));
  for (const { id, mac, user, gateway: owner } of asked.map(coveredSession)) {
    const detail = `${id} ${mac}${user === "" ? "" : ` ${user}`} at ${owner}`;
    await store.audit({ at, gateway, who, what: "kick", detail });
  }
  return asked;
}
