/** Where everything of a demo is, and the configuration that is written for it. Documentation's addresses and names only. */
import { dnsmasqLines } from "../../firewall/index.ts";

export const PLACES = ["guest", "gateway", "internet"] as const;
export type Place = (typeof PLACES)[number];

export const AT = {
  guest: { 4: "10.77.0.10", 6: "2001:db8:77::10", mac: "02:77:00:00:00:10" },
  gateway: { 4: "10.77.0.1", 6: "2001:db8:77::1" },
  uplink: { 4: "192.0.2.1", 6: "2001:db8:80::1" },
  site: { 4: "192.0.2.80", 6: "2001:db8:80::80" },
  garden: { 4: "192.0.2.90", 6: "2001:db8:80::90" },
} as const;

export const SITE = "www.example.org";
export const GARDEN = "garden.example.net";
export const ADMIN_PORT = 8444;
const PORTAL_PORT = 8080;
export const SITE_ORIGIN: string = `http://${SITE}`;
export const PORTAL_ORIGIN: string = `http://${AT.gateway[4]}:${PORTAL_PORT}`;

/** Names carry the demo's process, so that what a killed one left is known by it. */
export function placeName(pid: number, place: Place): string {
  return `pierhead-demo-${pid}-${place}`;
}

export function folderOf(pid: number): string {
  return `/run/pierhead-demo-${pid}`;
}

/** Lines of `ip -batch -` for the whole machine, then for each place. */
export function linkLines(pid: number): string {
  const [guest, gateway, internet] = PLACES.map((place) => placeName(pid, place));
  return `link add eth0 netns ${guest} address ${AT.guest.mac} type veth peer name guest0 netns ${gateway}
link add wan0 netns ${gateway} type veth peer name eth0 netns ${internet}
`;
}

export function addressLines(place: Place): string {
  const card = (name: string, hosts: readonly { readonly 4: string; readonly 6: string }[]): string[] => [
    `link set ${name} up`,
    ...hosts.flatMap((host) => [`addr add ${host[4]}/24 dev ${name}`, `addr add ${host[6]}/64 dev ${name} nodad`]),
  ];
  const lines = {
    guest: [
      ...card("eth0", [AT.guest]),
      `route add default via ${AT.gateway[4]}`,
      `route add ::/0 via ${AT.gateway[6]}`,
    ],
    gateway: [...card("guest0", [AT.gateway]), ...card("wan0", [AT.uplink])],
    internet: [...card("eth0", [AT.site, AT.garden]), `route add 2001:db8:77::/64 via ${AT.uplink[6]}`],
  }[place];
  return ["link set lo up", ...lines, ""].join("\n");
}

/** @param radius ports of FreeRADIUS; null: users are the store's */
export function portalYaml(
  folder: string,
  radius: { readonly authentication: number; readonly accounting: number } | null,
): string {
  const servers =
    radius === null
      ? ""
      : `radius:
  servers:
    - host: 127.0.0.1
      authenticationPort: ${radius.authentication}
      accountingPort: ${radius.accounting}
      secret: file:radius.secret
  interim: 1m
  dynamic: { clients: [{ address: 127.0.0.1, secret: file:radius.secret }] }
`;
  return `# Written by \`pierhead portal demo\`. Limits are short, so that things happen.
gateway: demo
guests: { interface: guest0, addresses: [${AT.gateway[4]}/24, "${AT.gateway[6]}/64"] }
uplink: { interface: wan0 }
firewall: nftables
garden: [${GARDEN}]
portal: { httpPort: ${PORTAL_PORT} }
look:
  title: Wireless on the pier
  text: Free for five minutes, and longer with a voucher from the kiosk.
  terms: Be kind to the others. The line is shared.
signIn: [voucher, password, click]
limits:
  session: 5m
  idle: 2m
  octetsTotal: 100MB
  rateDown: 20Mbit
  rateUp: 5Mbit
${servers}store: sqlite:${folder}/portal.db
admin: { port: ${ADMIN_PORT} }
socket: ${folder}/portal.sock
tick: 2s
`;
}

/** Arguments, and not a file: some systems let dnsmasq read its usual files only. */
export function dnsmasqWords(): string[] {
  const host = (name: string, at: { readonly 4: string; readonly 6: string }): string =>
    `--host-record=${name},${at[4]},${at[6]}`;
  return [
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--pid-file",
    "--log-facility=-",
    "--user=root",
    "--no-resolv",
    "--no-hosts",
    "--interface=guest0",
    "--bind-interfaces",
    "--leasefile-ro",
    "--dhcp-authoritative",
    "--dhcp-range=10.77.0.100,10.77.0.200,1h",
    "--enable-ra",
    "--dhcp-range=2001:db8:77::,ra-only,64,1h",
    host(SITE, AT.site),
    host(GARDEN, AT.garden),
    ...dnsmasqLines([{ kind: "name", name: GARDEN, below: false, port: null }]).map((line) => `--${line}`),
  ];
}
