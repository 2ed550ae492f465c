/** unbound.conf(5) and dhcpd.conf(5) of a hotspot on OpenBSD, both in the base system. */
import type { Hotspot } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import { netmask } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { guestNetworks } from "./portal-yaml.ts";

export function unboundConf(host: Host, hotspot: Hotspot, site: string): BuiltFile {
  const { own, options, path } = hotspot;
  const out = new FileWriter("/var/unbound/etc/unbound.conf");
  head(out, site, `${host.name}: names for the guests and for the gateway itself.`);
  out.line("server:").line("\tinterface: 127.0.0.1");
  for (const { prefix, path: at } of own) out.line(`\tinterface: ${prefix.address}`, at);
  out.line("\taccess-control: 127.0.0.0/8 allow");
  for (const { text, path: at } of guestNetworks(hotspot)) out.line(`\taccess-control: ${text} allow`, at);
  out.line("\thide-identity: yes").line("\thide-version: yes");
  out.line('\tauto-trust-anchor-file: "/var/unbound/db/root.key"');
  const name = options.portal?.name?.toLowerCase();
  if (name !== undefined) {
    out.line("\t# guests find the portal here, whatever the world says of its name");
    for (const { prefix } of own) {
      const type = prefix.address.family === 4 ? "A" : "AAAA";
      out.line(`\tlocal-data: "${name}. IN ${type} ${prefix.address}"`, [...path, "portal", "name"]);
    }
  }
  out.blank().line("remote-control:").line("\tcontrol-enable: yes").line("\tcontrol-interface: /var/run/unbound.sock");
  if (host.dns.length === 0) return out.finish();
  out
    .blank()
    .line("forward-zone:", [...host.path, "dns"])
    .line('\tname: "."', [...host.path, "dns"]);
  host.dns.forEach((address, index) => {
    out.line(`\tforward-addr: ${address}`, [...host.path, "dns", index]);
  });
  return out.finish();
}

export function dhcpdConf(host: Host, { own, pool, lease, api, path }: Hotspot, site: string): BuiltFile | null {
  const first = own.find(({ prefix }) => prefix.address.family === 4);
  if (pool === null || first === undefined) return null;
  const { address, length } = first.prefix;
  const out = new FileWriter("/etc/dhcpd.conf");
  head(out, site, `${host.name}: addresses for the guests.`);
  out.line("authoritative;");
  out.line(`default-lease-time ${lease};`, [...path, "lease"]).line(`max-lease-time ${lease};`, [...path, "lease"]);
  out.blank().line(`subnet ${address.masked(length)} netmask ${netmask(first.prefix)} {`, first.path);
  out.line(`\trange ${pool.from} ${pool.to};`, pool.path);
  out.line(`\toption routers ${address};`, first.path);
  out.line(`\toption domain-name-servers ${address};`, first.path);
  if (api === null) {
    out.line("\t# no name with a certificate, so no captive portal API is announced (RFC 8908 is HTTPS only)");
  } else {
    // RFC 8910, 2.1: dhcpd(8) has no name of its own for it.
    out.line(`\toption option-114 "${api}";`, [...path, "portal", "name"]);
  }
  return out.line("}").finish();
}
