/** What `ifconfig`, `route show` and `route get` print, as far as it follows from what is simulated. */
import { type Address, type Family, type InterfaceAddress, maskAddress } from "@pierhead/core";
import type { RouteCommand } from "@pierhead/lang/route";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { formatDestination } from "../network/routes.ts";

/** `ifconfig NAME`, or with a family only its addresses (OpenBSD prints the heading lines too). */
export function showInterface(machine: Machine, one: MachineInterface, family?: string): string {
  const flags = [
    one.up ? "UP" : "",
    one.kind === "loopback" ? "LOOPBACK" : one.kind === "point-to-point" ? "POINTOPOINT" : "BROADCAST",
    one.up ? "RUNNING" : "",
    one.kind === "broadcast" ? "SIMPLEX" : "",
    "MULTICAST",
  ].filter((flag) => flag !== "");
  const bits = { UP: 1, BROADCAST: 2, LOOPBACK: 8, POINTOPOINT: 16, RUNNING: 64, SIMPLEX: 2048, MULTICAST: 32768 };
  const value = flags.reduce((sum, flag) => sum | bits[flag as keyof typeof bits], 0);
  const lines = [`${one.name}: flags=${value.toString(16)}<${flags.join(",")}> mtu ${one.mtu}`];
  if (one.kind === "broadcast") lines.push(`\t${machine.system.family === "openbsd" ? "lladdr" : "ether"} ${one.mac}`);
  if (one.groups.length > 0) lines.push(`\tgroups: ${one.groups.join(" ")}`);
  if (one.kind === "broadcast") {
    const status = one.link === "up" ? "active" : one.link === "down" ? "no carrier" : null;
    if (status !== null) lines.push(`\tstatus: ${status}`);
  }
  const wanted: Family | null = family === "inet" ? 4 : family === "inet6" ? 6 : null;
  for (const address of one.addresses) {
    if (wanted === null || address.address.family === wanted) lines.push(`\t${showAddress(address)}`);
  }
  return `${lines.join("\n")}\n`;
}

function showAddress({ address, length, broadcast, peer }: InterfaceAddress): string {
  const far = peer === undefined ? "" : ` --> ${peer}`;
  if (address.family === 6) return `inet6 ${address}${far} prefixlen ${length}`;
  const mask = maskAddress(4, length).w0.toString(16).padStart(8, "0");
  return `inet ${address}${far} netmask 0x${mask}${broadcast === undefined ? "" : ` broadcast ${broadcast}`}`;
}

/** `route show`: destination, gateway, flags, interface. */
export function showRoutes(machine: Machine, family: Family, table: number): string {
  const lines = ["Routing tables", "", family === 4 ? "Internet:" : "Internet6:"];
  lines.push("Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface");
  for (const route of machine.routes.list(table)) {
    if (route.family !== family) continue;
    const flags = `U${route.gateway === null ? "" : "G"}${route.length === route.destination.bits ? "H" : ""}${route.origin === "static" ? "S" : ""}`;
    const gateway = route.gateway === null ? (route.interface ?? "") : `${route.gateway}`;
    const name = formatDestination(route);
    lines.push(
      `${name.padEnd(18)} ${gateway.padEnd(18)} ${flags.padEnd(6)}     0        0     -  ${`${route.priority}`.padStart(4)} ${route.interface ?? ""}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** `route get`; null when no route is found. */
export function showRoute(machine: Machine, command: RouteCommand, address: Address): string | null {
  const exact = command.destination?.length === 0 ? machine.routes.exact(command.table, address, 0)[0] : undefined;
  const route = exact ?? machine.lookup(address, command.table);
  if (route === null || route === undefined) return null;
  const written = command.destination?.written ?? `${address}`;
  const wide = machine.system.family === "openbsd" ? 12 : 11;
  const row = (name: string, value: string): string => `${name.padStart(wide)}: ${value}`;
  const lines = [row("route to", written), row("destination", route.length === 0 ? "default" : `${route.destination}`)];
  lines.push(row("mask", route.length === 0 ? "default" : `${maskAddress(route.family, route.length)}`));
  if (route.gateway !== null) lines.push(row("gateway", `${route.gateway}`));
  if (route.interface !== null) lines.push(row("interface", route.interface));
  if (machine.system.family === "openbsd" && route.source !== null) lines.push(row("if address", `${route.source}`));
  return `${lines.join("\n")}\n`;
}
