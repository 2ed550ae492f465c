/** The files of one host or guest. */
import type { Guest, Host, Site } from "../model/site.ts";
import { advertising } from "./advertise.ts";
import { bareBridge, bridgeFiles } from "./bridge-files.ts";
import type { BuiltGateway, BuiltMachine } from "./built.ts";
import { ownAddress } from "./card.ts";
import { delegation } from "./delegation.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { freebsdCards } from "./freebsd.ts";
import { hasBalance, head } from "./gateway.ts";
import { hotspotFiles } from "./hotspot.ts";
import { guestRunner } from "./hypervisor.ts";
import { enableIfstated, ifstatedFiles } from "./ifstated-conf.ts";
import { linuxCards, resolvConf } from "./linux.ts";
import { netbsdCards } from "./netbsd.ts";
import { openbsdCards } from "./openbsd.ts";
import { pfFiles } from "./pf-conf.ts";
import { guestStation, hostStation, type Station } from "./station.ts";
import { freebsdLeaseHook, netbsdLeaseHook } from "./tunnel.ts";
import { enableVpn, vpnFiles } from "./vpn.ts";
import { enableFreebsdVpn, freebsdVpnFiles } from "./vpn-freebsd.ts";
import { nftWire } from "./wire.ts";

/** @param guests of this host, in the order in which they start */
export function buildHost(host: Host, guests: readonly Guest[], site: Site): BuiltMachine {
  const station = hostStation(host);
  return {
    name: host.name,
    kind: "host",
    path: host.path,
    system: host.system,
    gateways: gatewaysOf(station),
    leased: station.cards.filter((card) => card.dhcp).map((card) => card.interface),
    files: filesOf(station, guests, site),
    secrets: host.secrets.map((secret) => ({ path: secret.file, from: secret.reference })),
    scenarios: host.scenarios,
    policies: host.policies,
  };
}

export function buildGuest(guest: Guest, site: Site): BuiltMachine {
  const station = guestStation(guest);
  return {
    name: guest.name,
    kind: "guest",
    path: guest.path,
    system: guest.system,
    gateways: gatewaysOf(station),
    leased: station.cards.filter((card) => card.dhcp).map((card) => card.interface),
    files: filesOf(station, [], site),
    secrets: [],
    scenarios: [],
    policies: [],
  };
}

function gatewaysOf({ cards }: Station): BuiltGateway[] {
  return cards.flatMap((card) =>
    [card.gateway, card.inet6Gateway].flatMap((gateway) => {
      const own = gateway === null ? null : ownAddress(card, gateway.address.family);
      if (gateway === null || own === null || !gateway.isDefault) return [];
      return [{ interface: card.interface, own, address: gateway.address, path: gateway.path }];
    }),
  );
}

