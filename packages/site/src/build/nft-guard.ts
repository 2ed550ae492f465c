/**
 * nftables.conf of a hotspot on Linux: what the gateway itself lets in, and that nothing of the guests is forwarded
 * unless the portal's own table has marked its connection. So guests have nothing before the portal has started, and
 * nothing when its table is gone. It stands after the portal's table, whose refusals are told at once.
 */
import { formatPrefix } from "@pierhead/core";
import { asksByAcme, dynamicClients, type Hotspot, portalPorts } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

const TABLE = "inet pierhead_host";

/** RFC 4861 and RFC 3810: what a host says to find its link. */
const NEIGHBOURS = "nd-neighbor-solicit, nd-neighbor-advert";
const GUESTS_SAY = `nd-router-solicit, ${NEIGHBOURS}, mld-listener-report, mld-listener-done, mld2-listener-report`;

export function nftGuard(host: Host, hotspot: Hotspot, site: string): BuiltFile {
  const out = new FileWriter("/etc/nftables.conf", { mode: 0o755 });
  out.line("#!/usr/sbin/nft -f");
  head(out, site, `${host.name}: what this machine itself lets in. The table of the portal is not touched.`);
  out.blank().line(`table ${TABLE}`).line(`flush table ${TABLE}`).blank().line(`table ${TABLE} {`);
  input(out, host, hotspot);
  guests(out, hotspot);
  forward(out, hotspot);
  return out.line("}").finish();
}

function input(out: FileWriter, host: Host, hotspot: Hotspot): void {
  const { lan, uplink, path } = hotspot;
  const on = `iifname "${uplink.interface}"`;
  const line = [...uplink.path, "interface"];
  out.line("\tchain input {").line("\t\ttype filter hook input priority filter + 10; policy drop;");
  out.line('\t\tiifname "lo" accept');
  out.line(`\t\tiifname "${lan.interface}" goto guests`, [...lan.path, "interface"]);
  out.line("\t\tct state established,related accept").line("\t\tct state invalid drop");
  if (uplink.inet6 !== null) {
    const router = uplink.inet6.method === "static" ? "" : "nd-router-advert, ";
    out.line(`\t\t${on} icmpv6 type { ${router}${NEIGHBOURS} } accept`, uplink.inet6.path);
    if (uplink.inet6.method !== "static") {
      // RFC 8415, 7.2. The answer is from another address than was asked.
      out.line(`\t\t${on} ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`, uplink.inet6.path);
    }
  }
  for (const { protocol, port, from, path: at } of host.services) {
    if (from.length === 0) out.line(`\t\t${on} ${protocol} dport ${port} accept`, at, line);
    for (const family of [4, 6] as const) {
      const networks = from.filter(({ address }) => address.family === family).map(formatPrefix);
      if (networks.length === 0) continue;
      const source = `${family === 4 ? "ip" : "ip6"} saddr ${set(networks)}`;
      out.line(`\t\t${on} ${source} ${protocol} dport ${port} accept`, at, line);
    }
  }
  for (const { address, port, path: at } of dynamicClients(hotspot)) {
    const source = `${address.family === 4 ? "ip" : "ip6"} saddr ${address}`;
    out.line(`\t\t${on} ${source} udp dport ${port} accept\t# CoA and Disconnect (RFC 5176)`, at);
  }
  if (asksByAcme(hotspot)) {
    out.line(`\t\t${on} tcp dport 80 accept\t# the proof for the certificate (RFC 8555, 8.3)`, [
      ...path,
      "portal",
      "certificate",
    ]);
  }
  out.line("\t}");
}

/** The most that the portal ever lets guests say to the gateway; the portal's own table decides first. */
function guests(out: FileWriter, hotspot: Hotspot): void {
  const { options, path } = hotspot;
  const { admin } = options;
  const open = admin?.fromGuests === true ? [admin.port ?? 8444] : [];
  const ports = [...new Set([...portalPorts(hotspot), ...open])];
  out.blank().line("\tchain guests {");
  out.line("\t\tct state established,related accept").line("\t\tct state invalid drop");
  out.line("\t\tudp dport { 67, 547 } accept");
  out.line(`\t\ticmpv6 type { ${GUESTS_SAY} } accept`);
  out.line("\t\tmeta l4proto { tcp, udp } th dport 53 accept");
  out.line(`\t\ttcp dport ${set(ports.map(String))} accept`, [...path, "portal"]);
  out.line("\t\tmeta l4proto tcp reject with tcp reset").line("\t\treject with icmpx admin-prohibited").line("\t}");
}

function forward(out: FileWriter, { lan }: Hotspot): void {
  out.blank().line("\tchain forward {").line("\t\ttype filter hook forward priority filter + 10; policy drop;");
  out.line("\t\t# the portal marks the connections of who came in, and to what is free");
  out.line("\t\tct mark != 0 accept");
  out.line(`\t\tiifname "${lan.interface}" meta l4proto tcp reject with tcp reset`, [...lan.path, "interface"]);
  out.line(`\t\tiifname "${lan.interface}" reject with icmpx admin-prohibited`, [...lan.path, "interface"]);
  out.line("\t}");
}

function set(values: readonly string[]): string {
  return values.length === 1 ? (values[0] as string) : `{ ${values.join(", ")} }`;
}
