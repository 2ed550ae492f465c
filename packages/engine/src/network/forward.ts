/** Forwarding (`ip_forward`, `ip6_forward`, `ip_tryforward`): time to live, route, pf on the way out, size. */
import { copyPacket, type Packet, packetLength } from "@pierhead/core";
import type { PacketContext } from "../pf/types.ts";
import { mayForward } from "./addresses.ts";
import { complain, continues, sendGenerated } from "./answers.ts";
import { ICMP_ERROR, keepForErrors } from "./errors.ts";
import { endDiscarded, findForwardRoute } from "./forward-route.ts";
import { routeByRule } from "./policy-route.ts";
import { refragment } from "./refragment.ts";
import type { Run } from "./run.ts";
import { goOnTranslated } from "./translated.ts";
import { transmit, type Way } from "./transmit.ts";
import { protect } from "./tunnel.ts";

export function forward(run: Run, flow: number, packet: Packet, context: PacketContext): void {
  const { machine } = run;
  const freebsd = machine.system.family === "freebsd";
  if (!mayForward(packet)) {
    run.end(flow, "bad-address", `${packet.destination} is not an address that is forwarded`);
    return;
  }
  if (packet.ttl <= 1) {
    complain(run, flow, packet, ICMP_ERROR.timeExceeded(packet.family), context, "stack");
    run.end(flow, "ttl-exceeded", packet.family === 4 ? "its time to live is over" : "its hop limit is reached");
    return;
  }
  // What errors quote: OpenBSD keeps the IPv4 header from before the TTL went down, the IPv6 one from after.
  const original = copyPacket(packet);
  packet.ttl -= 1;
  if (packet.family === 6 || freebsd) original.ttl = packet.ttl;
  if (packet.family === 6 && !freebsd) keepForErrors(original);

  let leaving = packet;
  for (let pass = 0; pass < 2; pass++) {
    const way = findForwardRoute(run, flow, leaving, original, context);
    if (way === null) return;
    if (pass === 0 && protect(run, flow, leaving, context)) return;
    if (pass === 0 && freebsd && tooBigAlready(run, flow, leaving, context, way)) return;
    if (!(freebsd && pass === 1)) {
      const result = run.filter(flow, "out", way.interface.name, leaving, context);
      sendGenerated(run, flow, result, context);
      if (result.verdict === "af-translated") {
        goOnTranslated(run, flow, result, context, "out", way.interface.name);
        return;
      }
      if (!continues(run, flow, result)) return;
      const destination = leaving.destination;
      leaving = result.packet;
      if (result.route !== null) {
        routeByRule(run, flow, leaving, context, "out", way.interface.name, result.route, result);
        if (result.route.option !== "dup-to") return;
      }
      if (leaving.family === 6 && context.refragmentSize > 0) {
        forwardFragments(run, flow, leaving, context);
        return;
      }
      // FreeBSD looks again only for another destination, not for another table (ip_tryforward).
      if (pass === 0 && (freebsd ? !leaving.destination.equals(destination) : result.reroute)) {
        if (freebsd && machine.ownerOf(leaving.destination) !== null) {
          run.later(() => run.input(flow, leaving, { ...context, generated: true }));
          return;
        }
        if (!freebsd) context.generated = true;
        continue;
      }
    }
    if (pass === 1) context.generated = false;
    if (way.discard != null) {
      endDiscarded(run, flow, leaving, original, context, way.discard);
      return;
    }
    send(run, flow, leaving, original, context, way);
    return;
  }
}

function send(run: Run, flow: number, packet: Packet, original: Packet, context: PacketContext, way: Way): void {
  const result = transmit(run, flow, packet, context, way, false);
  if (result !== "too-big") return;
  // FreeBSD answers about the packet as it is now, with NAT done; pf turns the quotation back on its way out.
  const about = run.machine.system.family === "freebsd" && packet.family === 4 ? packet : original;
  complain(run, flow, about, ICMP_ERROR.tooBig(packet.family, way.mtu), context, "stack");
  run.end(flow, "too-big", tooBigText(packet, way));
}

function tooBigText(packet: Packet, way: Way): string {
  const cut = packet.family === 4 ? ", and DF forbids to cut it" : "";
  return `${packetLength(packet)} octets do not fit into the ${way.mtu} of ${way.interface.name}${cut}`;
}

/** FreeBSD's pf answers before it translates, so that the sender is told about the packet it knows (`pf_test`). */
function tooBigAlready(run: Run, flow: number, packet: Packet, context: PacketContext, way: Way): boolean {
  const { mtu } = way.interface;
  // Of a packet that came in fragments only what the largest carried counts (pf_max_frag_size).
  const size = packet.family === 6 && context.refragmentSize > 0 ? context.refragmentSize : packetLength(packet);
  if (size <= mtu || (packet.family === 4 && !packet.dontFragment)) return false;
  complain(run, flow, packet, ICMP_ERROR.tooBig(packet.family, mtu), context, "stack");
  run.end(flow, "too-big", tooBigText(packet, way));
  return true;
}

/** Each new fragment starts forwarding again, past pf: it loses one more hop, as in the kernels. */
function forwardFragments(run: Run, flow: number, packet: Packet, context: PacketContext): void {
  const fragments = refragment(run, flow, packet, context);
  if (fragments === null) {
    run.end(flow, "too-big", "it could not be cut into fragments again");
    return;
  }
  for (const fragment of fragments) {
    forward(run, flow, fragment, { ...context, generated: true, refragmentSize: 0 });
  }
}
