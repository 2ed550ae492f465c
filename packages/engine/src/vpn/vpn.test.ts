import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { runScenario } from "../scenario/index.ts";

/** The article's head-end, with what it leaves out: addresses, forwarding, rules for the clients' own traffic. */
const FILES = {
  "/etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
  "/etc/hostname.em1": "inet 192.168.7.1 255.255.255.0\n",
  "/etc/mygate": "198.51.100.1\n",
  "/etc/sysctl.conf": "net.inet.ip.forwarding=1\nnet.pipex.enable=1\n",
  "/etc/rc.conf.local": 'isakmpd_flags="-K"\nipsec=YES\nnpppd_flags=""\n',
  "/etc/ipsec.conf":
    'ike passive esp transport proto udp from 198.51.100.2 to any port 1701 psk "mekmitasdigoat-mekmitasdigoat"\n',
  "/etc/npppd/npppd-users":
    "myuser:\\\n    :password=a-long-enough-password-1:\\\n    :framed-ip-address=10.0.0.111:\nother:\\\n    :password=a-long-enough-password-2:\n",
  "/etc/pf.conf": `set skip on lo
block return
pass quick proto { esp, ah } from any to self
pass quick proto udp from any to self port { isakmp, ipsec-nat-t } keep state
pass on enc0 from any to self keep state (if-bound)
pass on pppx
pass out on em1
pass out on em0
match out on em0 inet from 10.0.0.0/24 nat-to (em0)
`,
};

type Files = Record<string, string>;

function run(steps: string, changes: Files = {}): string[] {
  const files = { ...FILES, ...changes };
  const text = `name: vpn\nsystem: openbsd-7.8\nforwarding: true\nfiles: ${JSON.stringify(files)}\nsteps:\n${steps}`;
  const result = runScenario(new Source("vpn.scenario.yaml", text), { readTree: () => null });
  return [
    ...result.startErrors,
    ...result.diagnostics.map((one) => one.message),
    ...result.steps.flatMap((step) =>
      step.failures.map(({ what, expected, got }) => `${step.number} ${what}: ${expected}, got ${got}`),
    ),
  ];
}

