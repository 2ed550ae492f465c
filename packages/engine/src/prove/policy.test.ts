import { parseSystem, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { type PolicyResult, policyLines, provePolicies } from "./policy.ts";
import { readPolicies } from "./read-policy.ts";

const system = parseSystem("openbsd-5.8") as System;

const TREE = {
  "etc/hostname.vr0": "inet 198.51.100.199 255.255.255.0\n",
  "etc/hostname.vr1": "inet 192.168.1.1 255.255.255.0\n",
  "etc/hostname.vr2": "inet 203.0.113.220 255.255.255.0\n",
  "etc/hostname.vr3": "inet 10.9.0.1 255.255.0.0\n",
  "etc/mygate": "203.0.113.200\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
  "etc/pf.conf": `set skip on lo
block return
match out on vr2 inet from 192.168.1.0/24 nat-to 203.0.113.220
match out on vr0 inet from 192.168.1.0/24 nat-to 198.51.100.199
pass out on { vr0 vr2 }
pass in on vr1 inet proto tcp from 192.168.1.0/24 to port { 80 443 }
`,
  "etc/ifstated.conf": `isp2 = '( "ping -q -c 1 -I 203.0.113.220 203.0.113.200 > /dev/null" every 10 )'
init-state all
state all {
  init {
    run "route change default 203.0.113.200"
  }
  if ! $isp2
    set-state first
}
state first {
  init {
    run "route change default 198.51.100.1"
  }
  if $isp2
    set-state all
}
`,
};

function prove(policies: string, tree: Record<string, string> = TREE): PolicyResult[] {
  const read = readPolicies(new Source("office.policy.yaml", policies), system);
  expect(read.diagnostics.map((one) => one.message)).toEqual([]);
  return provePolicies(tree, system, read.policies);
}

describe("policies", () => {
  it("are proved over all packets and conditions", () => {
    const results = prove(`
- name: the LAN never reaches the other tenant
  from: 192.168.1.0/24
  to: 10.9.0.0/16
  never: pass
- name: the web works by the second line
  from: 192.168.1.0/24
  to: internet
  proto: tcp
  port: [80, https]
  always: pass
  via: vr2
  as: 203.0.113.220/32
  when: isp2=up
- name: and by the first one when the second is dead
  from: vr1:network
  to: internet
  proto: tcp
  port: 443
  always: pass
  via: vr0
  when: isp2=down
- name: nobody gets in from outside
  in: [vr0, vr2]
  never: pass
`);
    expect(policyLines(results).join("\n")).toMatchInlineSnapshot(`
      "proved: the LAN never reaches the other tenant  [office.policy.yaml:2]
        100 classes of packets under 2 conditions
      proved: the web works by the second line  [office.policy.yaml:6]
        2 classes of packets under 1 condition
      proved: and by the first one when the second is dead  [office.policy.yaml:15]
        1 class of packets under 1 condition
      proved: nobody gets in from outside  [office.policy.yaml:23]
        932 classes of packets under 2 conditions
      4 proved, 0 refuted, 0 not proved"
    `);
    expect(results.every((one) => one.verdict === "proved")).toBe(true);
  });

  it("are refuted by a packet that can be traced", () => {
    const [result] = prove(
      "- name: web by line 2\n  from: 192.168.1.0/24\n  to: internet\n  proto: tcp\n  port: 80\n  always: pass\n  via: vr2\n",
    );
    expect(result?.verdict).toBe("refuted");
    expect(result?.counterExample).toMatchObject({
      packet: "in vr1 tcp 192.168.1.10:40000 > 192.0.2.80:80 S",
      condition: "isp2 down",
      fate: { verdict: "pass", out: "vr0" },
    });
  });

  it("finds the one port in 65536 that is open", () => {
    const rules = `${TREE["etc/pf.conf"]}pass in on vr0 proto tcp to port 31337\n`;
    const [result] = prove("- name: closed\n  in: vr0\n  never: pass\n", { ...TREE, "etc/pf.conf": rules });
    expect(result?.counterExample?.packet).toContain(":31337 S");
  });

  it("fails closed", () => {
    const cases = [
      [
        "- name: a\n  in: vr0\n  never: pass\n",
        "pass out proto tcp user root\nblock in\npass in on vr0 proto tcp user root\nblock in on vr0 proto tcp user root\n",
        "not proved",
      ],
      ["- name: b\n  in: vr9\n  never: pass\n", "block\n", "not proved"],
      ["- name: c\n  from: 192.168.1.0/24\n  always: pass\n  when: nothing=down\n", "pass\n", "not proved"],
    ] as const;
    for (const [policy, rules, verdict] of cases) {
      const [result] = prove(policy, { ...TREE, "etc/pf.conf": rules });
      expect([result?.policy.name, result?.verdict]).toEqual([result?.policy.name, verdict]);
      expect((result?.reasons.length ?? 0) + (result?.notExamined.length ?? 0)).toBeGreaterThan(0);
    }
    const read = readPolicies(new Source("p", "- name: few\n  never: pass\n  in: vr0\n"), system);
    const [limited] = provePolicies(TREE, system, read.policies, { limit: 3 });
    expect(limited?.verdict).toBe("not proved");
    const [conditions] = provePolicies(TREE, system, read.policies, { conditions: 1 });
    expect(conditions?.reasons).toEqual(["1 more conditions of links and tests were not looked at"]);
  });

  it("say what is wrong with them", () => {
    const { policies, diagnostics } = readPolicies(
      new Source(
        "p.yaml",
        "- name: x\n- nevr: pass\n- never: lose\n- never: pass\n  port: http:1\n- always: pass\n  from: nowhere\n- never: pass\n  when: up\n",
      ),
      system,
    );
    expect(policies).toEqual([]);
    expect(diagnostics.map((one) => one.code)).toEqual([
      "policy/always-or-never",
      "scenario/unknown-key",
      "policy/always-or-never",
      "policy/bad-value",
      "policy/bad-value",
      "policy/bad-value",
      "policy/bad-value",
    ]);
  });
});
