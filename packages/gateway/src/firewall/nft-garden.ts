/** The walled garden's addresses as nft commands. */
import type { Prefix } from "@pierhead/core";
import { FirewallError, type GardenAddress } from "./driver.ts";
import { TABLE } from "./nft-rules.ts";
import { network, port } from "./words.ts";

interface Place {
  readonly network: Prefix;
  readonly protocol: "tcp" | "udp" | null;
  readonly port: number | null;
  readonly timeout: number | null;
}

/** One transaction: lasting addresses replaced, those with a timeout added or begun anew. */
export function gardenText(addresses: readonly GardenAddress[]): string {
  const places = addresses.flatMap((one): Place[] => {
    const place = {
      network: network(one.prefix),
      protocol: one.protocol,
      port: one.port === null ? null : port(one.port),
      timeout: one.timeout,
    };
    // A port without a protocol is of both that have ports.
    if (place.port !== null && place.protocol === null) {
      return (["tcp", "udp"] as const).map((protocol) => ({ ...place, protocol }));
    }
    return [place];
  });
  const lasting = places.filter((one) => one.timeout === null);
  const lines: string[] = [];
  for (const family of [4, 6]) {
    lines.push(`flush set ${TABLE} garden${family}`, `flush set ${TABLE} garden${family}_ports`);
    const here = lasting.filter((one) => one.network.address.family === family);
    const added = new Set<string>();
    for (const one of here) {
      // Sets of several fields refuse an element that lies within another.
      if (
        here.some(
          (other) =>
            other !== one && contains(other, one) && !(contains(one, other) && here.indexOf(one) < here.indexOf(other)),
        )
      )
        continue;
      const masked = one.network.address.masked(one.network.length);
      const where = `${masked}/${one.network.length}`;
      added.add(
        one.protocol === null
          ? `add element ${TABLE} garden${family} { ${where} }`
          : `add element ${TABLE} garden${family}_ports { ${where} . ${one.protocol} . ${one.port ?? "0-65535"} }`,
      );
    }
    lines.push(...added);
  }
  for (const one of places) {
    if (one.timeout === null) continue;
    const { address, length } = one.network;
    if (length !== address.bits) throw new FirewallError(`${address}/${length}: only single addresses have a timeout`);
    if (one.protocol !== null && one.port === null)
      throw new FirewallError(`${address}: ${one.protocol} without a port has no timeout`);
    const name = one.protocol === null ? `garden${address.family}_names` : `garden${address.family}_name_ports`;
    const key = one.protocol === null ? `${address}` : `${address} . ${one.protocol} . ${one.port}`;
    // Kernels before 6.12 leave the timeout of an element that is there as it is.
    lines.push(
      `add element ${TABLE} ${name} { ${key} }`,
      `delete element ${TABLE} ${name} { ${key} }`,
      `add element ${TABLE} ${name} { ${key} timeout ${Math.max(1, Math.ceil(one.timeout))}s }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Same protocol and at least the same networks and ports. */
function contains(outer: Place, inner: Place): boolean {
  return (
    outer.protocol === inner.protocol &&
    (outer.port === null || outer.port === inner.port) &&
    outer.network.length <= inner.network.length &&
    inner.network.address.isIn(outer.network.address, outer.network.length)
  );
}
