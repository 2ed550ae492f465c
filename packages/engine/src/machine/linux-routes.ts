/**
 * What Linux does with `ip route add`: which gateways it takes (fib_check_nh_v4_gw() of fib_semantics.c,
 * ip6_validate_gw() of route.c), which routes may stand beside each other (fib_table_insert(), fib6_add_rt2node()).
 * Measured against a kernel by tests/linux-truth.test.ts.
 */
import type { Address, System } from "@pierhead/core";
import { ROUTE_METRIC_LINUX, type Route, type RoutingTables } from "../network/routes.ts";
import type { MachineInterface } from "./machine-interface.ts";
import type { RouteError, RouteSpecification } from "./routing.ts";

/** What the functions here look at. */
export interface LinuxTables {
  readonly system: System;
  readonly tables: RoutingTables;
  readonly interfaces: readonly MachineInterface[];
}

/** The main table of Linux; ours is 0. */
const MAIN = 0;

/** `ip route add`, `append`, `prepend`, `replace`. @returns why the kernel refuses, or null */
export function addLinuxRoute(host: LinuxTables, specification: RouteSpecification): RouteError | null {
  const route = makeLinuxRoute(host, specification);
  if (typeof route === "string") return route;
  const mode = specification.mode ?? "add";
  const same = host.tables
    .exact(route.table, route.destination, route.length)
    .filter((other) => other.priority === route.priority && isMain(other));
  if (mode === "replace") {
    const old = same[0];
    if (old !== undefined) host.tables.remove(old);
    // An IPv6 route takes the place of one that is of its kind, with or without gateway.
    host.tables.insert(route);
    return null;
  }
  if (mode === "add" && same.length > 0) return "exists";
  if (same.some((other) => sameWay(other, route))) return "exists";
  host.tables.insert(mode === "append" && route.family === 6 ? { ...route, multipath: true } : route);
  if (mode === "prepend") {
    for (const other of same) {
      host.tables.remove(other);
      host.tables.insert(other);
    }
  }
  return null;
}

/** Routes of the local table are no rivals: that table is asked first. */
function isMain(route: Route): boolean {
  return route.origin !== "local" && route.origin !== "broadcast";
}

function sameWay(a: Route, b: Route): boolean {
  const gateways = a.gateway === null ? b.gateway === null : b.gateway !== null && a.gateway.equals(b.gateway);
  return gateways && a.interface === b.interface;
}

function makeLinuxRoute(host: LinuxTables, specification: RouteSpecification): Route | RouteError {
  const { destination, length } = specification;
  const family = destination.family;
  const gateway = specification.gateway ?? null;
  const discard = specification.discard ?? null;
  const table = specification.table ?? MAIN;
  let out = specification.interface ?? null;
  const device = out === null ? null : (host.interfaces.find((one) => one.name === out) ?? null);
  if (out !== null && device === null) return "no-interface";
  if (gateway !== null) {
    const found =
      gateway.family === 4
        ? checkGateway4(host, gateway, device, specification.onLink ?? false, table)
        : checkGateway6(host, gateway, device, specification.onLink ?? false, table);
    if (typeof found === "string" && RouteErrors.has(found)) return found as RouteError;
    out = found;
  } else if (out === null && discard !== null) out = "lo";
  else if (out === null) return "device-needed";
  else if (device?.up === false) return "interface-down";
  const given = specification.source ?? null;
  // fib_valid_prefsrc(): in the local table, as an address of the host.
  if (given !== null && !host.interfaces.some((one) => one.has(given))) return "invalid-source";
  const own = gateway !== null && host.interfaces.some((one) => one.has(gateway));
  return {
    table,
    family,
    destination: destination.masked(length),
    length,
    gateway,
    interface: out,
    source: sourceOn(host, out, gateway ?? destination, specification.source ?? null),
    origin: "static",
    priority: specification.priority ?? ROUTE_METRIC_LINUX[family],
    label: specification.label ?? null,
    discard,
    mtu: specification.mtu ?? 0,
    multipath: specification.multipath ?? false,
    weight: specification.weight ?? 1,
    ...(specification.onLink === true ? { onLink: true } : {}),
    ...(own ? { direct: true } : {}),
  };
}

