import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { parsePacketLine, traceSpec } from "../trace/index.ts";
import { type DiffReport, diffTrees } from "./diff.ts";

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
    const report = diff(RULES, RULES.replace("{ 80 443 }", "{ 80 443 22 }"));
    console.log(report.classes, summary(report));
  });

  it("shows another translation", () => {
    const report = diff(RULES, RULES.replace("nat-to (vr0)", "nat-to 198.51.100.200"));
    console.log(report.classes, summary(report));
  });
  it("shows an rdr", () => {
    const report = diff(
      RULES,
      `${RULES}match in on vr0 proto tcp to (vr0) port 8080 rdr-to 192.168.1.20 port 80\npass in on vr0 proto tcp to 192.168.1.20 port 80\npass out on vr1`,
    );
    console.log(report.classes, summary(report));
    for (const change of report.changes) {
      const { spec, error } = parsePacketLine(change.example, system);
      expect(error).toBeNull();
      const { machine } = buildMachine({ ...HOST, "etc/pf.conf": RULES }, system);
      expect(typeof traceSpec(machine, spec as NonNullable<typeof spec>)).toBe("object");
    }
  });
});
