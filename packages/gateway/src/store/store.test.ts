/** One table of cases, run against every database. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, postgresIsMissing, startPostgres } from "../../../../tests/support/postgres.ts";
import { macOf, movedOn, NOW, recordOf, sessionOf } from "../../../../tests/support/stored-sessions.ts";
import {
  openStore,
  type Store,
  type StoredSession,
  StoreError,
  type StoreReports,
  type Voucher,
  type VoucherOrder,
} from "./index.ts";

/** Two gateways' handles on one new, empty database. */
interface Place {
  readonly url: string;
  readonly a: Store & StoreReports;
  readonly b: Store & StoreReports;
}

type Case = (place: Place) => Promise<void>;

const ORDER: VoucherOrder = {
  count: 1,
  batch: "b",
  expires: null,
  duration: null,
  octets: null,
  devices: 1,
  rateUp: null,
  rateDown: null,
  note: "",
};

async function oneVoucher(store: Store, order: Partial<VoucherOrder>): Promise<Voucher> {
  const [voucher] = await store.createVouchers({ ...ORDER, ...order }, NOW);
  if (voucher === undefined) throw new Error("no voucher was made");
  return voucher;
}

async function end(store: Store, session: StoredSession): Promise<void> {
  await store.beginClose([{ id: session.id, cause: "User-Request", at: NOW + 1 }]);
  await store.endClose([{ session, stop: recordOf(session, "Stop") }]);
}

/** Kinds of record that wait for each session, in order. */
async function waiting(store: Store, gateway = "pier"): Promise<Record<string, string[]>> {
  const kinds: Record<string, string[]> = {};
  for (const { session, record } of await store.pendingAccounting(gateway, 100_000)) {
    kinds[session] = [...(kinds[session] ?? []), record.kind];
  }
  return kinds;
}

async function troubleOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof StoreError) return error.trouble;
    throw error;
  }
  return "none";
}

const BIG = 2n ** 63n - 1n;
const HOSTILE = "a\0b\uD800'; drop table sessions; --\u202E💧";

