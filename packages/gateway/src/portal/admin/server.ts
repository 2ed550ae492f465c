/** The admin: pages for people, an API for programs, metrics; on a port of its own, for people with a name and a role. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { parseAddress } from "@pierhead/core";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { stream } from "hono/streaming";
import { readMac } from "../../radius/dynamic-request.ts";
import { type SessionQuery, type SessionState, StoreError } from "../../store/store.ts";
import { type Fetch, ListenError, listen, makeServer, OPERATORS, shut } from "../listen.ts";
import { readPair } from "../pages/certificate.ts";
import { portalSheet } from "../sheet/index.ts";
import { Throttle } from "../throttle.ts";
import { Turns } from "../turns.ts";
import {
  addUser,
  audit,
  changeUser,
  makeVouchers,
  putAdministrator,
  Refusal,
  removeAdministrator,
  removeUser,
  revokeBatch,
  savedLook,
  saveLook,
} from "./actions.ts";
import { adminApi } from "./api.ts";
import { type AdminContext, type AdminVariables, CROWDED, type Look, may } from "./context.ts";
import { csvHead, csvLine } from "./csv.ts";
import { LIVE } from "./live.ts";
import { portalMetrics } from "./metrics.ts";
import { administratorOrder, complaints, lookOrder, type UserForm, userOrder, voucherOrder } from "./orders.ts";
import { type Frame, type Html, loginPage, page } from "./pages/layout.ts";
import { GRAPH_HOURS, overview } from "./pages/overview.ts";
import { administratorsPage, shownLimits, usersPage } from "./pages/people.ts";
import { historyPage, sessionRows, sessionsPage } from "./pages/sessions.ts";
import { auditPage, lookFields, lookPage } from "./pages/settings.ts";
import { vouchersPage } from "./pages/vouchers.ts";
import { seenBy } from "./seen.ts";
import { type AdminSession, AdminSessions, sameText } from "./sign-in.ts";
import { STYLE } from "./style.ts";

type Call = Context<AdminVariables>;

const ROWS = 50;
/** Seconds an address, and a name, may have to wait: a name less, since whoever guesses it must not keep its owner out. */
const LONGEST_ADDRESS_WAIT = 300;
const LONGEST_NAME_WAIT = 30;
/** Sign-ins from one address that may wait for each other. */
const MOST_WAITING = 4;
/** Octets; the terms are the longest thing anybody sends. */
const LARGEST_BODY = 256 * 1024;

export interface Admin {
  /** For tests without a socket. */
  readonly app: Hono<AdminVariables>;
  /**
   * Resolves with the port when people can come.
   * @throws ListenError
   */
  start(): Promise<number>;
  close(): Promise<void>;
}

