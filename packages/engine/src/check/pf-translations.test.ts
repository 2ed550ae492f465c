import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./check-tree.ts";

function findings(rules: string, system = "openbsd-7.8"): string[] {
  const files = {
    "/etc/pf.conf": rules,
    "/etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
    "/etc/hostname.em1": "inet 192.168.1.1 255.255.255.0\n",
    "/etc/mygate": "198.51.100.1\n",
    "/etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
  };
  return checkTree(files, parseSystem(system) as System)
    .filter((one) => one.code === "pf/translated-and-blocked")
    .map((one) => `${one.source?.position(one.span.start).line}: ${one.message}`);
}

const NAT = "match out on em0 inet from 192.168.1.0/24 nat-to (em0)\n";

describe("translations in vain", () => {
  it.each([
    ["nat and no pass", `block all\n${NAT}pass in on em1\n`],
    [
      "nat of the 4.6 family and no pass",
      "nat on em0 from 192.168.1.0/24 to any -> (em0)\nblock all\npass in on em1\n",
    ],
    ["rdr and no pass", "block all\nmatch in on em0 inet proto tcp to (em0) port 80 rdr-to 192.168.1.80\npass out\n"],
    [
      "rdr and a pass for the address before translation",
      "block all\nmatch in on em0 inet proto tcp to (em0) port 80 rdr-to 192.168.1.80\npass in on em0 proto tcp to (em0) port 80\n",
    ],
  ])("%s", (name, rules) => {
    const found = findings(rules, name.includes("4.6") ? "openbsd-4.6" : "openbsd-7.8");
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("block drop all");
  });

  it.each([
    ["a pass rule for translated packets", `block all\n${NAT}pass out on em0\n`],
    ["a pass rule for one service only", `block all\n${NAT}pass out on em0 proto tcp to port 443\n`],
    ["no block at all", NAT],
    ["an anchor that may be filled", `block all\n${NAT}anchor "later"\n`],
    [
      "rdr with a pass for the new address",
      "block all\nmatch in on em0 inet proto tcp to (em0) port 80 rdr-to 192.168.1.80\npass in on em0 proto tcp to 192.168.1.80 port 80\n",
    ],
    ["pass with rdr-to", "block all\npass in on em0 inet proto tcp to (em0) port 80 rdr-to 192.168.1.80\n"],
    [
      "a service this check would not try",
      `block all\nmatch out on em0 inet proto gre from 192.168.1.0/24 nat-to (em0)\n`,
    ],
  ])("nothing of %s", (_, rules) => {
    expect(findings(rules)).toEqual([]);
  });
});
