/** Numbers that pfctl and the kernel make: `$nr`, the rules of binat-to with lists, modulated sequence numbers. */
import { type Packet, PROTOCOL, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import { receivePacket, stepsOf } from "../network/index.ts";

function gateway(rules: string): Machine {
  const machine = new Machine(parseSystem("openbsd-7.8") as System, {
    interfaces: [
      { name: "em0", addresses: [parsePrefix("198.51.100.2/24") as never] },
      { name: "em1", addresses: [parsePrefix("192.168.1.1/24") as never] },
    ],
    files: new Map([["/etc/pf.conf", rules]]),
  });
  machine.setForwarding(true);
  machine.addRoute({ destination: parseAddress("0.0.0.0") as never, length: 0, gateway: parseAddress("198.51.100.1") });
  expect(machine.pfctl(["-f", "/etc/pf.conf"]).exit).toBe(0);
  return machine;
}

const rulesOf = (machine: Machine): string[] => machine.pfctl(["-sr"]).output.split("\n").slice(0, -1);

describe("$nr", () => {
  it("counts the rules that the optimizer leaves", () => {
    const machine = gateway(
      'pass in proto udp from 10.0.0.1\npass in proto udp from 10.0.0.1\npass out label "nr$nr" tag "t$nr"\n',
    );
    expect(rulesOf(machine)).toEqual([
      "pass in inet proto udp from 10.0.0.1 to any",
      'pass out all flags S/SA label "nr1" tag t1',
    ]);
  });

  it("counts what is written when there is no optimizer", () => {
    const machine = gateway(
      'set ruleset-optimization none\npass in proto udp\npass in proto udp\npass out label "nr$nr"\n',
    );
    expect(rulesOf(machine)[2]).toBe('pass out all flags S/SA label "nr2"');
  });
});

describe("binat-to with lists", () => {
  it("makes the inbound rule for everything that follows in them", () => {
    const machine = gateway(
      "set ruleset-optimization none\npass inet proto udp from 192.168.1.20 to any port { 80 81 } binat-to 198.51.100.3\n",
    );
    expect(rulesOf(machine)).toEqual([
      "pass out inet proto udp from 192.168.1.20 to any port = 80 nat-to 198.51.100.3 static-port",
      "pass in inet proto udp from any port = 80 to 198.51.100.3 rdr-to 192.168.1.20",
      "pass in inet proto udp from any port = 81 to 198.51.100.3 rdr-to 192.168.1.20",
      "pass out inet proto udp from 192.168.1.20 to any port = 81 nat-to 198.51.100.3 static-port",
      "pass in inet proto udp from any port = 81 to 198.51.100.3 rdr-to 192.168.1.20",
    ]);
  });
});

describe("rdr-to with a range of ports", () => {
  it("wraps as unsigned numbers do below the first port of the rule", () => {
    const machine = gateway("pass in proto udp to any port <= 8080 rdr-to 192.168.1.20 port 8000:*\npass out\n");
    const packet: Packet = {
      family: 4,
      source: parseAddress("203.0.113.9") as never,
      destination: parseAddress("198.51.100.2") as never,
      protocol: PROTOCOL.udp,
      sourcePort: 4000,
      destinationPort: 53,
      ttl: 64,
      tos: 0,
      dontFragment: false,
      id: 0,
      fragment: null,
      options: [],
      payloadLength: 0,
      tcp: null,
      icmp: null,
      sctpChunk: null,
    };
    const sent = stepsOf(receivePacket(machine, "em0", packet), "send")[0]?.packet;
    // (53 - 8080) % 57536 + 8000 is -27, which is far above 65535; 65535 less, in 16 bits.
    expect(sent?.destinationPort).toBe(65_510);
  });
});

describe("an error that goes into the other family", () => {
  it("counts with the header it quotes changed, and its own not yet", () => {
    const machine = new Machine(parseSystem("openbsd-7.8") as System, {
      interfaces: [
        { name: "em0", addresses: [parsePrefix("2001:db8:1::2/64") as never] },
        { name: "em1", addresses: [parsePrefix("192.168.1.1/24") as never] },
      ],
      files: new Map([
        ["/etc/pf.conf", "pass in on em1 inet af-to inet6 from 2001:db8:1::2 to 2001:db8:1::80\npass out\n"],
      ]),
    });
    machine.setForwarding(true);
    expect(machine.pfctl(["-f", "/etc/pf.conf"]).exit).toBe(0);
    const base = {
      ttl: 64,
      tos: 0,
      dontFragment: false,
      id: 0,
      fragment: null,
      options: [],
      tcp: null,
      sctpChunk: null,
    };
    const asked: Packet = {
      ...base,
      family: 4,
      source: parseAddress("192.168.1.10") as never,
      destination: parseAddress("203.0.113.9") as never,
      protocol: PROTOCOL.udp,
      sourcePort: 4000,
      destinationPort: 53,
      payloadLength: 0,
      icmp: null,
    };
    const sent = stepsOf(receivePacket(machine, "em1", asked), "send")[0]?.packet as Packet;
    expect(`${sent.destination}`).toBe("2001:db8:1::80");
    const error: Packet = {
      ...base,
      family: 6,
      source: sent.destination,
      destination: sent.source,
      protocol: PROTOCOL.icmp6,
      sourcePort: 0,
      destinationPort: 0,
      payloadLength: 0,
      icmp: { type: 1, code: 4, id: 0, sequence: 0, mtu: 0, target: null, inner: sent },
    };
    receivePacket(machine, "em0", error);
    const state = machine.pf.core.states.first;
    // 28 octets of IPv4, then 40 + 8 + 48 of IPv6, less the 20 that the quoted header shrinks by.
    expect((state?.bytes0 ?? 0) + (state?.bytes1 ?? 0)).toBe(28 + 96 - 20);
  });
});

describe("modulate state", () => {
  it("makes sequence numbers of one connection that differ by what the counter went on", () => {
    const machine = gateway("pass modulate state\n");
    const packet: Packet = {
      family: 4,
      source: parseAddress("192.168.1.10") as never,
      destination: parseAddress("203.0.113.9") as never,
      protocol: PROTOCOL.tcp,
      sourcePort: 4000,
      destinationPort: 80,
      ttl: 64,
      tos: 0,
      dontFragment: false,
      id: 0,
      fragment: null,
      options: [],
      payloadLength: 0,
      tcp: {
        flags: 2,
        sequence: 1000,
        acknowledgement: 0,
        window: 65535,
        mss: null,
        windowScale: null,
        timestamps: null,
        sackPermitted: false,
        rawOptions: null,
      },
      icmp: null,
      sctpChunk: null,
    };
    const [into, out] = stepsOf(receivePacket(machine, "em1", packet), "filter").map((step) => step.after);
    expect(into?.tcp?.sequence).not.toBe(1000);
    expect(((out?.tcp?.sequence ?? 0) - (into?.tcp?.sequence ?? 0)) >>> 0).toBe(4096);
  });
});
