/** What Linux does with `ip address add` (inet_insert_ifa(), inet6_addr_add()). */
import type { InterfaceAddress } from "@pierhead/core";
import type { Machine } from "./machine.ts";

/** Why the kernel refuses an address. */
export type AddressError = "no-interface" | "exists";

/**
 * Adds an address. A second one in the network of another, with the same length, brings no route of its own.
 *
 * @returns why it is refused, or null
 */
export function addLinuxAddress(machine: Machine, name: string, added: InterfaceAddress): AddressError | null {
  const found = machine.interface(name);
  if (found === null) return "no-interface";
  const network = added.peer ?? added.address;
  let secondary = false;
  for (const own of found.addresses) {
    if (own.address.family !== added.address.family) continue;
    if (added.address.family === 6) {
      if (own.address.equals(added.address)) return "exists";
      continue;
    }
    if (own.length !== added.length || !network.isIn((own.peer ?? own.address).masked(own.length), own.length))
      continue;
    if (own.address.equals(added.address)) return "exists";
    secondary = true;
  }
  machine.addAddress(name, secondary ? { ...added, prefixRoute: false } : added);
  return null;
}
