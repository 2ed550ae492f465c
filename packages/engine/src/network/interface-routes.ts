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

/** Whether two addresses are in one network of `length` bits. */
export function sameNetwork(a: Address, b: Address, length: number): boolean {
  return a.family === b.family && a.isIn(b.masked(length), length);
}

/** `255.255.255.0` for 24. */
export function netmaskText(length: number): string {
  return maskAddress(4, length).toString();
}
