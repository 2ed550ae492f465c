/**
 * Requests for somebody else's host that the gateway sent here because the device has not signed in.
 *
 * A redirect, and to GET nothing else: Android takes 200 to 399 but not 204 for a portal and 511 for a dead network
 * (CaptivePortalProbeResult.isPortal), so it would never open the page; Chromium and ChromeOS know 511 but follow redirects
 * too (CaptivePortalDetector); Firefox compares what it gets in the end with what it expects, 302 and 303 alike; Apple's
 * assistant opens for everything that is not its "Success" page, Windows' for everything that is not its text, and
 * NetworkManager for what lacks its header or text. Nothing here ever looks like their success, and once somebody has signed
 * in their probes do not come here any more. 511 (RFC 6585, 6) is for what must not be redirected: POST and the like.
 *
 * The connection is closed, since the kernel goes on sending an established one here after the device has signed in.
 */

import { uamEntrance, uamRedirect } from "../uam/routes.ts";
import { wisprComment } from "../wispr/xml.ts";
import { hostOf } from "./address.ts";
import { escapeHtml } from "./html.ts";
import { homeOf, isGuest, type Visit } from "./visit.ts";
import { isProbe, safeUrl } from "./wanted.ts";

export function isOurs(visit: Visit): boolean {
  return visit.house.origins().hosts.has(hostOf(visit.url));
}

export function intercept(visit: Visit): Response {
  const { house, request, url } = visit;
  // A request with the address of somebody who is in is late: their own page tells them that they are.
  const wanted = isGuest(visit) && hostOf(url) !== "unknown.invalid" ? safeUrl(url.href) : null;
  const uam = house.config.portal.uam;
  let location = `${homeOf(visit)}/`;
  let login = `${homeOf(visit)}/wispr/login`;
  let abort = `${homeOf(visit)}/wispr/abort`;
  if (uam !== null && isGuest(visit)) {
    const { mac, session } = visit.client;
    if (wanted !== null && (!isProbe(wanted) || house.challenges.userUrl(mac) === null))
      house.challenges.remember(mac, wanted);
    location = session === null ? uamEntrance(visit) : uamRedirect(visit, "already", { session });
    if (session === null) {
      const separator = uam.server.includes("?") ? "&" : "?";
      const { address, port } = uamPlace(visit);
      login = `${uam.server}${separator}res=wispr&uamip=${address}&uamport=${port}&challenge=${house.challenges.show(mac)}`;
      abort = `http://${address}:${port}/abort`;
    }
  } else if (isGuest(visit) && wanted !== null && !isProbe(wanted)) {
    location += `?${new URLSearchParams({ to: house.seals.seal("onward", visit.client.mac, wanted) })}`;
  }
  const place = house.config.radius?.location ?? null;
  const comment = wisprComment({
    kind: "Redirect",
    login,
    abort,
    location: { id: place?.id ?? null, name: place?.name ?? house.config.look.title },
  });
  const simple = request.method === "GET" || request.method === "HEAD";
  const body = `<!DOCTYPE html><html lang="en"><head><title>Sign in</title></head><body><p><a href="${escapeHtml(location)}">Sign in to use this network</a></p>\r\n${comment}\r\n</body></html>`;
  return new Response(request.method === "HEAD" ? null : body, {
    status: simple ? 302 : 511,
    headers: {
      ...(simple ? { Location: location } : {}),
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      "X-Content-Type-Options": "nosniff",
      Connection: "close",
    },
  });
}

function uamPlace(visit: Visit): { address: string; port: number } {
  return { address: new URL(visit.house.origins().uam ?? homeOf(visit)).hostname, port: visit.house.uamPort() };
}
