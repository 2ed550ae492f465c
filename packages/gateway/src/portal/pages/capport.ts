/** The Captive Portal API (RFC 8908) and how devices are told where it is (RFC 8910). */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Client } from "../service.ts";
import { originsOf } from "./address.ts";
import { octetsLeft, secondsLeft } from "./status-page.ts";

export const API_PATH = "/captive-portal/api";

/**
 * URL for DHCP option 114, DHCPv6 option 103 and RA option 37 (RFC 8910, 2); null when there is none to announce: the API
 * is HTTPS only (RFC 8908, 4.1), and devices check the certificate against the name.
 */
export function captivePortalApi(config: PortalConfig): string | null {
  const { httpPort, httpsPort, uam } = config.portal;
  const { https } = originsOf(config, { http: httpPort, https: httpsPort, uam: uam?.port ?? null });
  return https === null ? null : `${https}${API_PATH}`;
}

/** RFC 8908, 5. */
export interface CaptiveState {
  readonly captive: boolean;
  readonly "user-portal-url": string;
  readonly "venue-info-url"?: string;
  readonly "can-extend-session"?: boolean;
  readonly "seconds-remaining"?: number;
  readonly "bytes-remaining"?: number;
}

export function captiveState(client: Client, portalUrl: string, venue: string | null, now: number): CaptiveState {
  const { session } = client;
  const place = venue === null ? {} : { "venue-info-url": venue };
  // "SHOULD omit this value for captive clients".
  if (session === null) return { captive: true, "user-portal-url": portalUrl, ...place };
  const seconds = secondsLeft(session, now);
  const octets = octetsLeft(session);
  return {
    captive: false,
    "user-portal-url": portalUrl,
    ...place,
    // Signing in again while one is in gives no more time.
    "can-extend-session": false,
    ...(seconds === null ? {} : { "seconds-remaining": seconds }),
    ...(octets === null
      ? {}
      : { "bytes-remaining": octets > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(octets) }),
  };
}

export type DhcpServer = "dnsmasq" | "kea-dhcp4" | "kea-dhcp6" | "isc-dhcpd" | "openbsd-dhcpd" | "radvd";

/**
 * The line of a DHCP or RA server's configuration that announces the API. OpenBSD's rad(8) has no such option.
 *
 * Names are avoided where a server got them from RFC 7710: ISC's `v4-captive-portal` is 160, and 114 is `default-url`.
 */
export function announce(server: DhcpServer, url: string): string {
  // URLs of captivePortalApi hold no quotes; this is for those that come from elsewhere.
  if (/["\\\s;]/.test(url)) throw new Error("not a URL that can stand in a configuration file");
  switch (server) {
    case "dnsmasq":
      return `dhcp-option=114,${url}\ndhcp-option=option6:103,${url}`;
    case "kea-dhcp4":
      return JSON.stringify({ "option-data": [{ name: "v4-captive-portal", data: url }] });
    case "kea-dhcp6":
      return JSON.stringify({ "option-data": [{ name: "v6-captive-portal", data: url }] });
    case "isc-dhcpd":
      return `option default-url "${url}";`;
    case "openbsd-dhcpd":
      return `option option-114 "${url}";`;
    case "radvd":
      return `AdvCaptivePortalAPI "${url}";`;
  }
}
