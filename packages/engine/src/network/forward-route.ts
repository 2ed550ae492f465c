import type { Packet } from "@pierhead/core";
import type { PacketContext } from "../pf/types.ts";
import { complain } from "./answers.ts";
import { ICMP_ERROR } from "./errors.ts";
import type { Run } from "./run.ts";
import type { Way } from "./transmit.ts";

/**
 * The way of a forwarded packet. Without one, the sender is told and the end recorded.
 *
 * @param original the packet as errors quote it
 */
export function findForwardRoute(
  run: Run,
  flow: number,
  packet: Packet,
  original: Packet,
  context: PacketContext,
): Way | null {
  const { machine } = run;
  const { destination, family } = packet;
  const table = context.rtable;
  const route = machine.lookup(destination, table, packet.source, context.receivedOn);
  // OpenBSD's reject routes lead to the loopback interface, and pf looks at what leaves there (looutput).
  const late = machine.system.family === "openbsd" && route !== null && route.discard !== null;
  const out = late
    ? machine.loopback(table)
    : route === null || route.interface === null
      ? null
      : route.origin === "local"
        ? machine.loopback(table)
        : machine.interface(route.interface);
  run.add({
    kind: "route",
    flow,
    destination,
    table,
    by: "routing-table",
    route,
    interface: out?.name ?? null,
    gateway: route?.gateway ?? null,
    candidates: route === null ? [] : machine.multipath(destination, table),
  });
  if (route === null) {
    complain(run, flow, original, ICMP_ERROR.noRoute(family), context, "stack");
    run.end(flow, "no-route", `there is no route to ${destination}${table === 0 ? "" : ` in table ${table}`}`);
    return null;
  }
  if (route.discard !== null && !late) {
    endDiscarded(run, flow, packet, original, context, route.discard);
    return null;
  }
  if (out === null) {
    if (route.gateway !== null) run.end(flow, "arp-failed", `${route.gateway} is on no link of this machine`);
    else run.end(flow, "no-interface", `the route to ${destination} has no interface`);
    return null;
  }
  // RFC 4443 3.1: a link-local source must not get beyond its link.
  if (family === 6 && packet.source.isLinkLocal() && out.name !== context.receivedOn) {
    complain(run, flow, original, ICMP_ERROR.beyondScope(), context, "stack");
    run.end(flow, "beyond-scope", `${packet.source} is only valid on the link of ${context.receivedOn}`);
    return null;
  }
  return {
    interface: out,
    nextHop: route.direct === true ? destination : (route.gateway ?? destination),
    mtu: route.mtu > 0 ? Math.min(route.mtu, out.mtu) : out.mtu,
    discard: route.discard,
  };
}

/** The end of a packet whose route is a reject or a blackhole route. */
export function endDiscarded(
  run: Run,
  flow: number,
  packet: Packet,
  original: Packet,
  context: PacketContext,
  discard: "reject" | "blackhole",
): void {
  const { destination, family } = packet;
  if (discard === "blackhole") {
    run.end(flow, "blackhole-route", `the route to ${destination} is a blackhole`);
    return;
  }
  const freebsd6 = family === 6 && run.machine.system.family === "freebsd";
  const error = freebsd6 ? ICMP_ERROR.rejectRoute() : ICMP_ERROR.hostUnreachable(family);
  complain(run, flow, original, error, context, "stack");
  run.end(flow, "reject-route", `the route to ${destination} is a reject route`);
}
