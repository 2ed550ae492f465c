/**
 * What became of one packet, step by step: the record that `trace`, `failover` and scenarios show and judge.
 *
 * A journey has flows. Flow 0 is the packet itself, whatever pf makes of it (translated, reassembled, cut into
 * fragments); what pf or the stack sends besides (answers, copies) is a flow of its own.
 */
import { type Address, type Packet, TCP_FLAG } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { EtherResult } from "../pf/ether.ts";
import type { FilterResult } from "../pf/types.ts";
import type { Route } from "./routes.ts";

/** Fate of the packet, in the words of scenario files. `held` is a fragment that waits for the others. */
export type Verdict =
  | "pass"
  | "block"
  | "return-rst"
  | "return-icmp"
  | "return-abort"
  | "synproxy"
  | "no-route"
  | "arp-failed"
  | "held";

/** Who made the packet of a flow. */
export type FlowCause =
  /** The packet the journey is about. */
  | "packet"
  /** pf: RST, ICMP error, ABORT, the synproxy's SYN. */
  | "pf"
  /** The IP stack: an ICMP error. */
  | "stack"
  /** `dup-to`. */
  | "copy"
  /** It carries its parent, or was carried by it: the same journey goes on. */
  | "tunnel";

export interface Flow {
  readonly id: number;
  readonly cause: FlowCause;
  /** Flow that caused this one; null for flow 0. */
  readonly parent: number | null;
  /** Why it was made, in a few words; "" for flow 0. */
  readonly reason: string;
  /** As it began. */
  readonly packet: Packet;
}

/** Why a flow ended without leaving the machine or reaching a socket. */
export type EndReason =
  | "blocked"
  | "no-route"
  | "reject-route"
  | "blackhole-route"
  | "ttl-exceeded"
  | "too-big"
  | "arp-failed"
  | "link-down"
  | "not-forwarding"
  | "not-for-us"
  | "wrong-interface"
  | "bad-address"
  | "beyond-scope"
  | "broadcast-refused"
  | "routed-too-often"
  | "no-association"
  | "no-interface"
  | "no-error-for-error";

/** What pf has attached to a packet. */
export interface PacketMarks {
  readonly tag: string | null;
  readonly rtable: number;
  readonly prio: number;
  readonly queue: string | null;
  /** Milliseconds. */
  readonly delay: number;
}

/** IP in IP, ESP, or PPP over L2TP. */
export type TunnelKind = "ip" | "ipsec" | "l2tp";

