/** Frames of Ethernet links, for FreeBSD's `ether` rules. */
import { type Address, copyPacket, type Packet } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { ETHER_TYPE, type PacketContext } from "../pf/index.ts";
import type { Run } from "./run.ts";

const EVERYBODY = "ffffffffffff";

/** Whether a frame may come in or go out; if not, the end of the flow is recorded. Other links have no frames. */
export function passesFrameRules(
  run: Run,
  flow: number,
  direction: Direction,
  link: MachineInterface,
  packet: Packet,
  context: PacketContext,
): boolean {
  if (link.kind !== "broadcast") return true;
  const own = link.mac.replaceAll(":", "");
  // The neighbour's address is not known: a rule that wants a certain one does not match.
  const group = groupAddress(packet.destination, link);
  const frame = {
    type: packet.family === 4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6,
    source: direction === "in" ? null : own,
    destination: group ?? (direction === "in" ? own : null),
    packet,
  };
  const result = run.machine.pf.testFrame(frame, direction, link.name, context);
  if (result === null) return true;
  run.add({ kind: "frame", flow, direction, interface: link.name, packet: copyPacket(packet), result });
  if (result.verdict === "pass") return true;
  run.end(flow, "blocked", "an ether rule of pf blocked its frame");
  return false;
}

/** Whether ARP gets through to a neighbour and back. */
export function passesArp(run: Run, flow: number, link: MachineInterface, context: PacketContext): boolean {
  const own = link.mac.replaceAll(":", "");
  for (const direction of ["out", "in"] as const) {
    const out = direction === "out";
    const frame = {
      type: ETHER_TYPE.arp,
      source: out ? own : null,
      destination: out ? EVERYBODY : own,
      packet: null,
    };
    const result = run.machine.pf.testFrame(frame, direction, link.name, { ...context });
    if (result === null) return true;
    if (result.verdict === "pass") continue;
    run.add({ kind: "frame", flow, direction, interface: link.name, packet: null, result });
    return false;
  }
  return true;
}

/** Hardware address of a broadcast or group; null for one neighbour (RFC 1112 6.4, RFC 2464 7). */
function groupAddress(destination: Address, link: MachineInterface): string | null {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  if (destination.family === 6) return destination.isMulticast() ? `3333${hex(destination.w3, 8)}` : null;
  if (destination.isMulticast()) return `01005e${hex(destination.w0 & 0x7fffff, 6)}`;
  const broadcast = destination.w0 === 0xffffffff || link.addresses.some((own) => own.broadcast?.equals(destination));
  return broadcast ? EVERYBODY : null;
}
