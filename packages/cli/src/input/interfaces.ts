import {
  type InterfaceAddress,
  isAtLeast,
  type NetworkInterface,
  parseAddress,
  parsePrefix,
  type System,
} from "@pierhead/core";
import { findDriver, isClonedDriver } from "@pierhead/lang/dmesg";
import { UsageError } from "../failure.ts";
import { readSource } from "./read.ts";

const SHAPE =
  'it is a list like [{"name": "em0", "groups": ["egress"], "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}]';

/**
 * The interfaces of a machine nobody described: loopback with its usual addresses, in the order in which the system
 * lists them (IPv6 first, but not in OpenBSD before 5.0 and its relatives).
 */
export function loopbackOnly(system: System): NetworkInterface[] {
  const own = (text: string, length: number): InterfaceAddress => ({ address: parseAddress(text) as never, length });
  const isOld = system.family !== "freebsd" && !isAtLeast(system, "openbsd", 5);
  const inet = [own("127.0.0.1", 8)];
  const inet6 = [own("::1", 128), own("fe80::1", 64)];
  return [
    {
      name: "lo0",
      addresses: isOld ? [...inet, ...inet6] : [...inet6, ...inet],
      groups: ["lo"],
      link: "up",
      up: true,
      kind: "loopback",
      mtu: 32768,
      routingDomain: 0,
    },
  ];
}

/** Interfaces that a text names, as far as the system has a driver of that name; loopback is left out. */
export function namedInterfaces(system: System, text: string): NetworkInterface[] {
  const family = system.family === "macos" || system.family === "linux" ? "freebsd" : system.family;
  const found = new Map<string, NetworkInterface>();
  for (const [name, driver] of text.matchAll(/(?<![\w.:-])([a-z]{2,15})\d{1,7}(?![\w.-])/g)) {
    if (driver === undefined || name === "lo0" || found.has(name) || name.length > 15) continue;
    const cloned = isClonedDriver(driver) || driver === "lo";
    if (!cloned && findDriver(family, driver) === null) continue;
    const pointToPoint = /^(?:tun|ppp|pppoe|pppx|gif|gre|sl)$/.test(driver);
    found.set(name, {
      name,
      addresses: [],
      groups: cloned ? [driver] : [],
      link: "up",
      up: true,
      kind: driver === "lo" ? "loopback" : pointToPoint ? "point-to-point" : "broadcast",
      mtu: driver === "lo" ? 32768 : 1500,
      routingDomain: 0,
    });
  }
  return [...found.values()];
}

/**
 * Reads the interfaces of a machine from JSON (`--interfaces FILE`): a list in system order of objects with `name`,
 * and optionally `groups`, `addresses` (`"a/len"`, `"a/len peer b"`, or objects with `address`, `prefix`, `broadcast`,
 * `peer`), `mtu`, `link`, `flags`.
 */
export function readInterfaces(path: string): NetworkInterface[] {
  const source = readSource(path);
  let data: unknown;
  try {
    data = JSON.parse(source.text);
  } catch (error) {
    throw new UsageError(`${path}: not JSON: ${(error as Error).message}`, SHAPE);
  }
  if (!Array.isArray(data)) throw new UsageError(`${path}: not a list of interfaces`, SHAPE);
  return data.map((entry, index) => readInterface(entry as Record<string, unknown>, `${path}: entry ${index + 1}`));
}

function readInterface(entry: Record<string, unknown>, where: string): NetworkInterface {
  if (typeof entry !== "object" || entry === null) throw new UsageError(`${where}: not an object`, SHAPE);
  const { name } = entry;
  if (typeof name !== "string" || name === "") throw new UsageError(`${where}: "name" is missing`, SHAPE);
  const flags = strings(entry["flags"] ?? [], `${where}: flags`);
  const isLoopback = flags.includes("LOOPBACK") || /^lo\d+$/.test(name);
  const isPointToPoint = flags.includes("POINTOPOINT") || /^(?:pppx|pppoe|ppp|tun|gif|gre)\d+$/.test(name);
  const link = entry["link"] ?? "up";
  if (link !== "up" && link !== "down" && link !== "unknown") {
    throw new UsageError(`${where}: "link" is up, down or unknown`, SHAPE);
  }
  const addresses = entry["addresses"] ?? [];
  if (!Array.isArray(addresses)) throw new UsageError(`${where}: "addresses" is not a list`, SHAPE);
  return {
    name,
    addresses: addresses.map((one) => readAddress(one, where)),
    groups: strings(entry["groups"] ?? [], `${where}: groups`).filter((group) => group !== "all"),
    link,
    up: flags.length === 0 || flags.includes("UP"),
    kind: isLoopback ? "loopback" : isPointToPoint ? "point-to-point" : "broadcast",
    mtu: typeof entry["mtu"] === "number" ? entry["mtu"] : isLoopback ? 32768 : 1500,
    routingDomain: typeof entry["rdomain"] === "number" ? entry["rdomain"] : 0,
  };
}

function readAddress(value: unknown, where: string): InterfaceAddress {
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const [first, , far] = typeof value === "string" ? value.split(/\s+/) : [`${fields["address"]}/${fields["prefix"]}`];
  const prefix = parsePrefix(first ?? "");
  if (prefix === null)
    throw new UsageError(`${where}: ${JSON.stringify(value)} is not an address with its length`, SHAPE);
  const peer = parseAddress(typeof fields["peer"] === "string" ? fields["peer"] : (far ?? ""));
  const given = typeof fields["broadcast"] === "string" ? parseAddress(fields["broadcast"]) : null;
  const { address, length } = prefix;
  const broadcast = given ?? (address.family === 4 && length < 31 && peer === null ? address.filled(length) : null);
  return { address, length, ...(broadcast === null ? {} : { broadcast }), ...(peer === null ? {} : { peer }) };
}

function strings(value: unknown, where: string): string[] {
  if (!Array.isArray(value) || value.some((one) => typeof one !== "string")) {
    throw new UsageError(`${where}: not a list of names`, SHAPE);
  }
  return value as string[];
}
