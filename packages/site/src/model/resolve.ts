/** From the description to the model: texts become addresses, names become references, usual values are filled in. */
import { type Address, type Prefix, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import type {
  GuestDescription,
  HostDescription,
  Inet6Description,
  ServiceDescription,
  SiteDescription,
  TunnelDescription,
  UplinkDescription,
} from "../schema/index.ts";
import { resolveHotspot } from "./hotspot.ts";
import type { Guest, Host, Inet6, Pin, Service, Tunnel, Uplink } from "./site.ts";
import { resolveVpn } from "./vpn.ts";

/** The system of a host in place of the one in the file: the same site for another release. */
export type SystemOverride = (name: string, kind: "host" | "guest") => System | null;

export function resolveHosts(site: SiteDescription, override: SystemOverride): Host[] {
  return Object.entries(site.hosts).map(([name, host]) => resolveHost(name, host, override(name, "host")));
}

function resolveHost(name: string, host: HostDescription, override: System | null): Host {
  const path = ["hosts", name];
  const uplinks = entries(host.uplinks).map(([key, one]) => resolveUplink(key, one, [...path, "uplinks", key]));
  const lans = entries(host.lans).map(([key, one]) => ({
    name: key,
    path: [...path, "lans", key],
    interface: one.interface,
    addresses: one.addresses.map(prefix),
    description: one.description ?? "",
    delegated: uplinks.some((line) => line.inet6?.lans.some((each) => each.name === key) === true),
  }));
  const preferred = host.balance?.preferred ?? (uplinks.find((one) => one.weight > 0) ?? uplinks[0])?.name;
  const pins = (host.balance?.pin ?? []).map(
    (pin, index): Pin => ({
      path: [...path, "balance", "pin", index],
      uplink: pin.uplink,
      protocol: pin.protocol ?? "tcp",
      ports: pin.ports.map(String),
    }),
  );
  const names = uplinks.map((one) => one.name);
  const preferredLine = uplinks.find((one) => one.name === preferred) ?? uplinks[0] ?? null;
  const hypervisor = host.hypervisor;
  return {
    name,
    path,
    system: override ?? (parseSystem(host.system) as System),
    provider: host.provider ?? "generic",
    uplinks,
    lans,
    preferred: preferredLine,
    pins,
    failover: {
      path: host.failover === undefined ? [...path, "uplinks"] : [...path, "failover"],
      every: host.failover?.every ?? 10,
      timeout: host.failover?.timeout ?? 1,
    },
    services: services(host.services, path, names),
    tunnels: entries(host.tunnels).map(([key, one]) => {
      const line = uplinks.find((each) => each.name === one.uplink);
      return tunnel(key, one, one.uplink, line?.mtu ?? null, [...path, "tunnels", key]);
    }),
    hypervisor:
      hypervisor === undefined
        ? null
        : {
            path: [...path, "hypervisor"],
            kind: hypervisor.kind,
            bridge: hypervisor.bridge,
            interface: hypervisor.interface ?? uplinks[0]?.interface ?? "",
            interfacePath:
              hypervisor.interface === undefined
                ? [...(uplinks[0]?.path ?? path), "interface"]
                : [...path, "hypervisor", "interface"],
            disks: (hypervisor.disks ?? "/vm").replace(/\/+$/, ""),
          },
    vpn: resolveVpn(host.vpn, path, uplinks, preferredLine, lans),
    hotspot: host.hotspot === undefined ? null : resolveHotspot(host.hotspot, path, uplinks, lans),
    network: host.network ?? "systemd-networkd",
    dns: (host.dns ?? []).map(address),
    secrets: entries(host.secrets).map(([file, reference]) => ({ path: [...path, "secrets", file], file, reference })),
    scenarios: host.scenarios ?? [],
    policies: host.policies ?? [],
  };
}

function resolveUplink(name: string, one: UplinkDescription, path: SitePath): Uplink {
  return {
    name,
    path,
    interface: one.interface,
    address: one.address === undefined ? null : prefix(one.address),
    gateway: one.gateway === undefined ? null : address(one.gateway),
    gatewayMac: one.gatewayMac?.toLowerCase() ?? null,
    dhcp: one.dhcp === true,
    description: one.description ?? "",
    weight: one.weight ?? 1,
    probe: one.probe === undefined ? null : address(one.probe),
    mtu: one.mtu ?? null,
    inet6: one.inet6 === undefined ? null : resolveInet6(one.inet6, [...path, "inet6"]),
  };
}

function resolveInet6(one: Inet6Description, path: SitePath): Inet6 {
  return {
    path,
    method: one.method ?? "static",
    address: one.address === undefined ? null : prefix(one.address),
    gateway: one.gateway === undefined ? null : address(one.gateway),
    duid: one.duid?.toLowerCase() ?? null,
    prefix: one.prefix === undefined ? null : prefix(one.prefix),
    lans: entries(one.lans).map(([name, number]) => ({ name, number, path: [...path, "lans", name] })),
  };
}

function services(
  all: Record<string, ServiceDescription> | undefined,
  path: SitePath,
  uplinks: readonly string[],
): Service[] {
  return entries(all).map(([name, one]) => ({
    name,
    path: [...path, "services", name],
    protocol: one.protocol ?? "tcp",
    port: String(one.port),
    uplinks: one.uplinks ?? uplinks,
    from: (one.from ?? []).map(prefix),
  }));
}

function tunnel(
  name: string,
  one: Omit<TunnelDescription, "uplink">,
  uplink: string | null,
  lineMtu: number | null,
  path: SitePath,
): Tunnel {
  return {
    name,
    path,
    interface: one.interface,
    uplink,
    remote: address(one.remote),
    address: prefix(one.address),
    peer: address(one.peer),
    prefix: one.prefix === undefined ? null : prefix(one.prefix),
    // What is left of the line after the IPv4 header, and never less than IPv6 needs (RFC 8200, 5).
    mtu: one.mtu ?? Math.max(1280, Math.min(1480, (lineMtu ?? 1500) - 20)),
    isDefault: one.default ?? true,
  };
}

/**
 * @returns guests whose host is there and whose gateway is known, in the order of the file; the others are reported
 *   by the checks
 */
export function resolveGuests(
  site: SiteDescription,
  hosts: ReadonlyMap<string, Host>,
  override: SystemOverride,
): Guest[] {
  return entries(site.guests).flatMap(([name, guest]) => {
    const host = hosts.get(guest.on);
    const gateway = guest.gateway === undefined ? gatewayOf(host) : address(guest.gateway);
    if (host === undefined || gateway === null) return [];
    return [resolveGuest(name, guest, host, gateway, override(name, "guest"))];
  });
}

/** The gateway the host itself uses: that of its first line. */
export function gatewayOf(host: Host | undefined): Address | null {
  return gatewayLine(host)?.gateway ?? null;
}

function gatewayLine(host: Host | undefined): Uplink | undefined {
  return host?.uplinks.find((one) => one.gateway !== null);
}

function resolveGuest(
  name: string,
  guest: GuestDescription,
  host: Host,
  gateway: Address,
  override: System | null,
): Guest {
  const path = ["guests", name];
  const own = prefix(guest.address);
  return {
    name,
    path,
    on: guest.on,
    system: override ?? (parseSystem(guest.system) as System),
    provider: guest.provider ?? host.provider,
    interface: guest.interface,
    address: own,
    gateway,
    gatewayPath: guest.gateway === undefined ? [...(gatewayLine(host)?.path ?? path), "gateway"] : [...path, "gateway"],
    gatewayMac:
      guest.gatewayMac?.toLowerCase() ??
      host.uplinks.find((line) => line.gateway?.equals(gateway) === true)?.gatewayMac ??
      null,
    gatewayOnLink: !own.address.isIn(gateway, own.length),
    mac: guest.mac.toLowerCase(),
    inet6: guest.inet6 === undefined ? null : resolveInet6(guest.inet6, [...path, "inet6"]),
    network: guest.network ?? "systemd-networkd",
    dns: (guest.dns ?? []).map(address),
    services: services(guest.services, path, []),
    tunnels: entries(guest.tunnels).map(([key, one]) => tunnel(key, one, null, null, [...path, "tunnels", key])),
    cpus: guest.cpus ?? 1,
    memory: guest.memory ?? 512,
    disk: guest.disk ?? 10,
    after: guest.after ?? [],
  };
}

function entries<T>(record: Record<string, T> | undefined): [string, T][] {
  return record === undefined ? [] : Object.entries(record);
}

/** The schema has looked at the text already. */
function prefix(text: string): Prefix {
  return parsePrefix(text) as Prefix;
}

function address(text: string): Address {
  return parseAddress(text) as Address;
}
