/** Ways to set up a guest of a provider with a gateway outside its subnet: right ones, and the wrong ones people write. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { WorldOptions } from "./linux-namespaces.ts";

export interface TruthCase extends WorldOptions {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly family: 4 | 6;
  /** Whether the rest of the world can be reached afterwards: what the case is about, for the reader. */
  readonly works: boolean;
}

type More = Partial<Omit<TruthCase, "title" | "files" | "works">>;

const NETWORK = "/etc/systemd/network/10-eth0.network";

/** systemd-networkd; the body follows `[Network]`. */
function networkd(title: string, works: boolean, body: string, more: More = {}): TruthCase {
  const head = "[Match]\nName=eth0\n\n[Network]\nIPv6AcceptRA=no\n";
  return { family: 4, ...more, title: `networkd: ${title}`, works, files: { [NETWORK]: head + body } };
}

function networkdFiles(title: string, works: boolean, files: Record<string, string>, more: More = {}): TruthCase {
  return { family: 4, ...more, title: `networkd: ${title}`, works, files };
}

/** ifupdown; the lines stand below `iface eth0 inet static`. */
function ifup(title: string, works: boolean, lines: string, more: More = {}): TruthCase {
  const head = `auto eth0\niface eth0 inet${more.family === 6 ? "6" : ""} static\n`;
  return { family: 4, ...more, title: `ifup: ${title}`, works, files: { "/etc/network/interfaces": head + lines } };
}

function ifupFile(title: string, works: boolean, text: string, more: More = {}): TruthCase {
  return { family: 4, ...more, title: `ifup: ${title}`, works, files: { "/etc/network/interfaces": text } };
}

const ALONE = "Address=198.51.100.10/32\n";
const SIX = "Address=2001:db8:1::10/128\n";
const ON_LINK = "[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes\n";

