/**
 * Layer 2 of a wire that is shared with strangers: what a guest may send is tied to its own MAC and addresses, and what
 * only routers and servers send is not taken from guests. Each system has another place for it: rules of bridge(4) and
 * veb(4) on OpenBSD, address limits of if_bridge(4) on FreeBSD, a bridge table of nftables on Linux. What the packets
 * carry is for pf where it sees them (see guest-rules.ts).
 */
import { formatPrefix, isAtLeast } from "@pierhead/core";
import type { Guest, Host } from "../model/site.ts";
import { PROVIDERS } from "../providers/index.ts";
import type { SitePath } from "../read/index.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

/** Whether strangers are on the wire, as far as anybody knows. */
export function isShared(host: Host): boolean {
  return PROVIDERS[host.provider].sharedWire;
}

function macPath(guest: Guest): SitePath {
  return [...guest.path, "mac"];
}

/** Next hops whose MAC the site knows. */
function knownGateways(host: Host, guests: readonly Guest[]): { ip: string; mac: string; path: SitePath }[] {
  const found = new Map<string, { ip: string; mac: string; path: SitePath }>();
  for (const line of host.uplinks) {
    if (line.gateway !== null && line.gatewayMac !== null) {
      const path = [...line.path, "gatewayMac"];
      found.set(`${line.gateway}`, { ip: `${line.gateway}`, mac: line.gatewayMac, path });
    }
  }
  for (const guest of guests) {
    if (guest.gatewayMac === null || found.has(`${guest.gateway}`)) continue;
    found.set(`${guest.gateway}`, { ip: `${guest.gateway}`, mac: guest.gatewayMac, path: guest.path });
  }
  return [...found.values()];
}

/**
 * Lines of hostname.bridge0 or hostname.veb0, behind `add` of the card. The first rule of an interface that matches
 * decides (bridge(4)). vmd(8) opens taps that are there already, and adds them to a bridge they are in.
 */
export function openbsdWireRules(out: FileWriter, host: Host, guests: readonly Guest[]): void {
  if (!isShared(host) || guests.length === 0) return;
  // Rules look into ARP from OpenBSD 6.5 on; before they know frames by their addresses alone.
  const looksIntoArp = isAtLeast(host.system, "openbsd", 6, 5);
  out.line("# Guests send from their own MAC and, in ARP, for their own address only.", host.path);
  guests.forEach((guest, index) => {
    const tap = `tap${index}`;
    const { mac } = guest;
    const own = [macPath(guest), guest.path];
    const arp = [macPath(guest), [...guest.path, "address"]];
    out.line(`!/sbin/ifconfig ${tap} create 2> /dev/null`, guest.path);
    out.line(`!/sbin/ifconfig ${tap} up`, guest.path).line(`add ${tap}`, guest.path);
    if (looksIntoArp) {
      out.line(`rule pass in on ${tap} src ${mac} arp sha ${mac} spa ${guest.address.address}`, ...arp);
      out.line(`rule block in on ${tap} arp`, ...arp);
    }
    out.line(`rule pass in on ${tap} src ${mac}`, ...own);
    out.line(`rule block in on ${tap}`, ...own);
  });
  const card = host.hypervisor?.interface ?? "";
  if (!looksIntoArp) return;
  for (const { ip, mac, path } of knownGateways(host, guests)) {
    out.line(`# Only the gateway says that it is ${ip}.`, path);
    out.line(`rule pass in on ${card} arp sha ${mac} spa ${ip}`, path);
    out.line(`rule block in on ${card} arp spa ${ip}`, path);
  }
}

/** if_bridge(4): with one address that is known beforehand and room for no other, frames from any other are dropped. */
export function freebsdWireCommands(host: Host, guest: Guest, tap: string): { text: string; from: SitePath[] }[] {
  if (!isShared(host) || host.hypervisor === null) return [];
  const { bridge } = host.hypervisor;
  const from = [macPath(guest)];
  return [
    { text: `ifconfig ${bridge} static ${tap} ${guest.mac} 2> /dev/null`, from },
    { text: `ifconfig ${bridge} ifmaxaddr ${tap} 1`, from },
  ];
}

