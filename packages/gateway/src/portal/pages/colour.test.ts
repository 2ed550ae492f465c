import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contrast, palette, parseColour } from "./colour.ts";

function between(a: string, b: string): number {
  const [first, second] = [parseColour(a), parseColour(b)];
  if (first === null || second === null) throw new Error(`${a} or ${b} is no colour`);
  return contrast(first, second);
}

describe("the palette of an accent", () => {
  it("can be read by day and by night, whatever the accent", () => {
    const accents = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, "0")}`);
    fc.assert(
      fc.property(accents, fc.boolean(), (accent, dark) => {
        const { accent: button, onAccent, border, ink, ground, sky, card } = palette(accent, dark);
        expect(between(onAccent, button)).toBeGreaterThanOrEqual(4.5);
        expect(between(border, card)).toBeGreaterThanOrEqual(3);
        for (const under of [ground, sky, card]) expect(between(ink, under)).toBeGreaterThanOrEqual(4.5);
        // What the style sheet writes on them besides: text, softer text, error and success.
        const [text, soft] = dark ? ["#eef1f4", "#b0b9c3"] : ["#1b1f24", "#535b65"];
        for (const under of [ground, sky, card]) {
          expect(between(text, under)).toBeGreaterThanOrEqual(7);
          expect(between(soft, under)).toBeGreaterThanOrEqual(4.5);
        }
        expect(dark || button === accent).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(["", "red", "#12345", "#1234567", "#ggg", "red;} body{display:none", "#000\n"])(
    "takes %j for no colour",
    (text) => {
      expect(parseColour(text)).toBeNull();
      expect(palette(text, false)).toEqual(palette("#0b5e8c", false));
    },
  );

  it("knows the extremes", () => {
    expect(between("#000", "#ffffff")).toBe(21);
    expect(between("#777777", "#fff")).toBeCloseTo(4.48, 2);
  });
});
