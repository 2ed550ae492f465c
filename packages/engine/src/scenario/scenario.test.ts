import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "./index.ts";

const io = { readTree: (path: string): ReadonlyMap<string, string> | null => TREES.get(path) ?? null };

const TREES = new Map<string, ReadonlyMap<string, string>>([
  [
    "../etc",
    new Map([
      ["etc/hostname.vr1", "inet 192.168.1.1 255.255.255.0\n"],
      ["etc/hostname.vr2", "inet 203.0.113.220 255.255.255.0\n"],
      ["etc/mygate", "203.0.113.200\n"],
      ["etc/sysctl.conf", "net.inet.ip.forwarding=1\n"],
    ]),
  ],
]);

/** What came out: one word for a scenario that holds, else what did not. */
function outcome(text: string): string[] {
  const result = runScenario(new Source("t.scenario.yaml", text), io);
  const lines = [
    ...result.diagnostics.map((one) => {
      const at = one.source?.position(one.span.start);
      return `${at?.line}:${at?.column} ${one.code} ${one.message}`;
    }),
    ...result.startErrors,
    ...result.steps.flatMap((step) =>
      step.failures.map((one) => `step ${step.number} ${one.what}: expected ${one.expected}, got ${one.got}`),
    ),
  ];
  expect(result.ok).toBe(lines.length === 0);
  return lines.length === 0 ? ["holds"] : lines;
}

const ROUTER = `
name: a router
system: openbsd-7.8
interfaces:
  vr0: { addresses: [198.51.100.199/24] }
  vr1: { addresses: [192.168.1.1/24, "2001:db8:10::1/64"] }
  vr2: { addresses: [203.0.113.220/24] }
routes: [{ to: default, via: 203.0.113.200 }]
forwarding: true
steps:
`;

