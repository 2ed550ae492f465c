/** Proposals of strongSwan: words joined by `-`, as `aes256-sha256-modp2048` (proposal_keywords_static.txt, proposal.c). */
import type { Origin } from "../lexer/index.ts";

export type Protocol = "ike" | "esp" | "ah";

export type TransformType = "encryption" | "integrity" | "prf" | "group" | "esn";

/** One transform (RFC 7296 3.3.2). */
export interface Transform {
  readonly type: TransformType;
  /** The word of the file; where the transform follows from another, the one that would say it. */
  readonly word: string;
  /** IANA name, as `AES_CBC`; `NONE` for no key exchange. */
  readonly id: string;
  /** Key length in bits where the proposal has one; else 0. */
  readonly bits: number;
  /** 0 for the key exchange proper; 1 to 7 for the additional ones of RFC 9370. */
  readonly round: number;
}

export interface Proposal {
  readonly protocol: Protocol;
  /** In the order of preference, type by type as they were first named. */
  readonly transforms: readonly Transform[];
  /** Stands for what the build of strongSwan supports: `default`, or nothing given. */
  readonly isDefault: boolean;
  readonly origin: Origin;
}

type Row = readonly [words: string, id: string, bits?: number];

const AEAD_SUFFIXES: readonly (readonly [suffixes: string, octets: number])[] = [
  ["8 64", 8],
  ["12 96", 12],
  ["16 128", 16],
];

function sized(cipher: string, id: string, suffix = ""): Row[] {
  return [128, 192, 256].map((bits): Row => [`${cipher}${bits}${suffix}`, id, bits]);
}

function combined(cipher: string, mode: string, id: string, short: boolean): Row[] {
  return [128, 192, 256].flatMap((bits) =>
    AEAD_SUFFIXES.map(([suffixes, octets]): Row => {
      const words = suffixes.split(" ").map((suffix) => `${cipher}${bits}${mode}${suffix}`);
      if (short && octets === 16) words.push(`${cipher}${bits}${mode}`);
      return [words.join(" "), `${id}_${octets}`, bits];
    }),
  );
}

const ENCRYPTION: readonly Row[] = [
  ["null", "NULL"],
  ["des", "DES"],
  ["3des", "3DES"],
  ["aes", "AES_CBC", 128],
  ...sized("aes", "AES_CBC"),
  ...sized("aes", "AES_CTR", "ctr"),
  ...combined("aes", "ccm", "AES_CCM", true),
  ...combined("aes", "gcm", "AES_GCM", true),
  ...sized("aes", "NULL_AES_GMAC", "gmac"),
  ["chacha20poly1305", "CHACHA20_POLY1305"],
  ["chacha20poly1305compat", "CHACHA20_POLY1305", 256],
  ["blowfish", "BLOWFISH", 128],
  ...sized("blowfish", "BLOWFISH"),
  ["camellia", "CAMELLIA_CBC", 128],
  ...sized("camellia", "CAMELLIA_CBC"),
  ...sized("camellia", "CAMELLIA_CTR", "ctr"),
  ...combined("camellia", "ccm", "CAMELLIA_CCM", false),
  ["cast128", "CAST", 128],
  ["serpent", "SERPENT_CBC", 128],
  ...sized("serpent", "SERPENT_CBC"),
  ["twofish", "TWOFISH_CBC", 128],
  ...sized("twofish", "TWOFISH_CBC"),
];

const INTEGRITY: readonly Row[] = [
  ["sha1 sha", "HMAC_SHA1_96"],
  ["sha1_160", "HMAC_SHA1_160"],
  ["sha256 sha2_256", "HMAC_SHA2_256_128"],
  ["sha256_96 sha2_256_96", "HMAC_SHA2_256_96"],
  ["sha384 sha2_384", "HMAC_SHA2_384_192"],
  ["sha512 sha2_512", "HMAC_SHA2_512_256"],
  ["md5", "HMAC_MD5_96"],
  ["md5_128", "HMAC_MD5_128"],
  ["aesxcbc", "AES_XCBC_96"],
  ["camelliaxcbc", "CAMELLIA_XCBC_96"],
  ["aescmac", "AES_CMAC_96"],
];

