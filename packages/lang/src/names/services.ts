import type { System } from "@pierhead/core";
import { SERVICES_FREEBSD_15 } from "./services-freebsd-15.ts";
import { SERVICES_OPENBSD_4_6 } from "./services-openbsd-4.6.ts";
import { SERVICES_OPENBSD_7_8 } from "./services-openbsd-7.8.ts";

/** Protocols that services(5) lists. */
export type ServiceProtocol = "tcp" | "udp" | "sctp";

/** One protocol's services: the first entry of the file that fits answers, as in getservbyname(3). */
interface ServiceTable {
  readonly ports: Map<string, number>;
  readonly names: Map<number, string>;
}

type ServiceTables = Record<ServiceProtocol, ServiceTable>;

// The text is split on first use only: most runs ask for a name or two, many for none.
const tablesOfText = new Map<string, ServiceTables>();

/**
 * Port of a service by its official name or an alias, in the services(5) of `system`.
 *
 * @returns null when the file has no such service for the protocol
 */
export function serviceByName(system: System, name: string, protocol: ServiceProtocol): number | null {
  return servicesOf(system)[protocol].ports.get(name) ?? null;
}

/**
 * Official name of the service at `port`, 0 to 65535.
 *
 * @returns null when the file names none
 */
export function serviceByPort(system: System, port: number, protocol: ServiceProtocol): string | null {
  return servicesOf(system)[protocol].names.get(port) ?? null;
}

function servicesOf(system: System): ServiceTables {
  const text = textOf(system);
  let tables = tablesOfText.get(text);
  if (tables === undefined) {
    tables = split(text);
    tablesOfText.set(text, tables);
  }
  return tables;
}

// NetBSD, macOS and Linux name the common ports as FreeBSD does (80 is `http`, where OpenBSD says `www`).
function textOf(system: System): string {
  if (system.family !== "openbsd") return SERVICES_FREEBSD_15;
  return system.major < 6 ? SERVICES_OPENBSD_4_6 : SERVICES_OPENBSD_7_8;
}

function split(text: string): ServiceTables {
  const tables: ServiceTables = { tcp: emptyTable(), udp: emptyTable(), sctp: emptyTable() };
  for (const entry of text.trim().split(/;\s*/)) {
    if (entry === "") continue;
    const words = entry.split(" ");
    const name = words[0] as string;
    const spec = words[1] as string;
    const port = Number.parseInt(spec, 10);
    for (let i = `${port}`.length; i < spec.length; i++) {
      const letter = spec[i];
      const table = letter === "t" ? tables.tcp : letter === "u" ? tables.udp : letter === "s" ? tables.sctp : null;
      if (table === null) continue;
      if (!table.names.has(port)) table.names.set(port, name);
      if (!table.ports.has(name)) table.ports.set(name, port);
      for (let alias = 2; alias < words.length; alias++) {
        const other = words[alias] as string;
        if (!table.ports.has(other)) table.ports.set(other, port);
      }
    }
  }
  return tables;
}

function emptyTable(): ServiceTable {
  return { ports: new Map(), names: new Map() };
}
