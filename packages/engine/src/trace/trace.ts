/** One packet through the machine, with every rule that mattered and why. */
import type { Packet } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { cutInto } from "../network/fragments.ts";
import type { Journey } from "../network/journey.ts";
import { receivePackets, sendPackets } from "../network/send.ts";
import { fromClient } from "../network/tunnel.ts";
import { buildPacket } from "../scenario/build-packet.ts";
import type { PacketSpec } from "../scenario/packet-spec.ts";
import { sentenceOf } from "./sentence.ts";

export interface Trace {
  readonly machine: Machine;
  readonly journey: Journey;
  /** Lines of `pfctl -ss` that the packet added, and those it changed or ended. */
  readonly statesAdded: readonly string[];
  readonly statesRemoved: readonly string[];
  /** What became of it, in one plain sentence without a full stop. */
  readonly sentence: string;
}

/** Sends a packet as it was described. The machine is changed by it: states, counters. @returns a message when it cannot be */
export function traceSpec(machine: Machine, spec: PacketSpec): Trace | string {
  const packet = buildPacket(spec);
  if (typeof packet === "string") return packet;
  if (spec.client !== null) {
    const through = fromClient(machine, spec.client, packet);
    if (typeof through === "string") return through;
    return tracePacket(machine, through.packet, "in", spec.in ?? through.interface, spec.fragments ?? 1);
  }
  const name = spec.in ?? (spec.out === "" ? null : spec.out);
  if (name !== null && machine.interface(name) === null) {
    const known = machine.interfaces().map((one) => one.name);
    return `There is no interface \`${name}\` on this machine; it has ${known.join(", ")}.`;
  }
  return tracePacket(machine, packet, spec.in !== null ? "in" : "out", name, spec.fragments ?? 1);
}

/** Sends a packet. `name` is the interface it arrives on, or the one it is said to leave by. */
export function tracePacket(
  machine: Machine,
  packet: Packet,
  direction: "in" | "out",
  name: string | null,
  fragments = 1,
): Trace {
  const before = machine.pf.stateLines();
  const packets = fragments > 1 ? cutInto(packet, fragments, machine.nextIdentification++) : [packet];
  const journey =
    direction === "in"
      ? receivePackets(machine, name ?? "", packets, { trace: true })
      : sendPackets(machine, packets, name, {
          trace: true,
          table: name === null ? 0 : (machine.interface(name)?.routingDomain ?? 0),
        });
  const after = machine.pf.stateLines();
  return {
    machine,
    journey,
    statesAdded: without(after, before),
    statesRemoved: without(before, after),
    sentence: sentenceOf(journey, machine),
  };
}

/** A trace of a journey that was recorded elsewhere, with `trace: true`. */
export function traceOf(machine: Machine, journey: Journey): Trace {
  return { machine, journey, statesAdded: [], statesRemoved: [], sentence: sentenceOf(journey, machine) };
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    if (count > 0) counts.set(line, count - 1);
    return count === 0;
  });
}
