/**
 * What the portal asks of a kernel's packet filter. Two drivers do it: nftables and pf.
 *
 * An opening belongs to a device. Input is what comes from the client and output what goes to it, as a NAS sees it
 * (RFC 2866, 5.3 and 5.4). A driver owns one table or anchor and touches nothing else.
 */

export interface Opening {
  /** Unique among this gateway's sessions, 1 to 2^31 - 1; the same after a restart. */
  readonly number: number;
  /** `02:00:00:00:00:01`. */
  readonly mac: string;
  /** IPv4 and IPv6 addresses the device is known by. */
  readonly addresses: readonly string[];
  /** Bits per second; null without limit. */
  readonly rateUp: number | null;
  readonly rateDown: number | null;
}

export type FirewallChange =
  | { readonly kind: "open"; readonly opening: Opening }
  /** The device has other addresses or other rates now; counters go on. */
  | { readonly kind: "alter"; readonly opening: Opening }
  | { readonly kind: "close"; readonly number: number };

export interface Counters {
  readonly inputOctets: bigint;
  readonly outputOctets: bigint;
  readonly inputPackets: bigint;
  readonly outputPackets: bigint;
}

export interface OpenEntry extends Counters {
  readonly number: number;
  readonly mac: string;
  readonly addresses: readonly string[];
}

export interface GardenAddress {
  readonly prefix: string;
  readonly protocol: "tcp" | "udp" | null;
  readonly port: number | null;
  /** Seconds; null: until it is taken away. */
  readonly timeout: number | null;
}

/** What stands in the rules as long as the portal runs. */
export interface FirewallPlan {
  readonly guests: { readonly interface: string; readonly addresses: readonly string[]; readonly isolate: boolean };
  readonly uplink: { readonly interface: string; readonly nat: boolean };
  readonly resolvers: readonly string[];
  /** Where HTTP of people who have not signed in is sent, and what of ours they reach besides: TCP ports. */
  readonly redirectPort: number;
  readonly portalPorts: readonly number[];
  /** TCP ports of the gateway that signed-in guests reach besides. */
  readonly openPorts: readonly number[];
}

export class FirewallError extends Error {}

export interface Firewall {
  /** Puts the rules in place in one step; what is open stays open and keeps its counters. */
  start(plan: FirewallPlan): Promise<void>;
  /**
   * All of it or nothing, in one transaction. Returns the last counters of what was closed. Closing what is not open is no
   * error. Also cuts established connections of what was closed.
   * @throws FirewallError with the tool's own words
   */
  apply(changes: readonly FirewallChange[]): Promise<ReadonlyMap<number, Counters>>;
  /** Replaces the walled garden's addresses that have no timeout; adds those that have. */
  garden(addresses: readonly GardenAddress[]): Promise<void>;
  /** Everything that is open, with its counters. */
  read(): Promise<readonly OpenEntry[]>;
  /** Takes every rule of ours away: guests are where they were without a portal. */
  stop(): Promise<void>;
}

/** An open device that sent from an IPv4 address nobody bound to it: a neighbour that borrows, or a lease not yet heard of. */
export interface SpoofingSign {
  readonly mac: string;
  readonly address: string;
  readonly packets: bigint;
}

/** What a driver can do on its system, so that the portal says so instead of pretending. */
export interface FirewallAbilities {
  /** Packets are tied to the device's MAC; otherwise only to addresses. */
  readonly macBinding: boolean;
  /** IPv6 addresses nobody told of are the device's at once; otherwise only after an `alter`. */
  readonly newAddresses: boolean;
  /** Rates of an opening are kept. */
  readonly rates: boolean;
}

/** What both drivers of ours are, besides. */
export interface WatchfulFirewall extends Firewall {
  readonly abilities: FirewallAbilities;
  /** Of the last ten minutes; empty where the driver cannot see it. */
  spoofing(): Promise<readonly SpoofingSign[]>;
  /** Ends what runs beside this process for it. Rules and what is open stay. */
  release(): void;
}