const PRF: readonly Row[] = [
  ["prfsha1", "HMAC_SHA1"],
  ["prfsha256", "HMAC_SHA2_256"],
  ["prfsha384", "HMAC_SHA2_384"],
  ["prfsha512", "HMAC_SHA2_512"],
  ["prfmd5", "HMAC_MD5"],
  ["prfaesxcbc", "AES128_XCBC"],
  ["prfcamelliaxcbc", "CAMELLIA128_XCBC"],
  ["prfaescmac", "AES128_CMAC"],
];

const GROUPS: readonly Row[] = [
  ["none modpnone", "NONE"],
  ["modpnull", "MODP_NULL"],
  ...[768, 1024, 1536, 2048, 3072, 4096, 6144, 8192].map((size): Row => [`modp${size}`, `MODP_${size}`]),
  ...[192, 224, 256, 384, 521].map((size): Row => [`ecp${size}`, `ECP_${size}`]),
  ["modp1024s160", "MODP_1024_160"],
  ["modp2048s224", "MODP_2048_224"],
  ["modp2048s256", "MODP_2048_256"],
  ...[224, 256, 384, 512].map((size): Row => [`ecp${size}bp`, `BRAINPOOL_P${size}R1`]),
  ["curve25519 x25519", "CURVE25519"],
  ["curve448 x448", "CURVE448"],
  ["gost256", "GOST3410_256"],
  ["gost512", "GOST3410_512"],
  ["mlkem512", "ML_KEM_512"],
  ["mlkem768", "ML_KEM_768"],
  ["mlkem1024", "ML_KEM_1024"],
];

const ESN: readonly Row[] = [
  ["noesn", "NONE"],
  ["esn", "ESN"],
];

/** Integrity algorithms and the PRF that IKE takes with them when none is named. */
const PRF_OF: ReadonlyMap<string, string> = new Map([
  ["HMAC_SHA1_96", "prfsha1"],
  ["HMAC_SHA1_160", "prfsha1"],
  ["HMAC_SHA2_256_128", "prfsha256"],
  ["HMAC_SHA2_384_192", "prfsha384"],
  ["HMAC_SHA2_512_256", "prfsha512"],
  ["HMAC_MD5_96", "prfmd5"],
  ["HMAC_MD5_128", "prfmd5"],
  ["AES_XCBC_96", "prfaesxcbc"],
  ["CAMELLIA_XCBC_96", "prfcamelliaxcbc"],
  ["AES_CMAC_96", "prfaescmac"],
]);

const KEYWORDS: ReadonlyMap<string, Transform> = keywords();

function keywords(): Map<string, Transform> {
  const map = new Map<string, Transform>();
  const add = (type: TransformType, rows: readonly Row[]): void => {
    for (const [words, id, bits = 0] of rows) {
      for (const word of words.split(" ")) map.set(word, { type, word, id, bits, round: 0 });
    }
  };
  add("encryption", ENCRYPTION);
  add("integrity", INTEGRITY);
  add("prf", PRF);
  add("group", GROUPS);
  add("esn", ESN);
  return map;
}

/** The transform that a word stands for; `ke1_` to `ke7_` before a group make it an additional one. */
function transformOf(word: string): Transform | null {
  const known = KEYWORDS.get(word);
  if (known !== undefined) return known;
  const additional = /^ke([1-7])_(.*)$/.exec(word);
  const group = additional === null ? undefined : KEYWORDS.get(additional[2] as string);
  if (additional === null || group?.type !== "group") return null;
  return { ...group, word, round: Number(additional[1]) };
}

/** Whether encryption of that name authenticates too, and so goes without an integrity algorithm. */
export function isCombined(transform: Transform): boolean {
  return /^(AES|CAMELLIA)_[CG]CM_|^CHACHA20|^NULL_AES_GMAC/.test(transform.id);
}

