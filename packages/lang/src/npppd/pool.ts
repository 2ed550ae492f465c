import { Address, maskLength, maskWord, type Prefix, parseAddress } from "@pierhead/core";

/** First and last address of a `pool-address`, or why npppd refuses it. */
export type PoolRange =
  | { readonly first: Address; readonly last: Address; readonly network: boolean }
  | { readonly problem: string };

// The parser prints errno. Where it sets none itself the last one shows; nothing before has failed.
const INVALID = "Invalid argument";
const NO_ERROR = "Undefined error: 0";

/** `first-last`, `network/length`, `network:netmask` or one address, as in_addr_range_list_add() reads them. */
export function parsePoolRange(text: string): PoolRange {
  const dash = text.indexOf("-");
  if (dash !== -1) {
    const first = ipv4(text.slice(0, dash));
    const last = ipv4(text.slice(dash + 1));
    return first === null || last === null ? { problem: INVALID } : { first, last, network: false };
  }
  const slash = text.indexOf("/");
  if (slash !== -1) {
    // sscanf("%d"): what stands behind the number does not matter.
    const digits = /^\s*([+-]?\d+)/.exec(text.slice(slash + 1));
    const length = digits === null ? null : Number(digits[1]);
    if (length === null || length < 0 || length > 32) return { problem: NO_ERROR };
    return network(ipv4(text.slice(0, slash)), length);
  }
  const colon = text.indexOf(":");
  if (colon !== -1) {
    const mask = ipv4(text.slice(colon + 1));
    const address = ipv4(text.slice(0, colon));
    if (mask === null || address === null) return { problem: INVALID };
    return network(address, maskLength(mask));
  }
  const address = ipv4(text);
  return address === null ? { problem: INVALID } : { first: address, last: address, network: false };
}

function ipv4(text: string): Address | null {
  const address = parseAddress(text);
  return address !== null && address.family === 4 ? address : null;
}

function network(address: Address | null, length: number | null): PoolRange {
  if (address === null || length === null || !address.masked(length).equals(address)) return { problem: INVALID };
  return { first: address, last: address.filled(length), network: true };
}

/**
 * Adds a range to a list the way npppd does: a network takes the place of the first entry it covers and is left out
 * when one covers it; single addresses of a range likewise, and neighbours of equal size become one. npppd walks every
 * address of a range; we take the blocks at once, which comes to the same.
 */
export function addToPool(list: Prefix[], range: { first: Address; last: Address; network: boolean }): void {
  if (range.network) {
    addPrefix(list, { address: range.first, length: lengthOf(range.first, range.last) });
    return;
  }
  let next = range.first.w0;
  const last = range.last.w0;
  while (next <= last) {
    const cover = list.find((entry) => new Address(4, next).isIn(entry.address, entry.length));
    if (cover !== undefined) {
      next = cover.address.filled(cover.length).w0 + 1;
      continue;
    }
    // The largest block that starts here, ends in the range and meets no entry.
    const following = list.find((entry) => entry.address.w0 > next);
    const end = following === undefined ? last : Math.min(last, following.address.w0 - 1);
    let length = 32;
    while (length > 0 && (next & ~maskWord(length - 1, 0)) >>> 0 === 0 && blockEnd(next, length - 1) <= end) length--;
    addPrefix(list, { address: new Address(4, next), length });
    next = blockEnd(next, length) + 1;
  }
}

function blockEnd(start: number, length: number): number {
  return (start | ~maskWord(length, 0)) >>> 0;
}

function lengthOf(first: Address, last: Address): number {
  return Math.clz32(first.w0 ^ last.w0);
}

function addPrefix(list: Prefix[], prefix: Prefix): void {
  let index = 0;
  let replaced = 0;
  for (; index < list.length; index++) {
    const entry = list[index] as Prefix;
    if (prefix.address.isIn(entry.address, entry.length)) return;
    if (entry.address.isIn(prefix.address, prefix.length)) replaced = 1;
    if (replaced === 1 || entry.address.w0 > prefix.address.w0) break;
  }
  list.splice(index, replaced, prefix);
  merge(list, index);
}

/** Joins the entry with its neighbours as long as two make up one larger block. */
function merge(list: Prefix[], start: number): void {
  let index = start;
  for (;;) {
    if (joins(list[index - 1], list[index])) index--;
    else if (!joins(list[index], list[index + 1])) return;
    const { address, length } = list[index] as Prefix;
    list.splice(index, 2, { address, length: length - 1 });
  }
}

function joins(a: Prefix | undefined, b: Prefix | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length || a.length === 0) return false;
  return (
    !a.address.equals(b.address) &&
    a.address.w0 < b.address.w0 &&
    b.address.isIn(a.address.masked(a.length - 1), a.length - 1)
  );
}
