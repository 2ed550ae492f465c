import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "../scenario/index.ts";

/** What of a scenario did not hold. */
function failures(text: string): string[] {
  const result = runScenario(new Source("t.scenario.yaml", text), { readTree: () => null });
  return [
    ...result.diagnostics.map((one) => `${one.code}: ${one.message}`),
    ...result.startErrors,
    ...result.steps.flatMap((step) =>
      step.failures.map((one) => `step ${step.number} ${one.what}: expected ${one.expected}, got ${one.got}`),
    ),
  ];
}

function gateway(rules: string, steps: string, system = "freebsd-15.0"): string {
  const conf = rules
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  return `
name: a gateway
system: ${system}
files:
  /etc/pf.conf: |
${conf}
interfaces:
  vtnet0: { addresses: [192.0.2.1/24, "2001:db8:1::1/64"] }
  vtnet1: { addresses: [198.51.100.1/24, "2001:db8:2::1/64"] }
forwarding: true
steps:
${steps}`;
}

describe("translation before the filter", () => {
  it("shows filter rules the new addresses, and the tag of the translation rule", () => {
    expect(
      failures(
        gateway(
          `
nat on vtnet1 inet from 192.0.2.0/24 to any tag INSIDE -> (vtnet1)
block
pass in on vtnet0
pass out on vtnet1 from 198.51.100.1 tagged INSIDE`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "203.0.113.5:53" }
    expect: { verdict: no-route }
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, out: vtnet1, from: "198.51.100.1:50001-65535" }
  - reply: {}
    expect: { verdict: pass, out: vtnet0, to: "192.0.2.9:4000" }
  - packet: { out: vtnet1, proto: udp, from: "198.51.100.1:4000", to: "198.51.100.5:54" }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });

  it("ends at a no rule, and goes on after an anchor that did not match", () => {
    expect(
      failures(
        gateway(
          `
no nat on vtnet1 from 192.0.2.7 to any
nat-anchor "one" on vtnet1
nat on vtnet1 from 192.0.2.0/24 to any -> 198.51.100.9
pass`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.7:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, out: vtnet1, from: "192.0.2.7:4000" }
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.8:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, out: vtnet1, from: "198.51.100.9:50001-65535" }
  - run: "pfctl -a one -f -"
    stdin: |
      nat on vtnet1 from 192.0.2.6 to any -> 198.51.100.8
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.8:4001", to: "198.51.100.5:53" }
    expect: { verdict: pass, from: "198.51.100.9:50001-65535" }`,
        ),
      ),
    ).toEqual([]);
  });

  it("lets rdr pass by, and shows others the new destination", () => {
    expect(
      failures(
        gateway(
          `
rdr pass on vtnet1 proto tcp to 198.51.100.1 port 2000:2010 -> 192.0.2.9 port 3000:*
rdr on vtnet1 proto tcp to 198.51.100.1 port 25 -> 192.0.2.9
block
pass out on vtnet0`,
          `
  - packet: { in: vtnet1, proto: tcp, from: "198.51.100.5:40000", to: "198.51.100.1:2003", flags: S }
    expect: { verdict: pass, out: vtnet0, to: "192.0.2.9:3003" }
  - reply: { flags: SA }
    expect: { verdict: pass, out: vtnet1, from: "198.51.100.1:2003" }
  - packet: { in: vtnet1, proto: tcp, from: "198.51.100.5:40000", to: "198.51.100.1:25", flags: S }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });

  it("translates once, and drops a packet that would be translated twice", () => {
    expect(
      failures(
        gateway(
          `
match out on vtnet1 inet nat-to 198.51.100.9
pass in
pass out proto udp
pass out proto tcp nat-to 198.51.100.8`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, from: "198.51.100.9:50001-65535" }
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.9:4000", to: "198.51.100.5:53", flags: S }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });
});

describe("scrub rules", () => {
  it("are the first that matches, and normalize nothing else", () => {
    expect(
      failures(
        gateway(
          `
no scrub on vtnet0 from 192.0.2.7 to any
scrub on vtnet0 all max-mss 1000 min-ttl 20 no-df
pass`,
          `
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.9:4000", to: "198.51.100.5:80", flags: S, mss: 1460, ttl: 5, df: true }
    expect: { verdict: pass, mss: 1000, df: false, ttl: 19 }
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.7:4000", to: "198.51.100.5:80", flags: S, mss: 1460, df: true }
    expect: { verdict: pass, mss: 1460, df: true }
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.9:4001", to: "198.51.100.5:80", flags: SF }
    expect: { verdict: block }
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.7:4001", to: "198.51.100.5:80", flags: SF }
    expect: { verdict: pass }`,
        ),
      ),
    ).toEqual([]);
  });

  it("collect fragments, unless told not to", () => {
    expect(
      failures(
        gateway(
          `
scrub in on vtnet0 from 192.0.2.9 to any
scrub in on vtnet0 from 192.0.2.8 to any fragment no reassemble
block in
pass in proto udp to port 53
pass out`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "198.51.100.5:53", length: 1400, fragments: 2 }
    expect: { verdict: pass, out: vtnet1 }
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.8:4000", to: "198.51.100.5:53", length: 1400, fragments: 2 }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });
});

describe("states", () => {
  it("are bound to an interface unless rules say floating, and remembered where they were made", () => {
    expect(
      failures(
        gateway(
          `
block
pass in on vtnet0 proto udp from 192.0.2.0/24
pass out on vtnet1 proto udp`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, states: 2 }
  - packet: { in: vtnet0, proto: udp, from: "198.51.100.5:53", to: "192.0.2.9:4000" }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });

  it("are made by translation without keep state", () => {
    expect(
      failures(
        gateway(
          `
nat on vtnet1 inet from 192.0.2.0/24 to any -> 198.51.100.1
pass no state`,
          `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:4000", to: "198.51.100.5:53" }
    expect: { verdict: pass, states: 1 }`,
        ),
      ),
    ).toEqual([]);
  });

  it("follow SCTP associations", () => {
    expect(
      failures(
        gateway(
          `
block
pass in on vtnet0 proto sctp to port 80
pass out on vtnet1 proto sctp`,
          `
  - packet: { in: vtnet0, proto: sctp, chunk: init, from: "192.0.2.9:4000", to: "198.51.100.5:80" }
    expect: { verdict: pass, states: 2 }
  - reply: {}
    expect: { verdict: pass, out: vtnet0 }
  - packet: { in: vtnet0, proto: sctp, chunk: abort, from: "192.0.2.9:4001", to: "198.51.100.5:80" }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });

  it("apply what match rules ask for without state too", () => {
    expect(
      failures(
        gateway(
          `
match in on vtnet0 scrub (max-mss 900 min-ttl 30)
pass no state`,
          `
  - packet: { in: vtnet0, proto: tcp, from: "192.0.2.9:4000", to: "198.51.100.5:80", flags: S, mss: 1460, ttl: 3 }
    expect: { verdict: pass, mss: 900, ttl: 29, states: 0 }`,
        ),
      ),
    ).toEqual([]);
  });

  it("keep ICMP ids apart", () => {
    expect(
      failures(
        gateway(
          `
nat on vtnet1 inet from 192.0.2.0/24 to any -> 198.51.100.1
block
pass in on vtnet0 inet proto icmp icmp-type echoreq
pass out on vtnet1 inet proto icmp icmp-type echoreq`,
          `
  - packet: { in: vtnet0, proto: icmp, type: echoreq, id: 7, from: 192.0.2.9, to: 198.51.100.5 }
    expect: { verdict: pass, from: 198.51.100.1 }
  - reply: {}
    expect: { verdict: pass, out: vtnet0, to: 192.0.2.9, id: 7 }
  - packet: { in: vtnet1, proto: icmp, type: echorep, id: 7, from: 198.51.100.5, to: 198.51.100.1 }
    expect: { verdict: block }`,
        ),
      ),
    ).toEqual([]);
  });
});

describe("what answers", () => {
  it("block return answers pings with nothing, UDP with an error, as the packet came", () => {
    expect(
      failures(
        gateway(
          `
rdr on vtnet1 inet proto udp to 198.51.100.1 port 53 -> 192.0.2.9
block return`,
          `
  - packet: { in: vtnet1, proto: icmp, type: echoreq, id: 1, from: 198.51.100.5, to: 198.51.100.1 }
    expect: { verdict: block }
  - packet: { in: vtnet1, proto: udp, from: "198.51.100.5:4000", to: "198.51.100.1:53" }
    expect: { verdict: return-icmp, answer: { out: vtnet1, type: unreach, code: port-unr, inner: { proto: udp, to: "198.51.100.1:53" } } }
  - packet: { in: vtnet1, proto: tcp, from: "198.51.100.5:4000", to: "192.0.2.9:53", flags: S }
    expect: { verdict: return-rst, answer: { out: vtnet1, flags: RA, from: "192.0.2.9:53" } }`,
        ),
      ),
    ).toEqual([]);
  });
});

describe("pools that are lists", () => {
  it("go round all members, beginning with the second", () => {
    const to = (next: string, port: number): string => `
  - packet: { in: vtnet0, proto: udp, from: "192.0.2.9:${port}", to: "198.51.100.5:53" }
    expect: { verdict: pass, from: "${next}:50001-65535" }`;
    expect(
      failures(
        gateway(
          `
nat on vtnet1 inet from 192.0.2.0/24 to any -> { 198.51.100.10, 198.51.100.20/31 } round-robin
pass`,
          to("198.51.100.20", 1) + to("198.51.100.21", 2) + to("198.51.100.10", 3) + to("198.51.100.20", 4),
        ),
      ),
    ).toEqual([]);
  });

  it("keep a source to its address when sticky", () => {
    const from = (source: string, next: string, port: number): string => `
  - packet: { in: vtnet0, proto: udp, from: "${source}:${port}", to: "198.51.100.5:53" }
    expect: { verdict: pass, from: "${next}:50001-65535" }`;
    expect(
      failures(
        gateway(
          `
nat on vtnet1 inet from 192.0.2.0/24 to any -> { 198.51.100.10, 198.51.100.20 } round-robin sticky-address
pass`,
          from("192.0.2.9", "198.51.100.20", 1) +
            from("192.0.2.8", "198.51.100.10", 1) +
            from("192.0.2.9", "198.51.100.20", 2) +
            from("192.0.2.8", "198.51.100.10", 2),
        ),
      ),
    ).toEqual([]);
  });
});

describe("the 4.6 family", () => {
  const old = (rules: string, steps: string): string =>
    gateway(rules, steps, "openbsd-4.6")
      .replaceAll("vtnet", "vr")
      .replaceAll(/, "2001:[^"]*"/g, "");

  it("translates first, with floating states and ids on both sides of ICMP", () => {
    expect(
      failures(
        old(
          `
scrub in
nat on vr1 from 192.0.2.0/24 to any -> (vr1)
rdr on vr1 proto tcp to 198.51.100.1 port 80 -> 192.0.2.9 port 8080
block
pass in on vr0
pass out on vr1 from 198.51.100.1
pass in on vr1 proto tcp to 192.0.2.9 port 8080
pass out on vr0 proto tcp`,
          `
  - packet: { in: vr0, proto: icmp, type: echoreq, id: 7, from: 192.0.2.9, to: 198.51.100.5 }
    expect: { verdict: pass, out: vr1, from: 198.51.100.1 }
  - reply: {}
    expect: { verdict: pass, out: vr0, to: 192.0.2.9, id: 7 }
  - packet: { in: vr1, proto: tcp, from: "198.51.100.5:4000", to: "198.51.100.1:80", flags: S }
    expect: { verdict: pass, out: vr0, to: "192.0.2.9:8080" }
  - reply: { flags: SA }
    expect: { verdict: pass, out: vr1, from: "198.51.100.1:80" }`,
        ),
      ),
    ).toEqual([]);
  });

  it("routes without state as the rule says", () => {
    expect(
      failures(
        old(
          `
block
pass in on vr0 route-to (vr1 198.51.100.77) from 192.0.2.9 to any no state
pass out on vr1 no state`,
          `
  - packet: { in: vr0, proto: udp, from: "192.0.2.9:4000", to: "203.0.113.5:53" }
    expect: { verdict: pass, out: vr1, next-hop: 198.51.100.77, states: 0 }`,
        ),
      ),
    ).toEqual([]);
  });
});
