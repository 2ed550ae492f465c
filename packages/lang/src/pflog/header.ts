/**
 * struct pfloghdr as it stands in a capture (net/if_pflog.h): the same first 61 octets on OpenBSD from 3.7, FreeBSD and
 * NetBSD; then come parts of each system's own.
 */
import { Address } from "@pierhead/core";
import { u16, u32 } from "../bytes/index.ts";
import { REASON_NAMES } from "../pf/reason-names.ts";
import type { PflogEntry } from "./types.ts";

/** Octets up to and including the direction. */
const DIRECTION_AT = 60;
const NONE = 0xffff_ffff;

/** PF_PASS to PF_MATCH; what follows differs between systems and is never logged. */
const ACTIONS = [
  "pass",
  "block",
  "scrub",
  "scrub",
  "nat",
  "nat",
  "binat",
  "binat",
  "rdr",
  "rdr",
  "synproxy-drop",
  "defer",
  "match",
];

/**
 * Reads the header and the packet behind it.
 *
 * @param time as the capture has it, already in words
 * @returns null when the octets are no such header
 */
export function readPflogHeader(data: Uint8Array, time: string | null): PflogEntry | null {
  const length = data[0] ?? 0;
  if (length <= DIRECTION_AT || data.length <= DIRECTION_AT) return null;
  const name = cString(data, 4, 16);
  if (name === "") return null;
  const rule = u32(data, 36);
  const subrule = u32(data, 40);
  const anchor = cString(data, 20, 16);
  const action = data[2] as number;
  const reason = data[3] as number;
  return {
    time,
    rule: rule === NONE ? null : rule,
    anchor: anchor === "" ? null : anchor,
    subrule: subrule === NONE ? null : subrule,
    reason: REASON_NAMES[reason] ?? `reason ${reason}`,
    action: ACTIONS[action] ?? `action ${action}`,
    direction: data[DIRECTION_AT] === 2 ? "out" : "in",
    interface: name,
    packet: describe(data, (length + 3) & ~3),
  };
}

/** A name of a fixed field; what is no printable ASCII becomes a question mark. */
function cString(data: Uint8Array, at: number, size: number): string {
  let text = "";
  for (const octet of data.subarray(at, at + size)) {
    if (octet === 0) break;
    text += octet > 32 && octet < 127 ? String.fromCharCode(octet) : "?";
  }
  return text;
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  47: "gre",
  50: "esp",
  58: "icmp6",
};

/** Addresses, protocol and ports of the IP packet at an offset, in the words of a packet line. */
function describe(data: Uint8Array, at: number): string {
  const version = (data[at] ?? 0) >> 4;
  if (version === 4 && data.length >= at + 20) {
    const protocol = data[at + 9] as number;
    const header = ((data[at] as number) & 15) * 4;
    const first = (u16(data, at + 6) & 0x1fff) === 0;
    return words(data, protocol, first ? at + header : -1, address(data, at + 12, 4), address(data, at + 16, 4));
  }
  if (version === 6 && data.length >= at + 40) {
    return words(data, data[at + 6] as number, at + 40, address(data, at + 8, 16), address(data, at + 24, 16));
  }
  return "a packet that was cut short";
}

function words(data: Uint8Array, protocol: number, at: number, from: string, to: string): string {
  const name = PROTOCOLS[protocol] ?? `proto ${protocol}`;
  const hasPorts = (protocol === 6 || protocol === 17) && at >= 0 && data.length >= at + 4;
  if (!hasPorts) return `${name} ${from} > ${to}`;
  const host = (text: string): string => (text.includes(":") ? `[${text}]` : text);
  return `${name} ${host(from)}:${u16(data, at)} > ${host(to)}:${u16(data, at + 2)}`;
}

function address(data: Uint8Array, at: number, size: 4 | 16): string {
  if (size === 4) return new Address(4, u32(data, at)).toString();
  return new Address(6, u32(data, at), u32(data, at + 4), u32(data, at + 8), u32(data, at + 12)).toString();
}
