import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./index.ts";

/** Findings, one a line: file:line severity code. Notes about the machine itself are left out. */
function check(files: Record<string, string>, system = "openbsd-7.8"): string[] {
  return checkTree(files, parseSystem(system) as System)
    .filter((one) => !/^machine\/(assumed|dynamic)/.test(one.code))
    .map((one) => `${one.source?.name}:${one.source?.position(one.span.start).line} ${one.severity} ${one.code}`);
}

/** A gateway with nothing wrong; tests change one file of it. */
const GATEWAY: Record<string, string> = {
  "etc/hostname.em0": "inet 198.51.100.199 255.255.255.0 NONE\n",
  "etc/hostname.em1": "inet 192.168.1.1 255.255.255.0 NONE\n",
  "etc/mygate": "198.51.100.100\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
  "etc/pf.conf": [
    'ext = "em0"',
    'lan = "em1"',
    "set skip on lo",
    "block all",
    "match out on $ext inet from $lan:network nat-to ($ext)",
    "pass in on $lan inet from $lan:network",
    "pass out on $ext",
    "pass out on $lan",
    "",
  ].join("\n"),
};

function gateway(change: Record<string, string>, system?: string): string[] {
  return check({ ...GATEWAY, ...change }, system);
}

/** Of the gateway with these rules; whether clients are translated is not the subject. */
function rules(...lines: string[]): string[] {
  return gateway({ "etc/pf.conf": `${lines.join("\n")}\n` }).filter((line) => !line.endsWith("/leaves-untranslated"));
}

