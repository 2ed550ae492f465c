import type { AccountingRecord } from "@pierhead/gateway/radius";
import {
  type Administrator,
  type LocalUser,
  type PendingAccounting,
  type SessionQuery,
  type Store,
  type StoredSession,
  StoreError,
  type Voucher,
  type VoucherVerdict,
} from "@pierhead/gateway/store";
import type { Chance, Life } from "./chance.ts";

/** What the rules of store.ts mean, on plain maps: the database of all gateways, outlives every process. */
export class MemoryDatabase {
  readonly sessions: Map<string, StoredSession> = new Map();
  readonly queue: PendingAccounting[] = [];
  readonly vouchers: Map<string, Voucher> = new Map();
  readonly users: Map<string, { user: LocalUser; password: string }> = new Map();
  readonly administrators: Map<string, Administrator> = new Map();
  readonly audit: string[] = [];
  readonly traffic: { input: bigint; output: bigint }[] = [];
  #sequence = 0;

  put(session: string, record: AccountingRecord): void {
    this.queue.push({ sequence: ++this.#sequence, session, record });
  }

  verdict(voucher: Voucher | undefined, mac: string, now: number): VoucherVerdict {
    if (voucher === undefined) return { kind: "bad", why: "unknown" };
    if (voucher.revoked) return { kind: "bad", why: "revoked" };
    const over = voucher.duration === null ? null : (voucher.firstUse ?? now) + voucher.duration * 1000;
    const until = over === null || (voucher.expires !== null && voucher.expires < over) ? voucher.expires : over;
    if (until !== null && until <= now) return { kind: "bad", why: "expired" };
    const octetsLeft = voucher.octets === null ? null : voucher.octets - voucher.usedOctets;
    if (octetsLeft !== null && octetsLeft <= 0n) return { kind: "bad", why: "used-up" };
    if (!voucher.usedBy.includes(mac) && voucher.usedBy.length >= voucher.devices) {
      return { kind: "bad", why: "too-many-devices" };
    }
    return { kind: "good", voucher, until, octetsLeft };
  }

  open(session: StoredSession, start: AccountingRecord | null): VoucherVerdict | null {
    for (const other of this.sessions.values()) {
      if (other.state !== "closed" && other.gateway === session.gateway && other.number === session.number) {
        throw new StoreError(`number ${session.number} is in use`);
      }
    }
    let verdict: VoucherVerdict | null = null;
    if (session.voucher !== null) {
      const voucher = this.vouchers.get(session.voucher);
      verdict = this.verdict(voucher, session.mac, session.started);
      if (verdict.kind === "bad") return verdict;
      const { usedBy, firstUse } = verdict.voucher;
      const claimed = {
        ...verdict.voucher,
        firstUse: firstUse ?? session.started,
        usedBy: usedBy.includes(session.mac) ? usedBy : [...usedBy, session.mac],
      };
      this.vouchers.set(claimed.id, claimed);
      verdict = { ...verdict, voucher: claimed };
    } else if (!this.#hasPlace(session)) return { kind: "bad", why: "too-many-devices" };
    this.sessions.set(session.id, session);
    if (start !== null) this.put(session.id, start);
    return verdict;
  }

  #hasPlace({ user, mac, radius, method }: StoredSession): boolean {
    const known = [...this.users.values()].find((one) => one.user.name === user);
    if (known === undefined || radius || (method !== "password" && method !== "mac")) return true;
    const others = this.find({ user, states: ["open"] }).filter((one) => one.mac !== mac && !one.radius);
    return others.length < known.user.devices;
  }

  update(session: StoredSession): void {
    const before = this.sessions.get(session.id);
    if (before === undefined || before.state === "closed") return;
    this.#used(session.voucher, before, session);
    this.sessions.set(session.id, { ...session, state: before.state, ended: before.ended, cause: before.cause });
  }

  end(session: StoredSession, stop: AccountingRecord | null): void {
    const before = this.sessions.get(session.id);
    if (before === undefined || before.state === "closed") return;
    this.#used(session.voucher, before, session);
    this.sessions.set(session.id, session);
    if (stop !== null) this.put(session.id, stop);
  }

  #used(id: string | null, before: StoredSession, after: StoredSession): void {
    const voucher = id === null ? undefined : this.vouchers.get(id);
    if (voucher === undefined) return;
    const octets = after.inputOctets + after.outputOctets - before.inputOctets - before.outputOctets;
    this.vouchers.set(voucher.id, { ...voucher, usedOctets: voucher.usedOctets + octets });
  }

  find({ gateway, states, user, mac, method, voucher, from, to, limit, offset }: SessionQuery): StoredSession[] {
    const found = [...this.sessions.values()].filter(
      (one) =>
        (gateway === undefined || one.gateway === gateway) &&
        (states === undefined || states.includes(one.state)) &&
        (user === undefined || one.user === user) &&
        (mac === undefined || one.mac === mac) &&
        (method === undefined || one.method === method) &&
        (voucher === undefined || one.voucher === voucher) &&
        (from === undefined || one.started >= from) &&
        (to === undefined || one.started < to),
    );
    found.sort((a, b) => b.started - a.started);
    return found.slice(offset ?? 0, (offset ?? 0) + (limit ?? 1000));
  }

  unfinished(gateway: string): StoredSession[] {
    return [...this.sessions.values()].filter((one) => one.gateway === gateway && one.state !== "closed");
  }
}

export function memoryStore(database: MemoryDatabase, chance: Chance, life: Life): Store {
  const failure = (): Error => new StoreError("database or disk is full");
  const call = <Result>(effect: () => Result): Promise<Result> => chance.call(life, effect, failure);
  const absent = (): never => {
    throw new Error("not in this test");
  };
  return {
    openSession: (session, start) => call(() => database.open(session, start)),
    updateSessions: (sessions, interims) =>
      call(() => {
        for (const session of sessions) database.update(session);
        for (const { session, record } of interims) database.put(session, record);
      }),
    beginClose: (closings) =>
      call(() => {
        const changed: string[] = [];
        for (const { id, cause, at } of closings) {
          const session = database.sessions.get(id);
          if (session?.state !== "open") continue;
          database.sessions.set(id, { ...session, state: "closing", cause, ended: at });
          changed.push(id);
        }
        return changed;
      }),
    endClose: (endings) =>
      call(() => {
        for (const { session, stop } of endings) database.end(session, stop);
      }),
    exportSessions: absent,
    sessions: (query) => call(() => database.find(query)),
    session: (id) => call(() => database.sessions.get(id) ?? null),
    pendingAccounting: (_gateway, limit) => call(() => database.queue.slice(0, limit)),
    queueAccounting: (_gateway, session, record) => call(() => database.put(session, record)),
    acknowledgeAccounting: absent,
    createVouchers: ({ count, ...order }, now) =>
      call(() =>
        Array.from({ length: count }, () => {
          const id = `v${database.vouchers.size + 1}`;
          const code = `TEST-${id.slice(1).padStart(4, "0")}`;
          const made: Voucher = {
            ...order,
            id,
            code,
            created: now,
            firstUse: null,
            usedOctets: 0n,
            usedBy: [],
            revoked: false,
          };
          database.vouchers.set(id, made);
          return made;
        }),
      ),
    vouchers: ({ code, batch }) =>
      call(() =>
        [...database.vouchers.values()].filter(
          (one) => (code === undefined || one.code === code) && (batch === undefined || one.batch === batch),
        ),
      ),
    checkVoucher: (code, mac, now) =>
      call(() =>
        database.verdict(
          [...database.vouchers.values()].find((one) => one.code === code),
          mac,
          now,
        ),
      ),
    revokeVouchers: (ids) =>
      call(() => {
        const found = ids.flatMap((id) => database.vouchers.get(id) ?? []).filter(({ revoked }) => !revoked);
        for (const voucher of found) database.vouchers.set(voucher.id, { ...voucher, revoked: true });
        return found.length;
      }),
    revokedAmong: (ids) => call(() => ids.filter((id) => database.vouchers.get(id)?.revoked === true)),
    addUser: (user, password) =>
      call(() => {
        if (database.users.has(user.name)) return false;
        database.users.set(user.name, { user, password: password ?? "" });
        return true;
      }),
    changeUser: (name, change, password) =>
      call(() => {
        const before = database.users.get(name);
        if (before === undefined) return false;
        const user = { ...change(before.user), name, created: before.user.created };
        database.users.set(name, { user, password: password ?? before.password });
        return true;
      }),
    users: () => call(() => [...database.users.values()].map(({ user }) => user)),
    deleteUser: (name) => call(() => database.users.delete(name)),
    checkUser: (name, password) =>
      call(() => {
        const found = database.users.get(name);
        return found?.password === password ? found.user : null;
      }),
    putAdministrator: ({ name, role }) =>
      call(() => {
        database.administrators.set(name, { name, role, created: 0, lastSeen: null });
      }),
    administrators: () => call(() => [...database.administrators.values()]),
    deleteAdministrator: (name) => call(() => database.administrators.delete(name)),
    checkAdministrator: absent,
    standing: absent,
    audit: ({ who, what, detail }) =>
      call(() => {
        database.audit.push(`${who} ${what} ${detail}`);
      }),
    auditLog: absent,
    recordTraffic: (_gateway, { inputOctets, outputOctets }) =>
      call(() => {
        database.traffic.push({ input: inputOctets, output: outputOctets });
      }),
    traffic: absent,
    setting: absent,
    putSetting: absent,
    close: () => Promise.resolve(),
  };
}
