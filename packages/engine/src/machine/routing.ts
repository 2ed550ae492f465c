/** Choosing, adding, changing and deleting routes, as each system does it. */
import type { Address, Family, System } from "@pierhead/core";
import { sameNetwork } from "../network/interface-routes.ts";
import { ROUTE_PRIORITY, type Route, type RoutingTables } from "../network/routes.ts";
import { addLinuxRoute } from "./linux-routes.ts";
import type { MachineInterface } from "./machine-interface.ts";

/** What a route of `route add` is made of. */
export interface RouteSpecification {
  readonly destination: Address;
  readonly length: number;
  readonly gateway?: Address | null;
  /** `-iface`, `-link`, `-ifp`: the interface instead of, or beside, a gateway. */
  readonly interface?: string | null;
  /** Routing table or fib; 0 when absent. */
  readonly table?: number;
  readonly label?: string | null;
  readonly discard?: "reject" | "blackhole" | null;
  /** OpenBSD: default 8, or 56 for routing daemons. */
  readonly priority?: number;
  readonly mtu?: number;
  readonly multipath?: boolean;
  readonly weight?: number;
  /** Linux: the gateway is on the link, whatever the table says (`onlink`). */
  readonly onLink?: boolean;
  /** Linux `src`: the source of packets that have none. */
  readonly source?: Address | null;
  /** Linux: what happens when there is such a route already; `add` refuses. */
  readonly mode?: "add" | "append" | "prepend" | "replace";
}

/**
 * Why `route(8)` or `ip route` refuses: ENETUNREACH, EEXIST, ESRCH, and an unknown table or interface; on Linux also
 * an address that cannot be a gateway, a device that is down, a device that has to be named, and a source that is none
 * of the machine's addresses.
 */
export type RouteError =
  | "unreachable"
  | "exists"
  | "not-in-table"
  | "no-interface"
  | "invalid-gateway"
  | "interface-down"
  | "device-needed"
  | "invalid-source";

/** The routing tables of one machine, with the interfaces and switches that decide which route is taken. */
export class Routing {
  readonly #system: System;
  readonly #tables: RoutingTables;
  readonly #interfaces: readonly MachineInterface[];
  readonly #sysctls: ReadonlyMap<string, string>;

  constructor(
    system: System,
    tables: RoutingTables,
    interfaces: readonly MachineInterface[],
    sysctls: ReadonlyMap<string, string>,
  ) {
    this.#system = system;
    this.#tables = tables;
    this.#interfaces = interfaces;
    this.#sysctls = sysctls;
  }

