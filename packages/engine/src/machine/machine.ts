import type { Address, Family, InterfaceAddress, LinkState, Packet, Prefix, System } from "@pierhead/core";
import { PROTOCOL, parseAddress } from "@pierhead/core";
import type { Direction, PfEnvironment } from "@pierhead/lang/pf";
import { routesOfAddress } from "../network/interface-routes.ts";
import { type Route, RoutingTables } from "../network/routes.ts";
import { type CommandResult, type FilterHost, type HostRoute, PacketFilter, runPfctl } from "../pf/index.ts";
import { completeAddress, type InterfaceSpecification, MachineInterface } from "./machine-interface.ts";
import { Random } from "./random.ts";
import { type RouteError, type RouteSpecification, Routing } from "./routing.ts";
import { defaultSysctls } from "./sysctls.ts";
import type { PppSession, SecurityAssociation, Tunnel } from "./tunnel.ts";
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

export interface MachineOptions {
  readonly interfaces?: readonly InterfaceSpecification[];
  /** Seed of everything random; 1 when absent. */
  readonly seed?: number;
  /** Seconds the clock starts at. */
  readonly clock?: number;
  /** Files by absolute path: what `include`, `table … file` and the shell read. */
  readonly files?: ReadonlyMap<string, string>;
  /** How the user knows those files, by absolute path: for places in reports. */
  readonly fileNames?: ReadonlyMap<string, string>;
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
  readonly fileNames: ReadonlyMap<string, string>;
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
  /** IPsec flows with their security associations, in the order in which they are looked through. */
  readonly associations: SecurityAssociation[] = [];
  /** PPP links of clients over L2TP. */
  readonly sessions: PppSession[] = [];
  /** Fragments that the host, not pf, is putting together; `network/reassemble.ts`. */
  readonly reassembly: Map<string, Packet[]> = new Map();
  /** Leases of DHCP clients, by interface; changed by `build/apply-lease.ts`. */
  readonly leases: Map<string, { readonly address: Prefix; readonly gateway: Address | null }> = new Map();
  /** IP identifications counted up, so that fragments of one packet can be told from those of another. */
  nextIdentification = 1;
  /** Every draw gives this number instead of one of the seed's: for analyses that chance must not disturb. */
  fixedRandom: number | null = null;
  readonly #interfaces: MachineInterface[] = [];
  readonly #routing: Routing;
  readonly #random: Random;
  readonly #automaticEgress: boolean;
  #clock: number;

  constructor(system: System, options: MachineOptions = {}) {
    this.system = system;
    this.#random = new Random(options.seed ?? 1);
    this.#clock = options.clock ?? 0;
    this.files = new Map(options.files ?? []);
    this.fileNames = options.fileNames ?? new Map();
    this.sysctls = defaultSysctls(system);
    this.#routing = new Routing(system, this.routes, this.#interfaces, this.sysctls);
    this.users = baseUsers(system);
    this.groups = baseGroups(system);
    const specifications = options.interfaces ?? [];
    this.#automaticEgress =
      options.automaticEgress ??
      (system.family === "openbsd" && !specifications.some((one) => one.groups?.includes("egress")));
    this.pf = new PacketFilter(this, system);
    const loopback = system.family === "linux" ? LINUX_LOOPBACK : LOOPBACK;
    if (!specifications.some((one) => one.name === loopback.name)) this.addInterface(loopback);
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
    return this.fixedRandom ?? this.#random.next();
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

  /** Like `addInterface`, but an interface that is there keeps its place, and static routes by it stay. */
  replaceInterface(specification: InterfaceSpecification): MachineInterface {
    const at = this.#interfaces.findIndex((one) => one.name === specification.name);
    if (at === -1) return this.addInterface(specification);
    const old = this.#interfaces[at] as MachineInterface;
    for (const route of this.routes.list()) {
      const own = route.origin === "local" || route.origin === "connected" || route.origin === "broadcast";
      if (route.interface === old.name && own) this.routes.remove(route);
    }
    const added = new MachineInterface(specification, this.system, at + 1);
    this.#interfaces[at] = added;
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
    if (this.system.family === "linux" && found.up !== up) this.#linuxFlag(found, up);
    found.up = up;
    this.#changed();
    return true;
  }

  /** Linux: going down takes the routes of a device with it, coming up brings back those of its addresses only. */
  #linuxFlag(found: MachineInterface, up: boolean): void {
    if (!up) {
      for (const route of this.routes.list()) {
        if (route.interface === found.name && route.origin !== "local") this.routes.remove(route);
      }
      // addrconf_ifdown(): IPv6 addresses go for good.
      for (const own of found.addresses.filter((one) => one.address.family === 6)) {
        this.removeAddress(found.name, own.address);
      }
      return;
    }
    found.up = true;
    for (const own of found.addresses) {
      // Those of the local table stayed.
      const routes = routesOfAddress(this.system, found, own);
      for (const route of routes) if (route.origin !== "local") this.routes.insert(route);
    }
  }

