import type { Address, Family, InterfaceAddress, LinkState, Packet, System } from "@pierhead/core";
import { PROTOCOL, parseAddress } from "@pierhead/core";
import type { Direction, PfEnvironment } from "@pierhead/lang/pf";
import { routesOfAddress, sameNetwork } from "../network/interface-routes.ts";
import { ROUTE_PRIORITY, type Route, RoutingTables } from "../network/routes.ts";
import { type CommandResult, type FilterHost, type HostRoute, PacketFilter, runPfctl } from "../pf/index.ts";
import { completeAddress, type InterfaceSpecification, MachineInterface } from "./machine-interface.ts";
import { Random } from "./random.ts";
import { defaultSysctls } from "./sysctls.ts";
import { baseGroups, baseUsers } from "./users.ts";

/** A socket that waits for packets, or a program's end of a connection. */
export interface Service {
  readonly protocol: number;
  /** Null: any address of the machine. */
  readonly address: Address | null;
  readonly port: number;
  readonly user: number;
  readonly group: number;
  /** Program, for reports; null when nobody said. */
  readonly name: string | null;
}

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
}

/** Why `route(8)` refuses: ENETUNREACH, EEXIST, ESRCH, and an unknown table or interface. */
export type RouteError = "unreachable" | "exists" | "not-in-table" | "no-interface";

export interface MachineOptions {
  readonly interfaces?: readonly InterfaceSpecification[];
  /** Seed of everything random; 1 when absent. */
  readonly seed?: number;
  /** Seconds the clock starts at. */
  readonly clock?: number;
  /** Files by absolute path: what `include`, `table … file` and the shell read. */
  readonly files?: ReadonlyMap<string, string>;
  /**
   * Keep the group `egress` on the interfaces with a default route, as OpenBSD's kernel does. Absent: when no
   * interface was given the group by hand.
   */
  readonly automaticEgress?: boolean;
}

/**
 * What a host is after boot: interfaces, routes, switches, files, packet filter; with a clock that others move and
 * random numbers that depend on the seed alone. Packets go through it by the functions of `network/`.
 */
export class Machine implements FilterHost {
  readonly system: System;
  readonly routes: RoutingTables = new RoutingTables();
  readonly pf: PacketFilter;
  readonly sysctls: Map<string, string>;
  readonly files: Map<string, string>;
  /** Host names by lower-case name, as /etc/hosts or DNS would answer. */
  readonly hosts: Map<string, readonly Address[]> = new Map();
  readonly services: Service[] = [];
  readonly users: Map<string, number>;
  readonly groups: Map<string, number>;
  /**
   * Whether a neighbour answers ARP or neighbour discovery: key `interface address` or the address alone. Without an
   * entry, every address on a link answers.
   */
  readonly neighbours: Map<string, boolean> = new Map();
  /** Fragments that the host, not pf, is putting together; `network/reassemble.ts`. */
  readonly reassembly: Map<string, Packet[]> = new Map();
  /** IP identifications counted up, so that fragments of one packet can be told from those of another. */
  nextIdentification = 1;
  readonly #interfaces: MachineInterface[] = [];
  readonly #random: Random;
  readonly #automaticEgress: boolean;
  #clock: number;

  constructor(system: System, options: MachineOptions = {}) {
    this.system = system;
    this.#random = new Random(options.seed ?? 1);
    this.#clock = options.clock ?? 0;
    this.files = new Map(options.files ?? []);
    this.sysctls = defaultSysctls(system);
    this.users = baseUsers(system);
    this.groups = baseGroups(system);
    const specifications = options.interfaces ?? [];
    this.#automaticEgress =
      options.automaticEgress ??
      (system.family === "openbsd" && !specifications.some((one) => one.groups?.includes("egress")));
    this.pf = new PacketFilter(this, system);
    if (!specifications.some((one) => one.name === "lo0")) this.addInterface(LOOPBACK);
    for (const specification of specifications) this.addInterface(specification);
  }

  // What pf asks (FilterHost).

  interfaces(): readonly MachineInterface[] {
    return this.#interfaces;
  }

  now(): number {
    return this.#clock;
  }

  random(): number {
    return this.#random.next();
  }

  route(address: Address, table: number): HostRoute | null {
    const route = this.lookup(address, table);
    if (route === null || route.interface === null) return null;
    return {
      family: route.family,
      destination: route.destination,
      length: route.length,
      interface: route.interface,
      gateway: route.gateway,
      label: route.label,
      reject: route.discard !== null,
      local: route.origin === "local",
    };
  }

