/** What is the same for every gateway: how a line's gateway is written, where files are, what a file's head says. */
import { isAtLeast, type System } from "@pierhead/core";
import type { Host, Uplink } from "../model/site.ts";
import type { FileWriter } from "./file.ts";
import type { RouteTarget } from "./pf-rule.ts";

/** Folder of the rules that ifstated loads and of the scripts it calls. */
export const PF_FOLDER = "/etc/pf";

export function head(writer: FileWriter, site: string, what: string): FileWriter {
  return writer.line(`# ${what}`).line(`# Built by pierhead from the site "${site}": change that, not this file.`);
}

/** Next hop of a line in rules: an address, or the macro that pfctl is given when the rules are loaded. */
export function target(line: Uplink): RouteTarget {
  return { interface: line.interface, gateway: line.gateway === null ? `$${gatewayMacro(line)}` : `${line.gateway}` };
}

/** Macro that holds the gateway out of a lease. */
export function gatewayMacro(line: Uplink): string {
  return `${line.name}_gateway`;
}

export function hasBalance(host: Host): boolean {
  return host.uplinks.length > 1;
}

/** There is somebody behind the lines whose connections are shared out between them. */
export function balances(host: Host): boolean {
  return hasBalance(host) && host.lans.some((lan) => lan.addresses.some(({ address }) => address.family === 4));
}

export function leased(host: Host): readonly Uplink[] {
  return host.uplinks.filter((line) => line.dhcp);
}

/** From 7.0 on OpenBSD's dhcpleased(8) keeps the lease; before, and on FreeBSD, dhclient(8). */
export function hasDhcpleased(system: System): boolean {
  return isAtLeast(system, "openbsd", 7);
}

/** `pfctl` that loads a file into the anchor, with the gateways of leased lines as they are now. */
export function loadCommand(host: Host, anchor: string, file: string): string {
  const macros = leased(host).map((line) => ` -D ${gatewayMacro(line)}=$(${PF_FOLDER}/gateway ${line.interface})`);
  return `pfctl -q -a ${anchor}${macros.join("")} -f ${file}`;
}
