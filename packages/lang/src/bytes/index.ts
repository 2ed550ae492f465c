export { fromUtf8, utf8 } from "./utf8.ts";

/** Numbers out of bytes in network order. Offsets must lie inside; readers check lengths before they read. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

/** The same in either byte order: files of a capture are written in that of the machine. */
export function u16Of(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? (bytes[at] as number) | ((bytes[at + 1] as number) << 8) : u16(bytes, at);
}

export function u32Of(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? (u16Of(bytes, at, true) | (u16Of(bytes, at + 2, true) << 16)) >>> 0 : u32(bytes, at);
}

/** Octets as two hexadecimal digits each, with a separator; at most `most` octets, then `…`. */
export function hex(bytes: Uint8Array, separator = "", most = 64): string {
  const digits: string[] = [];
  for (const octet of bytes.subarray(0, most)) digits.push(octet.toString(16).padStart(2, "0"));
  return digits.join(separator) + (bytes.length > most ? "…" : "");
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