const RouteErrors: ReadonlySet<string> = new Set<RouteError>([
  "unreachable",
  "exists",
  "not-in-table",
  "no-interface",
  "invalid-gateway",
  "interface-down",
  "device-needed",
  "invalid-source",
]);

/** The device the gateway is reached by, or why it is refused. */
function checkGateway4(
  host: LinuxTables,
  gateway: Address,
  device: MachineInterface | null,
  onLink: boolean,
  table: number,
): string | RouteError {
  if (onLink) {
    if (device === null) return "device-needed";
    if (!device.up) return "interface-down";
    // inet_addr_type_dev_table(): own and broadcast addresses are no gateways.
    return kindOf(host, gateway) === null ? device.name : "invalid-gateway";
  }
  const kind = kindOf(host, gateway);
  if (kind?.origin === "broadcast") return "invalid-gateway";
  // The host's own address is taken, and makes a route to the link (the scope of its next hop is the host).
  if (kind?.origin === "local" && kind.interface !== null && (device === null || kind.interface === device.name)) {
    return host.interfaces.some((one) => one.name === kind.interface && one.up) ? kind.interface : "interface-down";
  }
  // Only routes without gateway count, shorter ones when a longer has one (flowi4_scope = RT_SCOPE_LINK).
  const usable = (route: Route): boolean =>
    route.gateway === null &&
    route.discard === null &&
    isMain(route) &&
    (device === null || route.interface === device.name) &&
    host.interfaces.some((one) => one.name === route.interface && one.up);
  for (const number of new Set([table, MAIN])) {
    const found = host.tables.match(number, gateway, usable)[0];
    if (found?.interface != null) return found.interface;
  }
  return "unreachable";
}

function checkGateway6(
  host: LinuxTables,
  gateway: Address,
  device: MachineInterface | null,
  onLink: boolean,
  table: number,
): string | RouteError {
  const linkLocal = gateway.isLinkLocal();
  const owner = host.interfaces.find((one) => one.has(gateway));
  if (owner !== undefined && (!linkLocal || owner === device)) return "invalid-gateway";
  if (gateway.isMulticast()) return "invalid-gateway";
  if (device !== null && !device.up) return "interface-down";
  if (linkLocal) return device === null ? "device-needed" : device.name;
  if (onLink) {
    if (device === null) return "device-needed";
    // ip6_route_check_nh_onlink(): a route of more than no bits must not lead elsewhere.
    const other = host.tables.match(table, gateway)[0];
    if (other !== undefined && other.length > 0 && other.interface !== device.name) return "invalid-gateway";
    return device.name;
  }
  const onDevice = (route: Route): boolean => device === null || route.interface === device.name;
  for (const number of new Set([table, MAIN])) {
    const found = host.tables.match(number, gateway, onDevice)[0];
    if (found === undefined || found.gateway !== null || found.discard !== null) continue;
    if (found.interface !== null) return found.interface;
  }
  return "unreachable";
}

/** The entry of the local table for an address: the host's own, or a broadcast address. */
function kindOf(host: LinuxTables, address: Address): Route | null {
  for (const number of new Set([MAIN, ...host.interfaces.map((one) => one.routingDomain)])) {
    const own = host.tables.exact(number, address, address.bits).find((route) => !isMain(route));
    if (own !== undefined) return own;
  }
  return null;
}

/** `src`, else the address of the device in the network of the next hop, else its first one. */
function sourceOn(host: LinuxTables, name: string | null, near: Address, given: Address | null): Address | null {
  if (given !== null) return given;
  const device = host.interfaces.find((one) => one.name === name);
  let first: Address | null = null;
  for (const own of device?.addresses ?? []) {
    if (own.address.family !== near.family) continue;
    if (own.peer?.equals(near) === true || near.isIn(own.address, own.length)) return own.address;
    if (first === null || (first.isLinkLocal() && !own.address.isLinkLocal())) first = own.address;
  }
  if (first !== null) return first;
  // inet_select_addr(): without an address of its own the device borrows one.
  for (const one of host.interfaces) {
    if (one.kind === "loopback") continue;
    const own = one.addresses.find((each) => each.address.family === near.family && !each.address.isLinkLocal());
    if (own !== undefined) return own.address;
  }
  return null;
}
