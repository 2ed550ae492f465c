/** Whether a captive portal can be what it is said to be; what its own options say together, its own reader checks. */

import { formatPrefix, isAtLeast, type Prefix, parseAddress } from "@pierhead/core";
import { PORTAL_STATE } from "@pierhead/lang/service-file";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import type { HostDescription } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import { dynamicClients, type Hotspot, portalFiles, portalSecrets } from "./hotspot.ts";
import type { Host } from "./site.ts";

export function checkHotspot(host: Host, description: HostDescription, context: CheckContext): void {
  if (description.hotspot === undefined) return;
  const path = [...host.path, "hotspot"];
  checkReferences(host, description, context, path);
  checkPlace(host, description, context, path);
  const { hotspot } = host;
  if (hotspot === null) return;
  checkGuests(host, hotspot, context);
  checkPool(hotspot, context);
  checkResolver(host, hotspot, context);
  checkAdmin(host, hotspot, context);
  checkFiles(host, hotspot, context);
  checkFolders(host, hotspot, context);
  checkDynamic(hotspot, context);
}

function checkReferences(host: Host, { hotspot }: HostDescription, context: CheckContext, path: SitePath): void {
  const names = (all: readonly { readonly name: string }[]): string => all.map((one) => one.name).join(", ");
  if (!host.lans.some((lan) => lan.name === hotspot?.guests)) {
    const have = host.lans.length === 0 ? "it has none: write one under `lans`" : `it has ${names(host.lans)}`;
    const message = `${host.name} has no LAN called ${hotspot?.guests} for the guests; ${have}.`;
    context.say("site/unknown-reference", "error", message, [...path, "guests"]);
  }
  if (host.uplinks.length === 0) {
    const message = `${host.name} has no line to the internet: write one under \`uplinks\`.`;
    context.say("site/line-incomplete", "error", message, path);
  } else if (hotspot?.uplink !== undefined && !host.uplinks.some((line) => line.name === hotspot.uplink)) {
    const message = `${host.name} has no line called ${hotspot.uplink}; it has ${names(host.uplinks)}.`;
    context.say("site/unknown-reference", "error", message, [...path, "uplink"]);
  }
}

/** What a hotspot is not built beside: the portal's rules know one line and one network of guests. */
function checkPlace(host: Host, description: HostDescription, context: CheckContext, path: SitePath): void {
  const { system } = host;
  const refuse = (message: string, at: SitePath = path, other: SitePath | null = null): void =>
    context.say("site/not-built", "error", message, at, other);
  if (system.family === "netbsd" || system.family === "macos") {
    refuse(`The portal runs on OpenBSD, FreeBSD and Linux, not ${system.name}.`, path, [...host.path, "system"]);
  } else if (system.family === "openbsd" && !isAtLeast(system, "openbsd", 7)) {
    refuse("A hotspot is built from OpenBSD 7.0 on.", path, [...host.path, "system"]);
  } else if (system.family === "freebsd" && !isAtLeast(system, "freebsd", 14)) {
    refuse("A hotspot is built from FreeBSD 14.0 on.", path, [...host.path, "system"]);
  }
  if (host.uplinks.length > 1) {
    refuse("A hotspot is built behind one line: the portal's rules let guests out by that one only.", [
      ...host.path,
      "uplinks",
    ]);
  }
  if (host.vpn.length > 0)
    refuse("A VPN head-end and a hotspot are not built on one host.", path, [...host.path, "vpn"]);
  if (host.tunnels.length > 0) {
    refuse("Guests would leave by the line and not by the tunnel: a hotspot is not built beside one.", path, [
      ...host.path,
      "tunnels",
    ]);
  }
  if (host.hypervisor !== null) {
    refuse("A hotspot and virtual machines are not built on one host.", path, host.hypervisor.path);
  }
  if (system.family !== "linux") return;
  if (description.network === "ifupdown") {
    refuse("On Linux a hotspot is built with systemd-networkd.", [...host.path, "network"]);
  }
  for (const lan of host.lans) {
    if (lan.name === description.hotspot?.guests) continue;
    refuse("On Linux the guests' LAN is the only one that is built.", lan.path, path);
  }
}

function checkGuests(host: Host, hotspot: Hotspot, context: CheckContext): void {
  const { lan, uplink, own, path } = hotspot;
  if (lan.delegated) {
    const message = `What is delegated for ${lan.name} is not known beforehand, and the portal has to know the guests' networks: write its IPv6 address, or leave IPv6 out.`;
    context.say("site/not-built", "error", message, [...path, "guests"], lan.path);
  }
  if (!own.some(({ prefix }) => prefix.address.family === 4)) {
    const message = `The guests' LAN ${lan.name} has no IPv4 address, so there is nothing to lease.`;
    context.say("site/hotspot-guests", "error", message, [...lan.path, "addresses"], [...path, "guests"]);
  }
  for (const { prefix, path: at } of own) {
    if (prefix.address.family !== 6) continue;
    if (prefix.length !== 64) {
      const message = `Guests make up their IPv6 addresses themselves, and that takes a /64 (RFC 4862), not a /${prefix.length}.`;
      context.say("site/hotspot-guests", "error", message, at);
    } else if (uplink.inet6 === null) {
      const message = `Guests get IPv6 addresses, and ${host.name} has no line with IPv6: nothing is announced to them.`;
      context.say("site/hotspot-guests", "warning", message, at, uplink.path);
    }
  }
}

