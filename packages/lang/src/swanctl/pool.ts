import { Address, parseAddress } from "@pierhead/core";
import { parseHost, parseRange } from "./values.ts";

/** First and last address that a pool gives out. */
export interface PoolRange {
  readonly first: Address;
  readonly last: Address;
}

/** Bits of a network that mem_pool.c counts; larger ones it cuts off. */
const MAX_BITS = 31;

/**
 * `first-last`, or a network, of which the pool leaves out the first and the last address; it begins with the address
 * that is written when that is not the network's own (mem_pool_create()).
 *
 * @returns null when charon refuses the pool
 */
export function parsePool(text: string): PoolRange | null {
  const range = parseRange(text);
  if (range !== null) {
    const { first, last } = range;
    const tooLarge = first.family === 6 && (first.w0 !== last.w0 || first.w1 !== last.w1 || first.w2 !== last.w2);
    return tooLarge || first.compare(last) > 0 ? null : range;
  }
  const slash = text.indexOf("/");
  const host = parseHost(slash === -1 ? text : text.slice(0, slash));
  if (host === null || host.kind === "name") return null;
  const base = host.kind === "address" ? host.address : parseAddress(host.family === 6 ? "::" : "0.0.0.0");
  if (base === null) return null;
  const written = slash === -1 ? base.bits : Number.parseInt(text.slice(slash + 1), 10);
  const length = Number.isNaN(written) ? 0 : Math.max(0, Math.min(written, base.bits));
  const network = 2 ** Math.min(base.bits - length, MAX_BITS);
  const tail = base.family === 4 ? base.w0 : base.w3;
  const offset = tail % network;
  const skipped = network > 2 && offset === 0 ? 1 : 0;
  const size = network - offset - skipped - (network > 2 ? 1 : 0);
  if (size === 0) return null;
  return { first: withTail(base, tail + skipped), last: withTail(base, tail + skipped + size - 1) };
}

function withTail(address: Address, tail: number): Address {
  return address.family === 4 ? new Address(4, tail) : new Address(6, address.w0, address.w1, address.w2, tail);
}
