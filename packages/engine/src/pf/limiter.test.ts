import { Address } from "@pierhead/core";
import type { Limiter } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { LimiterStore } from "./limiter.ts";
import { AddressTable } from "./table.ts";

function definition(part: Partial<Limiter>): Limiter {
  return {
    kind: "state",
    name: "one",
    id: 1,
    limit: 100,
    rate: null,
    entries: 100,
    length4: 32,
    length6: 128,
    table: null,
    origin: null,
    ...part,
  };
}

function store(...definitions: Limiter[]): { store: LimiterStore; entered: string[] } {
  const entered: string[] = [];
  const made = new LimiterStore((table, network, length, present) => {
    entered.push(`${present ? "+" : "-"}${table.name} ${network}/${length}`);
  });
  made.replace(definitions, 1000, (name) => new AddressTable(name, "", 0));
  return { store: made, entered };
}

const HOST = new Address(4, 0xc0000201);

describe("a state limiter", () => {
  it("is full at its limit, until a state goes", () => {
    const { store: limiters } = store(definition({ limit: 1 }));
    const limiter = limiters.states.get(1);
    if (limiter === undefined) throw new Error("no limiter");
    expect(limiter.refuses(1000)).toBeNull();
    const share = limiters.admit(limiter, null, HOST, 0, 1000);
    expect(limiter.refuses(1000)).toBe("full");
    limiters.release(share, 1000);
    expect(limiter.refuses(1000)).toBeNull();
  });

  it("begins with a full bucket, which fills again evenly", () => {
    const { store: limiters } = store(definition({ rate: { limit: 2, seconds: 10 } }));
    const limiter = limiters.states.get(1);
    if (limiter === undefined) throw new Error("no limiter");
    const at = (now: number): string | null => {
      const refusal = limiter.refuses(now);
      if (refusal === null) limiters.admit(limiter, null, HOST, 0, now);
      return refusal;
    };
    expect([1000, 1000, 1000, 1004, 1005, 1006].map(at)).toEqual([null, null, "rate", "rate", null, "rate"]);
  });

  it("keeps its states through a load, with a full bucket", () => {
    const { store: limiters } = store(definition({ limit: 1 }));
    limiters.admit(limiters.states.get(1) ?? null, null, HOST, 0, 1000);
    limiters.replace([definition({ limit: 2 })], 1001, (name) => new AddressTable(name, "", 0));
    expect(limiters.states.get(1)?.inUse).toBe(1);
    limiters.replace([], 1002, (name) => new AddressTable(name, "", 0));
    expect(limiters.states.size).toBe(0);
  });
});

describe("a source limiter", () => {
  it("counts each network by itself, and only so many", () => {
    const { store: limiters } = store(definition({ kind: "source", limit: 1, entries: 2, length4: 24 }));
    const limiter = limiters.sources.get(1);
    if (limiter === undefined) throw new Error("no limiter");
    const at = (address: number): string | null => {
      const source = new Address(4, address);
      const refusal = limiter.refuses(limiter.find(source, 0), 1000);
      if (refusal === null) limiters.admit(null, limiter, source, 0, 1000);
      return refusal;
    };
    expect([0x0a000001, 0x0a000002, 0x0a000101, 0x0a000201].map(at)).toEqual([null, "full", null, "entries"]);
  });

  it("puts sources with many states into a table, and takes them out again", () => {
    const { store: limiters, entered } = store(
      definition({ kind: "source", limit: 10, table: { name: "many", above: 2, below: 1 } }),
    );
    const limiter = limiters.sources.get(1) ?? null;
    const shares = [0, 1, 2].map(() => limiters.admit(null, limiter, HOST, 0, 1000));
    expect(entered).toEqual(["+many 192.0.2.1/32"]);
    for (const share of shares) limiters.release(share, 1001);
    expect(entered).toEqual(["+many 192.0.2.1/32", "-many 192.0.2.1/32"]);
    expect(limiter?.sources.size).toBe(1);
    limiters.purge(1002);
    expect(limiter?.sources.size).toBe(0);
  });
});
