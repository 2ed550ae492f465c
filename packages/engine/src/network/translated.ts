/** Packets that `af-to` has just turned into the other family: how each system sends them on. */
import { copyPacket } from "@pierhead/core";
import type { Direction } from "@pierhead/lang/pf";
import type { FilterResult, PacketContext } from "../pf/types.ts";
import { routeByRule } from "./policy-route.ts";
import type { Run } from "./run.ts";

/**
 * OpenBSD hands the translated packet to forwarding (when it came in) or to output, where pf no longer looks at it.
 * FreeBSD routes it itself, needs no forwarding switch, and tests it again only when it is an answer to a connection
 * translated on the way out (`pf_route`, `skip_test`).
 */
export function goOnTranslated(
  run: Run,
  flow: number,
  result: FilterResult,
  context: PacketContext,
  direction: Direction,
  tested: string,
): void {
  const { machine } = run;
  const translated = result.packet;
  if (machine.system.family === "freebsd") {
    const skip = (result.stateDirection ?? result.rule?.rule.direction ?? "in") === "in";
    if (result.route !== null) {
      routeByRule(run, flow, translated, context, direction, tested, result.route, result, skip);
      return;
    }
    if (direction === "in" && translated.ttl <= 1) {
      run.end(flow, "ttl-exceeded", "its time to live is over");
      return;
    }
    const route = machine.lookup(translated.destination, context.rtable, translated.source);
    run.add({
      kind: "route",
      flow,
      destination: translated.destination,
      table: context.rtable,
      by: "routing-table",
      route,
      interface: route?.interface ?? null,
      gateway: route?.gateway ?? null,
      candidates: [],
    });
    if (route === null || route.interface === null || route.discard !== null) {
      run.end(flow, "no-route", `there is no route to ${translated.destination}`);
      return;
    }
    routeByRule(
      run,
      flow,
      translated,
      context,
      direction,
      tested,
      { option: "route-to", gateway: route.gateway, interface: route.interface },
      result,
      skip,
    );
    return;
  }
  context.generated = true;
  if (direction === "out") {
    run.output(flow, translated, context);
    return;
  }
  if (!machine.forwards(translated.family)) {
    run.end(flow, "not-forwarding", `forwarding of IPv${translated.family} is off`);
    return;
  }
  run.forward(flow, copyPacket(translated), context);
}
