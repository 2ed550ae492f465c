/** NetFlow version 5: a header of 24 octets and up to 30 records of 48, nothing else. pflow(4) sends it by default. */
import { u16, u32 } from "../bytes/index.ts";
import { ipv4 } from "./fields.ts";
import type { FlowRecord } from "./types.ts";

const HEADER = 24;
const RECORD = 48;
/** engine_type and engine_id of pflow(4) (if_pflow.h). */
const PFLOW_ENGINE = 42;

export interface Netflow5 {
  readonly records: readonly FlowRecord[];
  /** Records that the header promises and the datagram does not hold. */
  readonly missing: number;
  /** How many flows were exported before the first one of this message. */
  readonly sequence: number;
  readonly engine: number;
}

/** @returns null when not even the header is there */
export function readNetflow5(bytes: Uint8Array): Netflow5 | null {
  if (bytes.length < HEADER) return null;
  const promised = u16(bytes, 2);
  const count = Math.min(promised, Math.floor((bytes.length - HEADER) / RECORD));
  const boot = u32(bytes, 8) * 1000 + u32(bytes, 12) / 1e6 - u32(bytes, 4);
  const records: FlowRecord[] = [];
  for (let at = HEADER, i = 0; i < count; i++, at += RECORD) {
    records.push({
      family: 4,
      from: ipv4(bytes, at),
      to: ipv4(bytes, at + 4),
      fromPort: u16(bytes, at + 32),
      toPort: u16(bytes, at + 34),
      protocol: bytes[at + 38] as number,
      bytes: u32(bytes, at + 20),
      packets: u32(bytes, at + 16),
      start: Math.round(boot + u32(bytes, at + 24)),
      end: Math.round(boot + u32(bytes, at + 28)),
      input: u16(bytes, at + 12),
      output: u16(bytes, at + 14),
      tcpFlags: bytes[at + 37] as number,
      tos: bytes[at + 39] as number,
    });
  }
  const isPflow = bytes[20] === PFLOW_ENGINE && bytes[21] === PFLOW_ENGINE;
  const sequence = u32(bytes, 16);
  return {
    records,
    missing: promised - count,
    // pflow(4) counts the flows of the message itself (if_pflow.c), Cisco those before it.
    sequence: isPflow ? (sequence - promised) >>> 0 : sequence,
    engine: u16(bytes, 20),
  };
}
