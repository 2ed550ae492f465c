import { u32 } from "../bytes/index.ts";
import { readClassic } from "./classic.ts";
import type { CapturedPacket, CaptureSummary } from "./packet.ts";
import { readNextGeneration } from "./pcapng.ts";

/** Whether a file begins like a capture: the magic numbers of pcap (four byte orders and precisions) and pcapng. */
export function isCapture(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = u32(bytes, 0);
  return magic === 0x0a0d0d0a || CLASSIC_MAGIC.has(magic);
}

const CLASSIC_MAGIC: ReadonlySet<number> = new Set([
  0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0xa1b2cd34, 0x34cdb2a1,
]);

/**
 * Reads a capture and hands every packet to `visit`, in the order of the file. Costs time in proportion to the file
 * and no memory per packet. What is wrong is reported; what came before it was visited.
 *
 * @returns null when the file is no capture
 */
export function readCapture(bytes: Uint8Array, visit: (packet: CapturedPacket) => void): CaptureSummary | null {
  if (!isCapture(bytes)) return null;
  return u32(bytes, 0) === 0x0a0d0d0a ? readNextGeneration(bytes, visit) : readClassic(bytes, visit);
}
