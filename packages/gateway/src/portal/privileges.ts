/** What this process may do beyond what everybody may: capabilities(7) on Linux, being root elsewhere. */
import { readFileSync } from "node:fs";

export interface Privileges {
  /** Effective user; null where the system has none. */
  readonly uid: number | null;
  /** Null where the system has no capabilities. */
  readonly capabilities: Capabilities | null;
  /** The first port that everybody may listen on. */
  readonly firstFreePort: number;
}

export interface Capabilities {
  readonly own: ReadonlySet<Capability>;
  /** Those that commands have that we start. */
  readonly inherited: ReadonlySet<Capability>;
}

export type Capability = "CAP_NET_BIND_SERVICE" | "CAP_NET_ADMIN";

/** Bits of the sets in proc(5), from linux/capability.h. */
const BITS: readonly (readonly [Capability, bigint])[] = [
  ["CAP_NET_BIND_SERVICE", 10n],
  ["CAP_NET_ADMIN", 12n],
];

/** ip(7): `ip_unprivileged_port_start`, unless somebody changed it. */
const FIRST_FREE_PORT = 1024;

export function ownPrivileges(): Privileges {
  const uid = process.geteuid?.() ?? null;
  return {
    uid,
    capabilities: readCapabilities(textOf("/proc/self/status"), uid === 0),
    firstFreePort: Number(textOf("/proc/sys/net/ipv4/ip_unprivileged_port_start").trim() || FIRST_FREE_PORT),
  };
}

/**
 * @param status `/proc/self/status`
 * @returns null when it names no capabilities
 */
export function readCapabilities(status: string, isRoot: boolean): Capabilities | null {
  const sets = new Map([...status.matchAll(/^Cap(Eff|Amb|Bnd):\s*([0-9a-f]+)$/gm)].map((one) => [one[1], one[2]]));
  const [own, ambient, bounding] = ["Eff", "Amb", "Bnd"].map((name) => sets.get(name));
  if (own === undefined || ambient === undefined || bounding === undefined) return null;
  const effective = BigInt(`0x${own}`);
  // What root executes has all that the bounding set leaves; what others execute keeps the ambient set only.
  const inherited = isRoot ? effective & BigInt(`0x${bounding}`) : BigInt(`0x${ambient}`);
  return { own: named(effective), inherited: named(inherited) };
}

function named(set: bigint): Set<Capability> {
  return new Set(BITS.filter(([, bit]) => ((set >> bit) & 1n) === 1n).map(([name]) => name));
}

/** Empty on systems that have no such file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