  socketOwner(packet: Packet, direction: Direction): { readonly user: number; readonly group: number } | null {
    if (packet.protocol !== PROTOCOL.tcp && packet.protocol !== PROTOCOL.udp) return null;
    const address = direction === "in" ? packet.destination : packet.source;
    const port = direction === "in" ? packet.destinationPort : packet.sourcePort;
    return this.service(packet.protocol, address, port);
  }

  // Interfaces.

  interface(name: string): MachineInterface | null {
    return this.#interfaces.find((one) => one.name === name) ?? null;
  }

  /** Adds an interface behind the others; one that is there already gets what the specification says. */
  addInterface(specification: InterfaceSpecification): MachineInterface {
    const old = this.interface(specification.name);
    if (old !== null) this.removeInterface(old.name);
    const added = new MachineInterface(specification, this.system, this.#interfaces.length + 1);
    this.#interfaces.push(added);
    for (const address of added.addresses) {
      for (const route of routesOfAddress(this.system, added, address)) this.routes.insert(route);
    }
    this.#changed();
    return added;
  }

  /** `ifconfig NAME destroy`. @returns whether there was one */
  removeInterface(name: string): boolean {
    const at = this.#interfaces.findIndex((one) => one.name === name);
    if (at === -1) return false;
    this.#interfaces.splice(at, 1);
    for (const route of this.routes.list()) if (route.interface === name) this.routes.remove(route);
    this.#changed();
    return true;
  }

  /** The cable: link state as the driver sees it. @returns whether there is such an interface */
  setLink(name: string, link: LinkState): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.link = link;
    this.#changed();
    return true;
  }

