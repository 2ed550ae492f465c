/** What becomes of probes on a machine, and of connections that were open before something changed. */
import type { Packet } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { delivery, departure, type Journey, receivePacket, sendPacket } from "../network/index.ts";
import { sentenceOf } from "../trace/sentence.ts";
import { answerTo, nextPacket, type ProbePlan, probePacket } from "./packets.ts";
import type { Axis, Condition, ConnectionFate, Exit, Fate } from "./types.ts";

/** Packets of each kind that are sent: enough for a pool to show its members, or for chance to do so. */
const SAMPLES = 4;
const SAMPLES_BY_CHANCE = 16;
const CHANCE = /\b(?:probability|random|least-states)\b/;

/** Whether a way out is dead under a condition; null when a failing test does not tell which line it watches. */
export function isDead(
  axes: readonly Axis[],
  condition: Condition,
  exit: { readonly interface: string | null; readonly nextHop: Exit["nextHop"] | null },
): boolean | null {
  let unknown = false;
  for (let i = 0; i < axes.length; i++) {
    const axis = axes[i] as Axis;
    if (condition.values[i] !== "down") continue;
    if (axis.kind === "link") {
      if (axis.name === exit.interface) return true;
    } else if (axis.line.interface !== null) {
      if (axis.line.interface === exit.interface) return true;
    } else if (axis.line.target !== null && exit.nextHop?.equals(axis.line.target) === true) return true;
    else if (axis.line.target !== null) unknown = true;
  }
  return unknown ? null : false;
}

/** Counts up over the life of an analysis, so that no probe meets the state of another. */
export class Ports {
  #next = 20_000;

  take(): number {
    this.#next = this.#next >= 64_000 ? 20_000 : this.#next + 1;
    return this.#next;
  }
}

/** Sends probes and tells what became of them. */
export class Prober {
  readonly #machine: Machine;
  readonly #axes: readonly Axis[];
  readonly #ports: Ports;
  #samples = 0;

  constructor(machine: Machine, axes: readonly Axis[], ports: Ports) {
    this.#machine = machine;
    this.#axes = axes;
    this.#ports = ports;
  }

  fate(plan: ProbePlan, condition: Condition): Fate {
    const exits: Exit[] = [];
    let first: Journey | null = null;
    let answer: Exit | null = null;
    const samples = plan.probe.from === "lan" || plan.probe.from === "gateway" ? this.#count() : 1;
    for (let i = 0; i < samples; i++) {
      const journey = this.#send(plan, probePacket(plan, this.#ports.take()));
      first ??= journey;
      const exit = this.#exit(journey, condition);
      if (exit !== null && !exits.some((other) => sameExit(other, exit))) exits.push(exit);
      if (plan.probe.from !== "inbound") continue;
      const delivered = delivery(journey);
      // The machine answers from the address it was asked at.
      if (delivered !== null) answer = this.#exit(sendPacket(this.#machine, answerTo(delivered.packet)), condition);
    }
    const journey = first as Journey;
    return { probe: plan.probe, verdict: journey.verdict, exits, answer, sentence: sentenceOf(journey, this.#machine) };
  }

  /** Where no rule leaves anything to chance, a few packets tell all. */
  #count(): number {
    if (this.#samples === 0) {
      const { output } = this.#machine.pfctl(["-a", "*", "-sr"]);
      this.#samples = CHANCE.test(output) ? SAMPLES_BY_CHANCE : SAMPLES;
    }
    return this.#samples;
  }

  /** Opens a connection; null when it does not come about. */
  connect(plan: ProbePlan, condition: Condition): Connection | null {
    const packet = probePacket(plan, this.#ports.take());
    const there = departure(this.#send(plan, packet));
    if (there === null) return null;
    const back = departure(receivePacket(this.#machine, there.interface, answerTo(there.packet)));
    if (back === null) return null;
    if (packet.tcp !== null) this.#send(plan, nextPacket(packet, back.packet, 0));
    const source = there.packet.source;
    const dead = isDead(this.#axes, condition, there);
    return {
      plan,
      packet,
      heard: back.packet,
      exit: { interface: there.interface, nextHop: there.nextHop, source, dead },
    };
  }

  /** The client goes on with a connection. */
  proceed(connection: Connection, condition: Condition): ConnectionFate {
    const { plan, packet, heard, exit: before } = connection;
    const after = this.#exit(this.#send(plan, nextPacket(packet, heard, 100)), condition);
    const probe = plan.probe;
    if (after === null) return { probe, before, after, fate: "cut" };
    if (after.dead === true) return { probe, before, after, fate: "stranded" };
    if (!after.source.equals(before.source)) return { probe, before, after, fate: "moved" };
    return { probe, before, after, fate: "goes on" };
  }

  #send(plan: ProbePlan, packet: Packet): Journey {
    const name = plan.probe.interface;
    return name === null ? sendPacket(this.#machine, packet) : receivePacket(this.#machine, name, packet);
  }

  #exit(journey: Journey, condition: Condition): Exit | null {
    const sent = departure(journey);
    if (sent === null) return null;
    const dead = isDead(this.#axes, condition, sent);
    return { interface: sent.interface, nextHop: sent.nextHop, source: sent.packet.source, dead };
  }
}

/** A connection that is open. */
export interface Connection {
  readonly plan: ProbePlan;
  readonly packet: Packet;
  /** The last answer as it reached the client. */
  readonly heard: Packet;
  readonly exit: Exit;
}

function sameExit(a: Exit, b: Exit): boolean {
  return a.interface === b.interface && a.nextHop.equals(b.nextHop) && a.source.equals(b.source);
}
