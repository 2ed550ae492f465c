/** Packets that pf and the stack send in answer, and how they leave. */
import { copyPacket, type Packet } from "@pierhead/core";
import { createContext } from "../pf/packet-filter.ts";
import type { FilterResult, GeneratedPacket, PacketContext } from "../pf/types.ts";
import { errorSource, errorTtl, type IcmpError, makeError, mayComplain } from "./errors.ts";
import type { FlowCause } from "./journey.ts";
import type { Run } from "./run.ts";

/** Queues what pf made while it looked at a packet. */
export function sendGenerated(run: Run, flow: number, result: FilterResult, context: PacketContext): void {
  for (const earlier of result.before) sendGenerated(run, flow, earlier.result, context);
  for (const generated of result.generated) run.later(() => sendOne(run, flow, generated, context));
}

function sendOne(run: Run, flow: number, generated: GeneratedPacket, context: PacketContext): void {
  const { packet } = generated;
  // pf hands ICMP errors to the stack, which finds the source address and holds back what must not be sent.
  const inner = packet.icmp?.inner ?? null;
  if (inner !== null && packet.source.isUnspecified()) {
    const error: IcmpError = { type: packet.icmp?.type ?? 0, code: packet.icmp?.code ?? 0, mtu: packet.icmp?.mtu ?? 0 };
    if (!mayComplain(run.machine, inner, error)) return;
    const source = errorSource(run.machine, inner, { ...context, rtable: generated.context.rtable });
    if (source === null) return;
    packet.source = source;
    packet.ttl = errorTtl(run.machine, packet.family);
  }
  // ip_output() sends to a group only on the link, unless a socket asked for more.
  if (packet.family === 4 && packet.destination.isMulticast()) packet.ttl = 1;
  const answer = run.begin("pf", flow, generated.reason, packet);
  run.output(answer, packet, generated.context, packet.destination.isLinkLocal() ? context.receivedOn : null);
}

/**
 * Queues an ICMP error about a packet. With cause `pf` it is pf's own (`pf_send_icmp`): pf does not look at it again.
 *
 * @param about the packet as it has to be quoted; not changed
 */
export function complain(
  run: Run,
  flow: number,
  about: Packet,
  error: IcmpError,
  context: PacketContext,
  cause: FlowCause,
): void {
  const packet = makeError(run.machine, about, error, context);
  if (packet === null) return;
  // A mark on the packet, or pf's own error, keeps pf from looking (PF_TAG_GENERATED, M_SKIP_FIREWALL).
  const fresh = createContext(null, context.rtable);
  fresh.generated = context.generated || cause === "pf";
  run.later(() => {
    const answer = run.begin(cause, flow, describe(error, about), packet);
    // A link-local sender is only reached by the link it came from.
    run.output(answer, packet, fresh, packet.destination.isLinkLocal() ? context.receivedOn : null);
  });
}

function describe(error: IcmpError, about: Packet): string {
  if (error.mtu > 0) return `packet too big, next hop takes ${error.mtu} octets`;
  if (error.type === (about.family === 4 ? 11 : 3)) return about.family === 4 ? "TTL exceeded" : "hop limit exceeded";
  return "destination unreachable";
}

/** Whether the packet goes on after a pass through pf; if not, its end is recorded. `af-translated` is the caller's. */
export function continues(run: Run, flow: number, result: FilterResult): boolean {
  switch (result.verdict) {
    case "pass":
      if (!result.discarded) return true;
      run.end(flow, "routed-too-often", "it was routed by rules too often");
      return false;
    case "block":
      run.end(flow, "blocked", "pf blocked it");
      return false;
    case "held":
      run.add({ kind: "hold", flow, by: "pf", packet: copyPacket(result.packet) });
      return false;
    case "divert":
      run.add({
        kind: "divert",
        flow,
        packet: copyPacket(result.packet),
        address: result.divert?.address ?? null,
        port: result.divert?.port ?? 0,
      });
      return false;
    case "synproxy":
    case "af-translated":
      return false;
  }
}
