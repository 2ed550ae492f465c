import { sameBytes } from "../bytes/index.ts";
import { decodePacket, encodePacket, type RadiusPacket } from "./packet.ts";

/**
 * Reads a packet and writes it again: the octets must be those that were read.
 *
 * @returns the packet; null when it is damaged
 * @throws Error when they differ
 */
export function roundTrip(bytes: Uint8Array): RadiusPacket | null {
  const decoded = decodePacket(bytes);
  if (decoded.kind === "damaged") return null;
  if (!sameBytes(encodePacket(decoded.packet), bytes.subarray(0, decoded.length))) {
    throw new Error("a RADIUS packet changes when it is read and written");
  }
  return decoded.packet;
}
