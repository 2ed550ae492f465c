import { type Address, type Packet, PROTOCOL, parseAddress, parseSystem, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { createContext } from "../pf/index.ts";
import { checkCoveredRules } from "./pf-covered-rules.ts";
import { checkDeadRules } from "./pf-dead-rules.ts";

const SYSTEM = parseSystem("openbsd-7.8") as System;
const INTERFACES = ["em0", "em1"];
const ADDRESSES = ["10.0.0.5", "10.0.0.200", "10.1.0.5", "192.0.2.1", "198.51.100.9"];

const optional = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom("", ...words);
const address = fc.constantFrom(
  "any",
  "any",
  "any",
  "any",
  "any",
  "any",
  "10.0.0.0/24",
  "10.0.0.0/8",
  "10.0.0.5",
  "! 10.0.0.0/24",
  "<t>",
  "(em0)",
);
const port = fc.constantFrom(
  "",
  "",
  "",
  "",
  "",
  "port 22",
  "port 20:25",
  "port > 1000",
  "port { 22 80 }",
  "port != 22",
);

const rule = fc
  .record({
    action: fc.constantFrom("pass", "pass", "block", "block", "match"),
    direction: optional("", "in", "in", "out"),
    quick: optional("quick", ""),
    on: optional("", "", "on em0", "on em1", "on egress", "on ! em0", "on { em0 em1 }"),
    family: optional("inet", ""),
    protocol: optional("", "", "proto tcp", "proto udp", "proto icmp"),
    from: address,
    to: address,
    fromPort: port,
    toPort: port,
    tail: optional(
      "flags any",
      "tagged A",
      "tag A",
      "no state",
      "probability 50%",
      "flags S/SA",
      "nat-to 192.0.2.77",
      "received-on em1",
    ),
  })
  .map((one) => {
    const ports = one.protocol === "proto tcp" || one.protocol === "proto udp";
    let { tail } = one;
    if (one.action !== "pass" && tail === "no state") tail = "";
    if (tail === "flags S/SA" && one.protocol !== "proto tcp") tail = "";
    if (tail.startsWith("nat-to") && (one.direction !== "out" || one.action === "block")) tail = "";
    if (tail === "received-on em1" && one.direction !== "out") tail = "";
    const quick = one.action === "match" ? "" : one.quick;
    return [
      one.action,
      one.direction,
      quick,
      one.on,
      tail.startsWith("nat-to") || one.from !== "any" || one.to !== "any" ? "inet" : one.family,
      one.protocol,
      `from ${one.from}`,
      ports ? one.fromPort : "",
      `to ${one.to}`,
      ports ? one.toPort : "",
      tail,
    ]
      .filter((word) => word !== "")
      .join(" ");
  });

const packet = fc.record({
  direction: fc.constantFrom("in" as const, "out" as const),
  on: fc.constantFrom(...INTERFACES),
  protocol: fc.constantFrom(PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp),
  source: fc.constantFrom(...ADDRESSES),
  destination: fc.constantFrom(...ADDRESSES),
  sourcePort: fc.constantFrom(22, 80, 23, 40_000),
  destinationPort: fc.constantFrom(22, 80, 23, 40_000),
  flags: fc.constantFrom(2, 16, 18),
  receivedOn: fc.constantFrom(...INTERFACES, null),
});

function build(lines: readonly string[]): ReturnType<typeof buildMachine> {
  return buildMachine(
    {
      "/etc/hostname.em0": "inet 192.0.2.1 255.255.255.0 NONE\n",
      "/etc/hostname.em1": "inet 10.0.0.1 255.255.255.0 NONE\n",
      "/etc/mygate": "192.0.2.254\n",
      "/etc/pf.conf": `table <t> { 10.0.0.0/25 }\n${lines.join("\n")}\n`,
    },
    SYSTEM,
  );
}

describe("rules that never decide", () => {
  it("do not decide about any packet the engine is shown", () => {
    let flagged = 0;
    let covered = 0;
    let shown = 0;
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 2, maxLength: 9 }),
        fc.array(packet, { minLength: 30, maxLength: 30 }),
        (lines, packets) => {
          const { pf, machine } = build(lines);
          if (pf === null) throw new Error("no pf.conf");
          const other = build(lines);
          const alone = checkDeadRules(pf.load, other);
          const together = checkCoveredRules(pf.load, other, new Set(alone.map((one) => one.span.start)));
          const dead = [...alone, ...together];
          flagged += alone.length;
          covered += together.length;
          if (dead.length === 0) return;
          const places = new Set(dead.map((one) => one.span.start));
          for (const one of packets) {
            machine.pf.flush("states");
            const context = createContext(one.direction === "in" ? one.on : one.receivedOn);
            const result = machine.pf.test(makePacket(one), one.direction, one.on, context);
            shown++;
            const start = result.rule?.rule.origin?.span.start;
            if (start !== undefined) expect(places.has(start)).toBe(false);
          }
        },
      ),
      { numRuns: 1000, seed: 20 },
    );
    expect(flagged).toBeGreaterThan(100);
    expect(covered).toBeGreaterThan(20);
    expect(shown).toBeGreaterThan(1000);
  });
});

