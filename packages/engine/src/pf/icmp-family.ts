import { ICMP, ICMP6 } from "./constants.ts";

/** The part of an ICMP header that changes between families; `mtu` also holds the pointer of a parameter problem. */
export interface IcmpFields {
  type: number;
  code: number;
  mtu: number;
}

/**
 * Turns an ICMP header into its counterpart of the other family (`pf_translate_icmp_af()`, RFC 7915).
 *
 * @returns false when there is none: the packet is dropped
 */
export function translateIcmp(header: IcmpFields, to: 4 | 6): boolean {
  return to === 4 ? toIcmp4(header) : toIcmp6(header);
}

function set(header: IcmpFields, type: number, code: number, mtu: number): boolean {
  header.type = type;
  header.code = code;
  header.mtu = mtu;
  return true;
}

function toIcmp4(header: IcmpFields): boolean {
  const { type, code, mtu } = header;
  switch (type) {
    case ICMP6.echoRequest:
      return set(header, ICMP.echo, code, mtu);
    case ICMP6.echoReply:
      return set(header, ICMP.echoReply, code, mtu);
    case ICMP6.unreachable:
      switch (code) {
        case 0:
        case 2:
        case 3:
          return set(header, ICMP.unreachable, 1, 0);
        case 1:
          return set(header, ICMP.unreachable, 10, 0);
        case 4:
          return set(header, ICMP.unreachable, 3, 0);
        default:
          return false;
      }
    case ICMP6.packetTooBig:
      return set(header, ICMP.unreachable, 4, mtu - 20);
    case ICMP6.timeExceeded:
      return set(header, ICMP.timeExceeded, code, mtu);
    case ICMP6.parameterProblem: {
      if (code === 1) return set(header, ICMP.unreachable, 2, 0);
      if (code !== 0) return false;
      const pointer = pointer6to4(mtu);
      return pointer !== -1 && set(header, ICMP.parameterProblem, 0, pointer);
    }
    default:
      return false;
  }
}

function toIcmp6(header: IcmpFields): boolean {
  const { type, code, mtu } = header;
  switch (type) {
    case ICMP.echo:
      return set(header, ICMP6.echoRequest, code, mtu);
    case ICMP.echoReply:
      return set(header, ICMP6.echoReply, code, mtu);
    case ICMP.unreachable:
      switch (code) {
        case 0:
        case 1:
        case 6:
        case 7:
        case 8:
        case 11:
        case 12:
          return set(header, ICMP6.unreachable, 0, 0);
        case 3:
          return set(header, ICMP6.unreachable, 4, 0);
        case 9:
        case 10:
        case 13:
        case 15:
          return set(header, ICMP6.unreachable, 1, 0);
        case 2:
          // Protocol unreachable: the pointer names the next header field.
          return set(header, ICMP6.parameterProblem, 1, 6);
        case 4:
          return set(header, ICMP6.packetTooBig, 0, mtu + 20);
        default:
          return false;
      }
    case ICMP.timeExceeded:
      return set(header, ICMP6.timeExceeded, code, mtu);
    case ICMP.parameterProblem: {
      if (code !== 0 && code !== 2) return false;
      const pointer = pointer4to6(mtu);
      return pointer !== -1 && set(header, ICMP6.parameterProblem, 0, pointer);
    }
    default:
      return false;
  }
}

/** Offsets of IPv6 header fields to those of IPv4. */
function pointer6to4(pointer: number): number {
  if (pointer === 0) return 0;
  if (pointer === 1) return 1;
  if (pointer === 4 || pointer === 5) return 2;
  if (pointer === 6) return 9;
  if (pointer === 7) return 8;
  if (pointer >= 8 && pointer < 24) return 12;
  if (pointer >= 24 && pointer < 40) return 16;
  return -1;
}

function pointer4to6(pointer: number): number {
  if (pointer === 0 || pointer === 1) return pointer;
  if (pointer === 2 || pointer === 3) return 4;
  if (pointer === 8) return 7;
  if (pointer === 9) return 6;
  if (pointer >= 12 && pointer < 16) return 8;
  if (pointer >= 16 && pointer < 20) return 24;
  return -1;
}