/** One thing that happened, in order. Packets are copies: later steps do not change them. */
export type JourneyStep =
  | { readonly kind: "arrive"; readonly flow: number; readonly interface: string; readonly packet: Packet }
  | { readonly kind: "originate"; readonly flow: number; readonly packet: Packet }
  /** One pass through pf. `after` is the packet as pf left it, also when it was blocked. */
  | {
      readonly kind: "filter";
      readonly flow: number;
      readonly direction: Direction;
      readonly interface: string;
      readonly before: Packet;
      readonly after: Packet;
      readonly result: FilterResult;
      /** What goes with the packet from here on. */
      readonly marks: PacketMarks;
    }
  /** FreeBSD's `ether` rules looked at the frame; only when there are any. `packet` null: it is ARP for the next hop. */
  | {
      readonly kind: "frame";
      readonly flow: number;
      readonly direction: Direction;
      readonly interface: string;
      readonly packet: Packet | null;
      readonly result: EtherResult;
    }
  /** A way was chosen, or none was found (`interface` null). */
  | {
      readonly kind: "route";
      readonly flow: number;
      readonly destination: Address;
      readonly table: number;
      /** Who chose: the routing table, or an option of a pf rule. */
      readonly by: "routing-table" | "route-to" | "reply-to" | "dup-to" | "loopback";
      readonly route: Route | null;
      readonly interface: string | null;
      /** Null: the destination itself is on the link. */
      readonly gateway: Address | null;
      /** All routes that multipath may take, when there is more than one. */
      readonly candidates: readonly Route[];
    }
  | {
      readonly kind: "fragment";
      readonly flow: number;
      readonly packet: Packet;
      readonly fragments: readonly Packet[];
      readonly mtu: number;
    }
  | {
      readonly kind: "send";
      readonly flow: number;
      readonly interface: string;
      readonly nextHop: Address;
      readonly packet: Packet;
      /** The packet this is a fragment of; null when it is whole. */
      readonly whole: Packet | null;
    }
  /** To an address of its own: out and in again by the loopback interface. */
  | { readonly kind: "loop-back"; readonly flow: number; readonly interface: string; readonly packet: Packet }
  | {
      readonly kind: "deliver";
      readonly flow: number;
      readonly interface: string;
      readonly packet: Packet;
      /** Program that gets it, when it is known. */
      readonly service: string | null;
      readonly divert: { readonly address: Address | null; readonly port: number } | null;
    }
  /** Handed to a divert(4) socket instead of going on. */
  | {
      readonly kind: "divert";
      readonly flow: number;
      readonly packet: Packet;
      readonly address: Address | null;
      readonly port: number;
    }
  /** It goes on inside of another packet, the flow `carrier`. `interface`: the tunnel's, or enc0. */
  | {
      readonly kind: "encapsulate";
      readonly flow: number;
      readonly carrier: number;
      readonly by: TunnelKind;
      readonly interface: string;
      readonly packet: Packet;
    }
  /** What it carried goes on as the flow `carried`, as if it had arrived on `interface`. */
  | {
      readonly kind: "decapsulate";
      readonly flow: number;
      readonly carried: number;
      readonly by: TunnelKind;
      readonly interface: string;
      readonly packet: Packet;
    }
  | { readonly kind: "hold"; readonly flow: number; readonly by: "pf" | "stack"; readonly packet: Packet }
  /** A packet was made in answer; its own steps carry `answer` as their flow. */
  | { readonly kind: "answer"; readonly flow: number; readonly answer: number; readonly reason: string }
  | { readonly kind: "end"; readonly flow: number; readonly why: EndReason; readonly text: string };

export type StepOf<K extends JourneyStep["kind"]> = Extract<JourneyStep, { readonly kind: K }>;

/** The whole record of one packet. */
export interface Journey {
  /** Arrived on an interface, or was made by the host. */
  readonly direction: Direction;
  /** Interface it arrived on, or that it was said to leave by; null when nobody said. */
  readonly interface: string | null;
  /** As it began. */
  readonly packet: Packet;
  readonly flows: readonly Flow[];
  readonly steps: readonly JourneyStep[];
  readonly verdict: Verdict;
}

/** The steps of one kind, of all flows or of one. */
export function stepsOf<K extends JourneyStep["kind"]>(journey: Journey, kind: K, flow?: number): StepOf<K>[] {
  return journey.steps.filter(
    (step): step is StepOf<K> => step.kind === kind && (flow === undefined || step.flow === flow),
  );
}

/** The flows that are the packet itself: flow 0, what carries it and what it carried, in the order they began. */
export function ownFlows(steps: readonly JourneyStep[]): number[] {
  const own = [0];
  for (const step of steps) {
    if (step.kind === "encapsulate" && own.includes(step.flow)) own.push(step.carrier);
    else if (step.kind === "decapsulate" && own.includes(step.flow)) own.push(step.carried);
  }
  return own;
}

/** The steps of one kind that the packet itself went through, whatever it was in or had in it. */
export function ownSteps<K extends JourneyStep["kind"]>(journey: Journey, kind: K): StepOf<K>[] {
  const own = ownFlows(journey.steps);
  return stepsOf(journey, kind).filter((step) => own.includes(step.flow));
}

