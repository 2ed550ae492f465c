import type { Address, Family, NetworkInterface, System } from "@pierhead/core";
import { parseAddress } from "@pierhead/core";
import { parseAbbreviated, parseNetworkNumber, parseNumericHost } from "../lexer/index.ts";
import type { IpsecDialect } from "./dialect.ts";
import type { IpsecHost } from "./rule.ts";

/** What ipsecctl(8) finds on the machine it runs on. */
export interface IpsecEnvironment {
  readonly system: System;
  /** In system order. */
  readonly interfaces: readonly NetworkInterface[];
  /** Addresses of a host name in resolver order; empty when it does not resolve. */
  resolveHost(name: string): readonly Address[];
  /** Text of an included file or key file; null when it cannot be read. */
  readFile(path: string): string | null;
  /** hostname(1), the identity of `ike dynamic`; without it that identity is unknown. */
  readonly hostName?: string;
  /** Nothing is known of the machine: names of interfaces, hosts and files are taken to be right. */
  readonly machineUnknown?: boolean;
}

/**
 * One entry of a host list. ipsecctl keeps lists as chains in which the first entry knows the last; for interface
 * groups it forgets to, and the list after a group loses entries. The chain is kept as it is, so that we lose the same.
 */
export class HostNode implements IpsecHost {
  family: Family | null;
  address: Address | null;
  mask: number;
  network: boolean;
  name: string | null;
  nat: IpsecHost | null = null;
  next: HostNode | null = null;
  tail: HostNode = this;

  constructor(family: Family | null, address: Address | null, mask: number, network: boolean, name: string | null) {
    this.family = family;
    this.address = address;
    this.mask = mask;
    this.network = network;
    this.name = name;
  }
}

/** Result of {@link resolveHosts}: hosts, or the line ipsecctl prints; `fatal` when it also gives up. */
export type HostResult =
  | { readonly hosts: HostNode }
  | { readonly hosts: null; readonly text: string; readonly fatal: boolean };

/** IFNAMSIZ less the NUL. */
const INTERFACE_NAME_LENGTH = 15;

/** host(): an interface or group, an IPv4 or IPv6 address with or without `/length`, a name to be resolved. */
export function resolveHosts(text: string, environment: IpsecEnvironment, dialect: IpsecDialect): HostResult {
  const slash = text.lastIndexOf("/");
  let mask = -1;
  let name = text;
  if (slash !== -1) {
    const length = parseLength(text.slice(slash + 1));
    if (length === null || length > 128) {
      return { hosts: null, text: `ipsecctl: host: invalid netmask '${text.slice(slash)}'`, fatal: true };
    }
    mask = length;
    name = text.slice(0, slash);
  }
  const hosts =
    interfaceHosts(name, environment.interfaces) ??
    ipv4Host(text, dialect) ??
    ipv6Host(name, mask === -1 ? 128 : mask, environment) ??
    (mask === -1 ? resolvedHosts(text, environment, dialect) : null) ??
    (environment.machineUnknown === true ? standIn(name) : null);
  return hosts === null ? { hosts, text: `no IP address found for ${text}`, fatal: false } : { hosts };
}

/** A host for a name of a machine that is not known: one of each family, so that it fits to any other. */
function standIn(name: string): HostNode | null {
  if (!/^[A-Za-z][\w.-]*$/.test(name)) return null;
  const first = new HostNode(4, null, 32, false, name);
  return append(first, new HostNode(6, null, 128, false, name));
}

export function anyHost(): HostNode {
  return new HostNode(null, null, 0, true, null);
}

/** expand_any(): every `any` of the list becomes one entry for each family, in place. */
export function expandAny(list: HostNode | null): void {
  for (let host = list; host !== null; host = host.next) {
    if (host.family !== null) continue;
    const after = host.next;
    host.family = 4;
    host.network = true;
    host.name = "0.0.0.0/0";
    host.next = new HostNode(6, null, 0, true, "::/0");
    host.next.next = after;
  }
}

/** strtol(3) with base 0, cut to an int; null for what it does not read to the end. */
function parseLength(text: string): number | null {
  const match = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(text);
  if (match === null || text.length > 40) return null;
  const digits = match[2] as string;
  const octal = /^0[0-7]+$/.test(digits);
  if (/^0\d*[89]/.test(digits)) return null;
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits) * (match[1] === "-" ? -1n : 1n);
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) return null;
  return Number(BigInt.asIntN(32, value));
}

function interfaceHosts(name: string, interfaces: readonly NetworkInterface[]): HostNode | null {
  const group = name.slice(0, INTERFACE_NAME_LENGTH);
  const members = interfaces.filter((entry) => isMember(entry, group));
  if (members.length > 0) {
    let first: HostNode | null = null;
    for (const member of members) {
      const found = addressesOf(member.name, interfaces);
      if (found === null) continue;
      if (first === null) first = found;
      else {
        let last: HostNode = first;
        while (last.next !== null) last = last.next;
        last.next = found;
        found.tail = last;
      }
    }
    if (first !== null) return first;
  }
  return addressesOf(name, interfaces);
}

/** Whether the interface is in the group; all are in `all`. */
export function isMember(entry: NetworkInterface, group: string): boolean {
  return group === "all" || entry.groups.includes(group);
}

/** Addresses of one interface but for IPv6 link-local ones, each as a host. */
function addressesOf(name: string, interfaces: readonly NetworkInterface[]): HostNode | null {
  let first: HostNode | null = null;
  for (const entry of interfaces) {
    if (entry.name !== name) continue;
    for (const { address } of entry.addresses) {
      if (address.family === 6 && address.isLinkLocal()) continue;
      first = append(first, new HostNode(address.family, address, address.bits, false, entry.name));
    }
  }
  return first;
}

function append(first: HostNode | null, node: HostNode): HostNode {
  if (first === null) return node;
  first.tail.next = node;
  first.tail = node;
  return first;
}

function ipv4Host(text: string, dialect: IpsecDialect): HostNode | null {
  if (!text.includes("/")) {
    const address = parseAddress(text);
    return address === null || address.family !== 4 ? null : new HostNode(4, address, 32, false, text);
  }
  const network = parseNetworkNumber(text);
  if (network === null) return null;
  const isNetwork = dialect.everyPrefixIsNetwork || network.length !== 32;
  return new HostNode(4, network.address, network.length, isNetwork, text);
}

function ipv6Host(text: string, length: number, environment: IpsecEnvironment): HostNode | null {
  const host = parseNumericHost(text, environment.interfaces);
  if (host === null || host.address.family !== 6) return null;
  const name = length === 128 ? host.text : `${host.text}/${length}`;
  return new HostNode(6, host.address, Math.max(0, length), length !== 128, name);
}

/** host_dns(). IPv6 addresses keep an empty mask there, which shows in what is printed. */
function resolvedHosts(name: string, environment: IpsecEnvironment, dialect: IpsecDialect): HostNode | null {
  let first: HostNode | null = null;
  const numeric = dialect.abbreviatedHosts ? parseAbbreviated(name) : null;
  for (const address of numeric === null ? environment.resolveHost(name) : [numeric]) {
    first = append(first, new HostNode(address.family, address, address.family === 4 ? 32 : 0, false, `${address}`));
  }
  return first;
}
