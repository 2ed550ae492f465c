/** Vouchers: what one is worth now, and how sessions use it up. */
import { randomUUID } from "node:crypto";
import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import { anyOf, clean, relation } from "./database/relation.ts";
import type { DatabaseKind, Tables, VoucherRow } from "./database/schema.ts";
import { numberOrNull, whole, wholeOrNull } from "./session-row.ts";
import { StoreError, type Voucher, type VoucherOrder, type VoucherVerdict } from "./store.ts";
import { newCode, readCode } from "./voucher-code.ts";

/** Vouchers in one order; a sheet has 21. */
const MOST = 100_000;
const AT_ONCE = 1_000;

/** What a device with this MAC gets for it at this moment. */
export function judgeVoucher(voucher: Voucher, mac: string, now: number): VoucherVerdict {
  const { expires, duration, octets, firstUse, usedOctets, usedBy } = voucher;
  if (voucher.revoked) return { kind: "bad", why: "revoked" };
  if (expires !== null && now >= expires) return { kind: "bad", why: "expired" };
  // Time runs from the first use on, whether it is used or not.
  const over = duration === null ? null : (firstUse ?? now) + duration * 1000;
  if (over !== null && now >= over) return { kind: "bad", why: "used-up" };
  const octetsLeft = octets === null ? null : octets - usedOctets;
  if (octetsLeft !== null && octetsLeft <= 0n) return { kind: "bad", why: "used-up" };
  if (!usedBy.includes(mac) && usedBy.length >= voucher.devices) return { kind: "bad", why: "too-many-devices" };
  const until = over === null || (expires !== null && expires < over) ? expires : over;
  return { kind: "good", voucher, until, octetsLeft };
}

export interface Claim {
  /** Id. */
  readonly voucher: string;
  readonly mac: string;
  readonly at: number;
}

/**
 * Judges claims one after the other, and writes the good ones. The vouchers' rows are locked from here to the end of the
 * transaction, so that of many claims everywhere no two see the same last free place.
 */
export async function claimVouchers(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  claims: readonly Claim[],
): Promise<readonly VoucherVerdict[]> {
  if (claims.length === 0) return [];
  const vouchers = await lockVouchers(trx, kind, [...new Set(claims.map(({ voucher }) => voucher))]);
  const uses: Map<string, bigint> = new Map();
  const devices: { voucher: string; mac: string; at: bigint }[] = [];
  const verdicts = claims.map(({ voucher: id, mac, at }): VoucherVerdict => {
    const voucher = vouchers.get(id);
    if (voucher === undefined) return { kind: "bad", why: "unknown" };
    const verdict = judgeVoucher(voucher, mac, at);
    if (verdict.kind === "bad") return verdict;
    const usedBy = voucher.usedBy.includes(mac) ? voucher.usedBy : [...voucher.usedBy, mac];
    const used: Voucher = { ...voucher, firstUse: voucher.firstUse ?? at, usedBy };
    if (voucher.firstUse === null) uses.set(id, whole(at));
    if (usedBy !== voucher.usedBy) devices.push({ voucher: id, mac: clean(mac), at: whole(at) });
    vouchers.set(id, used);
    return { ...verdict, voucher: used };
  });
  if (uses.size > 0) {
    const rows = [...uses].map(([key, at]) => ({ key, at }));
    await sql`update vouchers set first_use = n.at from ${relation(kind, { key: "text", at: "bigint" }, rows)}
      where vouchers.id = n.key`.execute(trx);
  }
  if (devices.length > 0) {
    await sql`insert into voucher_devices (voucher, mac, at) select n.voucher, n.mac, n.at
      from ${relation(kind, { voucher: "text", mac: "text", at: "bigint" }, devices)}`.execute(trx);
  }
  return verdicts;
}

async function lockVouchers(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  ids: readonly string[],
): Promise<Map<string, Voucher>> {
  const query = trx
    .selectFrom("vouchers")
    .selectAll()
    .where("id", "in", anyOf(kind, ids.map(clean)))
    .orderBy("id");
  const rows = await (kind === "postgresql" ? query.forUpdate() : query).execute();
  // Asked only now: a claim we waited for has written its device meanwhile.
  const vouchers = await withDevices(trx, kind, rows);
  return new Map(vouchers.map((voucher) => [voucher.id, voucher]));
}

/** Counts octets against vouchers, by id. */
export async function useOctets(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  octets: ReadonlyMap<string, bigint>,
): Promise<void> {
  const rows = [...octets].filter(([, used]) => used !== 0n).map(([key, used]) => ({ key, used }));
  if (rows.length === 0) return;
  if (kind === "postgresql") {
    // Always in the same order, or two gateways could wait for each other.
    const ids = rows.map(({ key }) => key);
    await trx
      .selectFrom("vouchers")
      .select("id")
      .where("id", "in", anyOf(kind, ids))
      .orderBy("id")
      .forUpdate()
      .execute();
  }
  await sql`update vouchers set used_octets = used_octets + n.used
    from ${relation(kind, { key: "text", used: "bigint" }, rows)} where vouchers.id = n.key`.execute(trx);
}

