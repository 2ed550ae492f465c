/** Address family: 4 is `inet`, 6 is `inet6`. */
export type Family = 4 | 6;

/**
 * An IPv4 or IPv6 address as up to four unsigned 32-bit words in network order, the way pf's `pf_addr`
 * has it: IPv4 uses `w0` only, the other words are 0. One code path serves both families.
 */
export class Address {
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;

  constructor(family: Family, w0: number, w1 = 0, w2 = 0, w3 = 0) {
    this.family = family;
    this.w0 = w0 >>> 0;
    this.w1 = w1 >>> 0;
    this.w2 = w2 >>> 0;
    this.w3 = w3 >>> 0;
  }

  /** Bits of an address of this family: 32 or 128. */
  get bits(): number {
    return this.family === 4 ? 32 : 128;
  }

  equals(other: Address): boolean {
    return (
      this.w0 === other.w0 &&
      this.w1 === other.w1 &&
      this.w2 === other.w2 &&
      this.w3 === other.w3 &&
      this.family === other.family
    );
  }

  /** Numeric order; IPv4 before IPv6. */
  compare(other: Address): number {
    return (
      this.family - other.family || this.w0 - other.w0 || this.w1 - other.w1 || this.w2 - other.w2 || this.w3 - other.w3
    );
  }

  /** Word `index`, 0 to 3. */
  word(index: number): number {
    return index === 0 ? this.w0 : index === 1 ? this.w1 : index === 2 ? this.w2 : this.w3;
  }

  /** The address with all bits after the first `length` cleared. */
  masked(length: number): Address {
    return new Address(
      this.family,
      this.w0 & maskWord(length, 0),
      this.w1 & maskWord(length, 1),
      this.w2 & maskWord(length, 2),
      this.w3 & maskWord(length, 3),
    );
  }

  /** The address with all bits after the first `length` set: the broadcast address of an IPv4 network. */
  filled(length: number): Address {
    if (this.family === 4) return new Address(4, this.w0 | ~maskWord(length, 0));
    return new Address(
      6,
      this.w0 | ~maskWord(length, 0),
      this.w1 | ~maskWord(length, 1),
      this.w2 | ~maskWord(length, 2),
      this.w3 | ~maskWord(length, 3),
    );
  }

  /** Whether the first `length` bits equal those of `network`, of the same family. */
  isIn(network: Address, length: number): boolean {
    if (this.family !== network.family) return false;
    if (((this.w0 ^ network.w0) & maskWord(length, 0)) !== 0) return false;
    if (length <= 32) return true;
    return (
      ((this.w1 ^ network.w1) & maskWord(length, 1)) === 0 &&
      ((this.w2 ^ network.w2) & maskWord(length, 2)) === 0 &&
      ((this.w3 ^ network.w3) & maskWord(length, 3)) === 0
    );
  }

  /** The next address, or null after the last one. */
  next(): Address | null {
    if (this.family === 4) return this.w0 === 0xffffffff ? null : new Address(4, this.w0 + 1);
    const words = [this.w0, this.w1, this.w2, this.w3] as [number, number, number, number];
    for (let i = 3; i >= 0; i--) {
      const word = words[i] as number;
      if (word !== 0xffffffff) {
        words[i] = word + 1;
        return new Address(6, ...words);
      }
      words[i] = 0;
    }
    return null;
  }

  isUnspecified(): boolean {
    return (this.w0 | this.w1 | this.w2 | this.w3) === 0;
  }

  isLoopback(): boolean {
    return this.family === 4
      ? this.w0 >>> 24 === 127
      : this.w0 === 0 && this.w1 === 0 && this.w2 === 0 && this.w3 === 1;
  }

  isMulticast(): boolean {
    return this.family === 4 ? this.w0 >>> 28 === 14 : this.w0 >>> 24 === 0xff;
  }

  /** 169.254/16 or fe80::/10. */
  isLinkLocal(): boolean {
    return this.family === 4 ? this.w0 >>> 16 === 0xa9fe : this.w0 >>> 22 === 0x3fa;
  }

  /** As `inet_ntop` writes it: dotted quad, or RFC 5952 text with an embedded IPv4 tail where BSD writes one. */
  toString(): string {
    return this.family === 4 ? formatIpv4(this.w0) : formatIpv6(this);
  }
}

