import { copyPacket, parseSystem, type System } from "@pierhead/core";
import { Machine } from "@pierhead/engine/machine";
import { createContext } from "@pierhead/engine/pf";
import { PfConfiguration } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { naiveDecision } from "./support/naive-pf.ts";
import { INTERFACES, randomPacket, randomRuleset, randomSource } from "./support/random-rules.ts";

/** Rulesets times packets of each. */
const RULESETS = 1_000;
const PACKETS = 100;

const system = parseSystem("openbsd-7.8") as System;

describe("the engine and an evaluator written from the manual", () => {
  it.each([
    ["rule by rule", "none"],
    ["rule by rule, with an index instead of the walk", "indexed"],
    // The optimizer may let another rule decide, with the same verdict.
    ["in the verdict, after the ruleset optimizer", "basic"],
  ] as const)(`agree on ${RULESETS * PACKETS} random packets and rulesets, %s`, (_, optimization) => {
    let compared = 0;
    for (let seed = 1; seed <= RULESETS; seed++) {
      const random = randomSource(seed);
      // The index is for long lists.
      const main = randomRuleset(random, optimization === "indexed" ? 24 + random(80) : 1 + random(15));
      const machine = new Machine(system, {
        interfaces: INTERFACES.map(({ name, addresses, groups }) => ({ name, addresses, groups })),
        automaticEgress: false,
      });
      machine.pf.enabled = true;
      const configuration = new PfConfiguration();
      configuration.options.rulesetOptimization = optimization === "basic" ? "basic" : "none";
      machine.pf.indexed = optimization === "indexed";
      Object.assign(configuration.main, { filter: main.filter, tables: main.tables, children: main.children });
      machine.pf.load(configuration);
      for (let i = 0; i < PACKETS; i++) {
        const packet = randomPacket(random);
        const direction = random(2) === 0 ? "in" : "out";
        const on = INTERFACES[random(INTERFACES.length)] as (typeof INTERFACES)[number];
        const wanted = naiveDecision(main, packet, direction, on, INTERFACES);
        const got = machine.pf.test(copyPacket(packet), direction, on.name, createContext(on.name));
        // Only first packets are compared: what states do is another matter.
        machine.pf.flush("states");
        if (got.state === "existing") continue;
        const where = `seed ${seed} packet ${i}: ${packet.source} > ${packet.destination} ${direction} ${on.name}`;
        // A packet that pf drops for its form (TCP flags without a SYN and the like) has no rule to compare.
        if (got.reason !== null && got.reason !== "match") continue;
        expect(got.verdict, where).toBe(wanted.action);
        if (optimization !== "basic") expect(got.rule?.rule ?? null, where).toBe(wanted.rule);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(RULESETS * PACKETS * 0.95);
  });
});
