/** Network files of NetBSD: ifconfig.if(5), mygate(5), myname(5). */
import { isAtLeast, type System } from "@pierhead/core";
import type { Card, CardGateway } from "./card.ts";
import { ownAddress, scoped } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { netbsdTunnel, type TunnelEnd } from "./tunnel.ts";

/** rc.d/network hands each line to ifconfig(8) and runs those with `!`, in order; then it reads mygate. */
export function netbsdCards(cards: readonly Card[], tunnels: readonly TunnelEnd[], system: System): BuiltFile[] {
  const files = cards.map((card) => ifconfigFile(card, system));
  const near = cards.map((card) => card.gateway).find((gateway) => gateway !== null && !gateway.onLink);
  if (near != null) files.push(new FileWriter("/etc/mygate").line(`${near.address}`, near.path).finish());
  files.push(...tunnels.map(netbsdTunnel));
  return files;
}

function ifconfigFile(card: Card, system: System): BuiltFile {
  const out = new FileWriter(`/etc/ifconfig.${card.interface}`);
  // A comment, since ifconfig has descriptions from NetBSD 10 on only.
  if (card.description !== "") out.line(`# ${card.description}`, [...card.path, "description"]);
  out.line("up", [...card.path, "interface"]);
  if (card.mtu !== null) out.line(`mtu ${card.mtu}`, [...card.path, "mtu"]);
  // One dhcpcd for both, where it has IPv6 to see to.
  if (card.dhcp && card.inet6 === null) out.line("dhcp", [...card.path, "dhcp"]);
  const seen = new Set<number>();
  for (const { prefix, path } of card.addresses) {
    const { family } = prefix.address;
    out.line(
      `inet${family === 6 ? "6" : ""} ${prefix.address}/${prefix.length}${seen.has(family) ? " alias" : ""}`,
      path,
    );
    seen.add(family);
  }
  if (card.gateway?.onLink === true) onLink(out, card, card.gateway, system);
  if (card.inet6Gateway?.onLink === true) onLink(out, card, card.inet6Gateway, system);
  else if (card.inet6Gateway !== null) {
    const { address, path } = card.inet6Gateway;
    out.line(`!/sbin/route -qn add -inet6 default ${scoped(address, card.interface)}`, path);
  }
  for (const { address, mac, path } of card.neighbours)
    out.line(`!/usr/sbin/arp -s ${address} ${mac} > /dev/null`, path);
  return out.finish();
}

/**
 * Up to NetBSD 7 the gateway's neighbour entry is cloned from the route; from 8 on entries are apart from routes, and
 * the same route is said to be `-connected` (route(8); `-cloning` is its old name).
 */
function onLink(out: FileWriter, card: Card, gateway: CardGateway, system: System): void {
  const { address, path } = gateway;
  const link = [...card.path, "interface"];
  const family = address.family === 6 ? "-inet6 " : "";
  const word = isAtLeast(system, "netbsd", 8) ? "-connected" : "-cloning";
  const to = `${family}-net ${address}/${address.bits}`;
  out.line(`!/sbin/route -qn add ${to} -link ${word} -iface ${card.interface}`, path, link);
  const source = ownAddress(card, address.family);
  out.line(`!/sbin/route -qn add ${family}default -ifa ${source} ${address}`, path, link);
}
