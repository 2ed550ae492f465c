/**
 * CoovaChilli's paths: `/logon`, `/logoff`, `/status`, `/prelogin`, `/abort` and their `/json/…` twins (coova-chilli,
 * src/redir.c). They are there when `portal.uam` names a login page of somebody else.
 *
 * Differences, on purpose: a request CoovaChilli drops without an answer (no user name, no password, malformed challenge)
 * gets the redirect or JSON of a failure; a challenge is good for one logon; JSON without a callback is application/json.
 */
import { isIPv4 } from "node:net";
import { uamChallenge, uamCredentials } from "../../radius/uam.ts";
import type { StoredSession } from "../../store/store.ts";
import { uamAddress } from "../pages/address.ts";
import { plainHeaders } from "../pages/headers.ts";
import { escapeHtml } from "../pages/html.ts";
import { secondsLeft } from "../pages/status-page.ts";
import { type Guest, isGuest, type Visit } from "../pages/visit.ts";
import { safeUrl } from "../pages/wanted.ts";
import type { SignInAnswer } from "../service.ts";
import { BUSY, WISPR, type WisprMessage, wisprComment } from "../wispr/xml.ts";
import { uamBody, uamJson } from "./json.ts";
import { percentDecode, uamEncode, uamQuery } from "./query.ts";
import { type UamResult, uamUrl } from "./redirect.ts";

/** Path → what it means, without the leading `/json`. */
const COMMANDS: Readonly<Record<string, "logon" | "logoff" | "status" | "prelogin" | "abort">> = {
  "/logon": "logon",
  "/login": "logon",
  "/logoff": "logoff",
  "/logout": "logoff",
  "/status": "status",
  "/prelogin": "prelogin",
  "/abort": "abort",
};

interface Outcome {
  readonly result: UamResult;
  /** State of the device after it. */
  readonly session: StoredSession | null;
  /** The session the answer is about, which a logoff has ended. */
  readonly about?: StoredSession | null;
  readonly reply?: string | null;
  readonly challenge?: string | null;
  /** WISPr-Redirection-URL. */
  readonly redirectionUrl?: string | null;
  readonly fresh?: boolean;
  readonly wispr?: WisprMessage | null;
}

type Query = ReadonlyMap<string, string>;

/** The answer, or null when the path is none of CoovaChilli's. */
export async function uamAnswer(visit: Visit): Promise<Response | null> {
  const wantsJson = visit.url.pathname.startsWith("/json/");
  const command = COMMANDS[wantsJson ? visit.url.pathname.slice(5) : visit.url.pathname];
  if (command === undefined || visit.house.config.portal.uam === null) return null;
  // `uamallowpost`: what counts is in the address, whatever the method.
  if (!["GET", "HEAD", "POST"].includes(visit.request.method)) return null;
  const query = uamQuery(visit.url.search);
  if (!isGuest(visit)) {
    if (wantsJson)
      return answerJson({ version: "1.0", clientState: 0, message: "not a device of the guest network" }, query);
    return null;
  }
  keepUserUrl(visit, query);
  const outcome = await run(visit, command, query);
  return wantsJson ? jsonOf(visit, command, outcome, query) : redirectOf(visit, command, outcome, query);
}

/** CoovaChilli decodes `userurl` twice; pages that encode it once are understood as well. */
function keepUserUrl(guest: Guest, query: Query): void {
  const text = query.get("userurl");
  if (text === undefined || text === "") return;
  const url = safeUrl(text) ?? safeUrl(percentDecode(text));
  if (url !== null) guest.house.challenges.remember(guest.client.mac, url);
}

async function run(guest: Guest, command: string, query: Query): Promise<Outcome> {
  const { challenges, portal } = guest.house;
  const { mac, session } = guest.client;
  switch (command) {
    case "logon":
      return session === null ? logon(guest, query) : { result: "already", session };
    case "logoff":
      await portal.signOut(guest.address);
      return {
        result: "logoff",
        session: null,
        about: session,
        challenge: challenges.renew(mac),
        wispr: { kind: "LogoffReply", code: WISPR.loggedOff },
      };
    case "abort":
      if (session !== null)
        return {
          result: "already",
          session,
          wispr: { kind: "AbortLoginReply", code: WISPR.succeeded, logoff: logoffUrl(guest) },
        };
      return {
        result: "logoff",
        session: null,
        challenge: challenges.renew(mac),
        wispr: { kind: "AbortLoginReply", code: WISPR.aborted, logoff: null },
      };
    default:
      if (session !== null) return { result: "already", session };
      return { result: "notyet", session: null, challenge: challenges.show(mac) };
  }
}

