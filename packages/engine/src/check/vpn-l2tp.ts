/** L2TP without IPsec: whether any packet to UDP 1701 reaches the machine by the wire, over all rules. */
import { PROTOCOL } from "@pierhead/core";
import { type BuildOptions, buildMachine } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { ownSteps } from "../network/journey.ts";
import { L2TP_PORT } from "../network/tunnel.ts";
import { type Policy, provePolicies } from "../prove/index.ts";
import { parsePacketLine, traceSpec } from "../trace/index.ts";
import { servesL2tp } from "../vpn/index.ts";
import type { Place, VpnFindings } from "./vpn-findings.ts";

export function checkBareL2tp(findings: VpnFindings, options: BuildOptions): void {
  const { build, headEnd } = findings;
  if (build.pf === null || !servesL2tp(headEnd)) return;
  const names = outside(buildMachine(build.tree, build.system, options).machine);
  if (names.length === 0) return;
  const { source } = build.pf;
  const policy: Policy = {
    name: "L2TP without IPsec",
    source,
    span: { start: 0, end: 0 },
    from: null,
    to: [{ kind: "self" }],
    in: names,
    protocols: [PROTOCOL.udp],
    ports: [[L2TP_PORT, L2TP_PORT]],
    rule: "never",
    outcome: "pass",
    via: null,
    as: null,
    when: null,
  };
  const [result] = provePolicies(build.tree, build.system, [policy], { build: options });
  if (result === undefined || result.verdict === "proved") return;
  if (result.counterExample === null) {
    const text = `Whether L2TP can be reached without IPsec could not be decided: ${result.reasons[0] ?? "there are too many cases"}.`;
    findings.say("vpn/l2tp-undecided", "note", text, { source, span: { start: 0, end: 0 } });
    return;
  }
  const { packet } = result.counterExample;
  const place = deciding(findings, options, packet) ?? { source, span: { start: 0, end: 0 } };
  findings.say(
    "vpn/l2tp-in-clear",
    "warning",
    `UDP ${L2TP_PORT} can be reached without IPsec: whoever guesses a password is in, and what users send is readable. \`${packet}\` passes; let L2TP in on enc0 only.`,
    place,
  );
}

/** The rule that passes the packet of the counter-example. */
function deciding(findings: VpnFindings, options: BuildOptions, line: string): Place | null {
  const { tree, system } = findings.build;
  const { spec } = parsePacketLine(line, system);
  const trace = spec === null ? null : traceSpec(buildMachine(tree, system, options).machine, spec);
  if (trace === null || typeof trace === "string") return null;
  return ownSteps(trace.journey, "filter").at(-1)?.result.rule?.rule.origin ?? null;
}

/** Where strangers come from: interfaces of default routes; without any, every link. */
function outside(machine: Machine): string[] {
  const links = machine.interfaces().filter((one) => !/^(lo|enc|pppx|pppac|ng|ipsec|pflog|pfsync)$/.test(one.driver));
  const defaults = new Set(machine.routes.list().flatMap((route) => (route.length === 0 ? [route.interface] : [])));
  const facing = links.filter((one) => defaults.has(one.name));
  return (facing.length > 0 ? facing : links).map((one) => one.name);
}
