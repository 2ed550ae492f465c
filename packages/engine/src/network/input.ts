/** IP input (`ip_input_if`, `ip6_input_if`): pf, then to whom. */
import { type Address, copyPacket, type Packet } from "@pierhead/core";
import type { PacketContext } from "../pf/types.ts";
import { badArrival, isLinkGroup, ownership } from "./addresses.ts";
import { continues, sendGenerated } from "./answers.ts";
import { assemble, fragmentKey, withFragment } from "./fragments.ts";
import { passesFrameRules } from "./frame.ts";
import { routeByRule } from "./policy-route.ts";
import type { Run } from "./run.ts";
import { goOnTranslated } from "./translated.ts";
import { decapsulate } from "./tunnel.ts";

export function input(run: Run, flow: number, packet: Packet, context: PacketContext): void {
  const { machine } = run;
  const name = context.receivedOn ?? "lo0";
  const arrival = machine.interface(name);
  const past = run.pastFilter.delete(flow);
  if (!past && arrival !== null && !passesFrameRules(run, flow, "in", arrival, packet, context)) return;
  const bad = badArrival(packet, arrival);
  if (bad !== null) {
    run.end(flow, "bad-address", bad);
    return;
  }
  const toGroup = isLinkGroup(packet, arrival);
  if (past) {
    accept(run, flow, packet, context, name, toGroup);
    return;
  }
  const result = run.filter(flow, "in", name, packet, context);
  sendGenerated(run, flow, result, context);
  if (result.verdict === "af-translated") {
    if (toGroup) {
      run.end(flow, "bad-address", TO_GROUP);
      return;
    }
    goOnTranslated(run, flow, result, context, "in", name);
    return;
  }
  if (!continues(run, flow, result)) return;
  if (result.route !== null) {
    routeByRule(run, flow, result.packet, context, "in", name, result.route, result);
    if (result.route.option !== "dup-to") return;
  }
  const passed = result.packet;
  if (result.divert !== null && result.divert.kind !== "divert-packet") {
    deliver(run, flow, passed, context, name, result.divert.kind === "divert-to" ? result.divert : null);
    return;
  }
  accept(run, flow, passed, context, name, toGroup);
}

/** Past pf: to a socket, or on to where it is for. */
function accept(run: Run, flow: number, passed: Packet, context: PacketContext, name: string, toGroup: boolean): void {
  const { machine } = run;
  switch (ownership(machine, passed, context)) {
    case "ours":
      deliver(run, flow, passed, context, name, null);
      return;
    case "not-member":
      run.end(flow, "not-for-us", `${passed.destination} is a group the machine is not in`);
      return;
    case "wrong-interface":
      run.end(
        flow,
        "wrong-interface",
        `${passed.destination} is an address of another interface, and a host that does not forward takes it only there`,
      );
      return;
    case "forward":
      break;
  }
  if (!machine.forwards(passed.family)) {
    run.end(flow, "not-forwarding", `it is not for this machine, and forwarding of IPv${passed.family} is off`);
    return;
  }
  if (toGroup) {
    run.end(flow, "bad-address", TO_GROUP);
    return;
  }
  run.forward(flow, passed, context);
}

const TO_GROUP = "it came as a broadcast or multicast of its link, and those are not forwarded";

/** To a socket; fragments wait until the packet is whole. */
function deliver(
  run: Run,
  flow: number,
  packet: Packet,
  context: PacketContext,
  name: string,
  divert: { readonly address: Address | null; readonly port: number } | null,
): void {
  const { machine } = run;
  let whole: Packet | null = packet;
  if (packet.fragment !== null) {
    const key = fragmentKey(packet);
    const parts = withFragment(machine.reassembly.get(key) ?? [], copyPacket(packet));
    whole = assemble(parts);
    if (whole === null) {
      machine.reassembly.set(key, parts);
      run.add({ kind: "hold", flow, by: "stack", packet: copyPacket(packet) });
      return;
    }
    machine.reassembly.delete(key);
  }
  if (decapsulate(run, flow, whole, context)) return;
  const service = machine.service(whole.protocol, whole.destination, whole.destinationPort);
  run.add({
    kind: "deliver",
    flow,
    interface: name,
    packet: copyPacket(whole),
    service: service?.name ?? null,
    divert: divert === null ? null : { address: divert.address, port: divert.port },
  });
}
