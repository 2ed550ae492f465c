/** What an `ip …` command does to a machine (Linux). */
import type { Address, InterfaceAddress } from "@pierhead/core";
import type { IpAddressCommand, IpCommand, IpLinkCommand, IpRouteCommand } from "@pierhead/lang/ip-command";
import { addLinuxAddress, type Machine, type RouteError, type RouteSpecification } from "../machine/index.ts";

/** What became of it. `not-followed`: it changes something that has no place in the machine. */
export type IpOutcome = RouteError | "not-followed" | null;

/** Applies a command. @returns why ip or the kernel refuses it, or null */
export function applyIp(machine: Machine, command: IpCommand): IpOutcome {
  switch (command.object) {
    case "address":
      return applyAddress(machine, command);
    case "route":
      return applyRoute(machine, command);
    case "link":
      return applyLink(machine, command);
    case "neighbour":
      if (command.device !== null && machine.interface(command.device) === null) return "no-interface";
      // A fixed entry needs no answer.
      if (command.address !== null && command.mac !== null && command.action === "add") {
        machine.setNeighbour(command.address, true, command.device);
      }
      return null;
    default:
      return command.changes ? "not-followed" : null;
  }
}

function applyAddress(machine: Machine, command: IpAddressCommand): IpOutcome {
  const { device, address } = command;
  if (device === null) return "device-needed";
  const found = machine.interface(device);
  if (found === null) return "no-interface";
  if (command.action === "flush") {
    for (const own of [...found.addresses]) {
      if (command.family === null || own.address.family === command.family) machine.removeAddress(device, own.address);
    }
    return null;
  }
  if (address === null) return null;
  if (command.action === "delete") return machine.removeAddress(device, address) ? null : "not-in-table";
  const added = addressOf(command, address);
  const refused = addLinuxAddress(machine, device, added);
  return refused === "exists" && command.action === "replace" ? null : refused;
}

function addressOf(command: IpAddressCommand, address: Address): InterfaceAddress {
  const { length, peer, broadcast, metric, prefixRoute } = command;
  return {
    address,
    length,
    ...(peer === null || peer.equals(address) ? {} : { peer }),
    ...(broadcast === null || broadcast === "computed" ? {} : { broadcast }),
    ...(metric === 0 ? {} : { metric }),
    ...(prefixRoute ? {} : { prefixRoute }),
  };
}

function applyRoute(machine: Machine, command: IpRouteCommand): IpOutcome {
  if (command.multipath) return "not-followed";
  if (command.type !== "unicast" && !DISCARDS.has(command.type)) return "not-followed";
  // Rules that choose another table are not followed; its routes are kept apart.
  const specification = linuxRoute(command);
  switch (command.action) {
    case "add":
    case "append":
    case "prepend":
    case "replace":
      return machine.addRoute({ ...specification, mode: command.action });
    case "change": {
      const same = machine.routes
        .exact(specification.table ?? 0, specification.destination, specification.length)
        .some((route) => route.origin !== "local" && route.priority === specification.priority);
      return same ? machine.addRoute({ ...specification, mode: "replace" }) : "not-in-table";
    }
    case "delete": {
      const { priority, ...any } = specification;
      return machine.deleteRoute(command.metric === null || priority === undefined ? any : specification);
    }
    case "flush": {
      for (const route of machine.routes.list(specification.table ?? 0)) {
        if (route.origin === "local" || route.origin === "broadcast" || route.family !== command.family) continue;
        if (command.device !== null && route.interface !== command.device) continue;
        if (command.length > 0 && !route.destination.equals(command.destination)) continue;
        machine.routes.remove(route);
      }
      return null;
    }
    default:
      return null;
  }
}

const DISCARDS: ReadonlyMap<string, "reject" | "blackhole"> = new Map([
  ["blackhole", "blackhole"],
  ["unreachable", "reject"],
  ["prohibit", "reject"],
]);

/** The route a command speaks of. */
export function linuxRoute(command: IpRouteCommand): RouteSpecification {
  return {
    destination: command.destination,
    length: command.length,
    gateway: command.gateway,
    interface: command.device,
    table: command.table ?? 0,
    discard: DISCARDS.get(command.type) ?? null,
    // A metric of 0 is none for IPv6.
    priority: command.family === 6 ? command.metric || 1024 : (command.metric ?? 0),
    onLink: command.onLink,
    source: command.source,
    ...(command.mtu === null ? {} : { mtu: command.mtu }),
  };
}

function applyLink(machine: Machine, command: IpLinkCommand): IpOutcome {
  const { device } = command;
  if (command.action === "add") {
    if (device === null) return "not-followed";
    if (machine.interface(device) !== null) return "exists";
    if (command.parent !== null && machine.interface(command.parent) === null) return "no-interface";
    machine.addInterface({ name: device, up: false, ...(command.mac === null ? {} : { mac: command.mac }) });
    return null;
  }
  if (device === null) return "device-needed";
  if (command.action === "delete") return machine.removeInterface(device) ? null : "no-interface";
  if (machine.interface(device) === null) return "no-interface";
  if (command.newName !== null) return "not-followed";
  if (command.mtu !== null) machine.setMtu(device, command.mtu);
  if (command.mac !== null) machine.setMac(device, command.mac);
  if (command.master !== null && command.master !== "" && machine.interface(command.master) === null) {
    return "no-interface";
  }
  if (command.up !== null) machine.setUp(device, command.up);
  return null;
}
