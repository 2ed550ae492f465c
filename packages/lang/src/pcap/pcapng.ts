import { u16Of, u32Of } from "../bytes/index.ts";
import { type CapturedPacket, type CaptureProblem, type CaptureSummary, LARGEST_PACKET } from "./packet.ts";

// draft-ietf-opsawg-pcapng: blocks of type, total length, body, total length again; sections with their own byte order.

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

/** More interfaces than this in one section is not a capture. */
const MOST_INTERFACES = 65_536;

interface CapturedInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Units of a second in which its packets count. */
  readonly perSecond: number;
  /** Seconds to add (if_tsoffset). */
  readonly offset: number;
}

export function readNextGeneration(bytes: Uint8Array, visit: (packet: CapturedPacket) => void): CaptureSummary {
  const problems: CaptureProblem[] = [];
  const told = new Set<string>();
  let packets = 0;
  let little = false;
  let interfaces: CapturedInterface[] = [];
  const complain = (code: string, message: string): void => {
    if (told.has(code)) return;
    told.add(code);
    problems.push({ code, message, packet: packets });
  };
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < 12) {
      complain("lease/capture-truncated", `The file ends inside a block, after packet ${packets}.`);
      break;
    }
    // The section header's type reads the same both ways; its byte order follows the length.
    if (u32Of(bytes, at, false) === SECTION) {
      const order = u32Of(bytes, at + 8, false);
      if (order !== 0x1a2b3c4d && order !== 0x4d3c2b1a) {
        complain("lease/capture-damaged", "A section's byte-order mark is wrong: the file is damaged from here on.");
        break;
      }
      little = order === 0x4d3c2b1a;
      interfaces = [];
    }
    const type = u32Of(bytes, at, little);
    const length = u32Of(bytes, at + 4, little);
    if (length < 12 || length % 4 !== 0) {
      complain(
        "lease/capture-damaged",
        `A block after packet ${packets} claims ${length} octets, which no block can have: the file is damaged from here on.`,
      );
      break;
    }
    if (length > left) {
      complain(
        "lease/capture-truncated",
        `A block after packet ${packets} claims ${length} octets, the file has ${left} left: the capture was cut off.`,
      );
      break;
    }
    if (u32Of(bytes, at + length - 4, little) !== length) {
      complain(
        "lease/capture-damaged",
        `The two lengths of a block after packet ${packets} differ: the file is damaged from here on.`,
      );
      break;
    }
    const body = bytes.subarray(at + 8, at + length - 4);
    at += length;
    if (type === INTERFACE) {
      if (interfaces.length >= MOST_INTERFACES) {
        complain(
          "lease/capture-damaged",
          `A section has more than ${MOST_INTERFACES} interfaces: the file is damaged.`,
        );
        break;
      }
      interfaces.push(readInterface(body, little));
      continue;
    }
    const simple = type === SIMPLE_PACKET;
    if (!simple && type !== ENHANCED_PACKET && type !== OBSOLETE_PACKET) continue;
    packets++;
    const header = simple ? 4 : 20;
    if (body.length < header) {
      complain("lease/capture-damaged", `The block of packet ${packets} is shorter than its header; it was skipped.`);
      continue;
    }
    const from = interfaces[simple ? 0 : type === ENHANCED_PACKET ? u32Of(body, 0, little) : u16Of(body, 0, little)];
    if (from === undefined) {
      complain(
        "lease/capture-damaged",
        `Packet ${packets} is of an interface that the section does not describe; it was skipped.`,
      );
      continue;
    }
    const originalLength = u32Of(body, simple ? 0 : 16, little);
    const snapped = from.snapLength === 0 ? LARGEST_PACKET : from.snapLength;
    const claimed = simple ? Math.min(originalLength, snapped, body.length - header) : u32Of(body, 12, little);
    if (claimed > body.length - header) {
      complain(
        "lease/capture-damaged",
        `Packet ${packets} claims ${claimed} octets and its block holds ${body.length - header}; it was skipped.`,
      );
      continue;
    }
    const units = simple ? null : u32Of(body, 4, little) * 4_294_967_296 + u32Of(body, 8, little);
    visit({
      number: packets,
      time: units === null ? null : units / from.perSecond + from.offset,
      linkType: from.linkType,
      data: body.subarray(header, header + claimed),
      originalLength,
    });
  }
  return { format: "pcapng", packets, problems };
}

function readInterface(body: Uint8Array, little: boolean): CapturedInterface {
  let perSecond = 1e6;
  let offset = 0;
  let at = 8;
  while (at + 4 <= body.length) {
    const code = u16Of(body, at, little);
    const length = u16Of(body, at + 2, little);
    at += 4;
    if (code === 0 || at + length > body.length) break;
    if (code === 9 && length === 1) {
      const resolution = body[at] as number;
      perSecond = (resolution & 0x80) !== 0 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
    } else if (code === 14 && length === 8) {
      // A signed number of seconds; its lower half is enough until 2106.
      offset = (u32Of(body, little ? at : at + 4, little) | 0) as number;
    }
    at += (length + 3) & ~3;
  }
  return {
    linkType: body.length >= 2 ? u16Of(body, 0, little) : 0,
    snapLength: body.length >= 8 ? u32Of(body, 4, little) : 0,
    perSecond,
    offset,
  };
}
