import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../trace/packet-line.ts";
import { runScenario } from "./index.ts";

const SCENARIO = `name: https stays on ISP 2
system: openbsd-7.8
files:
  /etc/pf.conf: |
    block return
    pass in on vr1 tag LAN
    pass out on vr2 tagged LAN nat-to (vr2)
interfaces:
  vr0: { addresses: [198.51.100.199/24], link: up, mtu: 1500, rtable: 0, groups: [isp] }
  vr1: { addresses: [192.168.1.1/24, "2001:db8::1/64"] }
  vr2: { addresses: [203.0.113.220/24] }
routes: [{ to: default, via: 203.0.113.200 }, { to: 10.0.0.0/8, reject: true }]
forwarding: true
tests: { isp1: true }
steps:
  - packet: { in: vr1, proto: tcp, from: "192.168.1.10:40000", to: "93.184.216.34:443", flags: S, options: [nop], df: true }
    expect: { verdict: [pass, block], out: vr2, next-hop: 203.0.113.200, not: { from: 192.168.1.10 }, rule-number: { in: 1 } }
    save: first
  - reply: { flags: SA }
    expect: { answer: { proto: icmp, type: unreach, inner: { proto: tcp } }, tables: { bad: [1.2.3.4] }, copies: [] }
  - reply: { error: unreach, code: needfrag, mtu: 1400, by: 203.0.113.200 }
  - set: { tests: { isp2: false } }
  - link: { vr0: down }
  - advance: 30s
  - run: "pfctl -a applications -F rules"
    stdin: pass
    expect: { exit: 0, states: 2 }
  - packet: { out: vr0, proto: icmp6, type: echoreq, length: 3000, fragments: 3, from: "2001:db8::1", to: "ff02::1" }
    times: 2
`;

/** Cuts, doubles and replaces pieces of a text. */
const mutated = fc
  .array(
    fc.tuple(fc.nat(), fc.nat(40), fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(..."{}[]:,-\"'\n\t&*!|>"))),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((edits) => {
    let text = SCENARIO;
    for (const [at, length, inserted] of edits) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + inserted + text.slice(start + (length % 13));
    }
    return text;
  });

describe("mutated input", () => {
  it("of scenarios gives a result, never an exception", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const result = runScenario(new Source("x.scenario.yaml", text), { readTree: () => null });
        expect(typeof result.ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });

  it("of packet lines gives a packet or a message", () => {
    const system = parseSystem("freebsd-15.0") as System;
    const word = fc.constantFrom(
      ..."in out vr1 tcp udp icmp icmp6 192.0.2.1:80 192.0.2.2 [2001:db8::1]:22 > -> to S SA echoreq df ttl=1 ttl=x = { } $a".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 9 }), (words) => {
        const { spec, error } = parsePacketLine(words.join(" "), system);
        expect((spec === null) !== (error === null)).toBe(true);
        if (error !== null) expect(error.message.length).toBeGreaterThan(5);
      }),
      { numRuns: 5_000 },
    );
  });
});