function checkPool(hotspot: Hotspot, context: CheckContext): void {
  const { pool, own } = hotspot;
  const first = own.find(({ prefix }) => prefix.address.family === 4);
  if (pool === null || first === undefined) return;
  const { address, length } = first.prefix;
  const say = (message: string): void =>
    context.say("site/hotspot-pool", "error", message, pool.path, pool.path === first.path ? null : first.path);
  const network = formatPrefix({ address: address.masked(length), length });
  if (length > 29) {
    say(`${network} has no room for guests: a /29 or larger is wanted.`);
  } else if (pool.from.compare(pool.to) > 0) {
    say(`The pool begins at ${pool.from}, after its end ${pool.to}.`);
  } else if (!pool.from.isIn(address, length) || !pool.to.isIn(address, length)) {
    const outside = pool.from.isIn(address, length) ? pool.to : pool.from;
    say(`${outside} is outside the guests' network ${network}.`);
  } else if (pool.from.equals(address.masked(length)) || pool.to.equals(address.filled(length))) {
    say(`The first and the last address of ${network} are nobody's.`);
  } else {
    const taken = own.find(
      ({ prefix }) =>
        prefix.address.family === 4 && prefix.address.compare(pool.from) >= 0 && prefix.address.compare(pool.to) <= 0,
    );
    if (taken !== undefined) say(`The gateway's own ${taken.prefix.address} would be leased to a guest.`);
  }
}

/** unbound(8) of OpenBSD asks the root servers itself; dnsmasq(8) has to be told whom to ask. */
function checkResolver(host: Host, { path }: Hotspot, context: CheckContext): void {
  if (host.system.family === "openbsd" || host.dns.length > 0) return;
  const message = `The guests' resolver, dnsmasq, does not resolve by itself: write \`dns\` with the servers it asks.`;
  context.say("site/hotspot-resolver", "error", message, path);
}

function checkAdmin(host: Host, { options, own, path }: Hotspot, context: CheckContext): void {
  const { admin } = options;
  if (admin === undefined) return;
  const at = [...path, "admin"];
  const listen = parseAddress(admin.listen ?? "127.0.0.1");
  if (listen === null || listen.isLoopback()) return;
  const port = admin.port ?? 8444;
  if (admin.fromGuests === true) {
    const message =
      "Whoever signed in as a guest may try passwords at the admin page; without `fromGuests` it is reached by ssh.";
    context.say("site/hotspot-admin", "warning", message, [...at, "fromGuests"]);
  }
  const line = host.uplinks.find((one) => one.address?.address.equals(listen) === true);
  const others = host.lans.flatMap((lan) => lan.addresses.map((prefix) => prefix.address));
  const isOwn = line !== undefined || listen.isUnspecified() || others.some((one) => one.equals(listen));
  // The address of a lease is not known here.
  if (!isOwn && !host.uplinks.some((one) => one.dhcp)) {
    const message = `${host.name} has no address ${listen}, so the admin page cannot listen there.`;
    context.say("site/hotspot-admin", "error", message, [...at, "listen"]);
  }
  const atGuests = own.some(({ prefix }) => prefix.address.equals(listen));
  const offered = host.services.some((service) => service.protocol === "tcp" && service.port === String(port));
  if (!atGuests && !offered && (line !== undefined || listen.isUnspecified())) {
    const message = `The rules let nobody in to port ${port}: add it to \`services\`, with \`from\`, for those who shall reach the admin page.`;
    context.say("site/hotspot-admin", "warning", message, [...at, "listen"]);
  }
}

/** Secrets and certificates lie on the host; `secrets` says which of them are put there. */
function checkFiles(host: Host, hotspot: Hotspot, context: CheckContext): void {
  const put = new Set(host.secrets.map((one) => one.file));
  const files = [...portalFiles(hotspot)];
  for (const { reference, path } of portalSecrets(hotspot)) {
    if (reference.startsWith("env:")) {
      const message = `Nothing sets the variable ${reference.slice(4)} for a daemon that starts at boot: write \`file:/path\`, and under \`secrets\` what goes there.`;
      context.say("site/hotspot-secret", "error", message, path);
    } else files.push({ file: reference.slice(5), path });
  }
  const said = new Set<string>();
  for (const { file, path } of files) {
    if (!file.startsWith("/")) {
      context.say("site/hotspot-secret", "error", `\`${file}\` is a file of the host: write its whole path.`, path);
    } else if (!put.has(file) && !said.has(file)) {
      said.add(file);
      const message = `Nobody puts ${file} on the host: name it under \`secrets\`, or see to it yourself.`;
      context.say("site/hotspot-secret", "note", message, path);
    }
  }
}

/** On Linux the unit lets the portal write below one folder. */
function checkFolders(host: Host, { options, path }: Hotspot, context: CheckContext): void {
  if (host.system.family !== "linux") return;
  const say = (written: string, at: SitePath): void => {
    if (written.startsWith(`${PORTAL_STATE}/`) && !written.split("/").includes("..")) return;
    const message = `On Linux the portal writes below ${PORTAL_STATE} only, and not to ${written}.`;
    context.say("site/hotspot-folder", "error", message, [...path, ...at]);
  };
  const certificate = options.portal?.certificate;
  if (certificate !== undefined && "acme" in certificate) say(certificate.folder, ["portal", "certificate", "folder"]);
  const { store } = options;
  if (store?.startsWith("sqlite:") === true) say(store.slice("sqlite:".length), ["store"]);
}

/** A server on the guests' side would have to come through the wall that it changes. */
function checkDynamic(hotspot: Hotspot, context: CheckContext): void {
  const within = (prefix: Prefix, address: Prefix["address"]): boolean =>
    prefix.address.family === address.family && address.isIn(prefix.address, prefix.length);
  for (const { address, path } of dynamicClients(hotspot)) {
    if (!hotspot.own.some(({ prefix }) => within(prefix, address))) continue;
    const message = `${address} is on the guests' side, where nobody may change sessions.`;
    context.say("site/hotspot-guests", "error", message, [...path, "address"]);
  }
}
