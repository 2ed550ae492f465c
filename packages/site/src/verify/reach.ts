/** Whether a built machine, simulated, gets a packet to its gateways: what decides between a guest and a rescue console. */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type { Machine } from "@pierhead/engine/machine";
import { departure } from "@pierhead/engine/network";
import { parsePacketLine, traceSpec } from "@pierhead/engine/trace";
import type { BuiltGateway, BuiltMachine } from "../build/index.ts";
import type { Site } from "../model/site.ts";

/** Somebody far away, by family: addresses for documentation that no site has (RFC 2544, RFC 9637). */
const FAR = { 4: "198.19.255.1", 6: "3fff::1" } as const;

/** An error for each gateway that packets to the world do not go to. The machine is changed: states, counters. */
export function checkReach(built: BuiltMachine, machine: Machine, site: Site): Diagnostic[] {
  return built.gateways.flatMap((gateway) => {
    const why = obstacle(built, machine, gateway);
    if (why === null) return [];
    const message = `${built.name} does not reach its gateway ${gateway.address}: ${why}.`;
    const { source } = site;
    const own = gateway.path[1] === built.name;
    const related = own || source === null ? [] : [{ source, span: site.place(gateway.path), message: "the gateway" }];
    const span = site.place(own ? gateway.path : built.path);
    return [diagnostic("site/gateway-unreachable", "error", message, source, span, { related })];
  });
}

function obstacle(built: BuiltMachine, machine: Machine, gateway: BuiltGateway): string | null {
  const name = gateway.interface;
  if (machine.interface(name) === null) return `no file sets up ${name}`;
  const { family } = gateway.address;
  const line = `out ${family === 6 ? "icmp6" : "icmp"} ${gateway.own} > ${FAR[family]} echoreq`;
  const { spec, error } = parsePacketLine(line, built.system);
  if (spec === null) return error.message;
  const trace = traceSpec(machine, spec);
  if (typeof trace === "string") return trace;
  const sent = departure(trace.journey);
  if (sent === null) return trace.sentence;
  if (sent.interface !== name) return `packets leave by ${sent.interface}`;
  if (!sent.nextHop.equals(gateway.address)) return `packets go to ${sent.nextHop}`;
  return null;
}
