import { parseSystem, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { buildPacket } from "../scenario/build-packet.ts";
import { runScenario } from "../scenario/run-scenario.ts";
import { traceText } from "../trace/lines.ts";
import { parsePacketLine } from "../trace/packet-line.ts";
import { traceSpec } from "../trace/trace.ts";
import { delivery, departure } from "./journey.ts";
import { receivePacket } from "./send.ts";

const OPENBSD = parseSystem("openbsd-7.8") as System;

const FILES = {
  "etc/hostname.em0": "inet 198.51.100.2 255.255.255.0\n",
  "etc/hostname.em1": "inet6 2001:db8:1::1 64\n",
  "etc/hostname.gif0":
    "tunnel 198.51.100.2 203.0.113.9\ninet6 2001:db8:9::2 64\n!route -qn add -inet6 default 2001:db8:9::1\n",
  "etc/mygate": "198.51.100.1\n",
  "etc/sysctl.conf": "net.inet6.ip6.forwarding=1\n",
  "etc/pf.conf":
    "block\npass out on em0 proto ipv6 to 203.0.113.9\npass in on em0 proto ipv6 from 203.0.113.9\npass in on em1 inet6\npass on gif0 inet6\n",
};

function packetOf(line: string) {
  const { spec } = parsePacketLine(line, OPENBSD);
  const packet = spec === null ? "unread" : buildPacket(spec);
  if (typeof packet === "string") throw new Error(packet);
  return packet;
}

describe("IP in IP", () => {
  it("goes out by the tunnel, in a packet that pf sees again on the line", () => {
    const { machine } = buildMachine(FILES, OPENBSD);
    const { spec } = parsePacketLine("in em1 tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S", OPENBSD);
    if (spec === null) throw new Error("unread");
    const trace = traceSpec(machine, spec);
    if (typeof trace === "string") throw new Error(trace);
    expect(trace.journey.verdict).toBe("pass");
    expect(departure(trace.journey)?.interface).toBe("gif0");
    expect(traceText(trace)).toMatchInlineSnapshot(`
      "arrives on em1: tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S
      in on em1: tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S
        @0 block drop all  [etc/pf.conf:1]
        @3 pass in on em1 inet6 all flags S/SA  [etc/pf.conf:4]
        passes, makes a state by @3: pass in on em1 inet6 all flags S/SA  [etc/pf.conf:4]
      route default via 2001:db8:9::1 by gif0
      out on gif0: tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S
        @0 block drop all  [etc/pf.conf:1]
        @4 pass on gif0 inet6 all flags S/SA  [etc/pf.conf:5]
        passes, makes a state by @4: pass on gif0 inet6 all flags S/SA  [etc/pf.conf:5]
      leaves gif0 for 2001:db8:9::1: tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S
      carried in IP by gif0: ipv6 198.51.100.2 > 203.0.113.9
      route default via 198.51.100.1 by em0
      out on em0: ipv6 198.51.100.2 > 203.0.113.9
        @0 block drop all  [etc/pf.conf:1]
        @1 pass out on em0 inet proto ipv6 from any to 203.0.113.9  [etc/pf.conf:2]
        passes, makes a state by @1: pass out on em0 inet proto ipv6 from any to 203.0.113.9  [etc/pf.conf:2]
      leaves em0 for 198.51.100.1: ipv6 198.51.100.2 > 203.0.113.9
      state: all tcp 2001:db8:ff::1[80] <- 2001:db8:1::10[40000] CLOSED:SYN_SENT
      state: all tcp 2001:db8:1::10[40000] -> 2001:db8:ff::1[80] SYN_SENT:CLOSED
      state: all ipv6 198.51.100.2 -> 203.0.113.9 SINGLE:NO_TRAFFIC
      The packet passes; leaves gif0 for 2001:db8:9::1."
    `);
  });

  it("is lost when pf blocks what carries it", () => {
    const rules = FILES["etc/pf.conf"].replace("pass out on em0 proto ipv6 to 203.0.113.9\n", "");
    const { machine } = buildMachine({ ...FILES, "etc/pf.conf": rules }, OPENBSD);
    const journey = receivePacket(
      machine,
      "em1",
      packetOf("in em1 tcp [2001:db8:1::10]:40000 > [2001:db8:ff::1]:80 S"),
    );
    expect(journey.verdict).toBe("block");
  });

  it("comes in on the tunnel's interface", () => {
    const { machine } = buildMachine(FILES, OPENBSD);
    const inside = packetOf("in gif0 tcp [2001:db8:ff::1]:80 > [2001:db8:1::10]:40000 S");
    const outside = packetOf("in em0 ipv6 203.0.113.9 > 198.51.100.2");
    outside.carried = inside;
    const journey = receivePacket(machine, "em0", outside);
    expect([journey.verdict, departure(journey)?.interface]).toEqual(["block", undefined]);
    const ours = packetOf("in gif0 icmp6 2001:db8:ff::1 > 2001:db8:9::2");
    const toUs = receivePacket(machine, "em0", { ...outside, carried: ours });
    expect([toUs.verdict, delivery(toUs)?.interface]).toEqual(["pass", "gif0"]);
    const stranger = receivePacket(machine, "em0", {
      ...outside,
      source: packetOf("in em0 udp 203.0.113.10:1 > 1.1.1.1:1").source,
      carried: ours,
    });
    expect(stranger.verdict).toBe("block");
  });

  it("is carried both ways in a scenario", () => {
    const { ok, steps, startErrors } = runScenario(
      new Source(
        "gif.scenario.yaml",
        `name: through the tunnel
system: openbsd-7.8
forwarding: true
files: ${JSON.stringify(Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path.replace("etc/", "/etc/"), text])))}
steps:
  - packet: { in: em1, from: "[2001:db8:1::10]:40000", to: "[2001:db8:ff::1]:80" }
    expect: { verdict: pass, out: gif0, next-hop: 2001:db8:9::1 }
  - reply: {}
    expect: { verdict: pass, out: em1, to: "[2001:db8:1::10]:40000" }
  - packet: { in: em0, from: 203.0.113.9, to: 198.51.100.2, carried: { proto: icmp6, from: "2001:db8:ff::1", to: "2001:db8:9::2" } }
    expect: { verdict: pass, delivered: true, to: "2001:db8:9::2" }
  - packet: { in: em0, from: 203.0.113.10, to: 198.51.100.2, carried: { proto: icmp6, from: "2001:db8:ff::1", to: "2001:db8:9::2" } }
    expect: { verdict: block }
`,
      ),
      { readTree: () => null },
    );
    expect(startErrors).toEqual([]);
    expect(steps.flatMap((step) => step.failures)).toEqual([]);
    expect(ok).toBe(true);
  });
});