async function logon(guest: Guest, query: Query): Promise<Outcome> {
  const { house, client, address } = guest;
  const failed: Failed = (result, reply, code, redirect = null) => ({
    result,
    session: null,
    reply,
    challenge: house.challenges.renew(client.mac),
    redirectionUrl: redirect,
    wispr: { kind: "AuthenticationReply", code, message: reply ?? "", logoff: null, redirection: redirect },
  });
  const user = query.get("username") ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (user === "" || Buffer.byteLength(user) > 253 || /[\0-\x1f\x7f]/.test(user))
    return failed("failed", "no user name", WISPR.failed);
  if (!["ntresponse", "response", "password"].some((name) => query.has(name)))
    return failed("failed", "no password", WISPR.failed);
  const uam = house.config.portal.uam;
  // `nochallenge` is about passwords; a response is always one to a challenge.
  const asTyped = uam?.challenge === false && !query.has("ntresponse") && !query.has("response");
  const sent = asTyped ? null : house.challenges.take(client.mac);
  if (sent === null && !asTyped)
    return failed("failed&reason=other", "the challenge was used before or is too old", WISPR.failed);
  const challenge = sent === null ? null : uamChallenge(sent, uam?.secret?.reveal() ?? null);
  const credentials = uamCredentials(Object.fromEntries(query), challenge);
  if (credentials === null) return failed("failed&reason=other", "no password that could be read", WISPR.failed);
  if (!house.config.signIn.includes("password"))
    return failed("failed&reason=reject", "signing in with a password is not offered here", WISPR.failed);
  const answer = await house.portal.signIn(address, { method: "password", user, credentials });
  if (answer.kind === "in") {
    const redirectionUrl = safeUrl(answer.redirect);
    return {
      result: "success",
      session: answer.session,
      reply: answer.message || null,
      redirectionUrl,
      fresh: true,
      wispr: {
        kind: "AuthenticationReply",
        code: WISPR.succeeded,
        message: answer.message,
        logoff: logoffUrl(guest),
        status: `${house.origins().uam}/status`,
        maxSession: secondsLeft(answer.session, house.now()),
        redirection: redirectionUrl,
      },
    };
  }
  if (answer.kind === "unavailable") house.report(`logon of ${client.mac} not possible: ${answer.reason}`);
  return refused(answer, failed);
}

type Failed = (result: UamResult, reply: string | null, code: number, redirect?: string | null) => Outcome;

function refused(answer: Exclude<SignInAnswer, { kind: "in" }>, failed: Failed): Outcome {
  switch (answer.kind) {
    case "refused":
      return failed(
        "failed&reason=reject",
        answer.message || answer.why.replace(/-/g, " "),
        WISPR.failed,
        safeUrl(answer.redirect),
      );
    // Only a click has a pause, and questions are asked on our own pages only.
    case "pause":
    case "question":
      return failed("failed&reason=reject", null, WISPR.failed);
    case "slow-down":
      return failed(
        "failed&reason=reject",
        `too many attempts: wait ${Math.ceil(answer.seconds)} seconds`,
        WISPR.failed,
      );
    case "busy":
      return failed("failed&reason=timeout", BUSY, WISPR.radiusTimeout);
    case "unavailable":
      return failed("failed&reason=timeout", null, WISPR.radiusTimeout);
  }
}

function logoffUrl(guest: Guest): string {
  return `${guest.house.origins().uam}/logoff`;
}

function nasId(visit: Visit): string {
  return visit.house.config.radius?.nasIdentifier ?? visit.house.config.gateway;
}

/** The device's IPv4 address where it is known: these pages know no other. */
function clientAddress(guest: Guest): string {
  if (isIPv4(guest.address)) return guest.address;
  return guest.client.session?.addresses.find((address) => isIPv4(address)) ?? guest.address;
}

