import type { Address, Diagnostic, Source, Span } from "@pierhead/core";
import type { Dhcpv4Message, Lease4 } from "../dhcpv4/index.ts";
import type { Dhcpv6Message, IdentityAssociation } from "../dhcpv6/index.ts";

/** What kind of file something was read from. */
export type EvidenceKind =
  | "pcap"
  | "pcapng"
  | "dhcpcd lease"
  | "dhclient leases"
  | "systemd-networkd lease"
  | "dhcpleased lease"
  | "dhcp6leased lease"
  | "log";

/** A message as it was seen on the wire. */
export interface SeenMessage {
  /** Seconds since 1970; null when nothing says. */
  readonly time: number | null;
  /** Packet number in the capture. */
  readonly packet: number;
  readonly source: Address;
  readonly destination: Address;
  readonly message: SeenDhcp;
  readonly span: Span;
}

export type SeenDhcp =
  | { readonly family: 6; readonly dhcp: Dhcpv6Message; readonly spans: AssociationSpans }
  | { readonly family: 4; readonly dhcp: Dhcpv4Message };

/** Where the text of the evidence says what of each identity association. */
export type AssociationSpans = readonly { readonly timers: Span; readonly leases: readonly Span[] }[];

/** What a server gave a client, at one moment. */
export interface Grant {
  /** Seconds since 1970; null when nothing says. */
  readonly time: number | null;
  /** Interface of the client, when the evidence knows. */
  readonly interface: string | null;
  /** Whose it is: a DUID or hardware address in text; null in files that do not say. */
  readonly client: string | null;
  readonly server: string | null;
  /** Only an Advertise or OFFER was seen: what the client would get. */
  readonly offer: boolean;
  readonly span: Span;
  readonly terms: Terms;
}

export type Terms =
  | {
      readonly family: 6;
      readonly associations: readonly IdentityAssociation[];
      readonly spans: AssociationSpans;
    }
  | { readonly family: 4; readonly lease: Lease4 };

/** What a client wrote about itself into a log, or keeps in its lease file: its own timers, not the server's. */
export interface ClientNote {
  readonly time: number | null;
  readonly client: LogClient;
  readonly interface: string | null;
  readonly family: 4 | 6;
  readonly event:
    | "bound"
    | "renew"
    | "rebind"
    | "solicit"
    | "request"
    | "reply"
    | "expired"
    | "refused"
    | "nak"
    | "restart";
  /** Seconds from the line on, where the line says; null elsewhere. */
  readonly renewIn: number | null;
  readonly rebindIn: number | null;
  readonly expireIn: number | null;
  readonly span: Span;
}

export type LogClient = "dhcpcd" | "dhclient" | "dhcp6c" | "systemd-networkd" | "odhcp6c";

/** All that one file says. */
export interface Evidence {
  readonly kind: EvidenceKind;
  /** The file, or for octets a text with one line for each packet, so that a line number is a packet number. */
  readonly source: Source;
  readonly messages: readonly SeenMessage[];
  readonly grants: readonly Grant[];
  readonly notes: readonly ClientNote[];
  /** Packets of a capture, lines of a log. */
  readonly units: number;
  /** Of a log: lines that were not understood. */
  readonly unknownLines: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}
