import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "../scenario/index.ts";

function failures(system: string, rules: string, steps: string): string[] {
  const conf = rules
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  const text = `
name: a server behind pf
system: ${system}
files:
  /etc/pf.conf: |
${conf}
interfaces:
  em0: { addresses: [198.51.100.1/24] }
  em1: { addresses: [192.0.2.1/24] }
forwarding: true
steps:
${steps}`;
  const result = runScenario(new Source("t.scenario.yaml", text), { readTree: () => null });
  return [
    ...result.diagnostics.map((one) => `${one.code}: ${one.message}`),
    ...result.startErrors,
    ...result.steps.flatMap((step) =>
      step.failures.map((one) => `step ${step.number} ${one.what}: expected ${one.expected}, got ${one.got}`),
    ),
  ];
}

const CLIENT = 'in: em0, proto: tcp, from: "198.51.100.5:4000", to: "192.0.2.8:80"';
const SERVER = 'in: em1, proto: tcp, from: "192.0.2.8:80", to: "198.51.100.5:4000"';

/** The client shakes hands with pf, pf with the server; then both speak with each other. */
const HANDSHAKE = `
  - packet: { ${CLIENT}, flags: S, seq: 1000 }
    expect: { answer: { out: em0, flags: SA, from: "192.0.2.8:80", to: "198.51.100.5:4000" } }
  - packet: { ${CLIENT}, flags: A }
    expect: { answer: { out: em1, flags: S, from: "198.51.100.5:4000", to: "192.0.2.8:80" } }
  - packet: { ${SERVER}, flags: SA, seq: 7000 }
    expect: { states: 2 }
  - packet: { ${CLIENT}, flags: PA, length: 60 }
    expect: { verdict: pass, out: em1 }
  - packet: { ${SERVER}, flags: PA, length: 60 }
    expect: { verdict: pass, out: em0 }`;

describe("a connection that pf accepts first", () => {
  for (const system of ["openbsd-7.8", "freebsd-15.0"]) {
    it(`synproxy state, ${system}`, () => {
      expect(failures(system, "pass in on em0 proto tcp synproxy state\npass out", HANDSHAKE)).toEqual([]);
    });

    it(`set syncookies, ${system}`, () => {
      expect(failures(system, "set syncookies always\npass in on em0\npass out", HANDSHAKE)).toEqual([]);
    });

    it(`modulate state shows each side other numbers, ${system}`, () => {
      expect(
        failures(
          system,
          "pass in on em0 proto tcp modulate state\npass out on em1 proto tcp modulate state",
          `
  - packet: { ${CLIENT}, flags: S }
    expect: { verdict: pass, out: em1 }
  - reply: { flags: SA }
    expect: { verdict: pass, out: em0 }
  - packet: { ${CLIENT}, flags: A }
    expect: { verdict: pass, out: em1 }
  - packet: { ${CLIENT}, flags: PA, length: 140 }
    expect: { verdict: pass, out: em1 }
  - reply: { flags: PA, length: 240 }
    expect: { verdict: pass, out: em0 }
  - packet: { ${SERVER}, flags: FA }
    expect: { verdict: pass, out: em0 }
  - packet: { ${CLIENT}, flags: FA }
    expect: { verdict: pass, out: em1 }`,
        ),
      ).toEqual([]);
    });

    it(`is refused when the acknowledgement is of nothing, ${system}`, () => {
      expect(
        failures(
          system,
          "set syncookies always\nblock in\npass in on em0 proto tcp flags S/SA\npass out",
          `
  - packet: { ${CLIENT}, flags: A, seq: 1001, ack: 4711 }
    expect: { verdict: block }`,
        ),
      ).toEqual([]);
    });
  }

  it("ends when the rule for the SYN of a syncookie keeps no state", () => {
    expect(
      failures(
        "openbsd-7.8",
        "set syncookies always\npass in on em0 no state\npass out",
        `
  - packet: { ${CLIENT}, flags: S, seq: 1000 }
    expect: { answer: { out: em0, flags: SA } }
  - packet: { ${CLIENT}, flags: A }
    expect: { verdict: block, states: 0 }`,
      ),
    ).toEqual([]);
  });

  it("gives the SYN of a syncookie the tag that happens to have its number", () => {
    const rules = (second: string): string =>
      `set syncookies always\nblock in\npass in on em0 proto tcp tagged B\npass out\nmatch out tagged ${second}`;
    const packets = (verdict: string): string => `
  - packet: { ${CLIENT}, flags: S, seq: 1000 }
    expect: { answer: { out: em0, flags: SA } }
  - packet: { ${CLIENT}, flags: A }
    expect: ${verdict}`;
    // B is the first tag, number 1.
    expect(failures("openbsd-7.8", rules("A"), packets("{ verdict: block }"))).toEqual([]);
    // B is the second.
    const turned = rules("A").replace("block in\n", "block in\nmatch out tagged A\n");
    expect(failures("openbsd-7.8", turned, packets("{ answer: { out: em1, flags: S } }"))).toEqual([]);
  });
});
