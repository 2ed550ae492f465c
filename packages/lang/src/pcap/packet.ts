/** One packet as it was captured. `data` is a view into the file, not a copy. */
export interface CapturedPacket {
  /** From 1, as tcpdump and Wireshark count. */
  readonly number: number;
  /** Seconds since 1970, with fractions; null when the file does not say. */
  readonly time: number | null;
  /** What kind of header the data begins with: a LINKTYPE_ number of the tcpdump group's list. */
  readonly linkType: number;
  readonly data: Uint8Array;
  /** Octets the packet had on the wire; more than `data.length` when the capture cut it. */
  readonly originalLength: number;
}

/** Something wrong with the file itself. */
export interface CaptureProblem {
  readonly code: string;
  readonly message: string;
  /** The packet after which it was met; 0 is before the first. */
  readonly packet: number;
}

export interface CaptureSummary {
  readonly format: "pcap" | "pcapng";
  readonly packets: number;
  readonly problems: readonly CaptureProblem[];
}

/** A packet that claims more than this is not a packet: libpcap's MAXIMUM_SNAPLEN, 262,144 octets. */
export const LARGEST_PACKET = 262_144;
