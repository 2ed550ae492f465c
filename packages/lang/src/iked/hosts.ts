import type { Address, Family, NetworkInterface, System } from "@pierhead/core";
import { parseNumericHost } from "../lexer/index.ts";

/** What iked(8) finds on the machine it runs on. */
export interface IkedEnvironment {
  readonly system: System;
  /** In system order. */
  readonly interfaces: readonly NetworkInterface[];
  /** Addresses of a host name in resolver order; empty when it does not resolve. */
  resolveHost(name: string): readonly Address[];
  /** Text of an included file or key file; null when it cannot be read. */
  readFile(path: string): string | null;
  /** Nothing is known of the machine: names of interfaces, hosts and files are taken to be right. */
  readonly machineUnknown?: boolean;
}

/** One entry of a chain of hosts; the first entry knows the last, but for groups, where iked forgets to say. */
export class HostNode {
  readonly family: Family | null;
  readonly address: Address | null;
  readonly mask: number;
  readonly network: boolean;
  readonly kind: "address" | "any" | "dynamic" | "unknown";
  readonly name: string | null;
  port = 0;
  nat: HostNode | null = null;
  next: HostNode | null = null;
  tail: HostNode = this;

  constructor(
    family: Family | null,
    address: Address | null,
    mask: number,
    network: boolean,
    name: string | null,
    kind: HostNode["kind"] = "address",
  ) {
    this.family = family;
    this.address = address;
    this.mask = mask;
    this.network = network;
    this.name = name;
    this.kind = kind;
  }
}

/** Hosts, or what iked prints of it; `fatal` when it gives up as well. */
export type HostResult =
  | { readonly hosts: HostNode }
  | { readonly hosts: null; readonly text: string; readonly fatal: boolean };

const INTERFACE_NAME_LENGTH = 15;

/** host(): an interface or group, a numeric address with or without `/length`, or a name to be resolved. */
export function resolveHosts(text: string, environment: IkedEnvironment): HostResult {
  const slash = text.indexOf("/");
  const name = slash === -1 ? text : text.slice(0, slash);
  let mask = -1;
  if (slash !== -1) {
    const digits = text.slice(slash + 1);
    const problem = lengthProblem(digits);
    if (problem !== null) return { hosts: null, text: `netmask is ${problem}: ${text.slice(slash)}`, fatal: false };
    mask = Number(digits);
  }
  const found = interfaceHosts(name, environment.interfaces) ?? numericHost(name, mask, environment);
  if (found !== null) return { hosts: found };
  return resolvedHosts(text, name, mask, environment);
}

export function anyHost(): HostNode {
  return new HostNode(null, null, 0, true, null, "any");
}

export function dynamicHost(): HostNode {
  return new HostNode(null, null, 0, false, null, "dynamic");
}

/** strtonum(3) from 0 to 128. */
function lengthProblem(digits: string): string | null {
  if (!/^[ \t\n\v\f\r]*[+-]?\d+$/.test(digits)) return "invalid";
  const value = BigInt(digits);
  return value < 0n ? "too small" : value > 128n ? "too large" : null;
}

function interfaceHosts(name: string, interfaces: readonly NetworkInterface[]): HostNode | null {
  const group = name.slice(0, INTERFACE_NAME_LENGTH);
  let first: HostNode | null = null;
  for (const entry of interfaces) {
    if (group !== "all" && !entry.groups.includes(group)) continue;
    const found = addressesOf(entry.name, interfaces);
    if (found === null) continue;
    if (first === null) {
      first = found;
      continue;
    }
    let last: HostNode = first;
    while (last.next !== null) last = last.next;
    last.next = found;
    found.tail = last;
  }
  return first ?? addressesOf(name, interfaces);
}

function addressesOf(name: string, interfaces: readonly NetworkInterface[]): HostNode | null {
  let first: HostNode | null = null;
  for (const entry of interfaces) {
    if (entry.name !== name) continue;
    for (const { address } of entry.addresses) {
      if (address.family === 6 && address.isLinkLocal()) continue;
      first = append(first, new HostNode(address.family, address, address.bits, false, name));
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

function numericHost(name: string, mask: number, environment: IkedEnvironment): HostNode | null {
  const host = parseNumericHost(name, environment.interfaces);
  if (host === null) return null;
  const { address } = host;
  if (mask === -1) return new HostNode(address.family, address, address.bits, false, host.text);
  return new HostNode(address.family, address, mask, true, `${host.text}/${mask}`);
}

function resolvedHosts(text: string, name: string, mask: number, environment: IkedEnvironment): HostResult {
  let first: HostNode | null = null;
  for (const address of environment.resolveHost(name)) {
    if (address.family === 6 && mask !== -1) {
      // err(3) adds the last error of the system, which was looking for an interface group of that name.
      const reason = "iked: host_dns: cannot apply netmask on non-IPv4 address: No such file or directory";
      return { hosts: null, text: reason, fatal: true };
    }
    const length = address.family === 6 ? 0 : mask === -1 ? 32 : mask;
    first = append(first, new HostNode(address.family, address, length, false, `${address}`));
  }
  if (first === null && environment.machineUnknown === true && /^[A-Za-z][\w.-]*$/.test(name)) {
    return { hosts: new HostNode(null, null, 0, false, name, "unknown") };
  }
  return first === null ? { hosts: null, text: `no IP address found for ${text}`, fatal: false } : { hosts: first };
}
