/**
 * Packets that carry packets: gif(4) and its like, IPsec, PPP over L2TP. What goes in or comes out is a flow of its own,
 * which goes through the stack like any other: pf sees a packet of a road warrior as UDP 4500 or ESP on the wire, as
 * L2TP on enc0, and as what it is on pppx.
 */
import { type Address, copyPacket, type Packet, PROTOCOL, packetLength, plainPacket } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { type PppSession, type SecurityAssociation, selects } from "../machine/tunnel.ts";
import { createContext } from "../pf/packet-filter.ts";
import type { PacketContext } from "../pf/types.ts";
import { continues, sendGenerated } from "./answers.ts";
import { ENC, encMask, filtersAgain, passEnc } from "./enc.ts";
import { ipPayloadLength } from "./errors.ts";
import { type Flow, type Journey, type StepOf, stepsOf } from "./journey.ts";
import type { Run } from "./run.ts";

export const L2TP_PORT = 1701;
/** IKE and ESP behind NAT (RFC 3947, RFC 3948). */
export const NAT_TRAVERSAL_PORT = 4500;

/** L2TP data header with length (RFC 2661 3.1) and PPP with address, control and protocol (RFC 1661 2). */
const L2TP_OVERHEAD = 8 + 4;
/** SPI and sequence number, initialization vector of AES-CBC, check value of HMAC-SHA2-256-128 (RFC 4303 2). */
const ESP_OVERHEAD = 8 + 16 + 16;
const ESP_BLOCK = 16;

// Going out.

/** Puts a packet that leaves by a tunnel interface into the one that carries it. @returns false: it is no such interface */
export function encapsulate(run: Run, flow: number, packet: Packet, link: MachineInterface): boolean {
  const { machine } = run;
  const session = machine.sessions.find((one) => one.interface === link.name && reaches(one, packet, link));
  if (session !== undefined) {
    carry(run, flow, l2tpPacket(session, packet, "to-client"), "l2tp", link.name, link.routingDomain);
    return true;
  }
  const { tunnel } = link;
  if (tunnel === null) return false;
  const outside = plainPacket(tunnel.local, tunnel.remote, protocolOf(packet), tunnel.ttl);
  outside.payloadLength = packetLength(packet);
  outside.carried = copyPacket(packet);
  carry(run, flow, outside, "ip", link.name, 0);
  return true;
}

/** pppac(4) is shared by all sessions: the address says whose packet it is. */
function reaches(session: PppSession, packet: Packet, link: MachineInterface): boolean {
  return link.driver !== "pppac" || session.framed.equals(packet.destination);
}

function carry(
  run: Run,
  flow: number,
  outside: Packet,
  by: "ip" | "ipsec" | "l2tp",
  name: string,
  table: number,
  tag: string | null = null,
): void {
  const carrier = run.begin("tunnel", flow, "carries it", outside);
  run.add({ kind: "encapsulate", flow, carrier, by, interface: name, packet: copyPacket(outside) });
  const context = createContext(null, table);
  context.tag = tag;
  if (by === "ipsec") run.protectedFlows.add(carrier);
  run.later(() => run.output(carrier, outside, context));
}

/**
 * IPsec output (`ip_output_ipsec_send`): a packet that a flow takes goes through pf on enc0 and leaves as ESP.
 *
 * @returns whether it was taken
 */
export function protect(run: Run, flow: number, packet: Packet, context: PacketContext): boolean {
  const { machine } = run;
  if (machine.associations.length === 0 || run.protectedFlows.has(flow)) return false;
  const association = machine.associations.find((one) => selects(one.selector, packet));
  if (association === undefined) return false;
  if (machine.system.family === "freebsd") {
    const passed = passEnc(run, flow, "out", association, packet, context);
    if (passed !== null) carry(run, flow, espPacket(association, passed, "to-peer"), "ipsec", ENC, 0);
    return true;
  }
  const result = run.filter(flow, "out", ENC, packet, context);
  sendGenerated(run, flow, result, context);
  if (!continues(run, flow, result)) return true;
  carry(run, flow, espPacket(association, result.packet, "to-peer"), "ipsec", ENC, 0, association.tag);
  return true;
}

// Coming in.

/**
 * Takes a packet that reached the machine out of the one that carries it.
 *
 * @returns false: it is for a socket
 */
