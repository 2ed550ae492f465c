/** RADIUS packets (RFC 2865, 3) as octets and as lists of attributes. Nothing here knows a secret or checks one. */
import { u16 } from "../bytes/index.ts";

export const HEADER_LENGTH = 20;
/** RFC 2865, 3; the longest a packet may be. */
export const MOST_OCTETS = 4096;
/** Octets of the longest value: the attribute's length is one octet and counts the two before the value. */
export const MOST_VALUE = 253;

/** Packet codes (RFC 2865, 2866, 5176). */
export const CODE = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
  disconnectRequest: 40,
  disconnectAck: 41,
  disconnectNak: 42,
  coaRequest: 43,
  coaAck: 44,
  coaNak: 45,
} as const;

/** One attribute as it lies in the packet; those of vendors are inside a Vendor-Specific (26). */
export interface RadiusAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface RadiusPacket {
  readonly code: number;
  readonly identifier: number;
  /** 16 octets. */
  readonly authenticator: Uint8Array;
  readonly attributes: readonly RadiusAttribute[];
}

export type DecodedPacket =
  | { readonly kind: "packet"; readonly packet: RadiusPacket /** Octets it takes. */; readonly length: number }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Reads one packet. Octets after its length are padding (RFC 2865, 3). Values are views into `bytes`.
 * Never throws; costs time in proportion to the length.
 */
export function decodePacket(bytes: Uint8Array): DecodedPacket {
  if (bytes.length < HEADER_LENGTH) return damaged("shorter than a header");
  const length = u16(bytes, 2);
  if (length < HEADER_LENGTH) return damaged("a length shorter than the header");
  if (length > MOST_OCTETS) return damaged(`a length of more than ${MOST_OCTETS} octets`);
  if (length > bytes.length) return damaged("cut off");
  const attributes = readAttributes(bytes, HEADER_LENGTH, length);
  if (attributes === null) return damaged("an attribute whose length does not fit");
  const packet = {
    code: bytes[0] as number,
    identifier: bytes[1] as number,
    authenticator: bytes.subarray(4, HEADER_LENGTH),
    attributes,
  };
  return { kind: "packet", packet, length };
}

/** Attributes that fill the octets from `start` to `end` without rest; null when they do not. */
export function readAttributes(bytes: Uint8Array, start: number, end: number): RadiusAttribute[] | null {
  const attributes: RadiusAttribute[] = [];
  for (let at = start; at < end; ) {
    const length = at + 2 <= end ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > end) return null;
    attributes.push({ type: bytes[at] as number, value: bytes.subarray(at + 2, at + length) });
    at += length;
  }
  return attributes;
}

/**
 * Writes a packet, the authenticator as given.
 *
 * @throws RangeError when a value or the whole is too long; callers bound what they put in
 */
export function encodePacket(packet: RadiusPacket): Uint8Array {
  let length = HEADER_LENGTH;
  for (const { value } of packet.attributes) {
    if (value.length > MOST_VALUE) throw new RangeError(`a RADIUS attribute of ${value.length} octets`);
    length += 2 + value.length;
  }
  if (length > MOST_OCTETS) throw new RangeError(`a RADIUS packet of ${length} octets`);
  const bytes = new Uint8Array(length);
  bytes[0] = packet.code;
  bytes[1] = packet.identifier;
  bytes[2] = length >> 8;
  bytes[3] = length & 255;
  bytes.set(packet.authenticator, 4);
  let at = HEADER_LENGTH;
  for (const { type, value } of packet.attributes) {
    bytes[at] = type;
    bytes[at + 1] = value.length + 2;
    bytes.set(value, at + 2);
    at += value.length + 2;
  }
  return bytes;
}

function damaged(reason: string): DecodedPacket {
  return { kind: "damaged", reason };
}
