import type { System } from "@pierhead/core";
import { PROTOCOLS_FREEBSD_15 } from "./protocols-freebsd-15.ts";
import { PROTOCOLS_OPENBSD_4_6 } from "./protocols-openbsd-4.6.ts";
import { PROTOCOLS_OPENBSD_7_8 } from "./protocols-openbsd-7.8.ts";

interface ProtocolTable {
  readonly numbers: Map<string, number>;
  readonly names: readonly (string | undefined)[];
}

const tablesOfText = new Map<string, ProtocolTable>();

/**
 * Number of a protocol by its official name or an alias, in the protocols(5) of `system`; case counts.
 *
 * @returns null when the file has no such name
 */
export function protocolByName(system: System, name: string): number | null {
  return protocolsOf(system).numbers.get(name) ?? null;
}

/**
 * Official name of protocol `number`, 0 to 255.
 *
 * @returns null when the file names none
 */
export function protocolByNumber(system: System, number: number): string | null {
  return protocolsOf(system).names[number] ?? null;
}

function protocolsOf(system: System): ProtocolTable {
  const text =
    system.family !== "openbsd"
      ? PROTOCOLS_FREEBSD_15
      : system.major < 6
        ? PROTOCOLS_OPENBSD_4_6
        : PROTOCOLS_OPENBSD_7_8;
  let table = tablesOfText.get(text);
  if (table === undefined) {
    table = split(text);
    tablesOfText.set(text, table);
  }
  return table;
}

function split(text: string): ProtocolTable {
  const numbers = new Map<string, number>();
  const names = new Array<string | undefined>(256).fill(undefined);
  for (const entry of text.trim().split(/;\s*/)) {
    if (entry === "") continue;
    const words = entry.split(" ");
    const number = Number(words[1]);
    names[number] ??= words[0];
    for (let i = 0; i < words.length; i++) {
      const name = words[i] as string;
      if (i !== 1 && !numbers.has(name)) numbers.set(name, number);
    }
  }
  return { numbers, names };
}