describe("checkTree", () => {
  it("finds nothing on a gateway that is right", () => expect(check(GATEWAY)).toEqual([]));

  it("reports each file's own errors", () => {
    expect(gateway({ "etc/hostname.em1": "inet 192.168.1.1 24\n" })).toContain(
      "etc/hostname.em1:1 error ifconfig/bad-netmask",
    );
  });

  describe("the machine", () => {
    it("forwarding off", () => {
      expect(gateway({ "etc/sysctl.conf": "net.inet.ip.forwarding=0\n" })).toEqual([
        "etc/sysctl.conf:1 warning machine/not-forwarding",
      ]);
      expect(gateway({ "etc/sysctl.conf": "net.inet.ip.forwarding = 1\n" })).toEqual([
        "etc/sysctl.conf:1 warning machine/not-forwarding",
        "etc/sysctl.conf:1 error sysctl/blanks",
      ]);
    });
    it("no default route", () => {
      expect(gateway({ "etc/mygate": "# none\n" })).toEqual(["etc/hostname.em0:1 warning machine/no-default-route"]);
    });
    it("gateway on no link", () => {
      expect(gateway({ "etc/mygate": "198.51.101.100\n" })).toEqual(["etc/mygate:1 error machine/gateway-not-on-link"]);
    });
    it("overlapping networks, the same address", () => {
      expect(gateway({ "etc/hostname.em2": "inet 192.168.0.1 255.255.0.0 NONE\n" })).toEqual([
        "etc/hostname.em2:1 warning machine/overlapping-networks",
      ]);
      expect(gateway({ "etc/hostname.em2": "inet 192.168.1.1 255.255.255.255 NONE\n" })).toEqual([
        "etc/hostname.em2:1 error machine/same-address",
      ]);
    });
    it("a mask that swallows the neighbours", () => {
      const host = (mask: string): string[] =>
        check({
          "etc/hostname.vio0": `inet 203.0.113.100 ${mask} NONE\n!route add -inet 192.0.2.1/32 -link -iface vio0\n!route add default 192.0.2.1\n`,
        });
      expect(host("255.255.255.255")).toEqual(["etc/hostname.vio0:3 note machine/gateway-on-link"]);
      expect(host("255.255.255.0")).toEqual([
        "etc/hostname.vio0:1 warning machine/netmask-swallows-neighbours",
        "etc/hostname.vio0:3 note machine/gateway-on-link",
      ]);
    });
    it("pf switched off, a daemon that does not start", () => {
      expect(gateway({ "etc/rc.conf.local": "pf=NO\n" })).toContain("etc/rc.conf.local:1 warning machine/pf-off");
      expect(
        check(
          {
            "etc/rc.conf": 'ifconfig_em0="inet 192.0.2.2/24"\ndefaultrouter="192.0.2.1"\n',
            "etc/pf.conf": "block all\n",
          },
          "freebsd-14.3",
        ),
      ).toEqual(["etc/rc.conf:1 warning machine/not-started"]);
    });
  });

  describe("rules that lead nowhere", () => {
    it("macros, tables, tags, anchors", () => {
      expect(rules('a = "em0"', "pass")).toEqual(["etc/pf.conf:1 warning pf/unused-macro"]);
      expect(rules("table <a> { 192.0.2.0/24 }", "pass")).toEqual(["etc/pf.conf:1 warning pf/unused-table"]);
      expect(rules("table <a> persist", "pass")).toEqual([]);
      expect(rules("pass", "block in from <bad>")).toEqual(["etc/pf.conf:2 warning pf/undefined-table"]);
      expect(
        rules("block in from <bad>", "pass proto tcp to port 22 keep state (max-src-conn 9, overload <bad>)"),
      ).toEqual([]);
      expect(rules("pass", "block out tagged LAN")).toEqual(["etc/pf.conf:2 warning pf/undefined-tag"]);
      expect(rules("match in on em1 tag LAN", "pass", "block out tagged LAN")).toEqual([]);
      expect(rules("pass", 'anchor "mine"')).toEqual(["etc/pf.conf:2 warning pf/anchor-never-filled"]);
      expect(rules("pass", 'anchor "ftp-proxy/*"', "anchor {", "pass", "}")).toEqual([]);
    });
    it("an anchor that a command fills", () => {
      expect(
        gateway({
          "etc/pf.conf": 'pass\nanchor "mine"\n',
          "etc/rc.local": "pfctl -a mine -f /etc/pf.mine\n",
        }).filter((line) => line.includes("anchor")),
      ).toEqual([]);
    });
    it("interfaces and networks of another machine", () => {
      expect(rules("pass", "block in on em5 proto tcp")).toEqual(["etc/pf.conf:2 warning pf/no-such-interface"]);
      expect(rules("pass", "block in on tun0 proto tcp", "block in on egress proto udp")).toEqual([]);
      expect(rules("block", "pass in on em1 from 192.168.0.0/24")).toContain(
        "etc/pf.conf:2 warning pf/network-elsewhere",
      );
      expect(rules("block", "pass in on em1 from 192.168.1.128/25")).not.toContain(
        "etc/pf.conf:2 warning pf/network-elsewhere",
      );
      expect(rules("block", "pass in on em0 from 10.0.0.0/8")).toEqual([]);
    });
    it("skipped interfaces", () => {
      expect(rules("set skip on em1", "pass", "block in on em1 proto tcp")).toContain(
        "etc/pf.conf:3 warning pf/rule-on-skipped-interface",
      );
      expect(rules("set skip on { lo em0 }", "pass")).toContain("etc/pf.conf:1 warning pf/skip-outside");
      expect(rules("set skip on lo", "pass")).not.toContain("etc/pf.conf:1 warning pf/skip-outside");
    });
  });

  describe("rules that never decide", () => {
    const dead = (...lines: string[]): string[] =>
      rules(...lines).filter((line) => /shadowed|overridden|repeated/.test(line));
    it("behind a quick rule", () => {
      expect(dead("block quick all", "pass in on em0")).toEqual(["etc/pf.conf:2 warning pf/shadowed-rule"]);
      expect(dead("block in quick on em0", "pass in on em0 proto tcp to port 22", "pass in on em1")).toEqual([
        "etc/pf.conf:2 warning pf/shadowed-rule",
      ]);
      expect(dead("block in quick on em0 proto udp", "pass in on em0")).toEqual([]);
      expect(dead("pass in quick on em0 proto udp to port { 53 123 }", "block in on em0 proto udp to port 53")).toEqual(
        ["etc/pf.conf:2 warning pf/shadowed-rule"],
      );
      expect(dead("pass quick on egress flags any", "block on em0 inet")).toEqual([
        "etc/pf.conf:2 warning pf/shadowed-rule",
      ]);
      // A pass rule takes TCP by its first packet only: others go on.
      expect(dead("pass quick on egress", "block on em0 inet")).toEqual([]);
      expect(dead("pass in quick on em0 proto tcp", "block in on em0 proto tcp flags R/R")).toEqual([]);
    });
    it("before a wider rule", () => {
      expect(dead("pass in on em0 proto tcp to port 22", "block in on em0")).toEqual([
        "etc/pf.conf:1 warning pf/overridden-rule",
      ]);
      expect(dead("block", "pass in", "pass in proto tcp")).toEqual([]);
      expect(dead("pass in on em0", "pass in on em0")).toEqual(["etc/pf.conf:1 warning pf/repeated-rule"]);
      expect(dead("pass in on em0 tag A", "block in on em0", "pass tagged A")).toEqual([]);
      expect(dead("pass in quick on em0 proto udp", "block in on em0 proto udp to port 53", "block")).toEqual([
        "etc/pf.conf:2 warning pf/shadowed-rule",
      ]);
      expect(dead("pass in proto tcp", "block in probability 50%")).toEqual([]);
      expect(dead("pass in proto tcp to port 1:10", "block in proto tcp to port 1:9")).toEqual([]);
      expect(dead("pass in proto tcp to port 2:9", "block in proto tcp to port 1:10")).toEqual([
        "etc/pf.conf:1 warning pf/overridden-rule",
      ]);
    });
    it("knows that translation changes addresses", () => {
      expect(
        dead(
          "pass out on em0 from 192.168.1.0/24",
          "match out on em0 from 192.168.1.0/24 nat-to (em0)",
          "block out on em0 from 192.168.0.0/16",
        ),
      ).toEqual([]);
    });
    it("looks at whole statements, and into anchors", () => {
      expect(dead("pass in on { em0 em1 }", "block in on em0")).toEqual([]);
      expect(dead("anchor {", "pass in proto tcp", "block in", "}")).toEqual([
        "etc/pf.conf:2 warning pf/overridden-rule",
      ]);
    });
  });

  describe("what clients meet", () => {
    it("passed in, blocked out", () => {
      expect(rules("block all", "match out on em0 from em1:network nat-to (em0)", "pass in on em1")).toEqual([
        "etc/pf.conf:2 warning pf/translated-and-blocked",
        "etc/pf.conf:3 warning pf/passed-in-blocked-out",
      ]);
    });
    it("untranslated", () => {
      expect(gateway({ "etc/pf.conf": "block all\npass in on em1\npass out on em0\n" })).toEqual([
        "etc/pf.conf:3 warning pf/leaves-untranslated",
      ]);
      expect(
        gateway({
          "etc/pf.conf":
            "block all\nmatch out on em0 proto tcp from em1:network nat-to (em0)\npass in on em1\npass out on em0\n",
        }),
      ).toEqual(["etc/pf.conf:4 warning pf/leaves-untranslated"]);
    });
    it("IPv6 left open", () => {
      expect(
        gateway({
          "etc/hostname.em0": "inet 198.51.100.199 255.255.255.0 NONE\ninet6 2001:db8::2 64\n",
          "etc/pf.conf": "block inet\npass out\n",
        }),
      ).toContain("etc/pf.conf:1 warning pf/family-left-open");
    });
  });
});

