import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ATTRIBUTES,
  type AttributeKind,
  AttributeSet,
  attribute,
  attributeName,
  CODE,
  decodePacket,
  encodePacket,
  PacketStream,
  readVendor,
  vendorAttribute,
} from "./index.ts";
import { roundTrip } from "./round-trip.test-helper.ts";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The Access-Request of RFC 2865, 7.1: nemo at port 3 of 192.168.1.16. */
const NEMO = bytes(
  "01000038 0f403f9473978057bd83d5cb98f4227a 01066e656d6f 02120dbe708d93d413ce3196e43f782a0aee 0406c0a80110 050600000003".replaceAll(
    " ",
    "",
  ),
);

describe("packets", () => {
  it("reads the Access-Request of RFC 2865, 7.1", () => {
    const packet = roundTrip(NEMO);
    expect(packet?.code).toBe(CODE.accessRequest);
    const set = new AttributeSet(packet?.attributes ?? []);
    expect([set.text("User-Name"), set.address("NAS-IP-Address"), set.integer("NAS-Port")]).toEqual([
      "nemo",
      "192.168.1.16",
      3,
    ]);
    expect(set.octets("User-Password")).toHaveLength(16);
  });

  it("takes octets after the length for padding and refuses what does not fit", () => {
    expect(decodePacket(Uint8Array.from([...NEMO, 1, 2, 3]))).toMatchObject({ kind: "packet", length: 56 });
    const lengths: [Uint8Array, string][] = [
      [NEMO.subarray(0, 19), "shorter than a header"],
      [NEMO.subarray(0, 55), "cut off"],
      [Uint8Array.from([...NEMO.slice(0, 2), 0, 19, ...NEMO.slice(4)]), "a length shorter than the header"],
      [Uint8Array.from([...NEMO.slice(0, 2), 16, 1, ...NEMO.slice(4)]), "a length of more than 4096 octets"],
      [Uint8Array.from([...NEMO.slice(0, 21), 1, ...NEMO.slice(22)]), "an attribute whose length does not fit"],
      [Uint8Array.from([...NEMO.slice(0, 21), 255, ...NEMO.slice(22)]), "an attribute whose length does not fit"],
      [Uint8Array.from([1, 0, 0, 21, ...new Array<number>(16).fill(0), 1]), "an attribute whose length does not fit"],
    ];
    for (const [input, reason] of lengths) expect(decodePacket(input)).toEqual({ kind: "damaged", reason });
  });

  it("writes what it reads, whatever that is", () => {
    const attributes = fc.array(
      fc.record({ type: fc.integer({ min: 0, max: 255 }), value: fc.uint8Array({ maxLength: 253 }) }),
      { maxLength: 15 },
    );
    const authenticator = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, authenticator, attributes, (code, identifier, authenticator, attributes) => {
        const packet = { code, identifier, authenticator, attributes };
        expect(roundTrip(encodePacket(packet))).toEqual(packet);
      }),
    );
  });

  it("refuses to write what no packet can hold", () => {
    const empty = { code: 1, identifier: 0, authenticator: new Uint8Array(16) };
    expect(() => encodePacket({ ...empty, attributes: [{ type: 1, value: new Uint8Array(254) }] })).toThrow(RangeError);
    const many = Array.from({ length: 17 }, () => ({ type: 1, value: new Uint8Array(253) }));
    expect(() => encodePacket({ ...empty, attributes: many })).toThrow(RangeError);
    expect(() => attribute("WISPr-Logoff-URL", "x".repeat(248))).toThrow(RangeError);
    expect(() => attribute("NAS-IP-Address", "2001:db8::1")).toThrow(RangeError);
    expect(() => attribute("Framed-IPv6-Address", "192.0.2.1")).toThrow(RangeError);
  });

  it("finds packets in a stream however it is cut", () => {
    const all = Uint8Array.from([...NEMO, ...NEMO, ...NEMO]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 8 }), (cuts) => {
        const stream = new PacketStream();
        const found: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, all.length]) {
          found.push(...(stream.take(all.subarray(at, at + cut)) ?? []));
          at += cut;
        }
        expect(found.map((one) => [...one])).toEqual([[...NEMO], [...NEMO], [...NEMO]]);
      }),
    );
    expect(new PacketStream().take(Uint8Array.from([1, 0, 0, 5]))).toBeNull();
    expect(new PacketStream().take(Uint8Array.from([71, 69, 84, 32]))).toBeNull();
  });
});

describe("attributes", () => {
  it("are written and read by name", () => {
    const set = new AttributeSet([
      attribute("User-Name", "zoë"),
      attribute("Framed-IPv6-Address", "2001:db8::5"),
      attribute("Session-Timeout", 4_294_967_295),
      attribute("WISPr-Bandwidth-Max-Up", 64_000),
      attribute("ChilliSpot-Max-Total-Gigawords", 2),
      attribute("Class", Uint8Array.of(0, 255)),
      attribute("Class", Uint8Array.of(7)),
      { type: 81, value: Uint8Array.of(1, 52, 50) },
    ]);
    expect(set.text("User-Name")).toBe("zoë");
    expect(set.address("Framed-IPv6-Address")).toBe("2001:db8::5");
    expect(set.integer("Session-Timeout")).toBe(4_294_967_295);
    expect(set.integer("WISPr-Bandwidth-Max-Up")).toBe(64_000);
    expect(set.integer("ChilliSpot-Max-Total-Gigawords")).toBe(2);
    expect(set.all("Class").map((one) => [...one])).toEqual([[0, 255], [7]]);
    expect(set.tagged("Tunnel-Private-Group-Id")).toBe("42");
    expect(set.integer("Idle-Timeout")).toBeUndefined();
  });

  it("of vendors are several in one Vendor-Specific, or opaque", () => {
    const both = Uint8Array.from([0, 0, 0x37, 0x2a, 7, 6, 0, 0, 0, 1, 8, 6, 0, 0, 0, 2]);
    expect(readVendor(both)?.attributes.map(({ type }) => type)).toEqual([7, 8]);
    const set = new AttributeSet([
      { type: 26, value: both },
      { type: 26, value: Uint8Array.of(0, 0, 0, 9, 1, 1) },
      vendorAttribute(9, 1, Uint8Array.of(1)),
    ]);
    expect([set.integer("WISPr-Bandwidth-Max-Up"), set.integer("WISPr-Bandwidth-Max-Down")]).toEqual([1, 2]);
    expect(set.opaque).toBe(1);
    expect(set.names()).toEqual(["WISPr-Bandwidth-Max-Up", "WISPr-Bandwidth-Max-Down", null]);
  });

  it("stand in the dictionary once, with uses it explains", () => {
    const kinds: [string, AttributeKind][] = Object.entries(ATTRIBUTES);
    for (const [name, { vendor, type, use }] of kinds) {
      expect(attributeName(vendor, type)).toBe(name);
      expect(use).toMatch(/^A?a?C?D?d?r?$/);
    }
  });
});
