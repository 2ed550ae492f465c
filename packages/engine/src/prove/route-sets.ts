/** Which destinations a machine sends where, as sets of addresses. */
import type { Address, Family } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { addressFrom, addressValue } from "./constraints.ts";
import { normalize, type Range, type Ranges } from "./ranges.ts";

/** Destinations with the same next hop. */
export interface RouteSet {
  /** Interfaces packets may leave by; several with multipath, none when there is no way. */
  readonly interfaces: readonly string[];
  readonly ranges: Ranges;
}

/** Cuts all addresses of a family by what the routing table says about them. */
export function routeSets(machine: Machine, family: Family, table: number): RouteSet[] {
  const bits = family === 4 ? 32n : 128n;
  const end = 1n << bits;
  // The table changes its mind only where a prefix begins or ends.
  const places = new Set<bigint>([0n]);
  for (const route of machine.routes.list(table)) {
    if (route.family !== family) continue;
    places.add(addressValue(route.destination));
    places.add(addressValue(route.destination.filled(route.length)) + 1n);
  }
  const sorted = [...places].filter((place) => place < end).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const sets = new Map<string, { interfaces: readonly string[]; ranges: Range[] }>();
  sorted.forEach((from, i) => {
    const to = (sorted[i + 1] ?? end) - 1n;
    const { key, interfaces } = outcomeOf(machine, addressFrom(from, family), table);
    const set = sets.get(key);
    if (set === undefined) sets.set(key, { interfaces, ranges: [[from, to]] });
    else set.ranges.push([from, to]);
  });
  return [...sets.values()].map(({ interfaces, ranges }) => ({ interfaces, ranges: normalize(ranges) }));
}

function outcomeOf(machine: Machine, address: Address, table: number): { key: string; interfaces: string[] } {
  const choices = machine.multipath(address, table);
  const one = machine.lookup(address, table);
  const routes = choices.length > 0 ? choices : one === null ? [] : [one];
  const parts: string[] = [];
  const interfaces = new Set<string>();
  for (const route of routes) {
    const { origin, gateway, discard, label } = route;
    if (route.interface !== null && discard === null) interfaces.add(route.interface);
    parts.push(
      `${route.interface} ${gateway} ${discard} ${label} ${origin === "local" || origin === "broadcast" ? origin : ""}`,
    );
  }
  return { key: parts.join(";"), interfaces: [...interfaces] };
}
