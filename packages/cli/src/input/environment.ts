import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type NetworkInterface, parseAddress, type System } from "@pierhead/core";
import { baseGroups, baseUsers } from "@pierhead/engine/machine";
import type { PfEnvironment } from "@pierhead/lang/pf";
import { loopbackOnly, namedInterfaces, readInterfaces } from "./interfaces.ts";

/** The machine that a tool's answer depends on, described on the command line. */
export interface MachineOptions {
  readonly interfaces?: string;
}

/**
 * The environment of a tool that reads one file: the described interfaces, the stock users, `localhost`, and files
 * beside the one that is read. Where nobody described a machine it has loopback, and without an address every
 * interface that the file names and the system has a driver for.
 */
export function environmentFor(system: System, file: string, text: string, options: MachineOptions): PfEnvironment {
  const interfaces: readonly NetworkInterface[] =
    options.interfaces === undefined
      ? [...loopbackOnly(system), ...namedInterfaces(system, text)]
      : readInterfaces(options.interfaces);
  const users = baseUsers(system);
  const groups = baseGroups(system);
  const localhost = ["127.0.0.1", "::1"].map((text) => parseAddress(text)).filter((address) => address !== null);
  return {
    system,
    interfaces,
    resolveHost: (name) => (name === "localhost" ? localhost : []),
    readFile: (path) => readBeside(file, path),
    userId: (name) => users.get(name) ?? null,
    groupId: (name) => groups.get(name) ?? null,
  };
}

/** Tools read relative names from the current folder; the folder of the file is tried next. */
function readBeside(file: string, path: string): string | null {
  const places = isAbsolute(path) || file === "-" ? [path] : [path, join(dirname(file), path)];
  for (const place of places) {
    try {
      return readFileSync(place, "utf8");
    } catch {
      // Not here; null at the end is the caller's "cannot be read".
    }
  }
  return null;
}
