import type { LinkState } from "@pierhead/core";

/** A network interface as the running system shows it. */
export interface HostInterface {
  readonly name: string;
  /** Six octets in hexadecimal with colons; null where it has none. */
  readonly mac: string | null;
  readonly mtu: number | null;
  readonly link: LinkState;
  readonly up: boolean;
  /** What the link runs at now, Mbit/s; null where nobody tells. */
  readonly megabits: number | null;
  /** Driver, or the kind of a virtual interface; null where nobody tells. */
  readonly driver: string | null;
}

/** What sysctl or /proc tells of the machine. */
export interface HardwareFacts {
  readonly processor: string | null;
  /** Processors that run. */
  readonly processors: number | null;
  /** Bytes. */
  readonly memory: number | null;
  /** Maker and model of the machine, where firmware tells. */
  readonly product: string | null;
}

/** A device on the PCI bus, with the driver that has it; null when none has. */
export interface PciDevice {
  readonly address: string;
  readonly driver: string | null;
  readonly vendor: string | null;
  readonly device: string | null;
  /** `network`, `mass storage`, …; as the tool says it. */
  readonly kind: string | null;
}
