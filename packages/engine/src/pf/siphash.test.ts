import { describe, expect, it } from "vitest";
import { sipHash24, sipKeyFromHex } from "./siphash.ts";

describe("SipHash-2-4", () => {
  const key = sipKeyFromHex("000102030405060708090a0b0c0d0e0f");
  // First vectors of the reference implementation: input 00 01 02 … of length n, output in little endian octets.
  it.each([
    [0, "310e0edd47db6f72"],
    [1, "fd67dc93c539f874"],
    [2, "5a4fa9d909806c0d"],
    [7, "37d1018bf50002ab"],
    [8, "6224939a79f5f593"],
    [15, "e545be4961ca29a1"],
  ])("of %i octets", (length, expected) => {
    const { low, high } = sipHash24(
      key,
      Uint8Array.from({ length }, (_, i) => i),
    );
    const octets = [low, high].flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]);
    expect(octets.map((octet) => octet.toString(16).padStart(2, "0")).join("")).toBe(expected);
  });
});
