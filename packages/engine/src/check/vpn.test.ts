import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./index.ts";

const OPENBSD = parseSystem("openbsd-7.8") as System;

const GOOD = {
  "etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
  "etc/hostname.em1": "inet 192.168.7.1 255.255.255.0\n",
  "etc/mygate": "198.51.100.1\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\nnet.pipex.enable=1\n",
  "etc/rc.conf.local": 'isakmpd_flags="-K"\nipsec=YES\nnpppd_flags=""\n',
  "etc/ipsec.conf":
    'ike passive esp transport proto udp from 198.51.100.2 to any port 1701 psk "eeph8Ohzah3aeNgeiquoo1uu"\n',
  "etc/npppd/npppd.conf": `authentication LOCAL type local {
	users-file "/etc/npppd/npppd-users"
}
tunnel L2TP protocol l2tp {
	listen on 0.0.0.0
	l2tp-require-ipsec yes
}
ipcp IPCP {
	pool-address 10.87.43.2-10.87.43.254
	dns-servers 9.9.9.9
}
interface pppx0 address 10.87.43.1 ipcp IPCP
bind tunnel from L2TP authenticated by LOCAL to pppx0
`,
  "etc/npppd/npppd-users":
    "anna:\\\n\t:password=aeQu3ahg5ooJ0ua:\\\n\t:framed-ip-address=10.87.43.111:\nbert:\\\n\t:password=Oom2Ahk3ahqu9Ai:\n",
  "etc/pf.conf": `set skip on lo
block return
pass in on em0 proto esp to em0
pass in on em0 proto udp to em0 port { isakmp, ipsec-nat-t }
pass on enc0 keep state (if-bound)
pass in on pppx
pass in on em1
match out on em0 inet from { 10.87.43.0/24, 192.168.7.0/24 } nat-to (em0)
pass out
`,
};

type Files = Record<string, string>;

/** What is said with some texts replaced: file, from, to. */
function found(...changes: readonly (readonly [file: string, from: string, to: string])[]): string[] {
  const files: Files = { ...GOOD };
  for (const [file, from, to] of changes) {
    const text = files[file] ?? "";
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    files[file] = text.replace(from, to);
  }
  return checkTree(files, OPENBSD)
    .filter((one) => one.code.startsWith("vpn/") || one.code === "npppd/framed-outside-pool")
    .map((one) => {
      const { line, column } = one.source?.position(one.span.start) ?? { line: 0, column: 0 };
      return `${one.source?.name}:${line}:${column} ${one.code}: ${one.message}`;
    });
}