const NETWORKD: readonly TruthCase[] = [
  networkd("a single address, the gateway on the link", true, `${ALONE}${ON_LINK}`),
  networkd("the gateway as default only", false, `${ALONE}Gateway=192.0.2.1\n`),
  networkd(
    "a route to the gateway, then the default",
    true,
    `${ALONE}[Route]\nDestination=192.0.2.1/32\n[Route]\nGateway=192.0.2.1\n`,
  ),
  networkd(
    "the same in the wrong order",
    true,
    `${ALONE}[Route]\nGateway=192.0.2.1\n[Route]\nDestination=192.0.2.1/32\nScope=link\n`,
  ),
  networkd("/24 for a single address: neighbours are swallowed", true, `Address=198.51.100.10/24\n${ON_LINK}`),
  networkd("/24 where the provider answers for neighbours", true, `Address=198.51.100.10/24\n${ON_LINK}`, {
    proxies: true,
  }),
  networkd("/24 on a wire where guests hear each other", true, `Address=198.51.100.10/24\n${ON_LINK}`, {
    isolated: false,
  }),
  networkd(
    "/24 without the route that brings it",
    true,
    `[Address]\nAddress=198.51.100.10/24\nAddPrefixRoute=no\n${ON_LINK}`,
  ),
  networkd("the default on the link, without a gateway", false, `${ALONE}[Route]\nDestination=0.0.0.0/0\nScope=link\n`),
  networkd("another link-layer address", false, `${ALONE}${ON_LINK}[Link]\nMACAddress=02:00:00:00:00:11\n`),
  networkdFiles("the name of another card", false, { [NETWORK]: `[Match]\nName=ens3\n[Network]\n${ALONE}${ON_LINK}` }),
  networkdFiles("the card by its link-layer address", true, {
    [NETWORK]: `[Match]\nMACAddress=02-00-00-00-00-10\n[Network]\nIPv6AcceptRA=no\n${ALONE}${ON_LINK}`,
  }),
  networkd(
    "the gateway as peer",
    true,
    "[Address]\nAddress=198.51.100.10/32\nPeer=192.0.2.1/32\n[Route]\nGateway=192.0.2.1\n",
  ),
  networkd("the gateway as peer, and no default", false, "[Address]\nAddress=198.51.100.10/32\nPeer=192.0.2.1/32\n"),
  networkd(
    "a dead gateway with the better metric",
    false,
    `${ALONE}[Route]\nGateway=192.0.2.7\nGatewayOnLink=yes\nMetric=10\n${ON_LINK}Metric=20\n`,
  ),
  networkd(
    "a dead gateway with the worse metric",
    true,
    `${ALONE}[Route]\nGateway=192.0.2.7\nGatewayOnLink=yes\nMetric=20\n${ON_LINK}Metric=10\n`,
  ),
  networkd(
    "the own address as gateway: everything is on the link then",
    false,
    `Address=198.51.100.10/24\nGateway=198.51.100.10\n`,
  ),
  networkd("the broadcast address as gateway", false, `Address=198.51.100.10/24\nGateway=198.51.100.255\n`),
  networkd("a gateway and no address", false, "Gateway=192.0.2.1\n"),
  networkd("GatewayOnLink=no", false, `${ALONE}[Route]\nGateway=192.0.2.1\nGatewayOnLink=no\n`),
  networkd("GatewayOnLink misspelt", false, `${ALONE}[Route]\nGateway=192.0.2.1\nGatewayOnLnk=yes\n`),
  networkd("the usual gateway of a /24 that is not there", false, "Address=198.51.100.10/24\nGateway=198.51.100.1\n"),
  networkd("the neighbour's address", false, `Address=198.51.100.20/32\n${ON_LINK}`),
  networkd("a route to the gateway and no default", false, `${ALONE}[Route]\nDestination=192.0.2.1/32\n`),
  networkdFiles("the gateway in a drop-in", true, {
    [NETWORK]: `[Match]\nName=eth0\n[Network]\nIPv6AcceptRA=no\n${ALONE}`,
    "/etc/systemd/network/10-eth0.network.d/gateway.conf": ON_LINK,
  }),
  networkd("a small MTU", true, `${ALONE}${ON_LINK}[Link]\nMTUBytes=1280\n`),
  networkd(
    "a black hole for the remote host",
    false,
    `${ALONE}${ON_LINK}[Route]\nDestination=203.0.113.99/32\nType=blackhole\n`,
  ),
  networkdFiles("a section header without its bracket", false, {
    [NETWORK]: `[Match]\nName=eth0\n[Network\n${ALONE}${ON_LINK}`,
  }),
  networkdFiles("nothing to match", false, { [NETWORK]: `[Network]\n${ALONE}${ON_LINK}` }),
  networkd(
    "a gateway behind another gateway",
    false,
    "Address=198.51.100.10/24\n[Route]\nDestination=192.0.2.0/24\nGateway=198.51.100.1\n[Route]\nGateway=192.0.2.1\n",
  ),
  networkd("an address without its length", true, `Address=198.51.100.10\n${ON_LINK}`),
  networkd("IPv6, link-local gateway", true, `${SIX}Gateway=fe80::1\n`, { family: 6 }),
  networkd("IPv6, gateway outside the subnet", false, `${SIX}Gateway=2001:db8:ffff::1\n`, { family: 6 }),
  networkd(
    "IPv6, gateway outside the subnet, on the link",
    true,
    `${SIX}[Route]\nGateway=2001:db8:ffff::1\nGatewayOnLink=yes\n`,
    { family: 6 },
  ),
  networkd(
    "IPv6, a route to the gateway",
    true,
    `${SIX}[Route]\nGateway=2001:db8:ffff::1\n[Route]\nDestination=2001:db8:ffff::1/128\n`,
    { family: 6 },
  ),
  networkd("IPv6, /64 for a single address", true, "Address=2001:db8:1::10/64\nGateway=fe80::1\n", { family: 6 }),
  networkd("IPv6, the neighbour's address", false, "Address=2001:db8:1::20/128\nGateway=fe80::1\n", { family: 6 }),
  networkd("IPv6, no default", false, SIX, { family: 6 }),
];

const ADDRESS = "  address 198.51.100.10/32\n";

