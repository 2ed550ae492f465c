import { type Address, type Packet, PROTOCOL, parseAddress, parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import { departure, type Journey, stepsOf } from "./journey.ts";
import { receivePacket, sendPacket } from "./send.ts";

const at = (text: string): Address => parseAddress(text) as Address;
const on = (text: string): { address: Address; length: number } => {
  const [address, length] = text.split("/") as [string, string];
  return { address: at(address), length: Number(length) };
};

function udp(source: string, destination: string, more: Partial<Packet> = {}): Packet {
  return {
    family: source.includes(":") ? 6 : 4,
    source: at(source),
    destination: at(destination),
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

function router(system = "openbsd-7.8"): Machine {
  const machine = new Machine(parseSystem(system) as System, {
    interfaces: [
      { name: "em0", addresses: [on("198.51.100.2/24"), on("2001:db8:1::2/64")] },
      { name: "em1", addresses: [on("192.168.1.1/24"), on("2001:db8:10::1/64")] },
    ],
  });
  machine.addRoute({ destination: at("0.0.0.0"), length: 0, gateway: at("198.51.100.1") });
  machine.addRoute({ destination: at("::"), length: 0, gateway: at("2001:db8:1::1") });
  machine.setForwarding(true);
  return machine;
}

/** A journey in a line: what was sent where, what came back. */
function story(journey: Journey): string {
  const words: string[] = [journey.verdict];
  for (const step of journey.steps) {
    if (step.kind === "filter") words.push(`${step.direction}:${step.interface}`);
    else if (step.kind === "send") {
      const icmp = step.packet.icmp === null ? "" : ` icmp ${step.packet.icmp.type}/${step.packet.icmp.code}`;
      words.push(`send ${step.interface} ${step.nextHop} ttl ${step.packet.ttl}${icmp}`);
    } else if (step.kind === "deliver") words.push("deliver");
    else if (step.kind === "end") words.push(step.why);
  }
  return words.join(", ");
}

describe("a router", () => {
  it.each([
    ["openbsd-7.8", "pass, in:em1, out:em0, send em0 198.51.100.1 ttl 63"],
    ["freebsd-15.0", "pass, in:em1, out:em0, send em0 198.51.100.1 ttl 63"],
  ])("%s filters a forwarded packet twice", (system, expected) => {
    expect(story(receivePacket(router(system), "em1", udp("192.168.1.10", "93.184.216.34")))).toBe(expected);
  });

  it("keeps what is for itself", () => {
    expect(story(receivePacket(router(), "em1", udp("192.168.1.10", "198.51.100.2")))).toBe("pass, in:em1, deliver");
    expect(story(receivePacket(router(), "em1", udp("0.0.0.0", "255.255.255.255")))).toBe("pass, in:em1, deliver");
    expect(story(receivePacket(router(), "em1", udp("192.168.1.10", "224.0.0.251")))).toBe("block, in:em1, not-for-us");
  });

  it.each([
    ["openbsd-7.8", 255],
    ["freebsd-15.0", 64],
  ])("%s says when the time to live is over", (system, ttl) => {
    expect(story(receivePacket(router(system), "em1", udp("192.168.1.10", "93.184.216.34", { ttl: 1 })))).toBe(
      `return-icmp, in:em1, ttl-exceeded, out:em1, send em1 192.168.1.10 ttl ${ttl} icmp 11/0`,
    );
  });

  it("says when a packet does not fit, or cuts it", () => {
    const machine = router();
    machine.setMtu("em0", 1400);
    const big = udp("192.168.1.10", "93.184.216.34", { payloadLength: 1450 });
    const cut = receivePacket(machine, "em1", big);
    expect(stepsOf(cut, "send").map((step) => [step.packet.payloadLength, step.packet.fragment?.offset])).toEqual([
      [1368, 0],
      [82, 1376],
    ]);
    const refused = receivePacket(machine, "em1", { ...big, dontFragment: true });
    expect(refused.verdict).toBe("return-icmp");
    expect(stepsOf(refused, "send")[0]?.packet.icmp).toMatchObject({ type: 3, code: 4, mtu: 1400 });
    const six = udp("2001:db8:10::10", "2001:db8:ffff::80", { payloadLength: 1450 });
    expect(stepsOf(receivePacket(machine, "em1", six), "send")[0]?.packet.icmp).toMatchObject({ type: 2, mtu: 1400 });
  });

  it("has no way out without a route, and none over a dead line", () => {
    const machine = router();
    machine.setLink("em0", "down");
    expect(receivePacket(machine, "em1", udp("192.168.1.10", "93.184.216.34")).verdict).toBe("arp-failed");
    machine.deleteRoute({ destination: at("0.0.0.0"), length: 0 });
    const lost = receivePacket(machine, "em1", udp("192.168.1.10", "93.184.216.34"));
    expect(lost.verdict).toBe("no-route");
    expect(stepsOf(lost, "send")[0]?.packet.icmp).toMatchObject({ type: 3, code: 1 });
    const freebsd = router("freebsd-15.0");
    freebsd.setLink("em0", "down");
    expect(receivePacket(freebsd, "em1", udp("192.168.1.10", "93.184.216.34")).verdict).toBe("no-route");
  });

  it("asks the next hop, which may be silent or not there", () => {
    const machine = router();
    machine.setNeighbour(at("198.51.100.1"), false);
    expect(receivePacket(machine, "em1", udp("192.168.1.10", "93.184.216.34")).verdict).toBe("arp-failed");
    expect(machine.addRoute({ destination: at("10.0.0.0"), length: 8, gateway: at("172.16.0.1") })).toBe("unreachable");
    machine.addRoute({ destination: at("10.0.0.0"), length: 8, gateway: at("172.16.0.1") }, true);
    expect(receivePacket(machine, "em1", udp("192.168.1.10", "10.1.1.1")).verdict).toBe("arp-failed");
  });

  it("reaches itself by the loopback interface", () => {
    expect(story(sendPacket(router(), udp("198.51.100.2", "198.51.100.2")))).toBe(
      "pass, out:lo0, send lo0 198.51.100.2 ttl 64, in:lo0, deliver",
    );
  });

  it("finds a source for packets that have none", () => {
    const journey = sendPacket(router(), udp("0.0.0.0", "93.184.216.34"));
    expect(departure(journey)?.packet.source.toString()).toBe("198.51.100.2");
  });
});

describe("a host that does not forward", () => {
  it("drops what is not for it", () => {
    const machine = router();
    machine.setForwarding(false);
    expect(story(receivePacket(machine, "em1", udp("192.168.1.10", "93.184.216.34")))).toBe(
      "block, in:em1, not-forwarding",
    );
    // Since OpenBSD 6.7 an address is only taken on its own interface.
    expect(story(receivePacket(machine, "em1", udp("192.168.1.10", "198.51.100.2")))).toBe(
      "block, in:em1, wrong-interface",
    );
  });
});
