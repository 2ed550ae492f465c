/**
 * What isakmpd(8) proposes and accepts for a rule: the transforms of the file with the defaults filled in, under the
 * names isakmpd.conf(5) has. Printing and the prediction of negotiations both start from here.
 */
import type { IpsecDialect } from "./dialect.ts";
import type { IkeRule, Transforms } from "./rule.ts";

/** Key length in bits: proposed, and the range accepted from the peer. */
export interface KeyLength {
  readonly proposed: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface Phase1Proposal {
  readonly exchange: "ID_PROT" | "AGGRESSIVE";
  readonly authentication: "PRE_SHARED" | "RSA_SIG";
  readonly encryption: string;
  readonly keyLength: KeyLength | null;
  readonly hash: string;
  readonly group: string;
  /** Seconds; null is isakmpd's default (LIFE_MAIN_MODE). */
  readonly lifetime: number | null;
}

export interface Phase2Proposal {
  readonly protocol: "IPSEC_ESP" | "IPSEC_AH";
  readonly encapsulation: "TUNNEL" | "TRANSPORT";
  /** Null for AH. */
  readonly encryption: string | null;
  readonly keyLength: KeyLength | null;
  readonly authentication: string | null;
  /** Group for perfect forward secrecy; null without. */
  readonly group: string | null;
  readonly lifetime: number | null;
}

/** Why isakmpd cannot be told: the part of ipsecctl's message behind its name. */
export interface Unsupported {
  readonly unsupported: string;
}

interface Cipher {
  readonly name: string;
  readonly keyLength: KeyLength | null;
}

function cipher(name: string, proposed = 0, minimum = proposed, maximum = proposed): Cipher {
  return { name, keyLength: proposed === 0 ? null : { proposed, minimum, maximum } };
}

const AES: Cipher = cipher("AES", 128, 128, 256);

const PHASE1_CIPHERS: Record<string, Cipher> = {
  "3des-cbc": cipher("3DES"),
  "des-cbc": cipher("DES"),
  aes: AES,
  "aes-128": cipher("AES", 128),
  "aes-192": cipher("AES", 192),
  "aes-256": cipher("AES", 256),
  blowfish: cipher("BLOWFISH", 128, 96, 192),
  cast128: cipher("CAST"),
};

const PHASE2_CIPHERS: Record<string, Cipher> = {
  ...PHASE1_CIPHERS,
  aesctr: cipher("AES_CTR", 128),
  "aes-128-ctr": cipher("AES_CTR", 128),
  "aes-192-ctr": cipher("AES_CTR", 192),
  "aes-256-ctr": cipher("AES_CTR", 256),
  "aes-128-gcm": cipher("AES_GCM_16", 128),
  "aes-192-gcm": cipher("AES_GCM_16", 192),
  "aes-256-gcm": cipher("AES_GCM_16", 256),
  "aes-128-gmac": cipher("AES_GMAC", 128),
  "aes-192-gmac": cipher("AES_GMAC", 192),
  "aes-256-gmac": cipher("AES_GMAC", 256),
  null: cipher("NULL"),
};

const HASHES: Record<string, string> = {
  "hmac-md5": "MD5",
  "hmac-sha1": "SHA",
  "hmac-sha2-256": "SHA2_256",
  "hmac-sha2-384": "SHA2_384",
  "hmac-sha2-512": "SHA2_512",
};

const PHASE2_HASHES: Record<string, string> = { ...HASHES, "hmac-ripemd160": "RIPEMD" };

const GROUPS: Record<string, string> = {
  modp768: "MODP_768",
  modp1024: "MODP_1024",
  modp1536: "MODP_1536",
  modp2048: "MODP_2048",
  modp3072: "MODP_3072",
  modp4096: "MODP_4096",
  modp6144: "MODP_6144",
  modp8192: "MODP_8192",
  ecp256: "ECP_256",
  ecp384: "ECP_384",
  ecp521: "ECP_521",
  ecp224: "ECP_224",
  bp224: "BP_224",
  bp256: "BP_256",
  bp384: "BP_384",
  bp512: "BP_512",
};

function lookup<Value>(table: Record<string, Value>, id: string): Value | undefined {
  return Object.hasOwn(table, id) ? table[id] : undefined;
}

/** Phase 1 (main or aggressive mode) of a rule. */
export function phase1Proposal(rule: IkeRule, dialect: IpsecDialect): Phase1Proposal | Unsupported {
  const given: Transforms | null = rule.phase1;
  let encryption: Cipher | undefined = AES;
  if (given?.encryption != null) {
    encryption = lookup(PHASE1_CIPHERS, given.encryption.id);
    if (encryption === undefined) return { unsupported: `illegal transform ${given.encryption.name}` };
  }
  let hash: string | undefined = "SHA";
  if (given?.authentication != null) {
    hash = lookup(HASHES, given.authentication.id);
    if (hash === undefined) return { unsupported: `illegal transform ${given.authentication.name}` };
  }
  let group: string | undefined = dialect.defaultGroup;
  if (given?.group != null) {
    group = lookup(GROUPS, given.group.id);
    if (group === undefined) return { unsupported: `illegal group ${given.group.name}` };
  }
  return {
    exchange: rule.exchange === "main" ? "ID_PROT" : "AGGRESSIVE",
    authentication: rule.preSharedKey === null ? "RSA_SIG" : "PRE_SHARED",
    encryption: encryption.name,
    keyLength: encryption.keyLength,
    hash,
    group,
    lifetime: rule.phase1Lifetime,
  };
}

/** Phase 2 (quick mode) of a rule. */
export function phase2Proposal(rule: IkeRule, dialect: IpsecDialect): Phase2Proposal | Unsupported {
  if (rule.encapsulation !== "esp" && rule.encapsulation !== "ah") {
    return { unsupported: `illegal satype ${SATYPE_NUMBERS[rule.encapsulation]}` };
  }
  const given: Transforms | null = rule.phase2;
  const esp = rule.encapsulation === "esp";
  let encryption: Cipher | null = esp ? AES : null;
  let needsHash = true;
  if (given?.encryption != null) {
    const found = esp ? lookup(PHASE2_CIPHERS, given.encryption.id) : undefined;
    if (found === undefined) return { unsupported: `illegal transform ${given.encryption.name}` };
    encryption = found;
    // GCM and GMAC authenticate themselves, and so does, for ipsecctl, NULL.
    if (given.encryption.implicitAuthentication || found.name === "NULL") needsHash = false;
  }
  let authentication: string | null = needsHash ? "SHA2_256" : null;
  if (given?.authentication != null) {
    const found = lookup(PHASE2_HASHES, given.authentication.id);
    if (found === undefined) return { unsupported: `illegal transform ${given.authentication.name}` };
    authentication = found;
  }
  let group: string | null = dialect.defaultGroup;
  if (given?.group != null) {
    const found = given.group.id === "none" ? null : lookup(GROUPS, given.group.id);
    if (found === undefined) return { unsupported: `illegal group ${given.group.name}` };
    group = found;
  }
  return {
    protocol: esp ? "IPSEC_ESP" : "IPSEC_AH",
    encapsulation: rule.tunnelMode === "tunnel" ? "TUNNEL" : "TRANSPORT",
    encryption: encryption?.name ?? null,
    keyLength: encryption?.keyLength ?? null,
    authentication,
    group,
    lifetime: rule.phase2Lifetime,
  };
}

/** Positions in ipsecctl's enumeration of encapsulations, which its messages name. */
const SATYPE_NUMBERS = { esp: 1, ah: 2, ipcomp: 3, tcpmd5: 4, ipip: 5 } as const;
