/**
 * A client connects: its packets go through the machine one after the other, as a real client's would, and the daemons
 * do with it what their files say. Which ciphers both sides can agree on is another question (`compat`).
 */
import { type Address, PROTOCOL, plainPacket } from "@pierhead/core";
import type { MachineBuild } from "../build/index.ts";
import type { Machine } from "../machine/index.ts";
import { NAT_TRAVERSAL_PORT } from "../network/tunnel.ts";
import type { Attempt, AttemptStep, ClientSpec } from "./attempt.ts";
import { l2tpLinks } from "./freebsd-head-end.ts";
import type { HeadEnd } from "./head-end.ts";
import { acceptIkev2 } from "./ikev2.ts";
import { acceptL2tp } from "./l2tp.ts";
import { acceptMpd } from "./mpd.ts";
import { acceptStrongswan, ownAddresses } from "./strongswan.ts";
import { type Accepted, arrives, leaves, type Wire } from "./wire.ts";

const IKE_PORT = 500;
/** Octets of a first message with several proposals. */
const IKE_LENGTH = 400;

/** The machine is changed: states, and when the client gets in, its association, session and interface. */
export function connectClient(build: MachineBuild, headEnd: HeadEnd, client: ClientSpec): Attempt {
  const { machine } = build;
  const steps: AttemptStep[] = [];
  const failed = (): Attempt => ({ client, steps, connected: false, framed: null, interface: null });
  const local = client.to ?? listenAddress(machine, headEnd, client);
  if (local === null) {
    steps.push({
      name: "ike",
      ok: false,
      text: "no address of this machine is one a client could be set to",
      journey: null,
    });
    return failed();
  }
  const link = machine.ownerOf(local);
  if (link === null) {
    steps.push({ name: "ike", ok: false, text: `${local} is no address of this machine`, journey: null });
    return failed();
  }
  // enc(4): enc0 always exists, on OpenBSD.
  if (machine.system.family === "openbsd" && machine.interface("enc0") === null) machine.addInterface({ name: "enc0" });
  const wire: Wire = { machine, steps, local, client, arrival: arrivalOf(machine, client.from, link.name) };
  if (!exchange(wire, "ike", IKE_PORT, client.nat ? (client.port ?? IKE_PORT) : IKE_PORT)) return failed();
  const peerPort = client.nat ? (client.port ?? NAT_TRAVERSAL_PORT) : null;
  if (peerPort !== null && !exchange(wire, "nat-traversal", NAT_TRAVERSAL_PORT, peerPort)) return failed();
  const accepted = accept(headEnd, wire, peerPort);
  return accepted === null ? failed() : { client, steps, connected: true, ...accepted };
}

function accept(headEnd: HeadEnd, wire: Wire, peerPort: number | null): Accepted | null {
  const { strongswan } = headEnd;
  if (wire.client.protocol === "l2tp-ipsec") {
    return wire.machine.system.family === "freebsd"
      ? acceptMpd(headEnd, wire, peerPort)
      : acceptL2tp(headEnd, wire, peerPort);
  }
  return strongswan === null ? acceptIkev2(headEnd, wire, peerPort) : acceptStrongswan(strongswan, wire, peerPort);
}

/** The address that configuration and routing suggest: of a rule, or of the interface with the default route. */
function listenAddress(machine: Machine, headEnd: HeadEnd, client: ClientSpec): Address | null {
  const { family } = client.from;
  const candidates: (Address | null)[] = [];
  if (client.protocol === "l2tp-ipsec") {
    for (const peer of headEnd.peers) {
      candidates.push(peer.local?.address ?? null);
      for (const connection of peer.connections) {
        if (!connection.source.network) candidates.push(connection.source.address);
      }
    }
    for (const link of l2tpLinks(headEnd.mpd)) candidates.push(link.self?.address ?? null);
  } else for (const policy of headEnd.iked?.policies ?? []) candidates.push(policy.local.address);
  for (const connection of headEnd.strongswan?.connections ?? []) candidates.push(...ownAddresses(connection));
  const named = candidates.find((one) => one !== null && one.family === family && machine.ownerOf(one) !== null);
  if (named != null) return named;
  const route = machine.lookup(client.from, 0);
  return route?.source ?? null;
}

/** Where the default route leads is where strangers come from; else where the address is. */
function arrivalOf(machine: Machine, from: Address, owner: string): string {
  const route = machine.lookup(from, 0);
  return route?.interface != null && machine.interface(route.interface)?.kind !== "loopback" ? route.interface : owner;
}

/** A message of IKE to the head-end and the answer to it. */
function exchange(wire: Wire, name: AttemptStep["name"], port: number, peerPort: number): boolean {
  const { client, local } = wire;
  const packet = plainPacket(client.from, local, PROTOCOL.udp, 64);
  packet.sourcePort = peerPort;
  packet.destinationPort = port;
  packet.payloadLength = IKE_LENGTH;
  const what = `IKE to UDP ${port}`;
  if (!arrives(wire, name, packet, what)) return false;
  const answer = plainPacket(local, client.from, PROTOCOL.udp, 64);
  answer.sourcePort = port;
  answer.destinationPort = peerPort;
  answer.payloadLength = IKE_LENGTH;
  return leaves(wire, name, answer, `the answer to ${what}`);
}
