/** Whether a packet that came in is for this host (`in_ouraddr`, `ip6_input`). */
import { type Address, isAtLeast, type Packet } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import type { PacketContext } from "../pf/types.ts";

/** `ours`: deliver it; `wrong-interface`: ours, but it came by another way than it may; `not-member`: for a group. */
export type Ownership = "ours" | "forward" | "wrong-interface" | "not-member";

export function ownership(machine: Machine, packet: Packet, context: PacketContext): Ownership {
  const arrival = context.receivedOn === null ? null : machine.interface(context.receivedOn);
  const { destination } = packet;
  if (destination.isMulticast()) {
    // FreeBSD leaves groups to the protocols (ip_input, "Assume the packet is for us").
    if (machine.system.family === "freebsd" || arrival === null) return "ours";
    return isMember(arrival, destination) ? "ours" : "not-member";
  }
  if (destination.family === 4 && (destination.w0 === 0xffffffff || destination.isUnspecified())) {
    return machine.system.family === "freebsd" && destination.isUnspecified() ? "not-member" : "ours";
  }
  if (machine.system.family !== "openbsd") {
    if (machine.ownerOf(destination) !== null) return "ours";
    // A broadcast address of any link (ip_input, in_broadcast).
    const own = machine.interfaces().some((one) => one.addresses.some((each) => each.broadcast?.equals(destination)));
    return own ? "ours" : "forward";
  }
  const route = machine.lookup(destination, context.rtable, packet.source, context.receivedOn);
  if (route === null || (route.origin !== "local" && route.origin !== "broadcast")) return "forward";
  if (route.origin === "broadcast" && machine.sysctls.get("net.inet.ip.directed-broadcast") === "1") {
    if (route.interface !== arrival?.name) return "forward";
  }
  // A host that does not forward takes its addresses only by their own interface (since 6.7).
  if (
    isAtLeast(machine.system, "openbsd", 6, 7) &&
    !machine.forwards(packet.family) &&
    route.interface !== arrival?.name &&
    arrival?.kind !== "loopback" &&
    arrival?.driver !== "enc" &&
    !context.translatedToLocalhost
  ) {
    return "wrong-interface";
  }
  return "ours";
}

/** Groups a host joins by itself on an interface: all hosts, and the solicited-node groups of its addresses. */
function isMember(arrival: MachineInterface, group: Address): boolean {
  if (group.family === 4) {
    return group.w0 === 0xe0000001 && arrival.addresses.some((own) => own.address.family === 4);
  }
  if (!arrival.addresses.some((own) => own.address.family === 6)) return false;
  const middle = group.w1 === 0 && group.w2 === 0;
  if (middle && group.w3 === 1) return group.w0 === 0xff020000 || group.w0 === 0xff010000;
  // ff02::1:ffXX:XXXX (RFC 4291 2.7.1).
  if (group.w0 !== 0xff020000 || group.w1 !== 0 || group.w2 !== 1 || group.w3 >>> 24 !== 0xff) return false;
  return arrival.addresses.some(
    (own) => own.address.family === 6 && (own.address.w3 & 0xffffff) === (group.w3 & 0xffffff),
  );
}

/** Addresses that must not be on the wire or be forwarded; null when the packet is fine to look at. */
export function badArrival(packet: Packet, arrival: MachineInterface | null): string | null {
  const { source, destination } = packet;
  if (arrival?.kind !== "loopback" && (source.isLoopback() || destination.isLoopback())) {
    return `${source.isLoopback() ? source : destination} must not be on the wire (RFC 1122)`;
  }
  if (packet.family === 6) {
    if (source.isMulticast()) return "a multicast address cannot be a source";
    if (isMapped(source) || isMapped(destination)) return "an IPv4-mapped address must not be on the wire";
    if (isCompatible(source) || isCompatible(destination)) return "an IPv4-compatible address must not be on the wire";
    if (destination.w0 === 0xff010000 && arrival?.kind !== "loopback") return `${destination} must not leave its host`;
    if (destination.isUnspecified()) return "it has no destination";
  }
  return null;
}

function isMapped(address: Address): boolean {
  return address.w0 === 0 && address.w1 === 0 && address.w2 === 0xffff;
}

/** `::192.0.2.1`: 0.0.0.0 and 0.0.0.1 are the unspecified and the loopback address (RFC 4213). */
function isCompatible(address: Address): boolean {
  return address.w0 === 0 && address.w1 === 0 && address.w2 === 0 && address.w3 > 1;
}

/**
 * A packet to a group or a broadcast address comes as a broadcast or multicast of its link (M_BCAST, M_MCAST), which it
 * stays, wherever it is redirected to.
 */
export function isLinkGroup(packet: Packet, arrival: MachineInterface | null): boolean {
  const { destination } = packet;
  if (destination.isMulticast() || (destination.family === 4 && destination.w0 === 0xffffffff)) return true;
  return arrival?.addresses.some((own) => own.broadcast?.equals(destination)) ?? false;
}

/** `in_canforward`: class D and E, 0/8 and 127/8 are not forwarded; IPv6 multicast and unspecified sources neither. */
export function mayForward(packet: Packet): boolean {
  const { source, destination } = packet;
  if (packet.family === 6) return !destination.isMulticast() && !source.isUnspecified();
  const first = destination.w0 >>> 24;
  return first < 224 && first !== 127 && first !== 0;
}
