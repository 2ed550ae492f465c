/** The store over a database: every change through the batches, every question straight to it. */
import { createHash } from "node:crypto";
import { acknowledgeWork, countPending, pending, type QueuedRecord, queueWork } from "./accounting.ts";
import { Batches, type Work } from "./database/batch.ts";
import type { Database } from "./database/schema.ts";
import { auditLog, auditWork, putSetting, recordTraffic, setting, traffic } from "./journal.ts";
import { Passwords } from "./passwords.ts";
import * as people from "./people.ts";
import {
  beginWork,
  type Closing,
  countSessions,
  type Ending,
  endWork,
  findSession,
  findSessions,
  forgetSessions,
  type Opening,
  openWork,
  sessionsAfter,
  type Update,
  updateWork,
} from "./sessions.ts";
import type {
  Administrator,
  AuditEntry,
  ChangedUser,
  LocalUser,
  PendingAccounting,
  Role,
  SessionQuery,
  Standing,
  Store,
  StoredSession,
  StoreReports,
  TrafficPoint,
  Voucher,
  VoucherOrder,
  VoucherVerdict,
} from "./store.ts";
import {
  createVouchers,
  findVouchers,
  forgetDevices,
  judgeVoucher,
  revokedAmong,
  revokeVouchers,
  vouchersExist,
} from "./vouchers.ts";

/** Sessions updated in one transaction. */
const SLICE = 500;
/** Sessions read or forgotten in one go. */
const PAGE = 1_000;

export class SqlStore implements Store, StoreReports {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #batches: Batches;
  readonly #passwords: Passwords = new Passwords();
  readonly #open: Work<Opening, VoucherVerdict | null>;
  readonly #update: Work<Update, void>;
  readonly #begin: Work<Closing, readonly string[]>;
  readonly #end: Work<Ending, void>;
  readonly #queue: Work<QueuedRecord, void>;
  readonly #acknowledge: Work<readonly number[], void>;
  readonly #audit: Work<AuditEntry, void>;

  constructor(database: Database, now: () => number) {
    const { kind } = database;
    this.#database = database;
    this.#now = now;
    this.#batches = new Batches(database);
    this.#open = openWork(kind);
    this.#update = updateWork(kind);
    this.#begin = beginWork(kind);
    this.#end = endWork(kind);
    this.#queue = queueWork(kind);
    this.#acknowledge = acknowledgeWork(kind);
    this.#audit = auditWork(kind);
  }

  openSession(session: StoredSession, start: Opening["start"]): Promise<VoucherVerdict | null> {
    return this.#batches.add(this.#open, { session, start });
  }

  async updateSessions(sessions: Update["sessions"], interims: Update["interims"]): Promise<void> {
    const sliceOf: Map<string, number> = new Map();
    for (const [index, { id }] of sessions.entries()) sliceOf.set(id, Math.floor(index / SLICE));
    const slices = Array.from({ length: Math.max(1, Math.ceil(sessions.length / SLICE)) }, (_, slice) => ({
      sessions: sessions.slice(slice * SLICE, (slice + 1) * SLICE),
      interims: [] as Update["interims"][number][],
    }));
    for (const interim of interims) slices[sliceOf.get(interim.session) ?? 0]?.interims.push(interim);
    // One behind the other: a sign-in that comes meanwhile goes with the next, and not behind all of them.
    for (const slice of slices) await this.#batches.add(this.#update, slice);
  }

  beginClose(closings: Closing): Promise<readonly string[]> {
    return this.#batches.add(this.#begin, closings);
  }

  endClose(endings: Ending): Promise<void> {
    return this.#batches.add(this.#end, endings);
  }

  sessions(query: SessionQuery): Promise<readonly StoredSession[]> {
    return this.#database.read((db) => findSessions(db, query));
  }

  session(id: string): Promise<StoredSession | null> {
    return this.#database.read((db) => findSession(db, id));
  }

  countSessions(query: SessionQuery): Promise<number> {
    return this.#database.read((db) => countSessions(db, query));
  }

  async *exportSessions(query: SessionQuery): AsyncGenerator<StoredSession> {
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    // No cursor stays open: a reader that is slow, or goes away, holds nothing in the database.
    for (let last: StoredSession | null = null; left > 0; ) {
      const after = last;
      const page: readonly StoredSession[] = await this.#database.read((db) =>
        sessionsAfter(db, query, after, Math.min(PAGE, left)),
      );
      yield* page;
      left -= page.length;
      last = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  }

