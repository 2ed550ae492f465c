import type { Address } from "@pierhead/core";

/** `endpoint-independent`: one source of UDP keeps its outside address and port whoever it speaks to (RFC 4787). */
export interface UdpMapping {
  readonly source: Address;
  readonly sourcePort: number;
  readonly outside: Address;
  readonly outsidePort: number;
  /** States that use it. */
  references: number;
}

/** All mappings, known from the inside and from the outside (`struct pf_udp_endpoint`). */
export class UdpMappings {
  readonly #byInside = new Map<string, UdpMapping>();
  readonly #byOutside = new Map<string, UdpMapping>();

  /** The mapping of a source; one more state uses it. */
  acquire(source: Address, port: number): UdpMapping | null {
    const mapping = this.#byInside.get(endpoint(source, port)) ?? null;
    if (mapping !== null) mapping.references++;
    return mapping;
  }

  /** Makes a mapping with one user. @returns null when one of its ends is taken */
  add(source: Address, sourcePort: number, outside: Address, outsidePort: number): UdpMapping | null {
    const inside = endpoint(source, sourcePort);
    const outer = endpoint(outside, outsidePort);
    if (this.#isTaken(inside) || this.#isTaken(outer)) return null;
    const mapping: UdpMapping = { source, sourcePort, outside, outsidePort, references: 1 };
    this.#byInside.set(inside, mapping);
    this.#byOutside.set(outer, mapping);
    return mapping;
  }

  release(mapping: UdpMapping): void {
    mapping.references--;
    if (mapping.references > 0) return;
    this.#byInside.delete(endpoint(mapping.source, mapping.sourcePort));
    this.#byOutside.delete(endpoint(mapping.outside, mapping.outsidePort));
  }

  #isTaken(end: string): boolean {
    return this.#byInside.has(end) || this.#byOutside.has(end);
  }
}

function endpoint(address: Address, port: number): string {
  return `${address} ${port}`;
}
