import { u32, u32Of } from "../bytes/index.ts";
import { type CapturedPacket, type CaptureProblem, type CaptureSummary, LARGEST_PACKET } from "./packet.ts";

// pcap-savefile(5): a header of 24 octets, then records of 16 octets and the packet.

export function readClassic(bytes: Uint8Array, visit: (packet: CapturedPacket) => void): CaptureSummary {
  const problems: CaptureProblem[] = [];
  const end = (code: string, message: string, packets: number): CaptureSummary => {
    if (code !== "") problems.push({ code, message, packet: packets });
    return { format: "pcap", packets, problems };
  };
  const magic = u32(bytes, 0);
  const little = magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1 || magic === 0x34cdb2a1;
  const perSecond = magic === 0xa1b23c4d || magic === 0x4d3cb2a1 ? 1e9 : 1e6;
  // Kuznetzov's variant has eight octets more in each record.
  const recordHeader = magic === 0xa1b2cd34 || magic === 0x34cdb2a1 ? 24 : 16;
  if (bytes.length < 24) return end("lease/capture-truncated", "The file ends inside its header of 24 octets.", 0);
  // The upper half says whether frame check sequences follow (pcap-savefile(5)).
  const linkType = u32Of(bytes, 20, little) & 0xffff;
  let packets = 0;
  let at = 24;
  while (at < bytes.length) {
    if (bytes.length - at < recordHeader) {
      return end(
        "lease/capture-truncated",
        `The file ends inside the header of packet ${packets + 1}: the capture was cut off.`,
        packets,
      );
    }
    const length = u32Of(bytes, at + 8, little);
    const originalLength = u32Of(bytes, at + 12, little);
    if (length > LARGEST_PACKET) {
      return end(
        "lease/capture-damaged",
        `Packet ${packets + 1} claims ${length} octets, more than a capture can hold (${LARGEST_PACKET}): the file is damaged from here on.`,
        packets,
      );
    }
    const start = at + recordHeader;
    if (length > bytes.length - start) {
      return end(
        "lease/capture-truncated",
        `Packet ${packets + 1} claims ${length} octets, the file has ${bytes.length - start} left: the capture was cut off.`,
        packets,
      );
    }
    packets++;
    const time = u32Of(bytes, at, little) + u32Of(bytes, at + 4, little) / perSecond;
    visit({ number: packets, time, linkType, data: bytes.subarray(start, start + length), originalLength });
    at = start + length;
  }
  return end("", "", packets);
}
