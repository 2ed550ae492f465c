import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "../scenario/index.ts";

/** What of a scenario did not hold. */
function failures(rules: string, steps: string, system = "openbsd-7.8"): string[] {
  const conf = rules
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  const text = `
name: a gateway
system: ${system}
files:
  /etc/pf.conf: |
${conf}
interfaces:
  em0: { addresses: [198.51.100.1/24, "2001:db8:2::1/64"] }
  em1: { addresses: [192.0.2.1/24, "2001:db8:1::1/64"] }
routes: [{ to: default, via: 198.51.100.254 }, { to: "2001:db8:2:1::/64", via: "2001:db8:2::5" }]
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

const CLIENT = "in: em1, proto: tcp, flags: S";

describe("rules", () => {
  it("decide by the last match, quick ones at once, in anchors and out of them", () => {
    expect(
      failures(
        `
block
pass in on em1 proto tcp to port 80
anchor on em1 proto tcp to port { 80 81 } {
  block quick proto tcp to port 81
  anchor from 192.0.2.9 {
    block
  }
}
pass in on em1 proto tcp to port 81
pass out on em0`,
        `
  - packet: { ${CLIENT}, from: "192.0.2.8:1000", to: "203.0.113.5:80" }
    expect: { verdict: pass }
  - packet: { ${CLIENT}, from: "192.0.2.8:1000", to: "203.0.113.5:81" }
    expect: { verdict: block, rule: "block drop quick proto tcp from any to any port = 81" }
  - packet: { ${CLIENT}, from: "192.0.2.9:1000", to: "203.0.113.5:80" }
    expect: { verdict: block }`,
      ),
    ).toEqual([]);
  });

  it("match once, when they say so", () => {
    expect(
      failures(
        `
block
pass in on em1 proto udp once
pass out`,
        `
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1000", to: "203.0.113.5:53" }
    expect: { verdict: pass }
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1001", to: "203.0.113.5:53" }
    expect: { verdict: block }
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1000", to: "203.0.113.5:53" }
    expect: { verdict: pass }`,
      ),
    ).toEqual([]);
  });

  it("see what earlier match rules translated", () => {
    expect(
      failures(
        `
match out on em0 from 192.0.2.0/24 nat-to 198.51.100.9
match in on em0 proto tcp to 198.51.100.1 port 80 rdr-to 192.0.2.8
block
pass in on em1
pass out on em0 from 198.51.100.9
pass in on em0 to 192.0.2.8
pass out on em1 to 192.0.2.8`,
        `
  - packet: { ${CLIENT}, from: "192.0.2.8:1000", to: "203.0.113.5:80" }
    expect: { verdict: pass, out: em0, from: "198.51.100.9:50001-65535" }
  - reply: { flags: SA }
    expect: { verdict: pass, out: em1, to: "192.0.2.8:1000" }
  - packet: { in: em0, proto: tcp, flags: S, from: "203.0.113.5:4000", to: "198.51.100.1:80" }
    expect: { verdict: pass, out: em1, to: "192.0.2.8:80" }
  - reply: { flags: SA }
    expect: { verdict: pass, out: em0, from: "198.51.100.1:80" }`,
      ),
    ).toEqual([]);
  });
});

describe("states", () => {
  it("let a connection through to its end, and nothing that does not fit it", () => {
    expect(
      failures(
        `
block
pass in on em1 proto tcp
pass out on em0 proto tcp`,
        `
  - packet: { ${CLIENT}, from: "192.0.2.8:1000", to: "203.0.113.5:80" }
    expect: { verdict: pass, states: 2 }
  - reply: { flags: SA }
    expect: { verdict: pass, out: em1 }
  - packet: { in: em0, proto: tcp, flags: A, seq: 900000000, length: 100, from: "203.0.113.5:80", to: "192.0.2.8:1000" }
    expect: { verdict: block }
  - packet: { in: em0, proto: tcp, flags: S, from: "203.0.113.5:81", to: "192.0.2.8:1000" }
    expect: { verdict: block }`,
      ),
    ).toEqual([]);
  });

  it("end when their time is over", () => {
    expect(
      failures(
        `
set timeout { udp.first 5, udp.single 5, interval 1 }
block
pass in on em1 proto udp
pass out on em0 proto udp`,
        `
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1000", to: "203.0.113.5:53" }
    expect: { verdict: pass, states: 2 }
  - advance: 4s
  - packet: { in: em0, proto: udp, from: "203.0.113.5:53", to: "192.0.2.8:1000" }
    expect: { verdict: pass }
  - advance: 90s
  - packet: { in: em0, proto: udp, from: "203.0.113.5:53", to: "192.0.2.8:1000" }
    expect: { verdict: block, states: 0 }`,
      ),
    ).toEqual([]);
  });

  it("are as many as a rule allows, and sources that ask for more go into a table", () => {
    expect(
      failures(
        `
table <abuse> persist
block
block in quick from <abuse>
pass in on em1 proto tcp to port 22 keep state (max-src-conn 1, overload <abuse> flush global)
pass in on em1 proto udp keep state (max 1)
pass out on em0`,
        `
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1000", to: "203.0.113.5:53" }
    expect: { verdict: pass }
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1001", to: "203.0.113.5:53" }
    expect: { verdict: block }
  - packet: { ${CLIENT}, from: "192.0.2.8:1000", to: "203.0.113.5:22" }
    expect: { verdict: pass }
  - reply: { flags: SA }
  - packet: { in: em1, proto: tcp, flags: A, seq: 1001, from: "192.0.2.8:1000", to: "203.0.113.5:22" }
  - packet: { ${CLIENT}, from: "192.0.2.8:2000", to: "203.0.113.5:22" }
    expect: { verdict: pass }
  - reply: { flags: SA }
  - packet: { in: em1, proto: tcp, flags: A, seq: 1001, from: "192.0.2.8:2000", to: "203.0.113.5:22" }
    expect: { verdict: block, tables: { abuse: [192.0.2.8] } }
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1005", to: "203.0.113.5:53" }
    expect: { verdict: block }`,
      ),
    ).toEqual([]);
  });
});

describe("pools", () => {
  it("go round, stay with a source when sticky, and leave out what is removed", () => {
    const to = (port: number, expected: string): string => `
  - packet: { in: em1, proto: udp, from: "192.0.2.8:${port}", to: "203.0.113.5:53" }
    expect: { verdict: pass, from: "${expected}:50001-65535" }`;
    expect(
      failures(
        `
table <pub> persist { 198.51.100.10 198.51.100.11 }
pass in
pass out on em0 inet proto udp nat-to <pub> round-robin`,
        `${to(1, "198.51.100.10")}${to(2, "198.51.100.11")}${to(3, "198.51.100.10")}
  - run: "pfctl -t pub -T delete 198.51.100.11"
${to(4, "198.51.100.10")}`,
      ),
    ).toEqual([]);
  });
});

describe("af-to", () => {
  it("turns an IPv6 connection into an IPv4 one and its answers back", () => {
    expect(
      failures(
        `
block
pass in on em1 inet6 from any to 64:ff9b::/96 af-to inet from 198.51.100.1
pass out on em0 inet`,
        `
  - packet: { in: em1, proto: udp, from: "[2001:db8:1::8]:1000", to: "[64:ff9b::cb00:7105]:53" }
    expect: { verdict: pass, out: em0, from: "198.51.100.1:50001-65535", to: "203.0.113.5:53" }
  - reply: {}
    expect: { verdict: pass, out: em1, from: "[64:ff9b::cb00:7105]:53", to: "[2001:db8:1::8]:1000" }`,
      ),
    ).toEqual([]);
  });
});

describe("synproxy and syncookies", () => {
  it("answer SYNs in the server's place", () => {
    for (const how of ["pass in on em0 proto tcp synproxy state\npass out", "set syncookies always\npass"]) {
      const found = failures(
        how,
        `
  - packet: { in: em0, proto: tcp, flags: S, from: "203.0.113.5:4000", to: "192.0.2.8:80" }
    expect: { answer: { out: em0, flags: SA, from: "192.0.2.8:80", to: "203.0.113.5:4000" } }`,
      );
      expect(found).toEqual([]);
    }
  });
});

describe("OpenBSD 5.8", () => {
  it("routes by the interface that stands with the address", () => {
    expect(
      failures(
        `
pass in on em1 route-to 198.51.100.77@em0
pass out`,
        `
  - packet: { in: em1, proto: udp, from: "192.0.2.8:1000", to: "203.0.113.5:53" }
    expect: { verdict: pass, out: em0, next-hop: 198.51.100.77 }`,
        "openbsd-5.8",
      ),
    ).toEqual([]);
  });
});
