/** One network card of a host or guest, as every system's files are written from it. */
import { type Address, maskAddress, type Prefix } from "@pierhead/core";
import type { Guest, Host, Lan, Tunnel, Uplink } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";

export interface Card {
  readonly interface: string;
  readonly path: SitePath;
  readonly dhcp: boolean;
  readonly addresses: readonly { readonly prefix: Prefix; readonly path: SitePath }[];
  /** Next hop of the default route; null when another card has it. */
  readonly gateway: Address | null;
  readonly gatewayPath: SitePath;
  /** The gateway is outside the network of the address: a route to it on the link comes first. */
  readonly onLink: boolean;
  readonly inet6Gateway: Address | null;
  readonly description: string;
  readonly mtu: number | null;
}

export function hostCards(host: Host): Card[] {
  return [...host.uplinks.map((line) => lineCard(host, line)), ...host.lans.map(lanCard)];
}

function lineCard(host: Host, line: Uplink): Card {
  const own = line.address;
  return {
    interface: line.interface,
    path: line.path,
    dhcp: line.dhcp,
    addresses: own === null ? [] : [{ prefix: own, path: [...line.path, "address"] }],
    gateway: host.preferred === line ? line.gateway : null,
    gatewayPath: [...line.path, "gateway"],
    onLink: own !== null && line.gateway !== null && !own.address.isIn(line.gateway, own.length),
    inet6Gateway: null,
    description: line.description,
    mtu: line.mtu,
  };
}

function lanCard(lan: Lan): Card {
  return {
    interface: lan.interface,
    path: lan.path,
    dhcp: false,
    addresses: lan.addresses.map((prefix, index) => ({ prefix, path: [...lan.path, "addresses", index] })),
    gateway: null,
    gatewayPath: lan.path,
    onLink: false,
    inet6Gateway: null,
    description: lan.description,
    mtu: null,
  };
}

export function guestCard(guest: Guest): Card {
  const six = guest.inet6;
  return {
    interface: guest.interface,
    path: guest.path,
    dhcp: false,
    addresses: [
      { prefix: guest.address, path: [...guest.path, "address"] },
      ...(six === null ? [] : [{ prefix: six.address, path: [...guest.path, "inet6", "address"] }]),
    ],
    gateway: guest.gateway,
    gatewayPath: [...guest.path, "gateway"],
    onLink: guest.gatewayOnLink,
    inet6Gateway: six?.gateway ?? null,
    description: "",
    mtu: null,
  };
}

/** Tunnel with the IPv4 address it starts from. */
export interface TunnelEnd {
  readonly tunnel: Tunnel;
  readonly local: Address;
}

export function hostTunnels(host: Host): TunnelEnd[] {
  return host.tunnels.flatMap((tunnel) => {
    const local = host.uplinks.find((line) => line.name === tunnel.uplink)?.address?.address;
    return local === undefined ? [] : [{ tunnel, local }];
  });
}

export function guestTunnels(guest: Guest): TunnelEnd[] {
  return guest.tunnels.map((tunnel) => ({ tunnel, local: guest.address.address }));
}

/** A link-local gateway means something only on its interface: `fe80::1%vtnet0`. */
export function scoped(gateway: Address, interfaceName: string): string {
  return gateway.isLinkLocal() ? `${gateway}%${interfaceName}` : `${gateway}`;
}

export function netmask(prefix: Prefix): string {
  return `${maskAddress(4, prefix.length)}`;
}
