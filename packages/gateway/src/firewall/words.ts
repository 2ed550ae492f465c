/** What may stand in text for nft, tc and pfctl. Everything that comes from outside goes through here. */
import { type Address, type Prefix, parseAddress, parsePrefix } from "@pierhead/core";
import { FirewallError } from "./driver.ts";

/** An interface's name (Linux: IFNAMSIZ 16; the BSDs the same). */
export function interfaceName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name)) return name;
  throw new FirewallError(`"${name}" is no interface name`);
}

/** In lower case with colons. */
export function macAddress(text: string): string {
  const mac = text.toLowerCase().replaceAll("-", ":");
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return mac;
  throw new FirewallError(`"${text}" is no MAC address`);
}

export function ipAddress(text: string): Address {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new FirewallError(`"${text}" is no IP address`);
}

/** An address or a prefix. */
export function network(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix !== null) return prefix;
  const address = ipAddress(text);
  return { address, length: address.bits };
}

export function port(value: number): number {
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new FirewallError(`${value} is no port`);
}

/** A session's number: 1 to 2^31 - 1. */
export function sessionNumber(value: number): number {
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  throw new FirewallError(`${value} is no session number`);
}

/** Bits per second: a packet of 1,500 octets takes 1.5 s at the least, and tc counts to the most. */
const SLOWEST = 8_000;
const FASTEST = 1e12;

/**
 * Bits per second, null for no limit. What servers and vouchers ask for beyond that is held at it: who has paid must not
 * stay out for a number.
 */
export function rate(value: number | null): number | null {
  if (value === null) return null;
  if (Number.isNaN(value)) throw new FirewallError(`${value} bit/s is no rate`);
  return Math.round(Math.min(Math.max(value, SLOWEST), FASTEST));
}
