import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unaligned } from "./changed-rules.ts";

function rest(keys: readonly string[], left: readonly number[]): string[] {
  const gone = new Set(left);
  return keys.filter((_, i) => !gone.has(i));
}

describe("what two lists do not have in common", () => {
  it("leaves equal sequences in both, whatever they are", () => {
    const list = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { maxLength: 30 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const [left, right] = unaligned(a, b);
        expect(rest(a, left)).toEqual(rest(b, right));
        for (const one of [left, right]) expect(new Set(one).size).toBe(one.length);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("finds the few that changed among many", () => {
    const a = Array.from({ length: 10_000 }, (_, i) => `rule ${i}`);
    const b = [...a];
    b.splice(8000, 1);
    b.splice(5000, 0, "new");
    b[20] = "other";
    expect(unaligned(a, b)).toEqual([
      [8000, 20],
      [5000, 20],
    ]);
    expect(unaligned(a, a)).toEqual([[], []]);
  });

  it("does not mistake a rule that moved for one that stayed", () => {
    expect(unaligned(["a", "b", "c"], ["b", "c", "a"])).toEqual([[0], [2]]);
    expect(unaligned(["a", "a", "b"], ["a", "b", "a"]).map((one) => one.length)).toEqual([1, 1]);
  });
});
