import { Address, maskWord, PROTOCOL } from "@pierhead/core";
import { ICMP, ICMP6, IN } from "./constants.ts";
import type { LoadedPool } from "./loaded-pool.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { RuleContext } from "./rule-context.ts";

/** Where the addresses come from: pools are walked differently from system to system. */
export interface FamilyPools {
  /** Source address and port from the `from` pool. */
  readonly source: (pool: LoadedPool) => { readonly address: Address; readonly port: number } | null;
  /** Address of the `to` pool; a hash takes the new source. */
  readonly destination: (pool: LoadedPool, source: Address) => Address | null;
  /** FreeBSD looks for a free port and then keeps the one there was. */
  readonly keepsPort: boolean;
}

/**
 * `af-to`: addresses and ports in the other family (`pf_get_transaddr_af()`).
 *
 * @returns false when there is none
 */
export function translateFamily(rule: LoadedRule, context: RuleContext, pools: FamilyPools): boolean {
  const packet = context.description;
  const family = packet.newFamily;
  if (rule.nat === null) return false;
  const allocated = pools.source(rule.nat);
  if (allocated === null) return false;
  if (!pools.keepsPort) packet.newSourcePort = allocated.port;
  // The type of an echo stands where TCP has a port, on the side that asks.
  if (pools.keepsPort || packet.direction === IN)
    packet.newDestinationPort = echoType(packet.protocol, family, packet.newDestinationPort);
  else packet.newSourcePort = echoType(packet.protocol, family, packet.newSourcePort);

  let destination: Address | null;
  if (rule.rdr !== null) {
    const mapped = pools.destination(rule.rdr, allocated.address);
    if (mapped === null) return false;
    if (rule.rdr.portLow !== 0) packet.newDestinationPort = rule.rdr.portLow;
    const length = rule.rdr.address.length;
    destination =
      family === 4
        ? embedFromNetwork4(packet.newDestination, mapped, length)
        : embedIn6(packet.newDestination, mapped, length);
  } else if (family === 4) {
    const given = rule.destination.length;
    destination = extractFrom6(packet.newDestination, packet.newDestination, given < 32 ? 96 : given);
  } else {
    destination = embedIn6(packet.newDestination, allocated.address, Math.min(rule.nat.address.length, 96));
  }
  packet.newSource = allocated.address;
  packet.newDestination = destination ?? new Address(family, 0);
  return true;
}

function echoType(protocol: number, family: 4 | 6, port: number): number {
  if (protocol === PROTOCOL.icmp6 && family === 4) {
    if (port === ICMP6.echoRequest) return ICMP.echo;
    if (port === ICMP6.echoReply) return ICMP.echoReply;
  } else if (protocol === PROTOCOL.icmp && family === 6) {
    if (port === ICMP.echo) return ICMP6.echoRequest;
    if (port === ICMP.echoReply) return ICMP6.echoReply;
  }
  return port;
}

/** Prefix lengths of RFC 6052; others from 96 on are an extension that takes single bits. */
function isEmbedding(length: number): boolean {
  return length === 32 || length === 40 || length === 48 || length === 56 || length === 64 || length === 96;
}

/** The IPv4 address inside an IPv6 one (`inet_nat64` to IPv4); null for a prefix length that is not one. */
export function extractFrom6(from: Address, prefix: Address, length: number): Address | null {
  if (!isEmbedding(length)) {
    if (length < 96 || length > 128) return null;
    return new Address(4, mask(from.w3, prefix.w3, length - 96));
  }
  const octets = octetsOf(from);
  let at = length / 8;
  let value = 0;
  for (let i = 0; i < 4; i++) {
    if (at === 8) at++;
    value = value * 256 + (octets[at++] as number);
  }
  return new Address(4, value);
}

/** An IPv4 address put into an IPv6 prefix (`inet_nat64` to IPv6). */
export function embedIn6(from: Address, prefix: Address, length: number): Address | null {
  if (!isEmbedding(length)) {
    if (length < 96 || length > 128) return null;
    return new Address(6, prefix.w0, prefix.w1, prefix.w2, mask(from.w0, prefix.w3, length - 96));
  }
  const octets = octetsOf(prefix);
  // RFC 6052: bits 64 to 71 are zero.
  octets[8] = 0;
  let at = length / 8;
  for (let i = 0; i < 4; i++) {
    if (at === 8) at++;
    octets[at++] = (from.w0 >>> (24 - i * 8)) & 255;
  }
  const word = (i: number): number =>
    (((octets[i] as number) << 24) |
      ((octets[i + 1] as number) << 16) |
      ((octets[i + 2] as number) << 8) |
      (octets[i + 3] as number)) >>>
    0;
  return new Address(6, word(0), word(4), word(8), word(12));
}

/** The last bits of an IPv6 address in an IPv4 network (`inet_nat46` to IPv4). */
function embedFromNetwork4(from: Address, prefix: Address, length: number): Address | null {
  return length > 32 ? null : new Address(4, mask(from.w3, prefix.w0, length));
}

/** First `length` bits of `prefix`, the rest of `from`. */
function mask(from: number, prefix: number, length: number): number {
  if (length <= 0) return from;
  const bits = maskWord(Math.min(length, 32), 0);
  return ((from & ~bits) | (prefix & bits)) >>> 0;
}

function octetsOf(address: Address): number[] {
  const octets: number[] = [];
  for (let i = 0; i < 16; i++) octets.push((address.word(i >> 2) >>> (24 - (i & 3) * 8)) & 255);
  return octets;
}
