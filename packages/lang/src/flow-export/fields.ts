/** Information elements that make a flow record (IANA's IPFIX registry; RFC 7012; NetFlow 9 numbers them alike). */
import { Address } from "@pierhead/core";
import { u16, u32 } from "../bytes/index.ts";
import type { FlowRecord, Template } from "./types.ts";

/** Milliseconds since 1970 at which the exporter's uptime was zero; null when the message does not tell. */
export type Boot = number | null;

/** Seconds between 1900, where the clock of NTP begins, and 1970. */
const NTP = 2_208_988_800;

function number(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + (bytes[i] as number);
  return value;
}

export function ipv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function ipv6(bytes: Uint8Array, at: number): string {
  return new Address(6, u32(bytes, at), u32(bytes, at + 4), u32(bytes, at + 8), u32(bytes, at + 12)).toString();
}

/** dateTimeMicroseconds and dateTimeNanoseconds: the timestamp of NTP (RFC 7011 section 6.1.9). */
function ntp(bytes: Uint8Array, at: number): number {
  return (u32(bytes, at) - NTP) * 1000 + (u32(bytes, at + 4) / 2 ** 32) * 1000;
}

/**
 * Reads one data record.
 *
 * @param end where the set ends
 * @returns the record, null when it is about no addresses, and where the next one begins; -1 when it does not fit
 */
export function readRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  template: Template,
  boot: Boot,
): { record: FlowRecord | null; next: number } {
  let at = start;
  let family: 4 | 6 | 0 = 0;
  let [from, to] = ["", ""];
  let [fromPort, toPort, protocol, bytesCounted, packets, input, output, tcpFlags, tos] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let [began, ended]: [number | null, number | null] = [null, null];
  for (const field of template.fields) {
    let { length } = field;
    if (length === 0xffff) {
      // RFC 7011 section 7: one octet, or 255 and two.
      if (at >= end) return { record: null, next: -1 };
      length = bytes[at++] as number;
      if (length === 255) {
        if (at + 2 > end) return { record: null, next: -1 };
        length = u16(bytes, at);
        at += 2;
      }
    }
    if (at + length > end) return { record: null, next: -1 };
    if (field.enterprise === 0) {
      switch (field.element) {
        case 1:
        case 85:
          if (length <= 8 && (bytesCounted === 0 || field.element === 1)) bytesCounted = number(bytes, at, length);
          break;
        case 2:
        case 86:
          if (length <= 8 && (packets === 0 || field.element === 2)) packets = number(bytes, at, length);
          break;
        case 4:
          if (length <= 4) protocol = number(bytes, at, length);
          break;
        case 5:
          if (length <= 4) tos = number(bytes, at, length);
          break;
        case 6:
          if (length <= 4) tcpFlags = number(bytes, at, length);
          break;
        case 7:
          if (length <= 4) fromPort = number(bytes, at, length);
          break;
        case 11:
          if (length <= 4) toPort = number(bytes, at, length);
          break;
        case 10:
          if (length <= 4) input = number(bytes, at, length);
          break;
        case 14:
          if (length <= 4) output = number(bytes, at, length);
          break;
        case 8:
          if (length === 4) [family, from] = [4, ipv4(bytes, at)];
          break;
        case 12:
          if (length === 4) [family, to] = [4, ipv4(bytes, at)];
          break;
        case 27:
          // Exporters with one template for both families leave the other's address empty.
          if (length === 16 && (from === "" || from === "0.0.0.0")) [family, from] = [6, ipv6(bytes, at)];
          break;
        case 28:
          if (length === 16 && (to === "" || to === "0.0.0.0")) [family, to] = [6, ipv6(bytes, at)];
          break;
        case 22:
          if (length === 4 && boot !== null) began = boot + u32(bytes, at);
          break;
        case 21:
          if (length === 4 && boot !== null) ended = boot + u32(bytes, at);
          break;
        case 150:
          if (length === 4) began = u32(bytes, at) * 1000;
          break;
        case 151:
          if (length === 4) ended = u32(bytes, at) * 1000;
          break;
        case 152:
          if (length === 8) began = number(bytes, at, 8);
          break;
        case 153:
          if (length === 8) ended = number(bytes, at, 8);
          break;
        case 154:
        case 156:
          if (length === 8) began = ntp(bytes, at);
          break;
        case 155:
        case 157:
          if (length === 8) ended = ntp(bytes, at);
          break;
        default:
      }
    }
    at += length;
  }
  if (family === 0 || from === "" || to === "") return { record: null, next: at };
  const record: FlowRecord = {
    family: from.includes(":") ? 6 : 4,
    from,
    to,
    fromPort,
    toPort,
    protocol,
    bytes: bytesCounted,
    packets,
    start: began,
    end: ended,
    input,
    output,
    tcpFlags,
    tos,
  };
  return { record, next: at };
}
