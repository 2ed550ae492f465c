/** A head-end for road warriors, references followed. */
import { Address, type Prefix, parseAddress, parsePrefix } from "@pierhead/core";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";
import type { Ikev2Description, L2tpDescription, VpnDescription } from "../schema/vpn.ts";
import type { Lan, Uplink } from "./site.ts";

export interface VpnUser {
  readonly name: string;
  readonly path: SitePath;
  /** Where the password is kept; null: a certificate is what lets the user in. */
  readonly password: string | null;
  /** Null: out of the pool. */
  readonly address: Address | null;
}

export interface VpnService {
  readonly path: SitePath;
  readonly protocol: "l2tp-ipsec" | "ikev2";
  /** Null: the line that is named is not there. */
  readonly uplink: Uplink | null;
  readonly pool: Prefix;
  /** First address of the pool: the head-end's end of every link. */
  readonly gateway: Address;
  readonly dns: readonly Address[];
  /** LANs that clients reach. */
  readonly lans: readonly Lan[];
  readonly internet: boolean;
  readonly users: readonly VpnUser[];
  readonly radius: {
    readonly path: SitePath;
    readonly server: Address;
    readonly port: number;
    readonly secret: string;
  } | null;
  /** L2TP: where the key all clients share is kept. */
  readonly psk: string | null;
  /** Platforms that must get in, by their names in the catalogue. */
  readonly clients: readonly string[];
  /** IKEv2: name in the certificate. */
  readonly name: string | null;
  /** IKEv2: users have certificates of their own, and no passwords. */
  readonly certificates: boolean;
}

export function resolveVpn(
  vpn: VpnDescription | undefined,
  hostPath: SitePath,
  uplinks: readonly Uplink[],
  preferred: Uplink | null,
  lans: readonly Lan[],
): VpnService[] {
  const found: VpnService[] = [];
  const make = (
    protocol: VpnService["protocol"],
    one: L2tpDescription | Ikev2Description,
    more: Pick<VpnService, "psk" | "name" | "certificates">,
  ): void => {
    const path = [...hostPath, "vpn", protocol];
    const pool = parsePrefix(one.pool) as Prefix;
    const network = pool.address.masked(pool.length);
    const reach = one.reach ?? [...lans.map((lan) => lan.name), "internet"];
    found.push({
      path,
      protocol,
      uplink: one.uplink === undefined ? preferred : (uplinks.find((line) => line.name === one.uplink) ?? null),
      pool: { address: network, length: pool.length },
      gateway: next(network),
      clients: one.clients ?? [],
      dns: (one.dns ?? []).map((text) => parseAddress(text) as Address),
      lans: lans.filter((lan) => reach.includes(lan.name)),
      internet: reach.includes("internet"),
      users: Object.entries(one.users ?? {}).map(([name, user]) => ({
        name,
        path: [...path, "users", name],
        password: more.certificates ? null : (user.password ?? null),
        address: user.address === undefined ? null : (parseAddress(user.address) as Address),
      })),
      radius:
        one.radius === undefined
          ? null
          : {
              path: [...path, "radius"],
              server: parseAddress(one.radius.server) as Address,
              port: one.radius.port ?? 1812,
              secret: one.radius.secret,
            },
      ...more,
    });
  };
  if (vpn?.["l2tp-ipsec"] !== undefined) {
    make("l2tp-ipsec", vpn["l2tp-ipsec"], { psk: vpn["l2tp-ipsec"].psk, name: null, certificates: false });
  }
  if (vpn?.ikev2 !== undefined) {
    const { name, auth } = vpn.ikev2;
    make("ikev2", vpn.ikev2, { psk: null, name, certificates: auth === "certificate" });
  }
  return found;
}

function next(address: Address): Address {
  return address.family === 4 ? new Address(4, (address.w0 + 1) >>> 0) : address;
}