/** Reads one proposal; else why strongSwan refuses it. */
export function parseProposal(
  text: string,
  protocol: Protocol,
  origin: Origin,
): Proposal | { readonly problem: string; readonly word: string | null } {
  const refuse = (problem: string, word: string | null = null): { problem: string; word: string | null } => ({
    problem,
    word,
  });
  let transforms: Transform[] = [];
  for (const part of text.split("-")) {
    const word = part.trim();
    if (word === "") continue;
    const transform = transformOf(word);
    if (transform === null) return refuse(`strongSwan knows no algorithm "${word}"${suggestion(word)}`, word);
    if (!transforms.some((known) => isSame(known, transform))) transforms.push(transform);
  }
  if (transforms.length === 0) return refuse("A proposal names at least one algorithm");
  const has = (type: TransformType): boolean => transforms.some((transform) => transform.type === type);
  const without = (type: TransformType): Transform[] => transforms.filter((transform) => transform.type !== type);
  if (protocol === "ike") {
    if (!has("prf")) {
      for (const { type, id } of [...transforms]) {
        const prf = type === "integrity" ? KEYWORDS.get(PRF_OF.get(id) ?? "") : undefined;
        if (prf !== undefined && !transforms.includes(prf)) transforms.push(prf);
      }
    }
    if (!has("prf")) return refuse("An IKE proposal needs a pseudo-random function; add one, as `prfsha256`");
    transforms = transforms.filter(({ type, id, round }) => type !== "group" || round !== 0 || id !== "NONE");
    if (!transforms.some(({ type, round }) => type === "group" && round === 0)) {
      return refuse("An IKE proposal needs a Diffie-Hellman group; add one, as `modp2048` or `x25519`");
    }
  } else transforms = without("prf");
  if (protocol === "ah") {
    transforms = transforms.flatMap((transform) => {
      if (transform.type !== "encryption") return [transform];
      const { word, id, bits, round } = transform;
      return id === "NULL_AES_GMAC" ? [{ type: "integrity", word, id: `AES_${bits}_GMAC`, bits: 0, round }] : [];
    });
    if (!has("integrity")) return refuse("An AH proposal needs an integrity algorithm; add one, as `sha256`");
  } else {
    const ciphers = transforms.filter(({ type }) => type === "encryption");
    if (ciphers.length === 0) return refuse("The proposal needs an encryption algorithm; add one, as `aes256`");
    const combinedCount = ciphers.filter(isCombined).length;
    if (combinedCount > 0 && combinedCount < ciphers.length) {
      return refuse(
        "Encryption that authenticates too (gcm, ccm, chacha20poly1305) and other encryption cannot be in one proposal; make it two, with a comma between",
      );
    }
    if (combinedCount > 0) transforms = without("integrity");
    else if (protocol === "ike" && !has("integrity")) {
      return refuse("An IKE proposal with this encryption needs an integrity algorithm; add one, as `sha256`");
    }
  }
  if (protocol !== "ike" && !has("esn")) transforms.push(KEYWORDS.get("noesn") as Transform);
  return { protocol, transforms, isDefault: false, origin };
}

/** The words people bring along from other programs. */
function suggestion(word: string): string {
  const plain = word.toLowerCase();
  if (KEYWORDS.has(plain)) return `; write it as ${plain}`;
  const squeezed = plain.replace(/^hmac_?/, "").replace(/_/g, "");
  if (KEYWORDS.has(squeezed)) return `; it is called ${squeezed} here`;
  const group = /^(?:group|grp|dh|modp)(\d+)$/.exec(plain);
  const known = group === null ? undefined : DH_NUMBERS.get(group[1] as string);
  return known === undefined ? "" : `; the group is called ${known} here`;
}

const DH_NUMBERS: ReadonlyMap<string, string> = new Map([
  ["1", "modp768"],
  ["2", "modp1024"],
  ["5", "modp1536"],
  ["14", "modp2048"],
  ["15", "modp3072"],
  ["16", "modp4096"],
  ["17", "modp6144"],
  ["18", "modp8192"],
  ["19", "ecp256"],
  ["20", "ecp384"],
  ["21", "ecp521"],
  ["31", "x25519"],
]);

function isSame(a: Transform, b: Transform): boolean {
  return a.type === b.type && a.id === b.id && a.bits === b.bits && a.round === b.round;
}

// What a build with OpenSSL offers and takes when it is left to it; other builds have other orders.
const STRONG_GROUPS =
  "x25519 x448 ecp256 ecp384 ecp521 ecp256bp ecp384bp ecp512bp modp3072 modp4096 modp6144 modp8192 modp2048";
const PRFS = "prfsha256 prfsha384 prfsha512 prfaesxcbc prfaescmac prfsha1";
const SIZES = [128, 192, 256];

function words(prefix: string, suffix: string): string {
  return SIZES.map((bits) => `${prefix}${bits}${suffix}`).join(" ");
}

