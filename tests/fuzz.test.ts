import { describe, expect, it } from "vitest";
import { fuzzTargets } from "./support/fuzz-targets.ts";
import { mutate } from "./support/mutate.ts";
import { randomSource } from "./support/random-rules.ts";

/** Mutated inputs over all parsers; `node tools/bench.mjs fuzz` does a million. */
const TOTAL = 100_000;

describe("no parser crashes or hangs", () => {
  const targets = fuzzTargets();
  const shares = targets.reduce((sum, target) => sum + target.share, 0);
  let tried = 0;

  it.each(targets.map((target) => [target.name, target] as const))("%s", (name, target) => {
    const random = randomSource(name.length * 7919 + 1);
    const count = Math.ceil((TOTAL * target.share) / shares);
    expect(target.seeds.length).toBeGreaterThan(0);
    for (let i = 0; i < count; i++) {
      const seed = target.seeds[random(target.seeds.length)] as string;
      const text = mutate(seed, target.seeds[random(target.seeds.length)] as string, random);
      try {
        target.run(text);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).stack}\non input ${JSON.stringify(text)}`);
      }
      tried++;
    }
  });

  it("tried as many as it says", () => {
    expect(tried).toBeGreaterThanOrEqual(TOTAL);
  });
});
