import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { parsePacketLine, traceSpec } from "../trace/index.ts";
import { type DiffReport, diffTrees } from "./diff.ts";
import { diffLines } from "./diff-report.ts";

const system = parseSystem("openbsd-7.8") as System;

const HOST = {
  "etc/hostname.vr0": "inet 198.51.100.199 255.255.255.0\n",
  "etc/hostname.vr1": "inet 192.168.1.1 255.255.255.0\n",
  "etc/mygate": "198.51.100.1\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
};

const RULES = `set skip on lo
block return
match out on vr0 inet from 192.168.1.0/24 nat-to (vr0)
pass out on vr0
pass in on vr1 proto tcp from 192.168.1.0/24 to port { 80 443 }
pass in on vr1 proto udp to (vr1) port 53
`;

function diff(before: string, after: string): DiffReport {
  const tree = (rules: string): Record<string, string> => ({ ...HOST, "etc/pf.conf": rules });
  return diffTrees(tree(before), tree(after), { before: system, after: system });
}

function summary(report: DiffReport): string[] {
  return report.changes.map(
    ({ example, before, after, packets }) => `${example}: ${before.text} → ${after.text} [${packets.join(" | ")}]`,
  );
}

describe("a semantic difference", () => {
  it("finds none where only the text differs", () => {
    const report = diff(
      RULES,
      RULES.replace("{ 80 443 }", "{ 443 80 }").replace("block return", "# all\nblock return all"),
    );
    expect(summary(report)).toEqual([]);
    expect(report.complete).toBe(true);
    expect(report.classes).toBeGreaterThan(20);
  });

  it("shows a port that was opened", () => {
    expect(diffLines(diff(RULES, RULES.replace("{ 80 443 }", "{ 80 443 22 }"))).join("\n")).toMatchInlineSnapshot(`
      "4 changes in 26 classes of packets.

      in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to { 1.0.0.0 - 126.255.255.255, 128.0.0.0 - 192.168.0.255, 192.168.2.0 - 198.51.100.198, 198.51.100.200 - 198.51.100.254, 198.51.101.0 - 223.255.255.255, 240.0.0.0 - 255.255.255.254 } port 22
        for example: in vr1 tcp 192.168.1.10:40000 > 192.0.2.80:22 S
        before: is refused with a TCP reset
          block return all  [etc/pf.conf:2]
        after: passes out vr0, source becomes 198.51.100.199 with another port; next hop 198.51.100.1; its answer passes out vr1
          pass in on vr1 inet proto tcp from 192.168.1.0/24 to any port = 22 flags S/SA  [etc/pf.conf:5]
          match out on vr0 inet from 192.168.1.0/24 to any nat-to (vr0) round-robin  [etc/pf.conf:3]
          pass out on vr0 all flags S/SA  [etc/pf.conf:4]

      in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to { 192.168.1.1, 192.168.1.255, 198.51.100.199, 198.51.100.255, 255.255.255.255 } port 22
        for example: in vr1 tcp 192.168.1.10:40000 > 198.51.100.199:22 S
        before: is refused with a TCP reset
          block return all  [etc/pf.conf:2]
        after: passes to the machine itself; its answer passes out vr1
          pass in on vr1 inet proto tcp from 192.168.1.0/24 to any port = 22 flags S/SA  [etc/pf.conf:5]

      in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to 0.0.0.0/8 port 22
        for example: in vr1 tcp 192.168.1.10:40000 > 0.0.0.10:22 S
        before: is refused with a TCP reset
          block return all  [etc/pf.conf:2]
        after: is dropped, by the machine and not by pf: bad address
          pass in on vr1 inet proto tcp from 192.168.1.0/24 to any port = 22 flags S/SA  [etc/pf.conf:5]

      in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to 224.0.0.0/4 port 22
        for example: in vr1 tcp 192.168.1.10:40000 > 224.0.0.10:22 S
        before: is refused with a TCP reset
          block return all  [etc/pf.conf:2]
        after: is dropped, by the machine and not by pf: not for us
          pass in on vr1 inet proto tcp from 192.168.1.0/24 to any port = 22 flags S/SA  [etc/pf.conf:5]

      Examined: whole packets without IP options from one address to another, each as the first one on a machine that has just started."
    `);
  });

  it("shows another translation, and a rule that is gone", () => {
    const after = RULES.replace("nat-to (vr0)", "nat-to 198.51.100.200").replace(/^pass in on vr1 proto udp.*$/m, "");
    expect(summary(diff(RULES, after))).toMatchInlineSnapshot(`
      [
        "in vr1 udp 192.168.1.10:40000 > 192.168.1.1:53: passes to the machine itself; its answer passes out vr1 → is refused with ICMP 3/3 [in on vr1, IPv4, udp, from any but 127.0.0.0/8, to 192.168.1.1 port 53]",
        "in vr1 tcp 192.168.1.10:40000 > 192.0.2.80:80 S: passes out vr0, source becomes 198.51.100.199 with another port; next hop 198.51.100.1; its answer passes out vr1 → passes out vr0, source becomes 198.51.100.200 with another port; next hop 198.51.100.1; its answer passes out vr1 [in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to { 1.0.0.0 - 126.255.255.255, 128.0.0.0 - 192.168.0.255, 192.168.2.0 - 198.51.100.198, 198.51.100.200 - 198.51.100.254, 198.51.101.0 - 223.255.255.255, 240.0.0.0 - 255.255.255.254 } port 80]",
        "in vr1 tcp 192.168.1.10:40000 > 192.0.2.80:443 S: passes out vr0, source becomes 198.51.100.199 with another port; next hop 198.51.100.1; its answer passes out vr1 → passes out vr0, source becomes 198.51.100.200 with another port; next hop 198.51.100.1; its answer passes out vr1 [in on vr1, IPv4, tcp SYN, from 192.168.1.0/24, to { 1.0.0.0 - 126.255.255.255, 128.0.0.0 - 192.168.0.255, 192.168.2.0 - 198.51.100.198, 198.51.100.200 - 198.51.100.254, 198.51.101.0 - 223.255.255.255, 240.0.0.0 - 255.255.255.254 } port 443]",
        "out tcp 192.168.1.1:40000 > 192.0.2.80:443 S: passes out vr0, source becomes 198.51.100.199 with another port; next hop 198.51.100.1; its answer passes → passes out vr0, source becomes 198.51.100.200 with another port; next hop 198.51.100.1; its answer passes [sent by the machine, IPv4, { tcp SYN, udp }, from 192.168.1.1, to any but { 0.0.0.0/8, 127.0.0.1, 192.168.1.0/24, 198.51.100.199 }]",
        "out icmp 192.168.1.1 > 192.0.2.80 echoreq: passes out vr0, source becomes 198.51.100.199; next hop 198.51.100.1; its answer passes → passes out vr0, source becomes 198.51.100.200; next hop 198.51.100.1; its answer passes [sent by the machine, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 253 more }, from 192.168.1.1, to any but { 0.0.0.0/8, 127.0.0.1, 192.168.1.0/24, 198.51.100.199 }]",
      ]
    `);
  });

  it("gives examples that can be traced", () => {
    const more = `${RULES}match in on vr0 proto tcp to (vr0) port 8080 rdr-to 192.168.1.20 port 80
pass in on vr0 proto tcp to 192.168.1.20 port 80
pass out on vr1
`;
    const report = diff(RULES, more);
    expect(report.changes.length).toBeGreaterThan(3);
    expect(report.changes.some(({ after }) => after.text.includes("destination becomes 192.168.1.20 port 80"))).toBe(
      true,
    );
    for (const change of report.changes) {
      const { spec, error } = parsePacketLine(change.example, system);
      expect(error).toBeNull();
      const { machine } = buildMachine({ ...HOST, "etc/pf.conf": RULES }, system);
      expect(typeof traceSpec(machine, spec as NonNullable<typeof spec>)).toBe("object");
    }
  });

  it("says what it did not look at", () => {
    const report = diff(RULES, `${RULES}pass out on vr0 proto tcp user root\n`);
    expect(report.complete).toBe(false);
    expect(report.notExamined.map(({ what }) => what)).toEqual([
      "rules that ask for the user or group of a socket: only sockets that the files tell of are known",
    ]);
    const limited = diffTrees(
      { ...HOST, "etc/pf.conf": RULES },
      { ...HOST, "etc/pf.conf": RULES.replace("block return", "block drop") },
      { before: system, after: system },
      { limit: 10 },
    );
    expect(limited.complete).toBe(false);
    expect(limited.classes).toBe(10);
  });

  it("puts machines that nobody described into the same place", () => {
    const before = { "pf.conf": "block in\npass in on em0 from 10.0.0.0/8\npass out\n" };
    const after = { "pf.conf": "block in\npass in on em0 from 10.0.0.0/9\npass in on em1\npass out\n" };
    const report = diffTrees(before, after, { before: system, after: system });
    expect(report.onlyAfter).toEqual([]);
    expect(report.changes.map(({ packets }) => packets[0])).toMatchInlineSnapshot(`
      [
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to { 198.18.0.0, 198.18.0.2 - 198.18.0.254 }",
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to { 10.0.0.0, 10.0.0.2 - 10.255.255.254 }",
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to { 10.0.0.1, 10.255.255.255, 198.18.0.1, 198.18.0.255, 255.255.255.255 }",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to { 198.18.0.0, 198.18.0.2 - 198.18.0.254 }",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to { 10.0.0.0, 10.0.0.2 - 10.255.255.254 }",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to { 10.0.0.1, 10.255.255.255, 198.18.0.1, 198.18.0.255, 255.255.255.255 }",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to { 198.18.0.0, 198.18.0.2 - 198.18.0.254 }",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to { 10.0.0.1, 10.255.255.255, 198.18.0.1, 198.18.0.255, 255.255.255.255 }",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to { 198.18.0.0, 198.18.0.2 - 198.18.0.254 }",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to { 10.0.0.0, 10.0.0.2 - 10.255.255.254 }",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to { 10.0.0.1, 10.255.255.255, 198.18.0.1, 198.18.0.255, 255.255.255.255 }",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to { 10.0.0.0, 10.0.0.2 - 10.255.255.254 }",
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to any but { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 198.18.0.0/24, 224.0.0.0/4, 255.255.255.255 }",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to any but { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 198.18.0.0/24, 224.0.0.0/4, 255.255.255.255 }",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to any but { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 198.18.0.0/24, 224.0.0.0/4, 255.255.255.255 }",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to any but { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 198.18.0.0/24, 224.0.0.0/4, 255.255.255.255 }",
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to 0.0.0.0/8",
        "in on em1, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from any but 127.0.0.0/8, to 224.0.0.0/4",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to 0.0.0.0/8",
        "in on em1, IPv4, { icmp types 3:5, icmp types 11:12 }, from any but 127.0.0.0/8, to 224.0.0.0/4",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to 0.0.0.0/8",
        "in on em0, IPv4, { ip, icmp types 1:2, icmp types 6:8, icmp routersol, icmp timereq, icmp inforeq, … 255 more }, from 10.128.0.0/9, to 224.0.0.0/4",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to 0.0.0.0/8",
        "in on em0, IPv4, { icmp types 3:5, icmp types 11:12 }, from 10.128.0.0/9, to 224.0.0.0/4",
      ]
    `);
  });
});