/** Word `index` of a mask of `length` leading ones. */
export function maskWord(length: number, index: number): number {
  const bits = length - index * 32;
  return bits >= 32 ? 0xffffffff : bits <= 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** The netmask of `length` bits as an address. */
export function maskAddress(family: Family, length: number): Address {
  return new Address(family, maskWord(length, 0), maskWord(length, 1), maskWord(length, 2), maskWord(length, 3));
}

/** Length of a contiguous netmask, or null when the ones are not contiguous. */
export function maskLength(mask: Address): number | null {
  let length = 0;
  while (length < mask.bits && ((mask.word(length >> 5) >>> (31 - (length & 31))) & 1) === 1) length++;
  return mask.equals(maskAddress(mask.family, length)) ? length : null;
}

/** A network: an address and how many leading bits count. Bits after them are kept as written. */
export interface Prefix {
  readonly address: Address;
  /** 0 to 32, or 0 to 128. */
  readonly length: number;
}

/**
 * Reads a full dotted quad or an IPv6 address (without scope), as `inet_pton` does: no octal, no
 * abbreviations, no leading zeros that make more than three digits.
 *
 * @returns null when the text is not an address
 */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Reads `address/length`, or an address alone as a host.
 *
 * @returns null when the text is neither
 */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf("/");
  if (slash === -1) {
    const address = parseAddress(text);
    return address === null ? null : { address, length: address.bits };
  }
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === null || !/^\d{1,3}$/.test(digits)) return null;
  const length = Number(digits);
  return length > address.bits ? null : { address, length };
}

export function formatPrefix(prefix: Prefix): string {
  return prefix.length === prefix.address.bits ? `${prefix.address}` : `${prefix.address}/${prefix.length}`;
}

function parseIpv4(text: string): Address | null {
  let value = 0;
  let octet = -1;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
      digits = 0;
    } else if (code >= 48 && code <= 57) {
      if (digits > 0 && octet === 0) return null;
      octet = (octet < 0 ? 0 : octet) * 10 + code - 48;
      digits++;
      if (octet > 255) return null;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? new Address(4, value * 256 + octet) : null;
}

function parseIpv6(text: string): Address | null {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith("::")) {
    gap = 0;
    i = 2;
  } else if (text.startsWith(":")) return null;
  while (i < text.length) {
    if (groups.length >= 8) return null;
    let end = i;
    let value = 0;
    for (; end < text.length; end++) {
      const digit = hexDigit(text.charCodeAt(end));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    const next = text.charCodeAt(end);
    if (next === 46) {
      const tail = parseIpv4(text.slice(i));
      if (tail === null || groups.length > 6) return null;
      groups.push(tail.w0 >>> 16, tail.w0 & 0xffff);
      i = text.length;
      break;
    }
    if (end === i || end - i > 4) return null;
    groups.push(value);
    if (end === text.length) {
      i = end;
      break;
    }
    if (next !== 58) return null;
    i = end + 1;
    if (text.charCodeAt(i) === 58) {
      if (gap !== -1) return null;
      gap = groups.length;
      i++;
    } else if (i === text.length) return null;
  }
  if (gap === -1 ? groups.length !== 8 : groups.length > 7) return null;
  if (gap !== -1) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0));
  const word = (n: number): number => (((groups[n * 2] as number) << 16) | (groups[n * 2 + 1] as number)) >>> 0;
  return new Address(6, word(0), word(1), word(2), word(3));
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(address: Address): string {
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) groups.push(address.word(i) >>> 16, address.word(i) & 0xffff);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > bestLength) {
      best = i;
      bestLength = j - i;
    }
    i = j === i ? i + 1 : j;
  }
  // inet_ntop(3) writes ::a.b.c.d and ::ffff:a.b.c.d with the IPv4 tail.
  const embedded = best === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff));
  const count = embedded ? 6 : 8;
  let text = "";
  for (let i = 0; i < count; ) {
    if (i === best) {
      text += "::";
      i += bestLength;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += (groups[i] as number).toString(16);
    i++;
  }
  if (!embedded) return text;
  return (text.endsWith(":") ? text : `${text}:`) + formatIpv4(address.w3);
}