  /** `ifconfig NAME up` and `down`. */
  setUp(name: string, up: boolean): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.up = up;
    this.#changed();
    return true;
  }

  /** `ifconfig NAME inet ADDRESS/LENGTH alias`. @returns whether there is such an interface */
  addAddress(name: string, address: InterfaceAddress): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    this.removeAddress(name, address.address);
    const complete = completeAddress(address, found.kind);
    found.addresses.push(complete);
    for (const route of routesOfAddress(this.system, found, complete)) this.routes.insert(route);
    this.#changed();
    return true;
  }

  /** `ifconfig NAME inet ADDRESS delete`: its routes go, and those that stood on it. @returns whether it was there */
  removeAddress(name: string, address: Address): boolean {
    const found = this.interface(name);
    const at = found?.addresses.findIndex((own) => own.address.equals(address)) ?? -1;
    if (found === null || at === -1) return false;
    found.addresses.splice(at, 1);
    for (const route of this.routes.list()) {
      if (route.interface === name && route.source?.equals(address)) this.routes.remove(route);
    }
    this.#changed();
    return true;
  }

  /** Groups set by hand: `ifconfig NAME group GROUP` and `-group`. */
  setGroup(name: string, group: string, member: boolean): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.groups = found.groups.filter((one) => one !== group);
    if (member) found.groups.push(group);
    this.#changed();
    return true;
  }

  setMtu(name: string, mtu: number): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.mtu = mtu;
    return true;
  }

  /** Moves an interface to another routing domain or fib, with the routes of its addresses. */
  setRoutingDomain(name: string, domain: number): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    for (const route of this.routes.list()) if (route.interface === name) this.routes.remove(route);
    found.routingDomain = domain;
    for (const address of found.addresses) {
      for (const route of routesOfAddress(this.system, found, address)) this.routes.insert(route);
    }
    this.#changed();
    return true;
  }

  /** Whether packets can leave or arrive by the interface at all. */
  isRunning(name: string): boolean {
    const found = this.interface(name);
    return found?.up === true && found.link !== "down";
  }

  /** Interface that holds an address, in any table; null when it is not the machine's. */
  ownerOf(address: Address, table?: number): MachineInterface | null {
    for (const one of this.#interfaces) {
      if (table !== undefined && one.routingDomain !== this.#domainOf(table)) continue;
      if (one.has(address)) return one;
    }
    return null;
  }

  /** Routing domain a table belongs to: a table that interfaces live in is its own domain, others belong to 0. */
  #domainOf(table: number): number {
    return this.#interfaces.some((one) => one.routingDomain === table) ? table : 0;
  }

  // Routes.

  /** The route packets to `address` take: longest prefix, best priority; null when there is none that works. */
  lookup(address: Address, table: number, source: Address | null = null): Route | null {
    // OpenBSD lets a route whose link is down hide shorter prefixes; better priorities of the same prefix come first
    // (RTP_DOWN). FreeBSD finds it too and then gives up (fib4_lookup, RT_LINK_IS_UP).
    const routes = this.routes.match(table, address);
    if (routes.length === 0) return null;
    if (this.system.family !== "openbsd") {
      const working = routes.filter((route) => this.#works(route));
      if (working.length === 0) return null;
      return this.#choose(working, address, source);
    }
    const working = routes.filter((route) => this.#works(route));
    const candidates = working.length > 0 ? working : routes;
    const best = candidates[0] as Route;
    const equal = candidates.filter((route) => route.priority === best.priority);
    const multipath = this.sysctls.get(best.family === 4 ? "net.inet.ip.multipath" : "net.inet6.ip6.multipath") === "1";
    return multipath && best.multipath ? this.#choose(equal, address, source) : best;
  }

  /** Whether the link of a route is there; local routes always work (route.c rt_if_linkstate_change). */
  #works(route: Route): boolean {
    if (route.origin === "local" || route.discard !== null || route.interface === null) return true;
    return this.isRunning(route.interface);
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

  /** All routes that would do equally well for `address`: what multipath may choose from. */
  equalRoutes(address: Address, table: number): readonly Route[] {
    const chosen = this.lookup(address, table);
    if (chosen === null) return [];
    return this.routes
      .match(table, address)
      .filter((route) => route.priority === chosen.priority && this.#works(route) === this.#works(chosen));
  }

  /**
   * `route add`. With `force`, a gateway on no link is taken all the same: the packet then fails at the next hop.
   *
   * @returns why it was refused, or null
   */
  addRoute(specification: RouteSpecification, force = false): RouteError | null {
    const route = this.#makeRoute(specification, force);
    if (typeof route === "string") return route;
    const same = this.routes.exact(route.table, route.destination, route.length);
    for (const other of same) {
      if (other.priority !== route.priority) continue;
      const sameGateway = other.gateway === null ? route.gateway === null : route.gateway?.equals(other.gateway);
      if (sameGateway && other.interface === route.interface) return "exists";
      // Without -mpath OpenBSD keeps one route for each prefix and priority; FreeBSD makes the second a path beside.
      if (this.system.family === "openbsd" ? !route.multipath : !this.#multipathAllowed()) return "exists";
    }
    this.routes.insert(route);
    this.#changed();
    return null;
  }

  #multipathAllowed(): boolean {
    return this.system.family === "freebsd" && this.sysctls.get("net.route.multipath") !== "0";
  }

  /** `route change`: another gateway for the route of this prefix. */
  changeRoute(specification: RouteSpecification): RouteError | null {
    const table = specification.table ?? 0;
    const old = this.#findRoute(specification, true);
    if (old === null) return "not-in-table";
    const route = this.#makeRoute({ priority: old.priority, label: old.label, ...specification, table }, false);
    if (typeof route === "string") return route;
    this.routes.remove(old);
    this.routes.insert(route);
    this.#changed();
    return null;
  }

  /** `route delete`: with a gateway only that route of the prefix. */
  deleteRoute(specification: RouteSpecification): RouteError | null {
    const old = this.#findRoute(specification, false);
    if (old === null) return "not-in-table";
    this.routes.remove(old);
    this.#changed();
    return null;
  }

  /** `route flush`: static and dynamic routes of a family (of both without one). @returns what went */
  flushRoutes(family: Family | null = null, table = 0): Route[] {
    const gone = this.routes
      .list(table)
      .filter((route) => route.gateway !== null || route.origin === "static" || route.origin === "dynamic")
      .filter((route) => family === null || route.family === family);
    for (const route of gone) this.routes.remove(route);
    if (gone.length > 0) this.#changed();
    return gone;
  }

  #findRoute(specification: RouteSpecification, anyGateway: boolean): Route | null {
    const { destination, length, gateway, priority } = specification;
    for (const route of this.routes.exact(specification.table ?? 0, destination, length)) {
      if (priority !== undefined && route.priority !== priority) continue;
      if (!anyGateway && gateway != null && route.gateway?.equals(gateway) !== true) continue;
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
    if (out !== null && this.interface(out) === null) return "no-interface";
    let source: Address | null = null;
    if (out === null && gateway !== null) {
      const way = this.#linkOf(gateway, table);
      if (way === null && !force) return "unreachable";
      out = way?.interface ?? null;
      source = way?.source ?? null;
    }
    if (out === null && gateway === null && discard !== null) out = "lo0";
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
      priority: this.system.family === "openbsd" ? (specification.priority ?? ROUTE_PRIORITY.static) : 0,
      label: specification.label ?? null,
      discard,
      mtu: specification.mtu ?? 0,
      multipath: specification.multipath ?? false,
      weight: specification.weight ?? 1,
    };
  }

  /** The link a gateway is on: a connected route to it, in the routing domain of the table. */
  #linkOf(gateway: Address, table: number): Route | null {
    for (const number of new Set([table, this.#domainOf(table)])) {
      const routes = this.routes.match(number, gateway);
      const best = routes.find((route) => this.#works(route)) ?? routes[0];
      if (best === undefined || best.gateway !== null || best.interface === null) continue;
      if (best.origin === "connected" || best.origin === "local" || best.origin === "static") return best;
    }
    return null;
  }

  /** Address of an interface to stand behind a route: one in the same network, else the first of the family. */
  #sourceOn(name: string, near: Address): Address | null {
    const addresses = this.interface(name)?.addresses ?? [];
    let first: Address | null = null;
    for (const own of addresses) {
      if (own.address.family !== near.family) continue;
      if (own.peer?.equals(near) || sameNetwork(own.address, near, own.length)) return own.address;
      if (first === null || (first.isLinkLocal() && !own.address.isLinkLocal())) first = own.address;
    }
    return first;
  }

  /** OpenBSD: the interfaces of default routes in table 0 are in the group `egress` (if.c if_group_egress_build). */
  #updateEgress(): void {
    if (!this.#automaticEgress) return;
    const members = new Set<string>();
    for (const zero of [ZERO_4, ZERO_6]) {
      for (const route of this.routes.exact(0, zero, 0)) {
        if (route.discard === null && route.interface !== null) members.add(route.interface);
      }
    }
    for (const one of this.#interfaces) {
      const member = one.groups.includes("egress");
      if (member === members.has(one.name)) continue;
      one.groups = member ? one.groups.filter((group) => group !== "egress") : [...one.groups, "egress"];
    }
  }

  #changed(): void {
    this.#updateEgress();
    this.pf.interfacesChanged();
  }

  // Switches.

  /** `sysctl NAME=VALUE`. Names nobody knows are kept: they decide nothing here. */
  setSysctl(name: string, value: string): void {
    this.sysctls.set(name, value);
  }

  /** Whether the machine forwards packets of a family. */
  forwards(family: Family): boolean {
    const value = this.sysctls.get(family === 4 ? "net.inet.ip.forwarding" : "net.inet6.ip6.forwarding") ?? "0";
    return value !== "0" && value !== "";
  }

  setForwarding(on: boolean, family: Family | null = null): void {
    if (family !== 6) this.setSysctl("net.inet.ip.forwarding", on ? "1" : "0");
    if (family !== 4) this.setSysctl("net.inet6.ip6.forwarding", on ? "1" : "0");
  }

  // Neighbours and services.

  /** Whether a next hop answers on a link: on it by address, the link there, and nobody said otherwise. */
  neighbourAnswers(name: string, address: Address): boolean {
    const said = this.neighbours.get(`${name} ${address}`) ?? this.neighbours.get(`${address}`);
    if (!this.isRunning(name)) return false;
    return said ?? true;
  }

  setNeighbour(address: Address, answers: boolean, name: string | null = null): void {
    this.neighbours.set(name === null ? `${address}` : `${name} ${address}`, answers);
  }

  service(protocol: number, address: Address, port: number): Service | null {
    for (const service of this.services) {
      if (service.protocol !== protocol || service.port !== port) continue;
      if (service.address === null || service.address.equals(address)) return service;
    }
    return null;
  }

  // Time.

  /** Lets time pass: pf's own timers run at every whole second on the way. Negative times are ignored. */
  advance(seconds: number): void {
    const end = this.#clock + Math.max(0, seconds);
    let next = Math.floor(this.#clock) + 1;
    for (; next <= end; next++) {
      this.#clock = next;
      this.pf.tick();
    }
    this.#clock = end;
  }

  // pf.

  /** What pfctl finds on this machine. */
  environment(): PfEnvironment {
    return {
      system: this.system,
      interfaces: this.#interfaces,
      resolveHost: (name) => this.resolve(name),
      readFile: (path) => this.files.get(path) ?? null,
      userId: (name) => this.users.get(name) ?? null,
      groupId: (name) => this.groups.get(name) ?? null,
    };
  }

  resolve(name: string): readonly Address[] {
    const address = parseAddress(name);
    return address === null ? (this.hosts.get(name.toLowerCase()) ?? []) : [address];
  }

  /** Runs `pfctl ARGUMENTS`. */
  pfctl(words: readonly string[], stdin: string | null = null): CommandResult {
    return runPfctl(this.pf, words, stdin, this.environment());
  }
}

const ZERO_4 = parseAddress("0.0.0.0") as Address;
const ZERO_6 = parseAddress("::") as Address;

const LOOPBACK: InterfaceSpecification = {
  name: "lo0",
  addresses: [
    { address: parseAddress("::1") as Address, length: 128 },
    { address: parseAddress("127.0.0.1") as Address, length: 8 },
  ],
};
