import type { Family, Packet } from "@pierhead/core";
import { ICMP, ICMP6, IN, OUT } from "./constants.ts";
import type { Kernel } from "./kernel.ts";

/** How an ICMP message stands in the key of a state (`pf_icmp_mapping()`). */
export interface IcmpMapping {
  /** IN: a question, or a message that has no answer; OUT: an answer. */
  readonly direction: number;
  readonly id: number;
  readonly type: number;
  /** An error: it belongs to the state of the packet it quotes, or is a kind that makes no state. */
  readonly isError: boolean;
}

/** What the kernel makes of a message of `family`. */
export function mapIcmp(kernel: Kernel, family: Family, packet: Packet, type: number, id: number): IcmpMapping {
  const mapping = family === 4 ? map4(type, id) : map6(kernel, packet, type, id);
  // Older kernels know a message by its id alone, which they put on both sides.
  return kernel.icmpKeys === "id" ? { direction: IN, id, type: id, isError: mapping.isError } : mapping;
}

function map4(type: number, id: number): IcmpMapping {
  switch (type) {
    case ICMP.echo:
      return question(type, id);
    case ICMP.echoReply:
      return answer(ICMP.echo, id);
    case ICMP.timestamp:
      return question(type, id);
    case ICMP.timestampReply:
      return answer(ICMP.timestamp, id);
    case ICMP.informationRequest:
      return question(type, id);
    case ICMP.informationReply:
      return answer(ICMP.informationRequest, id);
    case ICMP.maskRequest:
      return question(type, id);
    case ICMP.maskReply:
      return answer(ICMP.maskRequest, id);
    case ICMP.ipv6IAmHere:
      return answer(ICMP.ipv6WhereAreYou, 0);
    case ICMP.mobileRegistrationReply:
      return answer(ICMP.mobileRegistrationRequest, 0);
    case ICMP.routerAdvertisement:
      return answer(ICMP.routerSolicitation, 0);
    case ICMP.unreachable:
    case ICMP.sourceQuench:
    case ICMP.redirect:
    case ICMP.timeExceeded:
    case ICMP.parameterProblem:
      return { direction: IN, id: 0, type, isError: true };
    default:
      return question(type, 0);
  }
}

function map6(kernel: Kernel, packet: Packet, type: number, id: number): IcmpMapping {
  switch (type) {
    case ICMP6.echoRequest:
      return question(type, id);
    case ICMP6.echoReply:
      return answer(ICMP6.echoRequest, id);
    case ICMP6.listenerQuery:
    case ICMP6.listenerReport:
      // Reports come without a query, and to other addresses.
      return question(ICMP6.listenerQuery, targetId(kernel, packet));
    case ICMP6.whoAreYouReply:
      return kernel.discovery === "target and id" ? answer(ICMP6.whoAreYouRequest, 0) : question(type, 0);
    case ICMP6.traceResponse:
      return answer(ICMP6.trace, 0);
    case ICMP6.neighborSolicitation:
      return question(type, targetId(kernel, packet));
    case ICMP6.neighborAdvertisement:
      if (kernel.discovery !== "target and id") return answer(ICMP6.neighborSolicitation, 0);
      // Nobody answers an advertisement: it makes no state.
      return { direction: OUT, id: targetId(kernel, packet), type: ICMP6.neighborSolicitation, isError: true };
    case ICMP6.unreachable:
    case ICMP6.packetTooBig:
    case ICMP6.timeExceeded:
    case ICMP6.parameterProblem:
      return { direction: IN, id: 0, type, isError: true };
    default:
      return question(type, 0);
  }
}

function question(type: number, id: number): IcmpMapping {
  return { direction: IN, id, type, isError: false };
}

function answer(type: number, id: number): IcmpMapping {
  return { direction: OUT, id, type, isError: false };
}

/** The kernel folds the address, read as little-endian words, into 16 bits. */
function targetId(kernel: Kernel, packet: Packet): number {
  if (kernel.discovery !== "target and id") return 0;
  const target = packet.icmp?.target ?? null;
  if (target === null) return 0;
  const folded = (target.w0 ^ target.w1 ^ target.w2 ^ target.w3) >>> 0;
  const turned =
    ((folded >>> 24) | ((folded >>> 8) & 0xff00) | ((folded & 0xff00) << 8) | ((folded & 0xff) << 24)) >>> 0;
  const id = ((turned >>> 16) ^ (turned & 0xffff)) & 0xffff;
  // An id is a number in network order.
  return ((id >>> 8) | (id << 8)) & 0xffff;
}
