/** Transforms of iked.conf(5): the words of the file, what iked calls them when it prints, and its defaults. */

export type TransformType = "encryption" | "prf" | "integrity" | "group" | "esn";

/** One transform of a proposal (RFC 7296 3.3.2), by the name iked prints. */
export interface IkedTransform {
  readonly type: TransformType;
  readonly name: string;
  /** IANA name without length, as `AES_CBC`. */
  readonly id: string;
  /** Key length in bits where it is part of the proposal; 0 where the algorithm has one only. */
  readonly bits: number;
}

/** A word of the file. */
export interface TransformEntry extends IkedTransform {
  readonly word: string;
  /** Encryption that authenticates too. */
  readonly implicitAuthentication: boolean;
}

function entries(type: TransformType, rows: readonly Row[]): readonly TransformEntry[] {
  return rows.map(([word, id, bits = 0, implicit = false]) => {
    // print_xf(): the first word with the same algorithm and length.
    const printed = rows.find((row) => row[1] === id && (bits === 0 || row[2] === bits)) as Row;
    return { type, word, name: printed[0], id, bits, implicitAuthentication: implicit };
  });
}

type Row = readonly [word: string, id: string, bits?: number, implicitAuthentication?: boolean];

export const INTEGRITY: readonly TransformEntry[] = entries("integrity", [
  ["hmac-md5", "HMAC_MD5_96"],
  ["hmac-sha1", "HMAC_SHA1_96"],
  ["hmac-sha2-256", "HMAC_SHA2_256_128"],
  ["hmac-sha2-384", "HMAC_SHA2_384_192"],
  ["hmac-sha2-512", "HMAC_SHA2_512_256"],
]);

export const PRF: readonly TransformEntry[] = entries("prf", [
  ["hmac-md5", "HMAC_MD5"],
  ["hmac-sha1", "HMAC_SHA1"],
  ["hmac-sha2-256", "HMAC_SHA2_256"],
  ["hmac-sha2-384", "HMAC_SHA2_384"],
  ["hmac-sha2-512", "HMAC_SHA2_512"],
]);

export const IKE_ENCRYPTION: readonly TransformEntry[] = entries("encryption", [
  ["3des", "3DES"],
  ["3des-cbc", "3DES"],
  ["aes-128", "AES_CBC", 128],
  ["aes-192", "AES_CBC", 192],
  ["aes-256", "AES_CBC", 256],
  ["aes-128-gcm", "AES_GCM_16", 128, true],
  ["aes-256-gcm", "AES_GCM_16", 256, true],
  ["aes-128-gcm-12", "AES_GCM_12", 128, true],
  ["aes-256-gcm-12", "AES_GCM_12", 256, true],
]);

export const CHILD_ENCRYPTION: readonly TransformEntry[] = entries("encryption", [
  ["3des", "3DES"],
  ["3des-cbc", "3DES"],
  ["aes-128", "AES_CBC", 128],
  ["aes-192", "AES_CBC", 192],
  ["aes-256", "AES_CBC", 256],
  ["aes-128-ctr", "AES_CTR", 128],
  ["aes-192-ctr", "AES_CTR", 192],
  ["aes-256-ctr", "AES_CTR", 256],
  ["aes-128-gcm", "AES_GCM_16", 128, true],
  ["aes-192-gcm", "AES_GCM_16", 192, true],
  ["aes-256-gcm", "AES_GCM_16", 256, true],
  ["aes-128-gmac", "NULL_AES_GMAC", 128, true],
  ["aes-192-gmac", "NULL_AES_GMAC", 192, true],
  ["aes-256-gmac", "NULL_AES_GMAC", 256, true],
  ["blowfish", "BLOWFISH", 160],
  ["cast", "CAST", 128],
  ["chacha20-poly1305", "CHACHA20_POLY1305", 256, true],
  ["null", "NULL"],
]);

