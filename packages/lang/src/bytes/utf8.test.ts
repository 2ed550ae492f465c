import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "./index.ts";

describe("UTF-8", () => {
  it("is written as the platform writes it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(Buffer.from(utf8(text))).toEqual(Buffer.from(text));
        expect(fromUtf8(utf8(text))).toBe(Buffer.from(text).toString());
      }),
    );
    expect([...utf8("\ud800a")]).toEqual([0xef, 0xbf, 0xbd, 97]);
  });

  it("is read whatever the octets are, and sound text is told from broken as the platform does", () => {
    const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        let platform: string | null = null;
        try {
          platform = fatal.decode(bytes);
        } catch {}
        if (platform === null) expect(fromUtf8(bytes)).toContain("\ufffd");
        else expect(fromUtf8(bytes)).toBe(platform);
      }),
      { numRuns: 2_000 },
    );
    for (const broken of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
    ]) {
      expect(fromUtf8(Uint8Array.from(broken))).toBe("\ufffd".repeat(broken.length));
    }
  });
});
