/** The HTTP API under /api/v1: what the pages do, for programs. openapi.ts describes it. */
import { type Context, Hono } from "hono";
import { readMac } from "../../radius/dynamic-request.ts";
import { type LocalUser, type StoredSession, StoreError, type Voucher } from "../../store/store.ts";
import { coveredCode } from "../../store/voucher-code.ts";
import { addUser, audit, changeUser, makeVouchers, Refusal, removeUser, revokeBatch } from "./actions.ts";
import { type AdminContext, type AdminVariables, CROWDED, may } from "./context.ts";
import { openApi } from "./openapi.ts";
import { complaints, userOrder, voucherOrder } from "./orders.ts";
import { seenBy } from "./seen.ts";
import type { AdminSession, AdminSessions } from "./sign-in.ts";

type Call = Context<AdminVariables>;

const MOST = 1000;

export interface ApiDoor {
  /** Checks name and password, slowly after wrong ones. */
  enter(
    context: Call,
    name: string,
    password: string,
  ): Promise<{ token: string; session: AdminSession } | { wait: number }>;
}

export function adminApi(context: AdminContext, sessions: AdminSessions, door: ApiDoor): Hono<AdminVariables> {
  const api = new Hono<AdminVariables>();
  api.get("/openapi.json", (call) => call.json(openApi(context.portal.status().version)));
  api.post("/v1/token", async (call) => {
    const body = (await call.req.json().catch(() => null)) as { name?: unknown; password?: unknown } | null;
    if (typeof body?.name !== "string" || typeof body.password !== "string") {
      return problem(call, 400, ["name and password are wanted"]);
    }
    const entered = await door.enter(call, body.name, body.password);
    if ("wait" in entered) {
      if (entered.wait > 0) call.header("Retry-After", String(entered.wait));
      return problem(call, entered.wait > 0 ? 429 : 401, ["name or password is wrong"]);
    }
    return call.json({ token: entered.token, role: entered.session.role }, 201);
  });
  // No cookie opens the API, so no page of somebody else's can use it.
  api.use("/v1/*", async (call, next) => {
    const token = /^Bearer ([A-Za-z0-9_-]{20,100})$/.exec(call.req.header("Authorization") ?? "")?.[1];
    const session = token === undefined ? null : await sessions.get(token, context.now());
    if (session === null) {
      call.header("WWW-Authenticate", "Bearer");
      return problem(call, 401, ["get a token from /api/v1/token"]);
    }
    call.set("session", session);
    return next();
  });
  api.delete("/v1/token", (call) => {
    sessions.close((call.req.header("Authorization") ?? "").slice("Bearer ".length));
    return call.body(null, 204);
  });
  // What comes before this is everybody's.
  api.use("/v1/*", (call, next) => {
    if (call.req.method === "GET" || may(call.get("session").role, "operator")) return next();
    return Promise.resolve(problem(call, 403, ["a viewer changes nothing"]));
  });
  api.get("/v1/status", (call) => call.json(context.portal.status()));
  api.get("/v1/sessions", (call) =>
    call.json({ sessions: seenBy(call.get("session"), context.portal.sessions()).map(sessionJson) }),
  );
  api.delete("/v1/sessions/:id", async (call) => {
    const done = await context.portal.kick(call.req.param("id"), who(call));
    return done ? call.body(null, 204) : problem(call, 404, ["there is no such open session on this gateway"]);
  });
  api.get("/v1/history", async (call) => {
    const { user, mac, from, to } = call.req.query();
    const rows = await context.store.sessions({
      ...(user === undefined ? {} : { user }),
      ...(mac === undefined ? {} : { mac: readMac(mac) ?? mac }),
      ...span(from, to),
      ...page(call),
    });
    return call.json({ sessions: seenBy(call.get("session"), rows, user).map(sessionJson) });
  });
  api.get("/v1/traffic", async (call) => {
    const { from, to } = call.req.query();
    const now = context.now();
    const when = span(from, to);
    const points = await context.store.traffic(null, when.from ?? now - 86_400_000, when.to ?? now);
    return call.json({
      points: points.map((one) => ({ ...one, inputOctets: `${one.inputOctets}`, outputOctets: `${one.outputOctets}` })),
    });
  });
  api.get("/v1/vouchers", async (call) => {
    const { batch } = call.req.query();
    const rows = await context.store.vouchers({ ...(batch === undefined ? {} : { batch }), ...page(call) });
    const shown = may(call.get("session").role, "operator")
      ? rows
      : rows.map((one) => ({ ...one, code: coveredCode(one.code) }));
    return call.json({ vouchers: shown.map(voucherJson) });
  });
  api.post("/v1/vouchers", async (call) => {
    const order = voucherOrder.safeParse(await call.req.json().catch(() => null));
    if (!order.success) return problem(call, 400, complaints(order.error));
    return call.json({ vouchers: (await makeVouchers(context, who(call), order.data)).map(voucherJson) }, 201);
  });
  api.delete("/v1/vouchers/:batch", async (call) =>
    call.json({ revoked: await revokeBatch(context, who(call), call.req.param("batch")) }),
  );
  api.get("/v1/users", async (call) => call.json({ users: (await context.store.users()).map(userJson) }));
  api.put("/v1/users/:name", async (call) => {
    const body = (await call.req.json().catch(() => null)) as object | null;
    const order = userOrder.safeParse({ ...body, name: call.req.param("name") });
    if (!order.success) return problem(call, 400, complaints(order.error));
    const name = order.data.name.normalize("NFC");
    const isKnown = (await context.store.users()).some((user) => user.name === name);
    // RFC 9110, 13.1.2: only when there is none.
    if (isKnown && call.req.header("If-None-Match") === "*") {
      return problem(call, 412, ["there is a user of that name already: nothing was changed"]);
    }
    const put = isKnown ? changeUser : addUser;
    if (await put(context, who(call), order.data)) return call.body(null, 204);
    return problem(call, 409, ["somebody made or removed the user at this moment: nothing was changed"]);
  });
  api.delete("/v1/users/:name", async (call) => {
    const done = await removeUser(context, who(call), call.req.param("name"));
    return done ? call.body(null, 204) : problem(call, 404, ["there is no such user"]);
  });
  api.get("/v1/audit", async (call) => {
    const { from, to } = call.req.query();
    return call.json({ entries: await context.store.auditLog({ ...span(from, to), ...page(call) }) });
  });
  api.notFound((call) => problem(call, 404, ["there is no such resource; see /api/openapi.json"]));
  api.onError(async (error, call) => {
    if (error instanceof Refusal) return problem(call, 409, [error.message]);
    if (error instanceof StoreError && error.trouble === "crowded") {
      for (const [name, value] of Object.entries(CROWDED)) call.header(name, value);
      return problem(call, 503, [error.message]);
    }
    await audit(context, "api", "failed", `${call.req.method} ${call.req.path}`).catch(() => undefined);
    return problem(call, 503, ["the store could not do it"]);
  });
  return api;
}

