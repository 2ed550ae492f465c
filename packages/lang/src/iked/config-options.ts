import type { Family } from "@pierhead/core";

/** Options of `config` and `request` with the families they are for, in the order iked looks them up. */
const OPTIONS: readonly (readonly [name: string, family: Family])[] = [
  ["address", 4],
  ["netmask", 4],
  ["name-server", 4],
  ["netbios-server", 4],
  ["dhcp-server", 4],
  ["address", 6],
  ["name-server", 6],
  ["netbios-server", 6],
  ["dhcp-server", 6],
  ["protected-subnet", 4],
  ["protected-subnet", 6],
  ["access-server", 4],
  ["access-server", 6],
];

/** The first option that starts with `word` and is for the family; without a family the first of all. */
export function findConfigOption(word: string, family: Family | null): string | null {
  return OPTIONS.find(([name, of]) => name.startsWith(word) && (family === null || of === family))?.[0] ?? null;
}