export const NFT_FILE = "/etc/guests/wire.nft";

/** nft(8), family bridge: one chain for every guest, one for the card. Null where nothing is shared. */
export function nftWire(host: Host, guests: readonly Guest[], site: string): BuiltFile | null {
  if (!isShared(host) || guests.length === 0 || host.hypervisor === null) return null;
  const out = new FileWriter(NFT_FILE);
  head(out, site, `${host.name}: what guests may send, and what strangers on the wire may not.`);
  // So that it can be loaded again.
  out.blank().line("table bridge guests").line("delete table bridge guests").blank();
  out.line("table bridge guests {");
  out.line("\tchain prerouting {").line("\t\ttype filter hook prerouting priority -300; policy accept;");
  guests.forEach((guest, index) => {
    out.line(`\t\tiifname "tap${index}" jump ${chainOf(guest)}`, guest.path);
  });
  out.line(`\t\tiifname "${host.hypervisor.interface}" jump wire`, host.hypervisor.interfacePath).line("\t}");
  for (const guest of guests) guestChain(out, guest);
  wireChain(out, host, guests);
  return out.line("}").finish();
}

function chainOf(guest: Guest): string {
  return `guest_${guest.name.replaceAll("-", "_")}`;
}

function guestChain(out: FileWriter, guest: Guest): void {
  const mac = macPath(guest);
  const address = [...guest.path, "address"];
  const own = guest.address.address;
  out.blank().line(`\tchain ${chainOf(guest)} {`, guest.path);
  const rule = (text: string, ...from: readonly SitePath[]): void => {
    out.line(`\t\t${text} drop`, ...from);
  };
  rule(`ether saddr != ${guest.mac}`, mac);
  rule(`ether type != { ${guest.inet6 === null ? "ip, arp" : "ip, arp, ip6"} }`, guest.path);
  rule(`arp saddr ether != ${guest.mac}`, mac);
  // 0.0.0.0 asks whether an address is free (RFC 5227).
  rule(`arp saddr ip != { 0.0.0.0, ${own} }`, address);
  rule(`ip saddr != ${own}`, address);
  if (guest.inet6 !== null) {
    const { address: six, prefix } = guest.inet6;
    const networks = [
      ...(prefix === null ? [] : [formatPrefix(prefix)]),
      ...(six === null || (prefix !== null && six.address.isIn(prefix.address, prefix.length))
        ? []
        : [`${six.address}`]),
    ];
    // Neighbours are found from link-local addresses, and from none before an address is one's own.
    if (networks.length > 0) rule(`ip6 saddr != { ::, fe80::/10, ${networks.join(", ")} }`, guest.inet6.path);
    rule("icmpv6 type { nd-router-advert, nd-redirect }", guest.inet6.path);
    rule("meta l4proto udp udp sport 547", guest.inet6.path);
  }
  rule("meta l4proto udp udp sport 67", guest.path);
  out.line("\t}");
}

/** What comes from the wire: servers and routers only where a guest asks for them. */
function wireChain(out: FileWriter, host: Host, guests: readonly Guest[]): void {
  const all = guests.flatMap((guest) => (guest.inet6 === null ? [] : [guest.inet6]));
  const listens = all.some((one) => one.method !== "static") || host.uplinks.some((line) => line.inet6 !== null);
  const asks =
    all.some((one) => one.method === "dhcpv6-pd") || host.uplinks.some((line) => line.inet6?.method === "dhcpv6-pd");
  out.blank().line("\tchain wire {");
  if (!listens) out.line("\t\ticmpv6 type { nd-router-advert, nd-redirect } drop", host.path);
  if (!asks) out.line("\t\tmeta l4proto udp udp dport 546 drop", host.path);
  if (!host.uplinks.some((line) => line.dhcp)) out.line("\t\tmeta l4proto udp udp dport 68 drop", host.path);
  for (const { ip, mac, path } of knownGateways(host, guests)) {
    out.line(`\t\tarp saddr ip ${ip} arp saddr ether != ${mac} drop`, path);
  }
  out.line("\t}");
}