/** How deep inside of others each of the packet's own flows is, against flow 0. */
function depths(steps: readonly JourneyStep[]): Map<number, number> {
  const found = new Map([[0, 0]]);
  for (const step of steps) {
    const depth = found.get(step.flow);
    if (depth === undefined) continue;
    if (step.kind === "encapsulate") found.set(step.carrier, depth - 1);
    else if (step.kind === "decapsulate") found.set(step.carried, depth + 1);
  }
  return found;
}

/**
 * How the packet itself (not its fragments, copies or answers) left: the last `send` of flow 0; null when it did not.
 * Of packets in packets the innermost counts: one for a tunnel leaves by the tunnel's interface.
 */
export function departure(journey: Journey): StepOf<"send"> | null {
  const depth = depths(journey.steps);
  let found: StepOf<"send"> | null = null;
  let deepest = Number.NEGATIVE_INFINITY;
  for (const step of journey.steps) {
    if (step.kind !== "send") continue;
    const own = depth.get(step.flow);
    if (own === undefined || own <= deepest || isLoopedBack(journey, step)) continue;
    found = step;
    deepest = own;
  }
  return found;
}

function isLoopedBack(journey: Journey, send: StepOf<"send">): boolean {
  const next = journey.steps[journey.steps.indexOf(send) + 1];
  return next?.kind === "loop-back" && next.flow === send.flow;
}

/** Where the packet itself reached the host; null when it did not. */
export function delivery(journey: Journey): StepOf<"deliver"> | null {
  const own = ownFlows(journey.steps);
  return stepsOf(journey, "deliver").findLast((step) => own.includes(step.flow)) ?? null;
}

/** The fate of flow 0, from what happened to it. */
export function verdictOf(steps: readonly JourneyStep[], flows: readonly Flow[]): Verdict {
  let verdict: Verdict = "block";
  const own = flows.some((flow) => flow.cause === "tunnel") ? ownFlows(steps) : null;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as JourneyStep;
    if (own === null ? step.flow !== 0 : !own.includes(step.flow)) continue;
    switch (step.kind) {
      case "send":
        // A packet that comes back by the loopback interface has not arrived yet.
        verdict = "pass";
        break;
      case "loop-back":
      case "encapsulate":
      case "decapsulate":
        verdict = "block";
        break;
      case "deliver":
      case "divert":
        return "pass";
      case "hold":
        if (verdict !== "pass") verdict = "held";
        break;
      case "filter":
        if (step.result.verdict === "synproxy") return "synproxy";
        break;
      case "end":
        // One fragment that got through does not make up for one that did not, but the first word counts.
        if (verdict === "pass") break;
        verdict = verdictOfEnd(step, steps, flows);
        break;
    }
  }
  return verdict;
}

function verdictOfEnd(end: StepOf<"end">, steps: readonly JourneyStep[], flows: readonly Flow[]): Verdict {
  switch (end.why) {
    case "no-route":
    case "reject-route":
    case "blackhole-route":
      return "no-route";
    case "arp-failed":
    case "link-down":
      return "arp-failed";
    default: {
      const answers = steps
        .filter((step): step is StepOf<"answer"> => step.kind === "answer" && step.flow === end.flow)
        .map((step) => flows[step.answer] as Flow);
      for (const answer of answers) {
        if (end.why === "blocked" && answer.cause !== "pf") continue;
        const verdict = answerVerdict(answer.packet);
        if (verdict !== null) return verdict;
      }
      return "block";
    }
  }
}

/** What an answer says to the sender: refused, or null for one that is no refusal (a challenge ACK). */
function answerVerdict(packet: Packet): Verdict | null {
  if (packet.tcp !== null) {
    if ((packet.tcp.flags & TCP_FLAG.R) !== 0) return "return-rst";
    // A syncookie: pf took the SYN and answered it, though it counts the packet as dropped.
    const syncookie = (packet.tcp.flags & (TCP_FLAG.S | TCP_FLAG.A)) === (TCP_FLAG.S | TCP_FLAG.A);
    return syncookie ? "synproxy" : null;
  }
  if (packet.icmp !== null) return "return-icmp";
  if (packet.sctpChunk === 6) return "return-abort";
  return null;
}
