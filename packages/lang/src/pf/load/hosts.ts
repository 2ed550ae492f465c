/**
 * From names to addresses, as pfctl_parser.c does: `host_if`, `host_ip` (`host_v4`, `host_v6` on older systems),
 * `host_dns`, `ifa_lookup`, `ifa_grouplookup`. Everything comes from the environment; nothing is asked of a network.
 */
import { Address, type Family, type InterfaceAddress, type NetworkInterface, parseAddress } from "@pierhead/core";
import { parseAbbreviated } from "../../lexer/index.ts";
import type { PfDialect } from "../dialect.ts";
import type { PfEnvironment } from "../environment.ts";
import { HostNode, prefixNode } from "../read/nodes.ts";
import { inetNetPton, parseUnsigned } from "./numeric.ts";

/** `:network`, `:broadcast`, `:peer`, `:0` of an interface name. */
export const MODIFIER = { network: 1, broadcast: 2, peer: 4, noAlias: 8 } as const;

/** Takes lines that pfctl writes to standard error while it resolves. */
export type ToolLine = (text: string) => void;

interface LinkAddress {
  readonly interface: NetworkInterface;
  readonly address: InterfaceAddress;
  /** Interface index for link-local addresses, else 0. */
  readonly scope: number;
}

export class HostResolver {
  readonly #environment: PfEnvironment;
  readonly #dialect: PfDialect;
  readonly #numbersFirst: boolean;
  /** `iftab` without its link entries: every address, interface by interface. */
  readonly #addresses: LinkAddress[] = [];
  readonly #indexes: Map<string, number> = new Map();
  readonly #groups: Map<string, NetworkInterface[]> = new Map();
  readonly #lookups: Map<string, readonly HostNode[]> = new Map();
  /** pfctl lists the interfaces at the first question about one; until then newer ones know no link by number. */
  #listed = false;

  constructor(environment: PfEnvironment, dialect: PfDialect) {
    this.#environment = environment;
    this.#dialect = dialect;
    this.#numbersFirst = dialect.family === "freebsd" && dialect.translationOptions;
    let index = 0;
    for (const networkInterface of environment.interfaces) {
      index++;
      this.#indexes.set(networkInterface.name, index);
      for (const address of networkInterface.addresses) {
        const linkLocal = address.address.family === 6 && address.address.isLinkLocal();
        this.#addresses.push({ interface: networkInterface, address, scope: linkLocal ? index : 0 });
      }
      for (const group of ["all", ...networkInterface.groups]) {
        const members = this.#groups.get(group);
        if (members === undefined) this.#groups.set(group, [networkInterface]);
        else if (!members.includes(networkInterface)) members.push(networkInterface);
      }
    }
  }

  /** Index of an interface, 0 when there is none (`ifa_nametoindex`). */
  indexOf(name: string): number {
    return this.#indexes.get(name) ?? 0;
  }