describe("the files of an L2TP head-end", () => {
  it("have nothing against them when they are right", () => {
    expect(found()).toEqual([]);
  });

  it("are told what stops a client", () => {
    expect([
      found(["etc/pf.conf", "isakmp, ", ""]),
      found(["etc/pf.conf", "pass on enc0 keep state (if-bound)\n", ""]),
      found(["etc/pf.conf", "pass in on pppx\n", ""]),
      found(["etc/pf.conf", "pass in on pppx\n", "pass in on pppx0\n"]),
      found(["etc/sysctl.conf", "net.pipex.enable=1\n", ""]),
      found(["etc/sysctl.conf", "net.inet.ip.forwarding=1\n", ""]),
      found(["etc/pf.conf", "10.87.43.0/24, ", ""]),
      found(["etc/pf.conf", "pass out\n", "pass out\nblock out on em0 proto tcp\n"]),
      found(["etc/rc.conf.local", '"-K"', '""']),
      found(["etc/ipsec.conf", "from 198.51.100.2", "from 198.51.100.3"]),
    ]).toMatchInlineSnapshot(`
      [
        [
          "etc/pf.conf:2:1 vpn/client-refused: No L2TP/IPsec client gets in: IKE to UDP 500 is refused with an ICMP error in on em0 by \`block return all\` (etc/pf.conf:2).",
        ],
        [
          "etc/pf.conf:2:1 vpn/client-refused: No L2TP/IPsec client gets in: L2TP in ESP is refused with an ICMP error in on enc0 by \`block return all\` (etc/pf.conf:2).",
        ],
        [
          "etc/pf.conf:2:1 vpn/no-client-rule: A connected client's packets are blocked in on pppx0, so nothing a VPN user sends is passed; write rules for them, like \`pass in on pppx from 10.87.43.111\`.",
        ],
        [
          "etc/pf.conf:2:1 vpn/one-client: The first client's packets are passed in on pppx0, the next client's are blocked in on pppx1: every client has an interface of its own. Write rules for \`on pppx\`.",
        ],
        [
          "etc/npppd/npppd.conf:12:1 vpn/pipex-off: pppx0 needs pipex(4), and it is off: no client gets through. Write \`net.pipex.enable=1\` in sysctl.conf.",
        ],
        [
          "etc/sysctl.conf:1:1 vpn/not-forwarding: The machine does not forward: VPN clients reach it and nothing behind it. Write \`net.inet.ip.forwarding=1\` in sysctl.conf.",
        ],
        [
          "etc/pf.conf:1:1 vpn/no-nat: What a client sends to the internet leaves em0 with its private address 10.87.43.111, and no answer comes back: write \`match out on em0 from 10.87.43.111 nat-to (em0)\` for the clients' network.",
        ],
        [
          "etc/pf.conf:10:1 vpn/no-way-out: What a client sends to the internet is blocked out on em0 by \`block drop out on em0 proto tcp all\` (etc/pf.conf:10).",
        ],
        [
          "etc/ipsec.conf:1:1 vpn/client-refused: No L2TP/IPsec client gets in: isakmpd does not run: isakmpd without -K wants a keynote policy file, and refuses everybody without one.",
        ],
        [
          "etc/ipsec.conf:1:1 vpn/client-refused: No L2TP/IPsec client gets in: isakmpd refuses the client's quick mode: no rule offers transport mode for UDP 1701 between 198.51.100.2 and anybody.",
          "etc/ipsec.conf:1:1 vpn/not-own-address: 198.51.100.3 is no address of this machine, so nobody can connect to it.",
        ],
      ]
    `);
  });

  it("are told of L2TP that is open by the wire, in either family, with the rule and a packet", () => {
    expect([
      found(["etc/pf.conf", "pass out\n", "pass out\npass in on em0 proto udp to em0 port 1000:2000\n"]),
      found(
        ["etc/pf.conf", "pass out\n", "pass out\npass in inet6 proto udp to port l2tp\n"],
        ["etc/hostname.em0", "\n", "\ninet6 2001:db8::2 64\n"],
      ),
      found(["etc/pf.conf", "pass out\n", "pass out\npass in on em0 proto udp to em0 port 1702\n"]),
    ]).toMatchInlineSnapshot(`
      [
        [
          "etc/pf.conf:10:1 vpn/l2tp-in-clear: UDP 1701 can be reached without IPsec: whoever guesses a password is in, and what users send is readable. \`in em0 udp 192.0.2.80:40000 > 198.51.100.2:1701\` passes; let L2TP in on enc0 only.",
        ],
        [
          "etc/pf.conf:10:1 vpn/l2tp-in-clear: UDP 1701 can be reached without IPsec: whoever guesses a password is in, and what users send is readable. \`in em0 udp [2001:db8:ffff::80]:40000 > [2001:db8::2]:1701\` passes; let L2TP in on enc0 only.",
        ],
        [],
      ]
    `);
  });

  it("are told of addresses that clash", () => {
    expect([
      found(["etc/hostname.em1", "192.168.7.1 255.255.255.0", "10.87.0.1 255.255.0.0"]),
      found(
        ["etc/npppd/npppd.conf", "10.87.43.2-10.87.43.254", "192.168.1.2-192.168.1.100"],
        ["etc/npppd/npppd.conf", "10.87.43.1", "192.168.1.1"],
      ).filter((one) => !one.includes("no-nat")),
      found(["etc/npppd/npppd-users", "10.87.43.111", "10.87.44.111"]),
    ]).toMatchInlineSnapshot(`
      [
        [
          "etc/npppd/npppd.conf:9:2 vpn/pool-overlap: The pool 10.87.43.2-10.87.43.254 lies in 10.87.0.0/16, the network of em1: hosts there look for clients on their own link and find nobody. Give clients a network of their own.",
        ],
        [
          "etc/npppd/npppd-users:3:21 npppd/framed-outside-pool: 10.87.43.111 is in no pool of npppd.conf, so the user gets one of the pool instead; add \`pool-address 10.87.43.111 for static\`.",
          "etc/npppd/npppd.conf:9:2 vpn/usual-network: The pool 192.168.1.2-192.168.1.100 meets 192.168.1.0/24, which many home routers use: clients behind one of those cannot tell the two apart. Take something rare, like 10.87.43.0/24.",
        ],
        [
          "etc/npppd/npppd-users:3:21 npppd/framed-outside-pool: 10.87.44.111 is in no pool of npppd.conf, so the user gets one of the pool instead; add \`pool-address 10.87.44.111 for static\`.",
        ],
      ]
    `);
  });

  it("are told that a file with another name is not read", () => {
    const files = { ...GOOD, "etc/npppd/nppd.conf": GOOD["etc/npppd/npppd.conf"] };
    expect(checkTree(files, OPENBSD).filter((one) => one.code === "vpn/file-name")).toHaveLength(1);
  });
});