export function decapsulate(run: Run, flow: number, packet: Packet, context: PacketContext): boolean {
  const { carried } = packet;
  if (carried === undefined) return false;
  const { machine } = run;
  if (isEsp(packet)) {
    const association = machine.associations.find((one) => serves(one, packet));
    if (association === undefined) {
      run.end(flow, "no-association", orphan(machine, packet));
      return true;
    }
    if (machine.system.family === "freebsd") openFreebsd(run, flow, carried, association, context);
    else open(run, flow, carried, "ipsec", ENC, context.rtable, association.tag);
    return true;
  }
  if (packet.protocol === PROTOCOL.udp && packet.destinationPort === L2TP_PORT) {
    const session = machine.sessions.find(
      (one) =>
        one.local.equals(packet.destination) &&
        one.peer.equals(packet.source) &&
        one.peerPort === packet.sourcePort &&
        (one.framed.family !== carried.family || one.framed.equals(carried.source) || !sharesPeer(machine, one)),
    );
    if (session === undefined) return false;
    if (session.ingressFilter && !session.framed.equals(carried.source)) {
      run.end(
        flow,
        "bad-address",
        `${session.user} has ${session.framed}, and ingress-filter drops what is from others`,
      );
      return true;
    }
    open(run, flow, carried, "l2tp", session.interface, machine.interface(session.interface)?.routingDomain ?? 0, null);
    return true;
  }
  if (packet.protocol !== PROTOCOL.ipv4 && packet.protocol !== PROTOCOL.ipv6) return false;
  const link = machine.interfaces().find(({ tunnel }) => tunnel !== null && belongs(tunnel, packet));
  if (link === undefined) {
    run.end(flow, "no-association", `there is no tunnel with ${packet.source} that it belongs to`);
    return true;
  }
  if (!machine.isRunning(link.name)) {
    run.end(flow, "link-down", `${link.name} is down`);
    return true;
  }
  open(run, flow, carried, "ip", link.name, link.routingDomain, null);
  return true;
}

/** Sessions behind one NAT share an address; what is inside tells them apart, as the tunnel's numbers do on the wire. */
function sharesPeer(machine: Machine, session: PppSession): boolean {
  return machine.sessions.some((one) => one !== session && one.peer.equals(session.peer));
}

function belongs(tunnel: { readonly local: Address; readonly remote: Address }, packet: Packet): boolean {
  const anywhere = tunnel.local.isUnspecified() || tunnel.local.equals(packet.destination);
  return anywhere && tunnel.remote.equals(packet.source);
}

function isEsp(packet: Packet): boolean {
  if (packet.protocol === PROTOCOL.esp) return true;
  return packet.protocol === PROTOCOL.udp && packet.destinationPort === NAT_TRAVERSAL_PORT;
}

function serves(association: SecurityAssociation, packet: Packet): boolean {
  return association.replacedBy === undefined && belongsTo(association, packet);
}

/** Why what came by ESP is not taken. */
function orphan(machine: Machine, packet: Packet): string {
  const lost = machine.associations.find((one) => belongsTo(one, packet));
  if (lost === undefined) return `there is no security association with ${packet.source} that it belongs to`;
  return `the flow of ${lost.name} is that of ${lost.replacedBy} now, who is behind the same address ${packet.source}`;
}

function belongsTo(association: SecurityAssociation, packet: Packet): boolean {
  if (!association.local.equals(packet.destination) || !association.peer.equals(packet.source)) return false;
  const port = packet.protocol === PROTOCOL.udp ? packet.sourcePort : null;
  return association.peerPort === port;
}

function open(
  run: Run,
  flow: number,
  inside: Packet,
  by: "ip" | "ipsec" | "l2tp",
  name: string,
  table: number,
  tag: string | null,
): void {
  const carried = run.begin("tunnel", flow, "was carried by it", inside);
  run.add({ kind: "decapsulate", flow, carried, by, interface: name, packet: copyPacket(inside) });
  const context = createContext(name, table);
  context.tag = tag;
  run.later(() => run.input(carried, copyPacket(inside), context));
}

/** FreeBSD queues what came out of ESP for the interface that ESP came by, and lets it pass pf there (IPSEC_CAP_BYPASS_FILTER). */
function openFreebsd(
  run: Run,
  flow: number,
  inside: Packet,
  association: SecurityAssociation,
  { receivedOn, rtable }: PacketContext,
): void {
  const wire = receivedOn ?? "lo0";
  const seen = encMask(run.machine, "in") !== 0;
  const carried = run.begin("tunnel", flow, "was carried by it", inside);
  const packet = copyPacket(inside);
  run.add({ kind: "decapsulate", flow, carried, by: "ipsec", interface: seen ? ENC : wire, packet });
  const context = createContext(ENC, rtable);
  run.later(() => {
    const passed = passEnc(run, carried, "in", association, copyPacket(inside), context);
    if (passed === null) return;
    context.receivedOn = wire;
    if (!filtersAgain(run.machine, inside.family)) run.pastFilter.add(carried);
    run.input(carried, passed, context);
  });
}

