/** Network variables of FreeBSD's rc.conf(5). */
import { formatPrefix } from "@pierhead/core";
import type { SitePath } from "../read/index.ts";
import type { Card, TunnelEnd } from "./card.ts";
import { scoped } from "./card.ts";
import type { FileWriter } from "./file.ts";

export function freebsdCards(out: FileWriter, cards: readonly Card[], tunnels: readonly TunnelEnd[]): void {
  for (const card of cards) addresses(out, card);
  for (const card of cards) gateway(out, card);
  if (tunnels.length > 0) tunnelVariables(out, tunnels);
}

function set(out: FileWriter, name: string, value: string, ...from: readonly SitePath[]): void {
  out.line(`${name}="${value}"`, ...from);
}

function addresses(out: FileWriter, card: Card): void {
  const name = card.interface;
  if (card.dhcp)
    set(out, `ifconfig_${name}`, card.mtu === null ? "DHCP" : `DHCP mtu ${card.mtu}`, [...card.path, "dhcp"]);
  let four = 0;
  let six = 0;
  for (const { prefix, path } of card.addresses) {
    const text = `${prefix.address}/${prefix.length}`;
    if (prefix.address.family === 4) {
      const mtu = four === 0 && card.mtu !== null ? ` mtu ${card.mtu}` : "";
      set(out, four === 0 ? `ifconfig_${name}` : `ifconfig_${name}_alias${four - 1}`, `inet ${text}${mtu}`, path);
      four++;
    } else {
      // Numbers of aliases run through both families.
      const alias = `ifconfig_${name}_alias${Math.max(0, four - 1) + six - 1}`;
      set(out, six === 0 ? `ifconfig_${name}_ipv6` : alias, `inet6 ${text}`, path);
      six++;
    }
  }
  if (card.description !== "") set(out, `ifconfig_${name}_descr`, card.description, [...card.path, "description"]);
}

function gateway(out: FileWriter, card: Card): void {
  if (card.gateway !== null && card.onLink) {
    // rc.d/routing adds static_routes in their order: first the gateway on the link, then the way to the world.
    set(out, "gateway_if", card.interface, [...card.path, "interface"]);
    set(out, "gateway_ip", `${card.gateway}`, card.gatewayPath);
    set(out, "static_routes", "gateway default", card.gatewayPath);
    out.line('route_gateway="-host $gateway_ip -interface $gateway_if"', card.gatewayPath);
    out.line('route_default="default $gateway_ip"', card.gatewayPath);
  } else if (card.gateway !== null) set(out, "defaultrouter", `${card.gateway}`, card.gatewayPath);
  if (card.inet6Gateway !== null) {
    set(out, "ipv6_defaultrouter", scoped(card.inet6Gateway, card.interface), [...card.path, "inet6", "gateway"]);
  }
}

/** gif(4), cloned: protocol 41. */
function tunnelVariables(out: FileWriter, tunnels: readonly TunnelEnd[]): void {
  const names = tunnels.map(({ tunnel }) => tunnel.interface).join(" ");
  set(out, "cloned_interfaces", names, ...tunnels.map(({ tunnel }) => [...tunnel.path, "interface"]));
  for (const { tunnel, local } of tunnels) {
    const name = tunnel.interface;
    const { remote, path } = tunnel;
    set(out, `ifconfig_${name}`, `tunnel ${local} ${remote} mtu ${tunnel.mtu}`, [...path, "remote"], [...path, "mtu"]);
    set(out, `ifconfig_${name}_ipv6`, `inet6 ${formatPrefix(tunnel.address)}`, [...path, "address"]);
    if (tunnel.isDefault) set(out, "ipv6_defaultrouter", `${tunnel.peer}`, [...path, "peer"]);
  }
}
