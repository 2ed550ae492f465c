/** The queue of accounting records: in the order they came, of each session one Interim-Update at most. */
import type { Kysely, Transaction } from "kysely";
import { sql } from "kysely";
import type { AccountingRecord } from "../radius/types.ts";
import type { Work } from "./database/batch.ts";
import { anyOf, clean, relation } from "./database/relation.ts";
import type { DatabaseKind, Tables } from "./database/schema.ts";
import { readRecord, writtenRecord } from "./session-row.ts";
import type { PendingAccounting } from "./store.ts";

export interface QueuedRecord {
  readonly gateway: string;
  readonly session: string;
  readonly record: AccountingRecord;
}

const COLUMNS = { position: "bigint", gateway: "text", session: "text", kind: "text", record: "text" } as const;

/**
 * Puts records at the end of the queue, in their order.
 *
 * An Interim-Update takes the place of the one of its session that still waits. The old row goes and a new one comes at the
 * end: the old may be on its way to the server right now, and its acknowledgement, which names the row, must not take the
 * new one with it.
 */
export async function enqueue(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  records: readonly QueuedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const newest: Map<string, QueuedRecord> = new Map();
  for (const queued of records) if (isInterim(queued)) newest.set(queued.session, queued);
  const sessions = [...newest.keys()].map(clean);
  if (sessions.length > 0) {
    await trx
      .deleteFrom("accounting")
      .where("kind", "=", "Interim-Update")
      .where("session", "in", anyOf(kind, sessions))
      .execute();
  }
  const rows = records
    .filter((queued) => !isInterim(queued) || newest.get(queued.session) === queued)
    .map(({ gateway, session, record }, position) => ({
      position: BigInt(position),
      gateway: clean(gateway),
      session: clean(session),
      kind: record.kind,
      record: writtenRecord(record),
    }));
  await sql`insert into accounting (gateway, session, kind, record)
    select n.gateway, n.session, n.kind, n.record from ${relation(kind, COLUMNS, rows)} order by n.position`.execute(
    trx,
  );
}

function isInterim({ record }: QueuedRecord): boolean {
  return record.kind === "Interim-Update";
}

export function queueWork(kind: DatabaseKind): Work<QueuedRecord, void> {
  return {
    order: 4,
    weight: () => 1,
    async run(trx, inputs, again) {
      // Start and Stop go with openSession and endClose; one that is queued by itself may be here after a doubtful try.
      const known = again ? await alreadyQueued(trx, kind, inputs) : new Set<string>();
      await enqueue(
        trx,
        kind,
        inputs.filter(({ gateway, record }) => !known.has(`${gateway} ${writtenRecord(record)}`)),
      );
      return inputs.map(() => undefined);
    },
  };
}

async function alreadyQueued(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  inputs: readonly QueuedRecord[],
): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom("accounting")
    .select(["gateway", "record"])
    .where(
      "session",
      "in",
      anyOf(
        kind,
        inputs.map(({ session }) => clean(session)),
      ),
    )
    .execute();
  return new Set(rows.map(({ gateway, record }) => `${gateway} ${record}`));
}

export function acknowledgeWork(kind: DatabaseKind): Work<readonly number[], void> {
  return {
    order: 5,
    weight: (sequences) => sequences.length,
    async run(trx, inputs) {
      const rows = inputs.flat().map((sequence) => ({ sequence: BigInt(sequence) }));
      if (rows.length > 0) {
        await sql`delete from accounting where sequence in
          (select n.sequence from ${relation(kind, { sequence: "bigint" }, rows)})`.execute(trx);
      }
      return inputs.map(() => undefined);
    },
  };
}

export async function pending(
  db: Kysely<Tables>,
  gateway: string,
  limit: number,
): Promise<readonly PendingAccounting[]> {
  const rows = await db
    .selectFrom("accounting")
    .select(["sequence", "session", "record"])
    .where("gateway", "=", gateway)
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(({ sequence, session, record }) => ({
    sequence: Number(sequence),
    session,
    record: readRecord(record),
  }));
}

export async function countPending(db: Kysely<Tables>, gateway: string): Promise<number> {
  const { count } = await db
    .selectFrom("accounting")
    .select((eb) => eb.fn.countAll<bigint>().as("count"))
    .where("gateway", "=", gateway)
    .executeTakeFirstOrThrow();
  return Number(count);
}