describe("a road warrior over L2TP/IPsec", () => {
  it("comes in, gets the address of its record, reaches LAN and internet, and is answered", () => {
    const steps = `
  - connect: { user: myuser, from: 203.0.113.9 }
    expect: { connected: true, address: 10.0.0.111, interface: pppx0 }
  - packet: { client: myuser, from: "10.0.0.111:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1, from: "10.0.0.111:40000" }
  - reply: {}
    expect: { verdict: pass, out: pppx0, to: "10.0.0.111:40000" }
  - packet: { client: myuser, from: "10.0.0.111:40001", to: "192.0.2.80:443" }
    expect: { verdict: pass, out: em0, from: 198.51.100.2 }
  - reply: {}
    expect: { verdict: pass, out: pppx0, to: "10.0.0.111:40001" }
  - connect: { user: other, from: 203.0.113.10, nat: true, port: 61234 }
    expect: { connected: true, address: 10.0.0.2, interface: pppx1 }
  - packet: { client: other, from: "10.0.0.2:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - reply: {}
    expect: { verdict: pass, out: pppx1 }
  - disconnect: myuser
  - packet: { in: em1, from: "192.168.7.20:22", to: "10.0.0.111:40000", flags: SA }
    # The states of its connections float: what was for the client goes out in the clear.
    expect: { verdict: pass, out: em0 }
`;
    expect(run(steps)).toEqual([]);
  });

  it("is kept out where the way is shut, and the step says where", () => {
    const one = "  - connect: { user: myuser, from: 203.0.113.9 }\n    expect: { connected: true }\n";
    const without = (file: string, text: string): Files => ({
      [file]: (FILES as Files)[file]?.replace(text, "") ?? "",
    });
    expect([
      run(one, without("/etc/pf.conf", "isakmp, ")),
      run(one, without("/etc/pf.conf", "pass quick proto { esp, ah } from any to self\n")),
      run(one, without("/etc/pf.conf", "pass on enc0 from any to self keep state (if-bound)\n")),
      run(one, without("/etc/sysctl.conf", "net.pipex.enable=1\n")),
      run(one, without("/etc/rc.conf.local", "ipsec=YES\n")),
      run(one, without("/etc/rc.conf.local", 'npppd_flags=""\n')),
      run(one.replace("myuser", "nobody")),
      run(one, { "/etc/ipsec.conf": FILES["/etc/ipsec.conf"].replace("transport", "tunnel") }),
    ]).toMatchInlineSnapshot(`
      [
        [
          "1 connected: true, got false (IKE to UDP 500 is refused with an ICMP error in on em0 by \`block return all\` (/etc/pf.conf:2))",
        ],
        [
          "1 connected: true, got false (L2TP in ESP is refused with an ICMP error in on em0 by \`block return all\` (/etc/pf.conf:2))",
        ],
        [
          "1 connected: true, got false (L2TP in ESP is refused with an ICMP error in on enc0 by \`block return all\` (/etc/pf.conf:2))",
        ],
        [
          "1 connected: true, got false (pppx0 needs pipex(4), and net.pipex.enable is off)",
        ],
        [
          "1 connected: true, got false (isakmpd does not run: boot does not load ipsec.conf: write \`ipsec=YES\` in rc.conf.local)",
        ],
        [
          "1 connected: true, got false (npppd does not run: boot does not start npppd: /etc/rc.conf.local has no \`npppd_flags\`)",
        ],
        [
          "1 connected: true, got false (/etc/npppd/npppd-users has no user nobody)",
        ],
        [
          "1 connected: true, got false (isakmpd refuses the client's quick mode: no rule offers transport mode for UDP 1701 between 198.51.100.2 and anybody)",
        ],
      ]
    `);
  });

  it("is shut out by the next one behind the same NAT: their flows are the same", () => {
    const steps = `
  - connect: { user: myuser, from: 203.0.113.9, nat: true, port: 61234 }
    expect: { connected: true }
  - packet: { client: myuser, from: "10.0.0.111:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - connect: { user: other, from: 203.0.113.9, nat: true, port: 61235 }
    expect: { connected: true, address: 10.0.0.2 }
  - packet: { client: other, from: "10.0.0.2:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - packet: { client: myuser, from: "10.0.0.111:40001", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
`;
    expect(run(steps)).toMatchInlineSnapshot(`
      [
        "5 verdict: pass, got block",
        "5 out: em1, got it did not leave",
      ]
    `);
  });

  it("cannot do without IPsec: L2TP on the wire is blocked", () => {
    const steps = `
  - packet: { in: em0, proto: udp, from: "203.0.113.9:1701", to: "198.51.100.2:1701" }
    expect: { verdict: return-icmp }
  - packet: { client: myuser, from: "10.0.0.111:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass }
`;
    expect(run(steps)).toMatchInlineSnapshot(`
      [
        "2 packet: a packet, got \`myuser\` is not connected.",
      ]
    `);
  });
});

describe("a road warrior over IKEv2", () => {
  it("comes in by iked, in tunnel mode", () => {
    const changes = {
      "/etc/rc.conf.local": 'iked_flags=""\n',
      "/etc/ipsec.conf": "",
      "/etc/iked.conf": `user "anna" "a-long-enough-password-3"
ikev2 "road" passive esp from 0.0.0.0/0 to dynamic local 198.51.100.2 peer any eap "mschap-v2" config address 10.0.5.0/24 tag ROAD
`,
      "/etc/pf.conf": FILES["/etc/pf.conf"].replace(
        "pass on pppx\n",
        "pass in on enc0 from 10.0.5.0/24\npass out on enc0 to 10.0.5.0/24\n",
      ),
    };
    const steps = `
  - connect: { user: anna, from: 203.0.113.9, protocol: ikev2, nat: true }
    expect: { connected: true, address: 10.0.5.1, interface: enc0 }
  - packet: { client: anna, from: "10.0.5.1:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - reply: {}
    expect: { verdict: pass, out: em0 }
  - connect: { user: bert, from: 203.0.113.10, protocol: ikev2 }
    expect: { connected: false }
`;
    expect(run(steps, changes)).toEqual([]);
  });
});
