import { Address } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressTable, Entry, PrefixSet } from "./table.ts";

/** Few bits, so that networks meet. */
const address4 = fc.integer({ min: 0, max: 15 }).map((bits) => new Address(4, (0x0a000000 | (bits << 4)) >>> 0));
const address6 = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .map(([high, low]) => new Address(6, 0x20010db8, (high << 30) >>> 0, 0, (low << 30) >>> 0));
const entry4 = fc.record({ address: address4, length: fc.integer({ min: 24, max: 32 }), negated: fc.boolean() });
const entry6 = fc.record({
  address: address6,
  length: fc.constantFrom(32, 33, 34, 96, 97, 128),
  negated: fc.boolean(),
});

function fill(set: PrefixSet, entries: readonly { address: Address; length: number; negated: boolean }[]): Entry[] {
  const kept: Entry[] = [];
  for (const one of entries) {
    const fresh = new Entry(one, 0);
    if (set.find(fresh.address, fresh.length) !== null) continue;
    set.add(fresh);
    kept.push(fresh);
  }
  return kept;
}

function longest(entries: readonly Entry[], address: Address): Entry | null {
  let best: Entry | null = null;
  for (const one of entries) {
    if (address.isIn(one.address, one.length) && (best === null || one.length > best.length)) best = one;
  }
  return best;
}

describe("a set of networks", () => {
  it("finds the longest that holds an IPv4 address, also after some went", () => {
    fc.assert(
      fc.property(fc.array(entry4, { maxLength: 30 }), address4, fc.nat(), (entries, wanted, cut) => {
        const set = new PrefixSet(4);
        let kept = fill(set, entries);
        expect(set.lookup(wanted)).toBe(longest(kept, wanted));
        const gone = kept.slice(0, kept.length === 0 ? 0 : cut % kept.length);
        for (const one of gone) set.remove(one);
        kept = kept.filter((one) => !gone.includes(one));
        expect(set.size).toBe(kept.length);
        expect(set.lookup(wanted)).toBe(longest(kept, wanted));
      }),
    );
  });

  it("finds the longest that holds an IPv6 address", () => {
    fc.assert(
      fc.property(fc.array(entry6, { maxLength: 20 }), address6, (entries, wanted) => {
        const set = new PrefixSet(6);
        const kept = fill(set, entries);
        expect(set.lookup(wanted)).toBe(longest(kept, wanted));
      }),
    );
  });

  it("lists networks by address, longer ones first", () => {
    fc.assert(
      fc.property(fc.array(entry4, { maxLength: 30 }), (entries) => {
        const set = new PrefixSet(4);
        fill(set, entries);
        const listed = set.entries();
        for (let i = 1; i < listed.length; i++) {
          const [before, after] = [listed[i - 1] as Entry, listed[i] as Entry];
          const order = before.address.compare(after.address);
          expect(order < 0 || (order === 0 && before.length > after.length)).toBe(true);
        }
        const positive = listed.filter((one) => !one.negated);
        positive.forEach((one, i) => {
          expect(set.positive(i)).toBe(one);
        });
        expect(set.positive(positive.length)).toBeNull();
      }),
    );
  });
});

describe("a table", () => {
  const entry = (last: number, length: number, negated = false): Entry =>
    new Entry({ address: new Address(4, 0xc0a80000 + last), length, negated }, 0);

  it("matches by its most specific entry, negated ones included", () => {
    const table = new AddressTable("t", "", 0);
    table.active = true;
    table.add(entry(0, 24));
    table.add(entry(0, 28, true));
    table.add(entry(5, 32));
    expect([200, 1, 5].map((last) => table.match(new Address(4, 0xc0a80000 + last)))).toEqual([true, false, true]);
    expect([table.matched, table.notMatched]).toEqual([2, 1]);
  });

  it("stands back for the table of the main ruleset while it is not defined", () => {
    const root = new AddressTable("t", "", 0);
    const inner = new AddressTable("t", "a", 0);
    inner.root = root;
    expect(inner.select()).toBeNull();
    root.active = true;
    root.add(entry(1, 32));
    expect(inner.match(new Address(4, 0xc0a80001))).toBe(true);
    inner.active = true;
    expect(inner.match(new Address(4, 0xc0a80001))).toBe(false);
  });
});