function filesOf(station: Station, guests: readonly Guest[], site: Site): BuiltFile[] {
  const { family } = station.host.system;
  const files = { openbsd, freebsd, netbsd, linux, macos: () => [] }[family](station, guests, site.name);
  // Linux has no wheel.
  const owned =
    family === "linux" ? files.map((file) => (file.group === "wheel" ? { ...file, group: "root" } : file)) : files;
  return owned.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function forwards(host: Host): { readonly four: boolean; readonly six: boolean } {
  const has = (family: number): boolean =>
    host.lans.some((lan) => lan.addresses.some(({ address }) => address.family === family));
  return { four: has(4) || host.vpn.length > 0, six: has(6) || host.lans.some((lan) => lan.delegated) };
}

function openbsd(station: Station, guests: readonly Guest[], site: string): BuiltFile[] {
  const { host } = station;
  const files = openbsdCards(station.cards, station.tunnels, host.system);
  files.push(new FileWriter("/etc/myname").line(host.name, host.path).finish());
  if (station.filters) files.push(...pfFiles(host, site, { guests, inet6: station.inet6Lines }));
  const lans = [...host.path, "lans"];
  const sysctl = new FileWriter("/etc/sysctl.conf");
  if (forwards(host).four) sysctl.line("net.inet.ip.forwarding=1\t# this box is a gateway", lans);
  if (forwards(host).six) sysctl.line("net.inet6.ip6.forwarding=1", lans);
  const rc = new FileWriter("/etc/rc.conf.local");
  enableVpn(host, rc, sysctl);
  files.push(...vpnFiles(host, site));
  if (!sysctl.isEmpty) files.push(sysctl.finish());
  const announced = advertising(host, site);
  const asked = delegation(host, site);
  files.push(...announced.files, ...asked.files);
  for (const line of announced.switches) rc.line(line, lans);
  const portal = hotspotFiles(host, site);
  files.push(...portal.files);
  for (const { line, from } of portal.switches) rc.line(line, from);
  for (const name of asked.daemons.filter((one) => one !== "dhcpcd")) rc.line(`${name}_flags=`, ...asked.from);
  const scripts = [...asked.daemons.filter((one) => one === "dhcpcd"), ...portal.scripts];
  if (scripts.length > 0) {
    const quote = scripts.length > 1 ? '"' : "";
    rc.line(
      `pkg_scripts=${quote}${scripts.join(" ")}${quote}`,
      ...asked.from,
      ...(host.hotspot === null ? [] : [host.hotspot.path]),
    );
  }
  if (watchesLines(station)) {
    rc.line(enableIfstated(host), [...host.path, "uplinks"]);
    files.push(...ifstatedFiles(host, station.tunnels, site));
  }
  files.push(...bridgeFiles(station, guests), ...guestRunner(host, guests, site, rc));
  if (!rc.isEmpty) files.push(rc.finish());
  if (station.dns.length > 0 && host.hotspot === null) files.push(resolvConf(station.dns));
  return files;
}

/** ifstated(8) runs where there are lines to choose from, and on OpenBSD where a tunnel starts at a leased address. */
function watchesLines({ host, tunnels }: Station): boolean {
  return hasBalance(host) || (host.system.family === "openbsd" && tunnels.some((end) => end.local === null));
}

function freebsd(station: Station, guests: readonly Guest[], site: string): BuiltFile[] {
  const { host } = station;
  const rc = new FileWriter("/etc/rc.conf");
  head(rc, site, `${host.name}: what boot sets up and starts.`);
  rc.blank().line(`hostname="${host.name}"`, host.path);
  freebsdCards(rc, station);
  const { four, six } = forwards(host);
  if (four) rc.line('gateway_enable="YES"', [...host.path, "lans"]);
  if (six) rc.line('ipv6_gateway_enable="YES"', [...host.path, "lans"]);
  const announced = advertising(host, site);
  const asked = delegation(host, site);
  for (const line of announced.switches) rc.line(line, [...host.path, "lans"]);
  for (const name of asked.daemons) rc.line(`${name}_enable="YES"`, ...asked.from);
  const portal = hotspotFiles(host, site);
  for (const { line, from } of portal.switches) rc.line(line, from);
  const slaac = station.cards.filter((card) => card.inet6?.method === "slaac");
  if (slaac.length > 0) rc.line('rtsold_enable="YES"', ...slaac.map((card) => card.inet6?.path ?? card.path));
  const ssh = host.services.find((one) => one.port === "ssh" || one.port === "22");
  if (ssh !== undefined) rc.line('sshd_enable="YES"', ssh.path);
  const files: BuiltFile[] = [...announced.files, ...asked.files, ...portal.files];
  const sysctl = new FileWriter("/etc/sysctl.conf");
  // RFC 6204 W-3: a router listens to routers on its line. Without it FreeBSD does not, once it forwards (inet6(4)).
  if (six && slaac.length > 0) sysctl.line("net.inet6.ip6.rfc6204w3=1", [...host.path, "lans"]);
  enableFreebsdVpn(host, rc, sysctl);
  files.push(...freebsdVpnFiles(host, site));
  if (!sysctl.isEmpty) files.push(sysctl.finish());
  if (station.filters) {
    rc.line('pf_enable="YES"', station.kind === "guest" ? [...host.path, "services"] : host.path);
    files.push(...pfFiles(host, site, { guests, inet6: station.inet6Lines }));
  }
  if (hasBalance(host)) {
    rc.line(enableIfstated(host), [...host.path, "uplinks"]);
    files.push(...ifstatedFiles(host, station.tunnels, site));
  }
  files.push(...some(freebsdLeaseHook(station.tunnels, site)));
  files.push(...bridgeFiles(station, guests), ...guestRunner(host, guests, site, rc), rc.finish());
  if (station.dns.length > 0) files.push(resolvConf(station.dns));
  return files;
}

/**
 * The switches of rc.conf(5) go into files of their own below /etc/rc.conf.d: rc.conf itself is where the installer says
 * that the system is set up at all, and is left alone.
 */
function netbsd(station: Station, guests: readonly Guest[], site: string): BuiltFile[] {
  const { host } = station;
  const files = netbsdCards(station.cards, station.tunnels, host.system);
  files.push(new FileWriter("/etc/myname").line(host.name, host.path).finish());
  if (station.filters) {
    files.push(...pfFiles(host, site, { guests, inet6: station.inet6Lines }));
    const from = station.kind === "guest" ? [...host.path, "services"] : host.path;
    files.push(new FileWriter("/etc/rc.conf.d/pf").line("pf=YES", from).finish());
  }
  const asked = delegation(host, site);
  files.push(...asked.files);
  for (const name of asked.daemons) {
    files.push(new FileWriter(`/etc/rc.conf.d/${name}`).line(`${name}=YES`, ...asked.from).finish());
  }
  files.push(...some(netbsdLeaseHook(station.tunnels, site)));
  const rc = new FileWriter("/etc/rc.conf.d/guests");
  files.push(...bridgeFiles(station, guests), ...guestRunner(host, guests, site, rc));
  if (!rc.isEmpty) files.push(rc.finish());
  if (station.dns.length > 0) files.push(resolvConf(station.dns));
  return files;
}

function some(file: BuiltFile | null): BuiltFile[] {
  return file === null ? [] : [file];
}

function linux(station: Station, guests: readonly Guest[], site: string): BuiltFile[] {
  const { host, bridge, dns, mac } = station;
  const cards =
    bridge === null || station.cards.some((card) => card.interface === bridge.name)
      ? station.cards
      : [...station.cards, bareBridge(bridge)];
  const lone = host.hotspot?.lan ?? null;
  const files = linuxCards(cards, { network: host.network, dns, mac, bridge, tunnels: station.tunnels, guests: lone });
  files.push(new FileWriter("/etc/hostname").line(host.name, host.path).finish());
  files.push(...delegation(host, site).files, ...hotspotFiles(host, site).files);
  files.push(...some(nftWire(host, guests, site)));
  const unused = new FileWriter("");
  files.push(...guestRunner(host, guests, site, unused));
  return files;
}
