import { expect, it } from "vitest";
import { PROVIDERS } from "./index.ts";

it("has a source for every fact that claims one", () => {
  for (const provider of Object.values(PROVIDERS)) {
    for (const [name, fact] of Object.entries(provider.facts)) {
      const cited = fact.evidence === "documented" || fact.evidence === "reported";
      expect(fact.sources.length > 0, `${provider.name} ${name}`).toBe(cited);
      expect(fact.text, `${provider.name} ${name}`).not.toMatch(/\.$/);
    }
  }
});

it("checks MAC addresses only where the provider says how its own begin", () => {
  for (const provider of Object.values(PROVIDERS)) {
    if (provider.macPrefixes.length === 0) continue;
    expect(provider.facts.mac.evidence).toBe("documented");
    for (const prefix of provider.macPrefixes) expect(provider.facts.mac.text).toContain(prefix);
  }
});

it("does not take a wire to be private that nobody says is", () => {
  for (const provider of Object.values(PROVIDERS)) {
    if (!provider.sharedWire) expect(provider.facts.sharedWire.evidence).toBe("documented");
  }
});
