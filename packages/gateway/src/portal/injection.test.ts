/** SQL in every field of text that people, programs and RADIUS can fill: it stays text, in both databases. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { afterAll, describe, expect, it } from "vitest";
import { PortalWorld } from "../../../../tests/support/portal/world.ts";
import { type Postgres, postgresIsMissing, startPostgres } from "../../../../tests/support/postgres.ts";
import { openStore, type Store } from "../store/index.ts";
import { createAdmin } from "./admin/index.ts";
import { answer } from "./control/index.ts";
import { SessionEngine } from "./engine/index.ts";

const ATTACKS = [
  "' or '1'='1",
  "'; drop table sessions; --",
  '" or ""="',
  "x' union select name, hash from administrators --",
  "\\'; delete from vouchers; --",
  "1; update administrators set role='admin' --",
  "%' or 1=1 #",
  "$1",
  "?1",
  ":name",
  "x'||(select password from users)||'",
  "a\0' or 1=1 --",
];
const PASSWORD = "correct horse battery";
const folder = mkdtempSync(join(tmpdir(), "pierhead-injection-"));
let postgres: Postgres | null = null;
const noPostgres = postgresIsMissing();

afterAll(async () => {
  await postgres?.close();
  rmSync(folder, { recursive: true, force: true });
});

const DATABASES: readonly [string, () => Promise<string>, boolean][] = [
  ["SQLite", () => Promise.resolve(`sqlite:${join(folder, "portal.db")}`), false],
  [
    "PostgreSQL",
    async () => {
      postgres = await startPostgres();
      return postgres.createDatabase("injection");
    },
    noPostgres !== null && process.env.CI !== "true",
  ],
];

describe.each(DATABASES)("SQL in texts, %s", (_name, url, skipped) => {
  it.skipIf(skipped)(
    "gets nobody in, destroys nothing and is kept as it was written",
    { timeout: 60_000 },
    async () => {
      const store = await openStore(await url());
      try {
        await attack(store);
      } finally {
        await store.close();
      }
    },
  );
});

async function attack(store: Store): Promise<void> {
  await store.putAdministrator({ name: "root", role: "admin" }, PASSWORD);
  const user = { name: "ann", disabled: false, limits: {}, devices: 5, note: "", created: 0 };
  await store.addUser(user, "pw");
  const order = { count: 3, batch: "b", expires: null, duration: null, octets: null, devices: 1 } as const;
  await store.createVouchers({ ...order, rateUp: null, rateDown: null, note: "" }, 0);

  const world = new PortalWorld({ radius: false });
  world.chance.immediate = true;
  const engine = new SessionEngine({
    ...world.parts(world.life),
    store,
    radius: null,
    config: world.config,
    email: null,
    accountingWaits: () => {},
    pendingAccounting: () => 0,
    troublesBeside: () => [],
    version: "test",
  });
  world.life.alive = true;
  await engine.start();

  // Guests: the page's form and /json/logon end in these.
  let device = 1;
  for (const text of ATTACKS) {
    const from = (): string => `10.99.${1 + (++device >> 8)}.${device & 255}`;
    const password = (name: string, word: string) =>
      engine.signIn(from(), { method: "password", user: name, credentials: { kind: "password", password: word } });
    for (const result of [
      await password(text, text),
      await password("ann", text),
      await password(`ann${text}`, "pw"),
      await engine.signIn(from(), { method: "voucher", code: text }),
    ]) {
      expect(result.kind).not.toBe("in");
      // What the database does not understand would be `unavailable`.
      expect(result.kind).toMatch(/refused|slow-down/);
    }
    expect(await engine.kick(text, text)).toBe(false);
    const selector = { user: text, sessionId: text, mac: text };
    expect(await engine.dynamic({ kind: "disconnect", selector }, text)).toMatchObject({ kind: "refused" });
  }

  // Programs and the admin's pages.
  const admin = createAdmin({
    config: {
      ...world.config,
      admin: { listen: "127.0.0.1", port: 0, certificate: null, fromGuests: false },
    } as PortalConfig,
    portal: engine,
    store,
    now: Date.now,
    preview: () => "",
    lookChanged: () => undefined,
  });
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(
      admin.app.request(`http://127.0.0.1${path}`, {
        redirect: "manual",
        ...init,
        headers: { Host: "127.0.0.1", ...(init.headers as Record<string, string>) },
      }),
    );
  const json = { "Content-Type": "application/json" };
  const token = async (name: string, password: string): Promise<Response> =>
    ask("/api/v1/token", { method: "POST", headers: json, body: JSON.stringify({ name, password }) });
  const entered = (await (await token("root", PASSWORD)).json()) as { token: string };
  const headers = { ...json, Authorization: `Bearer ${entered.token}` };
  const login = await ask("/login", {
    method: "POST",
    body: new URLSearchParams({ name: "root", password: PASSWORD }),
  });
  const cookie = (login.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  const csrf =
    /name="csrf" value="([^"]+)"/.exec(await (await ask("/", { headers: { Cookie: cookie } })).text())?.[1] ?? "";
  expect(csrf).not.toBe("");
  const context = { portal: engine, store, gateway: "pier-1", config: () => world.config, now: Date.now };

  for (const [index, text] of ATTACKS.entries()) {
    expect((await token(index % 2 === 0 ? text : "root", text)).status).toBeGreaterThanOrEqual(400);
    const q = encodeURIComponent(text);
    for (const path of [
      `/history?user=${q}&mac=${q}&from=${q}&to=${q}&limit=${q}&offset=${q}`,
      `/vouchers?batch=${q}&limit=${q}`,
      `/audit?from=${q}&to=${q}&offset=${q}`,
      `/traffic?from=${q}&to=${q}`,
    ]) {
      const response = await ask(`/api/v1${path}`, { headers });
      expect([path, response.status]).toEqual([path, 200]);
      const said = Object.values((await response.json()) as Record<string, unknown[]>)[0];
      if (path.startsWith("/history") || path.startsWith("/vouchers")) expect(said).toEqual([]);
    }
    const voucher = { count: 1, batch: text, devices: 1, note: text };
    const made = await ask("/api/v1/vouchers", { method: "POST", headers, body: JSON.stringify(voucher) });
    expect([text, made.status]).toEqual([text, 201]);
    expect((await ask(`/api/v1/vouchers/${q}`, { method: "DELETE", headers })).status).toBeLessThan(500);
    const put = await ask(`/api/v1/users/${q}`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ password: "longenough", devices: 1, note: text }),
    });
    expect([text, put.status < 500]).toEqual([text, true]);
    expect((await ask(`/api/v1/sessions/${q}`, { method: "DELETE", headers })).status).toBe(404);
    for (const [path, fields] of [
      ["/vouchers", { count: "1", batch: text, note: text, devices: "1" }],
      ["/vouchers/revoke", { batch: text }],
      ["/users", { name: `form ${text}`, password: "longenough", devices: "1", note: text }],
      ["/users/remove", { name: text }],
      ["/administrators", { name: `a ${text}`, role: "viewer", password: "long enough to be one" }],
      ["/administrators/remove", { name: `a ${text}` }],
      ["/sessions/kick", { id: text }],
      ["/look", { title: text, text, accent: "#0a5fb4", terms: text, language: "en" }],
    ] as const) {
      const response = await ask(path, {
        method: "POST",
        headers: { Cookie: cookie },
        body: new URLSearchParams({ csrf, ...fields }),
      });
      expect([path, text, response.status < 500]).toEqual([path, text, true]);
    }
    for (const path of ["/history", "/accounting.csv", "/vouchers", "/audit"]) {
      const response = await ask(`${path}?user=${q}&mac=${q}&batch=${q}&from=${q}&to=${q}&page=${q}`, {
        headers: { Cookie: cookie },
      });
      expect([path, text, response.status < 500]).toEqual([path, text, true]);
      await response.text();
    }
    // The command line.
    await answer(context, { verb: "voucher-list", batch: text, code: text });
    await answer(context, { verb: "user-remove", name: text }).catch(() => {});
    await answer(context, { verb: "kick", who: text }).catch(() => {});
  }

  expect(engine.sessions()).toEqual([]);
  expect(engine.status().troubles).toEqual([]);
  expect((await store.administrators()).map(({ name, role }) => [name, role])).toEqual([["root", "admin"]]);
  expect(await store.checkUser("ann", "pw")).toMatchObject({ name: "ann" });
  const batches = await store.vouchers({ batch: "b" });
  expect(batches.map(({ revoked }) => revoked)).toEqual([false, false, false]);
  // Kept as it was written, but for what no text may hold.
  const kept = await store.vouchers({ limit: 1_000 });
  for (const text of ATTACKS) expect(kept.map(({ note }) => note)).toContain(text.replace("\0", "\ufffd"));
  const log = await store.auditLog({ limit: 10_000 });
  expect(log.map(({ what }) => what)).toContain("disconnect");
}
