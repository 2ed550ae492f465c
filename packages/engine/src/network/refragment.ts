import { copyPacket, type Packet, packetLength } from "@pierhead/core";
import type { PacketContext } from "../pf/types.ts";
import { ipPayloadLength } from "./errors.ts";
import { cut } from "./fragments.ts";
import type { Run } from "./run.ts";

/**
 * Turns an IPv6 packet that pf put together back into fragments no larger than those that came (`pf_refragment6`): a
 * router must not change how a packet is cut. A single fragment stays one. Null when it cannot be cut.
 */
export function refragment(run: Run, flow: number, packet: Packet, context: PacketContext): Packet[] | null {
  const header = packetLength(packet) - ipPayloadLength(packet);
  // FreeBSD rounds down to what a fragment offset can say.
  const largest = run.machine.system.family === "freebsd" ? context.refragmentSize & ~7 : context.refragmentSize;
  const mtu = header + 8 + largest;
  context.refragmentSize = 0;
  const fragments = cut(packet, mtu, run.machine.nextIdentification++);
  if (fragments === null) return null;
  run.add({ kind: "fragment", flow, packet: copyPacket(packet), fragments: fragments.map(copyPacket), mtu });
  return fragments;
}
