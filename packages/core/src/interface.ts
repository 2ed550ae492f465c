import type { Address } from "./address.ts";

/** One address of an interface. */
export interface InterfaceAddress {
  readonly address: Address;
  /** Length of the netmask. */
  readonly length: number;
  /** IPv4 broadcast address, when the interface is a broadcast one and the network has one. */
  readonly broadcast?: Address;
  /** Far end of a point-to-point link. On Linux the length is that of the peer's network. */
  readonly peer?: Address;
  /** Linux: metric of the route to the address's network; 0 for IPv4 and 256 for IPv6 when not given. */
  readonly metric?: number;
  /** Linux `noprefixroute`: false when the address brings no route to its network. */
  readonly prefixRoute?: boolean;
}

/** What ifstated(8) and the kernel know of a link. */
export type LinkState = "up" | "down" | "unknown";

/** One network interface of a machine, as every language and the engine see it. */
export interface NetworkInterface {
  readonly name: string;
  /** Order is kept: IPv6 and IPv4 as the system lists them. */
  readonly addresses: readonly InterfaceAddress[];
  /** Interface groups besides `all`: `egress`, `lo`, `enc`, and those set by hand. */
  readonly groups: readonly string[];
  readonly link: LinkState;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  readonly kind: "broadcast" | "point-to-point" | "loopback";
  /** Octets of the largest IP packet. */
  readonly mtu: number;
  /** OpenBSD: routing domain; FreeBSD: fib. */
  readonly routingDomain: number;
  readonly mac?: string;
  /** Flag `link1`: on a loopback interface of older systems the whole network of an address is the host's own. */
  readonly link1?: boolean;
}

/** The family part of an interface name: `em` of `em0`. */
export function interfaceDriver(name: string): string {
  return name.replace(/\d+$/, "");
}
