/** Echo requests as ping(8) sends them, and the answers. */
import { Address, type Packet, PROTOCOL } from "@pierhead/core";

/** A request whose source the machine fills in. */
export function echoRequest(
  destination: Address,
  options: { readonly size?: number; readonly dontFragment?: boolean } = {},
): Packet {
  const { family } = destination;
  return {
    family,
    source: new Address(family, 0),
    destination,
    protocol: family === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6,
    sourcePort: 0,
    destinationPort: 0,
    ttl: 64,
    tos: 0,
    dontFragment: options.dontFragment ?? false,
    id: 0,
    fragment: null,
    options: [],
    payloadLength: options.size ?? 56,
    tcp: null,
    icmp: { type: family === 4 ? 8 : 128, code: 0, id: 1, sequence: 1, mtu: 0, target: null, inner: null },
    sctpChunk: null,
  };
}

/** The answer to a request. */
export function echoReply(request: Packet): Packet {
  return {
    ...request,
    source: request.destination,
    destination: request.source,
    ttl: 64,
    icmp: {
      type: request.family === 4 ? 0 : 129,
      code: 0,
      id: request.icmp?.id ?? 1,
      sequence: request.icmp?.sequence ?? 1,
      mtu: 0,
      target: null,
      inner: null,
    },
  };
}
