/** What the portal asks of RADIUS and hears from it (RFC 2865, 2866, 2869, 3162, 5176). */

/** Words of Acct-Terminate-Cause (RFC 2866, 5.10) a portal can have. */
export type TerminateCause =
  | "User-Request"
  | "Lost-Carrier"
  | "Idle-Timeout"
  | "Session-Timeout"
  | "Admin-Reset"
  | "Admin-Reboot"
  | "NAS-Error"
  | "NAS-Request"
  | "NAS-Reboot";

/** Limits an answer or a CoA carries; undefined where it says nothing. Seconds, octets, bits per second. */
export interface RadiusLimits {
  readonly session?: number;
  /** Unix time in milliseconds (WISPr-Session-Terminate-Time). */
  readonly until?: number;
  readonly idle?: number;
  readonly octetsInput?: number;
  readonly octetsOutput?: number;
  readonly octetsTotal?: number;
  readonly rateUp?: number;
  readonly rateDown?: number;
  /** Acct-Interim-Interval. */
  readonly interim?: number;
}

export type Credentials =
  | { readonly kind: "password"; readonly password: string }
  /** CHAP as CoovaChilli's UAM makes it: identifier, response of 16 octets and challenge. */
  | {
      readonly kind: "chap";
      readonly identifier: number;
      readonly response: Uint8Array;
      readonly challenge: Uint8Array;
    }
  /** NT-Response of 24 octets as CoovaChilli's `ntresponse` has it: the challenge is the peer's and the server's. */
  | { readonly kind: "mschapv2"; readonly response: Uint8Array; readonly challenge: Uint8Array };

/** The facts every request about a device carries. */
export interface Station {
  /** `02:00:00:00:00:01`. */
  readonly mac: string;
  /** Framed-IP-Address, Framed-IPv6-Address. */
  readonly addresses: readonly string[];
  readonly sessionId: string;
  /** NAS-Port. */
  readonly number: number;
}

export interface AccessRequest {
  readonly user: string;
  readonly credentials: Credentials;
  readonly station: Station;
  readonly service: "login" | "mac";
  /** State of the challenge that is answered. */
  readonly state?: Uint8Array;
}

export type AccessAnswer =
  | {
      readonly kind: "accept";
      readonly limits: RadiusLimits;
      /** User-Name the server wants in accounting; null when it named none. */
      readonly user: string | null;
      readonly classes: readonly Uint8Array[];
      readonly message: string;
      /** WISPr-Redirection-URL. */
      readonly redirect: string | null;
      readonly filter: string | null;
      /** Tunnel-Private-Group-Id: a hook, nothing of ours acts on it. */
      readonly vlan: string | null;
      /** A device that was asked about by its MAC is to see the page first (ChilliSpot-Config). */
      readonly mustAsk?: boolean;
    }
  /** `redirect`: where somebody who was refused is sent (WISPr-Redirection-URL), to pay for more perhaps. */
  | { readonly kind: "reject"; readonly message: string; readonly redirect?: string | null }
  | {
      readonly kind: "challenge";
      readonly message: string;
      readonly state: Uint8Array;
      /** What people type may be seen (Prompt, RFC 2869, 5.10). */
      readonly echo: boolean;
      /** Seconds the server waits for them (Session-Timeout, RFC 2865, 5.27); null when it does not say. */
      readonly patience: number | null;
    }
  /** No server gave an answer that could be believed. */
  | { readonly kind: "silence"; readonly reason: string };

/** One accounting record, complete: it is stored before it is sent and sent again as it was. */
export interface AccountingRecord {
  readonly kind: "Start" | "Interim-Update" | "Stop" | "Accounting-On" | "Accounting-Off";
  readonly user: string;
  readonly station: Station;
  readonly classes: readonly Uint8Array[];
  /** Milliseconds: when it happened (Event-Timestamp); Acct-Delay-Time is reckoned when it is sent. */
  readonly at: number;
  /** Seconds. */
  readonly sessionTime: number;
  readonly inputOctets: bigint;
  readonly outputOctets: bigint;
  readonly inputPackets: bigint;
  readonly outputPackets: bigint;
  readonly cause: TerminateCause | null;
}

export interface RadiusServerStatus {
  readonly host: string;
  readonly alive: boolean;
  /** Milliseconds of the last answer's round trip; null before the first. */
  readonly roundTrip: number | null;
  readonly requests: number;
  readonly timeouts: number;
  /** Answers that were thrown away: wrong authenticator, no Message-Authenticator, unknown identifier. */
  readonly discarded: number;
}

export interface RadiusClient {
  authenticate(request: AccessRequest): Promise<AccessAnswer>;
  /** True when a server acknowledged it. Never throws for what the network does. */
  account(record: AccountingRecord): Promise<boolean>;
  status(): readonly RadiusServerStatus[];
  close(): Promise<void>;
}

/** Whom a CoA or Disconnect means (RFC 5176, 3): all that are given must agree. */
export interface SessionSelector {
  readonly sessionId?: string;
  readonly user?: string;
  readonly mac?: string;
  readonly address?: string;
  readonly number?: number;
}

export type DynamicRequest =
  | { readonly kind: "disconnect"; readonly selector: SessionSelector }
  | { readonly kind: "coa"; readonly selector: SessionSelector; readonly limits: RadiusLimits };

/** `done`, or the Error-Cause of RFC 5176, 3.5 (503 Session Context Not Found, 404 Invalid Request, …). */
export type DynamicAnswer = { readonly kind: "done" } | { readonly kind: "refused"; readonly errorCause: number };

export type DynamicHandler = (request: DynamicRequest) => Promise<DynamicAnswer>;
