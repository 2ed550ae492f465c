import type { IaLease } from "@pierhead/lang/dhcpv6";
import type { Grant, SeenMessage } from "@pierhead/lang/leases";

export type Seen6 = SeenMessage & { readonly message: { readonly family: 6 } };

/** A question of a client, with its repetitions. */
export interface Transaction {
  readonly type: number;
  readonly first: Seen6;
  last: Seen6;
  times: number;
  answers: number;
  readonly rapidCommit: boolean;
  readonly serverId: Uint8Array | null;
}

/** What one client did, as far as the capture shows it. */
export interface Conversation6 {
  readonly client: string;
  readonly messages: Seen6[];
  /** Grants and the questions after them, for comparing with what clients do. */
  readonly asked: Asked[];
  /** What it accepted; when that is nothing, the last thing it was offered. */
  readonly grants: Grant[];
}

/** A question about a lease the client has: how long after it was granted. */
export interface Asked {
  readonly kind: "renew" | "rebind" | "solicit";
  readonly time: number | null;
  /** When the lease was granted; null when the capture does not show it. */
  readonly granted: number | null;
}

/** What has to be remembered of a client to judge its next message. */
export interface State6 extends Conversation6 {
  readonly transactions: Map<number, Transaction>;
  readonly advertised: string[];
  granted: Seen6 | null;
  offered: Grant | null;
  grantedBy: Uint8Array | null;
  /** Ends of what was granted, by address. */
  readonly held: Map<string, { readonly lease: IaLease; readonly time: number | null; readonly association: string }>;
}
