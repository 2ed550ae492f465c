/** What a scenario remembers between its steps: saved ends, and how far TCP connections have come. */
import { type Address, type Packet, TCP_FLAG } from "@pierhead/core";
import { delivery, departure, type Journey } from "../network/journey.ts";
import type { PacketContextOfScenario } from "./build-packet.ts";

export interface Saved {
  readonly address: Address;
  /** Null for protocols without ports. */
  readonly port: number | null;
}

/** First sequence numbers of those who open and of those who answer. */
const FIRST_SEQUENCE = 1000;
const ANSWER_SEQUENCE = 5000;

export class Memory implements PacketContextOfScenario {
  readonly names: Map<string, Saved> = new Map();
  /**
   * Next sequence number in one direction of a connection, by both ends as they were seen on a wire, and on whichever
   * wire last: a filter that modulates numbers or proxies a handshake makes them differ between its interfaces.
   */
  readonly #next = new Map<string, number>();

  saved(name: string): { readonly address: Address; readonly port: number } | null {
    const found = this.names.get(name);
    return found === undefined ? null : { address: found.address, port: found.port ?? 0 };
  }

  next(packet: Packet, wire: string | null): { readonly sequence: number; readonly acknowledgement: number } | null {
    const flags = packet.tcp?.flags ?? 0;
    const answering = (flags & TCP_FLAG.A) !== 0;
    const known = this.#get(wire, directionKey(packet));
    const opposite = this.#get(wire, reverseKey(packet));
    const opens = (flags & TCP_FLAG.S) !== 0;
    const first = answering ? ANSWER_SEQUENCE : FIRST_SEQUENCE;
    return {
      sequence: opens ? first : (known ?? first + 1),
      acknowledgement: answering ? (opposite ?? 1) : 0,
    };
  }

  /** Notes every segment that was on the wire, as it came and as it left. */
  observe(journey: Journey): void {
    for (const step of journey.steps) {
      if (step.kind === "originate" || step.kind === "deliver") this.#note(step.packet, null);
      else if (step.kind === "arrive" || step.kind === "decapsulate") this.#note(step.packet, step.interface);
      else if (step.kind === "send") this.#note(step.whole ?? step.packet, step.interface);
    }
  }

  #get(wire: string | null, key: string): number | undefined {
    return this.#next.get(`${wire ?? ""} ${key}`) ?? this.#next.get(key);
  }

  #set(wire: string | null, key: string, next: number): void {
    this.#next.set(`${wire ?? ""} ${key}`, next);
    this.#next.set(key, next);
  }

  #note(packet: Packet, wire: string | null): void {
    const { tcp } = packet;
    if (tcp === null || packet.fragment !== null) return;
    // A reset tells nothing about what comes next.
    if ((tcp.flags & TCP_FLAG.R) !== 0) return;
    const length =
      packet.payloadLength + ((tcp.flags & TCP_FLAG.S) !== 0 ? 1 : 0) + ((tcp.flags & TCP_FLAG.F) !== 0 ? 1 : 0);
    this.#set(wire, directionKey(packet), (tcp.sequence + length) >>> 0);
    // Who answered nothing yet is at what the other side acknowledges.
    if ((tcp.flags & TCP_FLAG.A) !== 0 && this.#get(wire, reverseKey(packet)) === undefined) {
      this.#set(wire, reverseKey(packet), tcp.acknowledgement);
    }
  }

  /** `save: NAME`: source of the packet as it left. */
  save(name: string, journey: Journey): void {
    const packet = (departure(journey) ?? delivery(journey))?.packet ?? journey.packet;
    this.names.set(name, { address: packet.source, port: packet.sourcePort === 0 ? null : packet.sourcePort });
  }
}

function directionKey(packet: Packet): string {
  return `${packet.source} ${packet.sourcePort} ${packet.destination} ${packet.destinationPort}`;
}

function reverseKey(packet: Packet): string {
  return `${packet.destination} ${packet.destinationPort} ${packet.source} ${packet.sourcePort}`;
}
