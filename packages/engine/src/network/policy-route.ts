/** `route-to`, `reply-to`, `dup-to`: the part of forwarding that pf does itself (`pf_route`, `pf_route6`). */
import { type Address, copyPacket, isAtLeast, type Packet, type System } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { FilterResult, PacketContext, RouteDecision } from "../pf/types.ts";
import { complain, continues, sendGenerated } from "./answers.ts";
import { ICMP_ERROR } from "./errors.ts";
import { refragment } from "./refragment.ts";
import type { Route } from "./routes.ts";
import type { Run } from "./run.ts";
import { transmit, type Way } from "./transmit.ts";

/** What differs between the systems' `pf_route`. */
interface PolicyRouting {
  /** TTL goes down on the way in. */
  readonly decrements: boolean;
  /** Which packets pf tests again on the way out: those coming in, or all that change interface. */
  readonly testsAgain: "in" | "other-interface";
  /** OpenBSD from 6.9: the interface is where a route to the address leads. */
  readonly byRoute: boolean;
}

function policyRouting(system: System): PolicyRouting {
  if (system.family === "openbsd") {
    return {
      decrements: isAtLeast(system, "openbsd", 6, 1),
      testsAgain: isAtLeast(system, "openbsd", 6, 9) ? "in" : "other-interface",
      byRoute: isAtLeast(system, "openbsd", 6, 9),
    };
  }
  const recent = isAtLeast(system, "freebsd", 14);
  return { decrements: recent, testsAgain: recent ? "in" : "other-interface", byRoute: false };
}

/**
 * Sends a packet, or for `dup-to` a copy of it, where a rule says. With `translated` the packet has just been made of
 * one of the other family (FreeBSD).
 *
 * @param tested interface pf tested the packet on
 * @param skipTest pf does not look at it again on the way out
 * @param by the test that decided so
 * @param translated the packet has just come out of `af-to`
 */
export function routeByRule(
  run: Run,
  flow: number,
  packet: Packet,
  context: PacketContext,
  direction: Direction,
  tested: string,
  decision: RouteDecision,
  by: Pick<FilterResult, "bind" | "untranslated">,
  skipTest = false,
  translated = false,
): void {
  const { machine } = run;
  const how = policyRouting(machine.system);
  const copies = decision.option === "dup-to";
  const own = copies ? run.begin("copy", flow, "dup-to", packet) : flow;
  const going = copies ? copyPacket(packet) : packet;
  const fresh = copies ? { ...context } : context;
  const refuse = (error: Parameters<typeof complain>[3]): void => {
    // FreeBSD makes an error of the old family about the packet of the new one: nothing that arrives.
    if (!copies && !translated) complain(run, own, by.untranslated?.(going) ?? going, error, fresh, "pf");
  };

  if (direction === "in" && how.decrements) {
    if (going.ttl <= 1) {
      refuse(ICMP_ERROR.timeExceeded(going.family));
      run.end(own, "ttl-exceeded", "its time to live is over");
      return;
    }
    going.ttl -= 1;
  }
  const way = findWay(run, own, going, fresh, decision);
  if (way === null) {
    if (how.byRoute) refuse(ICMP_ERROR.noRoute(going.family));
    run.end(own, "no-route", `there is no way to ${decision.gateway ?? going.destination} (${decision.option})`);
    return;
  }
  by.bind?.(way.interface.name);
  if (going.source.isLoopback() && way.interface.kind !== "loopback") {
    // A packet of the host itself that started toward the loopback interface.
    const source = machine.lookup(way.nextHop, fresh.rtable)?.source;
    if (source != null && how.byRoute) going.source = source;
  }
  const again = how.testsAgain === "in" ? direction === "in" : tested !== way.interface.name;
  let leaving = going;
  if (again && !copies && !skipTest) {
    const passed = testOut(run, own, going, fresh, way);
    if (passed === null) return;
    leaving = passed;
  }
  if (leaving.family === 6 && fresh.refragmentSize > 0) {
    for (const fragment of refragment(run, own, leaving, fresh) ?? []) {
      if (transmit(run, own, fragment, fresh, way, false) !== "too-big") continue;
      complain(run, own, fragment, ICMP_ERROR.tooBig(6, way.mtu), fresh, "stack");
      run.end(own, "too-big", `${way.interface.name} takes no more than ${way.mtu} octets`);
    }
    return;
  }
  if (transmit(run, own, leaving, fresh, way, false) === "too-big") {
    refuse(ICMP_ERROR.tooBig(leaving.family, way.mtu));
    run.end(own, "too-big", `${way.interface.name} takes no more than ${way.mtu} octets`);
  }
}

/** pf's pass out on the chosen interface; the packet to send, or null when that was its end. */
function testOut(run: Run, flow: number, packet: Packet, context: PacketContext, way: Way): Packet | null {
  const result = run.filter(flow, "out", way.interface.name, packet, context);
  sendGenerated(run, flow, result, context);
  if (!continues(run, flow, result)) return null;
  if (result.route !== null) {
    routeByRule(run, flow, result.packet, context, "out", way.interface.name, result.route, result);
    if (result.route.option !== "dup-to") return null;
  }
  return result.packet;
}

function findWay(run: Run, flow: number, packet: Packet, context: PacketContext, decision: RouteDecision): Way | null {
  const { machine } = run;
  const target: Address = decision.gateway ?? packet.destination;
  let route: Route | null = null;
  let name = decision.interface;
  let nextHop = target;
  if (name === null) {
    route = machine.lookup(target, context.rtable, packet.source);
    name = route?.interface ?? null;
    if (route !== null && (route.discard !== null || !isUsable(run, route))) name = null;
    // pf hands the address itself to the link: a gateway behind a gateway is not asked for on the way (pf_route).
    if (route?.gateway != null && decision.gateway === null) nextHop = route.gateway;
  }
  run.add({
    kind: "route",
    flow,
    destination: packet.destination,
    table: context.rtable,
    by: decision.option,
    route,
    interface: name,
    gateway: decision.gateway,
    candidates: [],
  });
  const out = name === null ? null : machine.interface(name);
  if (out === null) return null;
  const way = { interface: out, nextHop, mtu: out.mtu };
  // The route's own gateway gets the packet when the address is behind it (arpresolve, rt_getll).
  return route?.gateway != null && decision.gateway !== null ? { ...way, neighbour: route.gateway } : way;
}

/** `rtisvalid`: the link of the route is there. */
function isUsable(run: Run, route: Route): boolean {
  return route.interface !== null && (route.origin === "local" || run.machine.isRunning(route.interface));
}
