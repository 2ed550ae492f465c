/**
 * The wire of a provider: a router, and machines on ports of which each may only use the link-layer address and the
 * addresses that were sold for it. Answers what a ping would: who answers for the next hop, which frames are dropped on
 * the way, and whether the answer finds its way back.
 */
import type { Address, Packet, Prefix } from "@pierhead/core";
import type { Machine } from "../machine/index.ts";
import { type Journey, receivePacket, sendPacket, stepsOf } from "../network/index.ts";
import { echoReply, echoRequest } from "./echo.ts";

/** What the provider lets through a port. */
export interface PortRule {
  /** Lower case, with colons. Frames from other addresses are dropped, and frames for the port go to this one. */
  readonly mac: string;
  readonly addresses: readonly Prefix[];
}

/** A machine's card on the wire. */
export interface WirePort {
  readonly name: string;
  readonly machine: Machine;
  readonly interface: string;
  /** Null: the provider does not look. */
  readonly allowed: PortRule | null;
}

export interface WireRouter {
  /** It answers ARP and neighbour solicitations for these. */
  readonly addresses: readonly Address[];
  /** It also answers for the addresses of the other ports (proxy ARP in a private VLAN). */
  readonly answersForPorts?: boolean;
}

export interface Wire {
  readonly router: WireRouter;
  readonly ports: readonly WirePort[];
  /** Ports hear the router only, not each other. */
  readonly isolated: boolean;
}

/** Why a packet got no further. */
export type WireFault =
  /** The machine has no way for it: no route, too big, down. */
  | "not-sent"
  /** It leaves by a card that is not on this wire. */
  | "other-interface"
  /** The provider drops frames from this link-layer address. */
  | "wrong-mac"
  /** The provider drops packets, or questions for neighbours, from this address. */
  | "wrong-address"
  /** Nobody answers for the next hop. */
  | "no-answer"
  /** The one it reaches does not take it. */
  | "not-taken"
  /** The answer goes to another port. */
  | "answer-astray";

/** Where a packet came to, or why it did not. */
export type WireResult =
  | { readonly ok: true; readonly at: WirePort | "router" | "beyond" }
  | { readonly ok: false; readonly fault: WireFault; readonly reason: string };

export interface PingOptions {
  /** Octets of data; 56 as ping(8) sends. */
  readonly size?: number;
  readonly dontFragment?: boolean;
}

/** An echo request from a port's machine, and the answer to it. */
export function pingOnWire(wire: Wire, from: WirePort, destination: Address, options: PingOptions = {}): WireResult {
  const request = echoRequest(destination, options);
  const forth = carry(wire, from, request);
  if (!forth.ok) return forth;
  if (forth.at === from) return { ok: true, at: from };
  const reply = echoReply(forth.packet);
  const back = forth.at === "router" || forth.at === "beyond" ? fromRouter(wire, reply) : carry(wire, forth.at, reply);
  if (!back.ok) return { ok: false, fault: back.fault, reason: `the answer: ${back.reason}` };
  if (back.at !== from) return fault("answer-astray", `the answer to ${reply.destination} goes to another port`);
  return { ok: true, at: forth.at };
}

type Carried =
  | { readonly ok: true; readonly at: WirePort | "router" | "beyond"; readonly packet: Packet }
  | { readonly ok: false; readonly fault: WireFault; readonly reason: string; readonly silent?: Address };

/** One packet from a machine to where it arrives. A next hop that does not answer is remembered, and another tried. */
function carry(wire: Wire, from: WirePort, packet: Packet): Carried {
  let result = carryOnce(wire, from, packet);
  for (let i = 0; i < 8 && !result.ok && result.silent !== undefined; i++) {
    from.machine.setNeighbour(result.silent, false, from.interface);
    const again = carryOnce(wire, from, packet);
    if (!again.ok && again.fault === "not-sent") break;
    result = again;
  }
  return result;
}