const CASES: Readonly<Record<string, Case>> = {
  "a session comes back as it was, counters over 2^53 and blobs included": async ({ a, b }) => {
    const session = sessionOf(1, {
      classes: [new Uint8Array([0, 255, 0, 13]), new Uint8Array(0), new Uint8Array(253).fill(7)],
      inputOctets: 2n ** 53n + 1n,
      outputOctets: BIG,
      inputPackets: 2n ** 62n + 3n,
      kernel: { inputOctets: 2n ** 53n + 3n, outputOctets: BIG, inputPackets: 1n, outputPackets: 0n },
      limits: { ...sessionOf(1).limits, until: null, octetsTotal: BIG, octetsInput: 2n ** 53n + 5n },
      user: "Zoë 'O''Hara\" \\",
    });
    expect(await a.openSession(session, recordOf(session, "Start"))).toBeNull();
    expect(await b.session("s1")).toEqual(session);
    const [start] = await b.pendingAccounting("pier", 10);
    expect(start?.record).toEqual(recordOf(session, "Start"));
    expect(await b.session("s2")).toBeNull();
    const other = { ...session, id: "s2", number: 2, classes: [], addresses: [], radius: false, voucher: null };
    await a.openSession(other, null);
    expect(await b.session("s2")).toEqual(other);
  },

  "text that no database takes is made harmless, and what looks like SQL is text": async ({ a, b }) => {
    const session = sessionOf(1, { user: HOSTILE, id: `i${HOSTILE}` });
    await a.openSession(session, recordOf(session, "Start"));
    const harmless = HOSTILE.replace("\0", "\uFFFD").replace("\uD800", "\uFFFD");
    expect((await b.session(session.id))?.user).toBe(harmless);
    expect((await b.sessions({ user: HOSTILE })).length).toBe(1);
    const changed = await b.beginClose([{ id: session.id, cause: "User-Request", at: NOW }]);
    expect(changed).toEqual([session.id]);
    await a.audit({ at: NOW, gateway: "pier", who: HOSTILE, what: "login-failed", detail: HOSTILE });
    expect((await a.auditLog({}))[0]?.detail).toBe(harmless);
    expect(await a.checkUser(HOSTILE, HOSTILE)).toBeNull();
    expect(await a.checkVoucher(HOSTILE, macOf(1), NOW)).toEqual({ kind: "bad", why: "unknown" });
    await a.putSetting("look", "it's");
    expect(await b.setting("look")).toBe("it's");
    expect(await b.setting("' or 1=1 --")).toBeNull();
  },

  "opening again what is there does no harm; another session of that id is refused": async ({ a, b }) => {
    const session = sessionOf(1);
    await Promise.all([a, b, a, b].map((store) => store.openSession(session, recordOf(session, "Start"))));
    expect(await waiting(a)).toEqual({ s1: ["Start"] });
    // Who comes second must never stumble over the number, which is found out by another index than the id is.
    for (let number = 2; number < 80; number++) {
      await Promise.all([a, b].map((store) => store.openSession(sessionOf(number), null)));
    }
    expect(await a.countSessions({})).toBe(79);
    expect(await troubleOf(a.openSession(sessionOf(99, { id: "s1" }), null))).toBe("conflict");
    expect(await a.countSessions({})).toBe(79);
  },

  "numbers are unique among the open sessions of a gateway": async ({ a, b }) => {
    await a.openSession(sessionOf(7), null);
    expect(await troubleOf(b.openSession(sessionOf(7, { id: "other" }), null))).toBe("conflict");
    await b.openSession(sessionOf(7, { id: "elsewhere", gateway: "beach" }), null);
    await a.beginClose([{ id: "s7", cause: "Idle-Timeout", at: NOW }]);
    expect(await troubleOf(b.openSession(sessionOf(7, { id: "other" }), null))).toBe("conflict");
    await a.endClose([{ session: sessionOf(7), stop: null }]);
    await b.openSession(sessionOf(7, { id: "other" }), null);
    expect((await a.sessions({ gateway: "pier", states: ["open", "closing"] })).map(({ id }) => id)).toEqual(["other"]);
  },

  "of calls that share a transaction each succeeds or fails by itself": async ({ a }) => {
    await a.openSession(sessionOf(50), null);
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => {
        const number = index + 1;
        const session = sessionOf(number, number === 50 ? { id: "same number" } : {});
        return a.openSession(session, recordOf(session, "Start"));
      }),
    );
    expect(results.flatMap(({ status }, index) => (status === "rejected" ? [index + 1] : []))).toEqual([50]);
    expect(await a.countSessions({ states: ["open"] })).toBe(100);
    expect(Object.keys(await waiting(a)).length).toBe(99);
  },

  "a voucher for one device goes to one of 50 that come at once through two gateways": async ({ a, b }) => {
    const single = await oneVoucher(a, { devices: 1 });
    const three = await oneVoucher(a, { devices: 3, duration: 60 });
    for (const [voucher, places] of [
      [single, 1],
      [three, 3],
    ] as const) {
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const session = sessionOf(places * 100 + index, {
            voucher: voucher.id,
            gateway: index % 2 ? "pier" : "beach",
          });
          return (index % 2 ? a : b).openSession(session, recordOf(session, "Start"));
        }),
      );
      expect(verdicts.filter((verdict) => verdict?.kind === "good").length).toBe(places);
      const refused = verdicts.flatMap((verdict) => (verdict?.kind === "bad" ? [verdict.why] : []));
      expect(refused).toEqual(Array.from({ length: 50 - places }, () => "too-many-devices"));
      const sessions = await a.sessions({ voucher: voucher.id });
      expect(sessions.length).toBe(places);
      const [stored] = await b.vouchers({ code: voucher.code });
      expect([...(stored?.usedBy ?? [])].sort()).toEqual(sessions.map(({ mac }) => mac).sort());
    }
    expect(Object.values(await waiting(a)).length + Object.values(await waiting(a, "beach")).length).toBe(4);
  },

  "a local user's places go to as many of 50 that come at once through two gateways": async ({ a, b }) => {
    const user = { name: "anna", disabled: false, limits: {}, note: "", created: NOW };
    await a.addUser({ ...user, devices: 9 }, null);
    for (const devices of [1, 3]) {
      await b.changeUser("anna", (anna) => ({ ...anna, devices }), null);
      const sessions = Array.from({ length: 50 }, (_, index) =>
        sessionOf(devices * 100 + index, {
          user: "anna",
          radius: false,
          method: index % 3 ? "password" : "mac",
          gateway: index % 2 ? "pier" : "beach",
        }),
      );
      const verdicts = await Promise.all(
        sessions.map((session, index) => (index % 2 ? a : b).openSession(session, recordOf(session, "Start"))),
      );
      const bad = verdicts.filter((verdict) => verdict !== null);
      expect(bad).toEqual(Array(50 - devices).fill({ kind: "bad", why: "too-many-devices" }));
      const open = await b.sessions({ user: "anna", states: ["open"] });
      expect(open.length).toBe(devices);
      expect(Object.values(await waiting(a)).length + Object.values(await waiting(a, "beach")).length).toBe(devices);
      // A device that has a place has it on every gateway, and its session may be opened once more.
      const [one] = open as [StoredSession];
      const elsewhere = {
        ...one,
        id: `elsewhere${devices}`,
        gateway: one.gateway === "pier" ? "beach" : "pier",
        number: 999,
      };
      expect(await a.openSession(elsewhere, null)).toBeNull();
      expect(await b.openSession(one, recordOf(one, "Start"))).toBeNull();
      // One leaves, one comes; the places are devices', of which one has two sessions.
      const next = sessionOf(800, { user: "anna", radius: false });
      expect(await a.openSession(next, null)).toEqual({ kind: "bad", why: "too-many-devices" });
      await end(a, elsewhere);
      expect(await a.openSession(next, null)).toEqual({ kind: "bad", why: "too-many-devices" });
      await end(a, one);
      expect(await a.openSession(next, null)).toBeNull();
      for (const session of await a.sessions({ user: "anna", states: ["open"] })) await end(a, session);
      const left = [...(await a.pendingAccounting("pier", 100)), ...(await a.pendingAccounting("beach", 100))];
      await a.acknowledgeAccounting(left.map(({ sequence }) => sequence));
    }
  },

  "who is called like a local user and is none takes no place of theirs": async ({ a, b }) => {
    await a.addUser({ name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: NOW }, null);
    const others = [
      sessionOf(1, { user: "anna", radius: true }),
      sessionOf(2, { user: "anna", radius: false, method: "email" }),
      sessionOf(3, { user: "anna", radius: true, method: "mac" }),
    ];
    for (const session of others) expect(await a.openSession(session, null)).toBeNull();
    expect(await b.openSession(sessionOf(4, { user: "anna", radius: false }), null)).toBeNull();
    expect(await a.openSession(sessionOf(5, { user: "anna", radius: true }), null)).toBeNull();
    const local = sessionOf(6, { user: "anna", radius: false });
    expect(await a.openSession(local, recordOf(local, "Start"))).toMatchObject({ why: "too-many-devices" });
    expect(await a.session("s6")).toBeNull();
    // Nobody's name limits nobody; more places are places at once.
    await a.changeUser("anna", (anna) => ({ ...anna, devices: 2 }), null);
    expect(await a.openSession(local, null)).toBeNull();
    await a.deleteUser("anna");
    expect(await a.openSession(sessionOf(7, { user: "anna", radius: false }), null)).toBeNull();
  },

  "a voucher's time runs from its first use; its device may come again": async ({ a, b }) => {
    const voucher = await oneVoucher(a, { duration: 600, expires: NOW + 3_600_000, devices: 2 });
    expect(await b.checkVoucher(voucher.code, macOf(1), NOW)).toMatchObject({ kind: "good", until: NOW + 600_000 });
    expect((await a.vouchers({ batch: "b" }))[0]).toEqual(voucher);
    const first = await a.openSession(sessionOf(1, { voucher: voucher.id }), null);
    expect(first).toEqual({
      kind: "good",
      until: NOW + 600_000,
      octetsLeft: null,
      voucher: { ...voucher, firstUse: NOW, usedBy: [macOf(1)] },
    });
    const later = sessionOf(2, { voucher: voucher.id, started: NOW + 599_999 });
    expect(await b.openSession(later, null)).toMatchObject({ kind: "good", until: NOW + 600_000 });
    const again = sessionOf(3, { voucher: voucher.id, mac: macOf(1), started: NOW + 1 });
    expect(await b.openSession(again, null)).toMatchObject({ kind: "good", until: NOW + 600_000 });
    const late = sessionOf(4, { voucher: voucher.id, mac: macOf(1), started: NOW + 600_000 });
    expect(await b.openSession(late, recordOf(late, "Start"))).toEqual({ kind: "bad", why: "used-up" });
    expect(await a.session("s4")).toBeNull();
    expect(await waiting(a)).toEqual({});
    const other = await oneVoucher(a, { expires: NOW });
    expect(await a.checkVoucher(other.code, macOf(1), NOW)).toEqual({ kind: "bad", why: "expired" });
    expect(await a.openSession(sessionOf(5, { voucher: "none such" }), null)).toEqual({ kind: "bad", why: "unknown" });
    expect(await a.revokeVouchers([voucher.id, voucher.id, "none such"])).toBe(1);
    expect(await a.revokeVouchers([voucher.id])).toBe(0);
    expect(await b.checkVoucher(voucher.code, macOf(1), NOW)).toEqual({ kind: "bad", why: "revoked" });
  },

  "a voucher's octets are counted over all its sessions on all gateways, once": async ({ a, b }) => {
    const voucher = await oneVoucher(a, { octets: 100_000n, devices: 20 });
    let sessions = Array.from({ length: 20 }, (_, index) =>
      sessionOf(index + 1, { voucher: voucher.id, gateway: index % 2 ? "pier" : "beach" }),
    );
    await Promise.all(sessions.map((session, index) => (index % 2 ? a : b).openSession(session, null)));
    for (let tick = 1; tick <= 4; tick++) {
      sessions = sessions.map((session) => movedOn(session, 10n, NOW + tick));
      await Promise.all([
        a.updateSessions(
          sessions.filter(({ gateway }) => gateway === "pier"),
          [],
        ),
        b.updateSessions(
          sessions.filter(({ gateway }) => gateway === "beach"),
          [],
        ),
      ]);
    }
    // The same counters once more add nothing.
    await a.updateSessions(sessions, []);
    const used = async (): Promise<bigint | undefined> => (await a.vouchers({ code: voucher.code }))[0]?.usedOctets;
    expect(await used()).toBe(20n * 4n * 100n);
    const last = sessions.map((session) => movedOn(session, 400n, NOW + 9));
    await a.beginClose(last.map(({ id }) => ({ id, cause: "User-Request" as const, at: NOW + 9 })));
    await Promise.all([a, b].map((store) => store.endClose(last.map((session) => ({ session, stop: null })))));
    expect(await used()).toBe(20n * 4_400n);
    expect(await b.checkVoucher(voucher.code, macOf(1), NOW)).toMatchObject({ kind: "good", octetsLeft: 12_000n });
    const more = movedOn(sessionOf(30, { voucher: voucher.id, mac: macOf(1) }), 1_200n, NOW);
    await a.openSession(sessionOf(30, { voucher: voucher.id, mac: macOf(1) }), null);
    await a.updateSessions([more], []);
    expect(await b.checkVoucher(voucher.code, macOf(1), NOW)).toEqual({ kind: "bad", why: "used-up" });
  },

  "a session ends once: one of two that begin it, one Stop of two": async ({ a, b }) => {
    const sessions = Array.from({ length: 30 }, (_, index) => sessionOf(index + 1));
    await Promise.all(sessions.map((session) => a.openSession(session, recordOf(session, "Start"))));
    const closings = sessions.map(({ id }) => ({ id, cause: "Admin-Reset" as const, at: NOW + 5 }));
    const changed = await Promise.all([a, b, a].map((store) => store.beginClose(closings)));
    expect(changed.flat().sort()).toEqual(sessions.map(({ id }) => id).sort());
    const begun = await a.session("s1");
    expect(begun).toMatchObject({ state: "closing", cause: "Admin-Reset", ended: NOW + 5 });
    const done = sessions.map((session) => movedOn(session, 5n, NOW + 6));
    const endings = done.map((session) => ({ session, stop: recordOf(session, "Stop") }));
    await Promise.all([a, b, a, b].map((store) => store.endClose(endings)));
    await b.endClose(endings);
    const kinds = await waiting(a);
    for (const { id } of sessions) expect(kinds[id]).toEqual(["Start", "Stop"]);
    // Acknowledged and ended once more: still no second one.
    await a.acknowledgeAccounting((await a.pendingAccounting("pier", 1_000)).map(({ sequence }) => sequence));
    await b.endClose(endings);
    expect(await b.countPending("pier")).toBe(0);
    expect(await a.session("s1")).toMatchObject({
      state: "closed",
      cause: "Admin-Reset",
      ended: NOW + 5,
      inputOctets: 5n,
    });
    expect(await a.beginClose(closings)).toEqual([]);
  },

  "what is not closing is not closed, and what is closed does not change": async ({ a }) => {
    const session = sessionOf(1);
    await a.openSession(session, null);
    await a.endClose([{ session, stop: recordOf(session, "Stop") }]);
    expect((await a.session("s1"))?.state).toBe("open");
    await end(a, movedOn(session, 1n, NOW));
    const moved = movedOn(session, 100n, NOW + 9);
    await a.updateSessions([moved], [{ session: "s1", record: recordOf(moved, "Interim-Update") }]);
    expect((await a.session("s1"))?.inputOctets).toBe(1n);
    expect(await waiting(a)).toEqual({ s1: ["Stop"] });
    expect(await a.beginClose([{ id: "none such", cause: "User-Request", at: NOW }])).toEqual([]);
  },

  "records wait in their order, and a newer Interim-Update replaces an older": async ({ a, b }) => {
    const session = sessionOf(1);
    const other = sessionOf(2);
    await a.openSession(session, recordOf(session, "Start"));
    await a.openSession(other, recordOf(other, "Start"));
    const interim = (octets: bigint) => {
      const moved = movedOn(session, octets, NOW + Number(octets));
      return a.updateSessions([moved], [{ session: "s1", record: recordOf(moved, "Interim-Update") }]);
    };
    await interim(1n);
    await interim(2n);
    await Promise.all([interim(3n), interim(4n)]);
    const queue = await b.pendingAccounting("pier", 10);
    expect(queue.map(({ session: id, record }) => `${id} ${record.kind} ${record.inputOctets}`)).toEqual([
      "s1 Start 0",
      "s2 Start 0",
      "s1 Interim-Update 4",
    ]);
    expect((await b.pendingAccounting("pier", 2)).map(({ sequence }) => sequence)).toEqual(
      queue.slice(0, 2).map(({ sequence }) => sequence),
    );
    expect(await b.pendingAccounting("beach", 10)).toEqual([]);
    // It is on its way when the next comes: the acknowledgement of the old leaves the new.
    await interim(5n);
    await a.acknowledgeAccounting(queue.map(({ sequence }) => sequence));
    const left = await b.pendingAccounting("pier", 10);
    expect(left.map(({ record }) => record.inputOctets)).toEqual([5n]);
    await end(a, movedOn(session, 6n, NOW + 9));
    expect(await waiting(a)).toEqual({ s1: ["Interim-Update", "Stop"] });
    // A number that was given is not given again, whatever was deleted.
    const all = await a.pendingAccounting("pier", 10);
    await a.acknowledgeAccounting(all.map(({ sequence }) => sequence));
    await a.queueAccounting("pier", "", { ...recordOf(session, "Accounting-On"), user: "" });
    await a.queueAccounting("pier", "", { ...recordOf(session, "Accounting-On"), user: "" });
    const [on, off] = await a.pendingAccounting("pier", 10);
    expect(on?.sequence).toBeGreaterThan(Math.max(...all.map(({ sequence }) => sequence)));
    expect(off?.sequence).toBeGreaterThan(on?.sequence ?? 0);
    expect(await a.countPending("pier")).toBe(2);
    await a.acknowledgeAccounting([]);
  },

  "more sessions than one transaction takes, with their Interim-Updates, in one call": async ({ a }) => {
    const sessions = Array.from({ length: 2_600 }, (_, index) => sessionOf(index + 1, { radius: false }));
    await Promise.all(sessions.map((session) => a.openSession(session, null)));
    const moved = sessions.map((session) => movedOn(session, BigInt(session.number), NOW + 60_000));
    const interims = moved.map((session) => ({ session: session.id, record: recordOf(session, "Interim-Update") }));
    await a.updateSessions(moved, interims);
    expect(await a.countPending("pier")).toBe(2_600);
    const stored = new Map((await a.sessions({})).map((session) => [session.id, session]));
    for (const session of moved) expect(stored.get(session.id)).toEqual(session);
  },

  "vouchers: codes of their own, found as people type them": async ({ a, b }) => {
    const made = await a.createVouchers(
      { ...ORDER, count: 2_500, batch: "summer", octets: BIG, rateUp: 1_000, rateDown: 2_000, note: "gate" },
      NOW,
    );
    expect(new Set(made.map(({ code }) => code)).size).toBe(2_500);
    expect(await b.vouchers({ batch: "summer" })).toEqual(made);
    expect(await b.vouchers({ batch: "summer", limit: 10, offset: 1_995 })).toEqual(made.slice(1_995, 2_005));
    expect(await b.vouchers({ batch: "winter" })).toEqual([]);
    const code = made[0]?.code ?? "";
    for (const typed of [
      code.toLowerCase(),
      ` ${code.replace("-", " ")} `,
      code.replace("-", ""),
      code.replace("-", "–"),
    ]) {
      expect(await b.vouchers({ code: typed })).toEqual(made.slice(0, 1));
    }
    for (const count of [0, -1, 1.5, 100_001]) {
      expect(await troubleOf(a.createVouchers({ ...ORDER, count }, NOW))).toBe("conflict");
    }
  },

  "users and administrators sign in with their passwords": async ({ a, b }) => {
    const user = {
      name: "Zoe\u0308",
      disabled: false,
      limits: { octetsTotal: BIG, rateUp: 5 },
      devices: 2,
      note: "n",
      created: NOW,
    };
    expect(await a.addUser(user, "pa\u0308ss")).toBe(true);
    const stored = { ...user, name: "Zo\u00EB" };
    // Composed or not: another keyboard's way of typing the same.
    expect(await b.checkUser("Zo\u00EB", "p\u00E4ss")).toEqual(stored);
    expect(await b.checkUser("Zo\u00EB", "pass")).toBeNull();
    expect(await b.checkUser("nobody", "pa\u0308ss")).toBeNull();
    // One of the name, however it is typed: nothing happens to it.
    expect(await b.addUser({ ...stored, limits: {}, devices: 9 }, "other")).toBe(false);
    expect(await a.changeUser(user.name, (known) => ({ ...known, devices: 3 }), null)).toBe(true);
    expect(await a.checkUser("Zo\u00EB", "p\u00E4ss")).toEqual({ ...stored, devices: 3 });
    await a.changeUser(user.name, (known) => ({ ...known, devices: 2, disabled: true }), null);
    expect(await a.checkUser("Zo\u00EB", "p\u00E4ss")).toBeNull();
    expect(await a.users()).toEqual([{ ...stored, disabled: true }]);
    await a.addUser({ ...stored, name: "no password" }, null);
    expect(await a.checkUser("no password", "")).toBeNull();
    expect(await b.changeUser("no password", (known) => known, "has one")).toBe(true);
    expect(await a.checkUser("no password", "has one")).toMatchObject({ name: "no password" });
    expect(await a.changeUser("nobody", (known) => known, null)).toBe(false);
    expect(await a.deleteUser("Zo\u00EB")).toBe(true);
    expect(await a.deleteUser("Zo\u00EB")).toBe(false);
    await a.putAdministrator({ name: "ann", role: "admin" }, "secret");
    expect(await b.checkAdministrator("ann", "wrong", NOW)).toBeNull();
    expect((await b.administrators())[0]?.lastSeen).toBeNull();
    expect(await b.checkAdministrator("ann", "secret", NOW)).toMatchObject({
      name: "ann",
      role: "admin",
      lastSeen: NOW,
    });
    await a.putAdministrator({ name: "ann", role: "viewer" }, null);
    expect(await b.administrators()).toMatchObject([{ name: "ann", role: "viewer", lastSeen: NOW }]);
    expect(await b.checkAdministrator("ann", "secret", NOW)).not.toBeNull();
    expect(await a.deleteAdministrator("ann")).toBe(true);
    expect(await b.checkAdministrator("ann", "secret", NOW)).toBeNull();
  },

  "of many who make or change one user at once everybody is heard": async ({ a, b }) => {
    const user = { name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: NOW };
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? a : b).addUser({ ...user, note: `${index}` }, null)),
    );
    expect(made.filter((one) => one).length).toBe(1);
    const changed = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? a : b).changeUser("anna", (known) => ({ ...known, devices: known.devices + 1 }), null),
      ),
    );
    expect(changed).toEqual(Array(40).fill(true));
    expect(await a.users()).toEqual([{ ...user, devices: 41, note: `${made.indexOf(true)}` }]);
  },

  "an administrator's standing changes with role and password, on every gateway": async ({ a, b }) => {
    expect(await b.standing("ann")).toBeNull();
    await a.putAdministrator({ name: "ann", role: "admin" }, "first");
    const first = await b.standing("ann");
    await a.putAdministrator({ name: "ann", role: "viewer" }, null);
    expect(await b.standing("ann")).toEqual({ role: "viewer", stamp: first?.stamp });
    // The same password again: whoever is in by the old one goes all the same.
    await a.putAdministrator({ name: "ann", role: "viewer" }, "first");
    expect((await b.standing("ann"))?.stamp).not.toBe(first?.stamp);
    await a.deleteAdministrator("ann");
    expect(await b.standing("ann")).toBeNull();
  },

  "which of many vouchers are revoked is one question": async ({ a, b }) => {
    const made = await a.createVouchers({ ...ORDER, count: 3 }, NOW);
    const ids = made.map(({ id }) => id);
    expect(await b.revokedAmong(ids)).toEqual([]);
    await a.revokeVouchers(ids.slice(1));
    expect([...(await b.revokedAmong(ids))].sort()).toEqual(ids.slice(1).sort());
    expect(await b.revokedAmong([])).toEqual([]);
  },

  "sessions are found by what is asked for, page by page, and exported in order": async ({ a }) => {
    const sessions = Array.from({ length: 2_300 }, (_, index) =>
      sessionOf(index + 1, {
        started: NOW + (index >> 1),
        user: index % 100 === 0 ? "bob" : "eve",
        gateway: index % 2 ? "pier" : "beach",
        radius: false,
      }),
    );
    await Promise.all(sessions.map((session) => a.openSession(session, null)));
    const exported: StoredSession[] = [];
    for await (const session of a.exportSessions({})) exported.push(session);
    expect(exported.length).toBe(2_300);
    expect(new Set(exported.map(({ id }) => id)).size).toBe(2_300);
    expect(
      exported.every((session, index) => index === 0 || session.started >= (exported[index - 1]?.started ?? 0)),
    ).toBe(true);
    const pages: StoredSession[] = [];
    for (let offset = 0; offset < 2_300; offset += 500) pages.push(...(await a.sessions({ limit: 500, offset })));
    expect(pages).toEqual([...exported].reverse());
    const asked = { user: "bob", from: NOW + 100, to: NOW + 200 };
    expect((await a.sessions(asked)).map(({ number }) => number)).toEqual([301, 201]);
    expect(await a.countSessions(asked)).toBe(2);
    expect((await a.sessions({ mac: macOf(9) })).map(({ id }) => id)).toEqual(["s9"]);
    expect((await a.sessions({ mac: macOf(9), method: "password" })).map(({ id }) => id)).toEqual(["s9"]);
    expect(await a.sessions({ mac: macOf(9), method: "click" })).toEqual([]);
    expect(await a.countSessions({ gateway: "beach", states: ["open"] })).toBe(1_150);
    expect(await a.countSessions({ states: ["closed", "closing"] })).toBe(0);
    const some: string[] = [];
    for await (const { id } of a.exportSessions({ limit: 3, gateway: "pier" })) some.push(id);
    expect(some).toEqual(["s2", "s4", "s6"]);
  },

  "traffic is kept by minutes for two days and by hours for two years": async ({ a }) => {
    const minute = 60_000;
    const hour = 60 * minute;
    const start = NOW - (NOW % hour) - 400 * 24 * hour;
    const point = (at: number, sessions: number) => ({ at, sessions, inputOctets: 2n ** 54n, outputOctets: 1n });
    for (const at of [start, start + 20_000, start + minute])
      await a.recordTraffic("pier", point(at, (at - start) / 20_000));
    await a.recordTraffic("beach", point(start, 10));
    const old = await a.traffic(null, start, start + hour);
    expect(old).toEqual([{ at: start, sessions: 13, inputOctets: 2n ** 56n, outputOctets: 4n }]);
    expect(await a.traffic("pier", start, start + hour)).toEqual([
      { at: start, sessions: 3, inputOctets: 3n * 2n ** 54n, outputOctets: 3n },
    ]);
    const now = NOW - (NOW % minute) - minute;
    await a.recordTraffic("pier", point(now, 1));
    await a.recordTraffic("pier", point(now + 30_000, 2));
    await a.recordTraffic("pier", point(now - minute, 5));
    expect(await a.traffic("pier", now - 10 * minute, NOW)).toEqual([
      { at: now - minute, sessions: 5, inputOctets: 2n ** 54n, outputOctets: 1n },
      { at: now, sessions: 2, inputOctets: 2n ** 55n, outputOctets: 2n },
    ]);
    // Three years on nothing is left of it.
    await a.recordTraffic("pier", point(start + 800 * 24 * hour, 1));
    expect(await a.traffic("pier", start, start + hour)).toEqual([]);
  },

  "the audit log is read newest first": async ({ a, b }) => {
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        a.audit({ at: NOW + (at >> 1), gateway: "pier", who: "ann", what: "kick", detail: String(at) }),
      ),
    );
    const details = async (query: Parameters<Store["auditLog"]>[0]): Promise<string[]> =>
      (await b.auditLog(query)).map(({ detail }) => detail);
    expect(await details({ limit: 3 })).toEqual(["49", "48", "47"]);
    expect(await details({ limit: 2, offset: 3 })).toEqual(["46", "45"]);
    expect(await details({ from: NOW + 2, to: NOW + 4 })).toEqual(["7", "6", "5", "4"]);
  },

  "old sessions and devices are forgotten, others are not": async ({ a }) => {
    const spent = await oneVoucher(a, { expires: NOW + 10, devices: 5 });
    const timed = await oneVoucher(a, { duration: 1, devices: 5 });
    const good = await oneVoucher(a, { devices: 5 });
    const sessions = Array.from({ length: 2_100 }, (_, index) =>
      sessionOf(index + 1, { voucher: [spent, timed, good][index]?.id ?? null }),
    );
    await Promise.all(sessions.map((session) => a.openSession(session, null)));
    const ending = sessions.slice(0, 2_050);
    await a.beginClose(ending.map(({ id, number }) => ({ id, cause: "User-Request" as const, at: NOW + number })));
    await a.endClose(ending.slice(0, 2_040).map((session) => ({ session, stop: recordOf(session, "Stop") })));
    const order = { before: NOW + 2_031, gateway: "pier", who: "ann" };
    expect(await a.purge(order)).toEqual({ sessions: 2_030, vouchers: 2 });
    expect(await a.countSessions({})).toBe(70);
    expect(await a.countSessions({ states: ["closing"] })).toBe(10);
    expect((await a.vouchers({ code: spent.code }))[0]).toMatchObject({ usedBy: [], firstUse: NOW });
    expect((await a.vouchers({ code: good.code }))[0]?.usedBy).toEqual([macOf(3)]);
    expect(await a.checkVoucher(timed.code, macOf(9), NOW + 5_000)).toEqual({ kind: "bad", why: "used-up" });
    // What is still to be sent is complete in the queue.
    expect(await a.countPending("pier")).toBe(2_040);
    expect((await a.auditLog({}))[0]).toMatchObject({ who: "ann", what: "purge" });
    expect((await a.auditLog({}))[0]?.detail).toContain("2030");
    // Nothing comes of ending what is forgotten.
    await a.endClose([{ session: sessionOf(1), stop: recordOf(sessionOf(1), "Stop") }]);
    expect(await a.countPending("pier")).toBe(2_040);
  },

  "several may open it while it is new; a closed one says so": async ({ url, a }) => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url)));
    await Promise.all(stores.map((store, index) => store.putSetting(`s${index}`, "x")));
    expect(await a.setting("s3")).toBe("x");
    const [first, ...others] = stores;
    if (first === undefined) throw new Error("none");
    // What was asked for before is done.
    const asked = first.openSession(sessionOf(1), null);
    await first.close();
    expect(await asked).toBeNull();
    expect(await troubleOf(first.openSession(sessionOf(2), null))).toBe("unreachable");
    await first.close();
    await Promise.all(others.map((store) => store.close()));
    expect(await a.countSessions({})).toBe(1);
  },
};

async function inPlace(url: string, run: Case): Promise<void> {
  // Both at once: the tables are made under a lock.
  const options = { now: () => NOW };
  const [a, b] = await Promise.all([openStore(url, options), openStore(url, options)]);
  try {
    await run({ url, a, b });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("the store in SQLite", () => {
  let folder = "";
  let count = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pierhead-store-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, run] of Object.entries(CASES)) {
    it(name, () => inPlace(`sqlite:${join(folder, `${count++}.db`)}`, run));
  }
});

const missing = postgresIsMissing();
describe.skipIf(missing !== null)(`the store in PostgreSQL${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  let server: Postgres;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  for (const [name, run] of Object.entries(CASES)) {
    it(name, async () => inPlace(await server.createDatabase(`case${count++}`), run));
  }
});
