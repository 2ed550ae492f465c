/** What the steps of an attempt have in common: packets that must come through, words about how they fared. */
import { type Address, type Packet, PROTOCOL, type Prefix, plainPacket } from "@pierhead/core";
import type { Machine } from "../machine/index.ts";
import type { SecurityAssociation } from "../machine/tunnel.ts";
import { delivery, type Journey } from "../network/journey.ts";
import { receivePacket, sendPacket } from "../network/send.ts";
import { L2TP_PORT } from "../network/tunnel.ts";
import { sentenceOf } from "../trace/sentence.ts";
import type { AttemptStep, ClientSpec } from "./attempt.ts";

/** What all steps of an attempt share. */
export interface Wire {
  readonly machine: Machine;
  readonly steps: AttemptStep[];
  /** Address of the head-end. */
  readonly local: Address;
  readonly client: ClientSpec;
  /** Interface the client's packets arrive on. */
  readonly arrival: string;
}

/** What an accepted client has got. */
export interface Accepted {
  readonly framed: Address | null;
  readonly interface: string;
}

/** A packet from the wire has to reach the host. */
export function arrives(wire: Wire, name: AttemptStep["name"], packet: Packet, what: string): boolean {
  const journey = receivePacket(wire.machine, wire.arrival, packet, { trace: true });
  return note(wire, name, journey, delivery(journey) !== null, what);
}

/** A packet of the host has to leave. */
export function leaves(wire: Wire, name: AttemptStep["name"], packet: Packet, what: string): boolean {
  const journey = sendPacket(wire.machine, packet, null, { trace: true });
  return note(wire, name, journey, journey.verdict === "pass", what);
}

function note(wire: Wire, name: AttemptStep["name"], journey: Journey, ok: boolean, what: string): boolean {
  const text = `${what} ${sentenceOf(journey, wire.machine)}`;
  wire.steps.push({ name, ok, text, journey });
  return ok;
}

export function refuse(wire: Wire, name: AttemptStep["name"], text: string): null {
  wire.steps.push({ name, ok: false, text, journey: null });
  return null;
}

export function agree(wire: Wire, name: AttemptStep["name"], text: string): void {
  wire.steps.push({ name, ok: true, text, journey: null });
}

/** L2TP's first message, as it comes out of ESP. */
export function l2tpControl(wire: Wire, way: "in" | "out"): Packet {
  const { client, local } = wire;
  const packet =
    way === "in"
      ? plainPacket(client.from, local, PROTOCOL.udp, 64)
      : plainPacket(local, client.from, PROTOCOL.udp, 64);
  packet.sourcePort = L2TP_PORT;
  packet.destinationPort = L2TP_PORT;
  packet.payloadLength = 100;
  return packet;
}

/** What quick mode or a child gives: the server's UDP port 1701 to the client, in transport mode (RFC 3193, 4). */
export function l2tpAssociation(
  { client, local }: Wire,
  peerPort: number | null,
  tag: string | null,
): SecurityAssociation {
  const host = (address: Address): Prefix => ({ address, length: address.bits });
  return {
    name: client.user,
    mode: "transport",
    selector: {
      protocol: PROTOCOL.udp,
      source: host(local),
      destination: host(client.from),
      sourcePort: L2TP_PORT,
      destinationPort: 0,
    },
    local,
    peer: client.from,
    peerPort,
    tag,
  };
}
