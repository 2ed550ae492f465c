import { Address, type NetworkInterface, parseAddress } from "@pierhead/core";
import { isDigit } from "./characters.ts";

/** What inet_net_pton(3) read: the address with its missing octets 0, and the length of the mask. */
export interface NetworkNumber {
  readonly address: Address;
  readonly length: number;
}

/**
 * inet_net_pton(3) for IPv4 with a `/length`: octets may be left out at the end, leading zeros are decimal, a number
 * in hexadecimal digits is taken byte by byte.
 *
 * @returns null when the text is none, or has no `/length`
 */
export function parseNetworkNumber(text: string): NetworkNumber | null {
  const slash = text.indexOf("/");
  if (slash === -1) return null;
  const digits = text.slice(slash + 1);
  if (!/^\d+$/.test(digits)) return null;
  const length = digits.length > 9 ? 99 : Number(digits);
  if (length > 32) return null;
  const octets = /^0[xX][0-9a-fA-F]/.test(text) ? hexadecimalOctets(text, slash) : decimalOctets(text, slash);
  if (octets === null || octets.length === 0 || octets.length > 4) return null;
  let word = 0;
  for (let i = 0; i < 4; i++) word = word * 256 + (octets[i] ?? 0);
  return { address: new Address(4, word), length };
}

function hexadecimalOctets(text: string, end: number): number[] | null {
  const digits = text.slice(2, end);
  if (!/^[0-9a-fA-F]+$/.test(digits)) return null;
  const octets: number[] = [];
  for (let i = 0; i < digits.length; i += 2) octets.push(Number.parseInt(digits.slice(i, i + 2).padEnd(2, "0"), 16));
  return octets;
}

function decimalOctets(text: string, end: number): number[] | null {
  const octets: number[] = [];
  let value = -1;
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isDigit(code)) {
      value = (value < 0 ? 0 : value) * 10 + code - 48;
      if (value > 255) return null;
    } else if (code === 46 && value >= 0 && octets.length < 4) {
      octets.push(value);
      value = -1;
    } else return null;
  }
  if (value < 0) return null;
  octets.push(value);
  return octets;
}

/** A numeric host as getaddrinfo(3) with AI_NUMERICHOST reads it, and getnameinfo(3) writes it again. */
export interface NumericHost {
  readonly address: Address;
  /** With `%scope` when it had one. */
  readonly text: string;
}

/**
 * A dotted quad or an IPv6 address, the latter with a `%scope` that is an interface or a number.
 *
 * @returns null when the text is no numeric host
 */
export function parseNumericHost(text: string, interfaces: readonly NetworkInterface[]): NumericHost | null {
  const percent = text.indexOf("%");
  if (percent === -1) {
    const address = parseAddress(text);
    return address === null ? null : { address, text: `${address}` };
  }
  const address = parseAddress(text.slice(0, percent));
  if (address === null || address.family !== 6) return null;
  const scope = text.slice(percent + 1);
  const scoped = address.isLinkLocal() || /^ff[0-9a-f][12]:/.test(`${address}`);
  if (scoped && interfaces.some((entry) => entry.name === scope)) return { address, text: `${address}%${scope}` };
  if (!/^\d{1,10}$/.test(scope) || Number(scope) > 0xffffffff) return null;
  const named = scoped ? interfaces[Number(scope) - 1]?.name : undefined;
  if (Number(scope) === 0) return { address, text: `${address}` };
  return { address, text: `${address}%${named ?? Number(scope)}` };
}

/** inet_aton(3): one to four parts, decimal, octal or hexadecimal; the last part fills the rest. */
export function parseAbbreviated(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length > 4) return null;
  let value = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(part)) return null;
    const octal = /^0[0-7]+$/.test(part);
    if (!octal && /^0\d/.test(part)) return null;
    const number = octal ? Number.parseInt(part, 8) : Number(part);
    const last = i === parts.length - 1;
    if (number > (last ? 256 ** (4 - i) - 1 : 255)) return null;
    value += last ? number : number * 256 ** (3 - i);
  }
  return new Address(4, value);
}
