/**
 * SipHash-2-4 (Aumasson, Bernstein) on 64-bit words held as pairs of unsigned 32-bit numbers. Pools with
 * `source-hash` and syncookies use it.
 */
export interface SipKey {
  /** 16 octets, little endian words: k0 low, k0 high, k1 low, k1 high. */
  readonly words: readonly [number, number, number, number];
}

/** Key of a pool from its 32 hexadecimal digits: four numbers, as pfctl reads and prints them (parse.y `hashkey`). */
export function sipKeyOfPool(hex: string): SipKey {
  const word = (at: number): number => Number.parseInt(hex.slice(at, at + 8), 16) >>> 0;
  return { words: [word(0), word(8), word(16), word(24)] };
}

/** Reads 32 hexadecimal digits as 16 octets. */
export function sipKeyFromHex(hex: string): SipKey {
  const octets: number[] = [];
  for (let i = 0; i < 32; i += 2) octets.push(Number.parseInt(hex.slice(i, i + 2), 16) || 0);
  const word = (at: number): number =>
    ((octets[at] as number) |
      ((octets[at + 1] as number) << 8) |
      ((octets[at + 2] as number) << 16) |
      ((octets[at + 3] as number) << 24)) >>>
    0;
  return { words: [word(0), word(4), word(8), word(12)] };
}

/** A hash of `octets` as low and high 32-bit words. */
export function sipHash24(key: SipKey, octets: Uint8Array): { readonly low: number; readonly high: number } {
  const [k0l, k0h, k1l, k1h] = key.words;
  const v = new Uint32Array([
    k0l ^ 0x70736575,
    k0h ^ 0x736f6d65,
    k1l ^ 0x6e646f6d,
    k1h ^ 0x646f7261,
    k0l ^ 0x6e657261,
    k0h ^ 0x6c796765,
    k1l ^ 0x79746573,
    k1h ^ 0x74656462,
  ]);
  const length = octets.length;
  const end = length & ~7;
  for (let i = 0; i < end; i += 8) compress(v, word32(octets, i), word32(octets, i + 4));
  let low = 0;
  let high = (length & 255) << 24;
  for (let i = end; i < length; i++) {
    const shift = (i - end) * 8;
    if (shift < 32) low |= (octets[i] as number) << shift;
    else high |= (octets[i] as number) << (shift - 32);
  }
  compress(v, low >>> 0, high >>> 0);
  v[4] = (v[4] as number) ^ 0xff;
  for (let i = 0; i < 4; i++) round(v);
  return {
    low: ((v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number)) >>> 0,
    high: ((v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)) >>> 0,
  };
}

function word32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at] as number) |
      ((octets[at + 1] as number) << 8) |
      ((octets[at + 2] as number) << 16) |
      ((octets[at + 3] as number) << 24)) >>>
    0
  );
}

function compress(v: Uint32Array, low: number, high: number): void {
  v[6] = (v[6] as number) ^ low;
  v[7] = (v[7] as number) ^ high;
  round(v);
  round(v);
  v[0] = (v[0] as number) ^ low;
  v[1] = (v[1] as number) ^ high;
}

/** One SipRound; `v` holds v0 to v3 as low, high. */
function round(v: Uint32Array): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  swap(v, 0);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  swap(v, 4);
}

function add(v: Uint32Array, a: number, b: number): void {
  const low = (v[a] as number) + (v[b] as number);
  v[a] = low;
  v[a + 1] = (v[a + 1] as number) + (v[b + 1] as number) + (low > 0xffffffff ? 1 : 0);
}

function xor(v: Uint32Array, a: number, b: number): void {
  v[a] = (v[a] as number) ^ (v[b] as number);
  v[a + 1] = (v[a + 1] as number) ^ (v[b + 1] as number);
}

function rotate(v: Uint32Array, a: number, by: number): void {
  const low = v[a] as number;
  const high = v[a + 1] as number;
  v[a] = (low << by) | (high >>> (32 - by));
  v[a + 1] = (high << by) | (low >>> (32 - by));
}

/** Rotation by 32. */
function swap(v: Uint32Array, a: number): void {
  const low = v[a] as number;
  v[a] = v[a + 1] as number;
  v[a + 1] = low;
}
