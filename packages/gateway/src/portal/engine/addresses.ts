/** Which addresses of a device are its session's. */
import { type Prefix, parseAddress, parsePrefix } from "@pierhead/core";

/** Addresses of one device: some phones make a new one every few minutes, and one that makes thousands is no phone. */
const MOST = 16;

export class GuestNetworks {
  readonly #prefixes: readonly Prefix[];

  /** @param addresses the gateway's own with their lengths */
  constructor(addresses: readonly string[]) {
    this.#prefixes = addresses.map((text) => parsePrefix(text)).filter((prefix) => prefix !== null);
  }

  /** Link-local addresses and those of other networks are not forwarded, so they are nobody's. */
  has(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === null) return false;
    return this.#prefixes.some(
      ({ address: own, length }) => own.family === parsed.family && parsed.isIn(own.masked(length), length),
    );
  }
}

/**
 * The addresses with one more, the newest last; the same list when it is there already. Over the bound the one seen first
 * goes, of its own family.
 */
export function withAddress(addresses: readonly string[], address: string): readonly string[] {
  if (addresses.includes(address)) return addresses;
  const all = [...addresses, address];
  if (all.length <= MOST) return all;
  const six = address.includes(":");
  const oldest = all.findIndex((one) => one.includes(":") === six);
  return all.filter((_, index) => index !== oldest);
}
