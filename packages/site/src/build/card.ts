/** One network card of a host or guest, as every system's files are written from it. */
import { type Address, maskAddress, type Prefix } from "@pierhead/core";
import type { Guest, Host, Inet6, Lan, Uplink } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";

/** A next hop of the default route. */
export interface CardGateway {
  readonly address: Address;
  readonly path: SitePath;
  /** It is outside the networks of the card: a route to it on the link comes first. */
  readonly onLink: boolean;
  /** The default route leads to it; false when only the route on the link is wanted. */
  readonly isDefault: boolean;
}

export interface Card {
  readonly interface: string;
  readonly path: SitePath;
  readonly dhcp: boolean;
  readonly addresses: readonly { readonly prefix: Prefix; readonly path: SitePath }[];
  /** Null when another card has the default route, or a lease brings it. */
  readonly gateway: CardGateway | null;
  readonly inet6Gateway: CardGateway | null;
  /** What is not written down of IPv6: routers are listened to, a prefix is asked for. */
  readonly inet6: Inet6 | null;
  /** ARP entries that are fixed. */
  readonly neighbours: readonly { readonly address: Address; readonly mac: string; readonly path: SitePath }[];
  readonly description: string;
  readonly mtu: number | null;
}

/** Bare minimum of a card: it is there and up. */
export function bareCard(interfaceName: string, path: SitePath): Card {
  return {
    interface: interfaceName,
    path,
    dhcp: false,
    addresses: [],
    gateway: null,
    inet6Gateway: null,
    inet6: null,
    neighbours: [],
    description: "",
    mtu: null,
  };
}

export function hostCards(host: Host): Card[] {
  return [...host.uplinks.map((line) => lineCard(host, line)), ...host.lans.map(lanCard)];
}

function lineCard(host: Host, line: Uplink): Card {
  const own = line.address;
  const addresses = [
    ...(own === null ? [] : [{ prefix: own, path: [...line.path, "address"] }]),
    ...inet6Addresses(line.inet6),
  ];
  // Beside a lease OpenBSD reads no mygate, and a route by hand would be there still when this line is dead: the
  // default route is ifstated's from its first state on.
  const byIfstated = host.system.family === "openbsd" && host.uplinks.some((one) => one.dhcp);
  const isDefault = host.preferred === line && !byIfstated;
  const gateway = line.gateway === null ? null : gatewayOn(addresses, line.gateway, [...line.path, "gateway"]);
  return {
    ...bareCard(line.interface, line.path),
    dhcp: line.dhcp,
    addresses,
    gateway: gateway !== null && (isDefault || gateway.onLink) ? { ...gateway, isDefault } : null,
    ...inet6Of(line.inet6, addresses),
    neighbours: fixed(line.gateway, line.gatewayMac, [...line.path, "gatewayMac"]),
    description: line.description,
    mtu: line.mtu,
  };
}

function lanCard(lan: Lan): Card {
  return {
    ...bareCard(lan.interface, lan.path),
    addresses: lan.addresses.map((prefix, index) => ({ prefix, path: [...lan.path, "addresses", index] })),
    description: lan.description,
  };
}

export function guestCard(guest: Guest): Card {
  const addresses = [{ prefix: guest.address, path: [...guest.path, "address"] }, ...inet6Addresses(guest.inet6)];
  return {
    ...bareCard(guest.interface, guest.path),
    addresses,
    gateway: gatewayOn(addresses, guest.gateway, guest.gatewayPath),
    ...inet6Of(guest.inet6, addresses),
    neighbours: fixed(guest.gateway, guest.gatewayMac, guest.gatewayPath),
  };
}

function fixed(address: Address | null, mac: string | null, path: SitePath): Card["neighbours"] {
  return address === null || mac === null ? [] : [{ address, mac, path }];
}

function inet6Addresses(inet6: Inet6 | null): Card["addresses"] {
  return inet6?.address == null ? [] : [{ prefix: inet6.address, path: [...inet6.path, "address"] }];
}

function inet6Of(inet6: Inet6 | null, addresses: Card["addresses"]): Pick<Card, "inet6" | "inet6Gateway"> {
  return {
    inet6: inet6 === null || inet6.method === "static" ? null : inet6,
    inet6Gateway: inet6?.gateway == null ? null : gatewayOn(addresses, inet6.gateway, [...inet6.path, "gateway"]),
  };
}

function gatewayOn(addresses: Card["addresses"], address: Address, path: SitePath): CardGateway {
  // A link-local next hop is on its link by definition (RFC 4291, 2.5.6).
  const near =
    (address.family === 6 && address.isLinkLocal()) ||
    addresses.some(
      ({ prefix }) => prefix.address.family === address.family && prefix.address.isIn(address, prefix.length),
    );
  return { address, path, onLink: !near, isDefault: true };
}

/** The card's first address of a family; null when it has none. */
export function ownAddress(card: Card, family: 4 | 6): Address | null {
  return card.addresses.find(({ prefix }) => prefix.address.family === family)?.prefix.address ?? null;
}

/** A link-local gateway means something only on its interface: `fe80::1%vtnet0`. */
export function scoped(gateway: Address, interfaceName: string): string {
  return gateway.isLinkLocal() ? `${gateway}%${interfaceName}` : `${gateway}`;
}

export function netmask(prefix: Prefix): string {
  return `${maskAddress(4, prefix.length)}`;
}