  /** `ip link set NAME address MAC`. */
  setMac(name: string, mac: string): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.mac = mac;
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
    // Linux keeps static routes as long as the device has an address of the family (fib_del_ifaddr).
    const linux = this.system.family === "linux";
    const last = !found.addresses.some((own) => own.address.family === address.family);
    for (const route of this.routes.list()) {
      if (route.interface !== name || route.family !== address.family) continue;
      const stood = route.source?.equals(address) === true;
      if (linux ? (stood && route.origin !== "static") || (last && address.family === 4) : stood) {
        this.routes.remove(route);
      }
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

  /** `ifconfig NAME tunnel LOCAL REMOTE`; null: `deletetunnel`. */
  setTunnel(name: string, tunnel: Tunnel | null): boolean {
    const found = this.interface(name);
    if (found === null) return false;
    found.tunnel = tunnel;
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
      if (table !== undefined && one.routingDomain !== this.#routing.domainOf(table)) continue;
      if (one.has(address)) return one;
    }
    return null;
  }

  // Routes.

  /**
   * The route packets to `address` take: longest prefix, best priority; null when there is none that works. `link` is
   * the interface whose link a link-local address belongs to.
   */
  lookup(address: Address, table: number, source: Address | null = null, link: string | null = null): Route | null {
    const found = this.#routing.lookup(address, table, source, link);
    return found !== null && this.system.family === "linux" ? this.#livingDefault(found) : found;
  }

  /** Of several IPv4 defaults of one metric Linux passes over those whose gateway does not answer (fib_select_default). */
  #livingDefault(found: Route): Route {
    if (found.length !== 0 || found.family !== 4 || found.gateway === null) return found;
    const equal = this.routes
      .exact(found.table, found.destination, 0)
      .filter((route) => route.priority === found.priority && route.gateway !== null && route.interface !== null);
    const alive = equal.find((route) => this.neighbourAnswers(route.interface as string, route.gateway as Address));
    return alive ?? found;
  }

  /** All routes that multipath may choose from for `address`; empty when there is no choice. */
  multipath(address: Address, table: number): readonly Route[] {
    return this.#routing.multipath(address, table);
  }

  /** The loopback interface of a routing domain: where packets to the machine's own addresses go. */
  loopback(table: number): MachineInterface | null {
    const domain = this.#routing.domainOf(table);
    const loopbacks = this.#interfaces.filter((one) => one.kind === "loopback");
    return loopbacks.find((one) => one.routingDomain === domain) ?? loopbacks[0] ?? null;
  }

  /**
   * `route add`. With `force`, a gateway on no link is taken all the same: the packet then fails at the next hop.
   *
   * @returns why it was refused, or null
   */
  addRoute(specification: RouteSpecification, force = false): RouteError | null {
    return this.#done(this.#routing.add(specification, force));
  }

  /** `route change`: another gateway for the route of this prefix. */
  changeRoute(specification: RouteSpecification): RouteError | null {
    return this.#done(this.#routing.change(specification));
  }

  /** `route delete`: with a gateway only that route of the prefix. */
  deleteRoute(specification: RouteSpecification): RouteError | null {
    return this.#done(this.#routing.delete(specification));
  }

  /** `route flush`: routes with gateways, of a family or of both. @returns what went */
  flushRoutes(family: Family | null = null, table = 0): Route[] {
    const gone = this.#routing.flush(family, table);
    if (gone.length > 0) this.#changed();
    return gone;
  }

  #done(error: RouteError | null): RouteError | null {
    if (error === null) this.#changed();
    return error;
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
      fileName: (path) => this.fileNames.get(path) ?? path,
      routingTable: (number) => this.routes.has(number),
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

/** Linux calls it `lo`. */
const LINUX_LOOPBACK: InterfaceSpecification = {
  name: "lo",
  addresses: [
    { address: parseAddress("127.0.0.1") as Address, length: 8 },
    { address: parseAddress("::1") as Address, length: 128 },
  ],
};

const LOOPBACK: InterfaceSpecification = {
  name: "lo0",
  addresses: [
    { address: parseAddress("::1") as Address, length: 128 },
    { address: parseAddress("127.0.0.1") as Address, length: 8 },
  ],
};
