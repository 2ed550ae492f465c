import { Address, maskLength, parseAddress } from "@pierhead/core";

/**
 * Reads an IPv4 address the way `inet_aton(3)` does: one to four parts, each decimal, octal (leading 0) or
 * hexadecimal (0x); the last part fills the rest. ifconfig(8) and FreeBSD's route(8) read addresses and masks so.
 *
 * @returns null when the text is not such an address
 */
export function parseInetAton(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length > 4) return null;
  let value = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parseNumber(parts[i] as string);
    const last = i === parts.length - 1;
    const limit = last ? 2 ** (8 * (5 - parts.length)) - 1 : 255;
    if (part === null || part > limit) return null;
    value = last ? value + part : value + part * 2 ** (24 - 8 * i);
  }
  return new Address(4, value);
}

function parseNumber(text: string): number | null {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : null;
}

/** An address of either family, IPv4 in any form `inet_aton(3)` knows; an IPv6 scope (`%em0`) is cut off. */
export function parseLooseAddress(text: string): Address | null {
  if (!text.includes(":")) return parseInetAton(text);
  const scope = text.indexOf("%");
  return parseAddress(scope === -1 ? text : text.slice(0, scope));
}

/**
 * Length of an IPv4 netmask written as dotted quad or hexadecimal.
 *
 * @returns null when it is not an address; -1 when its ones are not contiguous
 */
export function parseNetmask(text: string): number | null {
  const mask = parseInetAton(text);
  if (mask === null) return null;
  return maskLength(mask) ?? -1;
}

/** The netmask an IPv4 address had before CIDR: what ifconfig(8) uses when none is given. */
export function classfulLength(address: Address): number {
  const first = address.w0 >>> 24;
  return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 32;
}
