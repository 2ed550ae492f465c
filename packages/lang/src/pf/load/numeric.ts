// Numbers and addresses as the C library reads them.
import { Address } from "@pierhead/core";

/** inet_net_pton(3) for IPv4 without a length: `10`, `10.1`, `0x0a01`; missing octets are 0. */
export function inetNetPton(text: string): Address | null {
  const octets: number[] = [];
  if (/^0[xX][0-9a-fA-F]/.test(text)) {
    const digits = text.slice(2);
    if (!/^[0-9a-fA-F]+$/.test(digits)) return null;
    for (let i = 0; i < digits.length; i += 2) {
      const pair = digits.slice(i, i + 2);
      octets.push(Number.parseInt(pair.length === 2 ? pair : `${pair}0`, 16));
    }
  } else {
    for (const part of text.split(".")) {
      if (!/^\d+$/.test(part) || Number(part) > 255) return null;
      octets.push(Number(part));
    }
  }
  if (octets.length === 0 || octets.length > 4) return null;
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (octets[i] ?? 0);
  return new Address(4, value);
}

/**
 * parse.y's `atoul`: strtoul(3) with base 0 over the whole text. A negative number wraps, as it does in C.
 *
 * @returns null when the text is not a number, or one beyond 64 bits
 */
export function parseUnsigned(text: string): bigint | null {
  const match = /^[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9]\d*))$/.exec(text);
  if (match === null) return null;
  const [, sign, hexadecimal, octal, decimal] = match;
  const value =
    hexadecimal !== undefined
      ? BigInt(`0x${hexadecimal}`)
      : octal !== undefined
        ? BigInt(octal === "0" ? "0" : `0o${octal.slice(1)}`)
        : BigInt(decimal as string);
  if (value > 0xffffffffffffffffn) return null;
  return sign === "-" ? BigInt.asUintN(64, -value) : value;
}

/** strtod(3): the longest leading number and what follows it. Enough of it for percentages and bandwidths. */
export function parseDouble(text: string): { readonly value: number; readonly rest: string } {
  const match = /^[ \t\n\v\f\r]*[+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/.exec(
    text,
  );
  if (match === null) return { value: 0, rest: text };
  return { value: Number(match[0]), rest: text.slice(match[0].length) };
}
