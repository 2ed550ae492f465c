/** Network files of Linux: systemd.network(5), systemd.link(5), systemd.netdev(5), or interfaces(5) of ifupdown. */
import type { Address } from "@pierhead/core";
import type { SitePath } from "../read/index.ts";
import type { LinuxNetwork } from "../schema/index.ts";
import type { Bridge } from "./bridge.ts";
import type { Card } from "./card.ts";
import { ownAddress } from "./card.ts";
import { networkdSections } from "./delegation.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { ifupdownTunnel, linuxTunnels, type TunnelEnd } from "./tunnel.ts";

export interface LinuxOptions {
  readonly network: LinuxNetwork;
  readonly dns: readonly { readonly address: Address; readonly path: SitePath }[];
  /** The cards' own MAC addresses, where the site knows them: a guest's. */
  readonly mac: { readonly text: string; readonly path: SitePath } | null;
  /** Bridge that guests hang on; its card is among the cards, under the bridge's name. */
  readonly bridge: Bridge | null;
  readonly tunnels: readonly TunnelEnd[];
  /** The card of a hotspot's guests, who may not be there when the machine starts. */
  readonly guests: Pick<Card, "interface" | "path"> | null;
}

export function linuxCards(cards: readonly Card[], options: LinuxOptions): BuiltFile[] {
  const files = options.network === "systemd-networkd" ? networkd(cards, options) : ifupdown(cards, options);
  return [...files, ...linuxTunnels(options.tunnels, options.network)];
}

const FOLDER = "/etc/systemd/network";

function networkd(cards: readonly Card[], options: LinuxOptions): BuiltFile[] {
  const files: BuiltFile[] = [];
  const { bridge, mac } = options;
  if (bridge !== null) files.push(...networkdBridge(bridge));
  const [first] = cards;
  if (mac !== null && first !== undefined && !/^eth\d+$/.test(first.interface)) {
    // udev names the card by its MAC, so that the name in the next file is right whatever slot it is in. Names like
    // eth0 are the kernel's own and cannot be given safely (systemd.link(5), Name=).
    const link = new FileWriter(`${FOLDER}/10-${first.interface}.link`);
    link.line("[Match]").line(`MACAddress=${mac.text}`, mac.path);
    link
      .blank()
      .line("[Link]")
      .line(`Name=${first.interface}`, [...first.path, "interface"]);
    files.push(link.finish());
  }
  for (const card of cards) {
    const alone = card.interface === options.guests?.interface;
    files.push(networkFile(card, card === first ? options.dns : [], alone));
  }
  return files;
}

/** @param alone what is behind the card may be off: its addresses are there all the same, and nothing waits for it */
function networkFile(card: Card, dns: LinuxOptions["dns"], alone: boolean): BuiltFile {
  const out = new FileWriter(`${FOLDER}/20-${card.interface}.network`);
  if (card.description !== "") out.line(`# ${card.description}`, [...card.path, "description"]);
  out.line("[Match]").line(`Name=${card.interface}`, [...card.path, "interface"]);
  if (card.mtu !== null || alone) out.blank().line("[Link]");
  if (card.mtu !== null) out.line(`MTUBytes=${card.mtu}`, [...card.path, "mtu"]);
  if (alone) out.line("RequiredForOnline=no", card.path);
  out.blank().line("[Network]");
  if (alone) out.line("ConfigureWithoutCarrier=yes", card.path);
  const asks = card.inet6?.method === "dhcpv6-pd";
  if (card.dhcp || asks) {
    const from = [...(card.dhcp ? [[...card.path, "dhcp"]] : []), ...(asks ? [card.inet6?.path ?? card.path] : [])];
    out.line(`DHCP=${card.dhcp ? (asks ? "yes" : "ipv4") : "ipv6"}`, ...from);
  }
  // Whoever is on the wire may announce himself a router (RFC 4861, 6.2): what is written here is what counts.
  if (card.inet6 === null) out.line("IPv6AcceptRA=no");
  else out.line("IPv6AcceptRA=yes", card.inet6.path);
  for (const { address, path } of dns) out.line(`DNS=${address}`, path);
  for (const { prefix, path } of card.addresses) {
    out.blank().line("[Address]").line(`Address=${prefix.address}/${prefix.length}`, path);
  }
  for (const gateway of [card.gateway, card.inet6Gateway]) {
    if (gateway === null) continue;
    out.blank().line("[Route]").line(`Gateway=${gateway.address}`, gateway.path);
    if (gateway.onLink) out.line("GatewayOnLink=yes", gateway.path);
  }
  for (const { address, mac, path } of card.neighbours) {
    out.blank().line("[Neighbor]", path).line(`Address=${address}`, path).line(`LinkLayerAddress=${mac}`, path);
  }
  if (card.inet6 !== null) networkdSections(out, card.inet6);
  return out.finish();
}

/**
 * The bridge has the MAC of its card: providers drop frames from one they do not know. Both networkd and udev would
 * make up another, and are told not to (systemd.netdev(5), `MACAddress=none` and its example).
 */
