/** What happens to sessions, for many at once, and questions about them. */
import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql, type Transaction } from "kysely";
import type { AccountingRecord, TerminateCause } from "../radius/types.ts";
import { enqueue, type QueuedRecord } from "./accounting.ts";
import type { Work } from "./database/batch.ts";
import { anyOf, type ColumnType, clean, relation } from "./database/relation.ts";
import type { DatabaseKind, SessionRow, Tables } from "./database/schema.ts";
import {
  CHANGING_COLUMNS,
  type ChangingColumn,
  readSession,
  SESSION_COLUMNS,
  whole,
  writtenSession,
} from "./session-row.ts";
import { type SessionQuery, type StoredSession, StoreError, type VoucherVerdict } from "./store.ts";
import { claimPlaces, isOfLocalUser } from "./user-devices.ts";
import { claimVouchers, useOctets } from "./vouchers.ts";

/** Rows of one statement: few enough that writing them down does not hold the event loop up. */
const CHUNK = 500;

export interface Opening {
  readonly session: StoredSession;
  readonly start: AccountingRecord | null;
}

export function openWork(kind: DatabaseKind): Work<Opening, VoucherVerdict | null> {
  return {
    order: 0,
    weight: ({ start }) => (start === null ? 1 : 2),
    async run(trx, openings) {
      const claims = openings.flatMap(({ session }) =>
        session.voucher === null ? [] : [{ voucher: session.voucher, mac: session.mac, at: session.started }],
      );
      const judged = (await claimVouchers(trx, kind, claims))[Symbol.iterator]();
      const users = openings.map(({ session }) => session).filter(isOfLocalUser);
      const placed = await claimPlaces(trx, kind, users);
      const verdicts = openings.map(({ session }): VoucherVerdict | null => {
        if (session.voucher !== null) return (judged.next().value as VoucherVerdict | undefined) ?? null;
        return isOfLocalUser(session) && !placed.has(session) ? { kind: "bad", why: "too-many-devices" } : null;
      });
      const good = openings.filter((_, index) => verdicts[index]?.kind !== "bad");
      const inserted = await insertSessions(
        trx,
        kind,
        good.map(({ session }) => session),
      );
      const starts = good.flatMap(({ session, start }) =>
        start !== null && inserted.has(session)
          ? [{ gateway: session.gateway, session: session.id, record: start }]
          : [],
      );
      await enqueue(trx, kind, starts);
      return verdicts;
    },
  };
}

/** @returns those that are new; the others are there already, by a call before that was not known to have worked */
async function insertSessions(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  sessions: readonly StoredSession[],
): Promise<ReadonlySet<StoredSession>> {
  const columns = sql.join(Object.keys(SESSION_COLUMNS).map((name) => sql.ref(name)));
  const inserted: Set<StoredSession> = new Set();
  for (const some of chunks(sessions)) {
    // Without naming the id: PostgreSQL would then fail at the number, which another call inserts at this very moment for the
    // same session, instead of seeing that it is the same.
    const { rows } = await sql<{ id: string }>`insert into sessions (${columns}) select ${columns}
      from ${relation(kind, SESSION_COLUMNS, some.map(writtenSession))} where true
      on conflict do nothing returning id`.execute(trx);
    const ids = new Set(rows.map(({ id }) => id));
    for (const session of some) if (ids.delete(clean(session.id))) inserted.add(session);
  }
  const others = sessions.filter((session) => !inserted.has(session));
  if (others.length === 0) return inserted;
  const stored = await trx
    .selectFrom("sessions")
    .select(["id", "gateway", "number", "mac", "started"])
    .where("id", "in", anyOf(kind, idsOf(others)))
    .execute();
  const byId = new Map(stored.map((row) => [row.id, row]));
  for (const session of others) {
    const row = byId.get(clean(session.id));
    if (row === undefined) {
      throw new StoreError(`Another session of ${session.gateway} has the number ${session.number}.`, "conflict");
    }
    const same =
      row.gateway === session.gateway &&
      row.number === whole(session.number) &&
      row.mac === session.mac &&
      row.started === whole(session.started);
    if (!same) throw new StoreError(`There is another session ${session.id} already.`, "conflict");
  }
  return inserted;
}

export interface Update {
  readonly sessions: readonly StoredSession[];
  readonly interims: readonly { session: string; record: AccountingRecord }[];
}

