/** The files of a hotspot, besides cards and rules: portal.yaml, the guests' DHCP and DNS, what starts the portal. */
import { Address } from "@pierhead/core";
import { PORTAL_USER_FILE, serviceFile } from "@pierhead/lang/service-file";
import type { Hotspot } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import { dnsmasqConf } from "./dnsmasq.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { resolvConf } from "./linux.ts";
import { nftGuard } from "./nft-guard.ts";
import { portalYaml } from "./portal-yaml.ts";
import { dhcpdConf, unboundConf } from "./unbound-conf.ts";

export interface HotspotFiles {
  readonly files: readonly BuiltFile[];
  /** Lines of rc.conf.local or rc.conf. */
  readonly switches: readonly { readonly line: string; readonly from: SitePath }[];
  /** OpenBSD: scripts of rc.d(8) that are not in the base system. */
  readonly scripts: readonly string[];
}

export function hotspotFiles(host: Host, site: string): HotspotFiles {
  const { hotspot } = host;
  if (hotspot === null) return { files: [], switches: [], scripts: [] };
  const portal = portalYaml(host, hotspot, site);
  const files = [portal, starter(host, hotspot)];
  const from = hotspot.path;
  switch (host.system.family) {
    case "openbsd": {
      const dhcpd = dhcpdConf(host, hotspot, site);
      files.push(unboundConf(host, hotspot, site), ...(dhcpd === null ? [] : [dhcpd]), ownResolver(hotspot));
      const switches = [
        ...(dhcpd === null ? [] : [{ line: `dhcpd_flags=${hotspot.lan.interface}`, from: hotspot.lan.path }]),
        { line: "unbound_flags=", from },
      ];
      return { files, switches, scripts: ["pierhead_portal"] };
    }
    case "freebsd":
      files.push(dnsmasqConf(host, hotspot, portal, site));
      return {
        files,
        switches: ["dnsmasq", "pierhead_portal"].map((name) => ({ line: `${name}_enable="YES"`, from })),
        scripts: [],
      };
    default:
      files.push(
        dnsmasqConf(host, hotspot, portal, site),
        nftGuard(host, hotspot, site),
        forwarding(host, hotspot, site),
        portalUser(hotspot),
        resolvConf(host.dns.map((address, index) => ({ address, path: [...host.path, "dns", index] }))),
      );
      return { files, switches: [], scripts: [] };
  }
}

/** unbound(8) asks the root servers, or those of `dns`. */
function ownResolver({ path }: Hotspot): BuiltFile {
  return resolvConf([{ address: new Address(4, 0x7f000001), path }]);
}

/** What `pierhead portal install` prints. */
function starter(host: Host, hotspot: Hotspot): BuiltFile {
  const file = serviceFile(host.system.family, "portal");
  if (file === null) throw new Error(`no service file for ${host.system.family}`);
  const out = new FileWriter(file.path, { mode: Number.parseInt(file.mode, 8) });
  return out.line(file.text.replace(/\n$/, ""), hotspot.path).finish();
}

/** sysusers.d(5): whom the unit starts the portal as. */
function portalUser({ path }: Hotspot): BuiltFile {
  return new FileWriter(PORTAL_USER_FILE.path).line(PORTAL_USER_FILE.line, path).finish();
}

function forwarding(host: Host, { own }: Hotspot, site: string): BuiltFile {
  const out = new FileWriter("/etc/sysctl.d/60-pierhead.conf");
  head(out, site, `${host.name} is a gateway.`);
  const at = (family: number): SitePath | undefined => own.find(({ prefix }) => prefix.address.family === family)?.path;
  const four = at(4);
  const six = at(6);
  if (four !== undefined) out.line("net.ipv4.ip_forward = 1", four);
  if (six !== undefined) out.line("net.ipv6.conf.all.forwarding = 1", six);
  return out.finish();
}
