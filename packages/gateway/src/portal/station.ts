/** What login pages and RADIUS are told about the gateway when the configuration leaves it out. */
import { networkInterfaces } from "node:os";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { originsOf } from "./pages/address.ts";
import { upperMac } from "./uam/redirect.ts";

/** Called-Station-Id: CoovaChilli takes the MAC of the interface guests are on. Null when that has none. */
export function calledStation({ radius, guests }: Pick<PortalConfig, "radius" | "guests">): string | null {
  if (radius?.calledStation != null) return radius.calledStation;
  const mac = networkInterfaces()[guests.interface]?.[0]?.mac ?? "00:00:00:00:00:00";
  return mac === "00:00:00:00:00:00" ? null : upperMac(mac);
}

/** WISPr-Logoff-URL: the login page's interface, or our own page, which has a button for it. */
export function logoffUrl(config: PortalConfig): string {
  const { httpPort, httpsPort, uam } = config.portal;
  const origins = originsOf(config, { http: httpPort, https: httpsPort, uam: uam?.port ?? null });
  return origins.uam === null ? `${origins.https ?? origins.http("0.0.0.0")}/` : `${origins.uam}/logoff`;
}
