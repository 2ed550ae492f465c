/** Guests: addresses and MACs that are only their own, as the provider wants them. */

import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import { PROVIDERS } from "../providers/index.ts";
import type { SiteDescription } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import { hostPart, shown } from "./check-host.ts";
import { gatewayOf } from "./resolve.ts";
import type { Guest, Host } from "./site.ts";

export function checkGuests(
  site: SiteDescription,
  hosts: ReadonlyMap<string, Host>,
  guests: readonly Guest[],
  context: CheckContext,
): void {
  for (const [name, guest] of Object.entries(site.guests ?? {})) {
    const host = hosts.get(guest.on);
    if (host !== undefined && guest.gateway === undefined && gatewayOf(host) === null) {
      const message = `${host.name} has no gateway that ${name} could use; write \`gateway\`.`;
      context.say("site/line-incomplete", "error", message, ["guests", name]);
    }
  }
  const addresses = new Map<string, SitePath>();
  for (const host of hosts.values()) {
    for (const one of host.uplinks) {
      if (one.address !== null) addresses.set(`${one.address.address}`, [...one.path, "address"]);
    }
  }
  const macs = new Map<string, SitePath>();
  for (const guest of guests) {
    const path = [...guest.path, "address"];
    const taken = addresses.get(`${guest.address.address}`);
    if (taken !== undefined) {
      const who = taken[0] === "guests" ? `${taken[1]}` : `the host ${taken[1]}`;
      const message = `${guest.name} and ${who} both have ${guest.address.address}.`;
      context.say("site/same-address", "error", message, path, taken);
    } else addresses.set(`${guest.address.address}`, path);
    if (guest.inet6?.address != null) {
      const six = `${guest.inet6.address.address}`;
      const sixPath = [...guest.path, "inet6", "address"];
      const before = addresses.get(six);
      if (before !== undefined) {
        context.say("site/same-address", "error", `${guest.name} and ${before[1]} both have ${six}.`, sixPath, before);
      } else addresses.set(six, sixPath);
    }
    hostPart(guest.address, path, context);
    checkMac(guest, macs, context);
    checkGateway(guest, hosts.get(guest.on), context);
    if (guest.system.family === "macos") {
      context.say("site/not-built", "error", "No files are built for macOS.", [...guest.path, "system"]);
    }
  }
}

function checkMac(guest: Guest, macs: Map<string, SitePath>, context: CheckContext): void {
  const path = [...guest.path, "mac"];
  const before = macs.get(guest.mac);
  if (before !== undefined) {
    context.say("site/same-mac", "error", `${guest.name} and ${before[1]} have the same MAC.`, path, before);
  } else macs.set(guest.mac, path);
  // IEEE 802: the lowest bit of the first octet makes a group address, which no card can have.
  if ((Number.parseInt(guest.mac.slice(0, 2), 16) & 1) === 1 || guest.mac === "00:00:00:00:00:00") {
    context.say("site/mac-not-a-card", "error", `${guest.mac} is no address of one card.`, path);
    return;
  }
  const provider = PROVIDERS[guest.provider];
  if (provider.macPrefixes.length > 0 && !provider.macPrefixes.some((prefix) => guest.mac.startsWith(prefix))) {
    const message = `${guest.mac} is no virtual MAC of ${provider.title}, which begin with ${provider.macPrefixes.join(", ")}: ${provider.facts.mac.text}. Frames from another MAC are dropped.`;
    context.say("site/mac-rule", "error", message, path);
  }
}

function checkGateway(guest: Guest, host: Host | undefined, context: CheckContext): void {
  const { address, length } = guest.address;
  if (guest.gateway.equals(address)) {
    const message = "The gateway is the guest's own address.";
    context.say("site/gateway-is-own-address", "error", message, [...guest.path, "address"]);
    return;
  }
  if (length < 31 && guest.gatewayOnLink) {
    const message = `The gateway ${guest.gateway} is outside ${shown(guest.address)}: the address stands alone, and /${length} takes its neighbours' addresses to be on the wire. Write ${address} without a length.`;
    context.say("site/netmask-swallows-neighbours", "error", message, [...guest.path, "address"]);
  }
  const provider = PROVIDERS[guest.provider];
  const own = gatewayOf(host);
  if (
    provider.gateway === "host" &&
    length === 32 &&
    own !== null &&
    !own.equals(guest.gateway) &&
    !provider.gateways.includes(`${guest.gateway}`)
  ) {
    const message = `${provider.title}: ${provider.facts.gateway.text}. That of ${host?.name} is ${own}.`;
    context.say("site/gateway-rule", "warning", message, [...guest.path, "gateway"]);
  }
}
