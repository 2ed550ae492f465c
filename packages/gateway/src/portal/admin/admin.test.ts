import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Store, type StoredSession } from "../../store/index.ts";
import type { Portal } from "../service.ts";
import { type Admin, createAdmin } from "./index.ts";
import { OPERATIONS } from "./openapi.ts";

const CONFIG = {
  gateway: "pier",
  guests: { interface: "lan0", addresses: ["10.1.0.1/24"], isolate: true },
  portal: { name: "wifi.example.org", httpPort: 80, httpsPort: 443, certificate: null, landing: null, uam: null },
  look: { title: "Pier", text: "Welcome", logo: null, accent: "#0a5fb4", terms: null, language: "en" },
  admin: { listen: "127.0.0.1", port: 0, certificate: null, fromGuests: false },
} as unknown as PortalConfig;

const NOW = Date.UTC(2031, 0, 1, 12);

function session(id: string, more: Partial<StoredSession> = {}): StoredSession {
  const none = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };
  return {
    ...none,
    id,
    gateway: "pier",
    number: Number.parseInt(id, 16),
    mac: "02:00:00:00:00:01",
    addresses: ["10.1.0.7"],
    user: "anna",
    method: "password",
    voucher: null,
    radius: false,
    classes: [],
    state: "open",
    started: NOW - 60_000,
    ended: null,
    cause: null,
    limits: {
      until: null,
      idle: null,
      octetsInput: null,
      octetsOutput: null,
      octetsTotal: null,
      rateUp: null,
      rateDown: null,
      interim: null,
    },
    kernel: none,
    active: NOW,
    reported: NOW,
    ...more,
  };
}

const PASSWORD = "correct horse battery";
let folder: string;
let store: Store;
let admin: Admin;
let open: StoredSession[];
let now: number;

// Passwords are slow on purpose: the administrators are made once.
const template = mkdtempSync(join(tmpdir(), "admin-"));
beforeAll(async () => {
  const first = await openStore(`sqlite:${join(template, "portal.db")}`);
  for (const role of ["viewer", "operator", "admin"] as const)
    await first.putAdministrator({ name: role, role }, PASSWORD);
  await first.close();
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "admin-"));
  copyFileSync(join(template, "portal.db"), join(folder, "portal.db"));
  store = await openStore(`sqlite:${join(folder, "portal.db")}`);
  open = [session("1"), session("2", { user: "<b>bob</b>", mac: "02:00:00:00:00:02" })];
  now = NOW;
  const portal: Portal = {
    client: async (address) => ({ address, mac: null, session: null }),
    signIn: async () => ({ kind: "unavailable", reason: "" }),
    pause: async () => null,
    signOut: async () => false,
    kick: async (id, who) => {
      const before = open.length;
      open = open.filter((one) => one.id !== id);
      if (open.length === before) return false;
      await store.audit({ at: now, gateway: "pier", who, what: "kick", detail: id });
      return true;
    },
    sessions: () => open,
    dynamic: async () => ({ kind: "refused", errorCause: 503 }),
    status: () => ({
      gateway: "pier",
      version: "1.2.3",
      started: NOW - 3_600_000,
      sessions: open.length,
      pendingAccounting: 3,
      radius: [],
      troubles: ["RADIUS is silent."],
    }),
  };
  admin = createAdmin({
    config: CONFIG,
    portal,
    store,
    now: () => now,
    preview: (look) => `<title>${look.title}</title>`,
    lookChanged: () => undefined,
  });
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(
  path: string,
  options: RequestInit & { form?: Record<string, string>; cookie?: string } = {},
): Promise<Response> {
  const { form, cookie, ...rest } = options;
  return admin.app.request(`http://127.0.0.1${path}`, {
    redirect: "manual",
    ...rest,
    ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    headers: {
      Host: "127.0.0.1",
      ...(cookie === undefined ? {} : { Cookie: cookie }),
      ...(rest.headers as Record<string, string>),
    },
  });
}

/** From that address, as the server behind a socket sees it. */
async function login(name: string, password: string, from: string): Promise<Response> {
  const body = new URLSearchParams({ name, password });
  const request = new Request("http://127.0.0.1/login", { method: "POST", body });
  return admin.app.fetch(request, { incoming: { socket: { remoteAddress: from } } });
}

async function enter(name: string): Promise<{ cookie: string; csrf: string }> {
  const answer = await ask("/login", { form: { name, password: PASSWORD } });
  expect(answer.status).toBe(303);
  const cookie = (answer.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  const text = await (await ask("/", { cookie })).text();
  return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? "" };
}

