/** Rewritten rules do what the old ones did: the migration of files as people write them, proved class by class. */
import { type Packet, parseSystem, Source, type System, TCP_FLAG } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { diffLines, FateTeller, isProved, proveMigration, sameMachine } from "@pierhead/engine/prove";
import { loadPf, migratePf } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";
import { randomPacket, randomSource } from "./support/random-rules.ts";

const HOST = {
  "etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
  "etc/hostname.em1": "inet 192.168.1.1 255.255.255.0\n",
  "etc/hostname.em2": "inet 203.0.113.2 255.255.255.0\n",
  "etc/mygate": "198.51.100.1\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
};

const RC_CONF = `ifconfig_em0="inet 198.51.100.2 netmask 255.255.255.0"
ifconfig_em1="inet 192.168.1.1 netmask 255.255.255.0"
ifconfig_em2="inet 203.0.113.2 netmask 255.255.255.0"
defaultrouter="198.51.100.1"
gateway_enable="YES"
pf_enable="YES"
`;

const CASES: readonly { name: string; from: string; to: string; rules: string; guard?: boolean }[] = [
  {
    name: "a small office",
    from: "openbsd-4.6",
    to: "openbsd-7.8",
    rules: `ext = "em0"
lan = "192.168.1.0/24"
scrub in all
nat on $ext from $lan to any -> ($ext:0)
rdr on $ext proto tcp from any to ($ext:0) port 8080 -> 192.168.1.20 port 80
block
pass out keep state
pass in on em1 from $lan to any keep state
pass in on $ext proto tcp from any to 192.168.1.20 port 80 flags S/SA keep state
`,
  },
  {
    name: "exemptions and what the default passes",
    from: "openbsd-4.6",
    to: "openbsd-7.8",
    guard: true,
    rules: `no nat on em0 from 192.168.1.5 to any
nat on em0 from 192.168.1.0/24 to any -> 198.51.100.2
block in on em0
pass in on em1 keep state
pass out keep state
`,
  },
  {
    name: "one address for one host, and others hidden",
    from: "openbsd-4.6",
    to: "openbsd-7.8",
    guard: true,
    rules: `nat on em0 from 192.168.1.0/24 to any -> 198.51.100.2
binat on em0 from 192.168.1.9 to any -> 198.51.100.9
block
pass in on em1 keep state
pass out keep state
pass in on em0 proto tcp to 192.168.1.9 port 22 keep state
`,
  },
  {
    name: "translation rules that pass",
    from: "openbsd-4.6",
    to: "openbsd-7.8",
    rules: `rdr pass on em0 inet proto tcp from any to 198.51.100.2 port 25 -> 192.168.1.25
block
pass out on em1 keep state
`,
  },
  {
    name: "two lines",
    from: "openbsd-5.8",
    to: "openbsd-7.8",
    rules: `block
match out on em0 inet from 192.168.1.0/24 nat-to 198.51.100.2
match out on em2 inet from 192.168.1.0/24 nat-to 203.0.113.2
pass in on em1 inet proto tcp to port 443 route-to 203.0.113.1@em2
pass in on em1
pass out
`,
  },
  {
    name: "FreeBSD to OpenBSD",
    from: "freebsd-13.5",
    to: "openbsd-7.8",
    rules: `nat on em0 inet from 192.168.1.0/24 to any -> 198.51.100.2
rdr on em0 inet proto tcp from any to 198.51.100.2 port 80 -> 192.168.1.20
block
pass out
pass in on em1
pass in on em0 inet proto tcp to 192.168.1.20 port 80
`,
  },
  {
    name: "OpenBSD to FreeBSD",
    from: "openbsd-7.8",
    to: "freebsd-13.5",
    rules: `block
match out on em0 inet from 192.168.1.0/24 nat-to 198.51.100.2
pass in on em0 inet proto tcp to 198.51.100.2 port 80 rdr-to 192.168.1.20 port 8080
pass out
pass in on em1
`,
  },
];

