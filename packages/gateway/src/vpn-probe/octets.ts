import { parseAddress } from "@pierhead/core";

/** An address as it is hashed: 4 or 16 octets. */
export function octetsOf(text: string): Uint8Array {
  const address = parseAddress(text.replace(/%.*$/, ""));
  if (address === null) return new Uint8Array(0);
  const words = address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3];
  return Uint8Array.from(words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]));
}
