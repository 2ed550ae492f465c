import { Address } from "@pierhead/core";
import { u16, u32 } from "../bytes/index.ts";
import type { Dhcpv4Message, Problem4 } from "./message.ts";
import { OPTION4 } from "./names.ts";

/** RFC 2131 3: the first four octets of the options field. */
const COOKIE = 0x63825363;
const HEADER = 236;

/**
 * Reads a DHCPv4 message (RFC 2131 2, RFC 2132), options in the `file` and `sname` fields included (option 52), parts
 * of one option put together (RFC 3396).
 *
 * @returns null when the header is not there
 */
export function parseDhcpv4(bytes: Uint8Array): Dhcpv4Message | null {
  if (bytes.length < HEADER) return null;
  const problems: Problem4[] = [];
  const options = new Map<number, Uint8Array[]>();
  if (bytes.length >= HEADER + 4 && u32(bytes, HEADER) === COOKIE) {
    readOptions(bytes.subarray(HEADER + 4), "the options", options, problems);
    const overload = options.get(OPTION4.overload)?.[0]?.[0] ?? 0;
    // RFC 2131 4.1: first file, then sname; an overload option inside them counts for nothing.
    if ((overload & 1) !== 0) readOptions(bytes.subarray(108, 236), "the file field", options, problems);
    if ((overload & 2) !== 0) readOptions(bytes.subarray(44, 108), "the sname field", options, problems);
  }
  const option = (code: number): Uint8Array | null => {
    const parts = options.get(code);
    if (parts === undefined) return null;
    return parts.length === 1 ? (parts[0] as Uint8Array) : joined(parts);
  };
  const number32 = (code: number, name: string): number | null => {
    const body = option(code);
    if (body === null) return null;
    if (body.length === 4) return u32(body, 0);
    problems.push({
      code: "lease/malformed",
      message: `The ${name} option has ${body.length} octets instead of 4: it was not read.`,
    });
    return null;
  };
  const address = (code: number, name: string): Address | null => {
    const value = number32(code, name);
    return value === null ? null : new Address(4, value);
  };
  const text = option(OPTION4.message);
  return {
    operation: bytes[0] as number,
    type: option(OPTION4.messageType)?.[0] ?? 0,
    transactionId: u32(bytes, 4),
    clientAddress: new Address(4, u32(bytes, 12)),
    yourAddress: new Address(4, u32(bytes, 16)),
    relayAddress: new Address(4, u32(bytes, 24)),
    hardwareAddress: bytes.subarray(28, 28 + Math.min(16, bytes[2] as number)),
    clientId: option(OPTION4.clientId),
    requestedAddress: address(OPTION4.requestedAddress, "Requested IP Address"),
    lease: {
      address: new Address(4, u32(bytes, 16)),
      server: address(OPTION4.serverId, "Server Identifier"),
      mask: address(OPTION4.subnetMask, "Subnet Mask"),
      leaseTime: number32(OPTION4.leaseTime, "IP Address Lease Time"),
      t1: number32(OPTION4.renewalTime, "Renewal (T1) Time Value"),
      t2: number32(OPTION4.rebindingTime, "Rebinding (T2) Time Value"),
    },
    text: text === null ? null : printableAscii(text),
    rapidCommit: options.has(OPTION4.rapidCommit),
    problems,
  };
}

function readOptions(bytes: Uint8Array, where: string, options: Map<number, Uint8Array[]>, problems: Problem4[]): void {
  let at = 0;
  while (at < bytes.length) {
    const code = bytes[at++] as number;
    if (code === 0) continue;
    if (code === 255) return;
    const length = at < bytes.length ? (bytes[at++] as number) : 256;
    if (length > bytes.length - at) {
      problems.push({
        code: "lease/option-overflow",
        message: `Option ${code} in ${where} reaches past the end (${bytes.length - at} octets are left): clients drop it and what follows, or the whole message.`,
      });
      return;
    }
    const parts = options.get(code);
    const body = bytes.subarray(at, at + length);
    if (parts === undefined) options.set(code, [body]);
    else parts.push(body);
    at += length;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function printableAscii(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes.subarray(0, 200)) text += octet >= 32 && octet < 127 ? String.fromCharCode(octet) : "?";
  return text;
}

/** Whether octets look like a BOOTP or DHCPv4 message: operation, hardware address length, and the cookie. */
export function looksLikeDhcpv4(bytes: Uint8Array): boolean {
  const operation = bytes[0];
  return (
    bytes.length >= HEADER + 4 &&
    (operation === 1 || operation === 2) &&
    (bytes[2] as number) <= 16 &&
    u16(bytes, HEADER) === COOKIE >>> 16 &&
    u32(bytes, HEADER) === COOKIE
  );
}
