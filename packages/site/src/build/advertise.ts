/** Router advertisements for the LANs (RFC 4861): rad(8) on OpenBSD from 6.4, rtadvd(8) before and on FreeBSD. */
import { isAtLeast } from "@pierhead/core";
import type { Host } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

export interface Advertising {
  readonly files: readonly BuiltFile[];
  /** Lines for rc.conf.local or rc.conf. */
  readonly switches: readonly string[];
}

/** Nothing, unless a LAN has IPv6 and the host a way out for it. */
export function advertising(host: Host, site: string): Advertising {
  // dnsmasq(8) announces to guests what it leases to them; OpenBSD's dhcpd(8) does not.
  const elsewhere = host.system.family === "openbsd" ? null : (host.hotspot?.lan ?? null);
  const lans = host.lans.filter(
    (lan) => lan !== elsewhere && (lan.delegated || lan.addresses.some(({ address }) => address.family === 6)),
  );
  const leads = host.tunnels.length > 0 || host.uplinks.some((line) => line.inet6 !== null);
  if (lans.length === 0 || !leads) return { files: [], switches: [] };
  const cards = lans.map((lan) => lan.interface);
  if (host.system.family === "freebsd") {
    return { files: [], switches: ['rtadvd_enable="YES"', `rtadvd_interfaces="${cards.join(" ")}"`] };
  }
  if (!isAtLeast(host.system, "openbsd", 6, 4)) return { files: [], switches: [`rtadvd_flags="${cards.join(" ")}"`] };
  const out = new FileWriter("/etc/rad.conf");
  head(out, site, `${host.name}: routers announce themselves, and the networks on each card with them.`);
  for (const lan of lans) {
    const resolvers = lan === host.hotspot?.lan ? lan.addresses.filter(({ address }) => address.family === 6) : [];
    if (resolvers.length === 0) {
      out.line(`interface ${lan.interface}`, lan.path);
      continue;
    }
    out
      .line("# rad.conf(5) has no option for a captive portal (RFC 8910, 2.3): guests with IPv6 hear of it by DHCP")
      .line(`interface ${lan.interface} {`, lan.path);
    out.line("\tdns {");
    for (const { address } of resolvers) out.line(`\t\tnameserver ${address}`, lan.path);
    out.line("\t}").line("}");
  }
  return { files: [out.finish()], switches: ["rad_flags="] };
}