export function createAdmin(context: AdminContext): Admin {
  const { config, portal, store } = context;
  const isSecure = config.admin?.certificate != null;
  const cookie = isSecure ? "__Host-pierhead" : "pierhead";
  const sessions = new AdminSessions(store);
  const addresses = new Throttle(LONGEST_ADDRESS_WAIT);
  const names = new Throttle(LONGEST_NAME_WAIT);
  const turns = new Turns(MOST_WAITING);
  const app = new Hono<AdminVariables>();

  app.use(bodyLimit({ maxSize: LARGEST_BODY, onError: (call) => call.text("too large", 413) }));
  app.use(async (call, next) => {
    await next();
    const frame = call.req.path === "/look/preview" ? "'self'" : "'none'";
    const style = call.req.path === "/look/preview" ? "'unsafe-inline'" : "'self'";
    call.header(
      "Content-Security-Policy",
      `default-src 'none'; style-src ${style}; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-src 'self'; frame-ancestors ${frame}; base-uri 'none'`,
    );
    call.header("X-Content-Type-Options", "nosniff");
    // Not `no-referrer`: browsers would send `Origin: null` with our own forms (Fetch, 3.1), which looks like another's.
    call.header("Referrer-Policy", "same-origin");
    call.header("Cache-Control", "no-store");
    if (isSecure) call.header("Strict-Transport-Security", "max-age=31536000");
  });

  type Entered = { token: string; session: AdminSession } | { wait: number };
  const enter = async (call: Call, name: string, password: string): Promise<Entered> => {
    const from = networkOf(remoteAddress(call));
    // One after the other, so that many tries at once gain nothing.
    return (await turns.take(from, () => inTurn(call, from, name.slice(0, 63), password.slice(0, 200)))) ?? { wait: 1 };
  };
  const inTurn = async (call: Call, from: string, name: string, password: string): Promise<Entered> => {
    const now = context.now();
    const wait = Math.max(addresses.wait(from, now), names.wait(name, now));
    if (wait > 0) return { wait };
    const standing = await store.standing(name);
    const known = await store.checkAdministrator(name, password, now);
    if (known === null || standing === null) {
      addresses.failed(from, now);
      names.failed(name, now);
      await audit(context, name, "login-failed", `from ${remoteAddress(call)}`);
      return { wait: 0 };
    }
    // The address keeps its count: an account of one's own must not buy guesses at others.
    names.succeeded(name);
    await audit(context, known.name, "login", `from ${remoteAddress(call)}`);
    return sessions.open(known.name, standing, now);
  };

  app.get("/style.css", (call) => call.body(STYLE, 200, { "Content-Type": "text/css; charset=utf-8" }));
  app.get("/live.js", (call) => call.body(LIVE, 200, { "Content-Type": "text/javascript; charset=utf-8" }));
  app.route("/api", adminApi(context, sessions, { enter }));
  app.get("/metrics", async (call) => {
    const token = /^Bearer (.+)$/.exec(call.req.header("Authorization") ?? "")?.[1];
    const known = token !== undefined && (await sessions.get(token, context.now())) !== null;
    if (!known && !isLoopback(remoteAddress(call))) return call.text("only from this machine, or with a token\n", 403);
    return call.text(portalMetrics(portal), 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
  });
  app.get("/login", (call) => call.html(loginPage(config.gateway, "")));
  app.post("/login", async (call) => {
    const { name = "", password = "" } = await fields(call);
    const entered = await enter(call, name, password);
    if ("wait" in entered) {
      const why =
        entered.wait > 0 ? `Too many wrong tries. Wait ${entered.wait} seconds.` : "Name or password is wrong.";
      if (entered.wait > 0) call.header("Retry-After", String(entered.wait));
      return call.html(loginPage(config.gateway, why), entered.wait > 0 ? 429 : 401);
    }
    setCookie(call, cookie, entered.token, { path: "/", httpOnly: true, sameSite: "Strict", secure: isSecure });
    return call.redirect("/", 303);
  });

  app.use(async (call, next) => {
    const token = getCookie(call, cookie);
    const session = token === undefined ? null : await sessions.get(token, context.now());
    if (session === null) return call.redirect("/login", 303);
    call.set("session", session);
    if (call.req.method === "GET" || call.req.method === "HEAD") return next();
    const origin = call.req.header("Origin");
    const isOurs = origin === undefined || hostOf(origin) === call.req.header("Host");
    if (!isOurs || !sameText((await fields(call)).csrf ?? "", session.csrf)) {
      return call.text(
        "This form is not of this page or too old. Go back, load the page again and try once more.\n",
        403,
      );
    }
    return next();
  });
  app.post("/logout", (call) => {
    const token = getCookie(call, cookie);
    if (token !== undefined) sessions.close(token);
    deleteCookie(call, cookie, { path: "/", secure: isSecure });
    return call.redirect("/login", 303);
  });

  const show = (
    call: Call,
    title: string,
    path: string,
    body: Html,
    more: Partial<Frame> = {},
  ): Response | Promise<Response> =>
    call.html(
      page({ title, path, gateway: config.gateway, session: call.get("session"), ...more }, body),
      more.said?.good === false ? 409 : 200,
    );
  const allowed = (call: Call, role: "operator" | "admin"): void => {
    if (!may(call.get("session").role, role)) throw new Refusal("You may look at this, not change it.");
  };
  const who = (call: Call): string => call.get("session").name;

  app.get("/", async (call) => {
    const asked = Number(call.req.query("hours"));
    const now = context.now();
    const status = portal.status();
    // A portal that was started just now has one hour to show at most.
    const usual = now - status.started < 3_600_000 ? 1 : 24;
    const hours = GRAPH_HOURS.some(([value]) => value === asked) ? asked : usual;
    const from = now - hours * 3_600_000;
    const points = await store.traffic(config.gateway, from, now);
    return show(call, "Overview", "/", overview({ status, points, from, now, hours }));
  });

  app.get("/sessions", (call) =>
    show(
      call,
      "Sessions",
      "/sessions",
      sessionsPage(
        seenBy(call.get("session"), portal.sessions()),
        call.req.query("search") ?? "",
        context.now(),
        call.get("session"),
      ),
      { script: true },
    ),
  );
  app.get("/sessions/rows", (call) =>
    call.html(
      sessionRows(
        seenBy(call.get("session"), portal.sessions()),
        call.req.query("search") ?? "",
        context.now(),
        call.get("session"),
      ),
    ),
  );
  app.post("/sessions/kick", async (call) => {
    allowed(call, "operator");
    await portal.kick((await fields(call)).id ?? "", who(call));
    return call.redirect("/sessions", 303);
  });

  app.get("/history", async (call) => {
    const { user = "", mac = "", from = "", to = "" } = call.req.query();
    const number = Math.max(1, Math.trunc(Number(call.req.query("page") ?? 1)) || 1);
    const query = { ...historyQuery(call), limit: ROWS + 1, offset: (number - 1) * ROWS };
    const rows = seenBy(call.get("session"), await store.sessions(query), user);
    return show(
      call,
      "History",
      "/history",
      historyPage(rows.slice(0, ROWS), { user, mac, from, to, page: number }, rows.length > ROWS),
    );
  });
  app.get("/accounting.csv", (call) => {
    call.header("Content-Type", "text/csv; charset=utf-8");
    call.header("Content-Disposition", 'attachment; filename="accounting.csv"');
    const user = call.req.query("user") ?? "";
    return stream(
      call,
      async (out) => {
        await out.write(csvHead());
        for await (const session of store.exportSessions(historyQuery(call))) {
          if (out.aborted) return;
          for (const shown of seenBy(call.get("session"), [session], user)) await out.write(csvLine(shown));
        }
      },
      // The status has gone out: only the file itself can still say that it is not all.
      async (_error, out) => {
        await out.write("not complete: the store could not go on\r\n");
      },
    );
  });

  app.get("/vouchers", async (call) =>
    show(
      call,
      "Vouchers",
      "/vouchers",
      vouchersPage(await store.vouchers({}), call.req.query("batch") ?? "", call.get("session"), context.now()),
    ),
  );
  app.post("/vouchers", async (call) => {
    allowed(call, "operator");
    const { csrf: _csrf, ...sent } = await fields(call);
    const order = voucherOrder.safeParse(sent);
    if (!order.success) throw new Refusal(complaints(order.error).join("; "));
    await makeVouchers(context, who(call), order.data);
    return call.redirect(`/vouchers?${new URLSearchParams({ batch: order.data.batch })}`, 303);
  });
  app.post("/vouchers/revoke", async (call) => {
    allowed(call, "operator");
    await revokeBatch(context, who(call), (await fields(call)).batch ?? "");
    return call.redirect("/vouchers", 303);
  });
  app.get("/vouchers/sheet.pdf", async (call) => {
    allowed(call, "operator");
    const vouchers = await store.vouchers({ batch: call.req.query("batch") ?? "" });
    const look = await savedLook(context);
    const paper = call.req.query("paper") === "letter" ? "letter" : "a4";
    const bytes = await portalSheet(config, look, vouchers, { paper, network: null });
    return call.body(new Uint8Array(bytes), 200, {
      "Content-Type": "application/pdf",
      "Content-Disposition": 'inline; filename="vouchers.pdf"',
    });
  });

  app.get("/users", async (call) =>
    show(call, "Users", "/users", usersPage(await store.users(), call.req.query("name") ?? null, call.get("session"))),
  );
  const userOf = async (call: Call): Promise<UserForm> => {
    const { csrf: _csrf, disabled, ...sent } = await fields(call);
    // A box that is not ticked is not sent.
    const order = userOrder.safeParse({ ...sent, disabled: disabled === "on" });
    if (!order.success) throw new Refusal(complaints(order.error).join("; "));
    return order.data;
  };
  app.post("/users", async (call) => {
    allowed(call, "operator");
    const form = await userOf(call);
    if (!(await addUser(context, who(call), form))) {
      throw new Refusal(
        `There is a user ${form.name} already, and nothing was changed: choose them in the list of users.`,
      );
    }
    return call.redirect("/users", 303);
  });
  app.post("/users/change", async (call) => {
    allowed(call, "operator");
    const form = await userOf(call);
    const shown = shownLimits((await store.users()).find(({ name }) => name === form.name) ?? null);
    // The form rounds: what was left as it was shown stays as it is.
    for (const name of ["idle", "megabytes", "rateDown", "rateUp"] as const) {
      if (form[name] === shown[name]) delete form[name];
    }
    if (!(await changeUser(context, who(call), form))) throw new Refusal(`There is no user ${form.name} any more.`);
    return call.redirect("/users", 303);
  });
  app.post("/users/remove", async (call) => {
    allowed(call, "operator");
    await removeUser(context, who(call), (await fields(call)).name ?? "");
    return call.redirect("/users", 303);
  });

  app.get("/administrators", async (call) => {
    allowed(call, "admin");
    return show(
      call,
      "Administrators",
      "/administrators",
      administratorsPage(await store.administrators(), call.get("session")),
    );
  });
  app.post("/administrators", async (call) => {
    allowed(call, "admin");
    const { csrf: _csrf, ...sent } = await fields(call);
    const order = administratorOrder.safeParse(sent);
    if (!order.success) throw new Refusal(complaints(order.error).join("; "));
    await putAdministrator(context, who(call), order.data);
    return call.redirect("/administrators", 303);
  });
  app.post("/administrators/remove", async (call) => {
    allowed(call, "admin");
    await removeAdministrator(context, who(call), (await fields(call)).name ?? "");
    return call.redirect("/administrators", 303);
  });

  const lookOf = async (call: Call): Promise<Look> => {
    const { csrf: _csrf, ...sent } = await fields(call);
    return readLook(sent, await savedLook(context));
  };
  app.get("/look", async (call) => {
    allowed(call, "admin");
    return show(call, "Look", "/look", lookPage(await savedLook(context), call.get("session")), { script: true });
  });
  app.post("/look/try", async (call) => {
    allowed(call, "admin");
    return show(call, "Look", "/look", lookPage(await lookOf(call), call.get("session")), {
      script: true,
      said: { good: true, text: "Not saved yet." },
    });
  });
  app.post("/look", async (call) => {
    allowed(call, "admin");
    await saveLook(context, who(call), await lookOf(call));
    return call.redirect("/look", 303);
  });
  app.get("/look/preview", async (call) => {
    allowed(call, "admin");
    const known = await savedLook(context);
    return call.html(context.preview(readLook({ ...lookFields(known), ...call.req.query() }, known)));
  });

  app.get("/audit", async (call) => {
    const number = Math.max(1, Math.trunc(Number(call.req.query("page") ?? 1)) || 1);
    const entries = await store.auditLog({ limit: ROWS + 1, offset: (number - 1) * ROWS });
    return show(call, "Audit log", "/audit", auditPage(entries.slice(0, ROWS), number, entries.length > ROWS));
  });
  app.onError(async (error, call) => {
    if (error instanceof StoreError && error.trouble === "crowded")
      return call.text(`${error.message}\n`, 503, CROWDED);
    if (!(error instanceof Refusal)) return call.text("The store could not do it; see the log.\n", 503);
    const status = /may look/.test(error.message) ? 403 : 409;
    const frame = { title: "Not done", path: "", gateway: config.gateway, session: call.get("session") };
    return call.html(
      page({ ...frame, said: { good: false, text: error.message } }, html`<p><a href="/">Overview</a></p>`),
      status,
    );
  });

  let server: ReturnType<typeof makeServer> | null = null;
  return {
    app,
    async start() {
      const { admin } = config;
      if (admin === null) throw new Error("the configuration has no admin");
      const pair = admin.certificate === null ? null : await readPair(admin.certificate);
      if (typeof pair === "string") throw new ListenError(`the certificate of the admin page: ${pair}`);
      // Who has an IPv6 network has all addresses of it.
      const ownerOf = async (address: string): Promise<string> => networkOf(address);
      try {
        server = makeServer(app.fetch as Fetch, pair, { limits: OPERATORS, ownerOf, replaceGlobals: true });
      } catch (error) {
        throw new ListenError(`the certificate of the admin page cannot be used: ${(error as Error).message}`);
      }
      return listen(server, admin.listen, admin.port);
    },
    async close() {
      if (server !== null) await shut(server);
    },
  };
}

function readLook(sent: Record<string, string>, known: Look): Look {
  const order = lookOrder.safeParse(sent);
  if (!order.success) throw new Refusal(complaints(order.error).join("; "));
  const { terms, ...rest } = order.data;
  return { ...known, ...rest, terms: terms === "" ? null : terms };
}

function historyQuery(call: Call): SessionQuery {
  const { user = "", mac = "", from = "", to = "", states = "" } = call.req.query();
  const day = (text: string, days: number): number | null => {
    const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
    return Number.isNaN(at) ? null : at + days * 86_400_000;
  };
  const [start, end] = [day(from, 0), day(to, 1)];
  return {
    ...(user === "" ? {} : { user }),
    ...(mac === "" ? {} : { mac: readMac(mac) ?? mac }),
    ...(start === null ? {} : { from: start }),
    ...(end === null ? {} : { to: end }),
    ...(states === "open" ? { states: ["open"] as SessionState[] } : {}),
  };
}

/** Text fields of a form, read once however often they are asked for. */
async function fields(call: Call): Promise<Record<string, string>> {
  const body = await call.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function remoteAddress(call: Call): string {
  const incoming = (call.env as { incoming?: IncomingMessage } | undefined)?.incoming;
  return (incoming?.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** Whose patience is counted: of IPv6 the network, since one machine has all addresses of it. */
function networkOf(address: string): string {
  const parsed = parseAddress(address.replace(/%.*$/, ""));
  return parsed?.family === 6 ? parsed.masked(64).toString() : address;
}

function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}
