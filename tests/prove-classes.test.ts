import { type Packet, PROTOCOL } from "@pierhead/core";
import {
  addressFrom,
  type Cut,
  type CutRegion,
  cut,
  FIELDS,
  type Field,
  type Leaf,
  type RegionContext,
  regionsOf,
  universe,
} from "@pierhead/engine/prove";
import type { Anchor, Rule } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { naiveDecision } from "./support/naive-pf.ts";
import { INTERFACES, randomPacket, randomRuleset, randomSource } from "./support/random-rules.ts";

function contextOf(main: Anchor, family: 4 | 6): RegionContext {
  return { family, interfaces: INTERFACES, main, table: (_, name) => main.tables.get(name)?.entries ?? null };
}

/** The filter rules of one machine, cut by themselves. */
function classesOf(context: RegionContext): Cut {
  const regions = regionsOf(context).map((region, identity): CutRegion => {
    const { rule, constraints, conditions, stops, quickAnchor } = region;
    const decides = rule.action === "pass" || rule.action === "block";
    const forgettable = decides && !stops && rule.tag === null && quickAnchor === -1;
    return {
      identity,
      constraints,
      certain: conditions.length === 0,
      stops,
      decides,
      blocks: rule.action === "block",
      forgettable,
    };
  });
  return cut([{ owner: null, regions, gate: null, closes: null }], {
    limit: 200_000,
    universe: Object.fromEntries(FIELDS.map((field) => [field, universe(field, context)])) as CutUniverse,
    preferred: {},
  });
}

type CutUniverse = Record<Field, ReturnType<typeof universe>>;

/** The packet that stands for a class. */
function exampleOf(example: Leaf["example"], family: 4 | 6): { packet: Packet; where: number } {
  const protocol = Number(example.kind >> 16n);
  const detail = Number(example.kind & 0xffffn);
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6;
  const packet = randomPacket(randomSource(1));
  return {
    where: Number(example.where),
    packet: {
      ...packet,
      family,
      source: addressFrom(example.source, family),
      destination: addressFrom(example.destination, family),
      protocol,
      sourcePort: Number(example.sourcePort),
      destinationPort: Number(example.destinationPort),
      tos: Number(example.tos),
      tcp:
        protocol === PROTOCOL.tcp
          ? {
              flags: detail & 255,
              sequence: 0,
              acknowledgement: 0,
              window: 0,
              mss: null,
              windowScale: null,
              timestamps: null,
              sackPermitted: false,
              rawOptions: null,
            }
          : null,
      icmp: isIcmp
        ? { type: detail >> 8, code: detail & 255, id: 0, sequence: 0, mtu: 0, target: null, inner: null }
        : null,
    },
  };
}

describe("packet classes", () => {
  it("hold an example for every rule that can decide about a random packet", () => {
    let rules = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomSource(seed);
      const main = randomRuleset(random, 12);
      for (const family of [4, 6] as const) {
        const classes = classesOf(contextOf(main, family));
        expect(classes.complete).toBe(true);
        const reached = new Set<Rule | null>();
        for (let i = 0; i < classes.count; i++) {
          const { packet, where } = exampleOf(classes.example(i), family);
          const on = INTERFACES[where >> 1];
          if (on !== undefined)
            reached.add(naiveDecision(main, packet, (where & 1) === 1 ? "out" : "in", on, INTERFACES).rule);
        }
        for (let i = 0; i < 500; i++) {
          const packet = randomPacket(random);
          if (packet.family !== family) continue;
          const on = INTERFACES[random(INTERFACES.length)];
          if (on === undefined) continue;
          const { rule } = naiveDecision(main, packet, random(2) === 0 ? "in" : "out", on, INTERFACES);
          expect(reached.has(rule), `seed ${seed}: rule ${rule?.number} decides and no class reaches it`).toBe(true);
        }
        rules += reached.size;
      }
    }
    expect(rules).toBeGreaterThan(200);
  });
});
