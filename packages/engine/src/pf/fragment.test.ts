import { Address, type Packet, PROTOCOL } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createContext } from "./context.ts";
import { FragmentCache, type FragmentOutcome } from "./fragment.ts";

const CONTEXT = createContext("em0");

/** The first fragment carries the 8 octets of a UDP header too. */
function piece(family: 4 | 6, offset: number, length: number, more: boolean, id = 1): Packet {
  return {
    family,
    source: new Address(family, 1),
    destination: new Address(family, 2),
    protocol: PROTOCOL.udp,
    sourcePort: 1,
    destinationPort: 2,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id,
    fragment: { id, offset, more },
    options: [],
    payloadLength: offset === 0 ? length - 8 : length,
    tcp: null,
    icmp: null,
    sctpChunk: null,
  };
}

function kinds(cache: FragmentCache, pieces: readonly Packet[]): string[] {
  return pieces.map((one) => describeOutcome(cache.add(one, CONTEXT, 0, 60)));
}

function describeOutcome(outcome: FragmentOutcome): string {
  if (outcome.kind === "complete") return `complete ${outcome.packet.payloadLength}`;
  return outcome.kind === "dropped" ? `dropped ${outcome.reason}` : outcome.kind;
}

describe("fragments", () => {
  it("make the packet whole in any order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 7 }),
        fc.infiniteStream(fc.nat()),
        (count, tail, order) => {
          const pieces = Array.from({ length: count }, (_, i) =>
            i === count - 1 ? piece(4, i * 16, tail, false) : piece(4, i * 16, 16, true),
          );
          const shuffled = [...pieces].sort(() => ((order.next().value ?? 0) % 3) - 1);
          const outcomes = kinds(new FragmentCache(100), shuffled);
          expect(outcomes.slice(0, -1).every((one) => one === "held")).toBe(true);
          expect(outcomes.at(-1)).toBe(`complete ${(count - 1) * 16 + tail - 8}`);
        },
      ),
    );
  });

  it("that overlap are cut in IPv4, and end the packet in IPv6", () => {
    const parts = (family: 4 | 6): Packet[] => [
      piece(family, 0, 16, true),
      piece(family, 8, 16, true),
      piece(family, 24, 8, false),
    ];
    expect(kinds(new FragmentCache(100), parts(4))).toEqual(["held", "held", "complete 24"]);
    expect(kinds(new FragmentCache(100), parts(6))).toEqual(["held", "dropped fragment", "held"]);
  });

  it("of odd length are refused, and those past the end", () => {
    expect(kinds(new FragmentCache(100), [piece(4, 0, 17, true)])).toEqual(["dropped fragment"]);
    expect(kinds(new FragmentCache(100), [piece(4, 65_528, 16, false)])).toEqual(["dropped fragment"]);
    expect(kinds(new FragmentCache(100), [piece(4, 16, 8, false), piece(4, 24, 8, true)])).toEqual([
      "held",
      "dropped fragment",
    ]);
  });

  it("make room for others when there are too many, and go when their time is over", () => {
    const cache = new FragmentCache(4);
    expect(
      kinds(
        cache,
        [1, 2, 3, 4, 5].map((id) => piece(4, 0, 16, true, id)),
      ),
    ).toEqual(Array(5).fill("held"));
    expect(cache.count).toBeLessThanOrEqual(4);
    cache.purge(0);
    expect(cache.count).toBe(0);
  });
});
