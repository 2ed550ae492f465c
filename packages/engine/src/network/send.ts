/** The door to the stack: one packet in, its journey out. */
import { copyPacket, type Packet } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { createContext } from "../pf/packet-filter.ts";
import { forward } from "./forward.ts";
import { input } from "./input.ts";
import type { Journey } from "./journey.ts";
import { output } from "./output.ts";
import { Run, type Stack } from "./run.ts";

const STACK: Stack = { input, output, forward };

export interface SendOptions {
  /** Record which rules were looked at, and which matched. */
  readonly trace?: boolean;
  /** Routing table of the program that sends, for packets of the host; 0 when absent. */
  readonly table?: number;
  /** Owner of the sending socket, for `user` and `group` rules. */
  readonly owner?: { readonly user: number; readonly group: number } | null;
}

/** A packet arrives on an interface. It is not changed; the machine is. */
export function receivePacket(machine: Machine, name: string, packet: Packet, options: SendOptions = {}): Journey {
  return receivePackets(machine, name, [packet], options);
}

/** Several packets arrive one after the other: the fragments of one. They make one journey. */
export function receivePackets(
  machine: Machine,
  name: string,
  packets: readonly Packet[],
  options: SendOptions = {},
): Journey {
  const run = new Run(machine, options.trace ?? false, STACK);
  const arrival = machine.interface(name);
  const first = packets[0] as Packet;
  run.begin("packet", null, "", first);
  for (const packet of packets) {
    const own = copyPacket(packet);
    run.add({ kind: "arrive", flow: 0, interface: name, packet: copyPacket(packet) });
    if (arrival === null) run.end(0, "no-interface", `there is no interface ${name}`);
    else if (!machine.isRunning(name)) {
      run.end(0, "link-down", arrival.up ? `${name} has no link` : `${name} is down`);
    } else run.input(0, own, createContext(name, arrival.routingDomain));
  }
  return run.finish("in", name);
}

/**
 * The host itself sends a packet. `by` names the interface for destinations that no route decides: groups, broadcast,
 * link-local addresses.
 */
export function sendPacket(
  machine: Machine,
  packet: Packet,
  by: string | null = null,
  options: SendOptions = {},
): Journey {
  return sendPackets(machine, [packet], by, options);
}

/** Several packets of the host, one after the other, as one journey. */
export function sendPackets(
  machine: Machine,
  packets: readonly Packet[],
  by: string | null = null,
  options: SendOptions = {},
): Journey {
  const run = new Run(machine, options.trace ?? false, STACK);
  run.begin("packet", null, "", packets[0] as Packet);
  for (const packet of packets) {
    run.add({ kind: "originate", flow: 0, packet: copyPacket(packet) });
    const context = createContext(null, options.table ?? 0);
    context.socket = options.owner ?? null;
    run.output(0, copyPacket(packet), context, by);
  }
  return run.finish("out", by);
}
