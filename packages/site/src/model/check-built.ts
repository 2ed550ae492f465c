/** Whatever a site describes is built, or refused here at its line: nothing is left out without a word. */
import { isAtLeast } from "@pierhead/core";
import type { GuestDescription, HostDescription, SiteDescription } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import { checkGuestInet6, checkHostInet6 } from "./check-inet6.ts";
import { checkGuestTunnels, checkHostTunnels } from "./check-tunnels.ts";
import { checkWire } from "./check-wire.ts";
import type { Guest, Host } from "./site.ts";

type Path = readonly (string | number)[];

export function checkHostBuilt(host: Host, description: HostDescription, context: CheckContext): void {
  const { family } = host.system;
  const at = (...rest: readonly (string | number)[]): Path => [...host.path, ...rest];
  if (family === "linux") {
    // A hotspot brings rules of its own, and the services among them.
    if (host.hotspot !== null) checkServices(host, context);
    else if (host.services.length > 0) refuseRules(at("services"), context);
    else {
      const message = "No firewall is written for Linux: what this host lets in is for its own nftables.";
      context.say("site/no-firewall", "warning", message, at("system"));
    }
  } else if (description.network !== undefined) noNetwork(at("network"), host.system.name, context);
  checkHostTunnels(host, context);
  checkHostInet6(host, context);
  if (host.uplinks.length < 2) singleLine(host, description, context);
  else if (!host.lans.some((lan) => lan.addresses.some(({ address }) => address.family === 4))) {
    const message = "Connections of a LAN are pinned to a line, and this host has no LAN.";
    for (const pin of host.pins) context.say("site/no-effect", "warning", message, pin.path);
  }
  checkBridge(host, context);
}

export function checkGuestBuilt(guest: Guest, description: GuestDescription, host: Host, context: CheckContext): void {
  const { family, name } = guest.system;
  const at = (key: string): Path => [...guest.path, key];
  if (family === "linux") {
    if (guest.services.length > 0) refuseRules(at("services"), context);
  } else if (description.network !== undefined) noNetwork(at("network"), name, context);
  checkGuestTunnels(guest, context);
  checkGuestInet6(guest, host, context);
  checkCard(guest, context);
  if (host.hypervisor?.kind === "vmd" && guest.cpus > 1) {
    context.say("site/not-built", "error", "A guest of vmd has one CPU (vmd(8)).", at("cpus"));
  }
}

export function checkBuilt(
  site: SiteDescription,
  hosts: ReadonlyMap<string, Host>,
  guests: readonly Guest[],
  context: CheckContext,
): void {
  for (const host of hosts.values()) {
    checkWire(
      host,
      guests.filter((guest) => guest.on === host.name),
      context,
    );
  }
  for (const host of hosts.values()) checkHostBuilt(host, site.hosts[host.name] as HostDescription, context);
  for (const guest of guests) {
    const description = site.guests?.[guest.name];
    const host = hosts.get(guest.on);
    if (description !== undefined && host !== undefined) checkGuestBuilt(guest, description, host, context);
  }
}

function refuseRules(path: Path, context: CheckContext): void {
  const message = "Rules are written for pf only; on Linux what is let in is for the machine's own nftables.";
  context.say("site/not-built", "error", message, path);
}

/** nft(8) takes the names that getservbyname(3) of the machine that loads the rules knows; numbers it takes always. */
function checkServices(host: Host, context: CheckContext): void {
  for (const service of host.services) {
    if (/^\d+$/.test(service.port) || KNOWN_SERVICES.has(service.port)) continue;
    const message = `Not every Linux knows a service \`${service.port}\`; write its number.`;
    context.say("site/not-built", "error", message, [...service.path, "port"]);
  }
}

const KNOWN_SERVICES: ReadonlySet<string> = new Set(["ssh", "http", "https", "domain", "smtp", "ntp"]);

function noNetwork(path: Path, system: string, context: CheckContext): void {
  context.say("site/no-effect", "warning", `\`network\` chooses between files of Linux; this is ${system}.`, path);
}

/** What only matters where there is another line to choose. */
function singleLine(host: Host, description: HostDescription, context: CheckContext): void {
  const say = (what: string, path: Path): void => {
    context.say("site/no-effect", "warning", `With one line ${what} nothing.`, path);
  };
  if (description.balance !== undefined) say("`balance` decides", [...host.path, "balance"]);
  if (description.failover !== undefined) say("`failover` changes", [...host.path, "failover"]);
  for (const [name, line] of Object.entries(description.uplinks ?? {})) {
    if (line.probe !== undefined) say("`probe` watches for", [...host.path, "uplinks", name, "probe"]);
    if (line.weight !== undefined) say("`weight` shares", [...host.path, "uplinks", name, "weight"]);
  }
}

/** Drivers of virtio-net: the card that every hypervisor here gives its guests. */
const VIRTIO: Readonly<Record<string, { readonly name: string; readonly pattern: RegExp }>> = {
  freebsd: { name: "vtnet0", pattern: /^vtnet\d+$/ },
  openbsd: { name: "vio0", pattern: /^vio\d+$/ },
  netbsd: { name: "vioif0", pattern: /^vioif\d+$/ },
};

function checkCard(guest: Guest, context: CheckContext): void {
  const driver = VIRTIO[guest.system.family];
  if (driver === undefined || driver.pattern.test(guest.interface)) return;
  const message = `The virtual card is virtio, and ${guest.system.name} calls that ${driver.name}: files for ${guest.interface} would be read by nobody.`;
  context.say("site/guest-card", "error", message, [...guest.path, "interface"]);
}

function checkBridge(host: Host, context: CheckContext): void {
  const { hypervisor } = host;
  if (hypervisor === null) return;
  const { family, name } = host.system;
  const path = [...hypervisor.path, "bridge"];
  const pattern = family === "openbsd" ? /^(bridge|veb)\d+$/ : family === "linux" ? /^[a-z][a-z0-9]*$/ : /^bridge\d+$/;
  if (!pattern.test(hypervisor.bridge)) {
    const like = family === "openbsd" ? "bridge0 or veb0" : "bridge0";
    context.say("site/bridge-name", "error", `${name} has bridges like ${like}, not ${hypervisor.bridge}.`, path);
    return;
  }
  // veb(4) and vport(4) came with OpenBSD 6.9.
  if (family === "openbsd" && hypervisor.bridge.startsWith("veb") && !isAtLeast(host.system, "openbsd", 6, 9)) {
    context.say("site/bridge-name", "error", `${name} has no veb(4) yet, which came with 6.9; use bridge0.`, path);
  }
  if (hypervisor.bridge === hypervisor.interface) {
    const message = "The bridge cannot be its own card.";
    context.say("site/bridge-name", "error", message, path, hypervisor.interfacePath);
  }
  if (!hypervisor.bridge.startsWith("veb") || family !== "openbsd") return;
  for (const line of [...host.uplinks, ...host.lans]) {
    if (line.interface !== hypervisor.interface) continue;
    // veb(4): the card's packets go to the bridge before the host's own network stack sees them.
    const message = `${hypervisor.bridge} takes ${line.interface} whole, and the host would be off the network. Give the line vport0 and name the card in \`hypervisor\`, or use a bridge0.`;
    context.say("site/card-in-veb", "error", message, [...line.path, "interface"], path);
  }
}
