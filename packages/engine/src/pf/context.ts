import type { PacketContext } from "./types.ts";

/** The context of a packet that has just arrived on `receivedOn`, or that the host makes (null). */
export function createContext(receivedOn: string | null, rtable = 0): PacketContext {
  return {
    receivedOn,
    tag: null,
    rtable,
    prio: 3,
    queue: null,
    stateKey: null,
    generated: false,
    divertedPacket: false,
    translatedToLocalhost: false,
    routed: 0,
    delay: 0,
    refragmentSize: 0,
    dummynet: null,
    socket: null,
  };
}