export function updateWork(kind: DatabaseKind): Work<Update, void> {
  return {
    order: 1,
    weight: ({ sessions, interims }) => sessions.length + interims.length,
    async run(trx, updates) {
      // The last word about each; a statement that joins may take any.
      const newest = new Map(updates.flatMap(({ sessions }) => sessions).map((session) => [session.id, session]));
      await countVoucherOctets(
        trx,
        kind,
        [...newest.values()].filter(({ voucher }) => voucher !== null),
        ["open", "closing"],
      );
      for (const some of chunks([...newest.values()])) await writeChanges(trx, kind, some);
      for (const some of chunks(updates.flatMap(({ interims }) => interims))) {
        const gateways = await trx
          .selectFrom("sessions")
          .select(["id", "gateway"])
          .where(
            "id",
            "in",
            anyOf(
              kind,
              some.map(({ session }) => clean(session)),
            ),
          )
          // Nothing may come behind a Stop.
          .where("state", "!=", "closed")
          .execute();
        const gatewayOf = new Map(gateways.map(({ id, gateway }) => [id, gateway]));
        const records = some.flatMap(({ session, record }): QueuedRecord[] => {
          const gateway = gatewayOf.get(clean(session));
          return gateway === undefined ? [] : [{ gateway, session, record }];
        });
        await enqueue(trx, kind, records);
      }
      return updates.map(() => undefined);
    },
  };
}

export type Closing = readonly { id: string; cause: TerminateCause; at: number }[];

export function beginWork(kind: DatabaseKind): Work<Closing, readonly string[]> {
  const columns = { key: "text", cause: "text", at: "bigint" } as const;
  return {
    order: 2,
    weight: (closings) => closings.length,
    async run(trx, calls, again) {
      // The first to say that a session ends says why.
      const firsts: Map<string, { key: string; cause: string; at: bigint }> = new Map();
      for (const { id, cause, at } of calls.flat()) {
        const key = clean(id);
        if (!firsts.has(key)) firsts.set(key, { key, cause, at: whole(at) });
      }
      const changed: Set<string> = new Set();
      for (const some of chunks([...firsts.values()])) {
        const rows = relation(kind, columns, some);
        const { rows: done } = await sql<{ id: string }>`update sessions
          set state = 'closing', cause = n.cause, ended = n.at from ${rows}
          where sessions.id = n.key and sessions.state = 'open' returning sessions.id`.execute(trx);
        for (const { id } of done) changed.add(id);
        if (!again) continue;
        const { rows: before } = await sql<{ id: string }>`select sessions.id from sessions, ${rows}
          where sessions.id = n.key and sessions.state = 'closing' and sessions.cause = n.cause and sessions.ended = n.at`.execute(
          trx,
        );
        for (const { id } of before) changed.add(id);
      }
      // Each id belongs to one call.
      return calls.map((call) => call.map(({ id }) => id).filter((id) => changed.delete(clean(id))));
    },
  };
}

export type Ending = readonly { session: StoredSession; stop: AccountingRecord | null }[];

export function endWork(kind: DatabaseKind): Work<Ending, void> {
  return {
    order: 3,
    weight: (endings) => endings.length * 2,
    async run(trx, calls) {
      const firsts: Map<string, Ending[number]> = new Map();
      for (const ending of calls.flat()) if (!firsts.has(ending.session.id)) firsts.set(ending.session.id, ending);
      const endings = [...firsts.values()];
      await countVoucherOctets(
        trx,
        kind,
        endings.map(({ session }) => session).filter(({ voucher }) => voucher !== null),
        ["closing"],
      );
      for (const some of chunks(endings)) {
        const closed = await writeEnds(
          trx,
          kind,
          some.map(({ session }) => session),
        );
        const stops = some.flatMap(({ session, stop }) =>
          stop !== null && closed.has(clean(session.id))
            ? [{ gateway: session.gateway, session: session.id, record: stop }]
            : [],
        );
        await enqueue(trx, kind, stops);
      }
      return calls.map(() => undefined);
    },
  };
}

/** Counts what these sessions used since they were last written against their vouchers, and locks their rows. */
async function countVoucherOctets(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  sessions: readonly StoredSession[],
  states: readonly ("open" | "closing")[],
): Promise<void> {
  if (sessions.length === 0) return;
  const query = trx
    .selectFrom("sessions")
    .select(["id", "voucher", "input_octets", "output_octets"])
    .where("id", "in", anyOf(kind, idsOf(sessions)))
    .where("state", "in", states)
    .orderBy("id");
  const rows = await (kind === "postgresql" ? query.forUpdate() : query).execute();
  const stored = new Map(rows.map((row) => [row.id, row]));
  const used: Map<string, bigint> = new Map();
  for (const session of sessions) {
    const row = stored.get(clean(session.id));
    if (row === undefined || row.voucher === null) continue;
    const more = session.inputOctets + session.outputOctets - row.input_octets - row.output_octets;
    used.set(row.voucher, (used.get(row.voucher) ?? 0n) + more);
  }
  await useOctets(trx, kind, used);
}

type Change = Readonly<Record<"key" | ChangingColumn, string | bigint | null>>;
const CHANGE_COLUMNS = columnsOf(CHANGING_COLUMNS);
const END_COLUMNS = { ...CHANGE_COLUMNS, ended: "bigint", cause: "text" } as const;