const articles = resolve(import.meta.dirname, "../../../../../shared/articles");
describe.skipIf(!existsSync(articles))("the articles, as published", () => {
  const read = (name: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(articles, name)).map((file) => [file, readFileSync(join(articles, name, file), "utf8")]),
    );

  it("two ISPs: files that are about two machines", () => {
    const found = check(read("two-isps"), "openbsd-5.7");
    expect(found).toContain("pf.conf:1 warning machine/networks-disagree");
    expect(found).toContain("pf.conf:2 warning machine/interfaces-disagree");
    expect(found).toContain("ifstated.conf:102 error ifstated/extra-words");
    expect(
      found.filter((line) => line.startsWith("pf.conf.original") && line.includes("warning")).length,
    ).toBeLessThanOrEqual(2);
  });

  it("guests of a rented server", () => {
    expect(check(read("dedicated-server-guests"), "openbsd-7.8")).toEqual([
      "openbsd-hostname.vio0:3 note machine/gateway-on-link",
    ]);
    expect(check(read("dedicated-server-guests"), "freebsd-14.3")).toEqual([
      "freebsd-rc.conf:6 note machine/gateway-on-link",
    ]);
    expect(check(read("dedicated-server-guests"), "netbsd-10.1")).toContain(
      "netbsd-netstart.local:3 warning encoding/odd-blank",
    );
  });
});
