import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./check-tree.ts";

const CODES = /^pf\/(never-matches|neighbour-discovery-blocked)/;

function findings(rules: string, system = "openbsd-7.8"): string[] {
  const files = {
    "/etc/pf.conf": rules,
    "/etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\ninet6 2001:db8:7::2 64\n",
    "/etc/hostname.em1": "inet 192.168.1.1 255.255.255.0\ninet6 2001:db8:1::1 64\n",
    "/etc/mygate": "198.51.100.1\n2001:db8:7::1\n",
    "/etc/sysctl.conf": "net.inet.ip.forwarding=1\nnet.inet6.ip6.forwarding=1\n",
  };
  return checkTree(files, parseSystem(system) as System)
    .filter((one) => CODES.test(one.code))
    .map((one) => `${one.source?.position(one.span.start).line} ${one.code.slice(3)}`);
}

const NAT = "match out on em0 inet from 192.168.1.0/24 nat-to (em0)\n";
const OLD_NAT = "nat on em0 inet from 192.168.1.0/24 to any -> (em0)\n";

describe("rules that no packet matches", () => {
  it("for the machine's own address in the wrong direction", () => {
    expect(findings("block inet\npass in on em0 inet proto tcp from (em0) to any port 22\n")).toEqual([
      "2 never-matches",
    ]);
    expect(findings("block inet\npass out on em0 inet proto tcp to 198.51.100.2 port 22\n")).toEqual([
      "2 never-matches",
    ]);
    expect(findings("block inet\npass out on em0 inet from (em0)\npass in on em0 inet to (em0)\n")).toEqual([]);
    expect(findings("block inet\npass on em0 inet from (em0)\npass in on em0 inet from (em0:network)\n")).toEqual([]);
    expect(findings("block inet\npass in on lo0 inet from 127.0.0.1\npass in inet from self\n")).toEqual([]);
  });
  it("for sources that are translated before", () => {
    const rest = "block inet\npass in on em1 inet\npass out on em0 inet from (em0)\n";
    const late = "pass out on em0 inet proto tcp from em1:network to port 25\n";
    expect(findings(`${NAT}${rest}${late}`)).toEqual(["5 never-matches"]);
    expect(findings(`${rest}block out quick on em0 inet from 192.168.1.66\n${NAT}`)).toEqual([]);
    expect(findings(`${rest}${late}${NAT}`)).toEqual([]);
    expect(findings(`${OLD_NAT}${rest}${late}`, "openbsd-4.6")).toEqual(["5 never-matches"]);
    // Another network is not translated.
    expect(findings(`${NAT.replace("192.168.1.0/24", "192.168.1.128/25")}${rest}${late}`)).toEqual([]);
    expect(findings(`${rest}pass out on em0 inet from em1:network nat-to (em0)\n`)).toEqual([]);
  });
});

describe("IPv6 without its neighbours", () => {
  it("blocked neighbour discovery", () => {
    const rest = "block\npass out on em0\npass in on em1\npass out on em1 inet6 proto icmp6\n";
    expect(findings(rest)).toEqual(["1 neighbour-discovery-blocked"]);
    expect(findings(`${rest}pass in on em0 inet6 proto icmp6 icmp6-type { neighbrsol neighbradv }\n`)).toEqual([]);
    expect(findings(`${rest}pass in on em0 inet6 proto icmp6\n`)).toEqual([]);
    expect(findings("block\npass out on em0 inet\npass in on em1 inet\n")).toEqual([]);
  });
});
