/**
 * WISPr for smart clients against our own pages: LoginURL, LogoffURL and AbortLoginURL. They know no token of ours, so a
 * browser that another site drives is told by what browsers say of themselves; signing out needs the URL we gave.
 */
import { fromOurselves, readForm } from "../pages/form.ts";
import { plainHeaders } from "../pages/headers.ts";
import { secondsLeft } from "../pages/status-page.ts";
import { type Guest, homeOf, isGuest, type Visit } from "../pages/visit.ts";
import { safeUrl } from "../pages/wanted.ts";
import { BUSY, WISPR, type WisprMessage, wisprComment } from "./xml.ts";

function answer(message: WisprMessage): Response {
  const text = `<!DOCTYPE html><html lang="en"><head><title>WISPr</title></head><body>\r\n${wisprComment(message)}\r\n</body></html>`;
  return new Response(text, {
    headers: {
      ...plainHeaders(),
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    },
  });
}

function reply(
  code: number,
  message: string,
  more: Partial<Extract<WisprMessage, { kind: "AuthenticationReply" }>> = {},
): Response {
  return answer({ kind: "AuthenticationReply", code, message, logoff: null, ...more });
}

function logoffUrl(guest: Guest): string {
  const key = guest.house.seals.seal("wispr", guest.client.mac, "logoff");
  return `${homeOf(guest)}/wispr/logoff?${new URLSearchParams({ key })}`;
}

/** POST with UserName and Password (WISPr 1.0, D.3.2). */
export async function wisprLogin(visit: Visit): Promise<Response> {
  const result = await readForm(visit.request, visit.body);
  if (result.kind === "bad" || !fromOurselves(visit.request, visit.house.origins().all))
    return reply(WISPR.gatewayError, "not understood");
  if (!isGuest(visit)) return reply(WISPR.gatewayError, "not a device of the guest network");
  const { house, client, address } = visit;
  if (client.session !== null) return reply(WISPR.succeeded, "already in", { logoff: logoffUrl(visit) });
  // Clients write the names with and without capitals.
  const fields = new Map([...result.form].map(([name, value]) => [name.toLowerCase(), value]));
  const user = fields.get("username") ?? "";
  const password = fields.get("password") ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (user === "" || /[\0-\x1f\x7f]/.test(user) || Buffer.byteLength(user) > 253 || Buffer.byteLength(password) > 128)
    return reply(WISPR.failed, "user name or password missing");
  if (!house.config.signIn.includes("password")) return reply(WISPR.failed, "passwords are not taken here");
  const how = { method: "password", user, credentials: { kind: "password", password } } as const;
  const got = await house.portal.signIn(address, how);
  switch (got.kind) {
    case "in":
      return reply(WISPR.succeeded, got.message, {
        logoff: logoffUrl(visit),
        maxSession: secondsLeft(got.session, house.now()),
        redirection: safeUrl(got.redirect),
      });
    case "refused":
      return reply(WISPR.failed, got.message || got.why.replace(/-/g, " "), { redirection: safeUrl(got.redirect) });
    // Only a click has a pause, and questions are asked on our own pages only.
    case "pause":
    case "question":
      return reply(WISPR.failed, "");
    case "slow-down":
      return reply(WISPR.failed, `too many attempts: wait ${Math.ceil(got.seconds)} seconds`);
    case "busy":
      return reply(WISPR.radiusTimeout, BUSY);
    case "unavailable":
      house.report(`WISPr login of ${client.mac} not possible: ${got.reason}`);
      return reply(WISPR.radiusTimeout, "");
  }
}

export async function wisprLogoff(visit: Visit): Promise<Response> {
  if (!isGuest(visit)) return answer({ kind: "LogoffReply", code: WISPR.gatewayError });
  const { house, client, url, address } = visit;
  if (house.seals.unseal("wispr", client.mac, url.searchParams.get("key")) !== "logoff")
    return answer({ kind: "LogoffReply", code: WISPR.gatewayError });
  await house.portal.signOut(address);
  return answer({ kind: "LogoffReply", code: WISPR.loggedOff });
}

/** Nothing is under way that could be aborted: a login is answered when it is done. */
export function wisprAbort(visit: Visit): Response {
  if (isGuest(visit) && visit.client.session !== null)
    return answer({ kind: "AbortLoginReply", code: WISPR.succeeded, logoff: logoffUrl(visit) });
  return answer({ kind: "AbortLoginReply", code: WISPR.aborted, logoff: null });
}
