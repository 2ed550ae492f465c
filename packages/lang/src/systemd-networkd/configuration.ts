/** What the files of systemd-networkd say, as far as it decides where packets go. */
import type { Address, Family, Source, Span } from "@pierhead/core";

/** A place in one of the files. */
export interface Place {
  readonly source: Source;
  readonly span: Span;
}

/** Shell patterns of `Name=`; with `negated` the names that none of them fits. */
export interface NamePatterns {
  readonly patterns: readonly string[];
  readonly negated: boolean;
  readonly place: Place;
}

/** `[Match]`: all that is given must hold. */
export interface MatchSettings {
  readonly names: NamePatterns | null;
  /** `MACAddress=` and `PermanentMACAddress=`, lower case with colons. */
  readonly macs: readonly { readonly mac: string; readonly place: Place }[] | null;
  /** Keys that only the running system can judge: `Driver`, `Path`, `Host`, … */
  readonly others: readonly string[];
  readonly place: Place | null;
}

/** `Address=` of `[Network]`, or one `[Address]` section. */
export interface NetworkAddress {
  readonly address: Address;
  readonly length: number;
  /** The far end of a point-to-point address; the length is then that of its network. */
  readonly peer: Address | null;
  /** `Broadcast=`: an address, false for none; null when the usual one is taken. */
  readonly broadcast: Address | false | null;
  /** `RouteMetric=` of the route to the address's own network; 0 when not given. */
  readonly metric: number;
  /** `AddPrefixRoute=no`: no route to the address's own network. */
  readonly prefixRoute: boolean;
  readonly place: Place;
}

/** `Gateway=` of `[Network]`, or one `[Route]` section. */
export interface NetworkRoute {
  readonly family: Family;
  readonly destination: Address;
  readonly length: number;
  readonly gateway: Address | null;
  /** `_dhcp4`, `_ipv6ra`: the router that a server or an advertisement names. */
  readonly learnedGateway: boolean;
  /** `GatewayOnLink=`; null when not given. */
  readonly onLink: boolean | null;
  /** 0 when not given; IPv6 then uses 1024. */
  readonly metric: number;
  /** `Type=`: `unicast`, `blackhole`, `unreachable`, … */
  readonly type: string;
  /** `Scope=`; null when it follows from the rest. */
  readonly scope: string | null;
  readonly preferredSource: Address | null;
  /** Number of the routing table; null for the main one. */
  readonly table: number | null;
  readonly mtu: number | null;
  /** Of the section, or of the `Gateway=` line. */
  readonly place: Place;
  readonly gatewayPlace: Place | null;
}

/** A `.network` file with its drop-ins. */
export interface NetworkConfiguration {
  readonly match: MatchSettings;
  readonly unmanaged: boolean;
  readonly macAddress: { readonly mac: string; readonly place: Place } | null;
  readonly mtu: number | null;
  /** `ActivationPolicy=` keeps it down, or leaves that to somebody else. */
  readonly staysDown: boolean;
  readonly addresses: readonly NetworkAddress[];
  readonly routes: readonly NetworkRoute[];
  readonly dhcp: { readonly 4: Place | null; readonly 6: Place | null };
  /** `IPv6AcceptRA=`; null when not given. */
  readonly acceptRa: boolean | null;
  readonly linkLocal: { readonly 4: boolean; readonly 6: boolean };
  /** Families that the system forwards once this file is applied. */
  readonly forwarding: readonly Family[];
  /** `Bridge=`, `Bond=`, `VRF=`: the interface this one becomes part of. */
  readonly master: { readonly kind: "bridge" | "bond" | "vrf"; readonly name: string; readonly place: Place } | null;
  /** Interfaces on top of this one: `VLAN=`, `MACVLAN=`, `Tunnel=`, … */
  readonly stacked: readonly { readonly key: string; readonly name: string; readonly place: Place }[];
}

/** A `.netdev` file: an interface that networkd makes. */
export interface NetdevConfiguration {
  readonly name: string | null;
  readonly kind: string | null;
  readonly mac: string | null;
  readonly mtu: number | null;
  readonly vlan: number | null;
  readonly tunnel: { readonly local: Address | null; readonly remote: Address | null };
  readonly place: Place;
}

/** A `.link` file: what udev makes of a card that fits. */
export interface LinkConfiguration {
  readonly match: MatchSettings;
  readonly name: string | null;
  readonly macAddress: { readonly mac: string; readonly place: Place } | null;
  readonly mtu: number | null;
}
