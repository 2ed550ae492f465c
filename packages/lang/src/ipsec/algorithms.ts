/** Transforms of ipsec.conf(5) with their key lengths, as ipsecctl(8) lists them. */

/** One algorithm of a table. Names may be shortened in the file: the first entry that starts with them is meant. */
export interface Transform {
  readonly name: string;
  /** Two names of one group have the same id. */
  readonly id: string;
  /** Octets of a static key, smallest and largest; for authentication the only length. */
  readonly keyMinimum: number;
  readonly keyMaximum: number;
  /** Encryption that authenticates too (GCM and the like): `auth` may not be given beside it. */
  readonly implicitAuthentication: boolean;
  /** Not allowed with static keys. */
  readonly dynamicOnly: boolean;
}

function transform(name: string, minimum = 0, maximum = minimum, implicit = false, dynamic = false): Transform {
  return {
    name,
    id: name,
    keyMinimum: minimum,
    keyMaximum: maximum,
    implicitAuthentication: implicit,
    dynamicOnly: dynamic,
  };
}

function group(number: number, name: string): readonly Transform[] {
  const first = transform(name);
  return [first, { ...first, name: `grp${number}` }];
}

export const AUTHENTICATION: readonly Transform[] = [
  transform("unknown"),
  transform("none"),
  transform("hmac-md5", 16),
  transform("hmac-ripemd160", 20),
  transform("hmac-sha1", 20),
  transform("hmac-sha2-256", 32),
  transform("hmac-sha2-384", 48),
  transform("hmac-sha2-512", 64),
];

/** An entry with the releases that have it, as major * 100 + minor: from, and up to but not including. */
type Dated = readonly [transform: Transform, from?: number, until?: number];

// CTR with 192 and 256 bits came in 5.2, GCM and GMAC in 4.9, ChaCha20 in 5.9; DES and Skipjack left with 5.9.
// Static keys for counter modes were refused from 4.9 on, as was `auth` beside GCM.
const ENCRYPTION: readonly Dated[] = [
  [transform("unknown")],
  [transform("none")],
  [transform("3des-cbc", 24)],
  [transform("des-cbc", 8), 0, 509],
  [transform("aes", 16, 32)],
  [transform("aes-128", 16)],
  [transform("aes-192", 24)],
  [transform("aes-256", 32)],
  [transform("aesctr", 20, 36), 0, 409],
  [transform("aesctr", 20, 36, false, true), 409],
  [transform("aes-128-ctr", 20, 20, false, true), 502],
  [transform("aes-192-ctr", 28, 28, false, true), 502],
  [transform("aes-256-ctr", 36, 36, false, true), 502],
  [transform("aes-128-gcm", 20, 20, true, true), 409],
  [transform("aes-192-gcm", 28, 28, true, true), 409],
  [transform("aes-256-gcm", 36, 36, true, true), 409],
  [transform("aes-128-gmac", 20, 20, true, true), 409],
  [transform("aes-192-gmac", 28, 28, true, true), 409],
  [transform("aes-256-gmac", 36, 36, true, true), 409],
  [transform("blowfish", 5, 56)],
  [transform("cast128", 5, 16)],
  [transform("chacha20-poly1305", 36, 36, true, true), 509],
  [transform("null")],
  [transform("skipjack", 10), 0, 509],
];

const COMPRESSION: readonly Dated[] = [[transform("unknown")], [transform("deflate")], [transform("lzs"), 0, 509]];

// Elliptic curve groups came in 6.3.
const GROUPS: readonly Dated[] = [
  [transform("unknown")],
  [transform("none")],
  ...dated(group(1, "modp768")),
  ...dated(group(2, "modp1024")),
  ...dated(group(5, "modp1536")),
  ...dated(group(14, "modp2048")),
  ...dated(group(15, "modp3072")),
  ...dated(group(16, "modp4096")),
  ...dated(group(17, "modp6144")),
  ...dated(group(18, "modp8192")),
  ...dated(group(19, "ecp256"), 603),
  ...dated(group(20, "ecp384"), 603),
  ...dated(group(21, "ecp521"), 603),
  ...dated(group(26, "ecp224"), 603),
  ...dated(group(27, "bp224"), 603),
  ...dated(group(28, "bp256"), 603),
  ...dated(group(29, "bp384"), 603),
  ...dated(group(30, "bp512"), 603),
];

function dated(transforms: readonly Transform[], from = 0): Dated[] {
  return transforms.map((entry) => [entry, from]);
}

export interface Algorithms {
  readonly authentication: readonly Transform[];
  readonly encryption: readonly Transform[];
  readonly compression: readonly Transform[];
  readonly group: readonly Transform[];
}

/** Tables of the release `major * 100 + minor`. */
export function algorithmsOf(release: number): Algorithms {
  const pick = (table: readonly Dated[]): Transform[] =>
    table.filter(([, from = 0, until = 9999]) => release >= from && release < until).map(([entry]) => entry);
  return {
    authentication: AUTHENTICATION,
    encryption: pick(ENCRYPTION),
    compression: pick(COMPRESSION),
    group: pick(GROUPS),
  };
}

/** parse_xf(): the first entry whose name starts with `name`. */
export function findTransform(table: readonly Transform[], name: string): Transform | null {
  return table.find((entry) => entry.name.startsWith(name)) ?? null;
}

/** The entry of exactly this name. */
export function transformNamed(table: readonly Transform[], name: string): Transform {
  return table.find((entry) => entry.name === name) as Transform;
}
