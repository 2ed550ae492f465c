/** What `diff` says about all packets holds for random ones, and every example it gives really differs. */
import { type Address, type Packet, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { Machine } from "@pierhead/engine/machine";
import { type DiffReport, diffMachines, FateTeller } from "@pierhead/engine/prove";
import { parsePacketLine } from "@pierhead/engine/trace";
import { type Anchor, loadPf, PfConfiguration } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { buildPacket } from "../packages/engine/src/scenario/build-packet.ts";
import { INTERFACES, randomPacket, randomRuleset, randomSource } from "./support/random-rules.ts";

const system = parseSystem("openbsd-7.8") as System;

function bareMachine(name: string = system.name): Machine {
  const machine = new Machine(parseSystem(name) as System, { interfaces: INTERFACES });
  machine.setForwarding(true);
  machine.addRoute({ destination: parseAddress("0.0.0.0") as Address, length: 0, gateway: parseAddress("10.0.0.254") });
  return machine;
}

function machineOf(main: Anchor): Machine {
  const machine = bareMachine();
  const configuration = new PfConfiguration();
  const { filter, tables, children } = main;
  Object.assign(configuration.main, { filter, tables, children });
  machine.pf.load(configuration);
  return machine;
}

function machineFrom(text: string, name: string = system.name): Machine {
  const machine = bareMachine(name);
  const load = loadPf(new Source("pf.conf", text), machine.environment());
  expect(load.diagnostics.filter((one) => one.severity === "error").map((one) => one.message)).toEqual([]);
  machine.pf.load(load.configuration);
  return machine;
}

/** Sends random packets through both; each that differs must be among the changes. */
function holdAgainst(
  report: DiffReport,
  before: Machine,
  after: Machine,
  packets: Iterable<{ packet: Packet; arrival: string | null }>,
  what: string,
): number {
  const old = new FateTeller(before);
  const fresh = new FateTeller(after);
  const known = new Set(report.changes.map((one) => `${one.before.core}|${one.after.core}`));
  const texts = new Set(report.changes.map((one) => `${one.before.verdict}|${one.after.verdict}`));
  let differing = 0;
  for (const { packet, arrival } of packets) {
    const a = old.tell(packet, arrival);
    const b = fresh.tell(packet, arrival);
    if (a.text === b.text) continue;
    differing++;
    const told = a.core === b.core ? texts.has(`${a.verdict}|${b.verdict}`) : known.has(`${a.core}|${b.core}`);
    expect(
      told,
      `${what}: ${arrival} ${packet.source}:${packet.sourcePort} > ${packet.destination}:${packet.destinationPort} ${packet.protocol}\n${a.text}\n${b.text}`,
    ).toBe(true);
  }
  for (const change of report.changes) {
    const line = parsePacketLine(change.example, before.system);
    expect(line.error, change.example).toBeNull();
    if (line.spec === null) continue;
    const packet = buildPacket(line.spec);
    expect(typeof packet, `${change.example}: ${packet}`).toBe("object");
    const a = old.tell(packet as Packet, change.arrival);
    const b = fresh.tell(packet as Packet, change.arrival);
    expect([a.text, b.text], `${what}: ${change.example}`).toEqual([change.before.text, change.after.text]);
    expect(a.text).not.toBe(b.text);
  }
  return differing;
}

function* randomPackets(
  random: (below: number) => number,
  count: number,
): Generator<{ packet: Packet; arrival: string | null }> {
  for (let i = 0; i < count; i++) {
    const packet = randomPacket(random);
    // From an address to itself: equality of two fields is no set of either (see SCOPE).
    if (packet.source.equals(packet.destination)) continue;
    const one = INTERFACES[random(INTERFACES.length)];
    const arrival = random(5) === 0 ? null : (one?.name ?? null);
    if (arrival === null) {
      if (packet.family === 6) continue;
      packet.source = INTERFACES[random(INTERFACES.length)]?.addresses[0]?.address ?? packet.source;
      if (packet.source.equals(packet.destination)) continue;
    }
    yield { packet, arrival };
  }
}

describe("a semantic difference", () => {
  it("is right about 10,000 random packets and random rules", () => {
    let changed = 0;
    let same = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const random = randomSource(seed);
      const main = randomRuleset(random, 10);
      const other = randomRuleset(randomSource(seed), 10);
      // Take one rule away, or turn it round.
      const at = random(other.filter.length);
      const victim = other.filter[at];
      if (victim?.anchor === null && random(2) === 0) victim.action = victim.action === "pass" ? "block" : "pass";
      else other.filter.splice(at, 1);
      const before = machineOf(main);
      const after = machineOf(other);
      const report = diffMachines(before, after);
      expect(report.notExamined).toEqual([]);
      expect(report.complete).toBe(true);
      if (report.changes.length === 0) same++;
      changed += holdAgainst(report, before, after, randomPackets(random, 800), `seed ${seed}`);
    }
    expect(changed).toBeGreaterThan(100);
    expect(same).toBeGreaterThan(0);
  }, 120_000);

  it("is right about rules that translate and steer", () => {
    const pick = <T>(random: (below: number) => number, list: readonly T[]): T => list[random(list.length)] as T;
    const address = (random: (below: number) => number): string => `10.0.${random(3)}.${random(6)}`;
    const rules = (random: (below: number) => number): string[] => {
      const port = (): string => pick(random, ["22", "53", "80", "443", "1000:1001"]);
      const lines = ["block return"];
      for (let i = 0; i < 8; i++) {
        const name = pick(random, ["em0", "em1", "vr0"]);
        const to = pick(random, ["any", address(random), `10.0.${random(3)}.0/29`]);
        const from = pick(random, ["any", "any", address(random), `10.0.${random(3)}.0/29`]);
        lines.push(
          pick(random, [
            `pass in on ${name} inet from ${from} to ${to}`,
            `pass out on ${name} inet from ${from} to ${to}`,
            `pass in on ${name} inet proto tcp from ${from} to ${to} port ${port()}`,
            `block ${pick(random, ["in", "out"])} on ${name} inet proto udp from ${from} to ${to} port ${port()}`,
            `match out on ${name} inet from ${from} to ${to} nat-to ${address(random)}`,
            `match in on ${name} inet proto tcp from ${from} to ${to} port ${pick(random, ["22", "80"])} rdr-to ${address(random)} port ${pick(random, ["53", "443"])}`,
            `pass out on ${name} inet from ${from} to ${to} nat-to (${name})`,
            `pass in on ${name} inet proto udp from ${from} to ${to} rdr-to ${address(random)}`,
            `match on ${name} inet from 10.0.${random(3)}.0/30 to ${to} binat-to 10.0.${random(3)}.4/30`,
            `pass in on ${name} inet from ${from} to ${to} route-to 10.0.${random(3)}.5`,
            `pass quick on ${name} inet from ${from} to ${to}`,
            `pass in on ${name} inet from ${from} to ${to} tag T`,
            "pass out inet tagged T",
          ]),
        );
      }
      return lines;
    };
    let changed = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const random = randomSource(seed * 7919);
      const lines = rules(random);
      const others = [...lines];
      others.splice(1 + random(others.length - 1), 1);
      const before = machineFrom(`${lines.join("\n")}\n`);
      const after = machineFrom(`${others.join("\n")}\n`);
      const report = diffMachines(before, after, { families: [4] });
      const packets = [...randomPackets(random, 300)].filter(({ packet }) => packet.family === 4);
      changed += holdAgainst(
        report,
        before,
        after,
        packets,
        `seed ${seed}\n${lines.join("\n")}\n-- without --\n${others.join("\n")}`,
      );
    }
    expect(changed).toBeGreaterThan(30);
  }, 120_000);

  it("finds by the changed rules alone what all classes show", () => {
    const told = (report: DiffReport): string[] =>
      report.changes
        .map(({ before, after, marginal }) => `${marginal} ${before.text} -> ${after.text}`)
        .filter((one, i, all) => all.indexOf(one) === i)
        .sort();
    let changes = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const ruleset = (edited: boolean): Anchor => {
        const main = randomRuleset(randomSource(seed * 31), 9);
        const random = randomSource(seed);
        const moved = edited ? main.filter.splice(random(main.filter.length), 1) : [];
        // Gone, or somewhere else.
        if (seed % 3 === 0) main.filter.splice(random(main.filter.length + 1), 0, ...moved);
        return main;
      };
      const few = diffMachines(machineOf(ruleset(false)), machineOf(ruleset(true)));
      const every = diffMachines(machineOf(ruleset(false)), machineOf(ruleset(true)), { everyClass: true });
      expect(told(few), `seed ${seed}`).toEqual(told(every));
      expect(few.classes).toBeLessThanOrEqual(every.classes);
      changes += few.changes.length;
    }
    expect(changes).toBeGreaterThan(2);
  }, 120_000);

  it("finds three changes among 10,000 rules", () => {
    const lines = ["block"];
    for (let i = 0; i < 10_000; i++) {
      const host = `10.${(i >> 8) & 255}.${i & 255}.${(i % 250) + 1}`;
      lines.push(
        i % 3 === 0
          ? `block in quick on em0 inet from ${host}`
          : `pass in on em0 inet proto tcp from ${host} to any port ${1024 + (i % 5000)}`,
      );
    }
    const others = [...lines];
    others.splice(9000, 1);
    others.splice(5000, 0, "pass in on em0 inet proto tcp from 10.200.9.9 to any port 22");
    others.push("block in on em1 inet proto udp to 192.0.2.4");
    const report = diffMachines(machineFrom(`${lines.join("\n")}\n`), machineFrom(`${others.join("\n")}\n`), {
      families: [4],
    });
    expect(report.complete).toBe(true);
    const examples = report.changes.filter((one) => !one.marginal).map((one) => one.example);
    expect(examples.some((one) => /^in em0 tcp 10\.200\.9\.9:\d+ > \S+:22 S$/.test(one))).toBe(true);
    expect(examples.some((one) => one.includes(`${lines[9000]?.split(" ").at(-4)}`) || one.includes("10.35."))).toBe(
      true,
    );
  }, 120_000);
});