  /** Name of the interface with this index, null for 0 (`ifa_indextoname`). */
  nameOf(index: number): string | null {
    return index === 0 || (this.#dialect.listsInterfacesLate && !this.#listed)
      ? null
      : (this.#environment.interfaces[index - 1]?.name ?? null);
  }

  /** Whether the name is an interface's own, not a group's. */
  isInterface(name: string): boolean {
    return this.#indexes.has(name);
  }

  isGroup(name: string): boolean {
    return this.#groups.has(name);
  }

  /** `ifa_exists`: an interface or a group. */
  exists(name: string): boolean {
    this.#listed = true;
    return this.#groups.has(name) || this.#indexes.has(name);
  }

  isLoopback(name: string): boolean {
    this.#listed = true;
    if (this.#groups.has(name)) return false;
    const index = this.indexOf(name);
    return index !== 0 && this.#environment.interfaces[index - 1]?.kind === "loopback";
  }

  /** `ifa_lookup`: addresses of an interface, a group, all interfaces of a driver, or `self`. */
  lookup(name: string, modifiers: number): HostNode[] {
    this.#listed = true;
    const key = `${modifiers} ${name}`;
    let found = this.#lookups.get(key);
    if (found === undefined) {
      found = this.#lookup(name, modifiers, true);
      this.#lookups.set(key, found);
    }
    return found.map((node) => node.copy());
  }

  #lookup(name: string, modifiers: number, groups: boolean): readonly HostNode[] {
    if (groups) {
      const members = this.#groups.get(name);
      if (members !== undefined) {
        const list = members.flatMap((member) => this.#lookup(member.name, modifiers, member.name !== name));
        if (list.length > 0) return list;
      }
    }
    // `antispoof for rdomain 1` asks for an interface without a name: that is any.
    const filter = name === "self" || name === "" ? null : name;
    const list: HostNode[] = [];
    let last: string | null = null;
    let got4 = false;
    let got6 = false;
    for (const entry of this.#addresses) {
      const { interface: networkInterface, address } = entry;
      const family: Family = address.address.family;
      if (filter !== null && !matchesInterface(filter, networkInterface.name)) continue;
      if (modifiers & MODIFIER.broadcast) {
        if (family !== 4 || networkInterface.kind !== "broadcast") continue;
        if (address.broadcast === undefined) continue;
      }
      if (modifiers & MODIFIER.peer && networkInterface.kind !== "point-to-point") continue;
      if (modifiers & MODIFIER.network && entry.scope > 0) continue;
      if (last !== networkInterface.name) got4 = got6 = false;
      last = networkInterface.name;
      if (modifiers & MODIFIER.noAlias && (family === 4 ? got4 : got6)) continue;
      if (family === 4) got4 = true;
      else got6 = true;
      let chosen = address.address;
      if (modifiers & MODIFIER.broadcast) chosen = address.broadcast ?? chosen;
      else if (modifiers & MODIFIER.peer) chosen = address.peer ?? new Address(family, 0);
      // A loopback network with `link1` is all the host's own: its addresses keep their masks.
      const whole =
        this.#dialect.loopbackNetworks &&
        family === 4 &&
        networkInterface.kind === "loopback" &&
        networkInterface.link1;
      const node = whole
        ? new HostNode({ kind: "prefix", address: chosen, length: address.length }, 4, address.length)
        : prefixNode(chosen, modifiers & MODIFIER.network ? address.length : chosen.bits);
      node.scope = entry.scope;
      list.push(node);
    }
    return list;
  }

  /**
   * `host`: addresses of an interface name with modifiers, a numeric address or a host name, with an optional
   * `/length`.
   *
   * @returns null when there are none; then `toolLine` has got what pfctl says about it
   */
  host(text: string, toolLine: ToolLine, noDns = false): HostNode[] | null {
    let name = text;
    let bits = -1;
    const slash = this.#dialect.family === "4.6" ? text.lastIndexOf("/") : text.indexOf("/");
    if (slash !== -1) {
      const length = this.#maskLength(text.slice(slash), toolLine);
      if (length === null) return null;
      bits = length;
      name = text.slice(0, slash);
    }
    // A negative mask is none for an interface, and one of all bits for an address.
    const addressBits = slash !== -1 && bits === -1 ? 128 : bits;
    // FreeBSD 15 tries a number first. That shows: only a name makes it list the interfaces.
    const hosts =
      (this.#numbersFirst ? this.#hostNumber(name, addressBits) : null) ??
      this.#hostInterface(name, bits, toolLine) ??
      this.#hostNumber(name, addressBits) ??
      this.#hostDns(name, addressBits, noDns);
    if (hosts === null) toolLine(`no IP address found for ${text}`);
    return hosts;
  }

  // `/length`: strtonum(3), and before OpenBSD 6.0 strtol(3) with any base.
  #maskLength(text: string, toolLine: ToolLine): number | null {
    const digits = text.slice(1);
    if (this.#dialect.namesBadNetmask) {
      const problem = numberProblem(digits, 0, 128);
      if (problem === null) return Number(digits);
      toolLine(`netmask is ${problem}: ${text}`);
      return null;
    }
    const value = parseUnsigned(digits);
    // strtol(3) to an int: the low 32 bits count.
    const length = value === null ? Number.NaN : Number(BigInt.asIntN(32, value));
    if (length <= 128) return Math.max(-1, length);
    toolLine(`invalid netmask '${text}'`);
    return null;
  }

  #hostInterface(text: string, bits: number, toolLine: ToolLine): HostNode[] | null {
    let name = text;
    let modifiers = 0;
    for (let colon = name.lastIndexOf(":"); colon !== -1; colon = name.lastIndexOf(":")) {
      const modifier = modifierOf(name.slice(colon + 1));
      if (modifier === 0) return null;
      modifiers |= modifier;
      name = name.slice(0, colon);
    }
    if (isIllegalCombination(modifiers)) {
      toolLine("illegal combination of interface modifiers");
      return null;
    }
    if (modifiers & (MODIFIER.network | MODIFIER.broadcast) && bits > -1) {
      toolLine("network or broadcast lookup, but extra netmask given");
      return null;
    }
    if (!this.exists(name) && name !== "self") return null;
    const nodes = this.lookup(name, modifiers);
    if (nodes.length === 0) return null;
    return bits > -1 ? nodes.map((node) => remask(node, bits)) : nodes;
  }

  #hostNumber(text: string, bits: number): HostNode[] | null {
    const percent = text.indexOf("%");
    const bare = percent === -1 ? text : text.slice(0, percent);
    const address = parseAddress(bare);
    if (address !== null) {
      let scope = 0;
      if (percent !== -1) {
        if (address.family !== 6) return null;
        scope = this.#scope(text.slice(percent + 1));
        if (scope === -1) return null;
      }
      const node = prefixNode(address, bits === -1 ? address.bits : bits);
      node.scope = scope;
      return [node];
    }
    if (bits === -1 || percent !== -1) return null;
    const network = inetNetPton(text);
    return network === null ? null : [prefixNode(network, bits)];
  }

  #scope(text: string): number {
    const index = this.indexOf(text);
    if (index !== 0) return index;
    return numberProblem(text, 0, 0xffffffff) === null ? Number(text) : -1;
  }