async function writeChanges(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  sessions: readonly StoredSession[],
): Promise<void> {
  await sql`update sessions set ${assignments()} from ${relation(kind, CHANGE_COLUMNS, sessions.map(changeOf))}
    where sessions.id = n.key and sessions.state <> 'closed'`.execute(trx);
}

/** @returns ids of those that were closing and are closed now */
async function writeEnds(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  sessions: readonly StoredSession[],
): Promise<ReadonlySet<string>> {
  const rows = sessions.map((session) => {
    const { ended, cause } = writtenSession(session);
    return { ...changeOf(session), ended, cause };
  });
  const { rows: closed } = await sql<{ id: string }>`update sessions set ${assignments()}, state = 'closed',
    ended = coalesce(n.ended, sessions.ended), cause = coalesce(n.cause, sessions.cause)
    from ${relation(kind, END_COLUMNS, rows)} where sessions.id = n.key and sessions.state = 'closing'
    returning sessions.id`.execute(trx);
  return new Set(closed.map(({ id }) => id));
}

function columnsOf(names: readonly ChangingColumn[]): Readonly<Record<"key" | ChangingColumn, ColumnType>> {
  const types = Object.fromEntries(names.map((name) => [name, SESSION_COLUMNS[name]]));
  return { key: "text", ...types } as Record<"key" | ChangingColumn, ColumnType>;
}

function changeOf(session: StoredSession): Change {
  const row = writtenSession(session);
  const changing = Object.fromEntries(CHANGING_COLUMNS.map((name) => [name, row[name]]));
  return { key: row.id, ...changing } as Change;
}

function assignments(): RawBuilder<unknown> {
  return sql.join(CHANGING_COLUMNS.map((name) => sql`${sql.ref(name)} = ${sql.ref(`n.${name}`)}`));
}

export async function findSession(db: Kysely<Tables>, id: string): Promise<StoredSession | null> {
  const row = await db.selectFrom("sessions").selectAll().where("id", "=", clean(id)).executeTakeFirst();
  return row === undefined ? null : readSession(row);
}

export async function findSessions(db: Kysely<Tables>, query: SessionQuery): Promise<readonly StoredSession[]> {
  const rows = await matching(db, query)
    .selectAll()
    .orderBy("started", "desc")
    .orderBy("id", "desc")
    .limit(query.limit ?? Number.MAX_SAFE_INTEGER)
    .offset(query.offset ?? 0)
    .execute();
  return rows.map(readSession);
}

export async function countSessions(db: Kysely<Tables>, query: SessionQuery): Promise<number> {
  const { count } = await matching(db, query)
    .select((eb) => eb.fn.countAll<bigint>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The next of the export behind the last one, oldest first. */
export async function sessionsAfter(
  db: Kysely<Tables>,
  query: SessionQuery,
  last: StoredSession | null,
  count: number,
): Promise<readonly StoredSession[]> {
  const { from: _, ...further } = query;
  let select = matching(db, last === null ? query : further);
  if (last !== null) {
    // Alone: beside it, SQLite might seek to `from` for every page.
    select = select.where(sql<boolean>`(started, id) > (${whole(last.started)}, ${clean(last.id)})`);
  }
  const rows = await select.selectAll().orderBy("started").orderBy("id").limit(count).execute();
  return rows.map(readSession);
}

/** Forgets some sessions that are closed and ended before. @returns how many */
export async function forgetSessions(trx: Transaction<Tables>, before: number, most: number): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom("sessions")
    .where("id", "in", (eb) =>
      eb
        .selectFrom("sessions")
        .select("id")
        .where("state", "=", "closed")
        .where("ended", "<", whole(before))
        .orderBy("ended")
        .limit(most),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

function matching(db: Kysely<Tables>, query: SessionQuery): SelectQueryBuilder<Tables, "sessions", object> {
  let select: SelectQueryBuilder<Tables, "sessions", object> = db.selectFrom("sessions");
  const equal = (column: keyof SessionRow, value: string | undefined): void => {
    if (value !== undefined) select = select.where(column, "=", clean(value));
  };
  equal("gateway", query.gateway);
  equal("username", query.user);
  equal("mac", query.mac);
  equal("voucher", query.voucher);
  equal("method", query.method);
  if (query.states !== undefined) select = select.where("state", "in", query.states);
  // Said twice, so that the index of those that are not closed can be taken, which are few among all there ever were.
  if (query.states !== undefined && !query.states.includes("closed")) {
    select = select.where(sql<boolean>`state <> 'closed'`);
  }
  if (query.from !== undefined) select = select.where("started", ">=", whole(query.from));
  if (query.to !== undefined) select = select.where("started", "<", whole(query.to));
  return select;
}

function idsOf(sessions: readonly StoredSession[]): readonly string[] {
  return sessions.map(({ id }) => clean(id));
}

function* chunks<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}
