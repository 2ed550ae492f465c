/** IPv6 that is passed while what it cannot do without is blocked: neighbour discovery (RFC 4861). */

import type { Address, Packet } from "@pierhead/core";
import { type Diagnostic, diagnostic, PROTOCOL, parseAddress } from "@pierhead/core";
import { formatRule } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import { createContext } from "../pf/context.ts";
import type { FilterResult } from "../pf/types.ts";
import { addressFrom, addressValue, kindValue } from "../prove/constraints.ts";
import { examplePacket } from "../prove/example.ts";
import { isComplete } from "./pf-walk.ts";

export function checkNeighbourDiscovery(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  const { machine } = build;
  if (build.assumed || build.ifstated !== null || !pf.enabled || !isComplete(pf)) return [];
  const found: Diagnostic[] = [];
  const reported = new Set<number>();
  for (const one of machine.interfaces()) {
    if (one.kind !== "broadcast" || !machine.isRunning(one.name) || /^(tun|tap|wg|gif|gre|bridge|veb)/.test(one.name))
      continue;
    const held = one.addresses.find(({ address }) => address.family === 6 && !address.isLinkLocal());
    if (held === undefined) continue;
    const own = held.address;
    const far = parseAddress("2001:db8:ffff::80") as Address;
    const asks = test(build, one, "out", own, far, kindValue(PROTOCOL.tcp, 2));
    const isAsked = test(build, one, "in", far, own, kindValue(PROTOCOL.tcp, 2));
    if (asks.verdict !== "pass" && isAsked.verdict !== "pass") continue;
    // Whoever asks does so with the address it wants to send from (RFC 4861 7.2.2).
    const group = addressFrom(SOLICITED_NODE | (addressValue(own) & 0xffffffn), 6);
    const network = addressValue(own.masked(held.length));
    const neighbour = addressFrom(network === addressValue(own) - 1n ? network + 2n : network + 1n, 6);
    const questions = [parseAddress("fe80::1") as Address, neighbour].map((asker) =>
      test(build, one, "in", asker, group, SOLICITATION),
    );
    if (questions.some(({ verdict, reason }) => verdict !== "block" || reason !== "match")) continue;
    const rule = questions[0]?.rule ?? null;
    const origin = rule?.rule.origin ?? null;
    if (origin === null || rule === null) continue;
    if (reported.has(origin.span.start)) continue;
    reported.add(origin.span.start);
    found.push(
      diagnostic(
        "pf/neighbour-discovery-blocked",
        "warning",
        `IPv6 is passed on ${one.name}, but \`${formatRule(rule.rule, build.system)}\` blocks the question of its neighbours who has ${own}: after a short time nothing reaches it. Pass \`inet6 proto icmp6\` there, at least neighbrsol and neighbradv.`,
        origin.source,
        origin.span,
      ),
    );
  }
  machine.pf.flush("states");
  return found;
}

/** RFC 4291 2.7.1: ff02::1:ff00:0/104. */
const SOLICITED_NODE = 0xff02_0000_0000_0000_0000_0001_ff00_0000n;
const SOLICITATION = kindValue(PROTOCOL.icmp6, 135 * 256);

function test(
  build: MachineBuild,
  { name }: MachineInterface,
  direction: "in" | "out",
  source: Address,
  destination: Address,
  kind: bigint,
): FilterResult {
  const packet: Packet = examplePacket(
    {
      where: 0n,
      kind,
      source: addressValue(source),
      destination: addressValue(destination),
      sourcePort: 40_000n,
      destinationPort: 443n,
      tos: 0n,
    },
    6,
  );
  build.machine.pf.flush("states");
  return build.machine.pf.test(packet, direction, name, createContext(direction === "in" ? name : null));
}
