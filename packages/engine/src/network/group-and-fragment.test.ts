import { type Packet, PROTOCOL, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import { stepsOf } from "./journey.ts";
import { receivePacket } from "./send.ts";

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

function udp(source: string, destination: string, more: Partial<Packet> = {}): Packet {
  return {
    family: 4,
    source: parseAddress(source) as never,
    destination: parseAddress(destination) as never,
    protocol: PROTOCOL.udp,
    sourcePort: 4000,
    destinationPort: 53,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: 20,
    tcp: null,
    icmp: null,
    sctpChunk: null,
    ...more,
  };
}

/** Octets `from` to `to` of the IP payload of a datagram whose first fragment has the UDP header. */
function fragment(from: number, to: number, more: boolean): Packet {
  const first = from === 0;
  return udp("203.0.113.9", "198.51.100.2", {
    id: 77,
    fragment: { id: 77, offset: from, more },
    sourcePort: first ? 4000 : 0,
    destinationPort: first ? 53 : 0,
    payloadLength: to - from - (first ? 8 : 0),
  });
}

describe("packets to a group of their link", () => {
  it.each(["192.168.1.255", "255.255.255.255", "224.0.0.251"])("%s is not forwarded after rdr-to", (destination) => {
    const machine = gateway("pass in on em1 proto udp rdr-to 203.0.113.9\npass out\n");
    const journey = receivePacket(machine, "em1", udp("192.168.1.10", destination));
    expect(stepsOf(journey, "send")).toEqual([]);
    expect(stepsOf(journey, "end").map((step) => step.why)).toEqual(["bad-address"]);
  });

  it("is redirected to the host itself all the same", () => {
    const machine = gateway("pass in on em1 proto udp rdr-to 192.168.1.1\npass out\n");
    const journey = receivePacket(machine, "em1", udp("192.168.1.10", "192.168.1.255"));
    expect(stepsOf(journey, "deliver").map((step) => `${step.packet.destination}`)).toEqual(["192.168.1.1"]);
  });
});

describe("fragments", () => {
  it("go on with the identification they came with, whether pf put them together or not", () => {
    for (const reassemble of ["yes", "no"]) {
      const machine = gateway(`set reassemble ${reassemble}\npass\n`);
      const whole = udp("192.168.1.10", "203.0.113.9", { id: 4711, payloadLength: 2000 });
      const cut = stepsOf(receivePacket(machine, "em1", whole), "send").map((step) => step.packet.fragment);
      expect(cut.map((one) => [one?.id, one?.offset])).toEqual([
        [4711, 0],
        [4711, 1480],
      ]);
    }
  });

  it("that overlap are put together by the host, which keeps what came first", () => {
    const machine = gateway("set reassemble no\npass\n");
    for (const part of [fragment(0, 1480, true), fragment(2000, 2800, true)]) {
      expect(stepsOf(receivePacket(machine, "em0", part), "deliver")).toEqual([]);
    }
    // Reaches into both neighbours, and then twice the end.
    expect(stepsOf(receivePacket(machine, "em0", fragment(1472, 2400, true)), "deliver")).toEqual([]);
    expect(stepsOf(receivePacket(machine, "em0", fragment(2400, 2480, true)), "deliver")).toEqual([]);
    const last = receivePacket(machine, "em0", fragment(2792, 3008, false));
    expect(stepsOf(last, "deliver").map((step) => step.packet.payloadLength)).toEqual([3000]);
  });
});
