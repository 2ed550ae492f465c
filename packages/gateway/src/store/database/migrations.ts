/** How the tables came to be. Only ever add to the end: what has run somewhere stays as it is. */
import { type Kysely, type Migration, Migrator, sql } from "kysely";
import { StoreError } from "../store.ts";
import type { DatabaseKind, Tables } from "./schema.ts";

type Step = (db: Kysely<unknown>, kind: DatabaseKind) => Promise<void>;

const STEPS: Readonly<Record<string, Step>> = { "0001-first": first, "0002-live-users": liveUsers };

/** Brings the tables to this version's state; safe to run from several processes at once. */
export async function migrate(db: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  const steps: Record<string, Migration> = {};
  for (const [name, step] of Object.entries(STEPS)) {
    steps[name] = { up: (migrated: Kysely<unknown>): Promise<void> => step(migrated, kind) };
  }
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => steps },
    migrationTableName: "pierhead_migration",
    migrationLockTableName: "pierhead_migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error && error.message.startsWith("corrupted migrations")) {
    throw new StoreError(
      "The store's tables were made by a newer version of Pierhead: run that version, or restore the backup made before it.",
      "setup",
    );
  }
  if (error !== undefined) throw error;
}

async function first(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const { schema } = db;
  const blob = kind === "sqlite" ? sql`blob` : sql`bytea`;
  // AUTOINCREMENT: SQLite would otherwise give the number of a deleted last row once more.
  const serial =
    kind === "sqlite" ? sql`integer primary key autoincrement` : sql`bigint generated always as identity primary key`;

  await schema
    .createTable("sessions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("gateway", "text", (column) => column.notNull())
    .addColumn("number", "bigint", (column) => column.notNull())
    .addColumn("mac", "text", (column) => column.notNull())
    .addColumn("addresses", "text", (column) => column.notNull())
    .addColumn("username", "text", (column) => column.notNull())
    .addColumn("method", "text", (column) => column.notNull())
    .addColumn("voucher", "text")
    .addColumn("radius", "bigint", (column) => column.notNull())
    .addColumn("classes", blob, (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("started", "bigint", (column) => column.notNull())
    .addColumn("ended", "bigint")
    .addColumn("cause", "text")
    .addColumn("limits", "text", (column) => column.notNull())
    .addColumn("input_octets", "bigint", (column) => column.notNull())
    .addColumn("output_octets", "bigint", (column) => column.notNull())
    .addColumn("input_packets", "bigint", (column) => column.notNull())
    .addColumn("output_packets", "bigint", (column) => column.notNull())
    .addColumn("kernel_input_octets", "bigint", (column) => column.notNull())
    .addColumn("kernel_output_octets", "bigint", (column) => column.notNull())
    .addColumn("kernel_input_packets", "bigint", (column) => column.notNull())
    .addColumn("kernel_output_packets", "bigint", (column) => column.notNull())
    .addColumn("active", "bigint", (column) => column.notNull())
    .addColumn("reported", "bigint", (column) => column.notNull())
    .execute();
  await sql`create unique index sessions_number on sessions (gateway, number) where state <> 'closed'`.execute(db);
  // The few that live are listed without a walk through all that ever were.
  await sql`create index sessions_live on sessions (started, id) where state <> 'closed'`.execute(db);
  await sql`create index sessions_ended on sessions (ended) where state = 'closed'`.execute(db);
  await sql`create index sessions_voucher on sessions (voucher) where voucher is not null`.execute(db);
  await schema.createIndex("sessions_started").on("sessions").columns(["started", "id"]).execute();
  await schema.createIndex("sessions_mac").on("sessions").columns(["mac", "started"]).execute();
  await schema.createIndex("sessions_username").on("sessions").columns(["username", "started"]).execute();
  // Counters change all the time and no index has them: room on the page keeps such a change from touching the indexes.
  if (kind === "postgresql") await sql`alter table sessions set (fillfactor = 70)`.execute(db);

  await schema
    .createTable("accounting")
    .addColumn("sequence", serial)
    .addColumn("gateway", "text", (column) => column.notNull())
    .addColumn("session", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("record", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("accounting_queue").on("accounting").columns(["gateway", "sequence"]).execute();
  // Of each session one Start, one Interim-Update, one Stop. Records of the gateway itself have no session of the store.
  await sql`create unique index accounting_once on accounting (session, kind)
    where kind in ('Start', 'Interim-Update', 'Stop')`.execute(db);

  await schema
    .createTable("vouchers")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("code", "text", (column) => column.notNull().unique())
    .addColumn("batch", "text", (column) => column.notNull())
    .addColumn("created", "bigint", (column) => column.notNull())
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("expires", "bigint")
    .addColumn("duration", "bigint")
    .addColumn("octets", "bigint")
    .addColumn("devices", "bigint", (column) => column.notNull())
    .addColumn("rate_up", "bigint")
    .addColumn("rate_down", "bigint")
    .addColumn("note", "text", (column) => column.notNull())
    .addColumn("first_use", "bigint")
    .addColumn("used_octets", "bigint", (column) => column.notNull())
    .addColumn("revoked", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("vouchers_batch").on("vouchers").columns(["batch", "position"]).execute();
  await schema.createIndex("vouchers_created").on("vouchers").columns(["created", "position"]).execute();
  await schema
    .createTable("voucher_devices")
    .addColumn("voucher", "text", (column) => column.notNull().references("vouchers.id"))
    .addColumn("mac", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("voucher_devices_key", ["voucher", "mac"])
    .execute();

  await schema
    .createTable("users")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("disabled", "bigint", (column) => column.notNull())
    .addColumn("limits", "text", (column) => column.notNull())
    .addColumn("devices", "bigint", (column) => column.notNull())
    .addColumn("note", "text", (column) => column.notNull())
    .addColumn("created", "bigint", (column) => column.notNull())
    .addColumn("password", "text")
    .execute();
  await schema
    .createTable("administrators")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created", "bigint", (column) => column.notNull())
    .addColumn("last_seen", "bigint")
    .addColumn("password", "text")
    .execute();

  await schema
    .createTable("audit")
    .addColumn("id", serial)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("gateway", "text", (column) => column.notNull())
    .addColumn("who", "text", (column) => column.notNull())
    .addColumn("what", "text", (column) => column.notNull())
    .addColumn("detail", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("audit_at").on("audit").columns(["at", "id"]).execute();
  await schema
    .createTable("traffic")
    .addColumn("gateway", "text", (column) => column.notNull())
    .addColumn("span", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("sessions", "bigint", (column) => column.notNull())
    .addColumn("input_octets", "bigint", (column) => column.notNull())
    .addColumn("output_octets", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("traffic_key", ["gateway", "span", "at"])
    .execute();
  await schema
    .createTable("settings")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
}

/** Who is in by a name, counted in the transaction that lets one more in. */
async function liveUsers(db: Kysely<unknown>): Promise<void> {
  await sql`create index sessions_live_user on sessions (username) where state <> 'closed'`.execute(db);
}
