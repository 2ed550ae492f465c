import type { TcpHeader } from "@pierhead/core";

export const TCP_OPTION = { end: 0, nop: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 } as const;

/** The options of a segment in octets: as given, or as they follow from the header's fields. */
export function optionOctets(tcp: TcpHeader): Uint8Array {
  if (tcp.rawOptions !== null) return tcp.rawOptions;
  const octets: number[] = [];
  if (tcp.mss !== null) octets.push(TCP_OPTION.mss, 4, tcp.mss >>> 8, tcp.mss & 255);
  if (tcp.windowScale !== null) octets.push(TCP_OPTION.windowScale, 3, tcp.windowScale);
  if (tcp.sackPermitted) octets.push(TCP_OPTION.sackPermitted, 2);
  if (tcp.timestamps !== null) {
    const { value, echo } = tcp.timestamps;
    octets.push(TCP_OPTION.timestamps, 10);
    for (const word of [value, echo]) octets.push(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  }
  return Uint8Array.from(octets);
}

export function hasOptions(tcp: TcpHeader): boolean {
  return (
    (tcp.rawOptions !== null && tcp.rawOptions.length > 0) ||
    tcp.mss !== null ||
    tcp.windowScale !== null ||
    tcp.sackPermitted ||
    tcp.timestamps !== null
  );
}

/**
 * Places of all options of one kind, as pf looks for them (`pf_find_tcpopt()`): an end-of-options octet is taken for a
 * no-operation, because some systems pad with them.
 */
export function findOptions(octets: Uint8Array, kind: number, minimum: number): number[] {
  const places: number[] = [];
  let at = 0;
  // Options are padded to words on the wire; the padding is zeros.
  const end = (octets.length + 3) & ~3;
  while (end - at >= minimum) {
    const type = octets[at] ?? 0;
    if (type === TCP_OPTION.end || type === TCP_OPTION.nop) {
      at++;
      continue;
    }
    const length = octets[at + 1] ?? 0;
    if (type === kind && length >= minimum) {
      places.push(at);
      at += length;
    } else at += Math.max(length, 2);
  }
  return places;
}

export function read32(octets: Uint8Array, at: number): number {
  return (
    (((octets[at] ?? 0) << 24) |
      ((octets[at + 1] ?? 0) << 16) |
      ((octets[at + 2] ?? 0) << 8) |
      (octets[at + 3] ?? 0)) >>>
    0
  );
}

export function write32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = (value >>> 16) & 255;
  octets[at + 2] = (value >>> 8) & 255;
  octets[at + 3] = value & 255;
}

/** Window scale with its flag, or 0 without the option (`pf_get_wscale()`). */
export function windowScaleOf(tcp: TcpHeader): number {
  if (tcp.rawOptions === null) return tcp.windowScale === null ? 0 : Math.min(tcp.windowScale, 14) | 0x80;
  let scale = 0;
  for (const at of findOptions(tcp.rawOptions, TCP_OPTION.windowScale, 3)) {
    scale = Math.min(tcp.rawOptions[at + 2] ?? 0, 14) | 0x80;
  }
  return scale;
}

/** MSS option (`pf_get_mss()`): 0 when there are no options to speak of, the default when none is an MSS. */
export function mssOf(tcp: TcpHeader, fallback: number): number {
  const octets = optionOctets(tcp);
  if (((octets.length + 3) & ~3) < 4) return 0;
  let mss = fallback;
  for (const at of findOptions(octets, TCP_OPTION.mss, 4)) mss = ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0);
  return mss;
}

/** Lowers every MSS option that is bigger (`pf_normalize_mss()`). */
export function clampMss(tcp: TcpHeader, maximum: number): void {
  if (tcp.mss !== null && tcp.mss > maximum) tcp.mss = maximum;
  if (tcp.rawOptions === null) return;
  const places = findOptions(tcp.rawOptions, TCP_OPTION.mss, 4);
  if (places.length === 0) return;
  const octets = tcp.rawOptions.slice();
  for (const at of places) {
    if ((((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0)) <= maximum) continue;
    octets[at + 2] = maximum >>> 8;
    octets[at + 3] = maximum & 255;
  }
  tcp.rawOptions = octets;
}
