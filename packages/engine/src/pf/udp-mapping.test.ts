import { Address } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { UdpMappings } from "./udp-mapping.ts";

const INSIDE = new Address(4, 0x0a000001);
const OTHER = new Address(4, 0x0a000002);
const OUTSIDE = new Address(4, 0xc6336401);

describe("endpoint-independent mappings", () => {
  it("serve one source, and take its outside port from others while a state uses them", () => {
    const mappings = new UdpMappings();
    const first = mappings.add(INSIDE, 1000, OUTSIDE, 50_001);
    expect(mappings.acquire(INSIDE, 1000)).toBe(first);
    expect(mappings.add(OTHER, 1000, OUTSIDE, 50_001)).toBeNull();
    expect(mappings.acquire(OTHER, 1000)).toBeNull();
    if (first === null) throw new Error("no mapping");
    mappings.release(first);
    expect(mappings.add(OTHER, 1000, OUTSIDE, 50_001)).toBeNull();
    mappings.release(first);
    expect(mappings.acquire(INSIDE, 1000)).toBeNull();
    expect(mappings.add(OTHER, 1000, OUTSIDE, 50_001)).not.toBeNull();
  });
});
