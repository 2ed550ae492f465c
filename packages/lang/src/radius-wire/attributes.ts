/** Attributes by name: written from values, read into values. */
import { Address, parseAddress } from "@pierhead/core";
import { fromUtf8, u32, utf8 } from "../bytes/index.ts";
import { ATTRIBUTES, type AttributeName, VENDOR_SPECIFIC } from "./dictionary.ts";
import { MOST_VALUE, type RadiusAttribute, readAttributes } from "./packet.ts";

/** What a value of each format is in TypeScript: times are Unix seconds, addresses text. */
interface Values {
  text: string;
  octets: Uint8Array;
  integer: number;
  ipv4: string;
  ipv6: string;
  time: number;
  tagged: string;
}

export type AttributeValue<N extends AttributeName> = Values[(typeof ATTRIBUTES)[N]["format"]];

/**
 * Writes one attribute.
 *
 * @throws RangeError when the value has no place in an attribute: longer than 253 octets (247 for those of vendors), no
 * address of the right family
 */
export function attribute<N extends AttributeName>(name: N, value: AttributeValue<N>): RadiusAttribute {
  const kind = ATTRIBUTES[name];
  const octets = write(name, kind.format, value);
  const most = kind.vendor === 0 ? MOST_VALUE : MOST_VALUE - 6;
  if (octets.length > most) throw new RangeError(`${name} of ${octets.length} octets`);
  return kind.vendor === 0 ? { type: kind.type, value: octets } : vendorAttribute(kind.vendor, kind.type, octets);
}

function write(name: AttributeName, format: keyof Values, value: string | number | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "number") return words([value]);
  if (format !== "ipv4" && format !== "ipv6") return utf8(value);
  const address = parseAddress(value);
  if (address === null || address.family !== (format === "ipv4" ? 4 : 6)) throw new RangeError(`${name} of ${value}`);
  return words(address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3]);
}

function words(list: readonly number[]): Uint8Array {
  const octets = new Uint8Array(list.length * 4);
  list.forEach((word, index) => {
    octets[index * 4] = word >>> 24;
    octets[index * 4 + 1] = word >>> 16;
    octets[index * 4 + 2] = word >>> 8;
    octets[index * 4 + 3] = word;
  });
  return octets;
}

/** A Vendor-Specific with one attribute in it (RFC 2865, 5.26). */
export function vendorAttribute(vendor: number, type: number, value: Uint8Array): RadiusAttribute {
  const octets = new Uint8Array(6 + value.length);
  octets.set(words([vendor]));
  octets[4] = type;
  octets[5] = value.length + 2;
  octets.set(value, 6);
  return { type: VENDOR_SPECIFIC, value: octets };
}

/** The attributes inside a Vendor-Specific; null when the vendor has a format of its own. */
export function readVendor(value: Uint8Array): { vendor: number; attributes: readonly RadiusAttribute[] } | null {
  if (value.length < 6) return null;
  const attributes = readAttributes(value, 4, value.length);
  return attributes === null ? null : { vendor: u32(value, 0), attributes };
}

const NAMES: ReadonlyMap<number, AttributeName> = new Map(
  Object.entries(ATTRIBUTES).map(([name, kind]) => [key(kind.vendor, kind.type), name as AttributeName]),
);

/** The name of an attribute; null when the dictionary has none. */
export function attributeName(vendor: number, type: number): AttributeName | null {
  return NAMES.get(key(vendor, type)) ?? null;
}

function key(vendor: number, type: number): number {
  return vendor * 256 + type;
}

/** The attributes of a packet by name, those of vendors taken out of their Vendor-Specific. */
export class AttributeSet {
  readonly #values: Map<number, Uint8Array[]> = new Map();
  /** Vendor-Specific attributes nothing could be taken out of. */
  readonly opaque: number;

  constructor(attributes: readonly RadiusAttribute[]) {
    let opaque = 0;
    for (const { type, value } of attributes) {
      const inside = type === VENDOR_SPECIFIC ? readVendor(value) : null;
      if (inside !== null) for (const one of inside.attributes) this.#add(key(inside.vendor, one.type), one.value);
      else if (type === VENDOR_SPECIFIC) opaque++;
      else this.#add(type, value);
    }
    this.opaque = opaque;
  }

  #add(at: number, value: Uint8Array): void {
    const known = this.#values.get(at);
    if (known === undefined) this.#values.set(at, [value]);
    else known.push(value);
  }

  /** Names of what is there; null for each kind of attribute without a name. */
  names(): (AttributeName | null)[] {
    return [...this.#values.keys()].map((at) => NAMES.get(at) ?? null);
  }

  has(name: AttributeName): boolean {
    return this.all(name).length > 0;
  }

  /** In the order of the packet. */
  all(name: AttributeName): readonly Uint8Array[] {
    const kind = ATTRIBUTES[name];
    return this.#values.get(key(kind.vendor, kind.type)) ?? [];
  }

  /** The first one's octets. */
  octets(name: AttributeName): Uint8Array | undefined {
    return this.all(name)[0];
  }

  /** The first one as a number; undefined when it is missing or not of four octets. */
  integer(name: AttributeName): number | undefined {
    const value = this.octets(name);
    return value?.length === 4 ? u32(value, 0) : undefined;
  }

  /** The first one as text; what is no UTF-8 becomes U+FFFD. */
  text(name: AttributeName): string | undefined {
    const value = this.octets(name);
    return value === undefined ? undefined : fromUtf8(value);
  }

  /** All of them as text. */
  texts(name: AttributeName): string[] {
    return this.all(name).map((value) => fromUtf8(value));
  }

  /** The first one as text without its tag (RFC 2868, 3.6: a first octet above 0x1F is no tag). */
  tagged(name: AttributeName): string | undefined {
    const value = this.octets(name);
    if (value === undefined) return undefined;
    return fromUtf8(value.length > 0 && (value[0] as number) <= 0x1f ? value.subarray(1) : value);
  }

  /** The first one as an address; undefined when it is missing or of another length. */
  address(name: AttributeName): string | undefined {
    const value = this.octets(name);
    if (value?.length === 4) return new Address(4, u32(value, 0)).toString();
    if (value?.length !== 16) return undefined;
    return new Address(6, u32(value, 0), u32(value, 4), u32(value, 8), u32(value, 12)).toString();
  }
}
