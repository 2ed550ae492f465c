/** What a `route …` command does to a machine. */
import type { RouteCommand } from "@pierhead/lang/route";
import type { Machine, RouteError, RouteSpecification } from "../machine/index.ts";

/** Applies a command. @returns why route(8) refuses, or null */
export function applyRoute(machine: Machine, command: RouteCommand): RouteError | "unknown-address" | null {
  if (command.action === "flush") {
    machine.flushRoutes(null, command.table);
    return null;
  }
  const specification = routeSpecification(machine, command);
  if (specification === null) return command.action === "show" || command.action === "other" ? null : "unknown-address";
  switch (command.action) {
    case "add":
      return machine.addRoute(specification);
    case "change":
      return machine.changeRoute(specification);
    case "delete":
      return machine.deleteRoute(specification);
    default:
      return null;
  }
}

function scopeOf(written: string): string | null {
  const at = written.indexOf("%");
  return at === -1 ? null : written.slice(at + 1);
}

/** The route a command speaks of; null when an address is a name nobody can look up here. */
export function routeSpecification(machine: Machine, command: RouteCommand): RouteSpecification | null {
  const destination = command.destination;
  if (destination === null || destination.address === null) return null;
  let { gateway, interface: out } = command;
  if (gateway === null && out === null && command.gatewayWritten !== null) {
    gateway = machine.resolve(command.gatewayWritten).find((one) => one.family === command.family) ?? null;
    if (gateway === null) return null;
  }
  // A link-local next hop is on the link that is written behind it (RFC 4007, 11).
  if (gateway?.isLinkLocal() === true && gateway.family === 6) out ??= scopeOf(command.gatewayWritten ?? "");
  if (command.interfaceRoute && gateway !== null) {
    // `-iface ADDRESS`: the destination is on the link of the interface that has the address.
    out ??= machine.ownerOf(gateway)?.name ?? null;
    if (out !== null) gateway = null;
  }
  return {
    destination: destination.address,
    length: destination.length,
    gateway,
    interface: out,
    table: command.table,
    label: command.label,
    discard: command.blackhole ? "blackhole" : command.reject ? "reject" : null,
    multipath: command.multipath,
    ...(command.priority === null ? {} : { priority: command.priority }),
    ...(command.mtu === null ? {} : { mtu: command.mtu }),
  };
}
