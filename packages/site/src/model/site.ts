/** A site after reading: references followed, usual values filled in, every part with its place in the file. */
import type { Address, Prefix, Source, Span, System } from "@pierhead/core";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import type { HypervisorKind, LinuxNetwork, ProviderName } from "../schema/index.ts";
import type { Hotspot } from "./hotspot.ts";
import type { VpnService } from "./vpn.ts";

/** IPv6 on a card. */
export interface Inet6 {
  readonly path: SitePath;
  readonly method: "static" | "slaac" | "dhcpv6-pd";
  /** Null: none of its own, or one that is announced. */
  readonly address: Prefix | null;
  /** Null: routers announce themselves. */
  readonly gateway: Address | null;
  /** Lower case. */
  readonly duid: string | null;
  /** Known beforehand. */
  readonly prefix: Prefix | null;
  readonly lans: readonly { readonly name: string; readonly number: number; readonly path: SitePath }[];
}

export interface Uplink {
  readonly name: string;
  readonly path: SitePath;
  readonly interface: string;
  /** Null: a server gives it. */
  readonly address: Prefix | null;
  /** Null: it is in the lease. */
  readonly gateway: Address | null;
  /** Lower case; null: found by ARP. */
  readonly gatewayMac: string | null;
  readonly dhcp: boolean;
  readonly description: string;
  readonly weight: number;
  /** Null: the gateway. */
  readonly probe: Address | null;
  readonly mtu: number | null;
  readonly inet6: Inet6 | null;
}

export interface Lan {
  readonly name: string;
  readonly path: SitePath;
  readonly interface: string;
  readonly addresses: readonly Prefix[];
  readonly description: string;
  /** It gets a /64 of what is delegated on a line, or an address by hand: there is IPv6 in it. */
  readonly delegated: boolean;
}

export interface Pin {
  readonly path: SitePath;
  readonly uplink: string;
  readonly protocol: "tcp" | "udp";
  readonly ports: readonly string[];
}

export interface Service {
  readonly name: string;
  readonly path: SitePath;
  readonly protocol: "tcp" | "udp";
  readonly port: string;
  readonly uplinks: readonly string[];
  readonly from: readonly Prefix[];
}

export interface Tunnel {
  readonly name: string;
  readonly path: SitePath;
  readonly interface: string;
  /** Null in a guest: its own address. */
  readonly uplink: string | null;
  readonly remote: Address;
  readonly address: Prefix;
  readonly peer: Address;
  /** Network the far end routes to this one. */
  readonly prefix: Prefix | null;
  readonly mtu: number;
  readonly isDefault: boolean;
}

export interface Hypervisor {
  readonly path: SitePath;
  readonly kind: HypervisorKind;
  readonly bridge: string;
  readonly interface: string;
  /** Where the card is named: here, or at the first line. */
  readonly interfacePath: SitePath;
  readonly disks: string;
}

export interface SecretFile {
  readonly path: SitePath;
  /** On the host. */
  readonly file: string;
  readonly reference: string;
}

export interface Host {
  readonly name: string;
  readonly path: SitePath;
  readonly system: System;
  readonly provider: ProviderName;
  readonly uplinks: readonly Uplink[];
  readonly lans: readonly Lan[];
  /** Line of the host's own default route; null without lines. */
  readonly preferred: Uplink | null;
  readonly pins: readonly Pin[];
  readonly failover: { readonly path: SitePath; readonly every: number; readonly timeout: number };
  readonly services: readonly Service[];
  readonly tunnels: readonly Tunnel[];
  readonly hypervisor: Hypervisor | null;
  readonly vpn: readonly VpnService[];
  readonly hotspot: Hotspot | null;
  readonly network: LinuxNetwork;
  readonly dns: readonly Address[];
  readonly secrets: readonly SecretFile[];
  readonly scenarios: readonly string[];
  readonly policies: readonly string[];
}

export interface Guest {
  readonly name: string;
  readonly path: SitePath;
  /** Name of its host. */
  readonly on: string;
  readonly system: System;
  readonly provider: ProviderName;
  readonly interface: string;
  readonly address: Prefix;
  readonly gateway: Address;
  /** Where the gateway is written: here, or at the host. */
  readonly gatewayPath: SitePath;
  /** Lower case; null: found by ARP. */
  readonly gatewayMac: string | null;
  /** The gateway is outside the network of the address: it needs a route of its own. */
  readonly gatewayOnLink: boolean;
  /** Lower case. */
  readonly mac: string;
  readonly inet6: Inet6 | null;
  readonly network: LinuxNetwork;
  readonly dns: readonly Address[];
  readonly services: readonly Service[];
  readonly tunnels: readonly Tunnel[];
  readonly cpus: number;
  readonly memory: number;
  readonly disk: number;
  readonly after: readonly string[];
}

export interface Site {
  readonly name: string;
  readonly hosts: readonly Host[];
  /** In the order in which they are started. */
  readonly guests: readonly Guest[];
  /** Null for a site that was written in TypeScript. */
  readonly source: Source | null;
  /** Where in the source a path is. */
  place(path: SitePath): Span;
}
