/** From the values of a packet class to a packet that can be sent, and to the line that `trace --packet` takes. */
import { type Family, type Packet, PROTOCOL, type System, TCP_FLAG } from "@pierhead/core";
import { icmpTypeName } from "@pierhead/lang/names";
import { addressFrom, type PacketClass } from "../prove/classes.ts";
import { flagsText } from "../scenario/check.ts";
import { protocolText } from "../trace/describe.ts";

/** A packet for a class; null when no such packet exists on a wire (a port on a protocol that has none). */
export function examplePacket(one: PacketClass, family: Family): Packet | null {
  const { example } = one;
  const protocol = Number(example.kind >> 16n);
  const detail = Number(example.kind & 0xffffn);
  if (protocol === 0 || (family === 4 ? protocol === PROTOCOL.icmp6 : protocol === PROTOCOL.icmp)) return null;
  const hasPorts = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.sctp;
  const sourcePort = hasPorts ? Number(example.sourcePort) : 0;
  const destinationPort = hasPorts ? Number(example.destinationPort) : 0;
  if (hasPorts && (sourcePort === 0 || destinationPort === 0)) return null;
  const source = addressFrom(example.source, family);
  const destination = addressFrom(example.destination, family);
  if (source.isUnspecified() || source.isMulticast() || destination.isUnspecified()) return null;
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6;
  if (protocol === PROTOCOL.tcp && detail > 255) return null;
  if (isIcmp && isError(family, detail >> 8)) return null;
  return {
    family,
    source,
    destination,
    protocol,
    sourcePort,
    destinationPort,
    ttl: 64,
    tos: Number(example.tos),
    dontFragment: false,
    id: 1,
    fragment: null,
    options: [],
    payloadLength: isIcmp || hasPorts ? 0 : 8,
    tcp:
      protocol === PROTOCOL.tcp
        ? {
            flags: detail,
            sequence: 1000,
            acknowledgement: (detail & TCP_FLAG.A) === 0 ? 0 : 1,
            window: 65535,
            mss: null,
            windowScale: null,
            timestamps: null,
            sackPermitted: false,
            rawOptions: null,
          }
        : null,
    icmp: isIcmp
      ? { type: detail >> 8, code: detail & 255, id: 1, sequence: 1, mtu: 0, target: null, inner: null }
      : null,
    sctpChunk: protocol === PROTOCOL.sctp ? 1 : null,
  };
}

// Errors are about other packets; alone they are dropped before any rule is asked.
function isError(family: Family, type: number): boolean {
  return family === 4 ? [3, 4, 5, 11, 12].includes(type) : type < 128;
}

/** `in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S`, as `trace --packet` reads it. */
export function packetLine(packet: Packet, on: string | null, system: System): string {
  const end = (address: Packet["source"], port: number): string => {
    if (port === 0) return `${address}`;
    return packet.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const ways = `${end(packet.source, packet.sourcePort)} > ${end(packet.destination, packet.destinationPort)}`;
  let text = `${on === null ? "out" : `in ${on}`} ${protocolText(packet.protocol, system)} ${ways}`;
  if (packet.tcp !== null) text += ` ${flagsText(packet.tcp.flags) || "flags=none"}`;
  if (packet.icmp !== null) {
    const { type, code } = packet.icmp;
    text += ` ${icmpTypeName(system, packet.family, type) ?? `type=${type}`}${code === 0 ? "" : ` code=${code}`}`;
  }
  if (packet.tos !== 0) text += ` tos=${packet.tos}`;
  return text;
}
