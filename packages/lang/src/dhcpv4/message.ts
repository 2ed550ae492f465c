import type { Address } from "@pierhead/core";

/** What a server grants a client, as far as it decides how long the address lives. */
export interface Lease4 {
  readonly address: Address;
  /** Option 54; null when absent. */
  readonly server: Address | null;
  readonly mask: Address | null;
  /** Seconds of options 51, 58 and 59; null when absent; 0xffffffff is for ever. */
  readonly leaseTime: number | null;
  readonly t1: number | null;
  readonly t2: number | null;
}

export interface Dhcpv4Message {
  /** 1 from a client, 2 from a server. */
  readonly operation: number;
  /** Option 53; 0 is BOOTP, which has none. */
  readonly type: number;
  readonly transactionId: number;
  readonly clientAddress: Address;
  readonly yourAddress: Address;
  readonly relayAddress: Address;
  readonly hardwareAddress: Uint8Array;
  readonly clientId: Uint8Array | null;
  readonly requestedAddress: Address | null;
  readonly lease: Lease4;
  /** Option 56, what a NAK says of itself. */
  readonly text: string | null;
  readonly rapidCommit: boolean;
  readonly problems: readonly Problem4[];
}

export interface Problem4 {
  readonly code: string;
  readonly message: string;
}
