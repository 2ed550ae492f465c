import { hex, u16, u32 } from "../bytes/index.ts";

/** A DUID for people: its kind and what it is made of (RFC 8415 11). */
export function formatDuid(duid: Uint8Array): string {
  if (duid.length < 2) return `DUID ${hex(duid, ":")}`;
  const rest = (from: number): string => hex(duid.subarray(from), ":");
  switch (u16(duid, 0)) {
    case 1:
      return duid.length < 8 ? `DUID ${rest(0)}` : `LLT ${rest(8)} (${u32(duid, 4)})`;
    case 2:
      return duid.length < 6 ? `DUID ${rest(0)}` : `EN ${u32(duid, 2)} ${hex(duid.subarray(6))}`;
    case 3:
      return `LL ${rest(4)}`;
    case 4:
      return `UUID ${hex(duid.subarray(2))}`;
    default:
      return `DUID ${rest(0)}`;
  }
}
