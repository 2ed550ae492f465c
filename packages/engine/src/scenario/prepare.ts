/** What a scenario says of its machine, in the terms of those who build machines. */
import type { InterfaceSpecification } from "../machine/machine-interface.ts";
import type { RouteSpecification } from "../machine/routing.ts";
import type { Scenario } from "./types.ts";

/** Interfaces with what was said of them; what was not said is left to the tree. */
export function interfaceSpecifications(scenario: Scenario): InterfaceSpecification[] {
  return scenario.interfaces.map((one) => ({
    name: one.name,
    ...(one.addresses === null ? {} : { addresses: one.addresses }),
    ...(one.groups === null ? {} : { groups: one.groups }),
    ...(one.link === null ? {} : { link: one.link }),
    ...(one.mtu === null ? {} : { mtu: one.mtu }),
    ...(one.rtable === null ? {} : { routingDomain: one.rtable }),
  }));
}

export function routeSpecifications(scenario: Scenario): RouteSpecification[] {
  return scenario.routes.map((route) => ({
    destination: route.destination,
    length: route.length,
    gateway: route.via,
    interface: route.interface,
    table: route.table,
    discard: route.discard,
    label: route.label,
  }));
}
