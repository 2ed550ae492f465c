/**
 * DHCPv6 prefix delegation (RFC 8415, 6.3): dhcpcd.conf(5) on the BSDs and with ifupdown, dhcp6leased.conf(5) on OpenBSD
 * where no DUID is asked for, systemd-networkd by itself.
 *
 * Where the delegated network is always the same one, everything in it is set by hand, and the client asks for it only
 * because the provider routes nothing otherwise: what is set by hand does not go when a lease is lost.
 */
import { formatPrefix, isAtLeast, type System } from "@pierhead/core";
import type { Host, Inet6, Uplink } from "../model/site.ts";
import { PROVIDERS } from "../providers/index.ts";
import type { SitePath } from "../read/index.ts";
import type { LinuxNetwork } from "../schema/index.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

/** A line where a prefix is asked for, or where only dhcpcd listens to routers. */
interface Asking {
  readonly line: Uplink;
  readonly inet6: Inet6;
}

type Client = "dhcpcd" | "dhcp6leased" | "networkd" | "kernel";

/** Who sees to IPv6 that is not written down. */
export function inet6Client(inet6: Inet6, system: System, network: LinuxNetwork): Client {
  if (system.family === "linux" && network === "systemd-networkd") return "networkd";
  // The kernel of NetBSD 10 listens to no routers any more; dhcpcd, which is in the base system, has done so before.
  if (inet6.method === "slaac") return system.family === "netbsd" ? "dhcpcd" : "kernel";
  if (system.family === "openbsd" && inet6.duid === null && isAtLeast(system, "openbsd", 7, 6)) return "dhcp6leased";
  return "dhcpcd";
}

export interface Delegation {
  readonly files: readonly BuiltFile[];
  /** Names of daemons to start. */
  readonly daemons: readonly ("dhcpcd" | "dhcp6leased")[];
  readonly from: readonly SitePath[];
}

export function delegation(host: Host, site: string): Delegation {
  const asking = host.uplinks.flatMap((line): Asking[] =>
    line.inet6 === null || line.inet6.method === "static" ? [] : [{ line, inet6: line.inet6 }],
  );
  const by = (client: Client): Asking[] =>
    asking.filter((one) => inet6Client(one.inet6, host.system, host.network) === client);
  const files: BuiltFile[] = [];
  const daemons: ("dhcpcd" | "dhcp6leased")[] = [];
  const dhcpcd = by("dhcpcd");
  if (dhcpcd.length > 0) {
    files.push(dhcpcdConf(host, dhcpcd, site), ...duidFile(host.system, dhcpcd));
    daemons.push("dhcpcd");
  }
  const leased = by("dhcp6leased");
  if (leased.length > 0) {
    files.push(dhcp6leasedConf(host, leased, site));
    daemons.push("dhcp6leased");
  }
  return { files, daemons, from: asking.map((one) => one.inet6.path) };
}

function dhcpcdConf(host: Host, asking: readonly Asking[], site: string): BuiltFile {
  const { system } = host;
  const out = new FileWriter(system.family === "freebsd" ? "/usr/local/etc/dhcpcd.conf" : "/etc/dhcpcd.conf");
  head(out, site, `${host.name}: IPv6 of the lines that is not written down. Everything else is set up elsewhere.`);
  const lans = asking.flatMap(({ inet6 }) => inet6.lans.map((lan) => cardOf(host, lan.name)));
  const cards = [...new Set([...asking.map(({ line }) => line.interface), ...lans])];
  out.blank().line(`allowinterfaces ${cards.join(" ")}`, ...asking.map(({ inet6 }) => inet6.path));
  // On NetBSD the same program asks for IPv4 as well, where that is leased.
  if (!asking.some(({ line }) => line.dhcp && system.family === "netbsd")) out.line("ipv6only");
  out.line("noipv6rs");
  const duids = asking.filter(({ inet6 }) => inet6.duid !== null);
  if (duids.length > 0) out.line("duid", ...duids.map(({ inet6 }) => [...inet6.path, "duid"]));
  if (host.dns.length > 0) out.line("nohook resolv.conf", [...host.path, "dns"]);
  out.line("nohook hostname");
  if (asking.some(({ inet6 }) => inet6.method === "dhcpv6-pd") && PROVIDERS[host.provider].inet6.brokenTimers) {
    out.line(
      "# The timers of this provider's leases were reported to be wrong: a lease that cannot be renewed is kept.",
    );
    out.line("lastleaseextend", [...host.path, "provider"]);
  }
  asking.forEach(({ line, inet6 }, index) => {
    out.blank().line(`interface ${line.interface}`, [...line.path, "interface"]);
    out.line("\tipv6rs", inet6.path);
    if (inet6.method !== "dhcpv6-pd") return;
    const wanted = inet6.prefix === null ? `${index + 1}` : `${index + 1}/${formatPrefix(inet6.prefix)}`;
    const to = inet6.lans.map((lan) => `${cardOf(host, lan.name)}/${lan.number}/64`);
    out.line(
      `\tia_pd ${wanted} ${to.length === 0 ? "-" : to.join(" ")}`,
      inet6.path,
      ...inet6.lans.map((lan) => lan.path),
    );
  });
  return out.finish();
}

