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
 * The addresses of an ipcp setting, as npppd keeps them: a network takes the place of the first entry it covers and is
 * left out when one covers it; single addresses of a range likewise, and neighbours of equal size become one. npppd
 * walks every address of a range; we take the blocks at once, which comes to the same.
 */
export class AddressPool {
  /** In order of their addresses. */
  readonly entries: Prefix[] = [];
  /** A network has covered more than one entry: those after the first stay, inside it. */
  #nested = false;

  add(range: { readonly first: Address; readonly last: Address; readonly network: boolean }): void {
    if (range.network) this.#addNetwork({ address: range.first, length: Math.clz32(range.first.w0 ^ range.last.w0) });
    else this.#addRange(range.first.w0, range.last.w0);
  }

  includes(address: Address): boolean {
    return this.#coverOf(address.w0) !== null;
  }

  /** Number of addresses. */
  get size(): number {
    let size = 0;
    let end = -1;
    for (const { address, length } of this.entries) {
      const last = blockEnd(address.w0, length);
      if (last > end) size += last - Math.max(address.w0 - 1, end);
      end = Math.max(end, last);
    }
    return size;
  }

  #addRange(first: number, last: number): void {
    let next = first;
    while (next <= last) {
      const cover = this.#coverOf(next);
      if (cover !== null) {
        next = blockEnd(cover.address.w0, cover.length) + 1;
        continue;
      }
      // The largest block that starts here, ends in the range and meets no entry.
      const index = this.#indexAfter(next);
      const end = Math.min(last, (this.entries[index]?.address.w0 ?? last + 1) - 1);
      let length = 32;
      while (length > 0 && blockStart(next, length - 1) === next && blockEnd(next, length - 1) <= end) length--;
      this.entries.splice(index, 0, { address: new Address(4, next), length });
      this.#merge(index);
      next = blockEnd(next, length) + 1;
    }
  }

  /** in_addr_range_list_add0() of a network. */
  #addNetwork(network: Prefix): void {
    const { entries } = this;
    let index = 0;
    let replaced = 0;
    for (; index < entries.length; index++) {
      const entry = entries[index] as Prefix;
      if (network.address.isIn(entry.address, entry.length)) return;
      if (entry.address.isIn(network.address, network.length)) replaced = 1;
      if (replaced === 1 || entry.address.w0 > network.address.w0) break;
    }
    entries.splice(index, replaced, network);
    const after = entries[index + 1];
    if (after?.address.isIn(network.address, network.length) === true) this.#nested = true;
    this.#merge(index);
  }

  /** Joins the entry with its neighbours as long as two make up one larger block. */
  #merge(start: number): void {
    const { entries } = this;
    let index = start;
    for (;;) {
      if (joins(entries[index - 1], entries[index])) index--;
      else if (!joins(entries[index], entries[index + 1])) return;
      const { address, length } = entries[index] as Prefix;
      entries.splice(index, 2, { address, length: length - 1 });
    }
  }

  #coverOf(word: number): Prefix | null {
    for (let index = this.#indexAfter(word) - 1; index >= 0; index--) {
      const entry = this.entries[index] as Prefix;
      if (blockEnd(entry.address.w0, entry.length) >= word) return entry;
      if (!this.#nested) return null;
    }
    return null;
  }

  /** Index of the first entry that starts behind `word`. */
  #indexAfter(word: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] as Prefix).address.w0 <= word) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function blockStart(word: number, length: number): number {
  return (word & maskWord(length, 0)) >>> 0;
}

function blockEnd(start: number, length: number): number {
  return (start | ~maskWord(length, 0)) >>> 0;
}

function joins(a: Prefix | undefined, b: Prefix | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length || a.length === 0) return false;
  return (
    a.address.w0 < b.address.w0 && blockStart(b.address.w0, a.length - 1) === blockStart(a.address.w0, a.length - 1)
  );
}
