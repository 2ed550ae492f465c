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
  | "copy";

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

/** How the packet itself (not its fragments, copies or answers) left: the last `send` of flow 0; null when it did not. */
export function departure(journey: Journey): StepOf<"send"> | null {
  return stepsOf(journey, "send", 0).find((step) => !isLoopedBack(journey, step)) ?? null;
}

function isLoopedBack(journey: Journey, send: StepOf<"send">): boolean {
  const next = journey.steps[journey.steps.indexOf(send) + 1];
  return next?.kind === "loop-back" && next.flow === send.flow;
}

/** Where flow 0 reached the host itself; null when it did not. */
export function delivery(journey: Journey): StepOf<"deliver"> | null {
  return stepsOf(journey, "deliver", 0).at(-1) ?? null;
}

/** The fate of flow 0, from what happened to it. */
export function verdictOf(steps: readonly JourneyStep[], flows: readonly Flow[]): Verdict {
  let verdict: Verdict = "block";
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as JourneyStep;
    if (step.flow !== 0) continue;
    switch (step.kind) {
      case "send":
        // A packet that comes back by the loopback interface has not arrived yet.
        verdict = "pass";
        break;
      case "loop-back":
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
