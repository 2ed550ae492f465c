/**
 * The routing tables of a machine: longest prefix first, then priority, then the order of insertion
 * (route(4); rtable.c of OpenBSD, route/route_ctl.c of FreeBSD).
 */
import type { Address, Family } from "@pierhead/core";

/** Where a route came from; decides its default priority on OpenBSD (`RTP_*` in route.h). */
export type RouteOrigin = "local" | "broadcast" | "connected" | "static" | "dynamic";

/** One entry of one routing table. */
export interface Route {
  readonly table: number;
  readonly family: Family;
  /** Network address, host bits cleared. */
  readonly destination: Address;
  readonly length: number;
  /** Next hop; null when the destination is on the link. May be of the other family (RFC 8950). */
  readonly gateway: Address | null;
  /** Interface the packet leaves by; null when the next hop is on no link of this machine. */
  readonly interface: string | null;
  /** Address of the machine that stands behind the route (`rt_ifa`): the source of packets that have none. */
  readonly source: Address | null;
  readonly origin: RouteOrigin;
  /** Smaller wins (OpenBSD; the metric of Linux); 0 on systems without priorities. */
  readonly priority: number;
  readonly label: string | null;
  /** `-reject` answers with an error, `-blackhole` is silent. */
  readonly discard: "reject" | "blackhole" | null;
  /** `-mtu`; 0 takes the interface's. */
  readonly mtu: number;
  /** OpenBSD `-mpath`: shares its prefix and priority with others. */
  readonly multipath: boolean;
  /** Weight among multipath routes (FreeBSD `-weight`); 1 when not given. */
  readonly weight: number;
  /** Linux `onlink`: the gateway was taken for a neighbour without asking the table. */
  readonly onLink?: boolean;
  /** Linux: the gateway is an address of the host itself, so each destination is taken to be on the link. */
  readonly direct?: boolean;
}

/** OpenBSD's priorities (`RTP_LOCAL`, `RTP_CONNECTED`, `RTP_STATIC`). */
export const ROUTE_PRIORITY: Readonly<Record<RouteOrigin, number>> = {
  local: 1,
  broadcast: 1,
  connected: 4,
  static: 8,
  dynamic: 56,
};

/** Metrics of Linux when none is given (IP6_RT_PRIO_USER); what the kernel adds by itself has 0 and 256. */
export const ROUTE_METRIC_LINUX: Readonly<Record<4 | 6, number>> = { 4: 0, 6: 1024 };

/** Routes of one prefix in one table, best priority first. */
interface Node {
  readonly routes: Route[];
}

/** Tables by number; in each, prefixes by family and length. */
export class RoutingTables {
  readonly #tables = new Map<number, Table>();

  /** Adds behind the routes of the same prefix and priority. */
  insert(route: Route): void {
    let table = this.#tables.get(route.table);
    if (table === undefined) {
      table = { 4: new Prefixes(), 6: new Prefixes() };
      this.#tables.set(route.table, table);
    }
    const nodes = table[route.family].ofLength(route.length);
    const key = prefixKey(route.destination);
    const node = nodes.get(key);
    if (node === undefined) {
      nodes.set(key, { routes: [route] });
      return;
    }
    let at = node.routes.length;
    while (at > 0 && (node.routes[at - 1] as Route).priority > route.priority) at--;
    node.routes.splice(at, 0, route);
  }

  /** Removes this very route. @returns whether it was there */
  remove(route: Route): boolean {
    const nodes = this.#tables.get(route.table)?.[route.family].byLength.get(route.length);
    const key = prefixKey(route.destination);
    const node = nodes?.get(key);
    if (nodes === undefined || node === undefined) return false;
    const at = node.routes.indexOf(route);
    if (at === -1) return false;
    node.routes.splice(at, 1);
    if (node.routes.length === 0) nodes.delete(key);
    return true;
  }

  /** Routes of exactly this prefix, best first. */
  exact(table: number, destination: Address, length: number): readonly Route[] {
    const nodes = this.#tables.get(table)?.[destination.family].byLength.get(length);
    return nodes?.get(prefixKey(destination.masked(length)))?.routes ?? [];
  }

  /**
   * Routes of the longest prefix that holds `address` and has a route for which `usable` says yes; best first and
   * only the usable ones.
   */
  match(table: number, address: Address, usable: (route: Route) => boolean = always): readonly Route[] {
    const prefixes = this.#tables.get(table)?.[address.family];
    if (prefixes === undefined) return [];
    for (const length of prefixes.lengths) {
      const node = prefixes.byLength.get(length)?.get(prefixKey(address.masked(length)));
      if (node === undefined) continue;
      const routes = usable === always ? node.routes : node.routes.filter(usable);
      if (routes.length > 0) return routes;
    }
    return [];
  }

  /** All routes of a table (of all tables without a number), IPv4 first, by prefix. */
  list(table?: number): Route[] {
    const all: Route[] = [];
    for (const [number, families] of this.#tables) {
      if (table !== undefined && number !== table) continue;
      for (const family of [4, 6] as const) {
        for (const nodes of families[family].byLength.values())
          for (const node of nodes.values()) all.push(...node.routes);
      }
    }
    return all.sort(
      (a, b) =>
        a.table - b.table || a.destination.compare(b.destination) || a.length - b.length || a.priority - b.priority,
    );
  }

  has(table: number): boolean {
    return this.#tables.has(table);
  }
}

interface Table {
  readonly 4: Prefixes;
  readonly 6: Prefixes;
}

/** Prefixes of one family: by length, and in each by network. */
class Prefixes {
  readonly byLength: Map<number, Map<number | string, Node>> = new Map();
  /** All lengths there ever were, longest first. */
  readonly lengths: number[] = [];

  ofLength(length: number): Map<number | string, Node> {
    let nodes = this.byLength.get(length);
    if (nodes === undefined) {
      nodes = new Map();
      this.byLength.set(length, nodes);
      this.lengths.push(length);
      this.lengths.sort((a, b) => b - a);
    }
    return nodes;
  }
}

const always = (): boolean => true;

function prefixKey(address: Address): number | string {
  return address.family === 4 ? address.w0 : `${address.w0}.${address.w1}.${address.w2}.${address.w3}`;
}

/** `default`, `192.0.2.0/24`, `2001:db8::1`: a route's destination as people write it. */
export function formatDestination(route: { readonly destination: Address; readonly length: number }): string {
  if (route.length === 0) return "default";
  if (route.length === route.destination.bits) return `${route.destination}`;
  return `${route.destination}/${route.length}`;
}
