import { isClonedDriver } from "./drivers.ts";
import type { Inventory } from "./facts.ts";

/** An interface that the box has, for checks of configuration files. */
export interface KnownInterface {
  readonly name: string;
  readonly driver: string;
  /** Null when the log does not tell it. */
  readonly mac: string | null;
}

/**
 * The hardware interfaces that are there when the log ends, under the names the system uses.
 *
 * Names of a boot loader are not the system's and are left out, and so is what was unplugged again. Interfaces that
 * configuration makes (`vlan0`, `carp0`) are in no boot log: ask {@link isClonedDriver} before missing one.
 */
export function inventoryInterfaces(inventory: Inventory): readonly KnownInterface[] {
  return inventory.interfaces
    .filter((one) => one.namedBy === "kernel" && !one.detached)
    .map(({ name, driver, mac }) => ({ name, driver, mac }));
}

/**
 * Whether a configuration may name this interface on the box.
 *
 * @returns `yes`: the log has it, or configuration makes it; `no`: the log lists the box's interfaces and this is none;
 *   `unknown`: the log names no interface at all, so that nothing follows from it
 */
export function interfaceOnBox(inventory: Inventory, name: string): "yes" | "no" | "unknown" {
  const present = inventoryInterfaces(inventory);
  if (present.some((one) => one.name === name)) return "yes";
  if (isClonedDriver(name.replace(/\d+$/, ""))) return "yes";
  return present.length === 0 ? "unknown" : "no";
}
