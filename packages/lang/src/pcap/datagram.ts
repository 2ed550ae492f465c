import { Address, PROTOCOL } from "@pierhead/core";
import { u16, u32 } from "../bytes/index.ts";
import { ipOffset } from "./link.ts";
import type { CapturedPacket } from "./packet.ts";

/** A UDP datagram out of a captured packet. */
export interface Datagram {
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  /** Octets of payload that the UDP header promises and the capture does not have. */
  readonly missing: number;
  /** The packet is the first fragment of a larger one: the rest of the payload is in other packets. */
  readonly fragment: boolean;
}

/** More extension headers than this is an attack, not a packet. */
const MOST_EXTENSIONS = 16;

/**
 * The UDP datagram of a packet when one of its ports is among `ports`; null otherwise. Later fragments have no
 * ports and give null.
 */
export function udpDatagram(packet: CapturedPacket, ports: ReadonlySet<number>): Datagram | null {
  const { data } = packet;
  const ip = ipOffset(data, packet.linkType);
  if (ip < 0 || ip >= data.length) return null;
  const version = (data[ip] as number) >> 4;
  return version === 4 ? ofIpv4(data, ip, ports) : version === 6 ? ofIpv6(data, ip, ports) : null;
}

function ofIpv4(data: Uint8Array, ip: number, ports: ReadonlySet<number>): Datagram | null {
  if (data.length - ip < 20 || data[ip + 9] !== PROTOCOL.udp) return null;
  const header = ((data[ip] as number) & 15) * 4;
  const fragment = u16(data, ip + 6);
  if (header < 20 || (fragment & 0x1fff) !== 0) return null;
  const addresses = (): [Address, Address] => [new Address(4, u32(data, ip + 12)), new Address(4, u32(data, ip + 16))];
  return ofUdp(data, ip + header, ports, (fragment & 0x2000) !== 0, addresses);
}

function ofIpv6(data: Uint8Array, ip: number, ports: ReadonlySet<number>): Datagram | null {
  if (data.length - ip < 40) return null;
  let next = data[ip + 6] as number;
  let at = ip + 40;
  let fragment = false;
  for (let headers = 0; next !== PROTOCOL.udp; headers++) {
    if (headers === MOST_EXTENSIONS || at + 8 > data.length) return null;
    if (next === PROTOCOL.fragment) {
      const field = u16(data, at + 2);
      if (field >> 3 !== 0) return null;
      fragment = (field & 1) !== 0;
      next = data[at] as number;
      at += 8;
    } else if (next === PROTOCOL.hopByHop || next === PROTOCOL.routing || next === PROTOCOL.destinationOptions) {
      next = data[at] as number;
      at += ((data[at + 1] as number) + 1) * 8;
    } else if (next === PROTOCOL.ah) {
      next = data[at] as number;
      at += ((data[at + 1] as number) + 2) * 4;
    } else return null;
  }
  const address = (start: number): Address =>
    new Address(6, u32(data, start), u32(data, start + 4), u32(data, start + 8), u32(data, start + 12));
  return ofUdp(data, at, ports, fragment, () => [address(ip + 8), address(ip + 24)]);
}

function ofUdp(
  data: Uint8Array,
  at: number,
  ports: ReadonlySet<number>,
  fragment: boolean,
  addresses: () => [Address, Address],
): Datagram | null {
  if (at + 8 > data.length) return null;
  const sourcePort = u16(data, at);
  const destinationPort = u16(data, at + 2);
  if (!ports.has(sourcePort) && !ports.has(destinationPort)) return null;
  const promised = Math.max(0, u16(data, at + 4) - 8);
  // What follows the datagram is padding of the link.
  const payload = data.subarray(at + 8, Math.min(data.length, at + 8 + promised));
  const [source, destination] = addresses();
  return { source, destination, sourcePort, destinationPort, payload, missing: promised - payload.length, fragment };
}
