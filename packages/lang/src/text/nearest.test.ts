import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "./index.ts";

describe("nearest", () => {
  it("finds slips", () => {
    const words = ["description", "netmask", "allworking", "up", "mtu"];
    expect(nearest("descriptoin", words)).toBe("description");
    expect(nearest("netmsk", words)).toBe("netmask");
    expect(nearest("all working", words)).toBe("allworking");
    expect(nearest("mut", words)).toBe("mtu");
    expect(nearest("frobnicate", words)).toBeNull();
    expect(nearest("netmask", ["netmask"])).toBeNull();
    expect(nearest("gatway_enable", ["gateway_enable"], 1)).toBe("gateway_enable");
  });

  it("finds a word after any one slip", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]{4,20}$/),
        fc.nat(),
        fc.constantFrom("x", "q"),
        fc.nat(2),
        (word, where, letter, kind) => {
          const at = where % word.length;
          const slip =
            kind === 0
              ? word.slice(0, at) + word.slice(at + 1)
              : kind === 1
                ? word.slice(0, at) + letter + word.slice(at)
                : word.slice(0, at) + letter + word.slice(at + 1);
          if (slip !== word) expect(nearest(slip, ["zzzzzzzzzzzzzzzzzzzzzzzzzzz", word])).toBe(word);
        },
      ),
    );
  });
});