/** Where dhcpcd(8) keeps its DUID; what is there already counts. Up to 7 it was beside dhcpcd.conf. */
function duidFile(system: System, asking: readonly Asking[]): BuiltFile[] {
  const first = asking.find(({ inet6 }) => inet6.duid !== null)?.inet6;
  if (first?.duid == null) return [];
  const path =
    system.family === "linux"
      ? "/var/lib/dhcpcd/duid"
      : system.family === "netbsd" && !isAtLeast(system, "netbsd", 9)
        ? "/etc/dhcpcd.duid"
        : "/var/db/dhcpcd/duid";
  return [new FileWriter(path).line(first.duid, [...first.path, "duid"]).finish()];
}

/** Parts are given in the order of the list, so that numbers nobody uses are reserved. */
function dhcp6leasedConf(host: Host, asking: readonly Asking[], site: string): BuiltFile {
  const out = new FileWriter("/etc/dhcp6leased.conf");
  head(out, site, `${host.name}: who gets what of the delegated networks.`);
  out.blank();
  for (const { line, inet6 } of asking) {
    const parts: string[] = [];
    for (const lan of [...inet6.lans].sort((a, b) => a.number - b.number)) {
      while (parts.length < lan.number && parts.length < 256) parts.push("reserve/64");
      parts.push(`${cardOf(host, lan.name)}/64`);
    }
    if (parts.length === 0) parts.push("reserve/64");
    out.line(`request prefix delegation on ${line.interface} for { ${parts.join(" ")} }`, inet6.path);
  }
  return out.finish();
}

function cardOf(host: Host, lan: string): string {
  return host.lans.find((one) => one.name === lan)?.interface ?? lan;
}

/** Types of RFC 8415 11 as systemd.network(5) calls them. */
const DUID_TYPES: Readonly<Record<string, string>> = {
  "00:01": "link-layer-time",
  "00:02": "vendor",
  "00:03": "link-layer",
  "00:04": "uuid",
};

/** Lines of a .network file, behind `[Network]` and its own; empty where nothing is announced or asked for. */
export function networkdSections(out: FileWriter, inet6: Inet6): void {
  if (inet6.method !== "dhcpv6-pd") return;
  out.blank().line("[DHCPv6]", inet6.path);
  if (inet6.duid !== null) {
    const type = inet6.duid.slice(0, 5);
    const from = [...inet6.path, "duid"];
    out.line(`DUIDType=${DUID_TYPES[type] ?? Number.parseInt(type.replace(":", ""), 16)}`, from);
    out.line(`DUIDRawData=${inet6.duid.slice(6)}`, from);
  }
  if (inet6.prefix !== null) out.line(`PrefixDelegationHint=${formatPrefix(inet6.prefix)}`, [...inet6.path, "prefix"]);
  // Asked for whether or not a router says that there is a server.
  out.line("WithoutRA=solicit");
  out.blank().line("[IPv6AcceptRA]", inet6.path).line("DHCPv6Client=always");
  if (inet6.address !== null) {
    out
      .line("UseAutonomousPrefix=no", [...inet6.path, "address"])
      .line("UseOnLinkPrefix=no", [...inet6.path, "address"]);
  }
}
