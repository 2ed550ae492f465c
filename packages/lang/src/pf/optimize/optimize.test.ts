import { Address, type Family, parseSystem, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRule } from "../print/index.ts";
import { type AddressWrap, type OperatorRange, Rule } from "../rule.ts";
import { optimizeNaively } from "./naive.test-helper.ts";
import { optimizeRuleset } from "./optimize.ts";

const openbsd = parseSystem("openbsd-7.8") as System;
const openbsd46 = parseSystem("openbsd-4.6") as System;
const freebsd = parseSystem("freebsd-15.0") as System;

function rule(fields: Partial<Rule>): Rule {
  return Object.assign(new Rule(), fields);
}

function host(n: number, length = 32): AddressWrap {
  return { kind: "prefix", address: new Address(4, 0x0a000000 + n).masked(length), length };
}

function from(address: AddressWrap, port: OperatorRange | null = null): Rule["from"] {
  return { address, negated: false, port };
}

function optimized(rules: Rule[], system = openbsd): string[] {
  const result = optimizeRuleset(rules, { system, names: { next: 0 } });
  return result.rules.map((each) => formatRule(each, system));
}

describe("covered rules go", () => {
  test("the later of two equal ones", () => {
    expect(optimized([rule({}), rule({})])).toEqual(["pass all no state"]);
  });
  test("whichever is narrower", () => {
    const narrow = rule({ family: 4, from: from(host(1)), direction: "in" });
    const wide = rule({ family: 4, from: from(host(0, 24)) });
    expect(optimized([narrow, wide])).toEqual(["pass inet from 10.0.0.0/24 to any no state"]);
    expect(optimized([wide, narrow])).toEqual(["pass inet from 10.0.0.0/24 to any no state"]);
  });
  test("not across a rule that does something else", () => {
    expect(optimized([rule({}), rule({ action: "block" }), rule({})])).toHaveLength(3);
  });
});

test("six addresses make a table, five do not", () => {
  const some = (count: number) =>
    Array.from({ length: count }, (_, i) => rule({ family: 4, from: from(host(i * 2 + 1)) }));
  expect(optimized(some(5))).toHaveLength(5);
  const result = optimizeRuleset(some(6), { system: openbsd, names: { next: 3 } });
  expect(result.rules.map((each) => formatRule(each, openbsd))).toEqual([
    "pass inet from <__automatic_3> to any no state",
  ]);
  expect(result.tables[0]?.entries).toHaveLength(6);
});

const wraps: fc.Arbitrary<AddressWrap> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<AddressWrap>({ kind: "any" }) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map((n) => host(n)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(8, 29, 31))
      .map(([n, length]) => host(n, length)),
  },
  fc.constantFrom<AddressWrap>(
    { kind: "table", name: "t" },
    { kind: "no-route" },
    { kind: "range", first: new Address(4, 1), last: new Address(4, 9) },
    { kind: "dynamic", interface: "em0", modifiers: modifiers(false), length4: 32, length6: 128 },
    { kind: "dynamic", interface: "em0", modifiers: modifiers(true), length4: 32, length6: 128 },
  ),
);

function modifiers(network: boolean) {
  return { network, broadcast: false, peer: false, noAlias: false };
}

const ports: fc.Arbitrary<OperatorRange | null> = fc.oneof(
  fc.constant(null),
  fc.constantFrom(22, 80, 443).map((port): OperatorRange => ({ operator: "=", first: port, last: port })),
);

const ends = fc
  .record({ address: wraps, negated: fc.constantFrom(false, false, false, true), port: ports })
  .map((end) => (end.address.kind === "any" ? { ...end, negated: false } : end));

const rules: fc.Arbitrary<Rule> = fc
  .record({
    quick: fc.constantFrom(true, true, true, false),
    direction: fc.constantFrom("in" as const, "out" as const, null),
    interface: fc.constantFrom(null, null, "em0", "em1", "egress"),
    interfaceNegated: fc.constant(false),
    protocol: fc.constantFrom(0, 6, 6, 17),
    from: ends,
    to: ends,
    tagged: fc.constantFrom(null, null, null, "a"),
    labels: fc.constantFrom<readonly string[]>([], [], [], [], [], ["x"]),
  })
  .map((fields) => {
    const family: Family | null = [fields.from, fields.to].some(
      ({ address }) => address.kind === "prefix" || address.kind === "range",
    )
      ? 4
      : null;
    const tcp = fields.protocol === 6 ? { flags: 2, flagSet: 18 } : {};
    return rule({ ...fields, ...tcp, family, keepState: "keep" });
  });

test.each([openbsd, openbsd46, freebsd])("looking up says what comparing every pair says: %o", (system) => {
  fc.assert(
    fc.property(fc.array(rules, { maxLength: 60, size: "max" }), (list) => {
      const isGroup = (name: string) => name === "egress";
      const fast = optimizeRuleset(list, { system, names: { next: 0 }, isGroup });
      const slow = optimizeNaively(list, system, isGroup);
      expect(fast.rules.map((each) => formatRule(each, system))).toEqual(
        slow.rules.map((each) => formatRule(each, system)),
      );
      expect(fast.tables).toEqual(slow.tables);
    }),
    { numRuns: 300 },
  );
});

test("ten thousand rules that differ in one address become one", () => {
  const list = Array.from({ length: 10_000 }, (_, i) => rule({ family: 4, from: from(host(i * 2 + 1)) }));
  const result = optimizeRuleset(list, { system: openbsd, names: { next: 0 } });
  expect(result.rules).toHaveLength(1);
  expect(result.tables[0]?.entries).toHaveLength(10_000);
});
