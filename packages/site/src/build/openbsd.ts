/** Network files of OpenBSD: hostname.if(5), mygate(5), sysctl.conf(5), rc.conf.local(8). */
import { isAtLeast, type System } from "@pierhead/core";
import type { Card, TunnelEnd } from "./card.ts";
import { netmask, scoped } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";

/** netstart(8) runs commands with `!` after the lines above them; hostname.if may hold keys, so only root reads it. */
const MODE = 0o640;

export function openbsdCards(cards: readonly Card[], tunnels: readonly TunnelEnd[], system: System): BuiltFile[] {
  // netstart ignores mygate as soon as one interface asks a server for its address.
  const leases = cards.some((card) => card.dhcp);
  const files = cards.map((card) => hostnameFile(card, leases, system));
  const gateway = cards.find((card) => card.gateway !== null && !card.onLink);
  const mygate = new FileWriter("/etc/mygate");
  if (gateway !== undefined && !leases) mygate.line(`${gateway.gateway}`, gateway.gatewayPath);
  const six = cards.find((card) => card.inet6Gateway !== null);
  if (six?.inet6Gateway != null)
    mygate.line(scoped(six.inet6Gateway, six.interface), [...six.path, "inet6", "gateway"]);
  if (!mygate.isEmpty) files.push(mygate.finish());
  files.push(...tunnels.map(tunnelFile));
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
  if (card.dhcp && described !== "") out.line(described.trim(), [...card.path, "description"]);
  if (card.mtu !== null) out.line(`mtu ${card.mtu}`, [...card.path, "mtu"]);
  const four = card.addresses.find(({ prefix }) => prefix.address.family === 4)?.prefix.address;
  if (card.gateway !== null && card.onLink) {
    // The gateway is on no network of ours: a route that clones a neighbour out of it, as dhcpleased(8) makes it for
    // such leases. It must be there before the default route.
    out.line(
      `!/sbin/route -qn add -net ${card.gateway} -netmask 255.255.255.255 -link -cloning -iface ${card.interface}`,
      card.gatewayPath,
      card.path,
    );
    out.line(`!/sbin/route -qn add default -ifa ${four} ${card.gateway}`, card.gatewayPath, card.path);
  } else if (card.gateway !== null && leases) {
    out.line(`!/sbin/route -qn add default ${card.gateway}`, card.gatewayPath);
  }
  return out.finish();
}

/** gif(4): protocol 41. Its default route is added here: mygate is read before the tunnel is up. */
function tunnelFile({ tunnel, local }: TunnelEnd): BuiltFile {
  const out = new FileWriter(`/etc/hostname.${tunnel.interface}`, { mode: MODE });
  out.line(`tunnel ${local} ${tunnel.remote}`, [...tunnel.path, "remote"], tunnel.path);
  out.line(`mtu ${tunnel.mtu}`, [...tunnel.path, "mtu"]);
  out.line(`inet6 ${tunnel.address.address} ${tunnel.address.length}`, [...tunnel.path, "address"]);
  if (tunnel.isDefault) {
    out.line(`!/sbin/route -qn add -inet6 default ${tunnel.peer}`, [...tunnel.path, "peer"]);
  }
  return out.finish();
}
