/** portal.yaml: what a captive portal is told. Times are seconds, rates bits per second, volumes octets. */
import type { Secret, Span } from "@pierhead/core";

/** How people may get in, in the order the page offers them. */
export type SignInMethod = "click" | "voucher" | "password" | "mac" | "email";

/** What one session may use; null is without limit. RADIUS answers and vouchers replace each of them. */
export interface SessionLimits {
  /** Session-Timeout. */
  readonly session: number | null;
  /** Idle-Timeout. */
  readonly idle: number | null;
  /** Octets from the client, to the client, and both together. */
  readonly octetsInput: number | null;
  readonly octetsOutput: number | null;
  readonly octetsTotal: number | null;
  /** Bits per second from the client and to it. */
  readonly rateUp: number | null;
  readonly rateDown: number | null;
}

export interface RadiusServerConfig {
  /** Address or name. */
  readonly host: string;
  readonly authenticationPort: number;
  readonly accountingPort: number;
  readonly secret: Secret;
  /** RADIUS over TLS (RFC 6614): one TCP port for everything. */
  readonly tls: {
    readonly port: number;
    readonly ca: string;
    readonly certificate: string;
    readonly key: string;
  } | null;
}

export interface RadiusConfig {
  /** In order of preference. */
  readonly servers: readonly RadiusServerConfig[];
  /** Seconds until an answer is taken to be lost, and how often a request is sent to one server. */
  readonly timeout: number;
  readonly attempts: number;
  /** Seconds a server that did not answer is left alone. */
  readonly deadTime: number;
  readonly nasIdentifier: string;
  readonly nasAddress: string | null;
  /** Calling-Station-Id and Called-Station-Id as `02-00-00-00-00-01` (RFC 3580); CoovaChilli's way as well. */
  readonly calledStation: string | null;
  /** WISPr-Location-ID and WISPr-Location-Name. */
  readonly location?: { readonly id: string | null; readonly name: string | null } | null;
  /** How the page's password travels. */
  readonly protocol: "pap" | "chap" | "mschapv2";
  /** Octets from the client are Acct-Input-Octets (RFC 2866, 5.3); true swaps them, as some back ends want. */
  readonly swapOctets: boolean;
  /** Seconds between Interim-Updates unless an answer has Acct-Interim-Interval; null for none. */
  readonly interim: number | null;
  /** Password of MAC authentication; the MAC itself when null. */
  readonly macPassword: Secret | null;
  /** What follows the MAC in the user name of MAC authentication. */
  readonly macSuffix?: string | null;
  /** NAS-Port-Type: 19 (Wireless-802.11) by default, 15 is Ethernet. */
  readonly nasPortType?: number;
  /** Who may send CoA and Disconnect (RFC 5176). */
  readonly dynamic: {
    readonly port: number;
    readonly clients: readonly { readonly address: string; readonly secret: Secret }[];
  } | null;
}

/** One thing people reach before they sign in. */
export type GardenEntry =
  | {
      readonly kind: "network";
      readonly prefix: string;
      readonly protocol: "tcp" | "udp" | null;
      readonly port: number | null;
    }
  | {
      readonly kind: "name";
      readonly name: string /** Names below it too. */;
      readonly below: boolean;
      readonly port: number | null;
    };

/** Somebody else's login page, written for CoovaChilli. */
export interface UamConfig {
  readonly server: string;
  readonly secret: Secret | null;
  readonly port: number;
  /** False: there is no challenge, and `password` is what people typed (CoovaChilli's nochallenge). */
  readonly challenge?: boolean;
  /** Shown first; it gets the login page's address as `loginurl`. */
  readonly homepage?: string | null;
  /** Told to the page as `ssid` and `vlan`. */
  readonly ssid?: string | null;
  readonly vlan?: string | null;
}

export interface PortalConfig {
  /** This gateway among those that share a store: NAS-Identifier by default. */
  readonly gateway: string;
  readonly guests: {
    /** Where guests are. */
    readonly interface: string;
    /** The gateway's own addresses there with their prefixes. */
    readonly addresses: readonly string[];
    /** Guests may talk to each other through the gateway. */
    readonly isolate: boolean;
  };
  readonly uplink: { readonly interface: string /** Source addresses of guests are hidden. */; readonly nat: boolean };
  readonly firewall: "nftables" | "pf";
  /** Resolvers guests may ask: the gateway's own addresses by default. */
  readonly resolvers: readonly string[];
  readonly garden: readonly GardenEntry[];
  readonly portal: {
    /** Name people see in the address bar; it must resolve to the gateway for guests. Null: its address. */
    readonly name: string | null;
    readonly httpPort: number;
    readonly httpsPort: number;
    /** PEM files of the operator's certificate, or ACME; null: HTTP only, and no RFC 8908. */
    readonly certificate:
      | { readonly kind: "files"; readonly chain: string; readonly key: string }
      | { readonly kind: "acme"; readonly directory: string; readonly email: string; readonly folder: string }
      | null;
    /** Where people go after they signed in; null: where they wanted to go. */
    readonly landing: string | null;
    /** A page about the place (venue-info-url of RFC 8908). */
    readonly venue?: string | null;
    /** Page at somebody else's server that does the asking (CoovaChilli's uamserver); null: ours. */
    readonly uam: UamConfig | null;
  };
  readonly look: {
    readonly title: string;
    readonly text: string;
    readonly logo: string | null;
    readonly accent: string;
    readonly terms: string | null;
    readonly language: string;
  };
  readonly signIn: readonly SignInMethod[];
  /** The click-through method, beyond `limits`. */
  readonly click?: {
    /** Time between the end of what a device got for its click and its next: seconds, or until midnight; null: none. */
    readonly pause: number | "tomorrow" | null;
  };
  readonly limits: SessionLimits;
  readonly radius: RadiusConfig | null;
  /** `sqlite:/var/db/pierhead/portal.db` or `postgresql://…`; a Secret since it may hold a password. */
  readonly store: Secret;
  readonly admin: {
    readonly listen: string;
    readonly port: number;
    readonly certificate: { readonly chain: string; readonly key: string } | null;
    /** Guests may reach it: false keeps it behind the wall. */
    readonly fromGuests: boolean;
  } | null;
  /** Unix socket of `pierhead portal status|sessions|kick|voucher`. */
  readonly socket: string;
  /** Seconds between two looks at the kernel's counters. */
  readonly tick: number;
  /** Seconds after which a device that sends nothing and answers nobody is gone; null or absent: a session waits for it. */
  readonly gone?: number | null;
  /** Seconds closed sessions are kept; null: for ever. */
  readonly keep: number | null;
  /** Where each value is written, by its path (`portal.httpPort`), for diagnostics that come later. */
  readonly places: ReadonlyMap<string, Span>;
}
