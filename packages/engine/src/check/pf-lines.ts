/** Lines to the outside world besides the one of the default route, as rules and routes tell of them. */
import type { Address } from "@pierhead/core";
import type { Rule } from "@pierhead/lang/pf";
import type { MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { LIST_NAMES } from "../pf/ruleset.ts";
import { isNamed } from "../prove/constraints.ts";

/** The lines by interface, each with its router where one is named. */
export function secondLines(build: MachineBuild): Map<string, Address | null> {
  const { machine } = build;
  const lines = new Map<string, Address | null>();
  const note = (name: string | null, gateway: Address | null): void => {
    if (name === null || machine.interface(name)?.kind === "loopback") return;
    lines.set(name, lines.get(name) ?? gateway);
  };
  for (const { length, interface: name, gateway, discard } of machine.routes.list()) {
    if (length === 0 && discard === null) note(name, gateway);
  }
  for (const rule of rulesInForce(machine)) {
    if (rule.routeOption === "route-to" && isForTheWorld(rule)) {
      for (const { address, interface: named } of rule.route?.members ?? []) {
        const gateway = address.kind === "prefix" && address.length === address.address.bits ? address.address : null;
        if (gateway !== null) note(named ?? machine.lookup(gateway, 0)?.interface ?? null, gateway);
      }
    }
    // Who hides others behind the interface's own address for whatever destination thinks it is outside.
    if (rule.nat !== null && rule.action !== "binat" && isForTheWorld(rule) && rule.interface !== null) {
      for (const one of machine.interfaces()) {
        if (rule.interfaceNegated || !isNamed(one, rule.interface)) continue;
        if (rule.nat.members.some(({ address }) => isOwn(address, one))) note(one.name, null);
      }
    }
  }
  const main = new Set(machine.routes.list(0).flatMap((route) => (route.length === 0 ? [route.interface] : [])));
  for (const name of [...lines.keys()]) {
    const one = machine.interface(name);
    // Lines of equal right, and those that have a routing domain of their own, answer by themselves.
    if (one === null || one.routingDomain !== 0 || (main.has(name) && !isSpare(machine, one))) lines.delete(name);
  }
  return lines;
}

/** It has a default route that another one is preferred to. */
function isSpare(machine: Machine, one: MachineInterface): boolean {
  return ([4, 6] as const).some((family) => {
    const all = machine.routes.list(0).filter((route) => route.length === 0 && route.family === family);
    const own = all.filter((route) => route.interface === one.name);
    const best = Math.min(...all.map((route) => route.priority));
    return own.length > 0 && own.every((route) => route.priority > best);
  });
}

function isForTheWorld({ to, receivedOn }: Rule): boolean {
  return receivedOn === null && (to.address.kind === "any" || to.negated);
}

function isOwn(address: NonNullable<Rule["nat"]>["members"][number]["address"], one: MachineInterface): boolean {
  if (address.kind === "dynamic") return isNamed(one, address.interface);
  return address.kind === "prefix" && one.has(address.address);
}

export function* rulesInForce(machine: Machine): Generator<Rule> {
  for (const ruleset of machine.pf.core.rulesets.all()) {
    for (const list of LIST_NAMES) for (const loaded of ruleset[list]) yield loaded.rule;
  }
}