/** RFC 9457. */
function problem(call: Call, status: 400 | 401 | 403 | 404 | 409 | 412 | 429 | 503, details: string[]): Response {
  return call.json({ status, detail: details.join("; ") }, status, { "Content-Type": "application/problem+json" });
}

function who(call: Call): string {
  return call.get("session").name;
}

function span(from: string | undefined, to: string | undefined): { from?: number; to?: number } {
  const at = (text: string | undefined): number => (text === undefined || text === "" ? Number.NaN : Date.parse(text));
  const [start, end] = [at(from), at(to)];
  return { ...(Number.isNaN(start) ? {} : { from: start }), ...(Number.isNaN(end) ? {} : { to: end }) };
}

function page(call: Call): { limit: number; offset: number } {
  const number = (name: string, otherwise: number, most: number): number => {
    const value = Number(call.req.query(name) ?? otherwise);
    return Number.isInteger(value) && value >= 0 ? Math.min(value, most) : otherwise;
  };
  return { limit: number("limit", 100, MOST), offset: number("offset", 0, Number.MAX_SAFE_INTEGER) };
}

/** Octets are decimal strings: they outgrow what JSON's readers keep exact. */
function sessionJson(one: StoredSession): object {
  const { id, gateway, mac, addresses, user, method, state, started, ended, cause, active } = one;
  const { limits } = one;
  const big = (value: bigint | null): string | null => (value === null ? null : `${value}`);
  return {
    id,
    gateway,
    mac,
    addresses,
    user,
    method,
    state,
    started: new Date(started).toISOString(),
    ended: ended === null ? null : new Date(ended).toISOString(),
    active: new Date(active).toISOString(),
    cause,
    inputOctets: `${one.inputOctets}`,
    outputOctets: `${one.outputOctets}`,
    inputPackets: `${one.inputPackets}`,
    outputPackets: `${one.outputPackets}`,
    limits: {
      until: limits.until === null ? null : new Date(limits.until).toISOString(),
      idle: limits.idle,
      octetsInput: big(limits.octetsInput),
      octetsOutput: big(limits.octetsOutput),
      octetsTotal: big(limits.octetsTotal),
      rateUp: limits.rateUp,
      rateDown: limits.rateDown,
    },
  };
}

function voucherJson(one: Voucher): object {
  const day = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return {
    ...one,
    created: day(one.created),
    expires: day(one.expires),
    firstUse: day(one.firstUse),
    octets: one.octets === null ? null : `${one.octets}`,
    usedOctets: `${one.usedOctets}`,
  };
}

function userJson({ name, disabled, devices, note, created, limits }: LocalUser): object {
  const { idle = null, octetsTotal = null, rateUp = null, rateDown = null } = limits;
  return {
    name,
    disabled,
    devices,
    note,
    created: new Date(created).toISOString(),
    limits: { idle, octetsTotal: octetsTotal === null ? null : `${octetsTotal}`, rateUp, rateDown },
  };
}
