/** How many devices a local user may have in at a time, on all gateways of the store together. */
import { sql, type Transaction } from "kysely";
import { anyOf, clean } from "./database/relation.ts";
import type { DatabaseKind, Tables } from "./database/schema.ts";
import type { StoredSession } from "./store.ts";

/** Whoever came in by name, and not by RADIUS, is a user of the store. */
export function isOfLocalUser({ method, radius, voucher }: StoredSession): boolean {
  return (method === "password" || method === "mac") && !radius && voucher === null;
}

/**
 * Gives places one after the other. The users' rows are locked from here to the end of the transaction, so that of many who
 * come at once everywhere no two take the same last place. A user who was removed a moment ago limits nothing any more.
 * @returns those that have a place
 */
export async function claimPlaces(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  sessions: readonly StoredSession[],
): Promise<ReadonlySet<StoredSession>> {
  const names = [...new Set(sessions.map(({ user }) => clean(user)))];
  if (names.length === 0) return new Set();
  const query = trx
    .selectFrom("users")
    .select(["name", "devices"])
    .where("name", "in", anyOf(kind, names))
    .orderBy("name");
  const users = await (kind === "postgresql" ? query.forUpdate() : query).execute();
  // Asked only now: whoever we waited for has opened its session meanwhile.
  const open = await trx
    .selectFrom("sessions")
    .select(["username", "mac"])
    .distinct()
    .where("username", "in", anyOf(kind, names))
    // Said twice, for the index of those that live: a name may have come in a hundred thousand times.
    .where(sql<boolean>`state <> 'closed'`)
    .where("state", "=", "open")
    .where("radius", "=", 0n)
    .where("method", "in", ["password", "mac"])
    .execute();
  const places = new Map(
    users.map(({ name, devices }) => [name, { devices: Number(devices), macs: new Set<string>() }]),
  );
  for (const { username, mac } of open) places.get(username)?.macs.add(mac);
  const placed: Set<StoredSession> = new Set();
  for (const session of sessions) {
    const mac = clean(session.mac);
    const user = places.get(clean(session.user));
    if (user !== undefined && !user.macs.has(mac) && user.macs.size >= user.devices) continue;
    user?.macs.add(mac);
    placed.add(session);
  }
  return placed;
}
