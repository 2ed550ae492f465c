/** What a head-end offers clients, and how its pool is shared out: the same for every system. */
import { type Ikev1Transform, mainModeWords } from "@pierhead/engine/vpn";
import { CLIENTS, preferred } from "../clients/index.ts";
import type { VpnService } from "../model/vpn.ts";
import type { SitePath } from "../read/index.ts";

/** IKE daemons and those of PPP refuse files that others can read, or should; users' passwords are in the clear. */
export const SECRET: { readonly mode: number } = { mode: 0o600 };

/**
 * What main mode offers, best first. Apple and strongSwan take the first, Windows wants SHA-1 in phase 1 (it is no
 * signature there: RFC 2409, 5), ChromeOS and MikroTik keys of 128 bits besides. None of them costs anything in
 * strength. isakmpd adds the proposals of rules for the same peer up.
 */
const MAIN_MODE: readonly Ikev1Transform[] = [
  { encryption: "AES", keyLength: 256, hash: "SHA2_256", group: "MODP_2048" },
  { encryption: "AES", keyLength: 256, hash: "SHA", group: "MODP_2048" },
  { encryption: "AES", keyLength: 128, hash: "SHA", group: "MODP_2048" },
];

/** A transform with the part of the site that it follows from. */
export interface OfferedTransform {
  readonly transform: Ikev1Transform;
  readonly from: SitePath;
}

/** The usual proposals, and one more for each platform that must work and has none of them. */
export function mainModeOffers(service: VpnService): readonly OfferedTransform[] {
  const found: OfferedTransform[] = MAIN_MODE.map((transform) => ({ transform, from: service.path }));
  service.clients.forEach((name, index) => {
    const l2tp = CLIENTS.find((one) => one.name === name)?.l2tp;
    if (l2tp === undefined || "missing" in l2tp) return;
    const words = new Set(found.map((one) => mainModeWords(one.transform)));
    if (l2tp.phase1.some((one) => words.has(mainModeWords(one)))) return;
    const transform = preferred(l2tp.phase1);
    if (transform !== undefined) found.push({ transform, from: [...service.path, "clients", index] });
  });
  return found;
}

/** First and last addresses of the runs that clients without an address of their own get. */
export function dynamicRanges({ pool, gateway, users }: VpnService): readonly (readonly [string, string])[] {
  const last = pool.address.filled(pool.length).w0 - 1;
  const taken = users.flatMap((user) => (user.address === null ? [] : [user.address.w0]));
  const found: [string, string][] = [];
  let from = gateway.w0 + 1;
  for (const one of taken.sort((a, b) => a - b)) {
    if (one > from) found.push([ip(from), ip(one - 1)]);
    from = Math.max(from, one + 1);
  }
  if (from <= last) found.push([ip(from), ip(last)]);
  return found;
}

function ip(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".");
}