const IFUP: readonly TruthCase[] = [
  ifup("a single address and the gateway", true, `${ADDRESS}  gateway 192.0.2.1\n`),
  ifup("pointopoint", true, `${ADDRESS}  pointopoint 192.0.2.1\n  gateway 192.0.2.1\n`),
  ifup("pointopoint, and no gateway", false, `${ADDRESS}  pointopoint 192.0.2.1\n`),
  ifup(
    "a netmask that swallows neighbours",
    true,
    "  address 198.51.100.10\n  netmask 255.255.255.0\n  gateway 192.0.2.1\n",
  ),
  ifup("no netmask at all", true, "  address 198.51.100.10\n  gateway 192.0.2.1\n"),
  ifup(
    "the default before the route to its gateway",
    false,
    `${ADDRESS}  up ip route add default via 192.0.2.1\n  up ip route add 192.0.2.1 dev eth0\n`,
  ),
  ifup(
    "the route to the gateway first",
    true,
    `${ADDRESS}  up ip route add 192.0.2.1 dev eth0 scope link\n  up ip route add default via 192.0.2.1\n`,
  ),
  ifup(
    "the wrong order, its failure ignored",
    true,
    `${ADDRESS}  up ip route add default via 192.0.2.1 || true\n  up ip route add 192.0.2.1 dev $IFACE\n  up ip route add default via 192.0.2.1\n`,
  ),
  ifup("onlink by hand", true, `${ADDRESS}  up ip route add default via 192.0.2.1 dev eth0 onlink\n`),
  ifup("onlink without a device", false, `${ADDRESS}  up ip route add default via 192.0.2.1 onlink\n`),
  ifup(
    "the default twice",
    true,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip route add default via 192.0.2.7 dev eth0 onlink\n`,
  ),
  ifup(
    "the default twice, with another metric",
    true,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip route add default via 192.0.2.7 dev eth0 onlink metric 5\n`,
  ),
  ifup(
    "a second default appended",
    true,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip route append default via 192.0.2.7 dev eth0 onlink\n`,
  ),
  ifup(
    "a dead default prepended: the kernel finds the other one",
    true,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip route prepend default via 192.0.2.7 dev eth0 onlink\n`,
    { warm: true },
  ),
  ifup(
    "the default replaced",
    false,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip route replace default via 192.0.2.7 dev eth0 onlink\n`,
  ),
  ifup(
    "the default deleted and set again",
    true,
    `${ADDRESS}  gateway 192.0.2.7\n  up ip route del default\n  up ip route add default via 192.0.2.1 dev eth0 onlink\n`,
  ),
  ifup("the default by the card alone", false, `${ADDRESS}  up ip route add default dev eth0\n`),
  ifup("another link-layer address", false, `${ADDRESS}  gateway 192.0.2.1\n  hwaddress ether 02:00:00:00:00:11\n`),
  ifup("the right link-layer address", true, `${ADDRESS}  gateway 192.0.2.1\n  hwaddress 02:00:00:00:00:10\n`),
  ifupFile("the name of another card", false, `auto ens3\niface ens3 inet static\n${ADDRESS}  gateway 192.0.2.1\n`),
  ifupFile("nothing starts it", false, `iface eth0 inet static\n${ADDRESS}  gateway 192.0.2.1\n`),
  ifupFile("a word that is no method", false, `auto eth0\niface eth0 inet statik\n${ADDRESS}  gateway 192.0.2.1\n`),
  ifup("an option without a value", false, `${ADDRESS}  gateway\n`),
  ifup("a comment behind the gateway", false, `${ADDRESS}  gateway 192.0.2.1 # the provider's\n`),
  ifup("two gateways", false, `${ADDRESS}  gateway 192.0.2.1\n  gateway 192.0.2.7\n`),
  ifup("the own address as gateway", false, `${ADDRESS}  gateway 198.51.100.10\n`),
  ifup("the broadcast address as gateway", false, "  address 198.51.100.10/24\n  gateway 198.51.100.255\n"),
  ifup(
    "down and up again",
    false,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip link set eth0 down\n  up ip link set eth0 up\n`,
  ),
  ifup(
    "a route while the card is down",
    false,
    `${ADDRESS}  up ip link set eth0 down\n  up ip route add default via 192.0.2.1 dev eth0 onlink\n`,
  ),
  ifup(
    "the address taken away again",
    false,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip addr del 198.51.100.10/32 dev eth0\n`,
  ),
  ifup(
    "the address a second time",
    true,
    `${ADDRESS}  gateway 192.0.2.1\n  up ip addr add 198.51.100.10/32 dev eth0\n`,
  ),
  ifup(
    "a second address in the network, the first goes",
    true,
    `  address 198.51.100.10/24\n  gateway 192.0.2.1\n  up ip addr add 198.51.100.77/24 dev eth0\n`,
  ),
  ifup("a small MTU", true, `${ADDRESS}  gateway 192.0.2.1\n  mtu 1280\n`),
  ifup(
    "a gateway behind another gateway",
    false,
    "  address 198.51.100.10/24\n  up ip route add 192.0.2.0/24 via 198.51.100.20\n  up ip route add default via 192.0.2.1\n",
  ),
  ifup(
    "a route with a source that is not there",
    false,
    `${ADDRESS}  up ip route add default via 192.0.2.1 dev eth0 onlink src 198.51.100.77\n`,
  ),
  ifup("unreachable", false, `${ADDRESS}  gateway 192.0.2.1\n  up ip route add unreachable 203.0.113.0/24\n`),
  ifup("words short for others", true, `${ADDRESS}  up ip r a 192.0.2.1 dev eth0 && ip ro add default via 192.0.2.1\n`),
  ifup(
    "something ip does not know",
    false,
    `${ADDRESS}  up ip rout add default via 192.0.2.1 dev eth0 onlin\n  up ip route add default via 192.0.2.1 dev eth0 onlink\n`,
  ),
  ifupFile(
    "IPv4 fails, and IPv6 after it",
    false,
    `auto eth0\niface eth0 inet static\n${ADDRESS}  up ip route add default via 192.0.2.1\niface eth0 inet6 static\n  address 2001:db8:1::10/128\n  gateway fe80::1\n`,
    { family: 6 },
  ),
  ifup("IPv6, link-local gateway", true, "  address 2001:db8:1::10/128\n  gateway fe80::1\n", { family: 6 }),
  ifup("IPv6, gateway outside the subnet", true, "  address 2001:db8:1::10/128\n  gateway 2001:db8:ffff::1\n", {
    family: 6,
  }),
  ifup(
    "IPv6, link-local gateway without a device",
    false,
    "  address 2001:db8:1::10/128\n  up ip -6 route add default via fe80::1\n",
    { family: 6 },
  ),
  ifup(
    "IPv6, gateway outside the subnet by hand",
    false,
    "  address 2001:db8:1::10/128\n  up ip -6 route add default via 2001:db8:ffff::1 dev eth0\n",
    { family: 6 },
  ),
  ifup(
    "IPv6, a route to the gateway by hand",
    true,
    "  address 2001:db8:1::10/128\n  up ip -6 route add 2001:db8:ffff::1 dev eth0\n  up ip -6 route add default via 2001:db8:ffff::1\n",
    { family: 6 },
  ),
  ifup(
    "IPv6, the own address as gateway",
    false,
    "  address 2001:db8:1::10/128\n  up ip -6 route add default via 2001:db8:1::10 dev eth0\n",
    { family: 6 },
  ),
  ifup("IPv6, /64 for a single address", true, "  address 2001:db8:1::10\n  netmask 64\n  gateway fe80::1\n", {
    family: 6,
  }),
  ifup(
    "IPv6, two defaults of one metric",
    true,
    "  address 2001:db8:1::10/128\n  gateway fe80::1\n  up ip -6 route add default via fe80::1 dev eth0\n",
    { family: 6 },
  ),
  ifup(
    "IPv6, down and up again",
    false,
    "  address 2001:db8:1::10/128\n  gateway fe80::1\n  up ip link set eth0 down\n  up ip link set eth0 up\n",
    { family: 6 },
  ),
];

const examples = resolve(import.meta.dirname, "../../examples/dedicated-server");

/** What `pierhead build` makes of the example's Linux guest, with the card and the addresses of the article's provider. */
function built(title: string, folder: string, paths: readonly string[]): TruthCase {
  const files = Object.fromEntries(
    paths.map((path) => [path, readFileSync(join(examples, folder, "tux", path), "utf8")]),
  );
  const guest = { mac: "00:50:56:00:04:dd", 4: "203.0.113.101", 6: "2001:db8:1::10" };
  return { family: 4, title: `built: ${title}`, works: true, files, guest, card: "enp1s0" };
}

const BUILT: readonly TruthCase[] = [
  built("the example's guest, for systemd-networkd", "built", [
    "/etc/systemd/network/10-enp1s0.link",
    "/etc/systemd/network/20-enp1s0.network",
  ]),
  built("the example's guest, for ifupdown", "built-linux", ["/etc/network/interfaces"]),
];

const VALUES: readonly TruthCase[] = [
  ifup(
    "an MTU that is no number",
    false,
    `${ADDRESS}  gateway 192.0.2.1\n  mtu big\n  up ip route add 192.0.2.1 dev eth0\n`,
  ),
  ifup("a gateway that is no address", false, `${ADDRESS}  gateway none\n  up ip route add 192.0.2.1 dev eth0\n`),
  ifup("an address that is none", false, "  address 198.51.100.300/32\n  gateway 192.0.2.1\n"),
  ifup("IPv6, no netmask", true, "  address 2001:db8:1::10\n  gateway fe80::1\n", { family: 6 }),
  ifupFile(
    "an inherited address goes before the own one",
    true,
    `iface ethernet inet static\n${ADDRESS}  gateway 192.0.2.1\nauto eth0\niface eth0 inherits ethernet\n  address 198.51.100.20/32\n`,
  ),
];

export const TRUTH_CASES: readonly TruthCase[] = [...BUILT, ...NETWORKD, ...IFUP, ...VALUES];
