/** Audit log, traffic and settings. */
import { type Kysely, sql, type Transaction } from "kysely";
import type { Work } from "./database/batch.ts";
import { clean, relation } from "./database/relation.ts";
import type { DatabaseKind, Tables } from "./database/schema.ts";
import { whole } from "./session-row.ts";
import type { AuditEntry, TrafficPoint } from "./store.ts";

const AUDIT_COLUMNS = {
  position: "bigint",
  at: "bigint",
  gateway: "text",
  who: "text",
  what: "text",
  detail: "text",
} as const;

export function auditWork(kind: DatabaseKind): Work<AuditEntry, void> {
  return {
    order: 6,
    weight: () => 1,
    async run(trx, entries) {
      const rows = entries.map(({ at, gateway, who, what, detail }, position) => ({
        position: whole(position),
        at: whole(at),
        gateway: clean(gateway),
        who: clean(who),
        what: clean(what),
        detail: clean(detail),
      }));
      await sql`insert into audit (at, gateway, who, what, detail) select n.at, n.gateway, n.who, n.what, n.detail
        from ${relation(kind, AUDIT_COLUMNS, rows)} order by n.position`.execute(trx);
      return entries.map(() => undefined);
    },
  };
}

export async function auditLog(
  db: Kysely<Tables>,
  query: { from?: number; to?: number; limit?: number; offset?: number },
): Promise<readonly AuditEntry[]> {
  let select = db.selectFrom("audit").select(["at", "gateway", "who", "what", "detail"]);
  if (query.from !== undefined) select = select.where("at", ">=", whole(query.from));
  if (query.to !== undefined) select = select.where("at", "<", whole(query.to));
  const rows = await select
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(query.limit ?? Number.MAX_SAFE_INTEGER)
    .offset(query.offset ?? 0)
    .execute();
  return rows.map((row) => ({ ...row, at: Number(row.at) }));
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How long points of each span are kept: some 3,000 by minutes and 18,000 by hours, of each gateway. */
const KEPT: readonly (readonly [span: number, kept: number])[] = [
  [MINUTE, 2 * DAY],
  [HOUR, 731 * DAY],
];

/** Adds to the minute and to the hour at once, so that nothing has to be summed up later. */
export async function recordTraffic(trx: Transaction<Tables>, gateway: string, point: TrafficPoint): Promise<void> {
  const greatest = sql<bigint>`case when excluded.sessions > traffic.sessions then excluded.sessions else traffic.sessions end`;
  for (const [span, kept] of KEPT) {
    await trx
      .insertInto("traffic")
      .values({
        gateway: clean(gateway),
        span: whole(span),
        at: whole(point.at - (point.at % span)),
        sessions: whole(point.sessions),
        input_octets: point.inputOctets,
        output_octets: point.outputOctets,
      })
      .onConflict((conflict) =>
        conflict.columns(["gateway", "span", "at"]).doUpdateSet({
          sessions: greatest,
          input_octets: sql<bigint>`traffic.input_octets + excluded.input_octets`,
          output_octets: sql<bigint>`traffic.output_octets + excluded.output_octets`,
        }),
      )
      .execute();
    await trx
      .deleteFrom("traffic")
      .where("gateway", "=", clean(gateway))
      .where("span", "=", whole(span))
      .where("at", "<", whole(point.at - kept))
      .execute();
  }
}

export async function traffic(
  db: Kysely<Tables>,
  gateway: string | null,
  from: number,
  to: number,
  now: number,
): Promise<readonly TrafficPoint[]> {
  const span = from >= now - 2 * DAY ? MINUTE : HOUR;
  let select = db
    .selectFrom("traffic")
    .select([
      "at",
      // PostgreSQL's sum of bigint is numeric.
      sql<bigint>`cast(sum(sessions) as bigint)`.as("sessions"),
      sql<bigint>`cast(sum(input_octets) as bigint)`.as("inputOctets"),
      sql<bigint>`cast(sum(output_octets) as bigint)`.as("outputOctets"),
    ])
    .where("span", "=", whole(span))
    .where("at", ">=", whole(from - (from % span)))
    .where("at", "<", whole(to));
  if (gateway !== null) select = select.where("gateway", "=", clean(gateway));
  const rows = await select.groupBy("at").orderBy("at").execute();
  return rows.map(({ at, sessions, inputOctets, outputOctets }) => ({
    at: Number(at),
    sessions: Number(sessions),
    inputOctets,
    outputOctets,
  }));
}

export async function setting(db: Kysely<Tables>, name: string): Promise<string | null> {
  const row = await db.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value ?? null;
}

export async function putSetting(db: Kysely<Tables>, name: string, value: string): Promise<void> {
  await db
    .insertInto("settings")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
