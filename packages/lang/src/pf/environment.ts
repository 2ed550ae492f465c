import type { Address, NetworkInterface, System } from "@pierhead/core";

/**
 * What pfctl(8) finds on the machine it runs on. Everything a pf.conf means depends on it: interface names turn
 * into addresses, host and service names into numbers.
 */
export interface PfEnvironment {
  readonly system: System;
  /** In system order. Interfaces and groups that are not here do not exist. */
  readonly interfaces: readonly NetworkInterface[];
  /** Addresses of a host name in resolver order; empty when it does not resolve. */
  resolveHost(name: string): readonly Address[];
  /** Text of a file for `include`, `table … file`, `load anchor`; null when it cannot be read. */
  readFile(path: string): string | null;
  /** How the user knows the file that the machine has at this path, for places in reports; the path itself when absent. */
  fileName?(path: string): string;
  /** Whether there is this routing table beside those that interfaces are in (`route -T N add`); absent: there is none. */
  routingTable?(number: number): boolean;
  /** User and group ids by name; null when unknown. */
  userId(name: string): number | null;
  groupId(name: string): number | null;
}
