import type { Address, InterfaceAddress, NetworkInterface, System } from "@pierhead/core";
import { maskAddress } from "@pierhead/core";
import { ROUTE_PRIORITY, type Route, type RouteOrigin } from "./routes.ts";

/**
 * The routes that an address brings by itself: a local route for the address, a connected one for its network or
 * its peer, a broadcast one for the broadcast address (in.c `in_ifinit`, `in_insert_prefix`; in6.c `in6_ifinit`).
 */
export function routesOfAddress(
  system: System,
  owner: Pick<NetworkInterface, "name" | "kind" | "routingDomain">,
  own: InterfaceAddress,
): Route[] {
  const { address } = own;
  if (system.family === "linux") return linuxRoutesOfAddress(owner, own);
  const make = (origin: RouteOrigin, destination: Address, length: number): Route => ({
    table: owner.routingDomain,
    family: address.family,
    destination: destination.masked(length),
    length,
    gateway: null,
    interface: owner.name,
    source: address,
    origin,
    priority: system.family === "openbsd" ? ROUTE_PRIORITY[origin] : 0,
    label: null,
    discard: null,
    mtu: 0,
    multipath: true,
    weight: 1,
  });
  const routes = [make("local", address, address.bits)];
  if (own.peer !== undefined) {
    if (!own.peer.equals(address)) routes.push(make("connected", own.peer, address.bits));
  } else if (own.length < address.bits && owner.kind !== "loopback") {
    routes.push(make("connected", address, own.length));
  }
  if (own.broadcast !== undefined) {
    routes.push(make("broadcast", own.broadcast, address.bits));
    // FreeBSD and NetBSD still take the all-zero host part for a broadcast (in_broadcast).
    if (system.family !== "openbsd") routes.push(make("broadcast", address.masked(own.length), address.bits));
  }
  return routes;
}

/**
 * Linux: the address in the local table at once, its network once the device is up (fib_add_ifaddr(),
 * addrconf_prefix_route()). The network of an address with a peer is the peer's.
 */
function linuxRoutesOfAddress(
  owner: Pick<NetworkInterface, "name" | "kind" | "routingDomain"> & { readonly up?: boolean },
  own: InterfaceAddress,
): Route[] {
  const { address } = own;
  const make = (origin: RouteOrigin, destination: Address, length: number, priority: number): Route => ({
    table: owner.routingDomain,
    family: address.family,
    destination: destination.masked(length),
    length,
    gateway: null,
    interface: owner.name,
    source: address,
    origin,
    priority,
    label: null,
    discard: null,
    mtu: 0,
    multipath: false,
    weight: 1,
  });
  // The local table is asked before all others.
  const loopback = owner.kind === "loopback";
  const routes = [make("local", address, loopback ? own.length : address.bits, -1)];
  if (owner.up === false || loopback) return routes;
  const network = own.peer ?? address;
  const alone = own.length === address.bits && (own.peer === undefined || own.peer.equals(address));
  // IPv6 has a route of 256 for a single address as well.
  if (own.prefixRoute !== false && (!alone || address.family === 6)) {
    routes.push(make("connected", network, own.length, own.metric ?? (address.family === 6 ? 256 : 0)));
  }
  if (address.family === 4 && own.length < 31) {
    routes.push(make("broadcast", network.filled(own.length), 32, -1));
  }
  if (own.broadcast !== undefined && own.broadcast.w0 !== 0xffffffff && own.length < 31) {
    if (!own.broadcast.equals(network.filled(own.length))) routes.push(make("broadcast", own.broadcast, 32, -1));
  }
  return routes;
}

/** Whether two addresses are in one network of `length` bits. */
export function sameNetwork(a: Address, b: Address, length: number): boolean {
  return a.family === b.family && a.isIn(b.masked(length), length);
}

/** `255.255.255.0` for 24. */
export function netmaskText(length: number): string {
  return maskAddress(4, length).toString();
}
