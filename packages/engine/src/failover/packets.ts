/** Packets that stand for many: what they look like, and which there are on a machine. */
import {
  Address,
  copyPacket,
  type InterfaceAddress,
  type Packet,
  PROTOCOL,
  parseAddress,
  TCP_FLAG,
} from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import type { MachineInterface } from "../machine/machine-interface.ts";
import type { Probe } from "./types.ts";

/** Protocol and port of each kind. */
const KINDS: ReadonlyMap<string, { readonly protocol: number; readonly port: number }> = new Map([
  ["http", { protocol: PROTOCOL.tcp, port: 80 }],
  ["https", { protocol: PROTOCOL.tcp, port: 443 }],
  ["ssh", { protocol: PROTOCOL.tcp, port: 22 }],
  ["dns", { protocol: PROTOCOL.udp, port: 53 }],
  ["udp", { protocol: PROTOCOL.udp, port: 4500 }],
  ["icmp", { protocol: PROTOCOL.icmp, port: 0 }],
]);

/** A probe with the ends its packets have. */
export interface ProbePlan {
  readonly probe: Probe;
  /** Null: the machine chooses, as for its own packets. */
  readonly source: Address | null;
  readonly destination: Address;
}

/** The probes of a machine, by which of its interfaces lead inside and which outside. */
export function planProbes(machine: Machine, inside: readonly string[], outside: readonly string[]): ProbePlan[] {
  const plans: ProbePlan[] = [];
  const remote = farAddress(machine);
  for (const name of inside) {
    const own = ipv4(machine.interface(name));
    if (own === null) continue;
    const client = hostIn(own, machine);
    const suffix = inside.length > 1 ? ` from ${name}` : "";
    for (const kind of ["http", "https", "dns", "icmp", "udp"]) {
      plans.push({
        probe: { name: `${kind}${suffix}`, from: "lan", interface: name },
        source: client,
        destination: remote,
      });
    }
    for (const kind of ["dns", "ssh"]) {
      const probe: Probe = { name: `${kind}${suffix}`, from: "lan-to-gateway", interface: name };
      plans.push({ probe, source: client, destination: own.address });
    }
  }
  for (const kind of ["https", "dns", "icmp"]) {
    plans.push({ probe: { name: kind, from: "gateway", interface: null }, source: null, destination: remote });
  }
  for (const name of outside) {
    const own = ipv4(machine.interface(name));
    if (own === null) continue;
    for (const kind of ["https", "icmp"]) {
      const probe: Probe = { name: `${kind} on ${name}`, from: "inbound", interface: name };
      plans.push({ probe, source: remote, destination: own.address });
    }
  }
  return plans;
}

/** The first packet of a kind. `port` tells several of them apart. */
export function probePacket(plan: ProbePlan, port: number): Packet {
  const kind = KINDS.get(plan.probe.name.split(" ")[0] as string) as { protocol: number; port: number };
  const ports = kind.protocol !== PROTOCOL.icmp;
  return {
    family: 4,
    source: plan.source ?? new Address(4, 0),
    destination: plan.destination,
    protocol: kind.protocol,
    sourcePort: ports ? port : 0,
    destinationPort: ports ? kind.port : 0,
    ttl: 64,
    tos: 0,
    dontFragment: false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: kind.protocol === PROTOCOL.tcp ? 0 : 32,
    tcp: kind.protocol === PROTOCOL.tcp ? segment(TCP_FLAG.S, 1000, 0) : null,
    icmp:
      kind.protocol === PROTOCOL.icmp
        ? { type: 8, code: 0, id: port, sequence: 1, mtu: 0, target: null, inner: null }
        : null,
    sctpChunk: null,
  };
}

function segment(flags: number, sequence: number, acknowledgement: number): NonNullable<Packet["tcp"]> {
  return {
    flags,
    sequence,
    acknowledgement,
    window: 65535,
    mss: null,
    windowScale: null,
    timestamps: null,
    sackPermitted: false,
    rawOptions: null,
  };
}

/** The far end's answer to a packet as it got there. */
export function answerTo(packet: Packet): Packet {
  const answer = copyPacket(packet);
  answer.source = packet.destination;
  answer.destination = packet.source;
  answer.sourcePort = packet.destinationPort;
  answer.destinationPort = packet.sourcePort;
  answer.ttl = 64;
  if (packet.tcp !== null) {
    const { flags, sequence, acknowledgement } = packet.tcp;
    const syn = (flags & TCP_FLAG.S) !== 0;
    const next = (sequence + packet.payloadLength + (syn ? 1 : 0)) >>> 0;
    answer.tcp = segment(syn ? TCP_FLAG.S | TCP_FLAG.A : TCP_FLAG.A, syn ? 5000 : acknowledgement, next);
    answer.payloadLength = 0;
  }
  if (answer.icmp !== null) answer.icmp = { ...answer.icmp, type: 0 };
  return answer;
}

/** The next packet of a connection, after `heard`, the answer as it reached the client. */
export function nextPacket(first: Packet, heard: Packet, payloadLength: number): Packet {
  const packet = copyPacket(first);
  if (packet.tcp !== null && heard.tcp !== null) {
    packet.tcp = segment(TCP_FLAG.A, heard.tcp.acknowledgement, (heard.tcp.sequence + 1) >>> 0);
    packet.payloadLength = payloadLength;
  }
  if (packet.icmp !== null) packet.icmp = { ...packet.icmp, sequence: packet.icmp.sequence + 1 };
  return packet;
}

/** Somebody far away: an address for documentation that is on none of the machine's networks. */
function farAddress(machine: Machine): Address {
  for (const text of ["192.0.2.80", "198.51.100.80", "203.0.113.80", "198.18.0.80"]) {
    const address = parseAddress(text) as Address;
    const near = machine.interfaces().some((one) => one.addresses.some((own) => address.isIn(own.address, own.length)));
    if (!near) return address;
  }
  return parseAddress("198.19.255.80") as Address;
}

function ipv4(one: MachineInterface | null): InterfaceAddress | null {
  return one?.addresses.find(({ address }) => address.family === 4 && !address.isUnspecified()) ?? null;
}

/** A host in the network of an interface that is not the machine. */
function hostIn(own: InterfaceAddress, machine: Machine): Address {
  if (own.peer !== undefined) return own.peer;
  const network = own.address.masked(own.length);
  for (const host of [10, 2, 3, 5, 6]) {
    const address = new Address(4, network.w0 + host);
    if (address.isIn(network, own.length) && machine.ownerOf(address) === null) return address;
  }
  return new Address(4, network.w0 + 2);
}