describe("rules that others cover together", () => {
  const findings = (lines: readonly string[]): string[] => {
    const { pf } = build(lines);
    if (pf === null) throw new Error("no pf.conf");
    return checkCoveredRules(pf.load, build(lines), new Set()).map((one) => {
      const line = one.source?.position(one.span.start).line ?? 0;
      const by = one.related.map((place) => place.source.position(place.span.start).line - 1);
      return `${line - 1} by ${by.join(", ")}`;
    });
  };

  it.each<[string[], string[]]>([
    [["block in from 10.0.0.0/24", "pass in from 10.0.0.0/25 flags any", "block in from 10.0.0.128/25"], ["1 by 2, 3"]],
    [["block in quick proto tcp", "pass in proto { tcp udp } to port 53", "block in proto udp"], ["2 by 1, 3"]],
    [["pass in on em0", "block in on em0 inet", "block in on em0 inet6"], ["1 by 2, 3"]],
    // Interfaces may come, tables may change, and a translation may lie between.
    [["block", "block on em0", "block on em1", "block on lo0"], []],
    [["block in from 10.0.0.0/24", "block in from <t>", "block in from 10.0.0.128/25"], []],
    [
      [
        "block out from 10.0.0.0/24",
        "match out inet nat-to 192.0.2.1",
        "block out from 10.0.0.0/25",
        "block out from 10.0.0.128/25",
      ],
      [],
    ],
    [["block in from 10.0.0.0/24 tag A", "block in from 10.0.0.0/25", "block in from 10.0.0.128/25"], []],
    [["block in from 10.0.0.0/24", "block in from 10.0.0.0/25 probability 50%", "block in from 10.0.0.128/25"], []],
  ])("%j", (lines, expected) => {
    expect(findings(lines)).toEqual(expected);
  });
});

function makePacket(one: {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags: number;
}): Packet {
  const ports = one.protocol !== PROTOCOL.icmp;
  return {
    family: 4,
    source: parseAddress(one.source) as Address,
    destination: parseAddress(one.destination) as Address,
    protocol: one.protocol,
    sourcePort: ports ? one.sourcePort : 0,
    destinationPort: ports ? one.destinationPort : 0,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id: 1,
    fragment: null,
    options: [],
    payloadLength: 8,
    tcp:
      one.protocol === PROTOCOL.tcp
        ? {
            flags: one.flags,
            sequence: 1,
            acknowledgement: 1,
            window: 100,
            mss: null,
            windowScale: null,
            timestamps: null,
            sackPermitted: false,
            rawOptions: null,
          }
        : null,
    icmp: ports ? null : { type: 8, code: 0, id: 1, sequence: 1, mtu: 0, target: null, inner: null },
    sctpChunk: null,
  };
}