function jsonOf(guest: Guest, command: string, outcome: Outcome, query: Query): Response {
  const { house, client } = guest;
  const failed = outcome.result.startsWith("failed");
  const { result } = outcome;
  const about = outcome.about ?? outcome.session;
  const now = house.now();
  const place = house.config.radius?.location?.name ?? house.config.look.title;
  const value = uamJson({
    in: outcome.session !== null,
    nasId: nasId(guest),
    message: outcome.reply ?? null,
    challenge: outcome.challenge ?? null,
    location: result === "notyet" ? place : null,
    redirect:
      failed || result === "success" || result === "notyet" || command === "status"
        ? {
            originalUrl: house.challenges.userUrl(client.mac) ?? "",
            redirectionUrl: outcome.redirectionUrl ?? "",
            logoutUrl: logoffUrl(guest),
            address: clientAddress(guest),
            mac: client.mac,
          }
        : null,
    session:
      result === "already" || result === "success" || result === "logoff"
        ? { of: about, now, fresh: outcome.fresh === true }
        : null,
  });
  return answerJson(value, query);
}

function answerJson(value: Record<string, unknown>, query: Query): Response {
  const body = uamBody(value, query.get("callback"));
  const headers = { ...plainHeaders(), "Cross-Origin-Resource-Policy": "cross-origin" };
  if (body === null)
    return new Response('{"version":"1.0","message":"callback is not the name of a function"}', {
      status: 400,
      headers: { ...headers, "Content-Type": "application/json; charset=utf-8" },
    });
  return new Response(body.text, { headers: { ...headers, "Content-Type": body.type } });
}

function redirectOf(guest: Guest, command: string, outcome: Outcome, query: Query): Response {
  const session = command === "status" ? outcome.session : null;
  const now = guest.house.now();
  const location =
    outcome.redirectionUrl ??
    uamRedirect(guest, outcome.result, {
      challenge: outcome.challenge ?? null,
      session: outcome.session,
      reply: outcome.reply ?? null,
      language: query.get("lang")?.slice(0, 16) ?? null,
      times:
        session === null
          ? null
          : {
              start: Math.floor(session.started / 1_000),
              elapsed: Math.max(0, Math.floor((now - session.started) / 1_000)),
              timeout:
                session.limits.until === null ? null : Math.floor((session.limits.until - session.started) / 1_000),
            },
    });
  const wispr = outcome.wispr == null ? "" : wisprComment(outcome.wispr);
  const body = `<!DOCTYPE html><html lang="en"><head><title>Redirect</title></head><body><p><a href="${escapeHtml(location)}">Continue</a></p>\r\n${wispr}\r\n</body></html>`;
  return new Response(body, {
    status: 302,
    headers: {
      ...plainHeaders(),
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      Location: location,
    },
  });
}

/** Where somebody who is not in is sent first: to the home page, which gets the login page's address, or to the login page. */
export function uamEntrance(guest: Guest): string {
  const login = uamRedirect(guest, "notyet");
  const home = guest.house.config.portal.uam?.homepage ?? null;
  return home === null ? login : `${home}${home.includes("?") ? "&" : "?"}loginurl=${uamEncode(login)}`;
}

export function uamRedirect(
  guest: Guest,
  result: UamResult,
  more: {
    readonly challenge?: string | null;
    readonly session?: StoredSession | null;
    readonly reply?: string | null;
    readonly language?: string | null;
    readonly times?: { start: number; elapsed: number; timeout: number | null } | null;
  } = {},
): string {
  const { house, client } = guest;
  const uam = house.config.portal.uam;
  if (uam === null) throw new Error("no uam server is configured");
  const session = more.session ?? null;
  return uamUrl({
    server: uam.server,
    secret: uam.secret?.reveal() ?? null,
    result,
    address: uamAddress(house.config),
    port: house.uamPort(),
    challenge:
      session !== null || uam.challenge === false ? null : (more.challenge ?? house.challenges.show(client.mac)),
    times: more.times ?? null,
    called: house.called,
    user: session?.user ?? null,
    timeLeft: session === null ? null : secondsLeft(session, house.now()),
    mac: client.mac,
    clientAddress: clientAddress(guest),
    reply: more.reply ?? null,
    ssid: uam.ssid ?? null,
    nasId: nasId(guest),
    vlan: uam.vlan ?? null,
    language: more.language ?? null,
    sessionId: session?.id ?? null,
    userUrl: house.challenges.userUrl(client.mac),
  });
}
