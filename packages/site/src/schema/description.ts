/** The shape of a site file as people write it: names, addresses and numbers as text, everything optional that has a usual value. */

import type { HotspotDescription } from "./hotspot.ts";
import type { VpnDescription } from "./vpn.ts";

/** `env:NAME` or `file:path`: where a secret is kept. The secret itself never stands in a site file. */
export type SecretReference = string;

/** How a machine comes to IPv6 on one of its cards. */
export interface Inet6Description {
  /** `static` when absent: address and gateway as written. */
  method?: "static" | "slaac" | "dhcpv6-pd" | undefined;
  /** Own address, with its length. With a delegated prefix it is one of that prefix. */
  address?: string | undefined;
  /** Next hop; link-local (`fe80::1`) or outside the network of the address, too. Otherwise routers announce themselves. */
  gateway?: string | undefined;
  /** DUID that the delegation is tied to, as the provider's console shows it: `00:03:00:01:…`. */
  duid?: string | undefined;
  /** Network that is delegated, where it is always the same one: `2001:db8:1000::/48`. */
  prefix?: string | undefined;
  /** LANs that get a /64 of whatever is delegated, with the number of each: `{ lan: 1 }`. */
  lans?: Record<string, number> | undefined;
}

/** One internet line of a host. */
export interface UplinkDescription {
  /** Network card or pseudo-interface: `vr0`. */
  interface: string;
  /** `198.51.100.199/24`; absent for a line that gets its address from a server. */
  address?: string | undefined;
  /** Next hop of a line with an address. It may be outside the network of the address (a rented server). */
  gateway?: string | undefined;
  /** MAC of that gateway: its ARP entry is fixed, so that nobody else on the wire can claim to be it. */
  gatewayMac?: string | undefined;
  /** The provider's DHCP server gives address and gateway. */
  dhcp?: boolean | undefined;
  description?: string | undefined;
  /** Share of new connections, against the weights of the other lines; 1 when absent, 0 for a line in reserve. */
  weight?: number | undefined;
  /** Address that is pinged to know whether the line works; the gateway when absent. */
  probe?: string | undefined;
  /** Octets of the largest packet. */
  mtu?: number | undefined;
  inet6?: Inet6Description | undefined;
}

/** A network of the site's own. */
export interface LanDescription {
  interface: string;
  /** Addresses of the host in it, with length; IPv4 and IPv6. */
  addresses: string[];
  description?: string | undefined;
}

/** Connections that always take one line while it works. */
export interface PinDescription {
  uplink: string;
  protocol?: "tcp" | "udp" | undefined;
  /** Port numbers or service names: `https`. */
  ports: (string | number)[];
}

export interface BalanceDescription {
  /** Line of the host's own connections, and of the default route, while all lines work; the first when absent. */
  preferred?: string | undefined;
  pin?: PinDescription[] | undefined;
}

export interface FailoverDescription {
  /** Seconds from one look at a line to the next; 10 when absent. */
  every?: number | undefined;
  /** Seconds a ping may take; 1 when absent. */
  timeout?: number | undefined;
}

/** Something the host itself offers to the outside. */
export interface ServiceDescription {
  protocol?: "tcp" | "udp" | undefined;
  port: string | number;
  /** Lines it is reached by; all when absent. */
  uplinks?: string[] | undefined;
  /** Networks that may use it; everybody when absent. */
  from?: string[] | undefined;
}

/** IPv6 through IPv4, as tunnel brokers offer it (RFC 4213). */
export interface TunnelDescription {
  /** `gif0`; on Linux a name such as `he0`. */
  interface: string;
  /** Line it goes through. */
  uplink: string;
  /** IPv4 address of the far end. */
  remote: string;
  /** Own address inside, with its length: `2001:db8:1::2/64`. */
  address: string;
  /** The far end's address inside: next hop of the default route. */
  peer: string;
  /** Network that the far end routes to this one, for the LANs: `2001:db8:1000::/48`. */
  prefix?: string | undefined;
  /** Octets; when absent those of the line less the IPv4 header, 1480 for an Ethernet. */
  mtu?: number | undefined;
  /** The IPv6 default route goes through it; true when absent. */
  default?: boolean | undefined;
}

export type HypervisorKind = "bhyve" | "vm-bhyve" | "vmd" | "qemu-nvmm" | "libvirt";

/** What runs the guests of a host. */
export interface HypervisorDescription {
  kind: HypervisorKind;
  /** Bridge the guests hang on: `bridge0`, `br0`. */
  bridge: string;
  /** Card of the host that is in the bridge; the interface of the first uplink when absent. */
  interface?: string | undefined;
  /** Where disks are kept; `/vm` when absent. */
  disks?: string | undefined;
}

/** What reads the network files on Linux. */
export type LinuxNetwork = "systemd-networkd" | "ifupdown";

export type ProviderName = "online-net" | "ovh" | "hetzner" | "generic";

export interface HostDescription {
  /** `openbsd-7.8`, `freebsd-14.3`, `netbsd-10.1`, `linux`. */
  system: string;
  provider?: ProviderName | undefined;
  uplinks?: Record<string, UplinkDescription> | undefined;
  lans?: Record<string, LanDescription> | undefined;
  balance?: BalanceDescription | undefined;
  failover?: FailoverDescription | undefined;
  services?: Record<string, ServiceDescription> | undefined;
  tunnels?: Record<string, TunnelDescription> | undefined;
  hypervisor?: HypervisorDescription | undefined;
  vpn?: VpnDescription | undefined;
  hotspot?: HotspotDescription | undefined;
  /** Linux: which files are written. */
  network?: LinuxNetwork | undefined;
  /** Name servers. */
  dns?: string[] | undefined;
  /** Files that are needed on the host and hold a secret: path on the host → where the secret is kept. */
  secrets?: Record<string, SecretReference> | undefined;
  /** Scenario files, beside the site file; they are run on what was built. */
  scenarios?: string[] | undefined;
  /** Policy files, beside the site file. */
  policies?: string[] | undefined;
}

/** A machine inside a host, with an address of its own. */
export interface GuestDescription {
  /** Host it runs on; that host has a `hypervisor`. */
  on: string;
  system: string;
  /** Card inside the guest: `vtnet0`, `vio0`, `vioif0`, `enp1s0`. */
  interface: string;
  /** One address; without a length it stands alone (/32). */
  address: string;
  /** Of the virtual card, as the provider's console shows it for this address. */
  mac: string;
  /** The gateway of the host when absent. */
  gateway?: string | undefined;
  /** MAC of that gateway; the host's when the gateway is the host's. */
  gatewayMac?: string | undefined;
  inet6?: Inet6Description | undefined;
  /** Linux: which files are written. */
  network?: LinuxNetwork | undefined;
  /** Name servers. */
  dns?: string[] | undefined;
  /** The provider ties the address to this MAC; the host's provider when absent. */
  provider?: ProviderName | undefined;
  services?: Record<string, ServiceDescription> | undefined;
  /** Tunnels for IPv6, through the guest's own address. */
  tunnels?: Record<string, Omit<TunnelDescription, "uplink">> | undefined;
  cpus?: number | undefined;
  /** Megabytes. */
  memory?: number | undefined;
  /** Gigabytes. */
  disk?: number | undefined;
  /** Guests that are started before this one. */
  after?: string[] | undefined;
}

/** A whole site. */
export interface SiteDescription {
  /** Name of the site. */
  site: string;
  hosts: Record<string, HostDescription>;
  guests?: Record<string, GuestDescription> | undefined;
}
