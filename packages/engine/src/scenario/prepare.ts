/** The machine a scenario starts with. */
import { Machine } from "../machine/machine.ts";
import type { InterfaceSpecification } from "../machine/machine-interface.ts";
import type { Scenario, ScenarioInterface, ScenarioRoute } from "./types.ts";

/** Something that stands in the way of running a scenario at all. */
export interface Problem {
  readonly message: string;
  readonly span: { readonly start: number; readonly end: number };
}

/** Applies what the scenario says of interfaces, routes and forwarding over what the machine has. */
export function completeMachine(machine: Machine, scenario: Scenario): Problem[] {
  const problems: Problem[] = [];
  for (const one of scenario.interfaces) addInterface(machine, one);
  for (const route of scenario.routes) {
    const problem = addRoute(machine, route);
    if (problem !== null) problems.push(problem);
  }
  if (scenario.forwarding !== null) machine.setForwarding(scenario.forwarding);
  return problems;
}

/** A machine without a tree: the interfaces of the scenario and nothing else. */
export function bareMachine(scenario: Scenario, files: ReadonlyMap<string, string>): Machine {
  const given = scenario.interfaces.some((one) => one.groups?.includes("egress") === true);
  const automaticEgress = scenario.system.family === "openbsd" && !given;
  return new Machine(scenario.system, { files, automaticEgress });
}

function addInterface(machine: Machine, one: ScenarioInterface): void {
  const old = machine.interface(one.name);
  const specification: InterfaceSpecification = {
    name: one.name,
    addresses: one.addresses ?? old?.addresses ?? [],
    groups: one.groups ?? old?.groups ?? [],
    link: one.link ?? old?.link ?? "up",
    up: old?.up ?? true,
    ...(old === null ? {} : { kind: old.kind, mac: old.mac }),
    ...mtuOf(one, old),
    routingDomain: one.rtable ?? old?.routingDomain ?? 0,
  };
  machine.replaceInterface(specification);
}

function mtuOf(one: ScenarioInterface, old: { readonly mtu: number } | null): { mtu?: number } {
  const mtu = one.mtu ?? old?.mtu;
  return mtu === undefined ? {} : { mtu };
}

function addRoute(machine: Machine, route: ScenarioRoute): Problem | null {
  const specification = {
    destination: route.destination,
    length: route.length,
    gateway: route.via,
    interface: route.interface,
    table: route.table,
    discard: route.discard,
    label: route.label,
  };
  // A scenario's route replaces what the tree has for the prefix.
  const same = machine.routes
    .exact(route.table, route.destination, route.length)
    .filter((one) => one.origin === "static" && !scenarioRoutes.get(machine)?.has(one));
  for (const one of same) machine.routes.remove(one);
  const error = machine.addRoute(specification, true);
  const added = machine.routes.exact(route.table, route.destination, route.length);
  let own = scenarioRoutes.get(machine);
  if (own === undefined) {
    own = new Set();
    scenarioRoutes.set(machine, own);
  }
  for (const one of added) own.add(one);
  if (error === "no-interface") return { message: `There is no interface \`${route.interface}\`.`, span: route.span };
  return null;
}

/** Routes that scenarios put in, so that two for one prefix (multipath) stand beside each other. */
const scenarioRoutes = new WeakMap<Machine, Set<object>>();
