/** The machine of a case of pf-kernel-openbsd-7.8, and its steps. */
import { type InterfaceAddress, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import { Machine } from "@pierhead/engine/machine";
import type { Json } from "./packets.ts";

export interface Case {
  readonly name: string;
  readonly system: string;
  readonly interfaces: readonly {
    readonly name: string;
    readonly groups?: readonly string[];
    readonly addresses: readonly string[];
    readonly mtu?: number;
  }[];
  readonly routes: readonly {
    readonly to: string;
    readonly via: string;
    readonly label?: string;
    readonly table?: number;
  }[];
  readonly "pf.conf": string;
  readonly load: { readonly exit: number; readonly errors?: string; readonly rules?: readonly string[] };
  readonly steps: readonly (Json & { readonly do: string; readonly answer: Json })[];
  readonly final: Json;
}

export function machineOf(one: Case): Machine {
  const system = parseSystem(one.system) as System;
  const machine = new Machine(system, {
    // The recorded kernel had no routing daemon of its own: groups are what the case says.
    automaticEgress: false,
    interfaces: one.interfaces.map((entry) => ({
      name: entry.name,
      groups: entry.groups ?? [],
      addresses: entry.addresses.map(interfaceAddress),
      // Ethernet and wg alike (README).
      mtu: entry.mtu ?? 1500,
    })),
    files: new Map([["/etc/pf.conf", one["pf.conf"]]]),
  });
  // Nor did its interfaces come up through if_attach(), which makes them members of the group `all`.
  machine.pf.core.interfaces.hasGroupAll = false;
  machine.pf.interfacesChanged();
  machine.setForwarding(true);
  machine.setSysctl("net.inet.ip.redirect", "0");
  machine.setSysctl("net.inet6.ip6.redirect", "0");
  for (const route of one.routes) addRoute(machine, route);
  return machine;
}

export function interfaceAddress(text: string): InterfaceAddress {
  const [prefix, , peer] = text.split(" ");
  const parsed = parsePrefix(prefix as string);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  const far = peer === undefined ? null : parseAddress(peer);
  return far === null ? parsed : { ...parsed, peer: far };
}

export function addRoute(machine: Machine, route: Json): void {
  const { destination, length } = destinationOf(String(route["to"]), String(route["via"]));
  const via = route["via"] === undefined ? null : parseAddress(String(route["via"]));
  machine.addRoute(
    {
      destination,
      length,
      gateway: via,
      label: route["label"] === undefined ? null : String(route["label"]),
      table: route["table"] === undefined ? 0 : Number(route["table"]),
    },
    true,
  );
}

export function destinationOf(
  to: string,
  via: string,
): { destination: NonNullable<ReturnType<typeof parseAddress>>; length: number } {
  const text = to === "default" ? (via.includes(":") ? "::/0" : "0.0.0.0/0") : to;
  const prefix = parsePrefix(text);
  if (prefix === null) throw new Error(`not a destination: ${to}`);
  return { destination: prefix.address, length: prefix.length };
}
