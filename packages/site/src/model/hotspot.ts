/** A captive portal on a host, references followed. */
import { Address, type Prefix, parseAddress } from "@pierhead/core";
import { type PortalOptions, parseDuration } from "@pierhead/lang/portal-conf";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import { type HotspotDescription, parsePool } from "../schema/hotspot.ts";
import type { Lan, Uplink } from "./site.ts";

export interface Hotspot {
  readonly path: SitePath;
  readonly lan: Lan;
  readonly uplink: Uplink;
  readonly isolate: boolean;
  readonly nat: boolean;
  /** The gateway's own addresses on the guests' side, with where they are written. */
  readonly own: readonly { readonly prefix: Prefix; readonly path: SitePath }[];
  /** IPv4 addresses that guests get; null without IPv4. */
  readonly pool: { readonly from: Address; readonly to: Address; readonly path: SitePath } | null;
  /** Seconds. */
  readonly lease: number;
  /** What portal.yaml says besides, as it is written. */
  readonly options: PortalOptions;
  /** URL of the captive portal API (RFC 8908), which is HTTPS only; null without name and certificate. */
  readonly api: string | null;
}

/** @returns null when there is no such LAN or line, which the checks report */
export function resolveHotspot(
  one: HotspotDescription,
  hostPath: SitePath,
  uplinks: readonly Uplink[],
  lans: readonly Lan[],
): Hotspot | null {
  const { guests, isolate, uplink: line, nat, pool, lease, ...options } = one;
  const path = [...hostPath, "hotspot"];
  const lan = lans.find((each) => each.name === guests);
  const uplink = line === undefined ? uplinks[0] : uplinks.find((each) => each.name === line);
  if (lan === undefined || uplink === undefined) return null;
  const own = lan.addresses.map((prefix, index) => ({ prefix, path: [...lan.path, "addresses", index] }));
  return {
    path,
    lan,
    uplink,
    isolate: isolate ?? true,
    nat: nat ?? true,
    own,
    pool: poolOf(pool, own, path),
    lease: parseDuration(lease ?? 3600) ?? 3600,
    options,
    api: apiOf(options),
  };
}

function poolOf(text: string | undefined, own: Hotspot["own"], path: SitePath): Hotspot["pool"] {
  const first = own.find(({ prefix }) => prefix.address.family === 4);
  if (first === undefined) return null;
  const written = text === undefined ? null : parsePool(text);
  if (written !== null) {
    const [from, to] = written;
    return { from: parseAddress(from) as Address, to: parseAddress(to) as Address, path: [...path, "pool"] };
  }
  // What is free above the gateway's own address or below it, whichever is more.
  const { address, length } = first.prefix;
  const low = address.masked(length).w0 + 1;
  const high = address.filled(length).w0 - 1;
  const above = high - address.w0 >= address.w0 - low;
  const [from, to] = above ? [address.w0 + 1, high] : [low, address.w0 - 1];
  return { from: new Address(4, from), to: new Address(4, to), path: first.path };
}

/** As the portal itself announces it (RFC 8910, 2). */
function apiOf({ portal }: PortalOptions): string | null {
  if (portal?.name === undefined || portal.certificate === undefined) return null;
  const port = portal.httpsPort === undefined || portal.httpsPort === 443 ? "" : `:${portal.httpsPort}`;
  return `https://${portal.name.toLowerCase()}${port}/captive-portal/api`;
}

/** TCP ports of the portal that guests reach before they came in. */
export function portalPorts({ options }: Hotspot): readonly number[] {
  const { portal } = options;
  return [
    portal?.httpPort ?? 80,
    ...(portal?.certificate === undefined ? [] : [portal.httpsPort ?? 443]),
    ...(portal?.uam === undefined ? [] : [portal.uam.port ?? 3990]),
  ];
}

/** Servers that may change and end sessions (RFC 5176), with the port they speak to. */
export function dynamicClients({ options, path }: Hotspot): readonly {
  readonly address: Address;
  readonly port: number;
  readonly path: SitePath;
}[] {
  const dynamic = options.radius?.dynamic;
  return (dynamic?.clients ?? []).map((client, index) => ({
    address: parseAddress(client.address) as Address,
    port: dynamic?.port ?? 3799,
    path: [...path, "radius", "dynamic", "clients", index],
  }));
}

/** The authority fetches its proof from port 80 of the portal's name (RFC 8555, 8.3). */
export function asksByAcme({ options }: Hotspot): boolean {
  const certificate = options.portal?.certificate;
  return certificate !== undefined && "acme" in certificate;
}

/** `file:` and `env:` in the portal's options, with where they are written. */
export function portalSecrets({ options, path }: Hotspot): readonly {
  readonly reference: string;
  readonly path: SitePath;
}[] {
  const { radius, portal, store } = options;
  const found: { reference: string | undefined; path: SitePath }[] = [
    { reference: store, path: [...path, "store"] },
    { reference: portal?.uam?.secret, path: [...path, "portal", "uam", "secret"] },
    { reference: radius?.macPassword, path: [...path, "radius", "macPassword"] },
  ];
  for (const [index, server] of (radius?.servers ?? []).entries()) {
    found.push({ reference: server.secret, path: [...path, "radius", "servers", index, "secret"] });
  }
  for (const [index, client] of (radius?.dynamic?.clients ?? []).entries()) {
    found.push({ reference: client.secret, path: [...path, "radius", "dynamic", "clients", index, "secret"] });
  }
  return found.flatMap(({ reference, path: at }) =>
    reference !== undefined && /^(?:env|file):/.test(reference) ? [{ reference, path: at }] : [],
  );
}

/** Other files of the host that the portal reads: certificates, a logo. */
export function portalFiles({ options, path }: Hotspot): readonly { readonly file: string; readonly path: SitePath }[] {
  const { portal, look, admin, radius } = options;
  const found: { file: string; path: SitePath }[] = [];
  const pair = (one: { chain: string; key: string } | undefined, at: SitePath): void => {
    if (one === undefined) return;
    found.push({ file: one.chain, path: [...at, "chain"] }, { file: one.key, path: [...at, "key"] });
  };
  const certificate = portal?.certificate;
  if (certificate !== undefined && "chain" in certificate) pair(certificate, [...path, "portal", "certificate"]);
  pair(admin?.certificate, [...path, "admin", "certificate"]);
  if (look?.logo !== undefined) found.push({ file: look.logo, path: [...path, "look", "logo"] });
  for (const [index, { tls }] of (radius?.servers ?? []).entries()) {
    if (tls === undefined) continue;
    for (const key of ["ca", "certificate", "key"] as const) {
      found.push({ file: tls[key], path: [...path, "radius", "servers", index, "tls", key] });
    }
  }
  return found;
}
