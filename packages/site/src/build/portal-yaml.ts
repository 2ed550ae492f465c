/** portal.yaml of a hotspot: the section's own words, with the place it stands in filled in. */
import { formatPrefix, Source } from "@pierhead/core";
import type { PortalFile } from "@pierhead/lang/portal-conf";
import { PORTAL_USER } from "@pierhead/lang/service-file";
import { type YamlPath as SitePath, YamlText } from "@pierhead/lang/yaml-text";
import { stringify } from "yaml";
import type { Hotspot } from "../model/hotspot.ts";
import type { Host } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

/** Where the daemon looks for it, and what it needs lies beside. */
export function portalFolder(host: Host): string {
  return host.system.family === "freebsd" ? "/usr/local/etc/pierhead" : "/etc/pierhead";
}

export function portalYaml(host: Host, hotspot: Hotspot, site: string): BuiltFile {
  const readers = host.system.family === "linux" ? { mode: 0o640, group: PORTAL_USER } : { mode: 0o600 };
  const out = new FileWriter(`${portalFolder(host)}/portal.yaml`, readers);
  head(out, site, `${host.name}: the captive portal. \`pierhead portal -n\` checks it, SIGHUP has it read again.`);
  const text = stringify(portalFile(host, hotspot), { lineWidth: 0, aliasDuplicateObjects: false }).replace(/\n$/, "");
  const origins = originsOf(text, hotspot);
  for (const [index, line] of text.split("\n").entries()) out.line(line, origins[index] ?? hotspot.path);
  return out.finish();
}

export function portalFile(host: Host, { lan, uplink, isolate, nat, own, options }: Hotspot): PortalFile {
  const { gateway, ...rest } = options;
  return {
    gateway: gateway ?? host.name,
    guests: {
      interface: lan.interface,
      addresses: own.map(({ prefix }) => `${prefix.address}/${prefix.length}`),
      isolate,
    },
    uplink: { interface: uplink.interface, nat },
    firewall: host.system.family === "linux" ? "nftables" : "pf",
    ...rest,
  };
}

/** For each line the part of the site that it says again. */
function originsOf(text: string, hotspot: Hotspot): SitePath[] {
  const source = new Source("portal.yaml", text);
  const document = new YamlText(source, { syntax: "", duplicateKey: "" });
  const origins: SitePath[] = [];
  const walk = (value: unknown, path: SitePath): void => {
    if (path.length > 0) {
      const { line } = source.position(document.keyPlace(path).start);
      origins[line - 1] ??= inSite(path, hotspot);
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) walk(item, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  walk(document.value, []);
  // Lines inside a block of text belong to where it begins.
  let last: SitePath = hotspot.path;
  return text.split("\n").map((_, index) => {
    last = origins[index] ?? last;
    return last;
  });
}

function inSite(path: SitePath, { path: hotspot, lan, uplink, own }: Hotspot): SitePath {
  const [section, key, index] = path;
  if (section === "guests") {
    if (key === "interface") return [...lan.path, "interface"];
    if (key === "addresses") return own[Number(index ?? 0)]?.path ?? lan.path;
    return [...hotspot, key === undefined ? "guests" : key];
  }
  if (section === "uplink") return key === "nat" ? [...hotspot, "nat"] : [...uplink.path, "interface"];
  return section === "firewall" ? hotspot : [...hotspot, ...path];
}

/** `10.99.0.0/22` */
export function guestNetworks({ own }: Hotspot): readonly { readonly text: string; readonly path: SitePath }[] {
  return own.map(({ prefix: { address, length }, path }) => ({
    text: formatPrefix({ address: address.masked(length), length }),
    path,
  }));
}
