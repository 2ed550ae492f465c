/** dnsmasq.conf of a hotspot (dnsmasq(8) 2.90): addresses, names and router announcements for guests on FreeBSD and Linux. */

import { Source } from "@pierhead/core";
import { type GardenEntry, nftsetLine, readPortalConf } from "@pierhead/lang/portal-conf";
import type { Hotspot } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import { netmask } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

/** On Debian beside the package's own file, which stays as it is. */
export function dnsmasqPath(host: Host): string {
  return host.system.family === "freebsd" ? "/usr/local/etc/dnsmasq.conf" : "/etc/dnsmasq.d/pierhead.conf";
}

export function dnsmasqConf(host: Host, hotspot: Hotspot, portal: BuiltFile, site: string): BuiltFile {
  const { lan, path, options } = hotspot;
  const out = new FileWriter(dnsmasqPath(host));
  head(out, site, `${host.name}: addresses and names for the guests.`);
  out.line(`interface=${lan.interface}`, [...lan.path, "interface"]);
  // Only the guests' addresses and loopback are listened at, whichever of them comes later.
  out.line(host.system.family === "linux" ? "bind-dynamic" : "bind-interfaces");
  out.line("no-resolv");
  host.dns.forEach((address, index) => {
    out.line(`server=${address}`, [...host.path, "dns", index]);
  });
  out.line("domain-needed").line("bogus-priv");
  const name = options.portal?.name?.toLowerCase();
  if (name !== undefined) {
    const addresses = hotspot.own.map(({ prefix }) => `${prefix.address}`).join(",");
    out.blank().line("# guests find the portal here, whatever the world says of its name");
    out.line(`host-record=${name},${addresses}`, [...path, "portal", "name"]);
  }
  leases(out, hotspot);
  announcements(out, hotspot);
  if (hotspot.api === null) {
    out.blank().line("# no name with a certificate, so no captive portal API is announced (RFC 8908 is HTTPS only)");
  }
  if (host.system.family === "linux") garden(out, hotspot, portal);
  return out.finish();
}

function leases(out: FileWriter, { own, pool, lease, api, path }: Hotspot): void {
  const first = own.find(({ prefix }) => prefix.address.family === 4);
  if (pool === null || first === undefined) return;
  out.blank().line("dhcp-authoritative");
  out.line(`dhcp-range=${pool.from},${pool.to},${netmask(first.prefix)},${lease}`, pool.path, [...path, "lease"]);
  out.line(`dhcp-option=option:router,${first.prefix.address}`, first.path);
  out.line(`dhcp-option=option:dns-server,${first.prefix.address}`, first.path);
  // RFC 8910, 2.1.
  if (api !== null) out.line(`dhcp-option=114,${api}`, [...path, "portal", "name"]);
}

function announcements(out: FileWriter, { own, uplink, api, path, lease }: Hotspot): void {
  const six = own.filter(({ prefix }) => prefix.address.family === 6);
  if (six.length === 0 || uplink.inet6 === null) return;
  out.blank().line("enable-ra");
  for (const { prefix, path: at } of six) {
    out.line(`dhcp-range=${prefix.address.masked(prefix.length)},ra-stateless,${prefix.length},${lease}`, at);
  }
  out.line(`dhcp-option=option6:dns-server,${six.map(({ prefix }) => `[${prefix.address}]`).join(",")}`, path);
  if (api === null) return;
  // RFC 8910, 2.2; its option of router announcements (2.3) dnsmasq does not have.
  out.line(`dhcp-option=option6:103,${api}`, [...path, "portal", "name"]);
}

/** Names of the walled garden are opened as they are answered, those below them too; the sets are the portal's. */
function garden(out: FileWriter, { path }: Hotspot, portal: BuiltFile): void {
  const entries = readPortalConf(new Source(portal.path, portal.text)).config?.garden ?? [];
  const names = entries.flatMap((one: GardenEntry, index) =>
    one.kind === "name" && one.port === null ? [{ name: one.name, index }] : [],
  );
  if (names.length === 0) return;
  out.blank().line("# the walled garden's names, opened for guests as they are answered");
  for (const { name, index } of names) out.line(nftsetLine(name), [...path, "garden", index]);
}