const DEFAULTS: Readonly<Record<Protocol, readonly string[]>> = {
  ike: [
    `${words("aes", "")} ${words("aes", "ctr")} ${words("camellia", "")} ${words("camellia", "ctr")} 3des sha256 sha384 sha512 aesxcbc aescmac sha1 ${PRFS} ${STRONG_GROUPS}`,
    `${words("aes", "ccm16")} ${words("aes", "gcm16")} chacha20poly1305 ${words("aes", "ccm8")} ${words("aes", "ccm12")} ${words("aes", "gcm8")} ${words("aes", "gcm12")} ${PRFS} ${STRONG_GROUPS}`,
  ],
  esp: [
    `${words("aes", "gcm16")} noesn ${STRONG_GROUPS} none`,
    `${words("aes", "")} sha256 sha384 sha512 sha1 aesxcbc noesn ${STRONG_GROUPS} none`,
  ],
  ah: [`sha256 sha384 sha512 sha1 aesxcbc noesn ${STRONG_GROUPS} none`],
};

/** What `default` stands for, or no proposals at all. */
export function defaultProposals(protocol: Protocol, origin: Origin): readonly Proposal[] {
  return DEFAULTS[protocol].map((list) => ({
    protocol,
    transforms: list.split(" ").map((word) => KEYWORDS.get(word) as Transform),
    isDefault: true,
    origin,
  }));
}

/**
 * The proposal two sides agree on, as proposal_select() finds it: the first pair that has a common transform of every
 * type, with the preferred side's order deciding among transforms.
 *
 * @param preferred whose order counts: the configured ones, unless `prefer_configured_proposals` is off
 * @returns null when no pair fits
 */
export function chooseProposal(
  preferred: readonly Proposal[],
  others: readonly Proposal[],
): readonly Transform[] | null {
  for (const ours of preferred) {
    for (const theirs of others) {
      const chosen = ours.protocol === theirs.protocol ? commonTransforms(ours, theirs) : null;
      if (chosen !== null) return chosen;
    }
  }
  return null;
}

function commonTransforms(ours: Proposal, theirs: Proposal): readonly Transform[] | null {
  const chosen: Transform[] = [];
  const kinds = new Set([...ours.transforms, ...theirs.transforms].map(({ type, round }) => `${type} ${round}`));
  // Encryption first: whether integrity is needed depends on it.
  const ordered = [...kinds].sort((a, b) => Number(b.startsWith("encryption")) - Number(a.startsWith("encryption")));
  for (const kind of ordered) {
    if (kind.startsWith("integrity") && chosen.some((transform) => isCombined(transform))) continue;
    const mine = ours.transforms.filter(({ type, round }) => `${type} ${round}` === kind);
    const yours = theirs.transforms.filter(({ type, round }) => `${type} ${round}` === kind);
    const optional = kind.startsWith("group") && (ours.protocol !== "ike" || kind !== "group 0");
    if (mine.length === 0 || yours.length === 0) {
      if (optional && [...mine, ...yours].some(({ id }) => id === "NONE")) continue;
      return null;
    }
    const match = mine.find(
      (transform) =>
        yours.some((other) => isSame(transform, other)) &&
        (transform.type !== "group" ||
          transform.id === "NONE" ||
          !chosen.some(({ type, id }) => type === "group" && id === transform.id)),
    );
    if (match === undefined) return null;
    if (match.type !== "group" || match.id !== "NONE") chosen.push(match);
  }
  return chosen;
}

/**
 * What an initiator sends of its proposals in IKEv1: the first algorithm of each kind, as a transform there has one of
 * each (`set_from_proposal_v1_ike`). A responder looks at all that it has configured.
 */
export function proposalsInIkev1(proposals: readonly Proposal[]): Proposal[] {
  return proposals.map((proposal) => {
    const first = (type: TransformType): Transform[] =>
      proposal.transforms.filter((one) => one.type === type).slice(0, 1);
    const integrity = first("integrity");
    // The hash is the pseudo-random function too.
    const prf = integrity.flatMap(({ id }) => KEYWORDS.get(PRF_OF.get(id) ?? "") ?? []);
    return { ...proposal, transforms: [...first("encryption"), ...integrity, ...prf, ...first("group")] };
  });
}
