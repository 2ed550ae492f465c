/** Cuts a stream into packets: RADIUS over TCP and TLS has nothing between them (RFC 6613, 2.6.4). */
import { u16 } from "../bytes/index.ts";
import { HEADER_LENGTH, MOST_OCTETS } from "./packet.ts";

export class PacketStream {
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * Takes what arrived.
   *
   * @returns the packets that are whole now; null when the stream can not be RADIUS and must be closed
   */
  take(bytes: Uint8Array): Uint8Array[] | null {
    let all = bytes;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + bytes.length);
      all.set(this.#rest);
      all.set(bytes, this.#rest.length);
    }
    const packets: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= all.length) {
      const length = u16(all, at + 2);
      if (length < HEADER_LENGTH || length > MOST_OCTETS) return null;
      if (at + length > all.length) break;
      packets.push(all.subarray(at, at + length));
      at += length;
    }
    this.#rest = all.slice(at);
    return packets;
  }
}