describe("a scenario", () => {
  it("follows packets and answers", () => {
    expect(
      outcome(`${ROUTER}
  - packet: { in: vr1, proto: tcp, from: "192.168.1.10:40000", to: "93.184.216.34:https", flags: S }
    expect: { verdict: pass, out: vr2, next-hop: 203.0.113.200, from: "192.168.1.10:40000", to: "93.184.216.34:443", ttl: 63 }
    save: client
  - reply: {}
    expect: { verdict: pass, out: vr1, next-hop: 192.168.1.10, to: "192.168.1.10:40000", flags: SA, not: { ttl: 64 } }
  - packet: { in: vr1, proto: tcp, from: $client, to: "93.184.216.34:443", flags: A }
    expect: { verdict: pass, from: "192.168.1.10:39000-41000" }
  - packet: { in: vr1, proto: icmp, ttl: 1, from: 192.168.1.10, to: 93.184.216.34 }
    expect: { verdict: return-icmp, answer: { out: vr1, proto: icmp, type: timex, code: transit, from: 192.168.1.1, inner: { proto: icmp, type: echoreq } } }
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5000", to: "192.168.1.1:53" }
    expect: { verdict: pass, delivered: true }
  - reply: {}
    expect: { verdict: pass, out: vr1, from: "192.168.1.1:53" }
  - packet: { in: vr1, proto: icmp, id: 3, length: 4000, fragments: 3, from: 192.168.1.10, to: 93.184.216.34 }
    expect: { verdict: pass, out: vr2 }
  - reply: { error: unreach, code: host-unr, by: 203.0.113.200 }
    expect: { verdict: pass, out: vr1, proto: icmp, type: unreach, code: 1, from: 203.0.113.200, inner: { proto: icmp } }
`),
    ).toEqual(["holds"]);
  });

  it("says what was expected and what came", () => {
    expect(
      outcome(`${ROUTER}
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5000", to: "93.184.216.34:53" }
    expect: { verdict: block, out: vr0, next-hop: 198.51.100.1, from: 10.0.0.1, ttl: [1, 2], delivered: true, states: 77 }
`),
    ).toEqual([
      "step 1 verdict: expected block, got pass",
      "step 1 out: expected vr0, got vr2",
      "step 1 next-hop: expected 198.51.100.1, got 203.0.113.200",
      "step 1 from: expected 10.0.0.1, got 192.168.1.10:5000",
      "step 1 ttl: expected 1 or 2, got 63",
      "step 1 delivered: expected true, got false",
      expect.stringContaining("step 1 states: expected 77"),
    ]);
  });

  it("runs commands and moves links", () => {
    expect(
      outcome(`${ROUTER}
  - link: { vr2: down }
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5000", to: "93.184.216.34:53" }
    expect: { verdict: arp-failed }
  - run: route -qn change default 198.51.100.100
    expect: { exit: 0 }
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5001", to: "93.184.216.34:53" }
    times: 3
    expect: { verdict: pass, out: vr0, next-hop: 198.51.100.100 }
  - run: route -qn delete default
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5002", to: "93.184.216.34:53" }
    expect: { verdict: no-route, answer: { proto: icmp, type: unreach, code: host-unr } }
`),
    ).toEqual(["holds"]);
  });

  it("takes a machine from a tree, and what it says itself over it", () => {
    expect(
      outcome(`
system: openbsd-7.8
tree: ../etc
interfaces:
  vr0: { addresses: [198.51.100.199/24] }
steps:
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5000", to: "93.184.216.34:53" }
    expect: { verdict: pass, out: vr2, next-hop: 203.0.113.200 }
  - packet: { out: vr0, proto: icmp, from: 198.51.100.199, to: 198.51.100.100 }
    expect: { verdict: pass, out: vr0 }
`),
    ).toEqual(["holds"]);
    expect(outcome("system: openbsd-7.8\ntree: nowhere\nsteps: []\n")).toEqual(["there is no folder nowhere"]);
  });

  it("runs ifstated", () => {
    expect(
      outcome(`
system: openbsd-7.8
files:
  /etc/ifstated.conf: |
    isp2 = '( "ping -q -c 1 -w 1 203.0.113.200 > /dev/null" every 10 )'
    init-state all
    state all {
      init {
        run "route -qn change default 203.0.113.200"
      }
      if ! $isp2
        set-state noisp2
      if vr2.link.down
        set-state noisp2
    }
    state noisp2 {
      init {
        run "route -qn change default 198.51.100.100"
      }
      if $isp2 && vr2.link.up
        set-state all
    }
interfaces:
  vr0: { addresses: [198.51.100.199/24] }
  vr1: { addresses: [192.168.1.1/24] }
  vr2: { addresses: [203.0.113.220/24] }
routes: [{ to: default, via: 203.0.113.200 }]
forwarding: true
tests: { isp2: true }
steps:
  - advance: 1m
    expect: { state: all }
  - set: { tests: { isp2: false } }
    expect: { state: noisp2 }
  - packet: { in: vr1, proto: udp, from: "192.168.1.10:5000", to: "93.184.216.34:53" }
    expect: { verdict: pass, out: vr0, next-hop: 198.51.100.100 }
  - set: { tests: { "ping -q -c 1 -w 1 203.0.113.200 > /dev/null": true, isp2: true } }
    expect: { state: all }
  - advance: 25s
  - link: { vr2: down }
    expect: { state: noisp2 }
`),
    ).toEqual(["holds"]);
  });

  it.each([
    ["steps: [}", ["1:9 scenario/yaml"]],
    ["- 1", ["1:1 scenario/wrong-type a scenario is a mapping"]],
    ["system: openbsd-7.8", ["1:1 scenario/missing-key A scenario needs `steps`"]],
    ["system: plan9\nsteps: []", ["1:9 scenario/unknown-system `plan9`"]],
    [
      `${ROUTER}  - packet: { in: vr1, prot: tcp, from: 192.0.2.1, to: 192.0.2.2 }`,
      ["11:24 scenario/unknown-key `prot`"],
    ],
    [`${ROUTER}  - packet: { in: vr1, proto: icmp, from: 192.0.2.300, to: 192.0.2.2 }`, ["11:43 scenario/bad-address"]],
    [
      `${ROUTER}  - packet: { in: vr1, proto: icmp, from: 192.0.2.3, to: 192.0.2.2, ttl: 300 }`,
      ["11:74 scenario/out-of-range"],
    ],
    [
      `${ROUTER}  - packet: { in: em7, proto: icmp, from: 192.0.2.3, to: 192.0.2.2 }`,
      ["11:5 scenario/unknown-interface"],
    ],
    [`${ROUTER}  - packet: { in: vr1, proto: icmp, to: 192.0.2.2 }\n    reply: {}`, ["11:5 scenario/step-action"]],
    [`${ROUTER}  - advance: soon`, ["11:14 scenario/bad-duration"]],
    [`${ROUTER}  - link: { vr1: sideways }`, ["11:18 scenario/unknown-value"]],
    [`${ROUTER}  - reply: {}\n    expect: { verdict: passed }`, ["12:24 scenario/unknown-verdict"]],
    [`${ROUTER}  - reply: {}`, ["step 1 packet: expected a packet, got there is no packet to answer"]],
    [
      `${ROUTER}  - packet: { in: vr1, proto: tcp, from: $nobody, to: "192.0.2.2:80" }`,
      ["step 1 packet: expected a packet, got Nothing was saved as `nobody`"],
    ],
  ])("with an error says where: %s", (text, expected) => {
    expect(outcome(text)).toEqual(expected.map((start) => expect.stringMatching(new RegExp(`^${quoted(start)}`))));
  });
});

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