describe("a migration", () => {
  it.each(CASES)("$name: $from to $to", ({ from, to, rules, guard = false }) => {
    const [old, next] = [parseSystem(from) as System, parseSystem(to) as System];
    const source = new Source("pf.conf", rules);
    const { text, diagnostics } = migratePf(source, old, next, { guard });
    expect(diagnostics.map((one) => one.message)).toEqual([]);
    const described: Record<string, string> = old.family === "openbsd" ? HOST : { "etc/rc.conf": RC_CONF };
    const files = { ...described, "etc/pf.conf": rules };
    const proof = proveMigration({ files, from: old, to: next, text, name: "pf.conf.new" });
    expect(proof.errors.map((one) => one.message)).toEqual([]);
    const report = proof.report;
    expect(report).not.toBeNull();
    if (report === null) return;
    const shown = { ...report, changes: report.changes.filter((change) => !change.marginal) };
    expect(isProved(proof), `${text}\n${diffLines(shown).join("\n")}`).toBe(true);
    expect(report.classes).toBeGreaterThan(500);
  });

  it("is refuted when the new rules do something else", () => {
    const system = parseSystem("openbsd-7.8") as System;
    const files = { ...HOST, "etc/pf.conf": "block\npass out\n" };
    const proof = proveMigration({ files, from: system, to: system, text: "pass out\n", name: "new" });
    expect(isProved(proof)).toBe(false);
    const broken = proveMigration({ files, from: system, to: system, text: "passs out\n", name: "new" });
    expect([broken.wrong, broken.report, isProved(broken)]).toEqual(["new", null, false]);
  });

  it("is proved for random translation rules, and random packets agree", () => {
    let proved = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const random = randomSource(seed * 977);
      const old = parseSystem("openbsd-4.6") as System;
      const next = parseSystem("openbsd-7.8") as System;
      const rules = randomOldRules(random);
      const files = { ...SMALL_HOST, "etc/pf.conf": rules };
      const { text } = migratePf(new Source("pf.conf", rules), old, next, { guard: true });
      const proof = proveMigration({ files, from: old, to: next, text, name: "new" });
      expect(proof.errors).toEqual([]);
      if (!isProved(proof)) continue;
      proved++;
      const before = buildMachine(files, old).machine;
      const after = sameMachine(before, next);
      after.pf.load(loadPf(new Source("new", text), after.environment()).configuration);
      const tellers = [new FateTeller(before), new FateTeller(after)] as const;
      for (let i = 0; i < 300; i++) {
        const packet = randomPacket(random);
        const arrival = pick(random, ["em0", "em1", "vr0"]);
        if (!beginsSomething(packet)) continue;
        const [a, b] = [tellers[0].tell(packet, arrival), tellers[1].tell(packet, arrival)];
        if (a.byStack || b.byStack) continue;
        const what = `${arrival} ${packet.source} > ${packet.destination} ${packet.protocol}`;
        expect(b.text, `${what}\n${rules}\n${text}`).toBe(a.text);
      }
    }
    expect(proved).toBeGreaterThan(5);
  });
});

const SMALL_HOST = {
  "etc/hostname.em0": "inet 10.0.0.1 255.255.255.0\n",
  "etc/hostname.em1": "inet 10.0.1.1 255.255.255.0\n",
  "etc/hostname.vr0": "inet 10.0.2.1 255.255.255.0\n",
  "etc/mygate": "10.0.0.254\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
};

function pick<T>(random: (below: number) => number, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

/** Not a stray, and not from an address to itself. */
function beginsSomething(packet: Packet): boolean {
  if (packet.family === 6 || packet.icmp !== null || packet.source.equals(packet.destination)) return false;
  return packet.tcp === null || (packet.tcp.flags & (TCP_FLAG.S | TCP_FLAG.A)) === TCP_FLAG.S;
}

/** Two translation rules and five filter rules of the 4.6 family. */
function randomOldRules(random: (below: number) => number): string {
  const host = (): string => `10.0.${random(3)}.${2 + random(4)}`;
  const network = (): string => pick(random, ["any", host(), `10.0.${random(3)}.0/29`]);
  const on = (): string => `on ${pick(random, ["em0", "em1", "vr0"])} inet`;
  const translation = (): string =>
    pick(random, [
      `nat ${on()} from ${network()} to ${network()} -> ${host()}`,
      `no nat ${on()} from ${host()} to any`,
      `rdr ${on()} proto tcp from ${network()} to ${network()} port ${pick(random, ["22", "80"])} -> ${host()} port 443`,
      `rdr pass ${on()} proto udp from any to ${host()} -> ${host()}`,
    ]);
  const filter = (): string =>
    pick(random, [
      `pass in ${on()} from ${network()} to ${network()} keep state`,
      `pass out ${on()} from ${network()} to ${network()} keep state`,
      `block in quick ${on()} proto udp from ${network()} to any port 53`,
      `block out ${on()} proto tcp from any to ${network()} port 80`,
    ]);
  const lines = [translation(), translation(), "block", filter(), filter(), filter(), filter(), filter()];
  return `${lines.join("\n")}\n`;
}
