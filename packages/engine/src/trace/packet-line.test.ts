import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildPacket } from "../scenario/build-packet.ts";
import { packetText } from "./describe.ts";
import { parsePacketLine } from "./packet-line.ts";

const system = parseSystem("openbsd-7.8") as System;

/** The packet a line makes, written back, with its interface; or what is wrong. */
function read(line: string): string {
  const { spec, error } = parsePacketLine(line, system);
  if (spec === null) return error.message;
  const packet = buildPacket(spec);
  if (typeof packet === "string") return packet;
  const where = spec.in !== null ? `in ${spec.in}` : `out ${spec.out}`.trim();
  return `${where} ${packetText(packet, system)}`;
}

describe("a packet line", () => {
  it.each([
    "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S",
    "in em0 udp [2001:db8::10]:4000 > [2001:db8:1::53]:53",
    "in vr1 icmp 192.168.1.10 > 93.184.216.34 echoreq",
    "out vr0 tcp 198.51.100.199:40000 > 93.184.216.34:80 SA",
    "out tcp 198.51.100.199:40000 > 93.184.216.34:80 S",
    "in em0 esp 192.0.2.1 > 192.0.2.2",
  ])("%s reads as it is written", (line) => {
    expect(read(line)).toBe(line);
  });

  it.each([
    ["in vr1 tcp 192.168.1.10:40000 -> 93.184.216.34:https", "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"],
    ["in vr1 tcp 192.168.1.10:40000>93.184.216.34:443", "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S"],
    [
      "in=vr1 proto=tcp from=192.168.1.10:4000 to=93.184.216.34:443 flags=A",
      "in vr1 tcp 192.168.1.10:4000 > 93.184.216.34:443 A",
    ],
    [
      '{ in: vr1, proto: tcp, from: "192.168.1.10:40000", to: "93.184.216.34:443", flags: S }',
      "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S",
    ],
    ["in vr1 icmp6 fe80::1 > ff02::1 neighbrsol", "in vr1 icmp6 fe80::1 > ff02::1 neighbrsol"],
  ])("%s is understood", (line, expected) => {
    expect(read(line)).toBe(expected);
  });

  it.each([
    ["", "There is no packet."],
    ["tcp 1.2.3.4:5 > 6.7.8.9:10", "Say where the packet comes from"],
    ["in vr1 tcp 1.2.3.4:5", "source and destination are written FROM > TO"],
    ["in vr1 tcp 1.2.3.4:5 >", "There is no destination"],
    ["in vr1 tcp > 1.2.3.4:5", "There is no source address"],
    ["in vr1 tcp 1.2.3.4:5 > 1.2.3.400:5", "is not an address"],
    ["in vr1 tcp 1.2.3.4:5 > 1.2.3.4:nosuch", "is neither a port number nor a tcp service"],
    ["in vr1 tcp 1.2.3.4:5 > 1.2.3.4:6 Q", "`Q` is not understood here"],
    ["in vr1 tcp 1.2.3.4:5 > 1.2.3.4:6 tll=3", "`tll` is nothing that a packet has"],
    ["in vr1 tcp 1.2.3.4:5 > 1.2.3.4", "`to` needs a port"],
    ["in vr1 udp 1.2.3.4:5 > [2001:db8::1]:6", "`from` is an IPv4 address"],
    ["{ in: vr1, proto: tcp", "The mapping cannot be read"],
    ["{ in: vr1, prot: tcp, to: 1.2.3.4 }", "Did you mean `proto`?"],
  ])("%s is refused", (line, expected) => {
    expect(read(line)).toContain(expected);
  });
});