function carryOnce(wire: Wire, from: WirePort, packet: Packet): Carried {
  const { machine, allowed } = from;
  const linkLocal = packet.destination.isLinkLocal() ? from.interface : null;
  const journey = sendPacket(machine, packet, linkLocal);
  const own = stepsOf(journey, "deliver");
  if (own.length > 0) return { ok: true, at: from, packet: (own[0] as (typeof own)[0]).packet };
  const sends = stepsOf(journey, "send", 0).filter((step) => machine.interface(step.interface)?.kind !== "loopback");
  const left = sends[sends.length - 1];
  if (left === undefined) return fault("not-sent", reasonOf(journey));
  if (left.interface !== from.interface) {
    return fault("other-interface", `${packet.destination} leaves by ${left.interface}, not by ${from.interface}`);
  }
  const card = machine.interface(from.interface);
  if (card === null || !machine.isRunning(from.interface)) return fault("not-sent", `${from.interface} is down`);
  if (allowed !== null) {
    if (card.mac.toLowerCase() !== allowed.mac) {
      return fault("wrong-mac", `frames from ${card.mac} are dropped: ${allowed.mac} was agreed on`);
    }
    // The question for the neighbour carries the source of the packet (arp_solicit(), ndisc_solicit()).
    const { source } = left.packet;
    if (!source.isLinkLocal() && !allowed.addresses.some((one) => source.isIn(one.address, one.length))) {
      return fault("wrong-address", `packets from ${source} are dropped: it is not this port's`);
    }
  }
  const answering = whoAnswers(wire, from, left.nextHop);
  if (answering === null) {
    return { ...fault("no-answer", `nobody answers for ${left.nextHop}`), silent: left.nextHop };
  }
  if (answering === "router") return atRouter(wire, left.packet);
  return takenBy(answering, left.packet);
}

/** Who answers ARP or a neighbour solicitation from a port; null when nobody does. */
function whoAnswers(wire: Wire, from: WirePort, address: Address): WirePort | "router" | null {
  if (wire.router.addresses.some((own) => own.equals(address))) return "router";
  if (!wire.isolated) {
    for (const port of wire.ports) if (port !== from && answersFor(port, address)) return port;
  }
  if (wire.router.answersForPorts === true && wire.ports.some((port) => port !== from && owns(port, address))) {
    return "router";
  }
  return null;
}

/** A machine answers when it holds the address on that card, and its answer is let through. */
function answersFor(port: WirePort, address: Address): boolean {
  const { machine, allowed } = port;
  const card = machine.interface(port.interface);
  if (card === null || !machine.isRunning(port.interface)) return false;
  // Linux answers for an address of any of its cards (arp_ignore 0); IPv6 and the BSDs for those of this one.
  const anywhere = machine.system.family === "linux" && address.family === 4;
  const has = anywhere ? machine.ownerOf(address) !== null : card.has(address);
  if (!has) return false;
  return allowed === null || (card.mac.toLowerCase() === allowed.mac && owns(port, address));
}

/** Whether the provider gave the address to the port; without rules whether the machine has it. */
function owns(port: WirePort, address: Address): boolean {
  if (port.allowed === null) return port.machine.interface(port.interface)?.has(address) === true;
  return port.allowed.addresses.some((one) => address.isIn(one.address, one.length));
}

function atRouter(wire: Wire, packet: Packet): Carried {
  if (wire.router.addresses.some((own) => own.equals(packet.destination))) return { ok: true, at: "router", packet };
  if (wire.ports.some((port) => owns(port, packet.destination))) return fromRouter(wire, packet);
  if (packet.destination.isLinkLocal()) return fault("no-answer", `nobody answers for ${packet.destination}`);
  return { ok: true, at: "beyond", packet };
}

/** The router sends to the port an address belongs to. */
function fromRouter(wire: Wire, packet: Packet): Carried {
  const { destination } = packet;
  const port = wire.ports.find((one) => owns(one, destination) || (destination.isLinkLocal() && has(one, destination)));
  if (port === undefined) return fault("answer-astray", `${destination} belongs to no port`);
  return takenBy(port, packet);
}

function has(port: WirePort, address: Address): boolean {
  return port.machine.interface(port.interface)?.has(address) === true;
}

function takenBy(port: WirePort, packet: Packet): Carried {
  const { machine, allowed } = port;
  const card = machine.interface(port.interface);
  if (card === null || !machine.isRunning(port.interface)) return fault("not-taken", `${port.name} is down`);
  // The router knows the port's link-layer address without asking.
  if (allowed !== null && card.mac.toLowerCase() !== allowed.mac) {
    return fault("not-taken", `${port.name} has ${card.mac}, and frames go to ${allowed.mac}`);
  }
  const journey = receivePacket(machine, port.interface, packet);
  const taken = stepsOf(journey, "deliver")[0];
  return taken === undefined ? fault("not-taken", reasonOf(journey)) : { ok: true, at: port, packet: taken.packet };
}

function reasonOf(journey: Journey): string {
  const end = stepsOf(journey, "end")[0];
  return end === undefined ? journey.verdict : end.text;
}

function fault(kind: WireFault, reason: string): { ok: false; fault: WireFault; reason: string } {
  return { ok: false, fault: kind, reason };
}
