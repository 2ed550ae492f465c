import {
  type Address,
  type InterfaceAddress,
  interfaceDriver,
  type LinkState,
  type NetworkInterface,
  type System,
} from "@pierhead/core";
import type { Tunnel } from "./tunnel.ts";

/** What it takes to make an interface; everything but the name has the usual value when absent. */
export interface InterfaceSpecification {
  readonly name: string;
  readonly addresses?: readonly InterfaceAddress[];
  /** Groups besides those that the driver brings by itself. */
  readonly groups?: readonly string[];
  readonly link?: LinkState;
  readonly up?: boolean;
  readonly kind?: NetworkInterface["kind"];
  readonly mtu?: number;
  readonly routingDomain?: number;
  readonly mac?: string;
  readonly tunnel?: Tunnel;
}

/** One interface of a machine; changed only through the machine's own methods. */
export class MachineInterface implements NetworkInterface {
  readonly name: string;
  addresses: InterfaceAddress[];
  groups: string[];
  link: LinkState;
  up: boolean;
  readonly kind: NetworkInterface["kind"];
  mtu: number;
  routingDomain: number;
  mac: string;
  /** What goes out by it is carried in packets between these ends; null on other links. */
  tunnel: Tunnel | null;

  constructor(specification: InterfaceSpecification, system: System, index: number) {
    const { name } = specification;
    this.name = name;
    this.kind = specification.kind ?? interfaceKind(name);
    this.addresses = (specification.addresses ?? []).map((address) => completeAddress(address, this.kind));
    this.groups = [...new Set([...driverGroups(name, system), ...(specification.groups ?? [])])];
    this.link = specification.link ?? "up";
    this.up = specification.up ?? true;
    this.mtu = specification.mtu ?? interfaceMtu(name, system);
    this.routingDomain = specification.routingDomain ?? 0;
    this.tunnel = specification.tunnel ?? null;
    // Locally administered: no vendor's, and the same each time.
    this.mac = specification.mac ?? `02:00:00:00:${hex(index >> 8)}:${hex(index & 255)}`;
  }

  get driver(): string {
    return interfaceDriver(this.name);
  }

  has(address: Address): boolean {
    return this.addresses.some((own) => own.address.equals(address));
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** An Ethernet address gets its broadcast address when the network has one (in.c, in_ifinit). */
export function completeAddress(address: InterfaceAddress, kind: NetworkInterface["kind"]): InterfaceAddress {
  if (kind !== "broadcast" || address.address.family === 6 || address.broadcast !== undefined) return address;
  if (address.length >= 31) return address;
  return { ...address, broadcast: address.address.filled(address.length) };
}

/** What sort of link an interface of this driver is. */
export function interfaceKind(name: string): NetworkInterface["kind"] {
  switch (interfaceDriver(name)) {
    case "lo":
      return "loopback";
    case "tun":
    case "pppoe":
    case "ppp":
    case "pppx":
    case "pppac":
    case "ng":
    case "gif":
    case "gre":
    case "sec":
    case "ipsec":
    case "enc":
    case "mpe":
    case "mpip":
    case "pflow":
      return "point-to-point";
    default:
      return "broadcast";
  }
}

function interfaceMtu(name: string, system: System): number {
  switch (interfaceDriver(name)) {
    case "lo":
      return system.family === "linux" ? 65536 : system.family === "freebsd" ? 16384 : 32768;
    case "gre":
      return 1476;
    case "gif":
    case "sec":
      return 1280;
    case "wg":
      return 1420;
    case "pppoe":
      return 1492;
    case "enc":
      return 1536;
    default:
      return 1500;
  }
}

/**
 * Groups an interface has by itself. OpenBSD: cloned kinds are in a group of the cloner's name (if.c, if_clone_create);
 * drivers of cards are not. FreeBSD: every interface is in the group of its driver (if_attach).
 */
export function driverGroups(name: string, system: System): string[] {
  const driver = interfaceDriver(name);
  if (driver === name) return [];
  // ng_iface(4) attaches itself, without a cloner that would put it into a group.
  if (system.family === "freebsd") return driver === "ng" ? [] : [driver];
  return CLONED.has(driver) ? [driver] : [];
}

const CLONED: ReadonlySet<string> = new Set([
  "aggr",
  "bpe",
  "bridge",
  "carp",
  "egre",
  "enc",
  "eoip",
  "etherip",
  "gif",
  "gre",
  "lo",
  "mgre",
  "mobileip",
  "mpe",
  "mpip",
  "mpw",
  "nvgre",
  "pair",
  "pflog",
  "pflow",
  "pfsync",
  "ppp",
  "pppac",
  "pppoe",
  "pppx",
  "rport",
  "sec",
  "svlan",
  "switch",
  "tap",
  "tpmr",
  "trunk",
  "tun",
  "vd",
  "veb",
  "vether",
  "vlan",
  "vport",
  "vxlan",
  "wg",
]);
