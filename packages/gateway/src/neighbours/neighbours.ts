/** Which device has which addresses on the guests' link, from the kernel's neighbour tables (ARP and ND). */

export interface NeighbourChange {
  readonly mac: string;
  readonly address: string;
  /** False when the kernel gave it up. */
  readonly present: boolean;
}

export interface Neighbours {
  /** MAC of an address; asks the kernel when it is not known yet. Null when it is nobody's on this link. */
  macOf(address: string): Promise<string | null>;
  addressesOf(mac: string): readonly string[];
  /**
   * Asks whoever has these addresses to show themselves, which takes seconds.
   * @returns address → MAC of those that did, or may have; null when they could not be asked. Absent where the system cannot
   */
  ask?(addresses: readonly string[]): Promise<ReadonlyMap<string, string> | null>;
  /** Told of every change from now on. */
  watch(listener: (change: NeighbourChange) => void): void;
  close(): Promise<void>;
}
