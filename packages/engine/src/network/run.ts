import { copyPacket, type Packet } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import type { FilterResult, PacketContext } from "../pf/types.ts";
import type { EndReason, Flow, FlowCause, Journey, JourneyStep } from "./journey.ts";
import { verdictOf } from "./journey.ts";

/** The parts of the stack. They are handed to a run because input, forwarding and output all end in each other. */
export interface Stack {
  /** IP input of a packet that arrived on `context.receivedOn`. */
  input(run: Run, flow: number, packet: Packet, context: PacketContext): void;
  /** IP output of a packet of the host itself; `by` is the interface for destinations that no route decides. */
  output(run: Run, flow: number, packet: Packet, context: PacketContext, by: string | null): void;
  /** Forwarding of a packet that is not for the host. */
  forward(run: Run, flow: number, packet: Packet, context: PacketContext): void;
}

/**
 * One packet on its way through a machine: what happened so far, and what waits to be done after it. Answers and
 * packets for the loopback interface are queued, as the kernels do (`ip_send`, `if_output_local`, `pf_send`).
 */
export class Run {
  readonly machine: Machine;
  readonly trace: boolean;
  readonly flows: Flow[] = [];
  readonly steps: JourneyStep[] = [];
  /** Flows of ESP packets: IPsec does not take them again. */
  readonly protectedFlows: Set<number> = new Set();
  /** Flows whose next input is not for pf: FreeBSD has filtered them on enc0, if at all. */
  readonly pastFilter: Set<number> = new Set();
  readonly #queue: (() => void)[] = [];

  readonly #stack: Stack;

  constructor(machine: Machine, trace: boolean, stack: Stack) {
    this.machine = machine;
    this.trace = trace;
    this.#stack = stack;
  }

  input(flow: number, packet: Packet, context: PacketContext): void {
    this.#stack.input(this, flow, packet, context);
  }

  output(flow: number, packet: Packet, context: PacketContext, by: string | null = null): void {
    this.#stack.output(this, flow, packet, context, by);
  }

  forward(flow: number, packet: Packet, context: PacketContext): void {
    this.#stack.forward(this, flow, packet, context);
  }

  /** Starts a flow; its number. */
  begin(cause: FlowCause, parent: number | null, reason: string, packet: Packet): number {
    const id = this.flows.length;
    this.flows.push({ id, cause, parent, reason, packet: copyPacket(packet) });
    if (parent !== null && cause !== "copy" && cause !== "tunnel")
      this.steps.push({ kind: "answer", flow: parent, answer: id, reason });
    return id;
  }

  add(step: JourneyStep): void {
    this.steps.push(step);
  }

  end(flow: number, why: EndReason, text: string): void {
    this.steps.push({ kind: "end", flow, why, text });
  }

  later(work: () => void): void {
    this.#queue.push(work);
  }

  /** One pass through pf, recorded. What pf sends is not sent yet: the caller queues it. */
  filter(flow: number, direction: Direction, name: string, packet: Packet, context: PacketContext): FilterResult {
    const before = copyPacket(packet);
    const result = this.machine.pf.test(packet, direction, name, context, this.trace);
    // A packet of the other family goes on in the translated one's place; this pass was about the old one.
    const after = result.verdict === "af-translated" ? packet : result.packet;
    for (const earlier of result.before) {
      const seen = copyPacket(earlier.result.packet);
      this.#passed(flow, direction, name, seen, seen, earlier.result, earlier.context);
    }
    this.#passed(flow, direction, name, before, copyPacket(after), result, context);
    return result;
  }

  #passed(
    flow: number,
    direction: Direction,
    name: string,
    before: Packet,
    after: Packet,
    result: FilterResult,
    { tag, rtable, prio, queue, delay }: PacketContext,
  ): void {
    const marks = { tag, rtable, prio, queue, delay };
    this.add({ kind: "filter", flow, direction, interface: name, before, after, result, marks });
  }

  /** Does what waits, and what that makes wait. The bound stops two answers that provoke each other. */
  finish(direction: Direction, name: string | null): Journey {
    for (let done = 0; this.#queue.length > 0 && done < 256; done++) (this.#queue.shift() as () => void)();
    return {
      direction,
      interface: name,
      packet: (this.flows[0] as Flow).packet,
      flows: this.flows,
      steps: this.steps,
      verdict: verdictOf(this.steps, this.flows),
    };
  }
}
