import { type Address, PROTOCOL, parseAddress, parseSystem, plainPacket, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { checkTree } from "../check/index.ts";
import { stepsOf } from "../network/journey.ts";
import { receivePacket } from "../network/send.ts";
import { fromClient } from "../network/tunnel.ts";
import { runScenario } from "../scenario/index.ts";
import { connectClient, readHeadEnd } from "./index.ts";

const FREEBSD = parseSystem("freebsd-14.3") as System;

/** A head-end for L2TP and for IKEv2, as somebody would write it by hand. */
const FILES = {
  "etc/rc.conf": `ifconfig_em0="inet 198.51.100.2/24"
ifconfig_em1="inet 192.168.7.1/24"
ifconfig_enc0="up"
kld_list="ipsec if_enc"
defaultrouter="198.51.100.1"
gateway_enable="YES"
pf_enable="YES"
strongswan_enable="YES"
mpd_enable="YES"
`,
  "etc/sysctl.conf": "net.enc.in.ipsec_filter_mask=2\n",
  "etc/pf.conf": `set skip on lo0
nat on em0 inet from { 10.87.43.0/24, 10.87.44.0/24 } to any -> (em0)
block drop all
pass in on em0 inet proto esp to (em0)
pass in on em0 inet proto udp to (em0) port { isakmp, ipsec-nat-t }
pass in on enc0 inet proto udp to 198.51.100.2 port l2tp keep state (if-bound)
pass in on enc0 inet from 10.87.44.0/24 keep state (if-bound)
pass in on vpn inet from 10.87.43.0/24
pass out on em0 inet from (em0)
pass out on em1
`,
  "usr/local/etc/swanctl/conf.d/l2tp.conf": `connections {
	l2tp {
		version = 1
		proposals = aes256-sha256-modp2048
		local { auth = psk }
		remote { auth = psk }
		children { l2tp { mode = transport
			local_ts = dynamic[udp/1701]
			remote_ts = dynamic[udp] } }
	}
	road {
		version = 2
		local_addrs = 198.51.100.2
		pools = road
		local { auth = pubkey }
		remote { auth = eap-mschapv2 }
		children { road { local_ts = 192.168.7.0/24, 0.0.0.0/0 } }
	}
}
pools { road { addrs = 10.87.44.10-10.87.44.11 } }
secrets {
	ike { secret = "eeph8Ohzah3aeNgeiquoo1uu" }
	eap-carl { id = carl
		secret = "aeQu3ahg5ooJ0ua" }
}
`,
  "usr/local/etc/mpd5/mpd.conf": `default:
	set ippool add p 10.87.43.2 10.87.43.9
	create bundle template B
	set iface group vpn
	set ipcp ranges 10.87.43.1/32 ippool p
	create link template L l2tp
	set link action bundle B
	set link no pap chap eap
	set link enable chap-msv2
	set l2tp self 198.51.100.2
	set link enable incoming
`,
  "usr/local/etc/mpd5/mpd.secret": 'anna "Oom2Ahk3ahqu9Ai" 10.87.43.111\nbert Gai5Ohd3ieque7u\n',
};

type Change = readonly [file: keyof typeof FILES, from: string | RegExp, to: string];

function changed(...changes: readonly Change[]): Record<string, string> {
  const files: Record<string, string> = { ...FILES };
  for (const [file, from, to] of changes) {
    const text = files[file] as string;
    const next = text.replace(from, to);
    if (next === text) throw new Error(`${file} has no ${from}`);
    files[file] = next;
  }
  return files;
}

function run(steps: string, ...changes: readonly Change[]): string[] {
  const text = `name: vpn\nsystem: freebsd-14.3\nforwarding: true\nfiles: ${JSON.stringify(changed(...changes))}\nsteps:\n${steps}`;
  const result = runScenario(new Source("s", text), { readTree: () => null });
  return [
    ...result.startErrors,
    ...result.diagnostics.map((one) => one.message),
    ...result.steps.flatMap((step) => step.failures.map((one) => `${step.number} ${one.what}: ${one.got}`)),
  ];
}

const ANNA = "  - connect: { user: anna, from: 203.0.113.9 }\n    expect: { connected: true, interface: ng0 }\n";
const CARL =
  "  - connect: { user: carl, from: 203.0.113.10, protocol: ikev2, nat: true }\n    expect: { connected: true, interface: enc0 }\n";

describe("a road warrior on FreeBSD", () => {
  it("comes in over L2TP, gets the address of mpd.secret or of the pool, and is answered", () => {
    const steps = `${ANNA}
  - packet: { client: anna, from: "10.87.43.111:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - reply: {}
    expect: { verdict: pass, out: ng0 }
  - packet: { client: anna, from: "10.87.43.111:40001", to: "192.0.2.80:443" }
    expect: { verdict: pass, out: em0, from: 198.51.100.2 }
  - reply: {}
    expect: { verdict: pass, out: ng0, to: "10.87.43.111:40001" }
  - connect: { user: bert, from: 203.0.113.10, nat: true, port: 61234 }
    expect: { connected: true, address: 10.87.43.2, interface: ng1 }
  - packet: { client: bert, from: "10.87.43.2:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - reply: {}
    expect: { verdict: pass, out: ng1 }
  - disconnect: anna
  - connect: { user: 'OFFICE\\anna', from: 203.0.113.11 }
    expect: { connected: true, address: 10.87.43.111, interface: ng0 }
  - connect: { user: nobody, from: 203.0.113.12 }
    expect: { connected: false }
`;
    expect(run(steps)).toEqual([]);
  });

  it("comes in over IKEv2, and no more of them than the pool has addresses", () => {
    const steps = `${CARL}
  - packet: { client: carl, from: "10.87.44.10:40000", to: "192.168.7.20:22" }
    expect: { verdict: pass, out: em1 }
  - reply: {}
    expect: { verdict: pass, out: em0 }
  - packet: { client: carl, from: "10.87.44.10:40001", to: "192.0.2.80:443" }
    expect: { verdict: pass, out: em0, from: 198.51.100.2 }
  - reply: {}
    expect: { verdict: pass, out: em0 }
  - connect: { user: carl, from: 203.0.113.11, protocol: ikev2 }
    expect: { connected: true, address: 10.87.44.11 }
  - connect: { user: carl, from: 203.0.113.12, protocol: ikev2 }
    expect: { connected: false }
`;
    expect(run(steps)).toEqual([]);
  });

  it("is kept out where the way is shut, and the step says where", () => {
    const conf = "usr/local/etc/mpd5/mpd.conf";
    const swan = "usr/local/etc/swanctl/conf.d/l2tp.conf";
    expect([
      run(ANNA, ["etc/pf.conf", "isakmp, ", ""]),
      run(ANNA, ["etc/pf.conf", /.*proto esp.*\n/, ""]),
      run(ANNA, ["etc/pf.conf", /.*port l2tp.*\n/, ""]),
      run(ANNA, ["etc/rc.conf", 'strongswan_enable="YES"\n', ""]),
      run(ANNA, ["etc/rc.conf", "mpd_enable", 'strongswan_interface="stroke"\nmpd_enable']),
      run(ANNA, ["etc/rc.conf", 'mpd_enable="YES"\n', ""]),
      run(ANNA, [swan, "mode = transport", "mode = tunnel"]),
      run(ANNA, [swan, "udp/1701", "udp/1702"]),
      run(ANNA, [swan, "ike {", "ike { id = 192.0.2.1"]),
      run(ANNA, [swan, "version = 1", "version = 2"]),
      run(ANNA, [conf, "set l2tp self 198.51.100.2", "set l2tp self 192.168.7.1"]),
      run(ANNA, [conf, "enable incoming", "disable incoming"]),
      run(ANNA, [conf, "action bundle B", 'action drop "^anna$"']),
      run(ANNA, [conf, "action bundle B", 'action bundle B "^bert$"']),
      run(ANNA, [conf, "enable incoming", "enable incoming\n\tset auth disable internal"]),
      run(ANNA.replaceAll("anna", "bert"), [conf, "ippool p\n", "ippool q\n"]),
      run(ANNA.replaceAll("anna", "bert"), [conf, /.*set ipcp.*\n/, ""]),
      run(CARL, [swan, "id = carl", "id = dora"]),
      run(CARL, [swan, "pools = road", "pools = radius"]),
      run(CARL, [swan, "local_addrs = 198.51.100.2", "remote_addrs = 192.0.2.0/24"]),
      run(CARL, [swan, "local_ts = 192.168.7.0/24, 0.0.0.0/0", "local_ts = fe80::/10"]),
    ]).toMatchInlineSnapshot(`
      [
        [
          "1 connected: false (IKE to UDP 500 is blocked in on em0 by \`block drop all\` (/etc/pf.conf:3))",
          "1 interface: none",
        ],
        [
          "1 connected: false (L2TP in ESP is blocked in on em0 by \`block drop all\` (/etc/pf.conf:3))",
          "1 interface: none",
        ],
        [
          "1 connected: false (L2TP in ESP is blocked in on enc0 by \`block drop all\` (/etc/pf.conf:3))",
          "1 interface: none",
        ],
        [
          "1 connected: false (strongSwan does not run: boot does not start strongswan: /etc/rc.conf has no \`strongswan_enable="YES"\`)",
          "1 interface: none",
        ],
        [
          "1 connected: false (strongSwan does not run: \`strongswan_interface="stroke"\` in /etc/rc.conf starts it without swanctl.conf; write vici)",
          "1 interface: none",
        ],
        [
          "1 connected: false (mpd5 does not run: boot does not start mpd: /etc/rc.conf has no \`mpd_enable="YES"\`)",
          "1 interface: none",
        ],
        [
          "1 connected: false (no child of l2tp offers transport mode for UDP 1701 between 198.51.100.2 and anybody)",
          "1 interface: none",
        ],
        [
          "1 connected: false (no child of l2tp offers transport mode for UDP 1701 between 198.51.100.2 and anybody)",
          "1 interface: none",
        ],
        [
          "1 connected: false (swanctl.conf has no \`secrets { ike… }\` for 203.0.113.9)",
          "1 interface: none",
        ],
        [
          "1 connected: false (no IKEv1 connection of swanctl.conf takes 203.0.113.9 at 198.51.100.2: road warriors need one without \`remote_addrs\`)",
          "1 interface: none",
        ],
        [
          "1 connected: false (IKE to UDP 500 is blocked in on em0 by \`block drop all\` (/etc/pf.conf:3))",
          "1 interface: none",
        ],
        [
          "1 connected: false (no L2TP link of mpd.conf takes calls on 198.51.100.2)",
          "1 interface: none",
        ],
        [
          "1 connected: false (link L drops calls of anna)",
          "1 interface: none",
        ],
        [
          "1 connected: false (no \`set link action\` of link L says what becomes of anna)",
          "1 interface: none",
        ],
        [
          "1 connected: false (link L has nowhere to look users up: \`set auth enable internal\`)",
          "1 interface: none",
        ],
        [
          "1 connected: false (the pool q has no free address)",
          "1 interface: none",
        ],
        [
          "1 connected: false (bundle B has no \`set ipcp ranges\`: the client has no address to ask for)",
          "1 interface: none",
        ],
        [
          "1 connected: false (swanctl.conf has no secret with \`id = carl\`)",
          "1 interface: none",
        ],
        [
          "1 connected: false (its address comes from radius, and is not known here)",
          "1 interface: none",
        ],
        [
          "1 connected: false (no IKEv2 connection of swanctl.conf takes 203.0.113.10 at 198.51.100.2)",
          "1 interface: none",
        ],
        [
          "1 connected: false (connection road has no child in tunnel mode for IPv4: write \`local_ts = 0.0.0.0/0\`)",
          "1 interface: none",
        ],
      ]
    `);
  });

  it("needs no login where nobody asks for one, and RADIUS is taken to say yes", () => {
    const conf = "usr/local/etc/mpd5/mpd.conf";
    const stranger = ANNA.replaceAll("anna", "stranger");
    expect(run(stranger, [conf, /.*enable chap-msv2\n/, ""])).toEqual([]);
    expect(run(stranger, [conf, "enable incoming", "enable incoming\n\tset auth enable radius-auth"])).toEqual([]);
  });

  it("is asked for L2TP on enc0 only: on the wire it is blocked, and states of enc0 do not let it pass", () => {
    const steps = `${ANNA}
  - packet: { in: em0, proto: udp, from: "203.0.113.9:1701", to: "198.51.100.2:1701" }
    expect: { verdict: block }
`;
    expect(run(steps)).toEqual([]);
    // A state that floats does let it pass, once Anna is connected.
    expect(run(steps, ["etc/pf.conf", "port l2tp keep state (if-bound)", "port l2tp"])).toEqual(["2 verdict: pass"]);
  });
});

/** What pf sees of a packet of a client to the LAN, and of the answer: direction, interface, protocol, addresses. */
function passes(protocol: "ikev2" | "l2tp-ipsec", ...changes: readonly Change[]): string[] {
  const build = buildMachine(changed(["etc/pf.conf", "block drop all", "pass all"], ...changes), FREEBSD);
  const headEnd = readHeadEnd(build);
  const user = protocol === "ikev2" ? "carl" : "anna";
  const client = { user, protocol, from: at("203.0.113.9"), nat: false, port: null, to: null };
  const framed = headEnd === null ? null : connectClient(build, headEnd, client).framed;
  if (framed === null) throw new Error("not connected");
  const question = plainPacket(framed, at("192.168.7.20"), PROTOCOL.udp, 64);
  question.sourcePort = 40_000;
  question.destinationPort = 53;
  const through = fromClient(build.machine, user, question);
  if (typeof through === "string") throw new Error(through);
  const coming = receivePacket(build.machine, through.interface, through.packet);
  const answer = plainPacket(at("192.168.7.20"), framed, PROTOCOL.udp, 64);
  answer.sourcePort = 53;
  answer.destinationPort = 40_000;
  const going = receivePacket(build.machine, "em1", answer);
  return [coming, going].flatMap((journey) =>
    stepsOf(journey, "filter")
      .filter((step) => step.interface !== "em1")
      .map(({ direction, interface: name, before: { protocol: number, source, destination } }) => {
        const shown = Object.entries(PROTOCOL).find(([, value]) => value === number)?.[0] ?? number;
        return `${direction} ${name} ${shown} ${source} > ${destination}`;
      }),
  );
}

function at(text: string): Address {
  return parseAddress(text) as Address;
}

describe("enc(4)", () => {
  const off: Change = ["etc/rc.conf", 'ifconfig_enc0="up"\n', ""];
  const mask = (value: string): Change => ["etc/sysctl.conf", /^.*\n/, value];

  it("shows pf a tunnel's packets as the masks say, and nothing while it is down", () => {
    expect({
      "in 2, out 1": passes("ikev2"),
      "in 1, out 1": passes("ikev2", mask("# the defaults\n")),
      "in 3, out 3": passes("ikev2", mask("net.enc.in.ipsec_filter_mask=3\nnet.enc.out.ipsec_filter_mask=0x3\n")),
      "in 0, out 0": passes("ikev2", mask("net.enc.in.ipsec_filter_mask=0\nnet.enc.out.ipsec_filter_mask=0\n")),
      down: passes("ikev2", off),
      filtertunnel: passes("ikev2", off, mask("net.inet.ipsec.filtertunnel=1\n")),
    }).toMatchInlineSnapshot(`
      {
        "down": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "filtertunnel": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in em0 udp 10.87.44.10 > 192.168.7.20",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "in 0, out 0": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "in 1, out 1": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in enc0 ipv4 203.0.113.9 > 198.51.100.2",
          "out enc0 udp 192.168.7.20 > 10.87.44.10",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "in 2, out 1": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in enc0 udp 10.87.44.10 > 192.168.7.20",
          "out enc0 udp 192.168.7.20 > 10.87.44.10",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "in 3, out 3": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in enc0 ipv4 203.0.113.9 > 198.51.100.2",
          "in enc0 udp 10.87.44.10 > 192.168.7.20",
          "out enc0 udp 192.168.7.20 > 10.87.44.10",
          "out enc0 ipv4 198.51.100.2 > 203.0.113.9",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
      }
    `);
  });

  it("shows L2TP in transport mode, and PPP on an interface of its own", () => {
    expect({ up: passes("l2tp-ipsec"), down: passes("l2tp-ipsec", off) }).toMatchInlineSnapshot(`
      {
        "down": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in ng0 udp 10.87.43.111 > 192.168.7.20",
          "out ng0 udp 192.168.7.20 > 10.87.43.111",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
        "up": [
          "in em0 esp 203.0.113.9 > 198.51.100.2",
          "in enc0 udp 203.0.113.9 > 198.51.100.2",
          "in ng0 udp 10.87.43.111 > 192.168.7.20",
          "out ng0 udp 192.168.7.20 > 10.87.43.111",
          "out enc0 udp 198.51.100.2 > 203.0.113.9",
          "out em0 esp 198.51.100.2 > 203.0.113.9",
        ],
      }
    `);
  });
});

describe("what check says of a FreeBSD head-end", () => {
  const found = (...changes: readonly Change[]): string[] =>
    checkTree(changed(...changes), FREEBSD)
      .filter((one) => /^(vpn|machine)\//.test(one.code))
      .map((one) => `${one.source?.name}:${one.source?.position(one.span.start).line} ${one.code}: ${one.message}`);

  it("is nothing when it is right", () => {
    expect(found()).toEqual([]);
  });

  it("is what stops clients, opens doors, or is not filtered", () => {
    expect([
      found(["etc/pf.conf", "isakmp, ", ""]),
      found(["etc/pf.conf", "on vpn", "on ng0"]),
      found(["etc/pf.conf", "on vpn", "on ng"]),
      found(["etc/rc.conf", 'gateway_enable="YES"\n', ""]),
      found(["etc/rc.conf", 'mpd_enable="YES"\n', ""]),
      found(["etc/pf.conf", "10.87.43.0/24, ", ""]),
      found(["etc/pf.conf", "pass out on em1\n", "pass out on em1\npass in on em0 proto udp to port 1000:2000\n"]),
      found(["etc/rc.conf", 'ifconfig_enc0="up"\n', ""]),
      found(["etc/rc.conf", 'kld_list="ipsec if_enc"\n', ""]),
      found(["etc/rc.conf", /ifconfig_enc0.*\nkld_list.*\n/, ""]),
      found(["etc/sysctl.conf", "=2", "=0"]),
      found(["etc/sysctl.conf", "=2", "=1"]),
      found(["usr/local/etc/mpd5/mpd.secret", "10.87.43.111", "10.87.43.3"]),
      found(["usr/local/etc/mpd5/mpd.secret", "ieque7u", "ieque7u 10.87.43.111"]),
      found(["etc/rc.conf", "192.168.7.1/24", "10.87.0.1/16"]),
    ]).toMatchInlineSnapshot(`
      [
        [
          "etc/pf.conf:3 vpn/client-refused: No L2TP/IPsec client gets in: IKE to UDP 500 is blocked in on em0 by \`block drop all\` (etc/pf.conf:3).",
          "etc/pf.conf:3 vpn/client-refused: No IKEv2 client gets in: IKE to UDP 500 is blocked in on em0 by \`block drop all\` (etc/pf.conf:3).",
        ],
        [
          "etc/pf.conf:3 vpn/one-client: The first client's packets are passed in on ng0, the next client's are blocked in on ng1: every client has an interface of its own. Write rules for \`on vpn\`.",
        ],
        [
          "etc/pf.conf:3 vpn/no-client-rule: A connected client's packets are blocked in on ng0, so nothing a VPN user sends is passed; write rules for them, like \`pass in on vpn from 10.87.43.111\`.",
        ],
        [
          "etc/rc.conf:1 machine/not-forwarding: Rules translate or route packets of other hosts, but this machine does not forward: write \`gateway_enable="YES"\` in rc.conf.",
          "etc/rc.conf:1 vpn/not-forwarding: The machine does not forward: VPN clients reach it and nothing behind it. Write \`gateway_enable="YES"\` in rc.conf.",
        ],
        [
          "etc/rc.conf:1 machine/not-started: /usr/local/etc/mpd5/mpd.conf is here, but boot does not start mpd: write \`mpd_enable="YES"\` in /etc/rc.conf.",
        ],
        [
          "etc/pf.conf:3 vpn/no-way-out: What a client sends to the internet is blocked out on em0 by \`block drop all\` (etc/pf.conf:3).",
        ],
        [
          "etc/pf.conf:11 vpn/l2tp-in-clear: UDP 1701 can be reached without IPsec: whoever guesses a password is in, and what users send is readable. \`in em0 udp 192.0.2.80:40000 > 192.168.7.1:1701\` passes; let L2TP in on enc0 only.",
        ],
        [
          "etc/rc.conf:1 vpn/enc-down: pf does not see what comes out of IPsec, and lets it pass: enc0 is down, so a client reaches whatever the machine reaches. To filter, write \`ifconfig_enc0="up"\` in rc.conf.",
        ],
        [
          "etc/rc.conf:1 vpn/enc-not-loaded: rc.conf sets enc0 up and nothing loads it: the kernel as installed does not have it, and pf then sees nothing of what comes out of IPsec. Write \`if_enc_load="YES"\` in loader.conf.",
        ],
        [
          "etc/rc.conf:1 vpn/enc-down: pf does not see what comes out of IPsec, and lets it pass: enc0 is not there, so a client reaches whatever the machine reaches. To filter, load the module with \`if_enc_load="YES"\` in loader.conf, and write \`ifconfig_enc0="up"\` in rc.conf.",
        ],
        [
          "etc/pf.conf:3 vpn/client-refused: No L2TP/IPsec client gets in: mpd5's answer is blocked out on enc0 by \`block drop all\` (etc/pf.conf:3).",
          "etc/sysctl.conf:1 vpn/enc-mask: With \`net.enc.in.ipsec_filter_mask=0\` pf does not see what comes out of IPsec, and lets it pass; write 2.",
        ],
        [
          "etc/pf.conf:3 vpn/no-client-rule: A connected client's packets are blocked in on enc0, so nothing a VPN user sends is passed; write rules for them, like \`pass in on enc0 from 10.87.44.10\`.",
          "etc/sysctl.conf:1 vpn/enc-mask: pf sees what comes out of IPsec with ESP's outer header only, from the client's own address: no rule can tell what is inside. Write \`net.enc.in.ipsec_filter_mask=2\` in sysctl.conf.",
        ],
        [
          "usr/local/etc/mpd5/mpd.secret:1 vpn/framed-in-pool: 10.87.43.3 is in the pool p as well: whoever comes first may get it, and anna then cannot connect. Leave it out of the pool.",
        ],
        [
          "usr/local/etc/mpd5/mpd.secret:2 vpn/framed-twice: 10.87.43.111 is the address of anna, too: only one of the two can be connected.",
        ],
        [
          "usr/local/etc/mpd5/mpd.conf:2 vpn/pool-overlap: The pool 10.87.43.2-10.87.43.9 lies in 10.87.0.0/16, the network of em1: hosts there look for clients on their own link and find nobody. Give clients a network of their own.",
          "usr/local/etc/swanctl/conf.d/l2tp.conf:20 vpn/pool-overlap: The pool 10.87.44.10-10.87.44.11 lies in 10.87.0.0/16, the network of em1: hosts there look for clients on their own link and find nobody. Give clients a network of their own.",
        ],
      ]
    `);
  });
});
