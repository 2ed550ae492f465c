/** Phase 1 of IKEv1: what a client offers against what isakmpd takes (`ike_phase_1_validate_prop`). */
import type { IkePeer, Phase1Proposal } from "@pierhead/lang/ipsec";

/** One transform of a client's main mode, by isakmpd.conf(5)'s names. */
export interface Ikev1Transform {
  readonly encryption: "AES" | "3DES";
  /** Bits; null for a cipher that has one length only. */
  readonly keyLength: number | null;
  readonly hash: "MD5" | "SHA" | "SHA2_256" | "SHA2_384" | "SHA2_512";
  readonly group: string;
}

export interface Ikev1Mismatch {
  readonly offered: Ikev1Transform;
  readonly wanted: Phase1Proposal;
  /** Attributes that differ. */
  readonly differs: readonly ("encryption" | "hash" | "group")[];
}

export type Ikev1Outcome =
  | { readonly chosen: Ikev1Transform }
  /** Null `nearest`: there is no rule for anybody. */
  | { readonly chosen: null; readonly nearest: Ikev1Mismatch | null };

/** isakmpd goes through the client's transforms in their order and takes the first that one of its own allows. */
export function negotiateIkev1(peer: IkePeer | undefined, offer: readonly Ikev1Transform[]): Ikev1Outcome {
  let nearest: Ikev1Mismatch | null = null;
  for (const offered of offer) {
    for (const wanted of peer?.proposals ?? []) {
      const differs = differences(offered, wanted);
      if (differs.length === 0) return { chosen: offered };
      if (nearest === null || differs.length < nearest.differs.length) nearest = { offered, wanted, differs };
    }
  }
  return { chosen: null, nearest };
}

function differences(offered: Ikev1Transform, wanted: Phase1Proposal): Ikev1Mismatch["differs"] {
  const differs: ("encryption" | "hash" | "group")[] = [];
  const { keyLength } = wanted;
  const length =
    keyLength === null ||
    (offered.keyLength !== null && offered.keyLength >= keyLength.minimum && offered.keyLength <= keyLength.maximum);
  if (offered.encryption !== wanted.encryption || !length) differs.push("encryption");
  if (offered.hash !== wanted.hash) differs.push("hash");
  if (offered.group !== wanted.group) differs.push("group");
  return differs;
}

const HASH_WORDS: Readonly<Record<Ikev1Transform["hash"], string>> = {
  MD5: "hmac-md5",
  SHA: "hmac-sha1",
  SHA2_256: "hmac-sha2-256",
  SHA2_384: "hmac-sha2-384",
  SHA2_512: "hmac-sha2-512",
};

/** `auth hmac-sha1 enc aes-256 group modp2048`, as ipsec.conf(5) has it behind `main`. */
export function mainModeWords({ encryption, keyLength, hash, group }: Ikev1Transform): string {
  const cipher = encryption === "3DES" ? "3des" : `aes-${keyLength ?? 128}`;
  return `auth ${HASH_WORDS[hash]} enc ${cipher} group ${group.toLowerCase().replace("_", "")}`;
}

/** Short form for tables: `aes-256 sha1 modp2048`. */
export function transformText({ encryption, keyLength, hash, group }: Ikev1Transform): string {
  const cipher = encryption === "3DES" ? "3des" : `aes-${keyLength ?? 128}`;
  return `${cipher} ${HASH_WORDS[hash].slice(5)} ${group.toLowerCase().replace("_", "")}`;
}

/**
 * What it costs to allow a transform, in words; "" when nothing. 1024-bit groups: RFC 8247 2.4 says SHOULD NOT, as a
 * state can break them; 3DES: blocks of 64 bits (RFC 8247 2.1 MAY); MD5 MUST NOT as a PRF.
 */
export function weaknessOfTransform({ encryption, hash, group }: Ikev1Transform): string {
  const costs: string[] = [];
  if (group === "MODP_1024") costs.push("a 1024-bit group, which a state can break");
  if (group === "MODP_1536") costs.push("a 1536-bit group, too short by today's measure");
  if (encryption === "3DES") costs.push("3DES with its short blocks");
  if (hash === "MD5") costs.push("MD5");
  return costs.join(" and ");
}
