/** Who signs in against the store itself: guests by name, and administrators. */
import type { Kysely, Transaction } from "kysely";
import { clean } from "./database/relation.ts";
import type { DatabaseKind, Tables } from "./database/schema.ts";
import { numberOrNull, readLimits, whole, writtenLimits } from "./session-row.ts";
import type { Administrator, ChangedUser, LocalUser, Role } from "./store.ts";

type Row<Table extends keyof Tables> = Omit<Tables[Table], "password">;

/**
 * @param again a try before may have been committed
 * @returns false when there is one of the name
 */
export async function addUser(
  trx: Transaction<Tables>,
  user: LocalUser,
  hash: string | null,
  again: boolean,
): Promise<boolean> {
  const name = nameOf(user.name);
  const added = await trx
    .insertInto("users")
    .values({ name, created: whole(user.created), password: hash, ...written(user) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning("name")
    .executeTakeFirst();
  if (added !== undefined || !again || hash === null) return added !== undefined;
  // The salt is of this call.
  const row = await trx.selectFrom("users").select("password").where("name", "=", name).executeTakeFirst();
  return row?.password === hash;
}

/** @param hash null leaves the password there is */
export async function changeUser(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  name: string,
  change: (user: LocalUser) => ChangedUser,
  hash: string | null,
): Promise<boolean> {
  const query = trx.selectFrom("users").selectAll().where("name", "=", nameOf(name));
  const row = await (kind === "postgresql" ? query.forUpdate() : query).executeTakeFirst();
  if (row === undefined) return false;
  await trx
    .updateTable("users")
    .set({ ...written(change(readUser(row))), ...(hash === null ? {} : { password: hash }) })
    .where("name", "=", row.name)
    .execute();
  return true;
}

function written(user: ChangedUser): Pick<Tables["users"], "disabled" | "limits" | "devices" | "note"> {
  return {
    disabled: user.disabled ? 1n : 0n,
    limits: writtenLimits(user.limits),
    devices: whole(user.devices),
    note: clean(user.note),
  };
}

export async function users(db: Kysely<Tables>): Promise<readonly LocalUser[]> {
  const rows = await db
    .selectFrom("users")
    .select(["name", "disabled", "limits", "devices", "note", "created"])
    .orderBy("name")
    .execute();
  return rows.map(readUser);
}

/** With the hash a password must match; null when nobody can sign in by the name. */
export async function userByName(
  db: Kysely<Tables>,
  name: string,
): Promise<{ readonly user: LocalUser; readonly hash: string } | null> {
  const row = await db.selectFrom("users").selectAll().where("name", "=", nameOf(name)).executeTakeFirst();
  if (row === undefined || row.password === null || row.disabled !== 0n) return null;
  return { user: readUser(row), hash: row.password };
}

export async function deleteUser(db: Kysely<Tables>, name: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("users").where("name", "=", nameOf(name)).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** @param hash null leaves the password there is */
export async function putAdministrator(
  db: Kysely<Tables>,
  { name, role }: { readonly name: string; readonly role: Role },
  hash: string | null,
  now: number,
): Promise<void> {
  const values = { role, ...(hash === null ? {} : { password: hash }) };
  await db
    .insertInto("administrators")
    .values({ name: nameOf(name), created: whole(now), last_seen: null, password: null, ...values })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
    .execute();
}

export async function administrators(db: Kysely<Tables>): Promise<readonly Administrator[]> {
  const rows = await db
    .selectFrom("administrators")
    .select(["name", "role", "created", "last_seen"])
    .orderBy("name")
    .execute();
  return rows.map(readAdministrator);
}

export async function administratorByName(
  db: Kysely<Tables>,
  name: string,
): Promise<{ readonly administrator: Administrator; readonly hash: string } | null> {
  const row = await db.selectFrom("administrators").selectAll().where("name", "=", nameOf(name)).executeTakeFirst();
  if (row === undefined || row.password === null) return null;
  return { administrator: readAdministrator(row), hash: row.password };
}

export async function administratorSeen(db: Kysely<Tables>, name: string, now: number): Promise<void> {
  await db
    .updateTable("administrators")
    .set({ last_seen: whole(now) })
    .where("name", "=", name)
    .execute();
}

export async function deleteAdministrator(db: Kysely<Tables>, name: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("administrators")
    .where("name", "=", nameOf(name))
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Composed, as passwords are: the same name from every keyboard. */
function nameOf(name: string): string {
  return clean(name.normalize("NFC"));
}

function readUser(row: Row<"users">): LocalUser {
  return {
    name: row.name,
    disabled: row.disabled !== 0n,
    limits: readLimits(row.limits),
    devices: Number(row.devices),
    note: row.note,
    created: Number(row.created),
  };
}

function readAdministrator(row: Row<"administrators">): Administrator {
  return { name: row.name, role: row.role, created: Number(row.created), lastSeen: numberOrNull(row.last_seen) };
}
