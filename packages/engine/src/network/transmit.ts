/** Handing a packet to an interface: size, neighbour, loopback. */
import { type Address, copyPacket, type Packet, packetLength } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { createContext } from "../pf/packet-filter.ts";
import type { PacketContext } from "../pf/types.ts";
import { cut } from "./fragments.ts";
import { passesArp, passesFrameRules } from "./frame.ts";
import type { Run } from "./run.ts";
import { encapsulate } from "./tunnel.ts";

/** What `transmit` did; `too-big` means nothing was sent and the caller complains. */
export type TransmitResult = "sent" | "too-big" | "failed";

/** Where a packet goes next. */
export interface Way {
  readonly interface: MachineInterface;
  readonly nextHop: Address;
  /** Who has to answer on the link, when it is not the next hop: the gateway of the route to it. */
  readonly neighbour?: Address;
  /** Of the route or the interface. */
  readonly mtu: number;
  /** A reject or blackhole route: the packet ends at the loopback interface it leads to. */
  readonly discard?: "reject" | "blackhole" | null;
}

/**
 * Sends by an interface, in fragments when it must and may. IPv4 without DF is cut here; IPv6 never is, except for
 * the host's own packets (`own`).
 */
export function transmit(
  run: Run,
  flow: number,
  packet: Packet,
  context: PacketContext,
  way: Way,
  own: boolean,
): TransmitResult {
  const { mtu } = way;
  if (packetLength(packet) <= mtu) return deliverToLink(run, flow, packet, context, way, null) ? "sent" : "failed";
  if (packet.family === 4 ? packet.dontFragment : !own) return "too-big";
  // A router leaves the identification alone (ip_fragment); packets without one were made here.
  const kept = packet.family === 4 && packet.id !== 0;
  const fragments = cut(packet, mtu, kept ? packet.id : run.machine.nextIdentification++);
  if (fragments === null) return "too-big";
  run.add({ kind: "fragment", flow, packet: copyPacket(packet), fragments: fragments.map(copyPacket), mtu });
  let sent = false;
  for (const fragment of fragments) sent = deliverToLink(run, flow, fragment, context, way, packet) || sent;
  return sent ? "sent" : "failed";
}

/** One packet that fits. @returns whether it went */
export function deliverToLink(
  run: Run,
  flow: number,
  packet: Packet,
  context: PacketContext,
  way: Way,
  whole: Packet | null,
): boolean {
  const { machine } = run;
  const { name } = way.interface;
  const send = (): void =>
    run.add({
      kind: "send",
      flow,
      interface: name,
      nextHop: way.nextHop,
      packet: copyPacket(packet),
      whole: whole === null ? null : copyPacket(whole),
    });
  if (way.interface.kind === "loopback") {
    send();
    run.add({ kind: "loop-back", flow, interface: name, packet: copyPacket(packet) });
    const again = copyPacket(packet);
    // m_resethdr, m_clrprotoflags: tags, states and marks stay behind; the packet comes in as a new one.
    const fresh = createContext(name, way.interface.routingDomain);
    run.later(() => run.input(flow, again, fresh));
    return true;
  }
  if (!machine.isRunning(name)) {
    const why = way.interface.up ? "has no link" : "is down";
    run.end(flow, "link-down", `${name} ${why}`);
    return false;
  }
  if (needsNeighbour(way)) {
    const neighbour = way.neighbour ?? way.nextHop;
    if (!isOnLink(machine, way.interface, neighbour)) {
      run.end(flow, "arp-failed", `${neighbour} is not on the link of ${name}`);
      return false;
    }
    if (!machine.neighbourAnswers(name, neighbour)) {
      run.end(flow, "arp-failed", `${neighbour} does not answer on ${name}`);
      return false;
    }
  }
  if (needsNeighbour(way) && packet.family === 4 && !passesArp(run, flow, way.interface, context)) {
    run.end(flow, "arp-failed", `an ether rule of pf blocks ARP on ${name}`);
    return false;
  }
  if (!passesFrameRules(run, flow, "out", way.interface, packet, context)) return false;
  send();
  if (way.interface.kind === "point-to-point") encapsulate(run, flow, packet, way.interface);
  return true;
}

function needsNeighbour(way: Way): boolean {
  if (way.interface.kind !== "broadcast") return false;
  if (way.nextHop.isMulticast() || way.nextHop.w0 === 0xffffffff) return false;
  return !way.interface.addresses.some((own) => own.broadcast?.equals(way.nextHop));
}

/** Whether an address is on an interface's link: a route without a gateway leads to it there, or it is link-local. */
export function isOnLink(machine: Machine, out: MachineInterface, address: Address): boolean {
  if (address.family === 6 && address.isLinkLocal()) return true;
  // Linux asks that when a route is added, and then sends its question to the link all the same.
  if (machine.system.family === "linux") return true;
  return machine.routes
    .match(out.routingDomain, address, (route) => route.interface === out.name && route.discard === null)
    .some((route) => route.gateway === null);
}
