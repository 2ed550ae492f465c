import { parsePrefix } from "@pierhead/core";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { FirewallPlan, GardenAddress } from "../../firewall/driver.ts";

/** The standing rules of a portal. */
export function firewallPlan(config: PortalConfig): FirewallPlan {
  const { guests, uplink, portal, admin } = config;
  const own = guests.addresses.map((text) => parsePrefix(text)?.address.toString() ?? text);
  const ports = [portal.httpPort];
  if (portal.certificate !== null) ports.push(portal.httpsPort);
  if (portal.uam !== null) ports.push(portal.uam.port);
  return {
    guests,
    uplink,
    resolvers: config.resolvers.length > 0 ? config.resolvers : own,
    redirectPort: portal.httpPort,
    portalPorts: ports,
    openPorts: admin?.fromGuests === true ? [admin.port] : [],
  };
}

/** The walled garden's entries that are addresses already; names are looked up by who answers guests' questions. */
export function gardenAddresses(config: PortalConfig): readonly GardenAddress[] {
  return config.garden.flatMap((entry) =>
    entry.kind === "network"
      ? [{ prefix: entry.prefix, protocol: entry.protocol, port: entry.port, timeout: null }]
      : [],
  );
}
