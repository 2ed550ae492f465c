/** IP output: packets of the host itself (`ip_output`, `ip6_output`). */
import { copyPacket, type Packet, packetLength } from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import type { PacketContext } from "../pf/types.ts";
import { continues, sendGenerated } from "./answers.ts";
import { selectSource } from "./errors.ts";
import { routeByRule } from "./policy-route.ts";
import { refragment } from "./refragment.ts";
import type { Route } from "./routes.ts";
import type { Run } from "./run.ts";
import { goOnTranslated } from "./translated.ts";
import { transmit, type Way } from "./transmit.ts";
import { protect } from "./tunnel.ts";

export function output(run: Run, flow: number, packet: Packet, context: PacketContext, by: string | null): void {
  const { machine } = run;
  if (packet.family === 4 && packet.destination.w0 >>> 24 === 0) {
    run.end(flow, "no-route", "nothing can be sent to 0/8");
    return;
  }
  let leaving = packet;
  // pf may change the destination or the table on the way out; then the route is looked up once more.
  for (let pass = 0; pass < 2; pass++) {
    const way = findRoute(run, flow, leaving, context, by);
    if (way === null) return;
    if (protect(run, flow, leaving, context)) return;
    const table = context.rtable;
    const result = run.filter(flow, "out", way.interface.name, leaving, context);
    sendGenerated(run, flow, result, context);
    if (result.verdict === "af-translated") {
      goOnTranslated(run, flow, result, context, "out", way.interface.name);
      return;
    }
    if (!continues(run, flow, result)) return;
    leaving = result.packet;
    if (result.route !== null) {
      routeByRule(run, flow, leaving, context, "out", way.interface.name, result.route, result);
      if (result.route.option !== "dup-to") return;
    }
    const again = result.reroute || (machine.system.family === "freebsd" && table !== context.rtable);
    if (pass === 0 && again) {
      context.generated = true;
      if (machine.system.family === "freebsd" && machine.ownerOf(leaving.destination) !== null) {
        returnToInput(run, flow, leaving, context);
        return;
      }
      continue;
    }
    if (pass === 1) context.generated = false;
    leave(run, flow, leaving, context, way);
    return;
  }
}

function leave(run: Run, flow: number, packet: Packet, context: PacketContext, way: Way): void {
  if (packet.family === 6 && context.refragmentSize > 0) {
    for (const fragment of refragment(run, flow, packet, context) ?? [])
      transmit(run, flow, fragment, context, way, true);
    return;
  }
  if (transmit(run, flow, packet, context, way, true) === "too-big") {
    run.end(
      flow,
      "too-big",
      `${packetLength(packet)} octets do not fit into the ${way.mtu} of ${way.interface.name}, and it must not be cut`,
    );
  }
}

/** FreeBSD: pf made the packet one for the host itself; it goes to IP input past pf (`IP_FASTFWD_OURS`). */
function returnToInput(run: Run, flow: number, packet: Packet, context: PacketContext): void {
  run.add({ kind: "loop-back", flow, interface: "lo0", packet: copyPacket(packet) });
  const fresh = { ...context, receivedOn: context.receivedOn ?? "lo0" };
  run.later(() => run.input(flow, packet, fresh));
}

/** The way of a packet of the host; null (with its end recorded) when there is none. Fills in an unset source. */
export function findRoute(
  run: Run,
  flow: number,
  packet: Packet,
  context: PacketContext,
  by: string | null,
): Way | null {
  const { machine } = run;
  const { destination } = packet;
  const named = by === null ? null : machine.interface(by);
  const linkWide = destination.isMulticast() || destination.w0 === 0xffffffff;
  let route: Route | null = null;
  let out: MachineInterface | null = null;
  if (linkWide && named !== null) out = named;
  else {
    route = machine.lookup(destination, context.rtable, packet.source, by);
    if (route !== null) {
      out = route.origin === "local" ? machine.loopback(context.rtable) : interfaceOf(machine, route);
    } else if (destination.family === 6 && destination.isLinkLocal()) out = named;
  }
  run.add({
    kind: "route",
    flow,
    destination,
    table: context.rtable,
    by: "routing-table",
    route,
    interface: out?.name ?? null,
    gateway: linkWide ? null : (route?.gateway ?? null),
    candidates: route === null ? [] : machine.multipath(destination, context.rtable),
  });
  if (route === null && out === null) {
    run.end(flow, "no-route", `there is no route to ${destination}`);
    return null;
  }
  if (route !== null && route.discard !== null) {
    const why = route.discard === "reject" ? "reject-route" : "blackhole-route";
    if (machine.system.family !== "openbsd") {
      run.end(flow, why, `the route to ${destination} is a ${route.discard} route`);
      return null;
    }
  }
  if (out === null) {
    if (route?.gateway != null) run.end(flow, "arp-failed", `${route.gateway} is on no link of this machine`);
    else run.end(flow, "no-interface", `the route to ${destination} has no interface`);
    return null;
  }
  if (packet.source.isUnspecified() && !linkWide) {
    const source =
      packet.family === 6 ? selectSource(machine, out.name, destination, route?.source ?? null) : route?.source;
    if (source != null) packet.source = source;
  }
  const nextHop = linkWide || route?.direct === true ? destination : (route?.gateway ?? destination);
  return { interface: out, nextHop, mtu: route?.mtu ? Math.min(route.mtu, out.mtu) : out.mtu };
}

function interfaceOf(machine: Machine, route: Route): MachineInterface | null {
  return route.interface === null ? null : machine.interface(route.interface);
}