export async function createVouchers(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  order: VoucherOrder,
  now: number,
): Promise<readonly Voucher[]> {
  if (!Number.isInteger(order.count) || order.count < 1 || order.count > MOST) {
    throw new StoreError(`Vouchers are made 1 to ${MOST} at a time, not ${order.count}.`, "conflict");
  }
  if (!Number.isInteger(order.devices) || order.devices < 1) {
    throw new StoreError(`A voucher is for one device or more, not for ${order.devices}.`, "conflict");
  }
  const made: Voucher[] = [];
  while (made.length < order.count) {
    const vouchers = Array.from(
      { length: Math.min(AT_ONCE, order.count - made.length) },
      (): Voucher => ({
        id: randomUUID(),
        code: newCode(),
        batch: clean(order.batch),
        created: now,
        expires: order.expires,
        duration: order.duration,
        octets: order.octets,
        devices: order.devices,
        rateUp: order.rateUp,
        rateDown: order.rateDown,
        note: clean(order.note),
        firstUse: null,
        usedOctets: 0n,
        usedBy: [],
        revoked: false,
      }),
    );
    const rows = vouchers.map((voucher, index) => writtenVoucher(voucher, made.length + index));
    const columns = sql.join(Object.keys(VOUCHER_COLUMNS).map((name) => sql.ref(name)));
    // A code that exists by chance is left out, and the next round makes another.
    const { rows: taken } = await sql<{ id: string }>`insert into vouchers (${columns}) select ${columns}
      from ${relation(kind, VOUCHER_COLUMNS, rows)} where true on conflict do nothing returning id`.execute(trx);
    const ids = new Set(taken.map(({ id }) => id));
    made.push(...vouchers.filter(({ id }) => ids.has(id)));
  }
  return made;
}

/** Made in one transaction, one is there if all are. */
export async function vouchersExist(db: Kysely<Tables>, [first]: readonly Voucher[]): Promise<boolean> {
  if (first === undefined) return false;
  return (await db.selectFrom("vouchers").select("id").where("id", "=", first.id).executeTakeFirst()) !== undefined;
}

export async function findVouchers(
  db: Kysely<Tables>,
  kind: DatabaseKind,
  query: { batch?: string; code?: string; limit?: number; offset?: number },
): Promise<readonly Voucher[]> {
  let select = db.selectFrom("vouchers").selectAll().orderBy("created", "desc").orderBy("position").orderBy("id");
  if (query.batch !== undefined) select = select.where("batch", "=", clean(query.batch));
  if (query.code !== undefined) {
    const code = readCode(query.code);
    if (code === null) return [];
    select = select.where("code", "=", code);
  }
  const rows = await select
    .limit(query.limit ?? Number.MAX_SAFE_INTEGER)
    .offset(query.offset ?? 0)
    .execute();
  return withDevices(db, kind, rows);
}

export async function revokeVouchers(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  ids: readonly string[],
): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable("vouchers")
    .set({ revoked: 1n })
    .where("id", "in", anyOf(kind, ids.map(clean)))
    .where("revoked", "=", 0n)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

export async function revokedAmong(
  db: Kysely<Tables>,
  kind: DatabaseKind,
  ids: readonly string[],
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("vouchers")
    .select("id")
    .where("id", "in", anyOf(kind, ids.map(clean)))
    .where("revoked", "=", 1n)
    .execute();
  return rows.map(({ id }) => id);
}

/** Forgets the devices of vouchers that were of no use any more at that time. @returns how many vouchers */
export async function forgetDevices(trx: Transaction<Tables>, before: number): Promise<number> {
  const at = whole(before);
  const { rows } = await sql<{ voucher: string }>`delete from voucher_devices where voucher in (select id from vouchers
    where expires < ${at} or first_use + duration * 1000 < ${at}) returning voucher`.execute(trx);
  return new Set(rows.map(({ voucher }) => voucher)).size;
}

const VOUCHER_COLUMNS = {
  id: "text",
  code: "text",
  batch: "text",
  created: "bigint",
  position: "bigint",
  expires: "bigint",
  duration: "bigint",
  octets: "bigint",
  devices: "bigint",
  rate_up: "bigint",
  rate_down: "bigint",
  note: "text",
  first_use: "bigint",
  used_octets: "bigint",
  revoked: "bigint",
} as const;

function writtenVoucher(
  voucher: Voucher,
  position: number,
): Record<keyof typeof VOUCHER_COLUMNS, string | bigint | null> {
  return {
    id: voucher.id,
    code: voucher.code,
    batch: voucher.batch,
    created: whole(voucher.created),
    position: whole(position),
    expires: wholeOrNull(voucher.expires),
    duration: wholeOrNull(voucher.duration),
    octets: voucher.octets,
    devices: whole(voucher.devices),
    rate_up: wholeOrNull(voucher.rateUp),
    rate_down: wholeOrNull(voucher.rateDown),
    note: voucher.note,
    first_use: wholeOrNull(voucher.firstUse),
    used_octets: voucher.usedOctets,
    revoked: voucher.revoked ? 1n : 0n,
  };
}

async function withDevices(
  db: Kysely<Tables>,
  kind: DatabaseKind,
  rows: readonly Selectable<VoucherRow>[],
): Promise<readonly Voucher[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const devices = await db
    .selectFrom("voucher_devices")
    .select(["voucher", "mac"])
    .where("voucher", "in", anyOf(kind, ids))
    .orderBy("at")
    .orderBy("mac")
    .execute();
  const usedBy: Map<string, string[]> = new Map();
  for (const { voucher, mac } of devices) {
    const list = usedBy.get(voucher);
    if (list === undefined) usedBy.set(voucher, [mac]);
    else list.push(mac);
  }
  return rows.map((row) => ({
    id: row.id,
    code: row.code,
    batch: row.batch,
    created: Number(row.created),
    expires: numberOrNull(row.expires),
    duration: numberOrNull(row.duration),
    octets: row.octets,
    devices: Number(row.devices),
    rateUp: numberOrNull(row.rate_up),
    rateDown: numberOrNull(row.rate_down),
    note: row.note,
    firstUse: numberOrNull(row.first_use),
    usedOctets: row.used_octets,
    usedBy: usedBy.get(row.id) ?? [],
    revoked: row.revoked !== 0n,
  }));
}
