import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Address,
  type InterfaceAddress,
  type NetworkInterface,
  parseAddress,
  parseSystem,
  type System,
} from "@pierhead/core";
import type { PfEnvironment } from "@pierhead/lang/pf";

/** The machine that the outputs of upstream's pfctl tests take for granted: see the READMEs of the corpora. */
export function regressMachine(
  systemName: string,
  folder: string,
  extra: Readonly<Record<string, readonly string[]>> = {},
  link1?: string,
): PfEnvironment {
  const system = parseSystem(systemName) as System;
  const addresses = (list: readonly string[]): InterfaceAddress[] => list.map(interfaceAddress);
  const make = (
    name: string,
    kind: NetworkInterface["kind"],
    groups: string[],
    list: readonly string[],
  ): NetworkInterface => ({
    name,
    kind,
    groups,
    addresses: addresses([...list, ...(extra[name] ?? [])]),
    link: "up",
    up: true,
    mtu: 1500,
    routingDomain: 0,
  });
  // The order in which each system lists the addresses of lo0.
  const old = systemName === "openbsd-4.6";
  const interfaces = [
    make(
      "lo0",
      "loopback",
      ["lo"],
      old ? ["127.0.0.1/8", "::1/128", "fe80::1/64"] : ["::1/128", "fe80::1/64", "127.0.0.1/8"],
    ),
    make("enc0", "broadcast", ["enc"], []),
    make("lo1000000", "loopback", ["lo"], []),
    make("tun1000000", "point-to-point", ["tun"], []),
    make("tun1000001", "point-to-point", ["tun"], []),
  ];
  for (const name of Object.keys(extra)) {
    if (interfaces.some((it) => it.name === name)) continue;
    const driver = name.replace(/\d+$/, "");
    interfaces.push({ ...make(name, driver === "lo" ? "loopback" : "broadcast", [driver], []), link1: name === link1 });
  }
  const users: Record<string, number> = { root: 0, daemon: 1, bin: 3, nobody: 32767 };
  const groups: Record<string, number> =
    system.family === "freebsd"
      ? { wheel: 0, bin: 7, sshd: 22, nobody: 65534 }
      : { wheel: 0, bin: 7, sshd: 27, nobody: 32767 };
  return {
    system,
    interfaces,
    resolveHost: (name) =>
      name === "localhost" ? (["127.0.0.1", "::1"].map((text) => parseAddress(text)) as Address[]) : [],
    readFile: (path) => {
      try {
        return readFileSync(resolve(folder, path), "utf8");
      } catch {
        return null;
      }
    },
    userId: (name) => users[name] ?? null,
    groupId: (name) => groups[name] ?? null,
  };
}

function interfaceAddress(text: string): InterfaceAddress {
  const [address, length] = text.split("/") as [string, string];
  return { address: parseAddress(address) as Address, length: Number(length) };
}