const GROUP_NAMES: readonly (readonly [name: string, number: number, id: string])[] = [
  ["modp768", 1, "MODP_768"],
  ["modp1024", 2, "MODP_1024"],
  ["modp1536", 5, "MODP_1536"],
  ["modp2048", 14, "MODP_2048"],
  ["modp3072", 15, "MODP_3072"],
  ["modp4096", 16, "MODP_4096"],
  ["modp6144", 17, "MODP_6144"],
  ["modp8192", 18, "MODP_8192"],
  ["ecp256", 19, "ECP_256"],
  ["ecp384", 20, "ECP_384"],
  ["ecp521", 21, "ECP_521"],
  ["ecp224", 26, "ECP_224"],
  ["brainpool224", 27, "BRAINPOOL_P224R1"],
  ["brainpool256", 28, "BRAINPOOL_P256R1"],
  ["brainpool384", 29, "BRAINPOOL_P384R1"],
  ["brainpool512", 30, "BRAINPOOL_P512R1"],
  ["curve25519", 31, "CURVE25519"],
];

export const GROUPS: readonly TransformEntry[] = entries("group", [
  ["none", "NONE"],
  ...GROUP_NAMES.flatMap(([name, number, id]): Row[] => [
    [name, id],
    [`grp${number}`, id],
  ]),
  ["sntrup761x25519", "SNTRUP761X25519"],
]);

export const ESN: readonly TransformEntry[] = entries("esn", [
  ["esn", "ESN"],
  ["noesn", "NONE"],
]);

/** Authentication methods; `none` is in the table but refused. */
export const METHODS: readonly string[] = ["none", "rsa", "ecdsa256", "ecdsa384", "ecdsa521", "rfc7427", "signature"];

/** parse_xf(): the first entry whose word starts with the given one. */
export function findEntry(table: readonly TransformEntry[], word: string): TransformEntry | null {
  return table.find((entry) => entry.word.startsWith(word)) ?? null;
}

function pick(table: readonly TransformEntry[], words: string): readonly IkedTransform[] {
  return words.split(" ").map((word) => {
    const { type, name, id, bits } = table.find((entry) => entry.word === word) as TransformEntry;
    return { type, name, id, bits };
  });
}

const DEFAULT_PRF = pick(PRF, "hmac-sha2-256 hmac-sha2-384 hmac-sha2-512 hmac-sha1");
const DEFAULT_INTEGRITY = pick(INTEGRITY, "hmac-sha2-256 hmac-sha2-384 hmac-sha2-512 hmac-sha1");
const DEFAULT_IKE_GROUPS = pick(GROUPS, "curve25519 ecp521 ecp384 ecp256 modp4096 modp3072 modp2048 modp1536 modp1024");

/** What a proposal that does not say gets: with a cipher that authenticates itself, and without. */
export const DEFAULT_IKE: { readonly combined: readonly IkedTransform[]; readonly separate: readonly IkedTransform[] } =
  {
    combined: [...pick(IKE_ENCRYPTION, "aes-128-gcm aes-256-gcm"), ...DEFAULT_PRF, ...DEFAULT_IKE_GROUPS],
    separate: [
      ...pick(IKE_ENCRYPTION, "aes-256 aes-192 aes-128 3des"),
      ...DEFAULT_PRF,
      ...DEFAULT_INTEGRITY,
      ...DEFAULT_IKE_GROUPS,
    ],
  };

export const DEFAULT_CHILD: typeof DEFAULT_IKE = {
  combined: [...pick(CHILD_ENCRYPTION, "aes-128-gcm aes-256-gcm"), ...pick(GROUPS, "none"), ...pick(ESN, "esn noesn")],
  separate: [
    ...pick(CHILD_ENCRYPTION, "aes-256 aes-192 aes-128"),
    ...DEFAULT_INTEGRITY,
    ...pick(GROUPS, "none"),
    ...pick(ESN, "esn noesn"),
  ],
};
