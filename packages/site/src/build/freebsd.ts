/** Network variables of FreeBSD's rc.conf(5). */
import type { SitePath } from "../read/index.ts";
import type { Bridge } from "./bridge.ts";
import { bareBridge } from "./bridge-files.ts";
import type { Card } from "./card.ts";
import { scoped } from "./card.ts";
import type { FileWriter } from "./file.ts";
import type { Station } from "./station.ts";
import { freebsdTunnel, freebsdTunnelRoutes } from "./tunnel.ts";

export function freebsdCards(out: FileWriter, { cards, tunnels, bridge }: Station): void {
  const cloned = [
    ...(bridge === null ? [] : [{ name: bridge.name, path: [...bridge.path, "bridge"] }]),
    ...tunnels.map(({ tunnel }) => ({ name: tunnel.interface, path: [...tunnel.path, "interface"] })),
  ];
  if (cloned.length > 0) {
    const names = cloned.map((one) => one.name).join(" ");
    set(out, "cloned_interfaces", names, ...cloned.map((one) => one.path));
  }
  // if_bridge(4) takes the MTU of its first member, and refuses others.
  const mtu = bridge?.mtu ?? null;
  if (bridge !== null && mtu !== null) {
    set(out, `ifconfig_${bridge.card}`, `up mtu ${mtu.octets}`, bridge.cardPath, mtu.path);
  } else if (bridge !== null) set(out, `ifconfig_${bridge.card}`, "up", bridge.cardPath);
  const all =
    bridge === null || cards.some((card) => card.interface === bridge.name) ? cards : [...cards, bareBridge(bridge)];
  for (const card of all) addresses(out, card, bridge);
  const routes = freebsdTunnelRoutes(tunnels);
  const near = all.filter((card) => card.gateway?.onLink === true);
  staticRoutes(out, near, routes);
  for (const { gateway } of all) {
    if (gateway?.onLink === false) set(out, "defaultrouter", `${gateway.address}`, gateway.path);
  }
  for (const card of all) inet6Gateways(out, card);
  const pairs = all.flatMap((card) => card.neighbours.map((one) => ({ ...one, name: `gw_${card.interface}` })));
  if (pairs.length > 0)
    set(out, "static_arp_pairs", pairs.map((one) => one.name).join(" "), ...pairs.map((one) => one.path));
  for (const { name, address, mac, path } of pairs) set(out, `static_arp_${name}`, `${address} ${mac}`, path);
  for (const { name, words, from } of routes) set(out, `route_${name}`, words, ...from);
  for (const end of tunnels) freebsdTunnel(out, end);
}

function set(out: FileWriter, name: string, value: string, ...from: readonly SitePath[]): void {
  out.line(`${name}="${value}"`, ...from);
}

function addresses(out: FileWriter, card: Card, bridge: Bridge | null): void {
  const name = card.interface;
  const mtu = card.mtu === null || bridge?.name === name ? "" : ` mtu ${card.mtu}`;
  const member = bridge?.name === name ? ` addm ${bridge.card}` : "";
  const memberFrom = bridge?.name === name ? [bridge.cardPath] : [];
  if (card.dhcp) set(out, `ifconfig_${name}`, `DHCP${mtu}${member}`, [...card.path, "dhcp"], ...memberFrom);
  // rtsold(8) asks routers; with dhcpcd the kernel keeps out of it, but has to have IPv6 on the card at all.
  const listens = card.inet6 === null ? "" : card.inet6.method === "slaac" ? " accept_rtadv" : " -accept_rtadv";
  let four = 0;
  let six = 0;
  for (const { prefix, path } of card.addresses) {
    const text = `${prefix.address}/${prefix.length}`;
    if (prefix.address.family === 4) {
      if (four === 0) set(out, `ifconfig_${name}`, `inet ${text}${mtu}${member}`, path, ...memberFrom);
      else set(out, `ifconfig_${name}_alias${four - 1}`, `inet ${text}`, path);
      four++;
    } else {
      // Numbers of aliases run through both families.
      const alias = `ifconfig_${name}_alias${Math.max(0, four - 1) + six - 1}`;
      set(out, six === 0 ? `ifconfig_${name}_ipv6` : alias, `inet6 ${text}${six === 0 ? listens : ""}`, path);
      six++;
    }
  }
  if (!card.dhcp && four === 0) set(out, `ifconfig_${name}`, `up${mtu}${member}`, card.path, ...memberFrom);
  if (card.inet6 !== null && six === 0) {
    set(out, `ifconfig_${name}_ipv6`, `inet6 auto_linklocal${listens}`, card.inet6.path);
  }
  if (card.description !== "") set(out, `ifconfig_${name}_descr`, card.description, [...card.path, "description"]);
}

interface StaticRoute {
  readonly name: string;
  readonly words: string;
  readonly from: readonly SitePath[];
}

/**
 * rc.d/routing adds the routes of `static_routes` in their order. With both routes in the list the gateway is on the
 * link first in every release, wherever a release puts its `defaultrouter`.
 */
function staticRoutes(out: FileWriter, near: readonly Card[], others: readonly StaticRoute[]): void {
  const [only] = near;
  if (only?.gateway != null && near.length === 1 && only.gateway.isDefault) {
    const { address, path } = only.gateway;
    const link = [...only.path, "interface"];
    set(out, "gateway_if", only.interface, link);
    set(out, "gateway_ip", `${address}`, path);
    set(out, "static_routes", ["gateway default", ...others.map((route) => route.name)].join(" "), path);
    out.line('route_gateway="-host $gateway_ip -interface $gateway_if"', path, link);
    out.line('route_default="default $gateway_ip"', path);
    return;
  }
  const own = near.flatMap(({ gateway, interface: name, path }) => {
    if (gateway === null) return [];
    const words = `-host ${gateway.address} -interface ${name}`;
    const first = { name: `gateway_${name}`, words, from: [gateway.path, [...path, "interface"]] };
    return gateway.isDefault
      ? [first, { name: "default", words: `default ${gateway.address}`, from: [gateway.path] }]
      : [first];
  });
  const all = [...own, ...others];
  if (all.length === 0) return;
  set(out, "static_routes", all.map((route) => route.name).join(" "), ...all.flatMap((route) => route.from));
  for (const { name, words, from } of own) set(out, `route_${name}`, words, ...from);
}

function inet6Gateways(out: FileWriter, card: Card): void {
  const { inet6Gateway } = card;
  const link = [...card.path, "interface"];
  if (inet6Gateway?.onLink === true) {
    set(out, "ipv6_static_routes", "gateway6 default6", inet6Gateway.path);
    set(
      out,
      "ipv6_route_gateway6",
      `${inet6Gateway.address} -prefixlen 128 -interface ${card.interface}`,
      inet6Gateway.path,
      link,
    );
    set(out, "ipv6_route_default6", `default ${inet6Gateway.address}`, inet6Gateway.path);
  } else if (inet6Gateway !== null) {
    set(out, "ipv6_defaultrouter", scoped(inet6Gateway.address, card.interface), inet6Gateway.path);
  }
}
