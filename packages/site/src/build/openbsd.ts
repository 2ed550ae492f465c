/** Network files of OpenBSD: hostname.if(5), mygate(5), sysctl.conf(5), rc.conf.local(8). */
import { isAtLeast, type System } from "@pierhead/core";
import type { Card, CardGateway } from "./card.ts";
import { netmask, ownAddress, scoped } from "./card.ts";
import { inet6Client } from "./delegation.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { openbsdTunnel, type TunnelEnd } from "./tunnel.ts";

/** netstart(8) runs commands with `!` after the lines above them; hostname.if may hold keys, so only root reads it. */
const MODE = 0o640;

export function openbsdCards(cards: readonly Card[], tunnels: readonly TunnelEnd[], system: System): BuiltFile[] {
  // netstart ignores mygate as soon as one interface asks a server for its address.
  const leases = cards.some((card) => card.dhcp);
  const files = cards.map((card) => hostnameFile(card, leases, system));
  const mygate = new FileWriter("/etc/mygate");
  for (const { gateway, inet6Gateway, interface: name } of cards) {
    if (gateway !== null && !gateway.onLink && !leases) mygate.line(`${gateway.address}`, gateway.path);
    if (inet6Gateway !== null && !inet6Gateway.onLink)
      mygate.line(scoped(inet6Gateway.address, name), inet6Gateway.path);
  }
  if (!mygate.isEmpty) files.push(mygate.finish());
  files.push(...tunnels.map(openbsdTunnel));
  return files;
}

function hostnameFile(card: Card, leases: boolean, system: System): BuiltFile {
  const out = new FileWriter(`/etc/hostname.${card.interface}`, { mode: MODE });
  const described = card.description === "" ? "" : ` description "${card.description}"`;
  const [first] = card.addresses;
  // `inet autoconf` is dhcpleased(8)'s, from 7.0; before, dhclient(8) was started by `dhcp`.
  if (card.dhcp) out.line(isAtLeast(system, "openbsd", 7) ? "inet autoconf" : "dhcp", [...card.path, "dhcp"]);
  let seenFour = false;
  for (const { prefix, path } of card.addresses) {
    const more = prefix === first?.prefix ? described : "";
    if (prefix.address.family === 6) {
      out.line(`inet6 ${prefix.address} ${prefix.length}${more}`, path);
    } else {
      out.line(`inet ${seenFour ? "alias " : ""}${prefix.address} ${netmask(prefix)} NONE${more}`, path);
      seenFour = true;
    }
  }
  if (card.inet6 !== null && inet6Client(card.inet6, system, "ifupdown") !== "dhcpcd") {
    // slaacd(8) from 6.2; before, ifconfig(8) had the kernel do it, from 5.6, and rtsol(8) before that.
    out.line(isAtLeast(system, "openbsd", 5, 6) ? "inet6 autoconf" : "rtsol", card.inet6.path);
  } else if (card.inet6 !== null && ownAddress(card, 6) === null) {
    // Without any address of its own a card has no link-local one either, and dhcpcd nothing to ask from.
    out.line("inet6 eui64", card.inet6.path);
  }
  if (card.dhcp && described !== "") out.line(described.trim(), [...card.path, "description"]);
  if (!card.dhcp && card.addresses.length === 0) out.line(`up${described}`, card.path);
  if (card.mtu !== null) out.line(`mtu ${card.mtu}`, [...card.path, "mtu"]);
  if (card.gateway !== null) openbsdGateway(out, card, card.gateway, leases);
  if (card.inet6Gateway?.onLink === true) openbsdGateway(out, card, card.inet6Gateway, leases);
  for (const { address, mac, path } of card.neighbours) {
    out.line(`!/usr/sbin/arp -s ${address} ${mac} permanent > /dev/null`, path);
  }
  return out.finish();
}

/**
 * A gateway on no network of ours needs a route that clones a neighbour out of it, as dhcpleased(8) makes it for
 * leases of this kind. It must be there before the default route, and mygate(5) knows nothing of the link.
 */
function openbsdGateway(out: FileWriter, card: Card, gateway: CardGateway, leases: boolean): void {
  const { address, path } = gateway;
  const link = [...card.path, "interface"];
  if (!gateway.onLink) {
    if (leases && address.family === 4) out.line(`!/sbin/route -qn add default ${address}`, path);
    return;
  }
  const to =
    address.family === 4
      ? `-net ${address} -netmask 255.255.255.255`
      : // route(8), EXAMPLES: IPv6 takes the address alone.
        `-inet6 ${address}`;
  out.line(`!/sbin/route -qn add ${to} -link -cloning -iface ${card.interface}`, path, link);
  if (!gateway.isDefault) return;
  const family = address.family === 6 ? "-inet6 " : "";
  out.line(`!/sbin/route -qn add ${family}default -ifa ${ownAddress(card, address.family)} ${address}`, path, link);
}
