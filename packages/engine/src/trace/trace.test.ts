import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { traceJson } from "./json.ts";
import { traceText } from "./lines.ts";
import { parsePacketLine } from "./packet-line.ts";
import { type Trace, traceSpec } from "./trace.ts";

const system = parseSystem("openbsd-7.8") as System;

const FILES = {
  "etc/hostname.vr0": "inet 198.51.100.199 255.255.255.0\n",
  "etc/hostname.vr1": "inet 192.168.1.1 255.255.255.0\n",
  "etc/hostname.vr2": "inet 203.0.113.220 255.255.255.0\n",
  "etc/mygate": "203.0.113.200\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
  "etc/pf.conf": `set skip on lo
block return
match out on vr2 inet from 192.168.1.0/24 nat-to 203.0.113.220
anchor "web" in on vr1 proto tcp {
  pass proto tcp to port { 80 443 } tag WEB
}
pass out on vr2 tagged WEB
pass in on vr1 proto udp to (vr1) port 53
pass out on vr0 route-to 198.51.100.100
block drop in on vr0
`,
};

function trace(line: string): Trace {
  const { machine } = buildMachine(FILES, system);
  const { spec, error } = parsePacketLine(line, system);
  expect(error).toBeNull();
  const result = traceSpec(machine, spec as NonNullable<typeof spec>);
  if (typeof result === "string") throw new Error(result);
  return result;
}

describe("a trace", () => {
  it("shows each pass, the anchors, the rules with their place, translation, route and state", () => {
    const text = traceText(trace("in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"));
    // Ports of NAT are random.
    expect(text.replace(/203\.0\.113\.220:\d+/g, "203.0.113.220:PORT")).toMatchInlineSnapshot(`
      "arrives on vr1: tcp 192.168.1.10:40000 > 93.184.216.34:443 S
      in on vr1: tcp 192.168.1.10:40000 > 93.184.216.34:443 S
        @0 block return all  [etc/pf.conf:2]
        @2 anchor "web" in on vr1 proto tcp all  [etc/pf.conf:4]
        enters anchor web  [etc/pf.conf:4]
          @1 pass proto tcp from any to any port = 443 flags S/SA tag WEB  [etc/pf.conf:5]
        leaves anchor web
        passes, makes a state by @1 in anchor web: pass proto tcp from any to any port = 443 flags S/SA tag WEB  [etc/pf.conf:5]
        tagged WEB
      route default via 203.0.113.200 by vr2
      out on vr2: tcp 192.168.1.10:40000 > 93.184.216.34:443 S
        @0 block return all  [etc/pf.conf:2]
        @1 match out on vr2 inet from 192.168.1.0/24 to any nat-to 203.0.113.220  [etc/pf.conf:3]
        nat: source 192.168.1.10:40000 → 203.0.113.220:PORT  [etc/pf.conf:3]
        @3 pass out on vr2 all flags S/SA tagged WEB  [etc/pf.conf:7]
        passes, makes a state by @3: pass out on vr2 all flags S/SA tagged WEB  [etc/pf.conf:7]
        source port is chosen at random: 50001-65535
        tagged WEB
      leaves vr2 for 203.0.113.200: tcp 203.0.113.220:PORT > 93.184.216.34:443 S
      state: all tcp 93.184.216.34:443 <- 192.168.1.10:40000 CLOSED:SYN_SENT
      state: all tcp 203.0.113.220:PORT (192.168.1.10:40000) -> 93.184.216.34:443 SYN_SENT:CLOSED
      The packet passes; leaves vr2 for 203.0.113.200 as 203.0.113.220."
    `);
  });

  it.each([
    ["in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S", "passes; leaves vr2 for 203.0.113.200 as 203.0.113.220"],
    ["in vr1 udp 192.168.1.10:4000 > 192.168.1.1:53", "passes; reaches the machine itself"],
    [
      "in vr1 tcp 192.168.1.10:4000 > 93.184.216.34:25 S",
      "is refused with a TCP reset in on vr1 by `block return all` (etc/pf.conf:2)",
    ],
    [
      "in vr1 udp 192.168.1.10:4000 > 93.184.216.34:53",
      "is refused with an ICMP error in on vr1 by `block return all` (etc/pf.conf:2)",
    ],
    [
      "in vr0 tcp 8.8.8.8:4000 > 198.51.100.199:22 S",
      "is blocked in on vr0 by `block drop in on vr0 all` (etc/pf.conf:10)",
    ],
    [
      "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S ttl=1",
      "goes no further: its time to live is over; the sender gets an ICMP error",
    ],
    [
      "in vr1 udp 127.0.0.1:4000 > 192.168.1.1:53",
      "is dropped by the machine: 127.0.0.1 must not be on the wire (RFC 1122)",
    ],
    ["out icmp 198.51.100.199 > 198.51.100.100", "passes; leaves vr0 for 198.51.100.100"],
  ])("%s %s", (line, sentence) => {
    expect(trace(line).sentence).toBe(sentence);
  });

  it("says the same in JSON", () => {
    const json = traceJson(trace("in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"));
    expect(json).toMatchObject({
      verdict: "pass",
      interface: "vr1",
      packet: { proto: "tcp", from: "192.168.1.10", fromPort: 40000, to: "93.184.216.34", toPort: 443, flags: "S" },
      sentence: "passes; leaves vr2 for 203.0.113.200 as 203.0.113.220",
    });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });

  it("refuses an interface that the machine does not have", () => {
    const { machine } = buildMachine(FILES, system);
    const { spec } = parsePacketLine("in em0 icmp 192.168.1.10 > 93.184.216.34", system);
    expect(traceSpec(machine, spec as NonNullable<typeof spec>)).toBe(
      "There is no interface `em0` on this machine; it has lo0, vr0, vr1, vr2.",
    );
  });
});
