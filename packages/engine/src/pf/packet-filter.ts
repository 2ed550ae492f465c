import type { Address, Packet, System } from "@pierhead/core";
import type { Anchor, Direction, PfConfiguration } from "@pierhead/lang/pf";
import type { FilterHost, FilterResult, PacketContext } from "./types.ts";

/** Which parts of a configuration to load: `pfctl -R -N -O -T load`; everything without. */
export interface LoadSelection {
  /** Filter rules (`-R`). */
  readonly rules?: boolean;
  /** FreeBSD and the 4.6 family: translation rules (`-N`). */
  readonly translation?: boolean;
  /** `set` options (`-O`). */
  readonly options?: boolean;
  /** Tables (`-T load`). */
  readonly tables?: boolean;
}

/** Words of `pfctl -F`. */
export type FlushWhat =
  | "rules"
  | "nat"
  | "states"
  | "Sources"
  | "info"
  | "Tables"
  | "Reset"
  | "osfp"
  | "all"
  | "ethernet";

/** One side of `pfctl -k`: an address under a mask. */
export interface KillHost {
  readonly address: Address;
  readonly length: number;
  readonly negated?: boolean;
}

/** What `pfctl -k` and `-K` select. Absent fields match everything. */
export interface KillSelection {
  readonly source?: KillHost;
  readonly destination?: KillHost;
  /** Gateway of route-to and reply-to (FreeBSD `-k gateway`). */
  readonly gateway?: KillHost;
  readonly label?: string;
  /** `-k id -k ID/CREATOR`: hexadecimal digits. */
  readonly id?: { readonly id: bigint; readonly creator: number | null };
  /** `-k key`: protocol and both ends. */
  readonly key?: {
    readonly protocol: number;
    readonly first: { readonly address: Address; readonly port: number };
    readonly second: { readonly address: Address; readonly port: number };
  };
  /** `-i`. */
  readonly interface?: string;
  /** `-R`/rdomain. */
  readonly routingDomain?: number;
  /** FreeBSD `-M`: also the states of the same connection on other interfaces. */
  readonly matching?: boolean;
}

/**
 * The packet filter of one machine: rules, tables, states and source nodes, and the decision about every packet.
 * Time and randomness come from the host; the caller moves its clock and calls {@link PacketFilter.tick} once for
 * every whole second that passed.
 */
export class PacketFilter {
  readonly host: FilterHost;
  readonly system: System;
  /** `pfctl -e` and `-d`. A filter that is off passes everything. */
  enabled = true;

  constructor(host: FilterHost, system: System) {
    this.host = host;
    this.system = system;
  }

  /** `pfctl -f`: replaces the rules of the main ruleset and of every anchor the configuration fills. */
  load(_configuration: PfConfiguration, _selection?: LoadSelection): void {}

  /** `pfctl -a PATH -f`: replaces the rules (and tables) of one anchor and of the anchors inside it. */
  loadAnchor(_path: string, _anchor: Anchor, _selection?: LoadSelection): void {}

  /** `pfctl -F`. @returns how many things were removed, as pfctl counts them */
  flush(_what: FlushWhat, _anchorPath = "", _interfaceName: string | null = null): number {
    return 0;
  }

  /** `pf_test()`: what happens to one packet on its way in or out of one interface. Rewrites `packet` in place. */
  test(
    packet: Packet,
    _direction: Direction,
    _interfaceName: string,
    _context: PacketContext,
    _trace = false,
  ): FilterResult {
    return {
      verdict: "pass",
      reason: null,
      rule: null,
      anchorRule: null,
      matchRules: [],
      skipped: null,
      state: null,
      packet,
      route: null,
      routeOption: null,
      discarded: false,
      reroute: false,
      cause: null,
      before: [],
      possible: [],
      divert: null,
      generated: [],
      steps: [],
    };
  }

  /** One second of pf's own timers, at the host's present time: states, source nodes, fragments, syncookies. */
  tick(): void {}

  /** Addresses or routes of interfaces changed: dynamic addresses are read again. Cheap when nothing did. */
  interfacesChanged(): void {}

  /** `pfctl -ss`, one line a state, oldest first; `verbosity` 1 is `-vss`, 2 is `-vvss`. */
  stateLines(_verbosity = 0): string[] {
    return [];
  }

  /** `pfctl -sS`. */
  sourceNodeLines(_verbosity = 0): string[] {
    return [];
  }

  get stateCount(): number {
    return 0;
  }

  /** `pfctl -k`. @returns how many states were killed */
  killStates(_selection: KillSelection): number {
    return 0;
  }

  /** `pfctl -K`. @returns how many source nodes were killed */
  killSourceNodes(_selection: KillSelection): number {
    return 0;
  }
}

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