function networkdBridge(bridge: Bridge): BuiltFile[] {
  const { path } = bridge;
  const netdev = new FileWriter(`${FOLDER}/10-${bridge.name}.netdev`);
  netdev
    .line("[NetDev]")
    .line(`Name=${bridge.name}`, [...path, "bridge"])
    .line("Kind=bridge", [...path, "bridge"]);
  netdev.line("MACAddress=none", [...path, "bridge"]);
  netdev
    .blank()
    .line("[Bridge]")
    .line("STP=no", [...path, "bridge"]);
  const link = new FileWriter(`${FOLDER}/10-${bridge.name}.link`);
  link.line("[Match]").line(`OriginalName=${bridge.name}`, [...path, "bridge"]);
  link
    .blank()
    .line("[Link]")
    .line("MACAddressPolicy=none", [...path, "bridge"]);
  const port = new FileWriter(`${FOLDER}/15-${bridge.card}.network`);
  port.line("[Match]").line(`Name=${bridge.card}`, bridge.cardPath);
  if (bridge.mtu !== null) port.blank().line("[Link]").line(`MTUBytes=${bridge.mtu.octets}`, bridge.mtu.path);
  port
    .blank()
    .line("[Network]")
    .line(`Bridge=${bridge.name}`, [...path, "bridge"], bridge.cardPath);
  return [netdev.finish(), link.finish(), port.finish()];
}

function ifupdown(cards: readonly Card[], options: LinuxOptions): BuiltFile[] {
  const out = new FileWriter("/etc/network/interfaces");
  out.line("auto lo").line("iface lo inet loopback");
  const { bridge } = options;
  if (bridge !== null) {
    out.blank().line(`auto ${bridge.card}`, bridge.cardPath).line(`iface ${bridge.card} inet manual`, bridge.cardPath);
    if (bridge.mtu !== null) out.line(`\tmtu ${bridge.mtu.octets}`, bridge.mtu.path);
  }
  for (const card of cards) ifupdownCard(out, card, bridge);
  for (const end of options.tunnels) ifupdownTunnel(out, end);
  const files = [out.finish()];
  if (options.dns.length > 0) files.push(resolvConf(options.dns));
  return files;
}

function ifupdownCard(out: FileWriter, card: Card, bridge: Bridge | null): void {
  const name = card.interface;
  const link = [...card.path, "interface"];
  const isBridge = bridge !== null && bridge.name === name;
  out.blank();
  if (card.description !== "") out.line(`# ${card.description}`, [...card.path, "description"]);
  out.line(`auto ${name}`, link);
  const extra = (): void => {
    // bridge-utils-interfaces(5): the card goes in, no waiting for the spanning tree.
    if (isBridge) {
      out.line(`\tbridge_ports ${bridge.card}`, [...bridge.path, "bridge"], bridge.cardPath);
      out.line("\tbridge_stp off", bridge.path).line("\tbridge_fd 0", bridge.path);
    }
    // `mtu` is an option of `static` only (interfaces(5)).
    const mtu = card.dhcp ? `pre-up ip link set dev ${name} mtu` : "mtu";
    if (card.mtu !== null) out.line(`\t${mtu} ${card.mtu}`, [...card.path, "mtu"]);
  };
  if (card.dhcp) {
    out.line(`iface ${name} inet dhcp`, [...card.path, "dhcp"]);
    extra();
  } else if (card.addresses.length === 0) {
    out.line(`iface ${name} inet manual`, link);
    extra();
  }
  card.addresses.forEach(({ prefix, path }, index) => {
    const { family } = prefix.address;
    const gateway = family === 4 ? card.gateway : card.inet6Gateway;
    out.line(`iface ${name} inet${family === 6 ? "6" : ""} static`, link);
    out.line(`\taddress ${prefix.address}/${prefix.length}`, path);
    if (index === 0) extra();
    const firstOfFamily = card.addresses.findIndex((one) => one.prefix.address.family === family) === index;
    if (family === 4 && firstOfFamily) {
      for (const { address, mac, path: from } of card.neighbours) {
        out.line(`\tpost-up ip neigh replace ${address} lladdr ${mac} nud permanent dev ${name}`, from);
      }
    }
    if (gateway !== null && firstOfFamily) {
      if (gateway.onLink || gateway.address.isLinkLocal()) {
        // `gateway` would be refused: it is on no network of this card. `onlink` says that it is on the wire all the same.
        const ip = family === 6 ? "ip -6" : "ip";
        out.line(`\tpost-up ${ip} route add default via ${gateway.address} dev ${name} onlink`, gateway.path, link);
        out.line(`\tpre-down ${ip} route del default via ${gateway.address} dev ${name}`, gateway.path, link);
      } else out.line(`\tgateway ${gateway.address}`, gateway.path);
    }
    // Whoever is on the wire may announce himself a router: what is written here is what counts.
    if (family === 6 && firstOfFamily) out.line(`\taccept_ra ${card.inet6 === null ? 0 : 1}`);
  });
  if (card.inet6 !== null && ownAddress(card, 6) === null) {
    // dhcpcd listens to routers itself.
    const method = card.inet6.method === "slaac" ? "auto" : "manual";
    out.line(`iface ${name} inet6 ${method}`, card.inet6.path);
  }
}

/** resolv.conf(5), the same on every system. */
export function resolvConf(dns: LinuxOptions["dns"]): BuiltFile {
  const out = new FileWriter("/etc/resolv.conf");
  for (const { address, path } of dns) out.line(`nameserver ${address}`, path);
  return out.finish();
}