describe("the admin's pages", () => {
  it("show nothing to people who have not signed in", async () => {
    for (const path of [
      "/",
      "/sessions",
      "/sessions/rows",
      "/history",
      "/accounting.csv",
      "/vouchers",
      "/vouchers/sheet.pdf",
      "/users",
      "/look",
      "/look/preview",
      "/administrators",
      "/audit",
    ]) {
      const answer = await ask(path);
      expect([path, answer.status, answer.headers.get("Location")]).toEqual([path, 303, "/login"]);
    }
    expect((await ask("/metrics")).status).toBe(403);
  });

  it("refuse a wrong password, and slow down", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++)
      statuses.push((await ask("/login", { form: { name: "admin", password: "wrong" } })).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    now += 3000;
    expect((await ask("/login", { form: { name: "admin", password: PASSWORD } })).status).toBe(303);
    const log = await store.auditLog({});
    expect(log.filter(({ what }) => what === "login-failed")).toHaveLength(3);
    expect(JSON.stringify(log)).not.toContain("wrong");
  });

  it("many wrong passwords at once are not more tries than one after the other", async () => {
    const at = "198.51.100.7";
    const tries = Array.from({ length: 12 }, (_, i) => login(`nobody${i}`, "wrong", at));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(3);
  });

  it("whoever guesses at a name does not keep its owner out for long", async () => {
    for (let i = 0; i < 12; i++) {
      // From another network each time: only the name has a count.
      now += 301_000;
      expect((await login("admin", "wrong", `2001:db8:${i.toString(16)}::1`)).status).toBe(401);
    }
    now += 31_000;
    expect((await login("admin", PASSWORD, "198.51.100.7")).status).toBe(303);
  });

  it("an account of one's own buys no guesses at others, nor does another address of one's own network", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      statuses.push((await login(`victim${i}`, "wrong", `2001:db8::${i + 1}`)).status);
      await login("viewer", PASSWORD, `2001:db8::${i + 1}`);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it("the cookie is for this site and no script; the page loads nothing from elsewhere", async () => {
    const answer = await ask("/login", { form: { name: "viewer", password: PASSWORD } });
    expect(answer.headers.get("Set-Cookie")).toMatch(/HttpOnly; SameSite=Strict/);
    const policy = answer.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it("what people typed is text", async () => {
    const { cookie } = await enter("viewer");
    const text = await (await ask("/sessions", { cookie })).text();
    expect(text).toContain("&lt;b&gt;bob&lt;/b&gt;");
    expect(text).not.toContain("<b>bob</b>");
    const found = await (await ask(`/sessions?search=${encodeURIComponent('"><script>x')}`, { cookie })).text();
    expect(found).not.toContain("<script>x");
  });

  it("change nothing without the form's own field, from another origin, or for a viewer", async () => {
    const operator = await enter("operator");
    expect((await ask("/sessions/kick", { cookie: operator.cookie, form: { id: "1" } })).status).toBe(403);
    const foreign = {
      cookie: operator.cookie,
      form: { id: "1", csrf: operator.csrf },
      headers: { Origin: "http://evil.example" },
    };
    expect((await ask("/sessions/kick", foreign)).status).toBe(403);
    const viewer = await enter("viewer");
    expect((await ask("/sessions/kick", { cookie: viewer.cookie, form: { id: "1", csrf: viewer.csrf } })).status).toBe(
      403,
    );
    expect(open).toHaveLength(2);
    expect(
      (await ask("/sessions/kick", { cookie: operator.cookie, form: { id: "1", csrf: operator.csrf } })).status,
    ).toBe(303);
    expect(open.map(({ id }) => id)).toEqual(["2"]);
    const kicks = (await store.auditLog({})).filter(({ what }) => what === "kick");
    expect(kicks.map(({ who, detail }) => [who, detail])).toEqual([["operator", "1"]]);
  });

  it("make vouchers, print and revoke them", async () => {
    const { cookie, csrf } = await enter("operator");
    const order = {
      csrf,
      count: "3",
      batch: "May & June",
      minutes: "60",
      megabytes: "500",
      devices: "2",
      rateDown: "",
      rateUp: "",
      expires: "2031-06-30",
      note: "",
    };
    expect((await ask("/vouchers", { cookie, form: order })).status).toBe(303);
    const made = await store.vouchers({ batch: "May & June" });
    expect(
      made.map(({ duration, octets, devices, rateDown, expires }) => ({
        duration,
        octets,
        devices,
        rateDown,
        expires,
      })),
    ).toEqual(
      Array(3).fill({
        duration: 3600,
        octets: 500_000_000n,
        devices: 2,
        rateDown: null,
        expires: Date.UTC(2031, 6, 1),
      }),
    );
    const sheet = await ask("/vouchers/sheet.pdf?batch=May+%26+June", { cookie });
    expect(
      Buffer.from(await sheet.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe("%PDF-");
    expect(await (await ask("/vouchers?batch=May+%26+June", { cookie })).text()).toContain(made[0]?.code);
    expect((await ask("/vouchers/revoke", { cookie, form: { csrf, batch: "May & June" } })).status).toBe(303);
    expect((await store.vouchers({})).every(({ revoked }) => revoked)).toBe(true);
    const bad = await ask("/vouchers", { cookie, form: { ...order, count: "0" } });
    expect([bad.status, /count: [^<]+/.test(await bad.text())]).toEqual([409, true]);
  });

  it("show a viewer no voucher that could be used", async () => {
    const [made] = await store.createVouchers(
      {
        count: 1,
        batch: "b",
        expires: null,
        duration: null,
        octets: null,
        devices: 1,
        rateUp: null,
        rateDown: null,
        note: "",
      },
      NOW,
    );
    const code = made?.code ?? "";
    const seen = async (name: string): Promise<boolean> =>
      (await (await ask("/vouchers?batch=b", { cookie: (await enter(name)).cookie })).text()).includes(code);
    expect([await seen("viewer"), await seen("operator")]).toEqual([false, true]);
  });

  it("show a viewer no code of a voucher that is in use, wherever it could be seen or found out", async () => {
    const terms = { expires: null, duration: null, octets: null, devices: 9, rateUp: null, rateDown: null, note: "" };
    const [made] = await store.createVouchers({ ...terms, count: 1, batch: "b" }, NOW);
    const { id = "", code = "" } = made ?? {};
    const inUse = session("9", { user: code, method: "voucher", voucher: id });
    await store.openSession(inUse, null);
    open = [session("1"), inUse];
    const people = await Promise.all(
      (["viewer", "operator"] as const).map(async (name) => {
        const answer = await ask("/api/v1/token", {
          method: "POST",
          body: JSON.stringify({ name, password: PASSWORD }),
        });
        const { token } = (await answer.json()) as { token: string };
        return { cookie: (await enter(name)).cookie, headers: { Authorization: `Bearer ${token}` } };
      }),
    );
    const [viewer, operator] = people as [(typeof people)[0], (typeof people)[0]];
    const covered = `${code.slice(0, 2)}••-••••`;
    for (const path of [
      "/sessions",
      "/sessions/rows",
      "/history",
      "/accounting.csv",
      "/accounting.csv?states=open",
      "/vouchers?batch=b",
      "/api/v1/sessions",
      "/api/v1/history",
      "/api/v1/vouchers",
    ]) {
      const [seen, known] = await Promise.all(people.map(async (one) => (await ask(path, one)).text()));
      expect([path, seen?.includes(code), seen?.includes(covered), known?.includes(code)]).toEqual([
        path,
        false,
        true,
        true,
      ]);
    }
    // Nor is a guess confirmed.
    for (const path of [
      `/sessions/rows?search=${code.slice(0, 6)}`,
      `/history?user=${code}`,
      `/accounting.csv?user=${code}`,
      `/api/v1/history?user=${code}`,
    ]) {
      const [seen, known] = await Promise.all([viewer, operator].map(async (one) => (await ask(path, one)).text()));
      expect([path, seen?.includes(inUse.mac), known?.includes(inUse.mac)]).toEqual([path, false, true]);
    }
  });

  it("make a user once, and change what is changed in the form", async () => {
    const { cookie, csrf } = await enter("operator");
    const make = { csrf, name: "zoe", password: "123456", devices: "2", note: "a & b", rateDown: "", idle: "" };
    expect((await ask("/users", { cookie, form: make })).status).toBe(303);
    // As the command line would: the form shows it rounded.
    await store.changeUser("zoe", (zoe) => ({ ...zoe, limits: { idle: 90, rateUp: 1_500 } }), null);
    const again = await ask("/users", { cookie, form: { ...make, devices: "9", password: "another" } });
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining("a user zoe already")]);
    const form = await (await ask("/users?name=zoe", { cookie })).text();
    const fields = Object.fromEntries(
      [...form.matchAll(/<input name="(\w+)"[^>]*? value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    );
    expect(fields).toMatchObject({
      name: "zoe",
      devices: "2",
      note: "a &amp; b",
      idle: "2",
      rateUp: "2",
      rateDown: "",
    });
    expect(form).toContain('action="/users/change"');
    const change = { ...fields, csrf, note: "c", rateDown: "800", disabled: "on" };
    expect((await ask("/users/change", { cookie, form: change })).status).toBe(303);
    const stored = { name: "zoe", devices: 2, note: "c", disabled: true, created: NOW };
    expect(await store.users()).toEqual([{ ...stored, limits: { idle: 90, rateUp: 1_500, rateDown: 800_000 } }]);
    const { disabled: _, ...free } = change;
    expect((await ask("/users/change", { cookie, form: { ...free, idle: "" } })).status).toBe(303);
    expect(await store.users()).toEqual([{ ...stored, disabled: false, limits: { rateUp: 1_500, rateDown: 800_000 } }]);
    expect((await store.checkUser("zoe", "123456"))?.name).toBe("zoe");
    expect((await ask("/users/change", { cookie, form: { ...free, name: "nobody" } })).status).toBe(409);
  });

  it("keep one administrator who may do everything", async () => {
    const { cookie, csrf } = await enter("admin");
    const demoted = await ask("/administrators", {
      cookie,
      form: { csrf, name: "admin", role: "viewer", password: "" },
    });
    expect([demoted.status, await demoted.text()]).toEqual([409, expect.stringContaining("Nobody would be left")]);
    expect((await ask("/administrators/remove", { cookie, form: { csrf, name: "admin" } })).status).toBe(409);
    const short = await ask("/administrators", {
      cookie,
      form: { csrf, name: "new", role: "viewer", password: "short" },
    });
    expect(short.status).toBe(409);
    expect((await store.administrators()).map(({ name }) => name).sort()).toEqual(["admin", "operator", "viewer"]);
  });

  it("whoever is removed is out at once", async () => {
    const gone = await enter("operator");
    const { cookie, csrf } = await enter("admin");
    await ask("/administrators/remove", { cookie, form: { csrf, name: "operator" } });
    expect((await ask("/", { cookie: gone.cookie })).status).toBe(303);
  });

  it("whoever was removed, demoted or given another password elsewhere is so here too", async () => {
    const elsewhere = store;
    const [operator, viewer, boss] = [await enter("operator"), await enter("viewer"), await enter("admin")];
    await elsewhere.deleteAdministrator("operator");
    expect((await ask("/", { cookie: operator.cookie })).status).toBe(303);
    await elsewhere.putAdministrator({ name: "viewer", role: "viewer" }, "another password of theirs");
    expect((await ask("/", { cookie: viewer.cookie })).status).toBe(303);
    await elsewhere.putAdministrator({ name: "admin", role: "viewer" }, null);
    expect((await ask("/", { cookie: boss.cookie })).status).toBe(200);
    expect((await ask("/administrators", { cookie: boss.cookie })).status).toBe(403);
  });

  it("a new password ends every session that knew the old one, one's own among them", async () => {
    const [stolen, own] = [await enter("admin"), await enter("admin")];
    const form = { csrf: own.csrf, name: "admin", role: "admin", password: "a new one, much longer" };
    expect((await ask("/administrators", { cookie: own.cookie, form })).status).toBe(303);
    for (const { cookie } of [stolen, own]) expect((await ask("/", { cookie })).status).toBe(303);
  });

  it("whoever is in by a voucher goes when its batch is revoked", async () => {
    const terms = { expires: null, duration: null, octets: null, devices: 1, rateUp: null, rateDown: null, note: "" };
    const [one] = await store.createVouchers({ ...terms, count: 1, batch: "May" }, now);
    open = [session("1"), session("2", { voucher: one?.id ?? "" })];
    const { cookie, csrf } = await enter("operator");
    expect((await ask("/vouchers/revoke", { cookie, form: { csrf, batch: "May" } })).status).toBe(303);
    expect(open.map(({ id }) => id)).toEqual(["1"]);
  });

  it("the session ends after half an hour of nothing", async () => {
    const { cookie } = await enter("viewer");
    now += 29 * 60_000;
    expect((await ask("/", { cookie })).status).toBe(200);
    now += 31 * 60_000;
    expect((await ask("/", { cookie })).status).toBe(303);
  });

  it("accounting as CSV is safe in a spreadsheet", async () => {
    await store.openSession(session("a", { user: "=cmd()", number: 10 }), null);
    const { cookie } = await enter("viewer");
    const lines = (await (await ask("/accounting.csv", { cookie })).text()).trim().split("\r\n");
    expect(lines[0]).toMatch(/^session,gateway,user/);
    expect(lines[1]).toMatch(/^a,pier,'=cmd\(\),/);
  });

  it("accounting that breaks off says so in the file, and nowhere else how", async () => {
    const { cookie } = await enter("viewer");
    store.exportSessions = async function* () {
      yield session("a", { number: 10 });
      throw new Error("the disk is gone");
    };
    const said: unknown[] = [];
    const before = console.error;
    console.error = (...words: unknown[]) => said.push(words);
    const text = await (await ask("/accounting.csv", { cookie })).text();
    console.error = before;
    expect(text.trim().split("\r\n").slice(1)).toEqual([
      expect.stringMatching(/^a,pier,anna/),
      "not complete: the store could not go on",
    ]);
    expect(said).toEqual([]);
  });

  it("the look is tried before it is saved", async () => {
    const { cookie, csrf } = await enter("admin");
    const form = { csrf, title: "Sea", text: "", accent: "#112233", terms: "", language: "de" };
    expect(await (await ask("/look/try", { cookie, form })).text()).toContain("title=Sea");
    expect(await store.setting("look")).toBeNull();
    await ask("/look", { cookie, form });
    expect(JSON.parse((await store.setting("look")) ?? "")).toMatchObject({
      title: "Sea",
      terms: null,
      language: "de",
    });
    const preview = await ask("/look/preview?title=Sky", { cookie });
    expect(await preview.text()).toBe("<title>Sky</title>");
    expect(preview.headers.get("Content-Security-Policy")).toContain("frame-ancestors 'self'");
    expect((await ask("/look", { cookie, form: { ...form, accent: "red" } })).status).toBe(409);
  });
});

describe("the API", () => {
  async function token(name: string): Promise<Record<string, string>> {
    const answer = await ask("/api/v1/token", { method: "POST", body: JSON.stringify({ name, password: PASSWORD }) });
    expect(answer.status).toBe(201);
    return { Authorization: `Bearer ${((await answer.json()) as { token: string }).token}` };
  }

  it("answers every operation it describes, and none without a token", async () => {
    const headers = await token("admin");
    const described = (await (await ask("/api/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(described.openapi).toBe("3.1.0");
    expect(Object.keys(described.paths).sort()).toEqual([...new Set(OPERATIONS.map(({ path }) => path))].sort());
    for (const { method, path, open: isOpen } of OPERATIONS) {
      const call = path.replace("{id}", "1").replace("{batch}", "x").replace("{name}", "zoe");
      const init = { method: method.toUpperCase(), ...(method === "post" || method === "put" ? { body: "{}" } : {}) };
      if (isOpen !== true) expect([path, (await ask(call, init)).status]).toEqual([path, 401]);
      if (method === "delete" && path.endsWith("token")) continue;
      const answer = await ask(call, { ...init, headers });
      expect([path, answer.status < 500, answer.status === 404 && !/users|sessions/.test(path)]).toEqual([
        path,
        true,
        false,
      ]);
    }
  });

  it("octets are exact", async () => {
    open = [session("1", { inputOctets: 9_007_199_254_740_993n })];
    const body = (await (await ask("/api/v1/sessions", { headers: await token("viewer") })).json()) as {
      sessions: { inputOctets: string }[];
    };
    expect(body.sessions[0]?.inputOctets).toBe("9007199254740993");
  });

  it("a viewer changes nothing, wrong bodies are told, problems are RFC 9457's", async () => {
    const viewer = await ask("/api/v1/sessions/1", { method: "DELETE", headers: await token("viewer") });
    expect([viewer.status, viewer.headers.get("Content-Type")]).toEqual([403, "application/problem+json"]);
    // Whatever it is called: what is everybody's is known by its route and not by its name.
    for (const path of ["users/token", "sessions/token", "vouchers/token"]) {
      const asked = await ask(`/api/v1/${path}`, { method: "DELETE", headers: await token("viewer") });
      expect([path, asked.status]).toEqual([path, 403]);
    }
    const put = { method: "PUT", body: '{"password":"123456"}', headers: await token("viewer") };
    expect((await ask("/api/v1/users/token", put)).status).toBe(403);
    expect(await store.users()).toEqual([]);
    const headers = await token("operator");
    const bad = await ask("/api/v1/vouchers", { method: "POST", body: '{"count":0,"batch":"x"}', headers });
    expect([bad.status, (await bad.json()) as object]).toEqual([
      400,
      { status: 400, detail: expect.stringMatching(/^count: /) },
    ]);
    const weak = await ask("/api/v1/users/zoe", { method: "PUT", body: '{"password":"1"}', headers });
    expect(weak.status).toBe(409);
    expect((await ask("/api/v1/users/zoe", { method: "PUT", body: '{"password":"123456"}', headers })).status).toBe(
      204,
    );
    expect((await store.checkUser("zoe", "123456"))?.name).toBe("zoe");
    const change = (body: object, more: Record<string, string> = {}) =>
      ask("/api/v1/users/zoe", { method: "PUT", body: JSON.stringify(body), headers: { ...headers, ...more } });
    // What a body does not name stays; an empty one changes nothing.
    expect((await change({ devices: 3, note: "n", disabled: true, rateDown: 500, megabytes: 7 })).status).toBe(204);
    for (const body of [{}, { idle: 10 }, { password: "another" }, { rateDown: null }]) {
      expect((await change(body)).status).toBe(204);
    }
    expect(await store.users()).toMatchObject([
      { devices: 3, note: "n", disabled: true, limits: { octetsTotal: 7_000_000n, idle: 600 } },
    ]);
    expect((await store.users())[0]?.limits).not.toHaveProperty("rateDown");
    const shown = (await (await ask("/api/v1/users", { headers })).json()) as { users: object[] };
    expect(shown.users[0]).toMatchObject({ limits: { idle: 600, octetsTotal: "7000000", rateDown: null } });
    const onlyNew = await change({ password: "123456", devices: 1 }, { "If-None-Match": "*" });
    expect([onlyNew.status, (await store.users())[0]?.devices]).toEqual([412, 3]);
  });

  it("metrics are for who has a token", async () => {
    const text = await (await ask("/metrics", { headers: await token("viewer") })).text();
    expect(text).toContain('pierhead_portal_sessions{method="password"} 2');
    expect(text).toContain("pierhead_portal_accounting_pending 3");
  });
});

describe("the admin's server", () => {
  it("keeps one address from taking all connections, takes a body without a length, and none that is too large", async () => {
    const port = await admin.start();
    const url = `http://127.0.0.1:${port}`;
    const sockets = Array.from({ length: 80 }, () => connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" }));
    try {
      let closed = 0;
      await new Promise<void>((resolve) => {
        for (const socket of sockets) {
          socket
            .on("error", () => {})
            .on("close", () => {
              closed++;
              if (closed === 16) resolve();
            });
        }
      });
      const post = (text: string) =>
        fetch(`${url}/login`, {
          method: "POST",
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
          body: new Blob([text]).stream(),
          duplex: "half",
        } as RequestInit);
      expect((await post("name=nobody&password=x")).status).toBe(401);
      expect((await post(`name=${"x".repeat(300_000)}`)).status).toBe(413);
      // Slow heads are cut: the listener's own test says when.
      expect((await fetch(`${url}/login`, { headers: { "X-Long": "y".repeat(20_000) } })).status).toBe(431);
    } finally {
      for (const socket of sockets) socket.destroy();
      await admin.close();
    }
  });

  it("says in a sentence why it cannot listen", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const start = (change: object) =>
      createAdmin({
        config: { ...CONFIG, admin: { ...CONFIG.admin, ...change } } as PortalConfig,
        portal: { status: () => ({}) } as unknown as Portal,
        store,
        now: () => now,
        preview: () => "",
        lookChanged: () => undefined,
      }).start();
    await expect(start({ port })).rejects.toThrow(`cannot listen on 127.0.0.1 port ${port}: another program has it`);
    const gone = { chain: join(folder, "gone.pem"), key: join(folder, "gone.key") };
    await expect(start({ certificate: gone })).rejects.toThrow(
      `the certificate of the admin page: ${gone.chain}: ENOENT`,
    );
    writeFileSync(gone.chain, "no");
    writeFileSync(gone.key, "no");
    await expect(start({ certificate: gone })).rejects.toThrow("the certificate of the admin page cannot be used: ");
    other.close();
  });
});
