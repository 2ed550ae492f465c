import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Address, maskAddress, maskLength, parseAddress, parsePrefix } from "./address.ts";

describe("addresses", () => {
  it("agree with the platform about what is an address", () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(..."0123456789abcf:./"), maxLength: 24 }),
    );
    fc.assert(
      fc.property(text, (sample) => {
        expect(parseAddress(sample) !== null).toBe(isIPv4(sample) || isIPv6(sample));
      }),
      { numRuns: 20_000 },
    );
  });

  it("print so that they read back equal", () => {
    const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(word, word, word, word, fc.boolean(), (a, b, c, d, four) => {
        const address = four ? new Address(4, a) : new Address(6, a, b, c, d);
        expect(parseAddress(address.toString())?.equals(address)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["0:0:0:0:0:ffff:c000:201", "::ffff:192.0.2.1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["fe80::1", "fe80::1"],
  ])("%s prints as %s", (text, printed) => {
    expect(parseAddress(text)?.toString()).toBe(printed);
  });

  it("mask, fill and count bits in both families", () => {
    for (const bits of [0, 1, 24, 31, 32]) expect(maskLength(maskAddress(4, bits))).toBe(bits);
    for (const bits of [0, 33, 64, 127, 128]) expect(maskLength(maskAddress(6, bits))).toBe(bits);
    expect(parseAddress("192.168.1.77")?.masked(24).toString()).toBe("192.168.1.0");
    expect(parseAddress("192.168.1.77")?.filled(24).toString()).toBe("192.168.1.255");
    expect(parsePrefix("2001:db8::/129")).toBeNull();
    expect(parseAddress("10.0.0.255")?.next()?.toString()).toBe("10.0.1.0");
    expect(parseAddress("255.255.255.255")?.next()).toBeNull();
  });
});
