import type { Address } from "@pierhead/core";
import type { LoadedAddress } from "./loaded-address.ts";
import type { LoadedPool } from "./loaded-pool.ts";
import type { AddressTable } from "./table.ts";

/** The table behind an address of a pool, or that of its dynamic interface. */
export function poolTable(address: LoadedAddress): AddressTable | null {
  return address.table ?? address.dynamic?.table ?? null;
}

/** Counts a state for the address of a least-states pool. @returns false when the table does not have the address */
export function increaseStates(pool: LoadedPool, address: Address): boolean {
  const table = poolTable(pool.address);
  if (table === null) return true;
  const entry = table.lookup(address);
  if (entry === null || entry.isNetwork) return false;
  entry.states++;
  return true;
}

export function decreaseStates(pool: LoadedPool, address: Address): void {
  const entry = poolTable(pool.address)?.lookup(address) ?? null;
  if (entry !== null && !entry.isNetwork && entry.states > 0) entry.states--;
}
