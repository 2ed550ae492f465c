/** Who answers what. One application serves every listener. */
import { isIP } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Fetch } from "../listen.ts";
import { uamAnswer } from "../uam/routes.ts";
import { wisprAbort, wisprLogin, wisprLogoff } from "../wispr/routes.ts";
import { hostOf, plainAddress } from "./address.ts";
import { API_PATH, captiveState } from "./capport.ts";
import { plainHeaders } from "./headers.ts";
import { intercept, isOurs } from "./intercept.ts";
import { emailLink, home, live, postEmail, postSignIn, postSignOut, unknownPage } from "./sign-in.ts";
import { type House, homeOf, seeOther, type Visit } from "./visit.ts";

type Env = { Bindings: HttpBindings; Variables: { visit: Visit } };

export function makeApp(house: House): Fetch {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const socket = c.env.incoming.socket;
    const address = plainAddress(socket.remoteAddress ?? "");
    // The connection went away before it was looked at.
    if (isIP(address) === 0) return new Response(null, { status: 400 });
    const encrypted = "encrypted" in socket && socket.encrypted === true;
    const url = new URL(c.req.url);
    const proof = encrypted ? null : (house.acme()?.answer(url.pathname) ?? null);
    if (proof !== null && hostOf(url) === house.config.portal.name?.toLowerCase())
      return new Response(proof, { headers: { ...plainHeaders(), "Content-Type": "text/plain" } });
    const visit: Visit = {
      house,
      request: c.req.raw,
      body: c.env.incoming,
      url,
      address,
      client: await house.portal.client(address),
      encrypted,
    };
    c.set("visit", visit);
    if (!isOurs(visit)) return encrypted ? new Response(null, { status: 421 }) : intercept(visit);
    return (await uamAnswer(visit)) ?? toHttps(visit) ?? (await next());
  });
  app.get("/", (c) => home(c.get("visit")));
  app.get("/live", (c) => live(c.get("visit")));
  app.get("/logo", (c) => logo(c.get("visit")));
  app.post("/sign-in", (c) => postSignIn(c.get("visit")));
  app.post("/sign-out", (c) => postSignOut(c.get("visit")));
  app.post("/email", (c) => postEmail(c.get("visit")));
  app.get("/email", (c) => emailLink(c.get("visit")));
  app.get(API_PATH, (c) => captivePortal(c.get("visit")));
  app.post("/wispr/login", (c) => wisprLogin(c.get("visit")));
  app.get("/wispr/logoff", (c) => wisprLogoff(c.get("visit")));
  app.get("/wispr/abort", (c) => wisprAbort(c.get("visit")));
  // A page that was reloaded, or a language chosen on the page a form led to.
  for (const path of ["/sign-in", "/sign-out", "/wispr/login"])
    app.get(path, (c) => seeOther(`/${c.get("visit").url.search}`));
  app.notFound((c) => unknownPage(c.get("visit")));
  app.onError((error, c) => {
    house.report(`${c.req.method} of a guest failed: ${error.message}`);
    const visit = c.get("visit");
    if (visit === undefined)
      return new Response(null, { status: 503, headers: { "Retry-After": "10", Connection: "close" } });
    return unknownPage(visit, 503);
  });
  return (request, env) => app.fetch(request, env);
}

/** Pages are read over HTTPS where that works: passwords go over the air otherwise. */
function toHttps(visit: Visit): Response | null {
  if (visit.encrypted || !visit.house.secure() || visit.url.pathname === API_PATH) return null;
  const https = visit.house.origins().https;
  if (https === null) return null;
  const { request, url } = visit;
  // What was posted in the clear is not taken; the page is shown again.
  return seeOther(
    request.method === "GET" || request.method === "HEAD" ? `${https}${url.pathname}${url.search}` : `${https}/`,
  );
}

async function logo(visit: Visit): Promise<Response> {
  const picture = await visit.house.logo.picture();
  if (picture === null) return unknownPage(visit);
  return new Response(picture.data, {
    headers: {
      ...plainHeaders(),
      "Content-Type": picture.type,
      "Cache-Control": "private, max-age=300",
      // A drawing may hold a script: opened by itself it is to do nothing.
      "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    },
  });
}

/** RFC 8908, 4.1: HTTPS only. */
function captivePortal(visit: Visit): Response {
  if (!visit.encrypted)
    return new Response("The captive portal API is served over HTTPS only.\n", {
      status: 403,
      headers: { ...plainHeaders(), "Content-Type": "text/plain" },
    });
  const venue = visit.house.config.portal.venue ?? null;
  return new Response(JSON.stringify(captiveState(visit.client, `${homeOf(visit)}/`, venue, visit.house.now())), {
    headers: { ...plainHeaders(), "Content-Type": "application/captive+json", "Cache-Control": "private" },
  });
}