  #interface(name: string): MachineInterface | null {
    return this.#interfaces.find((one) => one.name === name) ?? null;
  }

  #isRunning(name: string): boolean {
    const found = this.#interface(name);
    return found?.up === true && found.link !== "down";
  }

  /** Routing domain a table belongs to: a table that interfaces live in is its own domain, others belong to 0. */
  domainOf(table: number): number {
    return this.#interfaces.some((one) => one.routingDomain === table) ? table : 0;
  }

  /** The route packets to `address` take: longest prefix, best priority; null when there is none that works. */
  lookup(address: Address, table: number, source: Address | null = null, link: string | null = null): Route | null {
    // OpenBSD lets a route whose link is down hide shorter prefixes; better priorities of the same prefix come first
    // (RTP_DOWN). FreeBSD finds it too and then gives up (fib4_lookup, RT_LINK_IS_UP).
    // A link-local address means something only on its link.
    const scoped = link !== null && address.family === 6 && address.isLinkLocal();
    const routes = scoped
      ? this.#tables.match(table, address, (route) => route.interface === link)
      : this.#tables.match(table, address);
    if (routes.length === 0) return null;
    if (this.#system.family === "linux") return this.#linuxChoice(routes, address, source);
    if (this.#system.family !== "openbsd") {
      const working = routes.filter((route) => this.#works(route));
      if (working.length === 0) return null;
      return this.#choose(working, address, source);
    }
    const working = routes.filter((route) => this.#works(route));
    const candidates = working.length > 0 ? working : routes;
    const best = candidates[0] as Route;
    const equal = candidates.filter((route) => route.priority === best.priority);
    return best.multipath && this.#openbsdMultipath(best.family) ? this.#choose(equal, address, source) : best;
  }

  /** The smallest metric; among equal IPv6 routes by hash. A device without carrier is chosen all the same. */
  #linuxChoice(routes: readonly Route[], address: Address, source: Address | null): Route {
    const best = routes[0] as Route;
    if (!best.multipath || best.family === 4 || best.origin !== "static" || best.gateway === null) return best;
    return this.#choose(
      routes.filter((route) => route.priority === best.priority && route.gateway !== null),
      address,
      source,
    );
  }

  /** Whether the link of a route is there; local routes always work (route.c rt_if_linkstate_change). */
  #works(route: Route): boolean {
    if (route.origin === "local" || route.discard !== null || route.interface === null) return true;
    return this.#isRunning(route.interface);
  }

  /** Among equal routes, by a hash of the addresses, weighted (RFC 2992): the same flow takes the same route. */
  #choose(routes: readonly Route[], destination: Address, source: Address | null): Route {
    if (routes.length === 1) return routes[0] as Route;
    let hash = 0x811c9dc5;
    for (const address of [destination, source]) {
      for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ (address?.word(i) ?? 0), 0x01000193) >>> 0;
    }
    hash ^= hash >>> 15;
    let total = 0;
    for (const route of routes) total += route.weight;
    let at = (hash >>> 0) % total;
    for (const route of routes) {
      at -= route.weight;
      if (at < 0) return route;
    }
    return routes[0] as Route;
  }

  /** All routes that multipath may choose from for `address`; empty when there is no choice. */
  multipath(address: Address, table: number): readonly Route[] {
    const routes = this.#tables.match(table, address).filter((route) => this.#works(route));
    const best = routes[0];
    if (best === undefined || routes.length < 2) return [];
    if (this.#system.family === "openbsd" && !(best.multipath && this.#openbsdMultipath(best.family))) return [];
    const equal = routes.filter((route) => route.priority === best.priority);
    return equal.length > 1 ? equal : [];
  }

  #openbsdMultipath(family: Family): boolean {
    return this.#sysctls.get(family === 4 ? "net.inet.ip.multipath" : "net.inet6.ip6.multipath") === "1";
  }

  /**
   * `route add`. With `force`, a gateway on no link is taken all the same: the packet then fails at the next hop.
   *
   * @returns why it was refused, or null
   */
  add(specification: RouteSpecification, force = false): RouteError | null {
    if (this.#system.family === "linux") {
      const host = { system: this.#system, tables: this.#tables, interfaces: this.#interfaces };
      const refused = addLinuxRoute(host, specification);
      if (refused === null || !force || refused === "exists") return refused;
    }
    const route = this.#makeRoute(specification, force);
    if (typeof route === "string") return route;
    const same = this.#tables.exact(route.table, route.destination, route.length);
    for (const other of same) {
      if (other.priority !== route.priority) continue;
      const sameGateway = other.gateway === null ? route.gateway === null : route.gateway?.equals(other.gateway);
      if (sameGateway && other.interface === route.interface) return "exists";
      // Without -mpath OpenBSD keeps one route for each prefix and priority; FreeBSD makes the second a path beside.
      if (this.#system.family === "openbsd" ? !route.multipath : !this.#multipathAllowed()) return "exists";
    }
    this.#tables.insert(route);
    return null;
  }

  #multipathAllowed(): boolean {
    return this.#system.family === "freebsd" && this.#sysctls.get("net.route.multipath") !== "0";
  }

  /** `route change`: another gateway for the route of this prefix. */
  change(specification: RouteSpecification): RouteError | null {
    const table = specification.table ?? 0;
    const old = this.#findRoute(specification, true);
    if (old === null) return "not-in-table";
    const route = this.#makeRoute({ priority: old.priority, label: old.label, ...specification, table }, false);
    if (typeof route === "string") return route;
    this.#tables.remove(old);
    this.#tables.insert(route);
    return null;
  }

  /** `route delete`: with a gateway only that route of the prefix. */
  delete(specification: RouteSpecification): RouteError | null {
    const old = this.#findRoute(specification, false);
    if (old === null) return "not-in-table";
    this.#tables.remove(old);
    return null;
  }

  /** `route flush`: static and dynamic routes of a family (of both without one). @returns what went */
  flush(family: Family | null, table: number): Route[] {
    const gone = this.#tables
      .list(table)
      .filter((route) => route.gateway !== null || route.origin === "static" || route.origin === "dynamic")
      .filter((route) => family === null || route.family === family);
    for (const route of gone) this.#tables.remove(route);
    return gone;
  }

  #findRoute(specification: RouteSpecification, anyGateway: boolean): Route | null {
    const { destination, length, gateway, priority } = specification;
    for (const route of this.#tables.exact(specification.table ?? 0, destination, length)) {
      if (priority !== undefined && route.priority !== priority) continue;
      if (!anyGateway && gateway != null && route.gateway?.equals(gateway) !== true) continue;
      if (!anyGateway && this.#system.family === "linux") {
        const device = specification.interface ?? null;
        if (device !== null && route.interface !== device) continue;
      }
      if (route.origin === "local" || route.origin === "broadcast") continue;
      return route;
    }
    return null;
  }

  #makeRoute(specification: RouteSpecification, force: boolean): Route | RouteError {
    const { destination, length } = specification;
    const table = specification.table ?? 0;
    const gateway = specification.gateway ?? null;
    const discard = specification.discard ?? null;
    let out = specification.interface ?? null;
    if (out !== null && this.#interface(out) === null) return "no-interface";
    let source: Address | null = null;
    if (out === null && gateway !== null) {
      const way = this.#linkOf(gateway, table);
      if (way === null && !force) return "unreachable";
      out = way?.interface ?? null;
      source = way?.source ?? null;
    }
    if (out === null && gateway === null && discard !== null) out = this.#system.family === "linux" ? "lo" : "lo0";
    if (out === null && gateway === null) return "unreachable";
    if (source === null && out !== null) {
      source = this.#sourceOn(out, gateway ?? destination);
    }
    return {
      table,
      family: destination.family,
      destination: destination.masked(length),
      length,
      gateway,
      interface: out,
      source,
      origin: "static",
      priority: this.#system.family === "openbsd" ? (specification.priority ?? ROUTE_PRIORITY.static) : 0,
      label: specification.label ?? null,
      discard,
      mtu: specification.mtu ?? 0,
      multipath: specification.multipath ?? false,
      weight: specification.weight ?? 1,
    };
  }

  /** The link a gateway is on: a connected route to it, in the routing domain of the table. */
  #linkOf(gateway: Address, table: number): Route | null {
    for (const number of new Set([table, this.domainOf(table)])) {
      const routes = this.#tables.match(number, gateway);
      const best = routes.find((route) => this.#works(route)) ?? routes[0];
      if (best === undefined || best.gateway !== null || best.interface === null) continue;
      if (best.origin === "connected" || best.origin === "local" || best.origin === "static") return best;
    }
    return null;
  }

  /** Address of an interface to stand behind a route: one in the same network, else the first of the family. */
  #sourceOn(name: string, near: Address): Address | null {
    const addresses = this.#interface(name)?.addresses ?? [];
    let first: Address | null = null;
    for (const own of addresses) {
      if (own.address.family !== near.family) continue;
      if (own.peer?.equals(near) || sameNetwork(own.address, near, own.length)) return own.address;
      if (first === null || (first.isLinkLocal() && !own.address.isLinkLocal())) first = own.address;
    }
    return first;
  }
}