  #hostDns(text: string, bits: number, noDns: boolean): HostNode[] | null {
    let name = text;
    let noAlias = false;
    if (name.endsWith(":0")) {
      noAlias = true;
      name = name.slice(0, -2);
    }
    const numeric = parseAddress(name) ?? (this.#dialect.abbreviatedHosts ? parseAbbreviated(name) : null);
    const addresses = numeric !== null ? [numeric] : noDns ? [] : this.#environment.resolveHost(name);
    const nodes: HostNode[] = [];
    let got4 = false;
    let got6 = false;
    for (const address of addresses) {
      if (noAlias) {
        if (address.family === 4 ? got4 : got6) continue;
        if (address.family === 4) got4 = true;
        else got6 = true;
      }
      nodes.push(prefixNode(address, bits === -1 ? address.bits : bits));
    }
    return nodes.length === 0 ? null : nodes;
  }
}

function remask(node: HostNode, bits: number): HostNode {
  if (node.wrap.kind !== "prefix") return node;
  const masked = prefixNode(node.wrap.address, bits);
  masked.scope = node.scope;
  return masked;
}

// `ifa_skip_if`: the same name, or a driver name without its number.
function matchesInterface(filter: string, name: string): boolean {
  if (name === filter) return true;
  if (filter.length < 1 || filter.length >= 16) return false;
  const last = filter.charCodeAt(filter.length - 1);
  if (last >= 48 && last <= 57) return false;
  if (!name.startsWith(filter)) return false;
  const next = name.charCodeAt(filter.length);
  return next >= 48 && next <= 57;
}

export function modifierOf(word: string): number {
  switch (word) {
    case "network":
      return MODIFIER.network;
    case "broadcast":
      return MODIFIER.broadcast;
    case "peer":
      return MODIFIER.peer;
    case "0":
      return MODIFIER.noAlias;
    default:
      return 0;
  }
}

/** More than one of network, broadcast and peer; pfctl's bit trick lets only the lowest one decide. */
export function isIllegalCombination(modifiers: number): boolean {
  return (modifiers & (modifiers - 1) & (MODIFIER.network | MODIFIER.broadcast | MODIFIER.peer)) !== 0;
}

/** strtonum(3): "invalid", "too small", "too large", or null when the text is a number in range. */
export function numberProblem(text: string, low: number, high: number): "invalid" | "too small" | "too large" | null {
  if (!/^[ \t\n\v\f\r]*[+-]?\d+$/.test(text)) return "invalid";
  const value = Number(text);
  return value < low ? "too small" : value > high ? "too large" : null;
}
