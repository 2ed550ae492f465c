import { describe, expect, it } from "vitest";
import { copyRule, Rule } from "./rule.ts";

describe("copyRule", () => {
  it("copies every field", () => {
    const rule = new Rule();
    for (const key of Object.keys(rule)) (rule as unknown as Record<string, unknown>)[key] = key;
    const copy = copyRule(rule);
    expect(copy).toEqual(rule);
    expect(Object.keys(copy)).toEqual(Object.keys(new Rule()));
  });
});
