/** The bridge that guests hang on, and where the host's own address is then: on the bridge, or on the card in it. */
import type { Host } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";

export interface Bridge {
  /** `bridge0`, `br0`. */
  readonly name: string;
  /** Card of the host that is in it. */
  readonly card: string;
  readonly cardPath: SitePath;
  /** The site's `hypervisor`. */
  readonly path: SitePath;
  /** Octets, when a line on the card says so: card and bridge must agree. */
  readonly mtu: { readonly octets: number; readonly path: SitePath } | null;
}

export function bridgeOf(host: Host): Bridge | null {
  const { hypervisor } = host;
  if (hypervisor === null) return null;
  return {
    name: hypervisor.bridge,
    card: hypervisor.interface,
    cardPath: hypervisor.interfacePath,
    path: hypervisor.path,
    mtu: mtuOf(host, hypervisor.interface),
  };
}

function mtuOf(host: Host, card: string): Bridge["mtu"] {
  const line = host.uplinks.find((one) => one.interface === card);
  return line?.mtu == null ? null : { octets: line.mtu, path: [...line.path, "mtu"] };
}

/**
 * The host with its lines where they are once the card is in the bridge. FreeBSD and Linux want the address on the
 * bridge: a card inside one has no business with IP of its own (if_bridge(4), `member_ifaddrs`). On OpenBSD's bridge(4)
 * and NetBSD's it stays on the card.
 */
export function onBridge(host: Host): Host {
  const bridge = bridgeOf(host);
  const { family } = host.system;
  if (bridge === null || (family !== "freebsd" && family !== "linux")) return host;
  const moved = <T extends { readonly interface: string }>(one: T): T =>
    one.interface === bridge.card ? { ...one, interface: bridge.name } : one;
  const uplinks = host.uplinks.map(moved);
  return {
    ...host,
    uplinks,
    lans: host.lans.map(moved),
    preferred: uplinks.find((line) => line.name === host.preferred?.name) ?? null,
  };
}