  async purge({
    before,
    gateway,
    who,
  }: Parameters<StoreReports["purge"]>[0]): Promise<{ readonly sessions: number; readonly vouchers: number }> {
    let sessions = 0;
    for (;;) {
      const some = await this.#database.write((trx) => forgetSessions(trx, before, PAGE));
      sessions += some;
      if (some < PAGE) break;
    }
    const vouchers = await this.#database.write((trx) => forgetDevices(trx, before));
    const detail = `sessions that ended before ${new Date(before).toISOString()}: ${sessions}; vouchers whose devices were forgotten: ${vouchers}`;
    await this.audit({ at: this.#now(), gateway, who, what: "purge", detail });
    return { sessions, vouchers };
  }

  pendingAccounting(gateway: string, limit: number): Promise<readonly PendingAccounting[]> {
    return this.#database.read((db) => pending(db, gateway, limit));
  }

  countPending(gateway: string): Promise<number> {
    return this.#database.read((db) => countPending(db, gateway));
  }

  queueAccounting(gateway: string, session: string, record: QueuedRecord["record"]): Promise<void> {
    return this.#batches.add(this.#queue, { gateway, session, record });
  }

  acknowledgeAccounting(sequences: readonly number[]): Promise<void> {
    return this.#batches.add(this.#acknowledge, sequences);
  }

  createVouchers(order: VoucherOrder, now: number): Promise<readonly Voucher[]> {
    let made: readonly Voucher[] = [];
    return this.#database.write(async (trx, again) => {
      // Nobody wants the same sheets twice because the server went away while it said yes.
      if (again && (await vouchersExist(trx, made))) return made;
      made = await createVouchers(trx, this.#database.kind, order, now);
      return made;
    });
  }

  vouchers(query: Parameters<Store["vouchers"]>[0]): Promise<readonly Voucher[]> {
    return this.#database.read((db) => findVouchers(db, this.#database.kind, query));
  }

  async checkVoucher(code: string, mac: string, now: number): Promise<VoucherVerdict> {
    const [voucher] = await this.vouchers({ code, limit: 1 });
    return voucher === undefined ? { kind: "bad", why: "unknown" } : judgeVoucher(voucher, mac, now);
  }

  revokeVouchers(ids: readonly string[]): Promise<number> {
    return this.#database.write((trx) => revokeVouchers(trx, this.#database.kind, ids));
  }

  revokedAmong(ids: readonly string[]): Promise<readonly string[]> {
    return this.#database.read((db) => revokedAmong(db, this.#database.kind, ids));
  }

  async addUser(user: LocalUser, password: string | null): Promise<boolean> {
    const hash = password === null ? null : await this.#passwords.hash(password);
    return this.#database.write((trx, again) => people.addUser(trx, user, hash, again));
  }

  async changeUser(name: string, change: (user: LocalUser) => ChangedUser, password: string | null): Promise<boolean> {
    const hash = password === null ? null : await this.#passwords.hash(password);
    return this.#database.write((trx) => people.changeUser(trx, this.#database.kind, name, change, hash));
  }

  users(): Promise<readonly LocalUser[]> {
    return this.#database.read(people.users);
  }

  deleteUser(name: string): Promise<boolean> {
    return this.#database.write((trx) => people.deleteUser(trx, name));
  }

  async checkUser(name: string, password: string): Promise<LocalUser | null> {
    const found = await this.#database.read((db) => people.userByName(db, name));
    return (await this.#passwords.matches(password, found?.hash ?? null)) ? (found?.user ?? null) : null;
  }

  async putAdministrator(administrator: { name: string; role: Role }, password: string | null): Promise<void> {
    const hash = password === null ? null : await this.#passwords.hash(password);
    await this.#database.write((trx) => people.putAdministrator(trx, administrator, hash, this.#now()));
  }

  administrators(): Promise<readonly Administrator[]> {
    return this.#database.read(people.administrators);
  }

  deleteAdministrator(name: string): Promise<boolean> {
    return this.#database.write((trx) => people.deleteAdministrator(trx, name));
  }

  async checkAdministrator(name: string, password: string, now: number): Promise<Administrator | null> {
    const found = await this.#database.read((db) => people.administratorByName(db, name));
    if (!(await this.#passwords.matches(password, found?.hash ?? null)) || found === null) return null;
    await this.#database.write((trx) => people.administratorSeen(trx, found.administrator.name, now));
    return { ...found.administrator, lastSeen: now };
  }

  async standing(administrator: string): Promise<Standing | null> {
    const found = await this.#database.read((db) => people.administratorByName(db, administrator));
    if (found === null) return null;
    const stamp = createHash("sha256").update(found.hash).digest("base64url");
    return { role: found.administrator.role, stamp };
  }

  audit(entry: AuditEntry): Promise<void> {
    return this.#batches.add(this.#audit, entry);
  }

  auditLog(query: Parameters<Store["auditLog"]>[0]): Promise<readonly AuditEntry[]> {
    return this.#database.read((db) => auditLog(db, query));
  }

  recordTraffic(gateway: string, point: TrafficPoint): Promise<void> {
    return this.#database.write((trx) => recordTraffic(trx, gateway, point));
  }

  traffic(gateway: string | null, from: number, to: number): Promise<readonly TrafficPoint[]> {
    return this.#database.read((db) => traffic(db, gateway, from, to, this.#now()));
  }

  setting(name: string): Promise<string | null> {
    return this.#database.read((db) => setting(db, name));
  }

  putSetting(name: string, value: string): Promise<void> {
    return this.#database.write((trx) => putSetting(trx, name, value));
  }

  async close(): Promise<void> {
    await this.#batches.close();
    await this.#database.close();
  }
}