// The packets outside.

/** L2TP in UDP around a packet of a session. */
export function l2tpPacket(session: PppSession, inside: Packet, way: "to-client" | "from-client"): Packet {
  const out = way === "to-client";
  const packet = plainPacket(out ? session.local : session.peer, out ? session.peer : session.local, PROTOCOL.udp, 64);
  packet.sourcePort = out ? L2TP_PORT : session.peerPort;
  packet.destinationPort = out ? session.peerPort : L2TP_PORT;
  packet.payloadLength = packetLength(inside) + L2TP_OVERHEAD;
  packet.carried = copyPacket(inside);
  return packet;
}

/** ESP around a packet, in UDP when the peer is behind NAT. */
export function espPacket(association: SecurityAssociation, inside: Packet, way: "to-peer" | "from-peer"): Packet {
  const out = way === "to-peer";
  const { local, peer, peerPort } = association;
  const packet = plainPacket(out ? local : peer, out ? peer : local, PROTOCOL.esp, 64);
  const protectedLength = association.mode === "tunnel" ? packetLength(inside) : ipPayloadLength(inside);
  // Padding, its length and the next header fill the last block (RFC 4303 2.4).
  packet.payloadLength = ESP_OVERHEAD + Math.ceil((protectedLength + 2) / ESP_BLOCK) * ESP_BLOCK;
  if (peerPort !== null) {
    packet.protocol = PROTOCOL.udp;
    packet.sourcePort = out ? NAT_TRAVERSAL_PORT : peerPort;
    packet.destinationPort = out ? peerPort : NAT_TRAVERSAL_PORT;
  }
  packet.tos = inside.tos;
  packet.carried = copyPacket(inside);
  return packet;
}

function protocolOf(packet: Packet): number {
  return packet.family === 4 ? PROTOCOL.ipv4 : PROTOCOL.ipv6;
}

/**
 * A packet of a client as it comes by the wire: in L2TP, in ESP, whatever its session has.
 *
 * @returns the packet and the interface it arrives on, or a message when the user has no session
 */
export function fromClient(
  machine: Machine,
  user: string,
  inside: Packet,
): { readonly packet: Packet; readonly interface: string } | string {
  const session = machine.sessions.find((one) => one.user === user);
  let packet = inside;
  if (session !== undefined) packet = l2tpPacket(session, packet, "from-client");
  const association = machine.associations.find((one) => one.name === user);
  if (association !== undefined) packet = espPacket(association, packet, "from-peer");
  if (session === undefined && association === undefined) {
    const known = [...machine.sessions, ...machine.associations].map((one) => ("user" in one ? one.user : one.name));
    return `\`${user}\` is not connected${known.length > 0 ? `; ${[...new Set(known)].join(", ")} is` : ""}.`;
  }
  const link = machine.ownerOf(packet.destination);
  if (link === null) return `${packet.destination} is no address of this machine any more.`;
  return { packet, interface: link.name };
}

/** An answer to a packet that left, in what carries it back, and the interface it comes by. */
export function answerThrough(
  journey: Journey,
  sent: StepOf<"send">,
  answer: Packet,
): { readonly packet: Packet; readonly interface: string } {
  let packet = answer;
  let name = sent.interface;
  let flow = sent.flow;
  let inside = sent.packet;
  for (const step of journey.steps) {
    if (step.kind !== "encapsulate" || step.flow !== flow) continue;
    flow = step.carrier;
    const left = stepsOf(journey, "send", flow)[0];
    const carrier = left?.packet ?? (journey.flows[flow] as Flow).packet;
    const back = copyPacket(carrier);
    back.source = carrier.destination;
    back.destination = carrier.source;
    back.sourcePort = carrier.destinationPort;
    back.destinationPort = carrier.sourcePort;
    back.payloadLength += packetLength(packet) - packetLength(inside);
    back.carried = packet;
    packet = back;
    inside = carrier;
    name = left?.interface ?? name;
  }
  return { packet, interface: name };
}
