/**
 * FreeBSD's enc(4): pf sees what IPsec gives and takes only where enc0 is up and its filter masks say so, before the
 * outer header is stripped, after, or both (if_enc.c, ipsec_input.c, ipsec_output.c).
 */
import { copyPacket, type Packet, PROTOCOL, packetLength, plainPacket } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import type { SecurityAssociation } from "../machine/tunnel.ts";
import type { PacketContext } from "../pf/types.ts";
import { continues, sendGenerated } from "./answers.ts";
import type { Run } from "./run.ts";

export const ENC = "enc0";

/** Bits of `net.enc.*.ipsec_filter_mask`: on the way in with the outer header and without, on the way out the reverse. */
export const ENC_MASK = { before: 1, after: 2 } as const;

/** What pf sees of a direction: 0 when it sees nothing of it. */
export function encMask(machine: Machine, direction: Direction): number {
  if (machine.interface(ENC)?.up !== true) return 0;
  const value = Number(machine.sysctls.get(`net.enc.${direction}.ipsec_filter_mask`) ?? ENC_MASK.before);
  return Number.isInteger(value) ? value & (ENC_MASK.before | ENC_MASK.after) : ENC_MASK.before;
}

/** `net.inet.ipsec.filtertunnel`: what came out of IPsec is filtered once more, on the interface that ESP came by. */
export function filtersAgain(machine: Machine, family: 4 | 6): boolean {
  return machine.sysctls.get(family === 4 ? "net.inet.ipsec.filtertunnel" : "net.inet6.ipsec6.filtertunnel") === "1";
}

/**
 * The passes of pf on enc0.
 *
 * @returns the packet as pf left it; null when it does not go on
 */
export function passEnc(
  run: Run,
  flow: number,
  direction: Direction,
  association: SecurityAssociation,
  packet: Packet,
  context: PacketContext,
): Packet | null {
  const mask = encMask(run.machine, direction);
  const outerFirst = direction === "in";
  let inner = packet;
  for (const stage of [ENC_MASK.before, ENC_MASK.after]) {
    if ((mask & stage) === 0) continue;
    const outer = association.mode === "tunnel" && (stage === ENC_MASK.before) === outerFirst;
    const seen = outer ? wrapped(association, inner, direction) : inner;
    const result = run.filter(flow, direction, ENC, seen, context);
    sendGenerated(run, flow, result, context);
    if (!continues(run, flow, result)) return null;
    if (!outer) inner = result.packet;
  }
  return inner;
}

/** The packet in IP, as it is in ESP of tunnel mode. */
function wrapped({ local, peer }: SecurityAssociation, inner: Packet, direction: Direction): Packet {
  const [source, destination] = direction === "in" ? [peer, local] : [local, peer];
  const packet = plainPacket(source, destination, inner.family === 4 ? PROTOCOL.ipv4 : PROTOCOL.ipv6, 64);
  packet.payloadLength = packetLength(inner);
  packet.carried = copyPacket(inner);
  return packet;
}
