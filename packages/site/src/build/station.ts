/** A host or a guest, as its files are written: cards, lines and services for the rules, resolvers, a name. */
import type { Address } from "@pierhead/core";
import type { Guest, Host } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import { type Bridge, bridgeOf, onBridge } from "./bridge.ts";
import { type Card, guestCard, hostCards } from "./card.ts";
import { guestTunnels, hostTunnels, type TunnelEnd } from "./tunnel.ts";

export interface Station {
  readonly kind: "host" | "guest";
  /** What rules are written from. A guest is a host with one line. */
  readonly host: Host;
  readonly cards: readonly Card[];
  readonly tunnels: readonly TunnelEnd[];
  readonly dns: readonly { readonly address: Address; readonly path: SitePath }[];
  readonly bridge: Bridge | null;
  /** Of the card, where the site knows it: a guest's. */
  readonly mac: { readonly text: string; readonly path: SitePath } | null;
  /** Whether rules are written. A guest gets them when it says what it offers. */
  readonly filters: boolean;
  /** Lines that have IPv6 addresses. */
  readonly inet6Lines: ReadonlySet<string>;
}

export function hostStation(original: Host): Station {
  const host = onBridge(original);
  return {
    kind: "host",
    host,
    cards: hostCards(host),
    tunnels: hostTunnels(host),
    dns: resolvers(host),
    bridge: bridgeOf(original),
    mac: null,
    filters: host.system.family !== "linux",
    inet6Lines: new Set(host.uplinks.filter((line) => line.inet6 !== null).map((line) => line.name)),
  };
}

/** Name of a guest's only line: a macro of its pf.conf, and the label of what leaves by it. */
const LINE = "wan";

export function guestStation(guest: Guest): Station {
  const uplinks = [
    {
      name: LINE,
      path: guest.path,
      interface: guest.interface,
      address: guest.address,
      gateway: guest.gateway,
      gatewayMac: guest.gatewayMac,
      dhcp: false,
      description: "",
      weight: 1,
      probe: null,
      mtu: null,
      inet6: guest.inet6,
    },
  ];
  const host: Host = {
    name: guest.name,
    path: guest.path,
    system: guest.system,
    provider: guest.provider,
    uplinks,
    lans: [],
    preferred: uplinks[0] ?? null,
    pins: [],
    failover: { path: guest.path, every: 10, timeout: 1 },
    services: guest.services.map((service) => ({ ...service, uplinks: [LINE] })),
    tunnels: guest.tunnels.map((tunnel) => ({ ...tunnel, uplink: LINE })),
    hypervisor: null,
    vpn: [],
    hotspot: null,
    network: guest.network,
    dns: guest.dns,
    secrets: [],
    scenarios: [],
    policies: [],
  };
  return {
    kind: "guest",
    host,
    cards: [guestCard(guest)],
    tunnels: guestTunnels(guest),
    dns: resolvers(host),
    bridge: null,
    mac: { text: guest.mac, path: [...guest.path, "mac"] },
    filters: guest.services.length > 0 && guest.system.family !== "linux",
    inet6Lines: new Set(guest.inet6 === null ? [] : [LINE]),
  };
}

function resolvers(host: Host): Station["dns"] {
  return host.dns.map((address, index) => ({ address, path: [...host.path, "dns", index] }));
}
