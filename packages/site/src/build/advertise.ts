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
  const lans = host.lans.filter((lan) => lan.delegated || lan.addresses.some(({ address }) => address.family === 6));
  const leads = host.tunnels.length > 0 || host.uplinks.some((line) => line.inet6 !== null);
  if (lans.length === 0 || !leads) return { files: [], switches: [] };
  const cards = lans.map((lan) => lan.interface);
  if (host.system.family === "freebsd") {
    return { files: [], switches: ['rtadvd_enable="YES"', `rtadvd_interfaces="${cards.join(" ")}"`] };
  }
  if (!isAtLeast(host.system, "openbsd", 6, 4)) return { files: [], switches: [`rtadvd_flags="${cards.join(" ")}"`] };
  const out = new FileWriter("/etc/rad.conf");
  head(out, site, `${host.name}: routers announce themselves, and the networks on each card with them.`);
  for (const lan of lans) out.line(`interface ${lan.interface}`, lan.path);
  return { files: [out.finish()], switches: ["rad_flags="] };
}
