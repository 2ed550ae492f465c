import { type Diagnostic, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./check-tree.ts";

const CODES = /^pf\/(passed-in-blocked-out|answer-|half-seen|crossings)/;

function diagnostics(files: Record<string, string>, system: string): Diagnostic[] {
  return checkTree(files, parseSystem(system) as System).filter((one) => CODES.test(one.code));
}

function findings(files: Record<string, string>, system = "openbsd-7.8"): string[] {
  return diagnostics(files, system).map((one) => `${one.source?.position(one.span.start).line} ${one.code.slice(3)}`);
}

/** A gateway with two lines, of which em2 is the spare one, a LAN on em1 and another router on it. */
const GATEWAY = {
  "/etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
  "/etc/hostname.em1": "inet 192.168.1.1 255.255.255.0\n!route add 10.0.0.0/8 192.168.1.254\n",
  "/etc/hostname.em2": "inet 203.0.113.2 255.255.255.0\n",
  "/etc/mygate": "198.51.100.1\n",
  "/etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
};

function gateway(rules: string, system = "openbsd-7.8"): string[] {
  return findings({ ...GATEWAY, "/etc/pf.conf": rules }, system);
}

/** The same machine, on FreeBSD. */
function freebsd(rules: string): string[] {
  const conf = [
    'ifconfig_em0="inet 198.51.100.2/24"',
    'ifconfig_em1="inet 192.168.1.1/24"',
    'ifconfig_em2="inet 203.0.113.2/24"',
    'defaultrouter="198.51.100.1"',
    'gateway_enable="YES"',
    'pf_enable="YES"',
  ];
  return findings({ "/etc/rc.conf": `${conf.join("\n")}\n`, "/etc/pf.conf": rules }, "freebsd-14.3");
}

const NAT2 =
  "match out on em0 inet from 192.168.1.0/24 nat-to (em0)\nmatch out on em2 inet from 192.168.1.0/24 nat-to (em2)\n";
const SLOPPY =
  "pass in quick on em1 to 10.0.0.0/8 keep state (sloppy)\npass out quick on em1 to 10.0.0.0/8 keep state (sloppy)\n";

describe("passed in, blocked out", () => {
  it("says nothing of a gateway that is right", () => {
    expect(gateway(`block all\n${NAT2}${SLOPPY}pass in on em1 from 192.168.1.0/24\npass out on { em0 em2 }\n`)).toEqual(
      [],
    );
  });
  it("clients whom no rule lets out", () => {
    expect(gateway(`block all\n${NAT2}${SLOPPY}pass in on em1 from 192.168.1.0/24\npass out on em2\n`)).toEqual([
      "6 passed-in-blocked-out",
    ]);
  });
  it("a port that is forwarded to a host behind an interface that blocks", () => {
    const rdr = "pass in on em0 inet proto tcp to (em0) port 80 rdr-to 192.168.1.80\n";
    expect(gateway(`block all\n${rdr}pass out on em0\n`)).toEqual(["2 passed-in-blocked-out"]);
    expect(gateway(`block all\n${rdr}pass out on em0\npass out on em1 proto tcp to port 80\n`)).toEqual([]);
    expect(
      gateway(
        "rdr on em0 inet proto tcp from any to (em0) port 80 -> 192.168.1.80\nblock all\npass in on em0 inet proto tcp to 192.168.1.80 port 80\npass out on em0\n",
        "openbsd-4.6",
      ),
    ).toEqual(["3 passed-in-blocked-out"]);
    expect(
      freebsd(
        "rdr on em0 inet proto tcp from any to (em0) port 80 -> 192.168.1.80\nblock all\npass in on em0 inet proto tcp to 192.168.1.80 port 80\npass out on em0\n",
      ),
    ).toEqual(["3 passed-in-blocked-out"]);
  });
  it("route-to an interface that lets nothing out", () => {
    const route = "pass in on em1 inet from 192.168.1.0/24 to !192.168.1.0/24 route-to 203.0.113.1\n";
    const found = diagnostics(
      { ...GATEWAY, "/etc/pf.conf": `block all\n${NAT2}${route}pass out on em0\n` },
      "openbsd-7.8",
    );
    expect(found.map((one) => one.message)).toEqual([
      "What this rule lets in by em1 is blocked on its way out of em2, where route-to sends it: a forwarded packet is filtered twice, and no rule passes it out there. For example: `in em1 icmp 192.168.1.10 > 192.0.2.80 echoreq`.",
    ]);
    expect(gateway(`block all\n${NAT2}${route}pass out on em2\n`)).toEqual([]);
    expect(
      freebsd(
        "nat on em2 inet from 192.168.1.0/24 to any -> (em2)\nblock all\npass in on em1 route-to (em2 203.0.113.1) inet from 192.168.1.0/24 to any\npass out on em0\n",
      ),
    ).toEqual(["3 passed-in-blocked-out"]);
  });
  it("does not speak of rules for the machine itself, nor of blocks that are meant", () => {
    const own = "pass in on em1 proto { tcp udp } to port { 22 53 123 }\npass in on em0 proto tcp to port 22\n";
    expect(gateway(`block all\n${own}pass in on em0 inet proto icmp\npass out on em0\n`)).toEqual([]);
    expect(
      gateway(`block all\n${SLOPPY}pass in on em1\npass out\n${NAT2}block out quick on em0 from 192.168.1.0/24\n`),
    ).toEqual([]);
  });
  it("leaves open what tables and anchors may pass later", () => {
    expect(gateway(`table <ok> persist\nblock all\npass in on em1\npass out on em0 from <ok>\n`)).not.toContain(
      "3 passed-in-blocked-out",
    );
    expect(gateway(`block all\npass in on em1\nanchor "authpf/*"\n`)).toEqual([]);
    expect(gateway(`block all\n${SLOPPY}pass in on em1 proto tcp\nanchor "ftp-proxy/*"\n`)).toContain(
      "4 passed-in-blocked-out",
    );
  });
});

describe("answers", () => {
  const rules = (line: string, head = ""): string =>
    `${head}block all\n${NAT2}${SLOPPY}pass in on em1\npass out on { em0 em2 }\npass in on em0 proto tcp to (em0) port 22\n${line}\n`;
  it("of a second line that leave by the first", () => {
    expect(gateway(rules("pass in on em2 inet proto tcp to (em2) port 22"))).toEqual(["9 answer-leaves-elsewhere"]);
    expect(gateway(rules("pass in on em2 inet proto tcp to (em2) port 22 reply-to 203.0.113.1"))).toEqual([]);
    // Nothing says that em2 leads outside.
    expect(gateway("block all\npass out on em0\npass in on em2 inet proto tcp to (em2) port 22\n")).toEqual([]);
  });
  it("offers reply-to where the router is known", () => {
    const fix = (system: string, line: string, head = ""): string | null => {
      const text = rules(line, head).replace("pass in on em1\n", "pass in on em1 inet route-to 203.0.113.1\n");
      const old = text
        .replace(/match out on (em\d) inet from (\S+) nat-to (\S+)\n/g, "")
        .replace("route-to 203.0.113.1", "")
        .replace("pass in on em1 inet", "pass in on em1 route-to (em2 203.0.113.1) inet");
      const files = { ...GATEWAY, "/etc/pf.conf": system === "openbsd-7.8" ? text : old };
      const found = diagnostics(files, system).find((one) => one.code === "pf/answer-leaves-elsewhere");
      const edit = found?.fix?.edits[0];
      if (edit === undefined) return null;
      const before = edit.source.text;
      const after = before.slice(0, edit.span.start) + edit.text + before.slice(edit.span.end);
      const again = diagnostics({ ...files, "/etc/pf.conf": after }, system);
      expect(again.filter((one) => one.code === "pf/answer-leaves-elsewhere")).toEqual([]);
      return after.split("\n").find((one) => one.startsWith("pass in on em2")) ?? null;
    };
    expect(fix("openbsd-7.8", "pass in on em2 inet proto tcp to (em2) port 22")).toBe(
      "pass in on em2 inet proto tcp to (em2) port 22 reply-to 203.0.113.1",
    );
    expect(fix("openbsd-4.6", "pass in on em2 inet proto tcp to (em2) port 22")).toBe(
      "pass in on em2 reply-to (em2 203.0.113.1) inet proto tcp to (em2) port 22",
    );
    // Of both families: with a router of one the rule would not be for the other any more.
    expect(fix("openbsd-7.8", "pass in on em2 proto tcp to (em2) port 22")).toBeNull();
  });
  it("that a state bound to its interface does not know", () => {
    expect(gateway(rules("pass in on em2 inet proto tcp to (em2) port 22", "set state-policy if-bound\n"))).toEqual([
      "10 answer-blocked",
    ]);
    expect(
      gateway(
        rules(
          "pass in on em2 inet proto tcp to (em2) port 22 keep state (floating) reply-to 203.0.113.1",
          "set state-policy if-bound\n",
        ),
      ),
    ).toEqual([]);
  });
  it("without a state and a rule of their own", () => {
    const half = "block all\npass in on em0 proto tcp to (em0) port 22 no state\n";
    expect(gateway(half)).toEqual(["2 answer-blocked"]);
    expect(gateway(`${half}pass out on em0 proto tcp from (em0) port 22 no state\n`)).toEqual([]);
    expect(gateway("block all\npass in on em0 proto udp to port 514 no state\n")).toEqual([]);
  });
});

describe("connections of which pf sees one direction", () => {
  it("toward a router on the network of the sender", () => {
    const open = `block all\n${NAT2}pass in on em1\npass out\n`;
    expect(gateway(open)).toEqual(["4 half-seen-connection"]);
    expect(gateway(`${open}${SLOPPY.replaceAll(" quick", "")}`)).toEqual([]);
    expect(gateway(`set state-defaults sloppy\n${open}`)).toEqual([]);
    expect(freebsd("block all\npass in on em1\npass out\n")).toEqual([]);
  });
});

it("says when there are too many classes", () => {
  const many = Array.from(
    { length: 1000 },
    (_, i) =>
      `pass in on em1 proto tcp from 192.168.1.${i % 250} port ${(i % 7) + 1}:60000 to 192.0.2.${i % 97} port ${i + 1}\n`,
  ).join("");
  expect(gateway(`block all\n${many}pass out on em0\n`)).toEqual(["1 crossings-not-examined"]);
});
