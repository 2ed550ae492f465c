import { describe, expect, it } from "vitest";
import { Threshold } from "./threshold.ts";

function over(threshold: Threshold, seconds: readonly number[]): boolean[] {
  return seconds.map((second) => {
    threshold.add(second);
    return threshold.isOver;
  });
}

describe("a rate", () => {
  it("is estimated: what has passed fades", () => {
    expect(over(new Threshold(2, 10, 0, false), [0, 0, 0])).toEqual([false, false, true]);
    // After 5 of 10 seconds half of 3 is left.
    expect(over(new Threshold(2, 10, 0, false), [0, 0, 0, 5])).toEqual([false, false, true, true]);
    expect(over(new Threshold(2, 10, 0, false), [0, 0, 0, 10])).toEqual([false, false, true, false]);
  });

  it("is counted from window to window on FreeBSD", () => {
    expect(over(new Threshold(2, 10, 0, true), [0, 5, 9, 10, 11, 12])).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});
