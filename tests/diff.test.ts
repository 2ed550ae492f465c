import { parseSystem, type System } from "@pierhead/core";
import { diffMachines, fateOf } from "@pierhead/engine/compare";
import { Machine } from "@pierhead/engine/machine";
import { parsePacketLine, traceSpec } from "@pierhead/engine/trace";
import { type Anchor, PfConfiguration } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { INTERFACES, randomPacket, randomRuleset, randomSource } from "./support/random-rules.ts";

const system = parseSystem("openbsd-7.8") as System;

function machineOf(main: Anchor): Machine {
  const machine = new Machine(system, {
    interfaces: INTERFACES.map(({ name, addresses, groups }) => ({ name, addresses, groups })),
    automaticEgress: false,
  });
  machine.setForwarding(true);
  machine.pf.enabled = true;
  const configuration = new PfConfiguration();
  Object.assign(configuration.main, { filter: main.filter, tables: main.tables, children: main.children });
  configuration.options.rulesetOptimization = "none";
  machine.pf.load(configuration);
  return machine;
}

/** The ruleset of a seed, with one rule made another. */
function variant(seed: number, changed: boolean): Anchor {
  const main = randomRuleset(randomSource(seed), 10);
  if (!changed) return main;
  const random = randomSource(seed + 5_000);
  const rule = main.filter[random(main.filter.length)];
  if (rule !== undefined && rule.anchor === null && rule.action !== "match")
    rule.action = rule.action === "pass" ? "block" : "pass";
  return main;
}

describe("diff", () => {
  it("says that a configuration does not differ from itself", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const report = diffMachines(machineOf(variant(seed, false)), machineOf(variant(seed, false)));
      expect(report.changes).toEqual([]);
      expect(report.examined).toBeGreaterThan(20);
      expect(report.complete).toBe(true);
    }
  });

  it("finds a change wherever random packets find one, and its examples do differ", () => {
    let changedPairs = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const before = machineOf(variant(seed, false));
      const after = machineOf(variant(seed, true));
      const report = diffMachines(before, after);
      for (const change of report.changes) {
        const line = parsePacketLine(change.packet, system);
        expect(line.error, change.packet).toBeNull();
        const sentences = [before, after].map((machine) => {
          machine.pf.flush("states");
          const trace = line.spec === null ? "" : traceSpec(machine, line.spec);
          return typeof trace === "string" ? trace : trace.journey.verdict;
        });
        expect(new Set(sentences).size, `seed ${seed}: ${change.packet}`).toBe(2);
      }
      const random = randomSource(seed + 9_000);
      let differs = false;
      for (let i = 0; i < 400 && !differs; i++) {
        const packet = randomPacket(random);
        const on = INTERFACES[random(INTERFACES.length)];
        // Sources that belong to another interface, or to the machine, do not arrive here.
        const fits =
          on !== undefined &&
          INTERFACES.every((one) =>
            one.addresses.every(
              (own) =>
                own.address.family !== packet.family ||
                (!own.address.equals(packet.source) && (one === on || !packet.source.isIn(own.address, own.length))),
            ),
          );
        if (!fits || on === undefined) continue;
        differs = fateOf(before, packet, on.name).text !== fateOf(after, packet, on.name).text;
      }
      if (!differs) continue;
      changedPairs++;
      expect(report.changes.length, `seed ${seed}`).toBeGreaterThan(0);
    }
    expect(changedPairs).toBeGreaterThan(10);
  });
});
