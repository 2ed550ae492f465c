import {
  Address,
  copyPacket,
  type Family,
  type Packet,
  PROTOCOL,
  packetLength,
  transportHeaderLength,
} from "@pierhead/core";
import { DEFAULT_TTL, ICMP, ICMP6, LOW_DELAY, SCTP_CHUNK, STATE_FLAG, TH } from "./constants.ts";
import { createContext } from "./context.ts";
import type { FilterCore } from "./core.ts";
import type { Description } from "./description.ts";
import type { LoadedRule } from "./loaded-rule.ts";
import type { PacketContext } from "./types.ts";

/** A TCP segment that pf makes (`pf_build_tcp()`). */
export interface SegmentSpec {
  /** Rule whose `set prio` and queue the segment takes; null for none. */
  readonly rule: LoadedRule | null;
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  /** 0: no option. */
  readonly mss: number;
  /** 0: the default. */
  readonly ttl: number;
  /** pf does not look at it again. */
  readonly generated: boolean;
  readonly tag: string | null;
  readonly routingDomain: number;
  /** For people. */
  readonly reason: string;
}

export function buildTcp(spec: SegmentSpec): Packet {
  const four = spec.family === 4;
  return {
    family: spec.family,
    source: spec.source,
    destination: spec.destination,
    protocol: PROTOCOL.tcp,
    sourcePort: spec.sourcePort,
    destinationPort: spec.destinationPort,
    ttl: four && spec.ttl !== 0 ? spec.ttl : DEFAULT_TTL,
    tos: four ? LOW_DELAY : 0,
    dontFragment: four,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: 0,
    tcp: {
      flags: spec.flags,
      sequence: spec.sequence >>> 0,
      acknowledgement: spec.acknowledgement >>> 0,
      window: spec.window,
      mss: spec.mss === 0 ? null : spec.mss,
      windowScale: null,
      timestamps: null,
      sackPermitted: false,
      rawOptions: null,
    },
    icmp: null,
    sctpChunk: null,
  };
}

/** `pf_send_tcp()`: queues a segment for the stack. */
export function sendTcp(core: FilterCore, spec: SegmentSpec): void {
  const context = createContext(null, spec.routingDomain);
  context.generated = spec.generated;
  context.tag = spec.tag;
  applyRule(context, spec.rule);
  core.generated.push({ packet: buildTcp(spec), context, reason: spec.reason });
}

/**
 * `pf_send_icmp()`: queues an ICMP error. Its source is left unspecified: the stack chooses it, and holds the error
 * back when RFC 1122 forbids one.
 */
export function sendIcmp(
  core: FilterCore,
  about: Packet,
  type: number,
  code: number,
  mtu: number,
  rule: LoadedRule | null,
  routingDomain: number,
  reason: string,
): void {
  const context = createContext(null, routingDomain);
  context.generated = true;
  applyRule(context, rule);
  const packet: Packet = {
    family: about.family,
    source: new Address(about.family, 0),
    destination: about.source,
    protocol: about.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6,
    sourcePort: 0,
    destinationPort: 0,
    ttl: DEFAULT_TTL,
    tos: 0,
    dontFragment: false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: 0,
    tcp: null,
    icmp: { type, code, id: 0, sequence: 0, mtu, target: null, inner: quote(core, about) },
    sctpChunk: null,
  };
  core.generated.push({ packet, context, reason });
}

/** What an error quotes: IPv4 header and 8 octets (FreeBSD 548), IPv6 what fits into 1280 octets. */
function quote(core: FilterCore, about: Packet): Packet {
  const inner = copyPacket(about);
  if (inner.icmp !== null) inner.icmp.inner = null;
  const payload = transportHeaderLength(about) + about.payloadLength;
  const header = packetLength(about) - payload;
  const room = about.family === 6 ? 1232 - header : core.system.family === "freebsd" ? 548 : 8;
  inner.payloadLength = Math.min(payload, room) - transportHeaderLength(inner);
  return inner;
}

function applyRule(context: PacketContext, rule: LoadedRule | null): void {
  if (rule === null) return;
  if ((rule.scrubFlags & STATE_FLAG.setPrio) !== 0) context.prio = rule.setPrioNormal;
  if (rule.rule.queue !== null) context.queue = rule.rule.queue[0];
}

/** What a `block return` rule sends (`pf_test_rule()`, pf.conf(5) "block"). */
export function answerBlocked(core: FilterCore, packet: Description, rule: LoadedRule, icmpType: number): void {
  if (!rule.returnsRst && !rule.returnsIcmp && !rule.returns) return;
  if (packet.protocol === PROTOCOL.tcp && (rule.returnsRst || rule.returns) && (packet.flags & TH.rst) === 0) {
    let acknowledgement = packet.sequence + packet.dataLength;
    if ((packet.flags & TH.syn) !== 0) acknowledgement++;
    if ((packet.flags & TH.fin) !== 0) acknowledgement++;
    sendTcp(core, {
      rule,
      family: packet.family,
      source: packet.destination,
      destination: packet.source,
      sourcePort: packet.destinationPort,
      destinationPort: packet.sourcePort,
      sequence: packet.acknowledgement,
      acknowledgement,
      flags: TH.rst | TH.ack,
      window: 0,
      mss: 0,
      ttl: rule.rule.returnTtl,
      generated: true,
      tag: null,
      routingDomain: packet.routingDomain,
      reason: "block return",
    });
    return;
  }
  if (packet.protocol === PROTOCOL.sctp && core.kernel.tracksSctp && rule.returns) {
    sendAbort(core, packet, rule);
    return;
  }
  if (packet.protocol === (packet.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6)) {
    if (!core.kernel.answersIcmpQueries) return;
    const isError = icmpType < ICMP6.echoRequest || icmpType === ICMP6.redirect;
    if (packet.family === 4 ? !isInformational(icmpType) : isError) return;
  }
  const answer = packet.family === 4 ? rule.returnIcmp : rule.returnIcmp6;
  if (answer === 0) return;
  const table = core.kernel.keysHoldRoutingDomain ? packet.routingDomain : packet.context.rtable;
  sendIcmp(core, packet.packet, answer >> 8, answer & 255, 0, rule, table, "block return");
}

/** Ends an SCTP association in the place of the host that is not reached (`pf_send_sctp_abort()`). */
function sendAbort(core: FilterCore, packet: Description, rule: LoadedRule): void {
  const context = createContext(null, Math.max(rule.rule.rtable, 0));
  context.generated = true;
  core.generated.push({
    packet: {
      family: packet.family,
      source: packet.destination,
      destination: packet.source,
      protocol: PROTOCOL.sctp,
      sourcePort: packet.destinationPort,
      destinationPort: packet.sourcePort,
      ttl: rule.rule.returnTtl === 0 ? DEFAULT_TTL : rule.rule.returnTtl,
      tos: 0,
      dontFragment: false,
      id: 0,
      fragment: null,
      options: [],
      payloadLength: 4,
      tcp: null,
      icmp: null,
      sctpChunk: SCTP_CHUNK.abort,
    },
    context,
    reason: "block return",
  });
}

/** `ICMP_INFOTYPE()`. */
function isInformational(type: number): boolean {
  switch (type) {
    case ICMP.echoReply:
    case ICMP.echo:
    case ICMP.routerAdvertisement:
    case ICMP.routerSolicitation:
    case ICMP.timestamp:
    case ICMP.timestampReply:
    case ICMP.informationRequest:
    case ICMP.informationReply:
    case ICMP.maskRequest:
    case ICMP.maskReply:
      return true;
    default:
      return false;
  }
}
