import type { Address, Family, Span } from "@pierhead/core";

/** `ip address …`. */
export interface IpAddressCommand {
  readonly object: "address";
  readonly action: "add" | "replace" | "delete" | "flush";
  readonly family: Family | null;
  /** Null for `flush`. */
  readonly address: Address | null;
  /** Of the address, or of the peer when one is given. */
  readonly length: number;
  readonly peer: Address | null;
  /** `+`: the last address of the network. */
  readonly broadcast: Address | "computed" | null;
  readonly device: string | null;
  readonly metric: number;
  /** `noprefixroute`: no route to the address's network. */
  readonly prefixRoute: boolean;
  readonly span: Span;
}

/** `ip route …`. */
export interface IpRouteCommand {
  readonly object: "route";
  readonly action: "add" | "append" | "prepend" | "replace" | "change" | "delete" | "flush" | "show";
  readonly family: Family;
  readonly destination: Address;
  readonly length: number;
  /** As written: `default`, `192.0.2.0/24`. */
  readonly written: string;
  readonly gateway: Address | null;
  readonly gatewaySpan: Span | null;
  readonly device: string | null;
  readonly onLink: boolean;
  /** Null when none is written: 0 for IPv4, 1024 for IPv6. */
  readonly metric: number | null;
  readonly source: Address | null;
  /** Null for the main table. */
  readonly table: number | null;
  /** `global`, `link`, `host`; null when it follows from the rest. */
  readonly scope: string | null;
  /** `unicast`, `blackhole`, `unreachable`, `prohibit`, … */
  readonly type: string;
  readonly mtu: number | null;
  /** `nexthop …`: more than one way; not followed here. */
  readonly multipath: boolean;
  readonly span: Span;
}

/** `ip link …`. */
export interface IpLinkCommand {
  readonly object: "link";
  readonly action: "set" | "add" | "delete";
  readonly device: string | null;
  readonly up: boolean | null;
  readonly mtu: number | null;
  readonly mac: string | null;
  readonly newName: string | null;
  /** `master NAME`; empty for `nomaster`. */
  readonly master: string | null;
  /** `type vlan`. */
  readonly type: string | null;
  /** `link eth0`: what it stands on. */
  readonly parent: string | null;
  readonly span: Span;
}

/** `ip neighbour …`. */
export interface IpNeighbourCommand {
  readonly object: "neighbour";
  readonly action: "add" | "delete";
  readonly address: Address | null;
  readonly mac: string | null;
  readonly device: string | null;
  readonly span: Span;
}

/** Whatever shows something, or is not followed. */
export interface IpOtherCommand {
  readonly object: "other";
  readonly changes: boolean;
  readonly span: Span;
}

export type IpCommand = IpAddressCommand | IpRouteCommand | IpLinkCommand | IpNeighbourCommand | IpOtherCommand;
