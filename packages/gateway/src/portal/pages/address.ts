/** Where the portal is reached, as URLs. */
import { isIPv6 } from "node:net";
import type { PortalConfig } from "@pierhead/lang/portal-conf";

/** `fe80::1%em0` and `::ffff:10.1.0.1` as the other parts write them. */
export function plainAddress(address: string): string {
  const bare = address.split("%")[0] as string;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped === null ? bare : (mapped[1] as string);
}

/** As a URL's host is written: brackets, and the shortest form (RFC 5952). */
function bracketed(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : address;
}

/** The gateway's addresses on the guests' link, without prefix length. */
export function ownAddresses(config: PortalConfig): readonly string[] {
  return config.guests.addresses.map((address) => address.split("/")[0] as string);
}

/** The one that somebody at `client` reaches: of the same family when there is one. */
export function addressFor(config: PortalConfig, client: string): string {
  const own = ownAddresses(config);
  return own.find((address) => isIPv6(address) === isIPv6(client)) ?? own[0] ?? "127.0.0.1";
}

/** IPv4 first: what CoovaChilli calls uamlisten. */
export function uamAddress(config: PortalConfig): string {
  return addressFor(config, "0.0.0.0");
}

function origin(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host}${port === (scheme === "http" ? 80 : 443) ? "" : `:${port}`}`;
}

export interface Origins {
  readonly http: (client: string) => string;
  /** Null without a name: no certificate is for an address. */
  readonly https: string | null;
  readonly uam: string | null;
  /** Names and addresses a request to ourselves can have in Host, lower case, without port. */
  readonly hosts: ReadonlySet<string>;
  /** What a form of ours has as Origin. */
  readonly all: ReadonlySet<string>;
}

/** @param ports where we really listen, when the configuration says 0 */
export function originsOf(config: PortalConfig, ports: { http: number; https: number; uam: number | null }): Origins {
  const name = config.portal.name?.toLowerCase() ?? null;
  const hosts = [...(name === null ? [] : [name]), ...ownAddresses(config).map(bracketed)];
  const https = name === null || config.portal.certificate === null ? null : origin("https", name, ports.https);
  const all = new Set<string>();
  for (const host of hosts) {
    for (const port of [ports.http, 80]) all.add(origin("http", host, port));
    if (ports.uam !== null) all.add(origin("http", host, ports.uam));
  }
  if (https !== null) all.add(https);
  return {
    http: (client) => origin("http", name ?? bracketed(addressFor(config, client)), ports.http),
    https,
    uam: ports.uam === null ? null : origin("http", bracketed(uamAddress(config)), ports.uam),
    hosts: new Set(hosts),
    all,
  };
}

/** Host of a URL without port, brackets kept. */
export function hostOf(url: URL): string {
  return url.hostname.toLowerCase();
}
