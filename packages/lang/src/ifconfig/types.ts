import type { Address, Family, Span } from "@pierhead/core";
import type { Word } from "../text/index.ts";

/** One address an `ifconfig` command sets or removes. */
export interface AddressSetting {
  /**
   * `replace`: without `alias`, the first IPv4 address of the interface goes and this one comes; IPv6 addresses are
   * always added. `add`: with `alias`.
   */
  readonly action: "replace" | "add" | "remove";
  readonly family: Family;
  /** Null: a host name, an address made of the link-layer one (`eui64`), or something unreadable. */
  readonly address: Address | null;
  /** The word as it was written. */
  readonly written: string;
  readonly length: number;
  /** The command gave the length; otherwise it follows from the class, or is 64 for IPv6. */
  readonly lengthGiven: boolean;
  readonly broadcast: Address | null;
  /** Far end of a point-to-point link; a host name counts as null. */
  readonly peer: Address | null;
  readonly anycast: boolean;
  readonly span: Span;
}

/** What an `ifconfig` command changes beside addresses. */
export type InterfaceChange =
  | { readonly kind: "up" | "down"; readonly span: Span }
  | { readonly kind: "mtu"; readonly mtu: number; readonly span: Span }
  | { readonly kind: "group"; readonly group: string; readonly add: boolean; readonly span: Span }
  | { readonly kind: "description"; readonly text: string | null; readonly span: Span }
  | { readonly kind: "autoconf"; readonly family: Family; readonly on: boolean; readonly span: Span }
  /** Six octets as `00:00:5e:00:53:af`; null is `random`. */
  | { readonly kind: "mac"; readonly mac: string | null; readonly span: Span }
  /** OpenBSD: routing domain; FreeBSD: fib. */
  | { readonly kind: "routing-domain"; readonly number: number; readonly span: Span }
  /** The interface this one rides on: `parent`, `vlandev`, `carpdev`, `pppoedev`, `syncdev`, `wlandev`. */
  | { readonly kind: "parent"; readonly interface: string | null; readonly keyword: string; readonly span: Span }
  | { readonly kind: "vlan"; readonly id: number; readonly span: Span }
  /** A port of a bridge, trunk, aggregate or lagg. */
  | {
      readonly kind: "member";
      readonly interface: string;
      readonly add: boolean;
      readonly keyword: string;
      readonly span: Span;
    }
  | { readonly kind: "patch"; readonly interface: string; readonly span: Span }
  | { readonly kind: "tunnel"; readonly local: string; readonly remote: string; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  /** `-inet`, `-inet6`: all addresses of the family go. */
  | { readonly kind: "remove-family"; readonly family: Family; readonly span: Span }
  /** A keyword that changes nothing a packet's way depends on. */
  | { readonly kind: "other"; readonly keyword: string; readonly arguments: readonly Word[]; readonly span: Span };

/** What one `ifconfig INTERFACE …` command asks for. */
export interface IfconfigSettings {
  readonly create: boolean;
  readonly destroy: boolean;
  /** Family word the command started with; null without one. */
  readonly family: Family | null;
  readonly address: AddressSetting | null;
  readonly changes: readonly InterfaceChange[];
  /** ifconfig stops at a word it cannot read: the address is not set. */
  readonly fails: boolean;
}
