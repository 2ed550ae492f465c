import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Address, type InterfaceAddress, type NetworkInterface, parseAddress } from "@pierhead/core";

/** A folder of the shared corpus. It lies beside the repository and may be absent; tests skip then. */
export function corpusFolder(name: string): string {
  return resolve(import.meta.dirname, "../../../shared/corpus", name);
}

interface InterfaceRecord {
  readonly name: string;
  readonly flags: readonly string[];
  readonly groups: readonly string[];
  readonly mtu: number;
  readonly addresses: readonly { address: string; prefix: number; broadcast?: string; peer?: string }[];
}

/** The machine a corpus folder's answers assume. */
export function readInterfaces(path: string): NetworkInterface[] {
  const records = JSON.parse(readFileSync(path, "utf8")) as InterfaceRecord[];
  return records.map((record) => ({
    name: record.name,
    addresses: record.addresses.map((entry): InterfaceAddress => {
      const broadcast = entry.broadcast === undefined ? null : parseAddress(entry.broadcast);
      const peer = entry.peer === undefined ? null : parseAddress(entry.peer);
      return {
        address: parseAddress(entry.address) as Address,
        length: entry.prefix,
        ...(broadcast === null ? {} : { broadcast }),
        ...(peer === null ? {} : { peer }),
      };
    }),
    groups: record.groups,
    link: "up",
    up: record.flags.includes("UP"),
    kind: record.flags.includes("LOOPBACK")
      ? "loopback"
      : record.flags.includes("POINTOPOINT")
        ? "point-to-point"
        : "broadcast",
    mtu: record.mtu,
    routingDomain: 0,
  }));
}

/** A machine with nothing but lo0, which is what upstream's own cases assume. */
export function loopbackOnly(): NetworkInterface[] {
  const address = (text: string, length: number): InterfaceAddress => ({
    address: parseAddress(text) as Address,
    length,
  });
  return [
    {
      name: "lo0",
      addresses: [address("::1", 128), address("fe80::1", 64), address("127.0.0.1", 8)],
      groups: ["lo"],
      link: "up",
      up: true,
      kind: "loopback",
      mtu: 32768,
      routingDomain: 0,
    },
  ];
}

/** `localhost` is 127.0.0.1 and ::1; no other host name resolves. */
export function testHosts(name: string): readonly Address[] {
  return name === "localhost" ? ["127.0.0.1", "::1"].map((text) => parseAddress(text) as Address) : [];
}
